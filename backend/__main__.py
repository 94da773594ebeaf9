"""``python -m backend``: daemon, demo and key, for ``dsync-tui`` and for service managers."""

import sys

from backend.main import main

if __name__ == "__main__":
    sys.exit(main())
