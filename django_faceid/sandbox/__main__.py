"""``python -m django_faceid.sandbox``: see ``--help``."""

from __future__ import annotations

from .command import main

if __name__ == "__main__":
    main()
