"""A ``status`` watches for a while, so that it tells how far running transfers are."""

import asyncio
from dataclasses import replace
from pathlib import Path

from backend.model.archive import CatalogEntry
from backend.model.delivery import Ready, Transferring
from tests.support.control import QUICK, talking
from tests.support.engine import FakeEngine, entry_of, node_id


class Telling(FakeEngine):
    """A fleet whose node 1 tells its progress once it is watched, as peers do."""

    def __init__(self, entry: CatalogEntry) -> None:
        super().__init__(nodes=2)
        self.entry = self.add(entry)
        self.set(1, self.entry, Transferring(node_id(0)))

    def watch(self, consoles: int) -> None:
        super().watch(consoles)
        if consoles == 1:
            asyncio.get_running_loop().call_later(0.1, self.progress, 1, self.entry, 500)


async def test_the_first_status_already_knows_how_far_a_peer_is(tmp_path: Path) -> None:
    engine = Telling(entry_of(0))
    async with talking(engine, tmp_path) as client:
        document = await client.status(full=True)
        moving = next(row for row in document.archives[0].deliveries if row.node == "node-1")
        assert moving.progress == 0.5
        assert engine.consoles == [1]


class Counting(FakeEngine):
    """Knows when nobody watches any more."""

    def __init__(self) -> None:
        super().__init__(nodes=2)
        self.unwatched = asyncio.Event()

    def watch(self, consoles: int) -> None:
        super().watch(consoles)
        if consoles == 0:
            self.unwatched.set()


async def test_the_watching_ends_by_itself(tmp_path: Path) -> None:
    engine = Counting()
    engine.set(1, engine.add(entry_of(0)), Ready())
    # Long beside an answer, also on a busy machine.
    async with talking(engine, tmp_path, replace(QUICK, glance_s=1.0)) as client:
        await client.status()
        await client.status()
        assert engine.consoles[-1] > 0
        await asyncio.wait_for(engine.unwatched.wait(), 30)
    assert max(engine.consoles) <= 2


async def test_a_peer_that_tells_nothing_holds_no_answer_up_for_long(tmp_path: Path) -> None:
    engine = FakeEngine(nodes=2)
    engine.set(1, engine.add(entry_of(0)), Transferring(node_id(0)))
    async with talking(engine, tmp_path) as client:
        document = await asyncio.wait_for(client.status(full=True), 30)
    assert [row.progress for row in document.archives[0].deliveries if row.node == "node-1"] == [0.0]
