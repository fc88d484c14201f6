"""``python -m superproof``: the same as the ``superproof`` command."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
