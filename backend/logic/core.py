"""The single entrance to the decisions: (state, event) -> commands."""

from collections.abc import Callable
from typing import Any

from backend.logic import (
    exchange,
    fetching,
    files,
    full_disks,
    isolation,
    loading,
    mesh,
    operating,
    outages,
    peers,
    publishing,
    reconciling,
    recovery,
    relaying,
    retention,
    room,
    serving,
    stranded,
)
from backend.logic.state import NodeState
from backend.logic.turn import Turn
from backend.model import events, messages
from backend.model.archive import KnownFile
from backend.model.commands import Cmd, Send
from backend.model.errors import DsyncError, RefusedError
from backend.model.events import Event, Level
from backend.model.ids import JobId, NodeId
from backend.model.plain import plain


def decide(state: NodeState, event: Event, now: float, chance: float) -> list[Cmd]:
    """Apply ``event`` to ``state`` and return what is to be done: persisted changes first in force, then acts.

    ``now`` is epoch seconds, ``chance`` in [0, 1). Nothing else may change ``state``. Where a decision breaks off by a
    bug its error is raised, and what it changed of that which the ledger mirrors is taken back: it happens whole or not
    at all. ``broke`` says what is to be decided on next.
    """
    turn = Turn(state, now, chance, state.clock.at(now))
    handler = _HANDLERS.get(type(event))
    try:
        if handler is not None:
            handler(turn, event)
        return turn.finish()
    except Exception:
        turn.take_back()
        about = getattr(event.message if isinstance(event, events.PeerSpoke) else event, "digest", None)
        if about is not None:
            state.torn.add(about)
        raise


def broke(event: Event, error: Exception) -> events.DecisionBroke:
    """Return the event that follows one whose decision broke off by ``error``."""
    kind, job, origin = type(event).__name__, JobId(""), None
    match event:
        case events.PeerSpoke(node=node, message=message):
            kind = f"{kind} {type(message).__name__}"
            if isinstance(message, messages.Command):
                job, origin = message.job, node
        case events.OperatorActed():
            job, origin = event.job, event.origin
        case _:
            pass
    problem = DsyncError(detail=plain(f"{type(error).__name__}: {error}", 200)).problem()
    return events.DecisionBroke(kind, problem, job, origin)


def _spoke(turn: Turn, event: events.PeerSpoke) -> None:
    peer = turn.state.peers.get(event.node)
    if peer is None or not peer.up:
        return
    peer.last_seen, peer.heard_at = turn.now, turn.clock
    kind = type(event.message)
    if kind in _GUARDED_MESSAGES and not isolation.takes(turn, event.node, kind):
        return
    handler = _MESSAGE_HANDLERS.get(type(event.message))
    if handler is not None:
        handler(turn, event.node, event.message)


def _commanded(turn: Turn, node: NodeId, message: messages.Command) -> None:
    if not mesh.may_command(turn.state, node):
        refused = RefusedError(what=message.verb, why="admins only").problem()
        turn.add(Send(node, messages.CommandResult(message.job, "refused", 0, refused)))
        return
    operating.on_acted(
        turn,
        events.OperatorActed(
            message.job,
            message.verb,
            message.digests,
            message.expected,
            message.operator,
            message.argument,
            origin=node,
        ),
    )


def _ticked(turn: Turn, _: events.Ticked) -> None:
    mesh.tick(turn)
    exchange.tick(turn)
    relaying.tick(turn)
    outages.tick(turn)
    for node in isolation.tick(turn):
        reconciling.peer_on_trial(turn, node)
    publishing.tick(turn)
    reconciling.tick(turn)
    fetching.tick(turn)
    stranded.tick(turn)
    serving.tick(turn)
    retention.tick(turn)


def _swept(turn: Turn, event: events.Swept) -> None:
    # First of all: afterwards the runtime is being asked about every cell that ended well.
    retention.sweep(turn)
    recovery.on_swept(turn, event)
    mesh.sweep(turn)
    exchange.sweep(turn)
    relaying.sweep(turn)


def _fetched(turn: Turn, event: events.FetchEnded) -> None:
    fetching.on_fetch_ended(turn, event)
    fetching.pump(turn)


def _progressed(turn: Turn, event: events.FetchesProgressed) -> None:
    fetching.on_progress(turn, event)
    peers.on_own_progress(turn, event)


def _verified(turn: Turn, event: events.Verified) -> None:
    reconciling.on_verified(turn, event)
    publishing.remove_replaced(turn, event.digest)
    fetching.pump(turn)


def _verify_failed(turn: Turn, event: events.VerifyFailed) -> None:
    fetching.on_verify_failed(turn, event)
    fetching.pump(turn)


def _looked(turn: Turn, event: events.RuntimeLooked) -> None:
    reconciling.on_looked(turn, event)
    publishing.remove_replaced(turn, event.digest)


def _load_ended(turn: Turn, event: events.LoadEnded) -> None:
    loading.on_ended(turn, event)
    reconciling.reconcile(turn, event.digest)
    publishing.remove_replaced(turn, event.digest)


def _probed(turn: Turn, event: events.RuntimeProbed) -> None:
    if loading.on_probed(turn, event):
        reconciling.release(turn, frozenset({"runtime-sick", "disk-full"}))


def _measured(turn: Turn, event: events.DiskMeasured) -> None:
    before = turn.state.report.disk_problem
    full_disks.measured(turn, event)
    fell = room.look_at_floor(turn)
    sick = event.problem
    if sick is not None and before is None:
        turn.note(Level.ERROR, "disk-sick", problem=sick)
    elif sick is None and before is not None:
        turn.note(Level.INFO, "disk-well")
        reconciling.release(turn, frozenset({before.code}))
        turn.state.copies_at = turn.clock
    if fell or sick is not None:
        fetching.hold_all(turn)


def _renamed(turn: Turn, event: events.FileRenamed) -> None:
    known = turn.state.known_by(event.key)
    if known is None or known.name == event.name:
        return
    files.remember(turn, KnownFile(event.name, event.key, known.digest, known.placed))
    publishing.hold_here(turn, known.digest)


_HANDLERS: dict[type, Callable[[Turn, Any], None]] = {
    events.Started: recovery.on_started,
    events.Ticked: _ticked,
    events.DecisionBroke: recovery.on_broke,
    events.Swept: _swept,
    events.ArchiveArrived: publishing.on_arrived,
    events.ArchiveRejected: publishing.on_rejected,
    events.FileRenamed: _renamed,
    events.FileVanished: publishing.on_vanished,
    events.FileLeftAlone: publishing.on_left_alone,
    events.PeerCame: peers.on_came,
    events.PeerLeft: peers.on_left,
    events.PeerSpoke: _spoke,
    events.StrangerRefused: peers.on_stranger,
    events.RuntimeLooked: _looked,
    events.TicketMade: serving.on_ticket,
    events.FetchesProgressed: _progressed,
    events.FetchEnded: _fetched,
    events.HashesMatched: reconciling.on_hashes_matched,
    events.Verified: _verified,
    events.VerifyFailed: _verify_failed,
    events.LoadBegan: loading.on_began,
    events.LoadEnded: _load_ended,
    events.RuntimeProbed: _probed,
    events.DiskMeasured: _measured,
    events.OperatorActed: operating.on_acted,
    events.SelectorWidened: publishing.widen,
    events.WatchersChanged: peers.on_watchers,
}

_MESSAGE_HANDLERS: dict[type, Callable[[Turn, NodeId, Any], None]] = {
    messages.Entries: peers.on_entries,
    messages.Rows: peers.on_rows,
    messages.Report: peers.on_report,
    messages.Digests: exchange.on_digests,
    messages.Heads: exchange.on_heads,
    messages.Synced: exchange.on_synced,
    messages.Relay: relaying.on_relay,
    messages.WhoHolds: retention.on_who_holds,
    messages.Held: retention.on_held,
    messages.Probe: isolation.on_probe,
    messages.Probed: isolation.on_probed,
    messages.Request: serving.on_request,
    messages.Granted: fetching.on_granted,
    messages.Busy: fetching.on_busy,
    messages.Gone: fetching.on_gone,
    messages.Release: serving.on_release,
    messages.Watch: peers.on_watch,
    messages.ProgressBatch: peers.on_progress,
    messages.Command: _commanded,
}

_GUARDED_MESSAGES = frozenset(
    {
        messages.Entries,
        messages.Digests,
        messages.Heads,
        messages.Relay,
        messages.WhoHolds,
        messages.Request,
        messages.Release,
        messages.Command,
    }
)
"""What a peer may ask of this node, within bounds; a shunned one not at all."""
