"""The clockwork: what is looked at, how often, and what its failures are told as."""

from collections.abc import AsyncIterator, Coroutine

import msgspec
import pytest

from backend.engine.intake import Intake
from backend.engine.sweeper import DISK_EVERY_S, PROBE_EVERY_S, PROBE_SICK_EVERY_S, TICK_S, Sweeper
from backend.model import events
from backend.model.archive import FileKey, KnownFile
from backend.model.delivery import Progress
from backend.model.errors import StoreError
from backend.model.ids import Digest
from backend.model.runtime import RuntimeInfo
from backend.ports.fake_intake import FakeWatcher
from backend.ports.fake_store import FakeStore
from backend.ports.runtime import Runtime
from backend.ports.tasks import TaskOwner
from tests.support.engine_room import EngineRoom
from tests.support.sim import archive


class SickStore(FakeStore):
    """A disk that answers nothing while ``sick``."""

    sick = False

    def free_bytes(self) -> int:
        if self.sick:
            raise StoreError(path="/store", detail="Input/output error")
        return super().free_bytes()


class Desk:
    """A sweeper with an intake that notices nothing by itself."""

    def __init__(self, with_runtime: bool = True) -> None:
        self.store = SickStore()
        self.room = EngineRoom(self.store)
        self.clock = self.room.clock
        self.told = self.room.told
        self.intake = Intake(
            self.store, FakeWatcher(), self.room.inspector, self.clock, self.room.state, self.room.loop.post, 3.0
        )
        runtime: Runtime | None = self.room.runtime if with_runtime else None
        self.sweeper = Sweeper(self.room.loop, self.clock, self.store, runtime, self.intake)
        self.owner = TaskOwner("test")

    def start(self, work: Coroutine[object, object, None]) -> None:
        self.owner.start(work, "work")

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.told)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.owner.close()
    await made.room.close()


async def test_ticks(desk: Desk) -> None:
    desk.start(desk.sweeper.tick())
    await desk.clock.advance(10 * TICK_S)
    assert desk.told == [events.Ticked()] * 10


async def test_a_sweep_looks_at_the_store_first(desk: Desk) -> None:
    """What was lost is known before the cells are reconciled."""
    desk.room.state.files["gone.tar"] = _known("gone.tar", desk)
    desk.start(desk.sweeper.sweep())
    await desk.clock.advance(desk.room.state.policy.sweep_s - 1)
    assert desk.told == []
    await desk.clock.advance(1)
    assert desk.told == [events.FileVanished("gone.tar"), events.Swept()]


async def test_a_file_that_is_placed_while_the_store_is_listed_is_not_taken_for_lost(desk: Desk) -> None:
    listed = desk.store.list

    async def slow_list() -> dict[str, FileKey]:
        result = dict(await listed())
        key = desk.store.put("placed.tar", b"placed")
        desk.room.state.files["placed.tar"] = msgspec.structs.replace(_known("placed.tar", desk), key=key)
        return result

    desk.store.list = slow_list  # type: ignore[method-assign]
    desk.start(desk.sweeper.sweep())
    await desk.clock.advance(desk.room.state.policy.sweep_s)
    assert desk.told == [events.Swept()]


async def test_the_disk_is_measured_and_its_failure_told(desk: Desk) -> None:
    desk.start(desk.sweeper.measure_disk())
    await desk.clock.settle()
    desk.store.sick = True
    await desk.clock.advance(DISK_EVERY_S)
    good, bad = desk.told
    assert good == events.DiskMeasured(1 << 40, None)
    assert isinstance(bad, events.DiskMeasured)
    assert bad.problem == StoreError(path="/store", detail="Input/output error").problem()


async def test_a_sick_runtime_is_asked_more_often(desk: Desk) -> None:
    desk.start(desk.sweeper.probe_runtime())
    await desk.clock.settle()
    assert desk.told == [events.RuntimeProbed(str(RuntimeInfo("docker", "0", "fake")), None, 1 << 40)]
    desk.room.runtime.sick = True
    await desk.clock.advance(PROBE_EVERY_S)
    desk.told.clear()
    await desk.clock.advance(10 * PROBE_SICK_EVERY_S)
    assert desk.count(events.RuntimeProbed) == 10
    told = desk.told[-1]
    assert isinstance(told, events.RuntimeProbed)
    assert told.problem is not None
    assert told.problem.code == "runtime-sick"


async def test_a_disk_of_the_runtimes_own_is_told(desk: Desk) -> None:
    runtime = desk.room.runtime
    runtime.root, runtime.free_bytes = "/images", 7
    await desk.sweeper.probe_once()
    desk.store.other_disks.add("/images")
    await desk.sweeper.probe_once()
    described = str(RuntimeInfo("docker", "0", "fake"))
    assert desk.told == [
        events.RuntimeProbed(described, None, 7, ""),
        events.RuntimeProbed(described, None, 7, "/images"),
    ]


async def test_where_there_is_no_runtime_that_is_told_once() -> None:
    desk = Desk(with_runtime=False)
    await desk.sweeper.probe_once()
    desk.start(desk.sweeper.probe_runtime())
    await desk.clock.advance(10 * PROBE_EVERY_S)
    assert desk.told == [events.RuntimeProbed("none", None)]
    await desk.owner.close()


async def test_progress_is_told_twice_a_second_while_something_moves(desk: Desk) -> None:
    progress = Progress(Digest("sha256:a"), 0, 5, 6)
    desk.start(desk.sweeper.tell_progress(desk.room.fetcher))
    await desk.clock.advance(5)
    assert desk.told == []
    desk.room.fetcher.progress[progress.digest] = progress
    await desk.clock.advance(5)
    assert desk.told == [events.FetchesProgressed((progress,))] * 10


def _known(name: str, desk: Desk) -> KnownFile:
    return KnownFile(name, desk.store.make(b"x").key, archive("v1", "app:1").hashes.digest, placed=False)
