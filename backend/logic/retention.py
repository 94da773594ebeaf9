"""Who keeps a stored copy: as long as ``keep`` says, and the ``replicas`` nodes that the digest chooses for good.

Those are the nodes with the lowest hash(node ID, digest), whatever they themselves think of it. Others let go of a copy
only once all of those are in touch and say that they have one. Only copies of ``ready`` cells go, and only files that
this daemon placed: a ``stored`` cell is its copy, and what an operator put here is the operator's.
"""

from collections.abc import Iterable
from hashlib import blake2b
from heapq import nsmallest

from backend.logic import fetching, mesh
from backend.logic.state import NodeState, Work
from backend.logic.turn import Turn, trace_of
from backend.model.archive import CatalogEntry
from backend.model.commands import RemoveStored, Send
from backend.model.delivery import Delivery, Ready
from backend.model.events import Level
from backend.model.ids import Digest, NodeId
from backend.model.messages import Held, WhoHolds

COPIES_AFTER_START_S = 30.0
"""By then the peers that are up have said what they hold."""

ASKED_AT_ONCE = 1000
"""Archives of which a hub is asked in one message."""


def tick(turn: Turn) -> None:
    """Get what should be here soon after a start, and when the disk is well again, before the next sweep.

    A node that is started again and again would never sweep.
    """
    state = turn.state
    if state.copies_at is None or turn.clock < state.copies_at:
        return
    state.copies_at = None
    for entry, row in _at_rest(state):
        if not row.stored:
            _get_copy(turn, entry, row)


def sweep(turn: Turn) -> None:
    """Let go of what need not be kept, and get what should be here."""
    state = turn.state
    questions: list[tuple[Digest, tuple[NodeId, ...]]] = []
    for entry, row in _at_rest(state):
        if not row.stored:
            _get_copy(turn, entry, row)
        elif _is_due(turn, row):
            keepers = keepers_of(state, entry)
            if state.me in keepers or not _placed_only(state, entry.digest):
                continue
            if mesh.keeps_all(state):
                if holding(state, entry.digest, keepers) == set(keepers):
                    _let_go(turn, entry, row)
            else:
                questions.append((entry.digest, keepers))
    _ask_hub(turn, questions)


def _at_rest(state: NodeState) -> list[tuple[CatalogEntry, Delivery]]:
    """This node's ``ready`` cells at which nothing is at work."""
    return [
        (entry, row)
        for digest, row in state.rows.get(state.me, {}).items()
        if isinstance(row.state, Ready) and digest not in state.work
        if (entry := state.entries.get(digest)) is not None and entry.active
    ]


def keepers_of(state: NodeState, entry: CatalogEntry) -> tuple[NodeId, ...]:
    """The nodes that keep a copy of an archive for good."""
    nodes = {state.me, *state.peers.roster} if entry.selector.nodes is None else {*entry.selector.nodes, entry.origin}
    able = (node for node in nodes if (node == state.me or node in state.peers) and not _dropped(state, node, entry))
    return tuple(nsmallest(state.policy.replicas, able, key=lambda node: _rank(node, entry.digest)))


def _rank(node: NodeId, digest: Digest) -> bytes:
    return blake2b(f"{node} {digest}".encode(), digest_size=8).digest()


def _dropped(state: NodeState, node: NodeId, entry: CatalogEntry) -> bool:
    """A copy that was deleted by hand is not wanted there."""
    cell = state.cell(node, entry.digest)
    return cell is not None and not cell.stored and cell.note == "dropped"


def holding(state: NodeState, digest: Digest, nodes: Iterable[NodeId]) -> set[NodeId]:
    """Which of these nodes are in touch and say that they have a copy."""
    return {
        node
        for node in nodes
        if (cell := state.cell(node, digest)) is not None
        and cell.stored
        and (node == state.me or ((peer := state.peers.get(node)) is not None and peer.in_touch))
    }


def _is_due(turn: Turn, row: Delivery) -> bool:
    keep_s = turn.state.policy.keep_s
    return keep_s is not None and turn.now - row.updated_at >= keep_s


def _placed_only(state: NodeState, digest: Digest) -> bool:
    return all(known.placed for known in state.files.with_digest(digest))


def _let_go(turn: Turn, entry: CatalogEntry, row: Delivery) -> None:
    turn.put(row, note="expired")
    turn.note(Level.INFO, "expired", trace_of(entry.digest), name=entry.name)
    for known in turn.state.files.with_digest(entry.digest):
        turn.add(RemoveStored(known.name, known.key))


def _get_copy(turn: Turn, entry: CatalogEntry, row: Delivery) -> None:
    """The images were here already, so nothing was fetched; but this node is one of those that keep a copy."""
    if row.note != "dropped" and not turn.state.report.paused and turn.state.me in keepers_of(turn.state, entry):
        turn.state.work[entry.digest] = Work("fetch-queued", aside=True)
        fetching.seek(turn, entry)


# --- large fleets: a hub knows who holds what -------------------------------------------------------------------------


def _ask_hub(turn: Turn, questions: list[tuple[Digest, tuple[NodeId, ...]]]) -> None:
    hub = next((hub for hub in turn.state.mesh.hubs if hub in turn.state.mesh.standing), None)
    for start in range(0, len(questions) if hub is not None else 0, ASKED_AT_ONCE):
        if hub is not None:
            turn.add(Send(hub, WhoHolds(tuple(questions[start : start + ASKED_AT_ONCE]))))


def on_who_holds(turn: Turn, node: NodeId, message: WhoHolds) -> None:
    """A peer that keeps few rows wants to know whether others hold archives."""
    if mesh.keeps_all(turn.state):
        items = tuple(
            (digest, tuple(sorted(holding(turn.state, digest, nodes))))
            for digest, nodes in message.items[:ASKED_AT_ONCE]
        )
        turn.add(Send(node, Held(items)))


def on_held(turn: Turn, node: NodeId, message: Held) -> None:
    """A hub's answer: let go of what all of its keepers hold."""
    state = turn.state
    if node not in state.mesh.hubs:
        return
    for digest, nodes in message.items:
        entry, row, work = state.entries.get(digest), state.own(digest), state.work.get(digest)
        if entry is None or row is None or not row.stored or not isinstance(row.state, Ready):
            continue
        if work is not None and work.step != "looking":
            continue
        keepers = keepers_of(state, entry)
        may_go = state.me not in keepers and set(keepers) <= set(nodes)
        if may_go and entry.active and _is_due(turn, row) and _placed_only(state, digest):
            _let_go(turn, entry, row)
