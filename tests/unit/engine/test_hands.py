"""Commands become work: one step of a delivery at a time, each with an end that is told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from backend.model import commands, events, messages
from backend.model.archive import CatalogEntry, FileKey
from backend.model.errors import LoadRefusedError, StoreError
from backend.model.ids import Fingerprint, Hashes, JobId
from backend.model.runtime import RuntimeView
from backend.ports.runtime import LoadLock, Question
from tests.support.engine import entry_of
from tests.support.engine_room import PEER, EngineRoom

APP = "docker.io/library/app:1"
ENTRY = msgspec.structs.replace(entry_of(1, tags=(APP,)), fingerprint=Fingerprint("0" * 32))
LOOK = commands.LookAtRuntime(ENTRY)
LOAD = commands.Load(ENTRY, ENTRY.name, (), False, None)
VERIFY = commands.Verify(ENTRY, PEER)
STOP = commands.StopWork(ENTRY.digest)
DISCARD = commands.DiscardIncoming(ENTRY.digest, ENTRY.fingerprint)


class SlowEnding:
    """A runtime's load that takes its time to end when it is cancelled, as one that has a child to end does."""

    def __init__(self, room: EngineRoom) -> None:
        self.may_end = asyncio.Event()
        self.running = 0
        self.most = 0
        self.ended = 0
        room.runtime.load = self.load  # type: ignore[method-assign]

    async def load(self, path: Path, entry: CatalogEntry, lock: LoadLock) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.Event().wait()
        finally:
            await self.may_end.wait()
            self.running -= 1
            self.ended += 1


@pytest.fixture
async def room() -> AsyncIterator[EngineRoom]:
    made = EngineRoom()
    await made.source_door.open()
    await made.door.open()
    yield made
    await made.close()


async def settle(room: EngineRoom) -> None:
    await room.clock.settle()


# --- steps and their ends ---------------------------------------------------------------------


async def test_a_look_is_told(room: EngineRoom) -> None:
    room.hands.carry_out(LOOK)
    await settle(room)
    assert room.told == [events.RuntimeLooked(ENTRY.digest, RuntimeView({}, {APP: None}))]


async def test_a_look_at_a_sick_runtime_is_told(room: EngineRoom) -> None:
    room.runtime.sick = True
    room.hands.carry_out(LOOK)
    await settle(room)
    (told,) = room.told
    assert isinstance(told, events.RuntimeLooked)
    assert told.view is None
    assert told.problem is not None
    assert told.problem.code == "runtime-sick"


async def test_a_load_persists_the_tags_before_it_changes_them(room: EngineRoom) -> None:
    loads_when_begun = []
    room.loop.on_submit = lambda event: loads_when_begun.append(list(room.runtime.loads))
    room.hands.carry_out(LOAD)
    await settle(room)
    began, ended = room.told
    assert began == events.LoadBegan(ENTRY.digest, {APP: None})
    assert loads_when_begun == [[]]
    assert isinstance(ended, events.LoadEnded)
    assert (ended.loaded, ended.problem) == (True, None)
    assert room.runtime.tags == {APP: ENTRY.images[0].config}


async def test_a_refused_load_is_told_with_its_reason(room: EngineRoom) -> None:
    room.runtime.failure = LoadRefusedError(name="app.tar", runtime="docker", detail="invalid tar header")
    room.hands.carry_out(LOAD)
    await settle(room)
    assert room.told[-1] == events.LoadEnded(
        ENTRY.digest,
        None,
        False,
        LoadRefusedError(name="app.tar", runtime="docker", detail="invalid tar header").problem(),
    )


async def test_a_fetch_and_a_verification_that_fail_are_told(room: EngineRoom) -> None:
    room.hands.carry_out(commands.Fetch(ENTRY, PEER, messages.Ticket(1, "dsync", "p", "u", "s")))
    await settle(room)
    room.hands.carry_out(VERIFY)
    await settle(room)
    fetched, verified = room.told
    assert isinstance(fetched, events.FetchEnded)
    assert isinstance(verified, events.VerifyFailed)
    assert fetched.problem is not None
    assert (fetched.problem.code, verified.problem.code) == ("transfer-failed", "store-unusable")


@pytest.mark.parametrize("command", [LOOK, LOAD, VERIFY], ids=["look", "load", "verify"])
async def test_what_nobody_thought_of_is_told_too(
    room: EngineRoom, command: commands.Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the delivery would stay in that state until the daemon is restarted."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("by a runtime")

    async def broken_hash(path: Path) -> Hashes:
        raise ZeroDivisionError("by a runtime")

    room.store.fetch(ENTRY.fingerprint, b"x")
    monkeypatch.setattr(room.runtime, "look", broken)
    monkeypatch.setattr(room.runtime, "look_at_all", broken)
    room.inspector.hash = broken_hash  # type: ignore[method-assign]
    room.hands.carry_out(command)
    await settle(room)
    (told,) = room.told
    assert isinstance(told, events.RuntimeLooked | events.LoadEnded | events.VerifyFailed)
    assert told.problem is not None
    assert told.problem.code == "internal"
    assert told.problem.params["detail"] == "ZeroDivisionError: by a runtime"


# --- one at a time ----------------------------------------------------------------------------


async def test_a_step_waits_until_the_stopped_one_is_really_over(room: EngineRoom) -> None:
    slow = SlowEnding(room)
    room.hands.carry_out(LOAD)
    await settle(room)
    room.hands.carry_out(STOP)
    room.hands.carry_out(LOOK)
    await settle(room)
    assert [type(event) for event in room.told] == [events.LoadBegan]
    slow.may_end.set()
    await settle(room)
    assert [type(event) for event in room.told] == [events.LoadBegan, events.RuntimeLooked]


@pytest.mark.parametrize("breath", [True, False])
async def test_a_step_waits_for_one_that_ends_behind_another_that_was_stopped(room: EngineRoom, breath: bool) -> None:
    """Stopped twice in a row: the first still has a child to end."""
    slow = SlowEnding(room)
    room.hands.carry_out(LOAD)
    await settle(room)
    for _ in range(3):
        room.hands.carry_out(STOP)
        room.hands.carry_out(LOAD)
        if breath:
            await settle(room)
    assert (slow.running, slow.ended) == (1, 0)
    slow.may_end.set()
    await settle(room)
    assert (slow.running, slow.ended, slow.most) == (1, 1, 1)


async def test_a_stopped_step_tells_nothing(room: EngineRoom) -> None:
    room.runtime.gate.clear()
    room.hands.carry_out(LOAD)
    await settle(room)
    room.hands.carry_out(STOP)
    await settle(room)
    assert [type(event) for event in room.told] == [events.LoadBegan]
    room.hands.carry_out(STOP)
    await settle(room)
    assert len(room.told) == 1


async def test_steps_of_different_deliveries_run_side_by_side(room: EngineRoom) -> None:
    room.runtime.gate.clear()
    room.hands.carry_out(LOAD)
    other = entry_of(2)
    room.hands.carry_out(commands.LookAtRuntime(other))
    await settle(room)
    assert events.RuntimeLooked(other.digest, RuntimeView({}, {})) in room.told


async def test_an_unfinished_fetch_is_removed_only_when_its_fetch_is_over(room: EngineRoom) -> None:
    """rsync would go on writing to what is no longer there, or the next fetch find half of it gone."""
    room.store.fetch(ENTRY.fingerprint, b"half")
    slow = SlowEnding(room)
    room.hands.carry_out(LOAD)
    await settle(room)
    room.hands.carry_out(STOP)
    room.hands.carry_out(DISCARD)
    await settle(room)
    assert ENTRY.fingerprint in room.store.fetched
    slow.may_end.set()
    await settle(room)
    assert room.store.fetched == {}


async def test_the_next_step_waits_until_the_unfinished_fetch_is_removed(room: EngineRoom) -> None:
    gate, order = asyncio.Event(), []

    async def discard(fingerprint: Fingerprint) -> int:
        await gate.wait()
        order.append("discarded")
        return 0

    async def look(questions: Sequence[Question]) -> list[RuntimeView]:
        order.append("looked")
        return [RuntimeView({}, {}) for _ in questions]

    room.store.discard_incoming = discard  # type: ignore[method-assign]
    room.runtime.look_at_all = look  # type: ignore[method-assign]
    room.hands.carry_out(DISCARD)
    room.hands.carry_out(LOOK)
    room.hands.carry_out(STOP)
    room.hands.carry_out(LOOK)
    await settle(room)
    assert order == []
    gate.set()
    await settle(room)
    assert order == ["discarded", "looked"]


# --- the others -------------------------------------------------------------------------------


async def test_what_is_removed_is_still_what_it_was(room: EngineRoom) -> None:
    key = room.store.put("old.tar", b"old")
    room.hands.carry_out(commands.RemoveStored("old.tar", FileKey(1, 2, 3, 4)))
    await settle(room)
    assert "old.tar" in room.store.files
    room.hands.carry_out(commands.RemoveStored("old.tar", key))
    await settle(room)
    assert room.store.files == {}


async def test_a_removal_that_fails_harms_nobody(room: EngineRoom, caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(name: str, key: FileKey) -> bool:
        raise StoreError(path="/store", detail="Read-only file system")

    room.store.remove = refuse  # type: ignore[method-assign]
    room.hands.carry_out(commands.RemoveStored("old.tar", FileKey(1, 2, 3, 4)))
    await settle(room)
    assert "Read-only file system" in caplog.text


async def test_remarks_are_kept_and_logged(room: EngineRoom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "dsync.events")
    for number in range(1005):
        note = events.Note(float(number), events.Level.ALERT, "delivery-failed")
        room.hands.carry_out(commands.Remark(note))
    assert [note.at for note in room.hands.notes] == [float(number) for number in range(5, 1005)]
    assert len(caplog.records) == 1005
    assert caplog.records[0].levelname == "CRITICAL"


async def test_answers_for_a_console_are_no_work(room: EngineRoom) -> None:
    room.hands.carry_out(commands.Answer(JobId("j"), messages.CommandResult(JobId("j"), "done")))
    room.hands.carry_out(commands.Send(PEER, messages.Watch(True)))
    room.hands.carry_out(commands.Broadcast(messages.Watch(True)))
    await settle(room)
    assert room.told == []


async def test_closing_ends_all_that_runs(room: EngineRoom) -> None:
    slow = SlowEnding(room)
    slow.may_end.set()
    room.hands.carry_out(LOAD)
    await settle(room)
    room.hands.carry_out(LOOK)
    await room.hands.close()
    assert (slow.running, slow.ended) == (0, 1)
    assert [type(event) for event in room.told] == [events.LoadBegan]
