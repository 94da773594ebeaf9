"""``python -m dsync_tui``."""

import sys

from dsync_tui.main import main

if __name__ == "__main__":
    sys.exit(main())
