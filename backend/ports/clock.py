"""Time and chance, so that tests and simulations bring their own."""

import asyncio
import heapq
import itertools
from typing import Protocol


class Clock(Protocol):
    """Where time and chance come from."""

    def now(self) -> float:
        """Wall time, epoch seconds: for people and for due times that survive restarts."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step back: for durations."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Wait ``delay_s`` seconds of this clock."""
        ...

    def chance(self) -> float:
        """A number in [0, 1)."""
        ...


class FakeClock:
    """Virtual time: ``advance`` wakes sleepers in order and lets their tasks run."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        """Begin at ``start`` epoch seconds."""
        self._now = start
        self._start = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        """Virtual wall time."""
        return self._now

    def monotonic(self) -> float:
        """Virtual seconds since the start."""
        return self._now - self._start

    def chance(self) -> float:
        """Always the middle: tests that need more bring their own."""
        return 0.5

    async def sleep(self, delay_s: float) -> None:
        """Wait until ``advance`` has passed the due time."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + max(0.0, delay_s), next(self._numbers), future))
        await future

    async def advance(self, delay_s: float) -> None:
        """Move time on, waking every sleeper that falls due at its own time."""
        target = self._now + delay_s
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not future.done():
                future.set_result(None)
            await self.settle()
        self._now = target
        await self.settle()

    async def settle(self, rounds: int = 50) -> None:
        """Let ready tasks run without moving time."""
        for _ in range(rounds):
            await asyncio.sleep(0)
