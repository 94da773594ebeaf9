"""Short looks at the fleet: a ``status`` is no console, yet it wants to know how far running transfers are."""

import asyncio
from collections.abc import Callable

from backend.control.face import EngineFace
from backend.control.facts import Pace
from backend.model.delivery import Transferring
from backend.ports.tasks import TaskOwner


class Glances:
    """Peers tell progress only to nodes that watch; a glance lets this node watch for a while."""

    def __init__(self, face: EngineFace, pace: Pace, tasks: TaskOwner, changed: Callable[[int], None]) -> None:
        """``changed`` is told how many run whenever that has changed."""
        self._face = face
        self._pace = pace
        self._tasks = tasks
        self._changed = changed
        self.running = 0

    async def glance(self) -> None:
        """Watch for ``pace.glance_s``, so that a ``status`` that is asked again and again finds all up to date.

        Returns once every running transfer of a peer in reach has told how far it is, at most ``pace.fresh_s`` later.
        """
        self._tasks.start(self._watching(), "glance")
        news = asyncio.Event()
        unsubscribe = self._face.subscribe(lambda _: news.set())
        try:
            async with asyncio.timeout(self._pace.fresh_s):
                while self._untold():
                    await news.wait()
                    news.clear()
        except TimeoutError:
            pass  # a peer that tells nothing is shown as it is known
        finally:
            unsubscribe()

    async def _watching(self) -> None:
        self.running += 1
        self._changed(self.running)
        try:
            await asyncio.sleep(self._pace.glance_s)
        finally:
            self.running -= 1
            self._changed(self.running)

    def _untold(self) -> bool:
        state = self._face.state
        return any(
            isinstance(row.state, Transferring) and (node, digest) not in state.progress
            for node, rows in state.rows.items()
            if node == state.me or ((peer := state.peers.get(node)) is not None and peer.up)
            for digest, row in rows.items()
        )
