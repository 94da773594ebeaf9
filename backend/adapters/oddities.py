"""What lies in a store under an archive's name and is never taken."""

import os
import stat
from pathlib import Path

from backend.model.errors import BadNameError, FolderError, LeftAloneError, LinkError, SpecialFileError
from backend.model.plain import plain
from backend.ports.store import is_archive_name, is_candidate

_BARE = frozenset(range(0x20, 0x7F)) - set(b"'\\")


def oddity(directory: Path, name: str, status: os.stat_result) -> LeftAloneError | None:
    """Say why ``name`` in ``directory`` is left alone; None where it is not, or nobody would wonder."""
    if stat.S_ISREG(status.st_mode):
        is_text = not any("\ud800" <= char <= "\udfff" for char in name)
        if is_text or not is_candidate(plain(name)):
            return None
        return BadNameError(name=plain(name), path=in_bash(directory / name))
    if not is_archive_name(name):
        return None
    if stat.S_ISLNK(status.st_mode):
        return LinkError(name=plain(name))
    if stat.S_ISDIR(status.st_mode):
        return FolderError(name=plain(name))
    return SpecialFileError(name=plain(name))


def in_bash(path: Path) -> str:
    """Return a path as ``$'…'``: whatever its bytes are, that can be pasted into bash or zsh."""
    shown = (chr(byte) if byte in _BARE else f"\\x{byte:02x}" for byte in os.fsencode(path))
    return f"$'{''.join(shown)}'"
