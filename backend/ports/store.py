"""A node's watched directory and its two hidden rooms, ``.incoming`` and ``.serving``."""

import itertools
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from backend.model.archive import FileKey
from backend.model.errors import LeftAloneError
from backend.model.ids import Fingerprint
from backend.model.plain import safe_file_name

IGNORED_ENDINGS = (".tmp", ".part", ".rsync-tmp")
PROBE_PREFIX = "dsync-health-"
"""Files of the health check: seen by the watcher, of no interest to anybody else."""

_ARCHIVE = re.compile(r".+\.(tar(\.[a-z0-9]+)?|tgz|tbz2?|txz|tzst)", re.IGNORECASE | re.ASCII | re.DOTALL)


def is_candidate(name: str) -> bool:
    """Tell whether a file of that name may be an archive: not hidden, not on its way, in valid UTF-8."""
    if not name or name.startswith(".") or name.endswith(IGNORED_ENDINGS):
        return False
    try:
        name.encode()
    except UnicodeEncodeError:
        return False  # nothing that is saved, sent or shown could carry it
    return True


def is_archive_name(name: str) -> bool:
    """Tell whether whoever gave that name will think of an archive. For regular files that is of no account."""
    return is_candidate(name) and _ARCHIVE.fullmatch(name) is not None


def names_for(name: str, fingerprint: Fingerprint) -> Iterator[str]:
    """Yield the names under which a verified file may enter a store, best first, without end."""
    safe = safe_store_name(name, f"{fingerprint}.tar")
    yield safe
    marked = f"{safe}.{fingerprint[:8]}"
    yield marked
    for number in itertools.count(2):
        yield f"{marked}.{number}"


def safe_store_name(name: str, fallback: str) -> str:
    """Return ``name`` without anything that may not stand in a store; always one that a store takes for a candidate."""
    safe = safe_file_name(name, fallback)
    return safe if is_candidate(safe) else f"{safe}.tar"


class Store(Protocol):
    """All that touches the store's files. Every method may raise StoreError or DiskFullError.

    Calls that may take long (fsync, unlink of large files) run off the event loop.
    """

    @property
    def directory(self) -> Path:
        """The watched directory."""
        ...

    async def prepare(self) -> None:
        """Make the directory (0755), ``.incoming`` (0700) and ``.serving`` (0755, for the chroot); empty
        ``.serving``.
        """
        ...

    async def list(self) -> Mapping[str, FileKey]:
        """Regular candidate files by name: not hidden, not ``*.tmp``, ``*.part``, ``*.rsync-tmp``; no links
        followed.
        """
        ...

    def key_of(self, name: str) -> FileKey | None:
        """The file's key now, or None when it is no regular file."""
        ...

    def oddity_of(self, name: str) -> LeftAloneError | None:
        """Why what lies there now is never taken, though its owner may wait for that: a link, a folder, a pipe with an
        archive's name, a regular file whose name is not UTF-8. None for all else.
        """
        ...

    async def oddities(self) -> Mapping[str, LeftAloneError]:
        """All such, by name."""
        ...

    def quiet(self, name: str) -> bool:
        """Tell whether no writer has the file open (a read lease is granted; True where leases are unsupported)."""
        ...

    def incoming_path(self, fingerprint: Fingerprint) -> Path:
        """``.incoming/<fingerprint>/data``; its directory is made."""
        ...

    async def incoming_bytes(self) -> Mapping[Fingerprint, int]:
        """Unfinished fetches and their sizes in bytes."""
        ...

    async def discard_incoming(self, fingerprint: Fingerprint) -> int:
        """Remove an unfinished fetch; bytes freed."""
        ...

    async def place(self, fingerprint: Fingerprint, name: str, verified: FileKey | None = None) -> tuple[str, FileKey]:
        """Let a verified incoming file into the store: owner and mode 0644, fsync, ``link`` (never replacing),
        ``unlink``.

        ``verified``: its key before its bytes were read; raises UnstableError where it is another one by now.
        ``name`` else ``name.<first 8 of fingerprint>``; finishes a placing that a crash interrupted. Returns name and
        key.
        """
        ...

    def check_incoming(self, fingerprint: Fingerprint) -> FileKey:
        """The incoming file's key, which placing does not change.

        Raises StoreError unless it is a regular file with one link, opened without following links.
        """
        ...

    async def flush_incoming(self, fingerprint: Fingerprint) -> None:
        """Write the incoming file's bytes to disk, so that ``place``, which makes sure of it, finds little left to do.

        May run while the file is read. Where the disk did not take all of them the file is removed and StoreError
        raised: the kernel tells of lost bytes once, and goes on to show them from memory.
        """
        ...

    async def recover(self) -> None:
        """Finish placings that a crash interrupted between ``link`` and ``unlink``."""
        ...

    async def receive(self, chunks: AsyncIterator[bytes]) -> Path:
        """Stream into a new unwatched file; an interrupted stream leaves nothing behind. Returns its path."""
        ...

    async def admit(self, received: Path, name: str, replace: bool) -> tuple[str, FileKey]:
        """Let a received file into the store under ``name`` (made safe), replacing only if told; else a free name like
        it. Where that fails the received file is removed.
        """
        ...

    def leftovers(self) -> Sequence[tuple[Path, int]]:
        """Temporary files of this daemon that no running work needs: path and size in bytes."""
        ...

    def serve(self, name: str, key: FileKey, ticket_path: str) -> bool:
        """Hard-link ``name`` as ``.serving/<ticket_path>`` if its key is still ``key``; False when it is not."""
        ...

    def unserve(self, ticket_path: str) -> None:
        """Remove a serving link, if there."""
        ...

    async def remove(self, name: str, key: FileKey) -> bool:
        """Remove a stored file if its key is still ``key``."""
        ...

    def free_bytes(self) -> int:
        """Bytes that may be written on the store's file system."""
        ...

    def shares_disk_with(self, path: str) -> bool:
        """Tell whether what is written at ``path`` takes room from the store; True too where that cannot be known."""
        ...
