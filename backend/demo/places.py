"""The directories of one run of the demo."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

PREFIX = "dsync-demo-"
LONGEST_SHORT_CHARS = 36
"""Podman takes a run root of at most 50 characters, a Unix socket's path has at most 107, of which containerd uses
many: so much is left for the directory that holds them.
"""


@dataclass(frozen=True, slots=True)
class Places:
    """``directory`` holds everything, in TMPDIR; ``short`` is the same, or one in /tmp where that path is too long."""

    directory: Path
    short: Path

    @property
    def made(self) -> Path:
        """Where archives are made; on the stores' file system."""
        return self.directory / "made"

    @property
    def temporary(self) -> Path:
        """TMPDIR of daemons and runtimes."""
        return self.directory / "tmp"

    @property
    def also(self) -> tuple[Path, ...]:
        """What is to be removed beside ``directory``."""
        return () if self.short == self.directory else (self.short,)

    def forget(self) -> None:
        """Remove them while there is nothing in them."""
        for path in (self.made, self.temporary, self.directory, self.short):
            with contextlib.suppress(OSError):
                path.rmdir()


def new_places() -> Places:
    """Make them. Raises OSError."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    long = len(os.fsencode(directory)) > LONGEST_SHORT_CHARS
    places = Places(directory, Path(tempfile.mkdtemp(prefix="dsync-", dir="/tmp")) if long else directory)
    places.made.mkdir()
    places.temporary.mkdir()
    return places
