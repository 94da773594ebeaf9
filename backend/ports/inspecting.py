"""Reading archives: hashes, layout, images, layer map."""

from pathlib import Path
from typing import Protocol

from backend.model.archive import ArchiveFacts, Hashes


class Inspector(Protocol):
    """Reads files off the event loop, in flat memory; cancelling the call ends the read."""

    async def inspect(self, path: Path) -> ArchiveFacts:
        """Hash ``path`` and read what it holds.

        Raises TruncatedError, NotAnImageError, HostileArchiveError (final; the file's hashes are in
        ``error.hashes`` where it could be read to its end), UnreadableError, VanishedError, UnstableError (for now).
        """
        ...

    async def hash(self, path: Path) -> Hashes:
        """Take both hashes in one read, without following a link at the end of ``path``.

        Raises UnreadableError, VanishedError, UnstableError; StoreError when it is not a regular file with one link.
        """
        ...
