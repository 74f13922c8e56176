"""``python -m tests.benchmarks NAME [options]``: measure one thing; without a name, list them."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = ("collect", "crash", "desk", "hanging", "idempotency", "quota", "sweep")


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in NAMES:
        print(__doc__)
        for name in NAMES:
            about = (import_module(f"tests.benchmarks.{name}").__doc__ or "").partition("\n")[0]
            print(f"  {name:12} {about}")
        return 0 if not arguments else 2
    status: int = import_module(f"tests.benchmarks.{arguments[0]}").main(arguments[1:])
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
