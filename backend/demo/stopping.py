"""How the demo is told to end: a signal, standard input that is closed, a lifeline that is cut."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from backend.adapters.lifelines import when_cut
from backend.ports.tasks import TaskOwner

T = TypeVar("T")


class StoppedError(Exception):
    """The demo was told to end before it had done its work."""


class Stopping:
    """Once told, it stays told. ``signal``: the first signal that came, 0 where it was told by other means."""

    def __init__(self) -> None:
        """Listen to nothing yet."""
        self.signal = 0
        self._told = asyncio.Event()
        self._tasks = TaskOwner("stopping")

    def listen(self, *pipes: int) -> None:
        """Listen to signals and to these descriptors, each until it is closed at its other end.

        A second signal does not hurry the end: that is bounded, and half of it would leave things behind.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled, number)
        for descriptor in pipes:
            try:
                when_cut(descriptor, self._told.set)
            except PermissionError:
                # A regular file or /dev/null: epoll takes none, and it has an end already.
                self._told.set()

    @property
    def told(self) -> bool:
        """Whether it has been told."""
        return self._told.is_set()

    async def wait(self, within_s: float | None = None) -> None:
        """Return once it is told, or after so many seconds."""
        try:
            async with asyncio.timeout(within_s):
                await self._told.wait()
        except TimeoutError:
            pass

    async def unless(self, work: Coroutine[Any, Any, T]) -> T:
        """Do some work that is broken off when it is told. Raises StoppedError, and what the work raises."""
        task = self._tasks.start(work, "work")
        waiting = self._tasks.start(self.wait(), "wait")
        try:
            await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))
                raise StoppedError
            return task.result()
        finally:
            await self._tasks.close()

    def _signalled(self, number: int) -> None:
        self.signal = self.signal or number
        self._told.set()
