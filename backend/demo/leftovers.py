"""What a run of the demo has made outside its own directories, kept on disk so that a crash does not forget it."""

from pathlib import Path

import msgspec

from backend.adapters.atomically import write_atomically

FILE = "leftovers.json"


class Loaded(msgspec.Struct, frozen=True):
    """References and image IDs that the demo's own archives bring into a docker that is not the demo's."""

    command: tuple[str, ...]
    references: tuple[str, ...]
    images: tuple[str, ...]


class Leftovers(msgspec.Struct, frozen=True):
    """``locks``: lock files of runtimes that nobody else knows."""

    locks: tuple[str, ...] = ()
    loaded: tuple[Loaded, ...] = ()


def remember(directory: Path, leftovers: Leftovers) -> None:
    """Write it down in the run's directory. Raises OSError."""
    write_atomically(directory / FILE, msgspec.json.encode(leftovers), mode=0o600, durable=False)


def recall(directory: Path) -> Leftovers:
    """Read what was written down; nothing where nothing was."""
    try:
        return msgspec.json.decode((directory / FILE).read_bytes(), type=Leftovers)
    except (OSError, msgspec.MsgspecError):
        return Leftovers()
