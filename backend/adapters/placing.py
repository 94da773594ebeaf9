"""Letting files into the store: whole, durable, never over another one, and found again after a crash.

A verified file gets its name in the store by ``link``, which fails where the name is taken; then its name in
``.incoming`` goes. A crash between the two leaves one inode with two names: the placing is then finished, not repeated.
"""

import itertools
import os
import stat
from collections.abc import Iterable
from contextlib import AbstractContextManager

from backend.adapters.directories import (
    key_from,
    names_in,
    open_directory,
    open_for_reading,
    own_directory,
    take_over,
)
from backend.model.archive import FileKey
from backend.model.errors import StoreError, UnstableError
from backend.model.ids import Fingerprint
from backend.ports.store import names_for, safe_store_name

INCOMING = ".incoming"
SERVING = ".serving"
ROOM_MODES = {INCOMING: 0o700, SERVING: 0o755}
"""The two hidden rooms of a store. rsync changes into the second as whoever it runs as."""
DATA = "data"
FILE_MODE = 0o644


def open_room(name: str, root: int) -> AbstractContextManager[int]:
    """Open a hidden room, making it anew: the store may have been replaced by an empty directory, or mounted over."""
    if not _exists(name, root):
        own_directory(name, root, ROOM_MODES[name])
    return open_directory(name, root)


def place_file(root: int, fingerprint: Fingerprint, name: str, verified: FileKey | None = None) -> tuple[str, FileKey]:
    """Let ``.incoming/<fingerprint>/data`` into the store at ``root``. Raises StoreError, UnstableError, OSError."""
    with open_directory(INCOMING, root) as incoming:
        with open_directory(fingerprint, incoming) as folder, open_for_reading(DATA, folder) as descriptor:
            found = regular(os.fstat(descriptor))
            standing = _standing(root, found)
            if standing is None:
                if found.st_nlink != 1:
                    raise StoreError(path=DATA, detail=f"the file has {found.st_nlink} names (hard links)")
                _make_durable(descriptor)
                if verified is not None and key_from(os.fstat(descriptor)) != verified:
                    # Somebody wrote to it after its bytes were checked: they are not what the hashes are of.
                    raise UnstableError(name=name)
                standing = _link(folder, DATA, root, names_for(name, fingerprint))
                os.fsync(root)
            os.unlink(DATA, dir_fd=folder)
            key = key_from(os.fstat(descriptor))
        _drop_folder(incoming, fingerprint)
        os.fsync(incoming)
    return standing, key


def finish_placings(root: int) -> None:
    """Finish what a crash interrupted between the two steps, or after them. Raises OSError."""
    with open_room(INCOMING, root) as incoming:
        for fingerprint in names_in(incoming):
            if _is_placed(root, incoming, fingerprint):
                _drop_folder(incoming, fingerprint)
            else:
                _drop_if_empty(incoming, fingerprint)
        os.fsync(incoming)


def admit_file(root: int, received: str, name: str, replace: bool) -> tuple[str, FileKey]:
    """Let the complete file ``.incoming/<received>`` into the store. Raises OSError."""
    safe = safe_store_name(name, f"{received}.tar")
    with open_directory(INCOMING, root) as incoming, open_for_reading(received, incoming) as descriptor:
        regular(os.fstat(descriptor))
        _make_durable(descriptor)
        if replace:
            os.rename(received, safe, src_dir_fd=incoming, dst_dir_fd=root)
            standing = safe
        else:
            free = itertools.chain([safe], (f"{safe}.{number}" for number in itertools.count(2)))
            standing = _link(incoming, received, root, free)
            os.unlink(received, dir_fd=incoming)
        os.fsync(root)
        return standing, key_from(os.fstat(descriptor))


def regular(found: os.stat_result) -> os.stat_result:
    """Return ``found``. Raises StoreError unless it is a regular file."""
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(path=DATA, detail="not a regular file")
    return found


def remove_tree(name: str, parent: int) -> int:
    """Remove a file or a directory below ``parent``; bytes that only it held."""
    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode):
        os.unlink(name, dir_fd=parent)
        return found.st_size if found.st_nlink == 1 else 0
    freed = 0
    with open_directory(name, parent) as folder:
        for inner in names_in(folder):
            freed += remove_tree(inner, folder)
    os.rmdir(name, dir_fd=parent)
    return freed


def _exists(name: str, parent: int) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _make_durable(descriptor: int) -> None:
    take_over(descriptor, FILE_MODE)
    os.fsync(descriptor)


def _link(source: int, name: str, target: int, names: Iterable[str]) -> str:
    for candidate in names:
        try:
            os.link(name, candidate, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        except FileExistsError:
            continue
        return candidate
    raise AssertionError("names never end")


def _standing(root: int, found: os.stat_result) -> str | None:
    """Return the name under which the inode stands in the store already."""
    if found.st_nlink < 2:
        return None
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.inode() == found.st_ino and entry.is_file(follow_symlinks=False):
                return entry.name
    return None


def _is_placed(root: int, incoming: int, fingerprint: str) -> bool:
    try:
        with open_directory(fingerprint, incoming) as folder:
            found = os.stat(DATA, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False  # no fetch of ours, or nothing fetched yet
    return stat.S_ISREG(found.st_mode) and _standing(root, found) is not None


def _drop_if_empty(incoming: int, fingerprint: str) -> None:
    try:
        os.rmdir(fingerprint, dir_fd=incoming)
    except OSError:
        pass  # bytes of a fetch that goes on, or no fetch's at all


def _drop_folder(incoming: int, fingerprint: str) -> None:
    try:
        remove_tree(fingerprint, incoming)
    except OSError:
        pass  # empty rooms are no harm; `clean` names what is left
