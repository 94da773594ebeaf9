"""The ledger's directory and files."""

import os
import shutil
from pathlib import Path

from backend.model.errors import LedgerError


def prepare(directory: Path) -> None:
    """Make the state directory, 0700 when it is new. Raises LedgerError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(path=directory, detail=error.strerror) from error


def move_aside(path: Path, now: int) -> Path:
    """Rename a database and its WAL to ``<name>.corrupt-<now>``, never over another; return the new path.

    The WAL goes first: SQLite drops the WAL of a database that is not there. Raises OSError.
    """
    target = path.with_name(f"{path.name}.corrupt-{now}")
    while target.exists():
        now += 1
        target = path.with_name(f"{path.name}.corrupt-{now}")
    for ending in ("-wal", "-shm", ""):
        old = path.with_name(path.name + ending)
        if old.exists():
            old.rename(target.with_name(target.name + ending))
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return target


def free_bytes(path: Path) -> int:
    """Bytes that may still be written where ``path`` lies; 0 where that cannot be told."""
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return 0
