"""A docker in memory, with the habits of its classic store (or podman's), and locks in memory."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from backend.model.archive import CatalogEntry, Image
from backend.model.errors import DsyncError, LocalError, RuntimeSickError
from backend.model.plain import plain
from backend.model.references import full_reference
from backend.model.runtime import RuntimeInfo, RuntimeView
from backend.ports.runtime import LoadLock, Question


class FakeRuntime:
    """Holds images and tags as docker does: a load moves tags, an image goes with the last reference removed.

    ``kind="podman"``: short names are filed below ``localhost/``, and no image ever goes with its reference.
    ``sick``: nothing answers. ``failure``: the next load raises it, after ``failing_after`` images went in.
    ``gate``: a load waits for it. ``forgets``: the next load ends well and leaves nothing. ``poison``: no question
    that names this config is answered. ``asked``: how many questions came in each call.
    """

    def __init__(self, kind: str = "docker", endpoint: str = "fake") -> None:
        """Begin empty."""
        self._kind = kind
        self._endpoint = endpoint
        self.images: dict[str, Image] = {}
        self.tags: dict[str, str] = {}
        self.free_bytes = 1 << 40
        self.root = ""
        self.sick = False
        self.failure: DsyncError | None = None
        self.failing_after = 0
        self.forgets = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.loads: list[str] = []
        self.asked: list[int] = []
        self.poison = ""
        self.loading = 0

    async def probe(self) -> RuntimeInfo:
        """Answer, unless sick."""
        self._answer()
        return RuntimeInfo(self._kind, "0", self._endpoint, self.free_bytes, self.root)

    async def look(self, images: Sequence[Image], tags: Sequence[str]) -> RuntimeView:
        """Tell what is there."""
        (view,) = await self.look_at_all([Question(images, tags)])
        return view

    async def look_at_all(self, questions: Sequence[Question]) -> list[RuntimeView]:
        """Tell what is there, once for all."""
        self._answer()
        self.asked.append(len(questions))
        if self.poison and any(image.config == self.poison for asked in questions for image in asked.images):
            raise RuntimeSickError(runtime=self._kind, detail="an answer that is not understood")
        return [self._view(asked.images, asked.tags) for asked in questions]

    def _view(self, images: Sequence[Image], tags: Sequence[str]) -> RuntimeView:
        present = {
            image.config: image.config
            for image in images
            if image.config in self.images and self.images[image.config].diff_ids == image.diff_ids
        }
        return RuntimeView(present, {tag: self.tags.get(tag) for tag in tags})

    async def load(self, path: Path, entry: CatalogEntry, lock: LoadLock) -> None:
        """Take the entry's images; the file is not read."""
        self._answer()
        assert lock.fileno() >= 0, "a load without its lock"
        self.loading += 1
        assert self.loading == 1, "two loads at a time"
        try:
            await self.gate.wait()
        finally:
            self.loading -= 1
        self._answer()
        self.loads.append(entry.digest)
        if self.forgets:
            self.forgets = False
            return
        failure, self.failure = self.failure, None
        for image in entry.images[: self.failing_after] if failure is not None else entry.images:
            self._take(image)
        if failure is not None:
            raise failure

    async def tag(self, image_id: str, reference: str) -> None:
        """Move or make a tag."""
        self._answer()
        _check(reference)
        if image_id not in self.images:
            raise LocalError(detail=f"no such image: {image_id}")
        self.tags[reference] = image_id

    async def untag(self, reference: str) -> None:
        """Remove a tag, and on docker an image with its last one."""
        self._answer()
        _check(reference)
        image_id = self.tags.pop(reference, None)
        if image_id is not None and self._kind == "docker" and image_id not in self.tags.values():
            self.images.pop(image_id, None)

    def shadows(self, reference: str) -> tuple[str, ...]:
        """As podman's, for ``kind="podman"``."""
        prefix, short = "docker.io/", reference.removeprefix("docker.io/")
        if self._kind != "podman" or not reference.startswith(prefix):
            return ()
        return (f"localhost/{short.removeprefix('library/')}",)

    def remove(self, image_id: str) -> None:
        """What ``rmi --force`` does, behind everybody's back."""
        self.images.pop(image_id, None)
        self.tags = {tag: found for tag, found in self.tags.items() if found != image_id}

    def _take(self, image: Image) -> None:
        self.images[image.config] = image
        for tag in image.tags:
            for filed in self.shadows(tag) or (tag,):
                self.tags[filed] = image.config

    def _answer(self) -> None:
        if self.sick:
            raise RuntimeSickError(runtime=self._kind, detail="no answer")


def _check(reference: str) -> None:
    try:
        full_reference(reference)
    except ValueError as error:
        raise LocalError(detail=f"not a reference: {plain(reference)}") from error


class FakeLock:
    """A lock that is held until it is released."""

    def __init__(self, lock: asyncio.Lock) -> None:
        """Stand for ``lock``, which the maker holds."""
        self.lock = lock
        self.held = True

    def fileno(self) -> int:
        """No real descriptor: 0 while held, -1 afterwards."""
        return 0 if self.held else -1


class FakeLoadLocks:
    """Locks within one process."""

    def __init__(self) -> None:
        """Begin with all free."""
        self._locks: dict[str, asyncio.Lock] = {}

    async def acquire(self, endpoint: str) -> LoadLock:
        """Wait for the endpoint's lock."""
        lock = self._locks.setdefault(endpoint, asyncio.Lock())
        await lock.acquire()
        return FakeLock(lock)

    def release(self, lock: LoadLock) -> None:
        """Let it go; no error when it was let go before."""
        assert isinstance(lock, FakeLock)
        if lock.held:
            lock.held = False
            lock.lock.release()
