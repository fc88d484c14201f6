"""``superproof`` and ``python -m superproof``: the command, interruptible while it loads."""

import sys


def main() -> int:
    """Load and run the command line; return its exit code."""
    try:
        from .cli import main as run

        return run()
    except KeyboardInterrupt:
        # before the command line could take charge of its errors, or after it was done
        sys.stderr.write("interrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
