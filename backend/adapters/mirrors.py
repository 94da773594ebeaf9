"""The plain-text mirrors on disk, for scripts and ``cat``. The fixed formats stand in design section 9."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from backend.adapters.atomically import write_atomically
from backend.adapters.directories import told_as_store_errors
from backend.adapters.threads import in_thread
from backend.model.ids import Fingerprint
from backend.model.plain import plain
from backend.ports.mirrors import RetryLine, StatusLine

STATUS_DIRECTORY = "docker-sync-status"
LOADED_FILE = "docker-loaded.log"
RETRY_FILE = "docker-sync-retry.queue"
_DIRECTORY_MODE = 0o755
_FILE_MODE = 0o644


class FileMirrors:
    """Writes below one directory, which is made when it is first needed. Implements ``backend.ports.mirrors.Mirrors``.

    Nothing is synced: what a power cut takes away is written again from the ledger with the next change.
    """

    def __init__(self, directory: Path) -> None:
        """Touch nothing yet."""
        self._directory = directory

    async def write_status(self, fingerprint: Fingerprint, lines: tuple[StatusLine, ...]) -> None:
        """Replace ``docker-sync-status/<MD5>.status``. Raises StoreError, DiskFullError."""
        text = "".join(f"{_word(line.node)}:{line.outcome}:{line.at}\n" for line in lines)
        await self._replace(self._directory / STATUS_DIRECTORY / f"{fingerprint}.status", text)

    async def append_loaded(self, fingerprint: Fingerprint, at: int, name: str) -> None:
        """Add ``MD5 EPOCH NAME`` to ``docker-loaded.log``. Raises StoreError, DiskFullError."""
        # One line a load: a name must not be able to make a second one. It stands last, so that it may hold blanks.
        line = f"{fingerprint} {at} {plain(name)}\n"
        await in_thread(lambda _: self._append(self._directory / LOADED_FILE, line), "mirror")

    async def write_retries(self, lines: tuple[RetryLine, ...]) -> None:
        """Replace ``docker-sync-retry.queue``. Raises StoreError, DiskFullError."""
        await self._replace(self._directory / RETRY_FILE, "".join(_retry_lines(lines)))

    async def _replace(self, path: Path, text: str) -> None:
        def work(_: threading.Event) -> None:
            with told_as_store_errors(path):
                path.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
                write_atomically(path, text.encode(), mode=_FILE_MODE, durable=False)

        await in_thread(work, "mirror")

    @staticmethod
    def _append(path: Path, line: str) -> None:
        with told_as_store_errors(path):
            path.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
            # A link planted in a shared log directory must not lead our writing elsewhere.
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(path, flags, _FILE_MODE)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)


def _retry_lines(lines: Iterable[RetryLine]) -> Iterable[str]:
    for line in lines:
        yield f"{line.fingerprint} {_word(line.node)} {line.attempt} {line.due_at}\n"


def _word(node: str) -> str:
    """A node's name or address as one word: scripts split at blanks."""
    return plain(node).replace(" ", "_")
