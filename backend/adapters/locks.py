"""Load locks: a flock per runtime endpoint, which a loader that outlives its daemon goes on holding.

flock(2) belongs to the open file description: every process that inherited the descriptor holds the lock,
and it ends when the last of them has closed it. So ``release`` only closes; LOCK_UN would take the lock
from a loader that still runs.
"""

import asyncio
import errno
import fcntl
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from backend.model.errors import LocalError
from backend.ports.runtime import LoadLock

POLL_S = 0.05


def default_directory() -> Path:
    """Return where locks of this machine lie: /run/lock as root, else a directory of this user's own."""
    uid = os.geteuid()
    if uid == 0:
        return Path("/run/lock")
    for candidate in (os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{uid}"):
        if candidate and Path(candidate).is_dir():
            return Path(candidate)
    return Path(tempfile.gettempdir()) / f"dsync-{uid}"


class HeldLock:
    """An exclusive flock; the descriptor is close-on-exec, so that only a child that is given it inherits
    it.
    """

    def __init__(self, descriptor: int) -> None:
        """Own ``descriptor``."""
        self._descriptor = descriptor

    def fileno(self) -> int:
        """Descriptor that carries the flock; -1 once released."""
        return self._descriptor

    def close(self) -> None:
        """Close it; children that inherited it keep the lock."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


class LoadLocks:
    """Implements the port ``LoadLocks`` with files ``dsync-load-<hash>.lock``, which are never removed."""

    def __init__(self, directory: Path | None = None) -> None:
        """Keep locks in ``directory`` (default: ``default_directory()``)."""
        self._directory = directory if directory is not None else default_directory()

    def path(self, endpoint: str) -> Path:
        """The lock's file; endpoints may hold any character, so a hash names it."""
        return self._directory / f"dsync-load-{hashlib.sha256(endpoint.encode()).hexdigest()[:16]}.lock"

    async def acquire(self, endpoint: str) -> LoadLock:
        """Wait for the endpoint's lock, also while a killed daemon's loader holds it. Cancelling gives up.

        Raises LocalError when the lock's file cannot be used.
        """
        path = self.path(endpoint)
        try:
            descriptor = _open(path)
        except OSError as error:
            raise LocalError(detail=f"{path}: {error.strerror}") from error
        try:
            while not _try_lock(descriptor):  # noqa: ASYNC110 (flock cannot be waited for without a thread)
                await asyncio.sleep(POLL_S)
        except BaseException:
            os.close(descriptor)
            raise
        return HeldLock(descriptor)

    def release(self, lock: LoadLock) -> None:
        """Let it go; no error when it was let go before."""
        assert isinstance(lock, HeldLock)
        lock.close()


def _open(path: Path) -> int:
    """Open or make the lock's file.

    /run/lock may be writable for all: a file that another user put there is refused, or that user could
    hold up every load.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid() or not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise PermissionError(errno.EPERM, f"it belongs to user {found.st_uid}")
    return descriptor


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
