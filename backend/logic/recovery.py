"""What a start makes of what the ledger remembers: the one place that knows about crashes.

Whatever the engine was doing when it was killed is begun anew from what is durable: bytes in ``.incoming`` count
again when
the fetch resumes, a placed file is known by its inode, and an image that a surviving loader brought in is found by
asking the
runtime under its lock.
"""

from functools import partial

from backend.logic import files, learning, loading, mesh, publishing, reconciling, tags
from backend.logic.retention import COPIES_AFTER_START_S
from backend.logic.turn import Turn
from backend.model.archive import FileKey, KnownFile
from backend.model.commands import Answer, Send, StopWork
from backend.model.delivery import Delivery, Failed, Held, Loading, Queued, Transferring, Verifying, Waiting
from backend.model.errors import Retry
from backend.model.events import DecisionBroke, FileVanished, Level, Started, Swept
from backend.model.ids import Digest
from backend.model.messages import CommandResult, Release

TORN_TOLD_EVERY_S = 300.0
"""A decision that breaks off again and again is told at most so often; the daemon's log has each."""


def on_started(turn: Turn, event: Started) -> None:
    """Recover, then reconcile every cell with the catalog."""
    state = turn.state
    state.read_rows()
    state.owners = tags.owners(state.entries.values())
    state.entries.take_moved_tags()
    _finish_placings(turn, event.store_files)
    for row in list(state.rows.get(state.me, {}).values()):
        _recover(turn, row)
    _drop_missing(turn, event.store_files)
    state.started, state.started_clock = True, turn.clock
    state.copies_at = turn.clock + COPIES_AFTER_START_S
    state.old_waits = {
        row.digest: row.version for row in state.rows.get(state.me, {}).values() if isinstance(row.state, Waiting)
    }
    learning.start(turn, event.store_files)
    mesh.start(turn)
    _look_at_all(turn)


def _recover(turn: Turn, row: Delivery) -> None:
    match row.state:
        case Loading(tags_before=before):
            if before:
                turn.state.tags_before[row.digest] = before
            turn.put(row, Queued())
        case Transferring() | Verifying() | Held():
            turn.put(row, Queued())
        case Failed(problem=problem) if problem.retry is not Retry.NEVER:
            # A node that returns tries again what it had given up: the cause may have gone with the outage.
            turn.put(row, Queued(), retries=0)
        case _:
            pass


def on_broke(turn: Turn, event: DecisionBroke) -> None:
    """A decision broke off, and its durable part was taken back."""
    _mend(turn)
    _tell_of_break(turn, event)


def _mend(turn: Turn) -> None:
    """End the work of which nobody knows any more how far it is, and let those deliveries begin anew at the next sweep.

    Not at once: what broke off might be just that.
    """
    state = turn.state
    torn, state.torn = state.torn, set()
    turn.on_failure(partial(state.torn.update, torn))
    publishing.put_owners_right(turn)
    for digest in torn:
        for node in state.mesh.standing:
            # Who gave a slot or a place may be forgotten by now, and its release lost with the decision.
            turn.add(Send(node, Release(digest)))
        turn.drop_work(digest)
        turn.add(StopWork(digest))
        entry = state.entries.get(digest)
        if entry is not None:
            # Should the file stand in the store by now, the next look there finds it like any other.
            files.forget(turn, files.incoming_name(entry))
    for row in list(state.rows.get(state.me, {}).values()):
        if isinstance(row.state, Transferring | Verifying | Loading) and row.digest not in state.work:
            _recover(turn, row)
    for digest in state.work.at("load-queued"):
        if digest not in state.load_line:
            state.load_line.append(digest)
    loading.pump(turn)


def _tell_of_break(turn: Turn, event: DecisionBroke) -> None:
    told = turn.state.torn_told
    if turn.clock - told.get(event.event, float("-inf")) >= TORN_TOLD_EVERY_S:
        told[event.event] = turn.clock
        turn.note(Level.ERROR, "decision-broke", problem=event.problem, what=event.event)
    if event.job:
        result = CommandResult(event.job, "refused", 0, event.problem)
        turn.add(Answer(event.job, result) if event.origin is None else Send(event.origin, result))


def _finish_placings(turn: Turn, store_files: dict[str, FileKey]) -> None:
    by_key = {key: name for name, key in store_files.items()}
    for known in list(turn.state.files.values()):
        if "/" not in known.name:
            continue
        files.forget(turn, known.name)
        placed_as = by_key.get(known.key)
        if placed_as is not None:
            files.remember(turn, KnownFile(placed_as, known.key, known.digest, placed=True))
            row = turn.state.own(known.digest)
            if row is not None and not row.stored:
                turn.put(row, stored=True)


def _drop_missing(turn: Turn, store_files: dict[str, FileKey]) -> None:
    present = set(store_files.values())
    for name, known in list(turn.state.files.items()):
        if "/" not in name and store_files.get(name) != known.key and known.key not in present:
            if name in store_files:
                publishing.was_replaced(turn, name)
            else:
                publishing.on_vanished(turn, FileVanished(name))
    for name in list(turn.state.rejected):
        if name not in store_files:
            files.forget(turn, name)


def on_swept(turn: Turn, event: Swept) -> None:
    """Look again at runtime and catalog; failed and cancelled cells are left alone."""
    if turn.state.torn:
        _mend(turn)
    _look_at_all(turn)


def _look_at_all(turn: Turn) -> None:
    in_order: list[Digest] = sorted(turn.state.entries, key=lambda digest: turn.state.entries[digest].order)
    for digest in in_order:
        reconciling.reconcile(turn, digest)
        reconciling.recheck(turn, digest)
    publishing.remove_ended(turn)
