"""What an operator asks of this node's own cells."""

from collections.abc import Callable, Iterable

import msgspec

from backend.logic import fetching, full_disks, loading, publishing, reconciling
from backend.logic.state import NodeState
from backend.logic.turn import Turn, trace_of
from backend.model.archive import EntryState
from backend.model.commands import Answer, SaveValue, Send
from backend.model.delivery import Cancelled, Delivery, Held, Queued, Waiting
from backend.model.errors import CountChangedError, Problem, RefusedError, Retry
from backend.model.events import Level, OperatorActed
from backend.model.ids import Digest, NodeId
from backend.model.messages import CommandResult

RETRIED_STATES = frozenset({"waiting", "failed", "cancelled"})
PAUSED = Problem("paused", retry=Retry.HOLD)


def on_acted(turn: Turn, event: OperatorActed) -> None:
    """Do it and answer, to a peer or to this node's own console."""
    result = _done(turn, event)
    who = event.operator or "?"
    turn.note(
        Level.INFO,
        "operator-acted",
        verb=event.verb,
        operator=who,
        count=result.count,
        outcome=result.outcome,
    )
    if event.origin is None:
        turn.add(Answer(event.job, result))
    else:
        turn.add(Send(event.origin, result))


def _done(turn: Turn, event: OperatorActed) -> CommandResult:
    if event.verb in _NODE_VERBS:
        _NODE_VERBS[event.verb](turn, event)
        return CommandResult(event.job, "done", 1)
    if event.verb == "withdraw":
        return CommandResult(event.job, "done", _withdraw(turn, event))
    if event.verb not in _CELL_VERBS:
        refused = RefusedError(what=event.verb, why="unknown")
        return CommandResult(event.job, "refused", 0, refused.problem())
    _, act = _CELL_VERBS[event.verb]
    rows = concerned(turn.state, turn.state.me, event.verb, event.digests)
    if event.expected is not None and event.expected != len(rows):
        changed = CountChangedError(expected=event.expected, found=len(rows))
        return CommandResult(event.job, "refused", len(rows), changed.problem())
    for row in rows:
        act(turn, row)
    return CommandResult(event.job, "done", len(rows))


def concerned(state: NodeState, node: NodeId, verb: str, digests: Iterable[Digest] | None) -> list[Delivery]:
    """A node's cells of active archives, as far as they are reported here, that ``verb`` would act on."""
    concerns, _ = _CELL_VERBS[verb]
    rows = state.rows.get(node, {})
    return [
        row
        for digest in (rows if digests is None else digests)
        if (row := rows.get(digest)) is not None
        and concerns(row)
        and (entry := state.entries.get(digest)) is not None
        and entry.active
    ]


def _sync(turn: Turn, row: Delivery) -> None:
    if row.happy:
        reconciling.recheck(turn, row.digest)
    elif row.digest not in turn.state.work:
        _retry(turn, row)


def _retry(turn: Turn, row: Delivery) -> None:
    _believe_in_room(turn)
    turn.put(row, Queued(), retries=0, note=None)
    reconciling.reconcile(turn, row.digest)


def _believe_in_room(turn: Turn) -> None:
    """A person knows better than what was measured whether a disk that was full has room."""
    if full_disks.forget(turn):
        reconciling.release(turn, frozenset({"disk-full"}))


def _cancel(turn: Turn, row: Delivery) -> None:
    fetching.leave_sources(turn, row.digest)
    turn.drop_work(row.digest)
    turn.put(row, Cancelled(), note="operator")
    loading.pump(turn)


def _load(turn: Turn, row: Delivery) -> None:
    entry = turn.state.entries[row.digest]
    _believe_in_room(turn)
    if turn.state.policy.has_runtime and row.digest not in turn.state.work:
        loading.queue(turn, entry, turn.put(row, Queued()), force=True)


def _pause(turn: Turn, event: OperatorActed) -> None:
    turn.report(paused=True)
    turn.add(SaveValue("paused", "1"))
    for digest, row in list(turn.state.rows.get(turn.state.me, {}).items()):
        work = turn.state.work.get(digest)
        if isinstance(row.state, Queued | Waiting) and (work is None or work.step in ("asking", "fetch-queued")):
            fetching.leave_sources(turn, digest)
            turn.drop_work(digest)
            turn.put(row, Held(PAUSED))


def _resume(turn: Turn, event: OperatorActed) -> None:
    turn.report(paused=False)
    turn.add(SaveValue("paused", ""))
    reconciling.release(turn, frozenset({"paused"}))


def _limit(turn: Turn, event: OperatorActed) -> None:
    turn.report(bandwidth_bps=int(event.argument or "0"))
    turn.add(SaveValue("bandwidth_bps", event.argument or "0"))


def _withdraw(turn: Turn, event: OperatorActed) -> int:
    """End archives for the fleet; how many. Only those that are named: there is no withdrawing of all at once."""
    purge, ended = event.argument == "purge", []
    for digest in dict.fromkeys(event.digests or ()):
        entry = turn.state.entries.get(digest)
        if entry is None or (entry.state is EntryState.WITHDRAWN and (entry.purge or not purge)):
            continue
        turn.publish(msgspec.structs.replace(entry, withdrawn_at=turn.next_order(), purge=purge))
        turn.note(Level.INFO, "withdrawn", trace_of(digest), name=entry.name)
        ended.append(digest)
    publishing.catalog_changed(turn, ended)
    return len(ended)


def _any(row: Delivery) -> bool:
    return True


def _retried(row: Delivery) -> bool:
    return row.state_name in RETRIED_STATES


def _open(row: Delivery) -> bool:
    return not row.ended


def _stored_here(row: Delivery) -> bool:
    return row.stored


_CELL_VERBS: dict[str, tuple[Callable[[Delivery], bool], Callable[[Turn, Delivery], None]]] = {
    "sync": (_any, _sync),
    "retry": (_retried, _retry),
    "cancel": (_open, _cancel),
    "load": (_stored_here, _load),
}
_NODE_VERBS: dict[str, Callable[[Turn, OperatorActed], None]] = {
    "pause": _pause,
    "resume": _resume,
    "limit": _limit,
}
NODE_VERBS = frozenset(_NODE_VERBS)
CELL_VERBS = frozenset(_CELL_VERBS)
