"""Holders give few slots at a time; the others stand in line, and the grant is pushed."""

from functools import partial
from itertools import islice

from backend.logic import isolation, publishing
from backend.logic.state import Served
from backend.logic.turn import Turn, name_of, trace_of
from backend.model.commands import DropTicket, MakeTicket, Send
from backend.model.errors import FloodError
from backend.model.events import FileVanished, Level, TicketMade
from backend.model.ids import Digest, NodeId
from backend.model.messages import Busy, Gone, Granted, Release, Request

AWAY_S = 10.0
"""A peer that came back and did not repeat its request for that long has no use for its slot."""

OTHERS_TOLD = 16
"""So many other holders are named to a peer that has to wait."""

PLACES_OF_ONE = 64
"""Requests of one peer that may stand in line here: it asks for a few archives at a time."""

SLOT_AT_LEAST_S = 60.0
SLOT_BPS = 64 * 1024
"""A reader slower than this over a whole archive keeps on reading, but while others wait its slot is given to them."""


ASKED_IN_VAIN_EVERY_S = 10.0
"""Requests of one peer for what is not known here are told at most so often: a flood must not fill the log."""


def _tell_asked_in_vain(turn: Turn, node: NodeId, digest: Digest) -> None:
    peer = turn.state.peers[node]
    if turn.clock - peer.asked_in_vain_at >= ASKED_IN_VAIN_EVERY_S:
        peer.asked_in_vain_at = turn.clock
        turn.note(Level.INFO, "unknown-archive-requested", peer=name_of(turn.state, node), digest=digest)


def on_request(turn: Turn, node: NodeId, message: Request) -> None:
    """A peer asks for a slot."""
    state, digest = turn.state, message.digest
    entry = state.entries.get(digest)
    if entry is None or not entry.active or state.file_of(digest) is None:
        if entry is None:
            _tell_asked_in_vain(turn, node, digest)
        turn.add(Send(node, Gone(digest)))
        return
    slot = _slot(turn, node, digest)
    if slot is not None:
        slot.away_since = None
        _grant(turn, node, digest)
        return
    serving = state.serving
    if (node, digest) not in serving.line:
        if serving.places[node] >= PLACES_OF_ONE:
            detail = f"more than {PLACES_OF_ONE} places in line"
            isolation.misbehaved(turn, node, FloodError(peer=name_of(state, node), detail=detail).problem())
            return
        _join_line(turn, node, digest)
    pump(turn)
    if (node, digest) in serving.line:
        turn.add(Send(node, Busy(digest, len(serving.line), _others(turn, node, digest))))


def _others(turn: Turn, node: NodeId, digest: Digest) -> tuple[NodeId, ...]:
    others = (other for other in turn.state.book.each_holder_of(digest) if other not in (node, turn.state.me))
    return tuple(islice(others, OTHERS_TOLD))


def _slot(turn: Turn, node: NodeId, digest: Digest) -> Served | None:
    return next((slot for slot in turn.state.serving.slots if slot.node == node and slot.digest == digest), None)


def pump(turn: Turn) -> None:
    """Give free slots to the head of the line; a peer that has one comes after those that have none."""
    serving = turn.state.serving
    while serving.line and len(serving.slots) < turn.state.policy.serve_slots:
        having = {slot.node for slot in serving.slots}
        head = next((place for place in serving.line if place[0] not in having), next(iter(serving.line)))
        _leave_line(turn, *head)
        slot = Served(*head, since=turn.clock)
        serving.slots.append(slot)
        turn.on_failure(partial(serving.slots.remove, slot))
        _grant(turn, *head)


def _join_line(turn: Turn, node: NodeId, digest: Digest) -> None:
    turn.state.serving.join(node, digest)
    turn.on_failure(partial(turn.state.serving.leave, node, digest))


def _leave_line(turn: Turn, node: NodeId, digest: Digest) -> None:
    if turn.state.serving.leave(node, digest):
        turn.on_failure(partial(turn.state.serving.join, node, digest))


def _grant(turn: Turn, node: NodeId, digest: Digest) -> None:
    known, peer = turn.state.file_of(digest), turn.state.peers.get(node)
    if known is None or peer is None:
        _drop(turn, node, digest)
        turn.add(Send(node, Gone(digest)))
        return
    turn.add(MakeTicket(digest, node, peer.address, known.name, known.key))


def on_ticket(turn: Turn, event: TicketMade) -> None:
    """The ticket stands (or the file is no longer what it was): tell the one who asked."""
    entry = turn.state.entries.get(event.digest)
    if _slot(turn, event.node, event.digest) is None:
        turn.add(DropTicket(event.digest, event.node))
    elif event.ticket is None or entry is None:
        if event.ticket is None and event.problem is None:
            _file_changed(turn, event.digest)
        _drop(turn, event.node, event.digest)
        turn.add(Send(event.node, Gone(event.digest)))
        pump(turn)
    else:
        turn.add(Send(event.node, Granted(event.digest, event.ticket, entry.size_bytes)))
        turn.note(
            Level.DEBUG,
            "granted",
            trace_of(event.digest),
            name=entry.name,
            peer=name_of(turn.state, event.node),
        )


def _file_changed(turn: Turn, digest: Digest) -> None:
    """The file is no longer what it was: this node says so before anybody else asks for it."""
    known = turn.state.file_of(digest)
    if known is not None:
        publishing.on_vanished(turn, FileVanished(known.name))


def on_release(turn: Turn, node: NodeId, message: Release) -> None:
    """A peer needs its slot, or its place, no longer."""
    _leave_line(turn, node, message.digest)
    _drop(turn, node, message.digest)
    pump(turn)


def _drop(turn: Turn, node: NodeId, digest: Digest) -> None:
    slot = _slot(turn, node, digest)
    if slot is not None:
        turn.state.serving.slots.remove(slot)
        turn.on_failure(partial(turn.state.serving.slots.append, slot))
        turn.add(DropTicket(digest, node))


def peer_lost(turn: Turn, node: NodeId) -> None:
    """A channel is gone: its place in the line is void, its running transfers keep their slots for a grace."""
    serving = turn.state.serving
    for place in [place for place in serving.line if place[0] == node]:
        _leave_line(turn, *place)
    for slot in serving.slots:
        if slot.node == node:
            slot.away_since = turn.clock


def tick(turn: Turn) -> None:
    """Slots whose owner stayed away, or came back without asking for them again, are free."""
    _give_up_crawlers(turn)
    for slot in list(turn.state.serving.slots):
        if slot.away_since is None:
            continue
        peer = turn.state.peers.get(slot.node)
        grace_s = AWAY_S if peer is not None and peer.up else turn.state.policy.grace_s
        since = max(slot.away_since, peer.since) if peer is not None and peer.up else slot.away_since
        if turn.clock - since > grace_s:
            _drop(turn, slot.node, slot.digest)
    pump(turn)


def _give_up_crawlers(turn: Turn) -> None:
    for slot in list(turn.state.serving.slots) if turn.state.serving.line else ():
        entry = turn.state.entries.get(slot.digest)
        size_bytes = entry.size_bytes if entry is not None else 0
        if turn.clock - slot.since > SLOT_AT_LEAST_S + size_bytes / SLOT_BPS:
            _drop(turn, slot.node, slot.digest)
