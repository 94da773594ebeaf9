"""An inspector with prepared answers, and a watcher that is told what to tell."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from backend.model.archive import ArchiveFacts
from backend.model.errors import ArchiveError, DsyncError, VanishedError
from backend.model.ids import Hashes
from backend.ports.store import is_candidate


class FakeInspector:
    """Answers what was prepared for a path, and VanishedError for every other. ``asked`` lists all calls."""

    def __init__(self) -> None:
        """Know nothing."""
        self._answers: dict[Path, ArchiveFacts | Hashes | DsyncError] = {}
        self._gate = asyncio.Event()
        self._gate.set()
        self.asked: list[tuple[str, Path]] = []
        self.reading = 0

    def put(self, path: Path, answer: ArchiveFacts | Hashes | DsyncError) -> None:
        """Prepare an answer. Hashes alone serve ``hash`` only; an ArchiveError's hashes serve it too."""
        self._answers[path] = answer

    def remove(self, path: Path) -> None:
        """Let the file be gone."""
        self._answers.pop(path, None)

    def hold(self) -> None:
        """Let every read last until ``release``."""
        self._gate.clear()

    def release(self) -> None:
        """Let reads end."""
        self._gate.set()

    async def inspect(self, path: Path) -> ArchiveFacts:
        """Return or raise what was prepared."""
        answer = await self._read("inspect", path)
        if isinstance(answer, ArchiveFacts):
            return answer
        raise answer if isinstance(answer, DsyncError) else VanishedError(name=path.name)

    async def hash(self, path: Path) -> Hashes:
        """Return the hashes of what was prepared."""
        answer = await self._read("hash", path)
        if isinstance(answer, ArchiveFacts):
            return answer.hashes
        if isinstance(answer, Hashes):
            return answer
        if isinstance(answer, ArchiveError) and answer.hashes is not None:
            return answer.hashes
        raise answer if isinstance(answer, DsyncError) else VanishedError(name=path.name)

    async def _read(self, what: str, path: Path) -> ArchiveFacts | Hashes | DsyncError | None:
        self.asked.append((what, path))
        self.reading += 1
        try:
            await asyncio.sleep(0)
            await self._gate.wait()
        finally:
            self.reading -= 1
        return self._answers.get(path)


class FakeWatcher:
    """Yields what ``tell`` was given; ``renew`` stands for a directory that was replaced."""

    def __init__(self) -> None:
        """Nothing has happened."""
        self._news: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        self.directory: Path | None = None

    def tell(self, *names: str) -> None:
        """Something happened to ``names``."""
        wanted = frozenset(filter(is_candidate, names))
        if wanted:
            self._news.put_nowait(wanted)

    def renew(self) -> None:
        """The watch begins anew."""
        self._news.put_nowait(frozenset())

    async def changes(self, directory: Path) -> AsyncIterator[frozenset[str]]:
        """Yield an empty set, then the news."""
        self.directory = directory
        yield frozenset()
        while True:
            yield await self._news.get()
