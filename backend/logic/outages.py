"""Nodes that stay away: a person is told once per outage what they lack; their cells are left as they last were.

Of the nodes that may tell it (the admins; without admins a large fleet's hubs, a small fleet's nodes) the one that is
up with the lowest ID does, after the sum of the retry's waits. The others hear from its report that it did.
"""

from functools import partial

from backend.logic import mesh
from backend.logic.state import NodeState
from backend.logic.turn import Turn
from backend.model.archive import CatalogEntry
from backend.model.commands import SaveValue
from backend.model.events import Level
from backend.model.ids import NodeId

LOOK_EVERY_S = 5.0

NAMED = 5
"""So many of the archives that a node lacks are named."""

ALERTED_KEY = "away/"
"""Under this and its ID the ledger keeps that a node's absence was told."""


def tick(turn: Turn) -> None:
    """Look for nodes that are away too long."""
    outages = turn.state.outages
    if turn.clock < outages.look_at:
        return
    outages.look_at = turn.clock + LOOK_EVERY_S
    patience_s = sum(turn.state.policy.waits_s)
    oldest = turn.clock - patience_s
    if turn.clock - turn.state.started_clock < patience_s or not _tells(turn.state):
        return
    for node in turn.state.peers:
        peer = turn.state.peers[node]
        if peer.in_touch or node in outages.told or peer.heard_at > oldest or _told_elsewhere(turn.state, node):
            continue
        lacking = [entry for entry in turn.state.entries.values() if _lacks(turn.state, node, entry)]
        if any(outages.learned_at.get(entry.digest, 0.0) <= oldest for entry in lacking):
            _tell(turn, node, lacking)


def _lacks(state: NodeState, node: NodeId, entry: CatalogEntry) -> bool:
    if not entry.active or not entry.wanted_by(node):
        return False
    cell = state.cell(node, entry.digest)
    return cell is None or not cell.happy


def _tells(state: NodeState) -> bool:
    tellers = _tellers(state)
    return state.me in tellers and not any(
        node < state.me and node in state.peers and state.peers[node].in_touch for node in tellers
    )


def _tellers(state: NodeState) -> frozenset[NodeId]:
    if mesh.has_admins(state) or state.is_sparse:
        return frozenset(state.mesh.hubs)
    return frozenset((*state.peers.roster, state.me))


def _told_elsewhere(state: NodeState, node: NodeId) -> bool:
    return any(node in state.peers[teller].report.told_away for teller in _tellers(state) if teller in state.peers)


def _tell(turn: Turn, node: NodeId, lacking: list[CatalogEntry]) -> None:
    peer = turn.state.peers[node]
    newest = sorted(lacking, key=lambda entry: entry.order, reverse=True)
    names = ", ".join(entry.name for entry in newest[:NAMED])
    more = len(lacking) - NAMED if len(lacking) > NAMED else ""
    heard_at = max(peer.heard_at, turn.state.started_clock)
    turn.note(
        Level.ALERT,
        "node-away",
        peer=peer.node.name,
        away_s=round(turn.clock - heard_at),
        count=len(lacking),
        names=names,
        more=more,
    )
    _remember(turn, node, True)


def came(turn: Turn, node: NodeId) -> None:
    """A node is back: its next absence is another outage."""
    if node in turn.state.outages.told:
        _remember(turn, node, False)


def _remember(turn: Turn, node: NodeId, away: bool) -> None:
    outages = turn.state.outages
    turn.on_failure(partial(setattr, outages, "told", outages.told))
    told = outages.told = {other: None for other in outages.told if other != node} | ({node: None} if away else {})
    turn.add(SaveValue(f"{ALERTED_KEY}{node}", "1" if away else ""))
    turn.report(told_away=tuple(told))
