"""Working below a directory by descriptor, so that nobody can lead us elsewhere by a link."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.model.archive import FileKey
from backend.model.errors import DiskFullError, StoreError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def told_as_store_errors(path: Path) -> Iterator[None]:
    """Turn OSError into DiskFullError or StoreError about ``path``."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFullError(path=path, needed_bytes="", free_bytes=_free_bytes(path)) from error
        raise StoreError(path=path, detail=error.strerror or str(error)) from error


@contextmanager
def open_directory(path: str | Path, parent: int | None = None) -> Iterator[int]:
    """Yield a descriptor. Below ``parent`` no link is followed; the operator's own path may lead through links."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (os.O_NOFOLLOW if parent is not None else 0)
    descriptor = os.open(path, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def names_in(directory: int) -> list[str]:
    """Return what lies in an open directory."""
    with os.scandir(directory) as entries:
        return [entry.name for entry in entries]


@contextmanager
def open_for_reading(name: str, parent: int) -> Iterator[int]:
    """Yield a descriptor of a file, without following a link or waiting for a pipe's other end."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def own_directory(name: str, parent: int, mode: int) -> None:
    """Make a directory below ``parent`` if it isn't there; its owner and mode are ours in any case."""
    try:
        os.mkdir(name, mode, dir_fd=parent)
    except FileExistsError:
        pass
    with open_directory(name, parent) as descriptor:
        take_over(descriptor, mode)


def take_over(descriptor: int, mode: int) -> None:
    """Set owner and mode. Without root the owner is already the daemon's, or this raises OSError."""
    if os.geteuid() == 0:
        os.fchown(descriptor, os.geteuid(), os.getegid())
    os.fchmod(descriptor, mode)


def key_at(name: str, parent: int) -> FileKey | None:
    """Return the key of a regular file, or None where there is none."""
    try:
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return key_from(found) if stat.S_ISREG(found.st_mode) else None


def key_from(found: os.stat_result) -> FileKey:
    """Return the key that tells this state of the file from another."""
    return FileKey(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def is_component(name: str) -> bool:
    """Tell whether ``name`` names one thing in one directory."""
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def _free_bytes(path: Path) -> str:
    try:
        found = os.statvfs(path)
    except OSError:
        return ""
    return str(found.f_bavail * found.f_frsize)
