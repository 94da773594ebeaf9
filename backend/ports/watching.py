"""Being told that something in the store changed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class Watcher(Protocol):
    """Watches one directory, not recursively; re-arms itself when the directory is replaced."""

    def changes(self, directory: Path) -> AsyncIterator[frozenset[str]]:
        """Yield names that were added, changed or deleted, of those that ``is_candidate`` takes.

        An empty set means: look at everything. It comes each time the watch begins, the first time included: what
        happened before is not told.
        """
        ...
