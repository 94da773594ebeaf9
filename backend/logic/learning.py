"""A node with an empty ledger hears its peers before it publishes: what lies in its store may be known long since."""

from backend.logic.state import Learning
from backend.logic.turn import Turn
from backend.model.archive import FileKey
from backend.model.events import ArchiveArrived

LEARN_WITHIN_S = 5.0
"""Peers that do not answer are not waited for any longer: a node alone must work too."""


def start(turn: Turn, store_files: dict[str, FileKey]) -> None:
    """Begin to learn, if the ledger is empty and there is anybody to learn from."""
    state = turn.state
    if len(state.peers) and not (state.entries or state.rows or state.files):
        state.learning = Learning(on=True, found=frozenset(store_files.values()))


def put_off(turn: Turn, event: ArchiveArrived) -> bool:
    """Keep a file for later while this node learns; False when it does not."""
    learning = turn.state.learning
    if learning.on:
        learning.arrivals = [one for one in learning.arrivals if one.name != event.name]
        learning.arrivals.append(event)
    return learning.on


def lost(turn: Turn, name: str) -> None:
    """A file that waits is gone."""
    learning = turn.state.learning
    learning.arrivals = [one for one in learning.arrivals if one.name != name]


def finished(turn: Turn) -> tuple[ArchiveArrived, ...] | None:
    """The files that waited, once: when all who can be heard have told, or nobody was there in time; else None."""
    state, learning = turn.state, turn.state.learning
    if not learning.on:
        return None
    standing = [state.peers[node] for node in state.mesh.standing]
    heard = [peer.synced or (peer.hello is not None and peer.hello.count == 0) for peer in standing]
    if not (heard and all(heard)) and turn.clock - state.started_clock < LEARN_WITHIN_S:
        return None
    arrivals, learning.on, learning.arrivals = tuple(learning.arrivals), False, []
    return arrivals


def is_old(turn: Turn, event: ArchiveArrived) -> bool:
    """Tell whether the file lay in the store before this node had learned anything: nobody dropped it in anew."""
    return event.key in turn.state.learning.found
