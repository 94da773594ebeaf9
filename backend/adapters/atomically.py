"""Replacing small files so that a reader sees the old content or the new one, never a part."""

import os
from pathlib import Path


def write_atomically(path: Path, data: bytes, *, mode: int, durable: bool) -> None:
    """Replace ``path`` by a file with ``data`` and ``mode``; its directory must be there.

    ``durable``: file and directory are synced, so that the content survives a power cut. One writer per path: the
    temporary file beside it (hidden, ``.tmp``) has a fixed name, so that a crash leaves at most one behind.
    Raises OSError.
    """
    fresh = path.with_name(f".{path.name}.tmp")
    fresh.unlink(missing_ok=True)
    # O_EXCL: whoever planted a link under that name in a shared directory gets an error, not our data.
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    if durable:
        sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in ``directory`` survive a power cut. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
