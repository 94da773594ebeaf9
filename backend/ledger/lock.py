"""One daemon a ledger: an exclusive ``flock`` beside it."""

import fcntl
import os
from pathlib import Path

from backend.model.errors import LedgerBusyError, LedgerError
from backend.model.plain import plain

_PID_LIMIT_BYTES = 32


class LedgerLock:
    """Holds ``path`` locked from ``acquire`` until ``release`` or the end of the process.

    The file holds the pid of its owner for people and for the error of whoever comes second. It is never
    removed: a process that has a removed file open would hold a lock that nobody else sees. Children do not
    inherit it.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock file's path; its directory exists by ``acquire``."""
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Lock. Raises LedgerBusyError, which names the other's pid, or LedgerError."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise LedgerError(path=self._path, detail=error.strerror) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError as error:
            pid = plain(os.pread(descriptor, _PID_LIMIT_BYTES, 0).decode("ascii", "replace").strip())
            os.close(descriptor)
            raise LedgerBusyError(path=self._path, pid=pid or "?") from error
        except OSError as error:
            os.close(descriptor)
            raise LedgerError(path=self._path, detail=error.strerror) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Unlock; without a lock nothing happens."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
