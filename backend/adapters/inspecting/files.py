"""Opening a file for reading once, and telling afterwards whether it held still."""

import errno
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.model.errors import DsyncError, UnreadableError, UnstableError, VanishedError

BLOCK_BYTES = 256 * 1024
"""One read. Large enough that hashlib lets the interpreter lock go for long, small enough to stay in a core's cache."""

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE})


class NotRegularError(Exception):
    """The path names something that is no regular file; the argument says what."""


class StoppedError(Exception):
    """The caller was cancelled."""


class OpenFile:
    """A regular file, open for reading. All offsets and lengths are in bytes."""

    def __init__(self, path: Path, descriptor: int, stop: threading.Event) -> None:
        """Remember how the file stands now. ``stop`` ends every further read."""
        self.path = path
        self._descriptor = descriptor
        self._stop = stop
        self._before = os.fstat(descriptor)
        if not stat.S_ISREG(self._before.st_mode):
            raise NotRegularError(_kind(self._before.st_mode))

    @property
    def size_bytes(self) -> int:
        """Its size when it was opened."""
        return self._before.st_size

    @property
    def link_count(self) -> int:
        """How many names it had when it was opened."""
        return self._before.st_nlink

    def read_at(self, offset_bytes: int, length_bytes: int) -> bytes:
        """Read; shorter only at the end of the file. Raises UnreadableError, StoppedError."""
        if self._stop.is_set():
            raise StoppedError
        try:
            return os.pread(self._descriptor, length_bytes, offset_bytes)
        except OSError as error:
            raise as_intake_error(error, self.path) from error

    def blocks(self) -> Iterator[bytes]:
        """Yield the file from its beginning to its end."""
        os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        offset = 0
        while block := self.read_at(offset, BLOCK_BYTES):
            offset += len(block)
            yield block

    def check_still(self, read_bytes: int) -> None:
        """Raise UnstableError or VanishedError unless ``read_bytes`` were the whole file, which is what it was.

        The change time is not looked at: it moves when the file gets a second name for serving.
        """
        try:
            now = self.path.lstat()
        except OSError as error:
            raise as_intake_error(error, self.path) from error
        if _signature(now) != _signature(self._before) or read_bytes != self._before.st_size:
            raise UnstableError(name=self.path.name)


@contextmanager
def open_file(path: Path, stop: threading.Event) -> Iterator[OpenFile]:
    """Open ``path`` without following a link at its end and without waiting for a pipe's other end.

    Raises UnreadableError, VanishedError, NotRegularError.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotRegularError(_kind(stat.S_IFLNK)) from error
        if error.errno == errno.ENXIO:
            raise NotRegularError(_kind(stat.S_IFSOCK)) from error
        raise as_intake_error(error, path) from error
    try:
        yield OpenFile(path, descriptor, stop)
    finally:
        os.close(descriptor)


def as_intake_error(error: OSError, path: Path) -> DsyncError:
    """Say ``error`` in the project's words: gone, or unreadable for a reason."""
    if error.errno in _GONE:
        return VanishedError(name=path.name)
    return UnreadableError(name=path.name, detail=error.strerror or str(error))


def _signature(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _kind(mode: int) -> str:
    names = {
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFBLK: "a device",
        stat.S_IFCHR: "a device",
    }
    return f"{names.get(stat.S_IFMT(mode), 'something')}, not a regular file"
