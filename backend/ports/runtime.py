"""A container runtime: what it holds, loading, and tags."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from backend.model.archive import CatalogEntry, Image
from backend.model.runtime import RuntimeInfo, RuntimeView


class Question(msgspec.Struct, frozen=True):
    """What ``look`` is asked: images by identity, tags by full reference."""

    images: Sequence[Image]
    tags: Sequence[str]


class LoadLock(Protocol):
    """The exclusive lock of one runtime endpoint, held while loading. The loader child inherits
    ``fileno``.
    """

    def fileno(self) -> int:
        """Descriptor that carries the flock."""
        ...


class Runtime(Protocol):
    """One runtime endpoint. All calls have time-outs and raise RuntimeSickError when it does not answer."""

    async def probe(self) -> RuntimeInfo:
        """Ask for the version."""
        ...

    async def look(self, images: Sequence[Image], tags: Sequence[str]) -> RuntimeView:
        """Ask for images by identity and for tags by full reference."""
        ...

    async def look_at_all(self, questions: Sequence[Question]) -> list[RuntimeView]:
        """Ask several questions in as few calls of the runtime as may be; each answer is what ``look`` would give.

        What one question claims of an image says nothing to another. Where one answer cannot be had, none is given.
        """
        ...

    async def load(self, path: Path, entry: CatalogEntry, lock: LoadLock) -> None:
        """Load the archive at ``path``; the child inherits ``lock`` and runs in a process group of its own.

        Raises LayoutUnsupportedError (with the converting command), LoadRefusedError, DiskFullError,
        LoadTimeoutError, RuntimeSickError, StoreError (``path`` cannot be read), LocalError (anything
        else). Cancelled, it ends the child's group first. Ending well promises nothing: the caller asks
        ``look`` afterwards.
        """
        ...

    async def tag(self, image_id: str, reference: str) -> None:
        """Let ``reference`` point at ``image_id`` (moving it if it exists).

        Raises LocalError when there is no such image, ``reference`` is none, or the runtime refuses otherwise.
        """
        ...

    async def untag(self, reference: str) -> None:
        """Remove ``reference``; no error when it does not exist.

        The image may go with its last reference (docker): never untag the only tag of an image that is to
        stay.
        """
        ...

    def shadows(self, reference: str) -> tuple[str, ...]:
        """Other references that loading an archive with the tag ``reference`` may set.

        podman files the ``app:1`` of a docker archive as ``localhost/app:1``, where the archive means
        ``docker.io/library/app:1`` (tried, podman 4.3); docker has none.
        """
        ...


class LoadLocks(Protocol):
    """Where load locks come from."""

    async def acquire(self, endpoint: str) -> LoadLock:
        """Wait for the endpoint's lock (also while a killed daemon's loader still holds it)."""
        ...

    def release(self, lock: LoadLock) -> None:
        """Let it go."""
        ...
