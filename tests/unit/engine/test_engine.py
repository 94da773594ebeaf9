"""Whole engines under virtual time: the main job, lives that end and begin anew, and ledgers that fail."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from backend.model import messages
from backend.model.commands import Send
from backend.model.delivery import Delivery, Loading
from backend.model.errors import DoorError, LedgerError, NodeUnreachableError, TruncatedError, UsageError
from backend.model.ids import JobId
from backend.ports.fake_wire import FakeDoor
from backend.ports.tasks import TaskOwner
from tests.support.engine import entry_of
from tests.support.engine_fleet import SETTLE_S, EngineFleet, digest_of

APP = "docker.io/library/app:1"
LEARN_S = 10.0
"""Empty ledgers listen to their peers first."""


@pytest.fixture
async def fleet() -> AsyncIterator[EngineFleet]:
    made = EngineFleet(3)
    await made.start()
    await made.run(LEARN_S)
    yield made
    await made.close()


async def test_dropped_on_one_node_ready_on_all(fleet: EngineFleet) -> None:
    data = fleet.contents.pack("v1", "app:1")
    fleet.nodes[0].drop("app.tar", data)
    await fleet.run(SETTLE_S + 10)
    assert fleet.states(data) == ["ready"] * 3
    config = fleet.contents.facts[data].images[0].config  # type: ignore[union-attr]
    for node in fleet.nodes:
        assert node.runtime.tags == {APP: config}
        assert node.runtime.loads == [digest_of(data)]
        assert {name: file.data for name, file in node.store.files.items()} == {"app.tar": data}
        assert node.store.fetched == {}
        assert node.fatal == []


async def test_a_rejected_archive_goes_nowhere(fleet: EngineFleet) -> None:
    data = b"half an archive"
    fleet.contents.facts[data] = TruncatedError(name="app.tar", detail="ends too early")
    fleet.nodes[0].drop("app.tar", data)
    await fleet.run(SETTLE_S + 10)
    assert [set(node.store.files) for node in fleet.nodes] == [{"app.tar"}, set(), set()]
    engine = fleet.nodes[0].engine
    assert engine is not None
    assert engine.state.rejected["app.tar"].problem.code == "archive-truncated"
    assert "archive-rejected" in [note.code for note in engine.notes]


async def test_links_and_users_of_the_door_go_when_all_is_done(fleet: EngineFleet) -> None:
    data = fleet.contents.pack("v1", "app:1")
    fleet.nodes[0].drop("app.tar", data)
    await fleet.run(SETTLE_S + 30)
    for node in fleet.nodes:
        assert node.store.served == {}
    assert [door.guests for door in fleet.wire.doors.values()] == [{}] * 3


@pytest.mark.parametrize("moment_s", [0.5, 3.0, 3.1, 3.3, 4.0])
async def test_a_stop_at_any_moment_costs_nothing_that_lasts(fleet: EngineFleet, moment_s: float) -> None:
    data = fleet.contents.pack("v1", "app:1", size_bytes=2_000_000)
    fleet.nodes[0].drop("app.tar", data)
    await fleet.run(moment_s)
    for node in fleet.nodes[:2]:
        await node.stop()
    await fleet.run(5)
    for node in fleet.nodes[:2]:
        await node.start()
    await fleet.run(70)
    assert fleet.states(data) == ["ready"] * 3
    assert all(node.runtime.loads == [digest_of(data)] for node in fleet.nodes)
    assert all(node.store.fetched == {} for node in fleet.nodes)


async def test_the_origin_may_go_once_another_has_it(fleet: EngineFleet) -> None:
    data = fleet.contents.pack("v1", "app:1")
    origin, second, third = fleet.nodes
    await third.stop()
    origin.drop("app.tar", data)
    await fleet.run(SETTLE_S + 10)
    await origin.stop()
    await third.start()
    await fleet.run(120)
    assert (second.row(data), third.row(data)) != (None, None)
    assert fleet.states(data) == ["-", "ready", "ready"]


async def test_a_late_node_learns_of_everything(fleet: EngineFleet) -> None:
    late = fleet.nodes[2]
    await late.stop()
    first, second = fleet.contents.pack("v1", "app:1"), fleet.contents.pack("web", "web:1")
    fleet.nodes[0].drop("app.tar", first)
    fleet.nodes[1].drop("web.tar", second)
    await fleet.run(30)
    await late.start()
    await fleet.run(60)
    assert fleet.states(first) == fleet.states(second) == ["ready"] * 3


# --- starting and ending ----------------------------------------------------------------------


async def test_what_the_last_life_left_is_ended_but_for_loaders() -> None:
    """A loader that is killed could leave half an image; its lock makes ours wait for it."""
    fleet = EngineFleet(1)
    node = fleet.nodes[0]
    left = [node.children.add(purpose, "x") for purpose in ("rsync", "door", "ask", "load")]
    await node.start()
    assert node.children.ended == left[:3]
    assert node.children.survivors() == left[3:]
    await fleet.close()


async def test_a_ledger_that_fails_at_the_start_is_an_error_not_a_wait() -> None:
    fleet = EngineFleet(1)
    node = fleet.nodes[0]
    entry = entry_of(1)
    node.disk.entries[entry.digest] = entry
    node.disk.rows[node.me, entry.digest] = Delivery(entry.digest, node.me, Loading())
    engine = await node.make()
    problem = node.ledger.problem = LedgerError(path="ledger.db", detail="disk I/O error")
    owner = TaskOwner("test")
    starting = owner.start(engine.start(), "start")
    await fleet.run(1)
    assert starting.exception() is problem
    assert node.fatal == [f"engine:loop: {problem}"]
    await owner.close()
    await fleet.close()


async def test_a_ledger_that_fails_later_ends_the_node_before_it_acts(fleet: EngineFleet) -> None:
    node = fleet.nodes[0]
    problem = node.ledger.problem = LedgerError(path="ledger.db", detail="disk I/O error")
    data = fleet.contents.pack("v1", "app:1")
    node.drop("app.tar", data)
    await fleet.run(SETTLE_S + 10)
    assert node.fatal == [f"engine:loop: {problem}"]
    assert fleet.states(data)[1:] == ["-", "-"]
    assert node.runtime.loads == []
    assert node.engine is not None
    with pytest.raises(LedgerError):
        await node.engine.act("job", "sync", None, (node.me,), None, "root", "")
    await node.stop()
    await node.start()
    await fleet.run(60)
    assert fleet.states(data) == ["ready"] * 3


async def test_a_door_that_stays_shut_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = EngineFleet(1)
    engine = await fleet.nodes[0].make()

    async def shut(door: FakeDoor) -> None:
        raise DoorError(address="0.0.0.0:873", detail="taken by sshd (pid 1)")

    monkeypatch.setattr(FakeDoor, "open", shut)
    with pytest.raises(DoorError):
        await engine.start()
    await fleet.close()


async def test_draining_waits_for_what_moves_and_not_for_what_begins(fleet: EngineFleet) -> None:
    target = fleet.nodes[1]
    data, later = fleet.contents.pack("v1", "app:1"), fleet.contents.pack("web", "web:1")
    target.runtime.gate.clear()
    fleet.nodes[0].drop("app.tar", data)
    await fleet.run(SETTLE_S + 10)
    assert fleet.states(data) == ["ready", "loading", "ready"]
    assert target.engine is not None
    owner = TaskOwner("test")
    draining = owner.start(target.engine.drained(), "drain")
    await fleet.run(30)
    assert not draining.done()
    fleet.nodes[0].drop("web.tar", later)
    await fleet.run(SETTLE_S + 5)
    target.runtime.gate.set()
    await fleet.run(1)
    assert draining.done()
    await owner.close()


# --- operators --------------------------------------------------------------------------------


async def test_actions_reach_other_nodes_and_are_answered(fleet: EngineFleet) -> None:
    engine = fleet.nodes[0].engine
    assert engine is not None
    results: list[messages.CommandResult] = []
    engine.subscribe(lambda touched: results.extend(touched.results))
    await fleet.nodes[2].stop()
    await fleet.run(1)
    await engine.act("job", "pause", None, tuple(node.me for node in fleet.nodes), None, "root", "")
    await fleet.run(1)
    assert {(result.job.partition("/")[2], result.outcome) for result in results} == {
        ("SHA256:0", "done"),
        ("SHA256:1", "done"),
        ("SHA256:2", "unreachable"),
    }
    second = fleet.nodes[1].engine
    assert second is not None
    assert second.state.report.paused
    assert "operator-acted" in [note.code for note in second.notes]


async def test_a_peer_that_goes_owes_no_answer(fleet: EngineFleet) -> None:
    engine = fleet.nodes[0].engine
    assert engine is not None
    results: list[messages.CommandResult] = []
    engine.subscribe(lambda touched: results.extend(touched.results))
    fleet.hub.cut(fleet.nodes[0].me, fleet.nodes[1].me)
    await engine.act("job", "pause", None, (fleet.nodes[1].me,), None, "root", "")
    assert results == []
    await fleet.run(30)
    assert [result.outcome for result in results] == ["unreachable"]


async def test_an_answer_that_nobody_asked_for_is_ignored(fleet: EngineFleet) -> None:
    engine = fleet.nodes[0].engine
    assert engine is not None
    results: list[messages.CommandResult] = []
    engine.subscribe(lambda touched: results.extend(touched.results))
    peers = fleet.nodes[1].engine
    assert peers is not None
    peers.loop._carry_out(Send(fleet.nodes[0].me, messages.CommandResult(JobId("job/x"), "done", 99)))
    await fleet.run(1)
    assert results == []


async def test_a_peer_tells_of_its_attempts_and_one_out_of_reach_does_not(fleet: EngineFleet) -> None:
    data = fleet.contents.pack("v1", "app:1")
    fleet.nodes[0].drop("app.tar", data)
    await fleet.run(SETTLE_S + 10)
    here, there = fleet.nodes[0], fleet.nodes[1]
    assert here.engine is not None
    assert there.engine is not None
    told, _ = await asyncio.gather(here.engine.peer_attempts(there.me, digest_of(data)), fleet.run(1))
    assert told
    assert told == await there.engine.attempts(digest_of(data))
    await there.stop()
    await fleet.run(1)
    with pytest.raises(NodeUnreachableError, match="closed by the peer"):
        await here.engine.peer_attempts(there.me, digest_of(data))


# --- streamed files ---------------------------------------------------------------------------


async def stream(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_a_streamed_file_is_published_under_the_name_that_was_meant(fleet: EngineFleet) -> None:
    """Somebody's file of that name stays; the new one is known by the name that was given."""
    node = fleet.nodes[0]
    other, data, newer = (fleet.contents.pack(label, f"{label}:1") for label in ("other", "one", "two"))
    fleet.nodes[1].drop("app.tar", other)
    await fleet.run(SETTLE_S + 10)
    assert node.engine is not None
    assert (await node.engine.take_file("app.tar", stream(data), None))[1] == "app.tar.2"
    await fleet.run(10)
    entry = node.engine.state.entries[digest_of(data)]
    assert (entry.name, entry.selector.nodes) == ("app.tar", None)
    assert fleet.states(data) == fleet.states(other) == ["ready"] * 3
    await node.engine.take_file("app.tar", stream(newer), None)
    await fleet.run(30)
    assert not node.engine.state.entries[digest_of(data)].active
    assert node.engine.state.entries[digest_of(other)].active
    assert fleet.states(newer) == ["ready"] * 3


async def test_a_streamed_file_goes_to_the_nodes_that_were_named(fleet: EngineFleet) -> None:
    node, data = fleet.nodes[0], fleet.contents.pack("v1", "app:1")
    assert node.engine is not None
    await node.engine.take_file("app.tar", stream(data), (fleet.nodes[2].me,))
    await fleet.run(20)
    assert fleet.states(data) == ["ready", "-", "ready"]


@pytest.mark.parametrize(
    "name", ["../app.tar", "a/b.tar", ".hidden.tar", "app.tar.part", "a\nb.tar", "", "a\u202eb.tar"]
)
async def test_a_streamed_file_s_name_must_be_one(fleet: EngineFleet, name: str) -> None:
    engine = fleet.nodes[0].engine
    assert engine is not None
    with pytest.raises(UsageError):
        await engine.take_file(name, stream(b"data"), None)
    assert fleet.nodes[0].store.received == {}
