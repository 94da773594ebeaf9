"""Follows what one daemon of a fleet tells its consoles, and keeps when it told it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing

from backend.api.wire import CELL_CODES, Delta, Greeting, LogLine, Snapshot
from backend.demo.node import FleetNode
from backend.ports.tasks import TaskOwner

_HAPPY = frozenset({CELL_CODES["ready"], CELL_CODES["stored"]})
_UNHAPPY = frozenset({CELL_CODES["failed"], CELL_CODES["waiting"], CELL_CODES["held"], CELL_CODES["cancelled"], "!"})


class UndeliveredError(Exception):
    """A delivery ended otherwise than it should, or not in time; the message says how it stood."""


class Follower:
    """A console's stream of one node. Use it as ``async with``. Archives go by the name that they were published under.

    Times are epoch seconds, taken when the daemon's word arrived here: at most a frame (50 ms) after its commit.
    """

    def __init__(self, node: FleetNode) -> None:
        self.node = node
        self.log: list[LogLine] = []
        self._client = node.client()
        self._tasks = TaskOwner(f"follow {node.name}")
        self._own_id = ""
        self._names: dict[str, str] = {}
        self._cells: dict[str, str] = {}
        self._happy_at: dict[str, float] = {}
        self._begun = False
        self._waiting: set[asyncio.Event] = set()

    async def __aenter__(self) -> "Follower":
        self._tasks.start(self._follow(), "stream")
        await self._until(lambda: self._begun, "a first word", 30.0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._tasks.close()
        await self._client.close()

    async def happy(self, name: str, within_s: float) -> float:
        """Wait until the node's own delivery is stored (or ready); when it was. Raises UndeliveredError."""
        await self._until(lambda: name in self._happy_at or self._unhappy(name), f"the delivery of {name}", within_s)
        if name not in self._happy_at:
            raise UndeliveredError(f"{name} on {self.node.name}: {self._cells.get(name)}")
        return self._happy_at[name]

    async def noted(self, code: str, name: str, within_s: float) -> float:
        """Wait until the node's event log tells ``code`` of an archive; the time that stands in that line."""
        await self._until(lambda: self._line(code, name) is not None, f"{code} of {name}", within_s)
        line = self._line(code, name)
        assert line is not None
        return line.at

    async def wire_phase(self, name: str) -> tuple[float, float]:
        """When the delivery's last fetch began and ended, as the node's ledger has it."""
        digest = next(digest for digest, known in self._names.items() if known == name)
        attempts = (await self._client.delivery(digest, self.node.name)).attempts
        return attempts[-1].began_at, attempts[-1].ended_at

    def _unhappy(self, name: str) -> bool:
        return self._cells.get(name, "") in _UNHAPPY

    def _line(self, code: str, name: str) -> LogLine | None:
        return next((line for line in self.log if line.code == code and line.params.get("name") == name), None)

    async def _until(self, holds: Callable[[], bool], what: str, within_s: float) -> None:
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    news.clear()
                    await news.wait()
        except TimeoutError:
            raise UndeliveredError(f"{self.node.name} did not tell of {what} within {within_s:g} s") from None
        finally:
            self._waiting.discard(news)

    async def _follow(self) -> None:
        async with aclosing(self._client.stream()) as stream:
            async for event in stream:
                now = time.time()
                if isinstance(event, Greeting):
                    self._own_id = event.node_id
                elif isinstance(event, Snapshot):
                    self._take_snapshot(event, now)
                elif isinstance(event, Delta):
                    self._take_delta(event, now)
                for news in self._waiting:
                    news.set()

    def _take_snapshot(self, event: Snapshot, now: float) -> None:
        self._begun = True
        self.log.extend(event.log)
        place = next(index for index, node in enumerate(event.nodes) if node.id == self._own_id)
        for archive, cells in zip(event.archives, event.cells, strict=True):
            self._names[archive.digest] = archive.name
            self._see(archive.digest, cells[place], now)

    def _take_delta(self, event: Delta, now: float) -> None:
        self.log.extend(event.log)
        self._names.update((archive.digest, archive.name) for archive in event.archives)
        for digest, node, character in event.cells:
            if node == self._own_id:
                self._see(digest, character, now)

    def _see(self, digest: str, character: str, now: float) -> None:
        name = self._names[digest]
        self._cells[name] = character
        if character in _HAPPY:
            self._happy_at.setdefault(name, now)


async def happy_at(node: FleetNode, name: str, within_s: float) -> float:
    """Follow a node from now until its own delivery of ``name`` is stored (or ready); when it was.

    Raises UndeliveredError.
    """
    async with Follower(node) as follower:
        return await follower.happy(name, within_s)
