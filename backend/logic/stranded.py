"""Deliveries that nobody serves: those whose holders are out of reach wait for them, those that nobody holds fail."""

from backend.logic import mesh
from backend.logic.outcomes import wait_or_fail
from backend.logic.state import NodeState
from backend.logic.turn import Turn, trace_of
from backend.model.archive import CatalogEntry
from backend.model.delivery import Queued
from backend.model.errors import NoHolderError
from backend.model.events import Level
from backend.model.ids import Digest

AWAY = "holder-away"
"""The note of a delivery that waits for a node that is out of reach."""

GRACE_S = 30.0
"""So long a delivery stays without a holder before that is told: an entry may come before the rows of its holders, and
a channel that broke may soon stand again.
"""


def nobody(turn: Turn, digest: Digest) -> None:
    """Nobody could be asked for what is queued."""
    turn.state.stranded.setdefault(digest, turn.clock)


def somebody(turn: Turn, digest: Digest) -> None:
    """A holder is asked."""
    turn.state.stranded.pop(digest, None)
    row = turn.state.own(digest)
    if row is not None and row.note == AWAY:
        turn.put(row, note=None)


def tick(turn: Turn) -> None:
    """Say what those wait for that have waited long; the retry clock starts where no node can have the bytes."""
    state = turn.state
    for digest, since in list(state.stranded.items()):
        row, entry = state.own(digest), state.entries.get(digest)
        if row is None or entry is None or not entry.active or not isinstance(row.state, Queued):
            del state.stranded[digest]
        elif digest in state.work or turn.clock - since < GRACE_S:
            continue
        elif may_be_held(state, entry):
            state.stranded[digest] = turn.clock
            if row.note != AWAY:
                turn.put(row, note=AWAY)
        else:
            somebody(turn, digest)
            wait_or_fail(turn, entry, NoHolderError(name=entry.name).problem())


def may_be_held(state: NodeState, entry: CatalogEntry) -> bool:
    """Tell whether some node says that it has a copy, or might have one without this node having heard of it."""
    if not mesh.keeps_all(state) or next(state.book.each_holder_of(entry.digest), None) is not None:
        return True
    unheard = (node for node in state.peers if entry.wanted_by(node) and state.cell(node, entry.digest) is None)
    return any(not (state.peers[node].up and state.peers[node].synced) for node in unheard)


def tell_of_last_copy(turn: Turn, digest: Digest) -> None:
    """A copy is gone: a person is told where it was the last one."""
    entry = turn.state.entries.get(digest)
    if entry is not None and entry.active and not may_be_held(turn.state, entry):
        turn.note(Level.WARNING, "last-copy-gone", trace_of(digest), name=entry.name)
