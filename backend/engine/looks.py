"""Looks at the runtime: deliveries that ask at the same time are asked about in one call.

A sweep looks at every archive of the catalog. Each look alone would cost one process of the runtime's client.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

import msgspec

from backend.model.archive import CatalogEntry
from backend.model.errors import DsyncError
from backend.model.runtime import RuntimeView
from backend.ports.runtime import Question, Runtime
from backend.ports.tasks import TaskOwner

CALLS_AT_ONCE = 2
ARCHIVES_A_CALL = 50
"""Large enough that a sweep of hundreds costs a few processes, small enough that news waits behind no long call."""


class Asked(msgspec.Struct, frozen=True):
    """A question and who waits for its answer."""

    question: Question
    answer: asyncio.Future[RuntimeView]


class Looks:
    """Those who ask stand in line; each call takes along whoever waits by then.

    An answer is never older than its question: a call begins after all that it answers were asked.
    """

    def __init__(self, runtime: Runtime) -> None:
        """Ask ``runtime``."""
        self._runtime = runtime
        self._line: deque[Asked] = deque()
        self._callers = 0
        self._owner = TaskOwner("looks")

    async def close(self) -> None:
        """End all calls."""
        await self._owner.close()

    async def look(self, entry: CatalogEntry) -> RuntimeView:
        """Ask for the archive's images and tags. Raises what ``Runtime.look`` raises."""
        asked = Asked(Question(entry.images, entry.tags), asyncio.get_running_loop().create_future())
        self._line.append(asked)
        if self._callers < CALLS_AT_ONCE:
            self._callers += 1
            self._owner.start(self._call(), "call")
        return await asked.answer

    async def _call(self) -> None:
        try:
            while together := self._next():
                await self._ask(together)
        finally:
            self._callers -= 1

    def _next(self) -> list[Asked]:
        """Take those whose turn it is out of the line, without those who wait no more."""
        together: list[Asked] = []
        while self._line and len(together) < ARCHIVES_A_CALL:
            asked = self._line.popleft()
            if not asked.answer.done():
                together.append(asked)
        return together

    async def _ask(self, together: Sequence[Asked]) -> None:
        try:
            views = await self._runtime.look_at_all([asked.question for asked in together])
        except Exception as error:
            if len(together) == 1:
                _tell_failure(together, error)
            else:
                await self._ask_apart(together)
            return
        for asked, view in zip(together, views, strict=True):
            if not asked.answer.done():
                asked.answer.set_result(view)

    async def _ask_apart(self, together: Sequence[Asked]) -> None:
        """One archive may have spoilt the answer for all: where the runtime is well, each is asked about alone."""
        try:
            await self._runtime.probe()
        except DsyncError as error:
            _tell_failure(together, error)
            return
        for asked in together:
            await self._ask([asked])


def _tell_failure(together: Sequence[Asked], error: Exception) -> None:
    for asked in together:
        if not asked.answer.done():
            asked.answer.set_exception(error)
