"""`python3 example_project` starts the whole demo, on a machine with only Python if need be."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started as a folder, this folder would come first and shadow other packages.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

    from example_project.bare_machine.interpreters import require_python

    require_python()

    from example_project.bootstrap import ensure

    ensure(["demo"])

    from example_project.runner import main

    sys.exit(main(sys.argv[1:]))
