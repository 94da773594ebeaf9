"""Child processes that may outlive a killed daemon, recorded so that recovery finds them."""

import asyncio
from typing import Protocol

import msgspec


class ChildRecord(msgspec.Struct, frozen=True):
    """A child by pid *and* start time (clock ticks since boot, /proc/<pid>/stat field 22). ``purpose``:
    rsync, load, door.
    """

    pid: int
    start_ticks: int
    purpose: str
    about: str


class Children(Protocol):
    """The register of this node's children, in the run directory."""

    def survivors(self) -> list[ChildRecord]:
        """Recorded children that are still alive (same pid and start time); forgets the others."""
        ...

    async def end(self, record: ChildRecord) -> None:
        """End the child's process group: TERM, then KILL after 2 s; returns once it is gone."""
        ...

    async def wait(self, record: ChildRecord) -> None:
        """Wait until the child is gone."""
        ...


class FakeChildren:
    """Children in memory: ``add`` starts one, ``finish`` lets it end by itself. ``ended`` lists those that
    were ended.
    """

    def __init__(self) -> None:
        """Begin with no child."""
        self._alive: dict[ChildRecord, asyncio.Event] = {}
        self._next_pid = 1000
        self.ended: list[ChildRecord] = []

    def add(self, purpose: str, about: str) -> ChildRecord:
        """Start a child."""
        self._next_pid += 1
        record = ChildRecord(self._next_pid, self._next_pid * 10, purpose, about)
        self._alive[record] = asyncio.Event()
        return record

    def finish(self, record: ChildRecord) -> None:
        """Let a child end by itself."""
        gone = self._alive.pop(record, None)
        if gone is not None:
            gone.set()

    def survivors(self) -> list[ChildRecord]:
        """Children that were neither finished nor ended."""
        return list(self._alive)

    async def end(self, record: ChildRecord) -> None:
        """End a child; no error when it is gone."""
        if record in self._alive:
            self.ended.append(record)
            self.finish(record)

    async def wait(self, record: ChildRecord) -> None:
        """Wait until the child is gone."""
        gone = self._alive.get(record)
        if gone is not None:
            await gone.wait()
