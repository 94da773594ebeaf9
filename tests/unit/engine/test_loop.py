"""The single writer: what is not durable is not acted on, and nobody waits for a loop that is no more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from backend.engine import loop as loop_module
from backend.engine.loop import BATCH_EVENTS, EventLoop
from backend.engine.touched import Touched
from backend.logic.core import decide
from backend.logic.state import NodeState, Policy
from backend.model import commands, events
from backend.model.errors import DsyncError, LedgerError
from backend.model.ids import JobId, NodeId
from backend.ports.clock import FakeClock
from backend.ports.fake_ledger import FakeLedger
from backend.ports.tasks import TaskOwner
from tests.support.simulation.bugs import Fuse, built_into_turns

ME = NodeId("SHA256:me")


class SlowLedger(FakeLedger):
    """Commits once ``gate`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def commit(self, changes: tuple[commands.Change, ...]) -> None:
        await self.gate.wait()
        await super().commit(changes)


class Desk:
    """A loop with its ledger. ``acts`` were carried out; ``deaths`` are what tasks died of."""

    def __init__(self) -> None:
        self.ledger = SlowLedger()
        self.acts: list[commands.Act] = []
        self.carry_out: Callable[[commands.Act], None] = self.acts.append
        self.touched: list[Touched] = []
        self.deaths: list[BaseException] = []
        state = NodeState(ME, "me", Policy())
        self.loop = EventLoop(state, self.ledger, FakeClock(), lambda act: self.carry_out(act))
        self.loop.subscribe(self.touched.append)
        self.owner = TaskOwner("test", on_failure=lambda _, error: self.deaths.append(error))

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def answers(self) -> list[commands.Answer]:
        return [act for act in self.acts if isinstance(act, commands.Answer)]


def pause(job: str = "j") -> events.OperatorActed:
    """An event that changes something durable, and is answered."""
    return events.OperatorActed(JobId(job), "pause", None, None, "root")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    await made.ledger.open()
    made.owner.start(made.loop.run(), "loop")
    yield made
    await made.owner.close()


async def test_nothing_is_carried_out_before_it_is_durable(desk: Desk) -> None:
    desk.ledger.gate.clear()
    waiting = desk.owner.start(desk.loop.submit(pause()), "submit")
    await desk.settle()
    assert desk.loop.state.report.paused
    assert (desk.acts, desk.touched, waiting.done()) == ([], [], False)
    desk.ledger.gate.set()
    await desk.settle()
    assert desk.ledger.disk.values["paused"] == "1"
    assert len(desk.answers) == 1
    assert waiting.done()
    assert [result.job for result in desk.touched[0].results] == ["j"]


async def test_events_that_come_while_one_is_written_wait_in_their_order(desk: Desk) -> None:
    desk.ledger.gate.clear()
    desk.loop.post(pause("1"))
    await desk.settle()
    for number in range(2, 5):
        desk.loop.post(pause(str(number)))
    await desk.settle()
    assert desk.loop.backlog == 3
    desk.ledger.gate.set()
    await desk.settle()
    assert [answer.job for answer in desk.answers] == ["1", "2", "3", "4"]
    assert len(desk.ledger.commits) == 2


async def test_many_events_share_a_commit(desk: Desk) -> None:
    for number in range(BATCH_EVENTS + 1):
        desk.loop.post(pause(str(number)))
    await desk.settle()
    assert [len(changes) for changes in desk.ledger.commits] == [BATCH_EVENTS, 1]
    assert len(desk.answers) == BATCH_EVENTS + 1


async def test_what_changes_nothing_durable_costs_no_commit(desk: Desk) -> None:
    await desk.loop.submit(events.Ticked())
    await desk.loop.submit(events.WatchersChanged(0))
    assert desk.ledger.commits == []


async def test_a_ledger_that_fails_ends_the_loop_before_anything_is_done(desk: Desk) -> None:
    """Going on would tell peers, and run programs, on the strength of what a restart does not know."""
    error = desk.ledger.problem = LedgerError(path="ledger.db", detail="disk I/O error")
    desk.ledger.gate.clear()
    first = desk.owner.start(_caught(desk.loop.submit(pause())), "first")
    await desk.settle()
    second = desk.owner.start(_caught(desk.loop.submit(pause())), "second")
    await desk.settle()
    desk.ledger.gate.set()
    await desk.settle()
    assert (desk.acts, desk.touched) == ([], [])
    assert desk.deaths == [error]
    assert (first.result(), second.result()) == (error, error)
    with pytest.raises(LedgerError):
        await desk.loop.submit(pause())


async def test_whoever_waits_is_told_that_the_daemon_stops(desk: Desk) -> None:
    desk.ledger.gate.clear()
    waiters = TaskOwner("waiters")
    waiting = waiters.start(_caught(desk.loop.submit(pause())), "submit")
    await desk.settle()
    await desk.owner.close()
    await desk.settle()
    assert isinstance(waiting.result(), DsyncError)
    await waiters.close()


async def test_one_decision_that_breaks_harms_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def moody(state: NodeState, event: events.Event, now: float, chance: float) -> list[commands.Cmd]:
        if isinstance(event, events.Ticked):
            raise ZeroDivisionError
        return decide(state, event, now, chance)

    monkeypatch.setattr(loop_module, "decide", moody)
    await desk.loop.submit(events.Ticked())
    await desk.loop.submit(pause())
    assert len(desk.answers) == 1
    assert desk.deaths == []


async def test_what_breaks_off_is_told_and_its_operator_answered(desk: Desk) -> None:
    """It is decided on before anything else, once; the action counts as refused, with the error."""
    fuse = Fuse()
    with built_into_turns(fuse):
        fuse.left = 1
        desk.loop.post(pause("broken"))
        desk.loop.post(pause("whole"))
        await desk.settle()
    broken, whole = desk.answers
    assert (broken.job, broken.result.outcome, broken.result.count) == ("broken", "refused", 0)
    assert broken.result.problem is not None
    assert broken.result.problem.params["detail"] == "BugError: "
    assert (whole.job, whole.result.outcome) == ("whole", "done")
    told = [act.note for act in desk.acts if isinstance(act, commands.Remark)]
    assert [note.code for note in told] == ["decision-broke", "operator-acted"]
    assert told[0].params == {"what": "OperatorActed"}
    assert desk.deaths == []


async def test_what_breaks_off_again_and_again_is_told_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def moody(state: NodeState, event: events.Event, now: float, chance: float) -> list[commands.Cmd]:
        if isinstance(event, events.Ticked):
            raise ZeroDivisionError
        return decide(state, event, now, chance)

    monkeypatch.setattr(loop_module, "decide", moody)
    for _ in range(10):
        await desk.loop.submit(events.Ticked())
    assert [type(act) for act in desk.acts] == [commands.Remark]


async def test_mending_that_breaks_off_itself_is_not_mended_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def broken(state: NodeState, event: events.Event, now: float, chance: float) -> list[commands.Cmd]:
        asked.append(type(event))
        raise ZeroDivisionError

    monkeypatch.setattr(loop_module, "decide", broken)
    await desk.loop.submit(events.Ticked())
    await desk.settle()
    assert asked == [events.Ticked, events.DecisionBroke]
    assert desk.deaths == []


async def test_a_recovery_that_breaks_off_ends_the_loop(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what the ledger knows is no state to begin with; whoever starts the node is told."""

    def broken(state: NodeState, event: events.Event, now: float, chance: float) -> list[commands.Cmd]:
        raise ZeroDivisionError("by a row")

    monkeypatch.setattr(loop_module, "decide", broken)
    told = await _caught(desk.loop.submit(events.Started({})))
    assert told is not None
    assert told.params["detail"] == "ZeroDivisionError: by a row"
    await desk.settle()
    assert [type(error) for error in desk.deaths] == [ZeroDivisionError]


async def test_a_listener_that_breaks_harms_no_other(desk: Desk) -> None:
    def broken(touched: Touched) -> None:
        raise ZeroDivisionError

    end = desk.loop.subscribe(broken)
    later: list[Touched] = []
    desk.loop.subscribe(later.append)
    await desk.loop.submit(pause())
    assert len(later) == 1
    end()
    await desk.loop.submit(pause())
    assert len(later) == 2


async def test_what_breaks_while_it_is_carried_out_is_fatal_and_told(desk: Desk) -> None:
    """An act that silently did not happen would leave a delivery hanging for ever."""

    def broken(act: commands.Act) -> None:
        raise ZeroDivisionError("by an act")

    desk.carry_out = broken
    await _caught(desk.loop.submit(pause()))
    await desk.settle()
    assert [type(error) for error in desk.deaths] == [ZeroDivisionError]
    told = await _caught(desk.loop.submit(pause()))
    assert told is not None
    assert told.params["detail"] == "ZeroDivisionError: by an act"


async def _caught(submitting: Awaitable[None]) -> DsyncError | None:
    try:
        await submitting
    except DsyncError as error:
        return error
    return None
