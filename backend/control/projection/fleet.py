"""The nodes of the fleet as consoles and documents show them; this node stands first."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.api.wire import NodeDocument, NodeRow, Sickness
from backend.control.projection.times import iso_time
from backend.logic.isolation import is_left_out
from backend.logic.peer_states import UNREPORTED
from backend.logic.state import NodeState, PeerState
from backend.model.errors import Problem
from backend.model.ids import NodeId
from backend.model.node import NodeKind, NodeReport
from backend.texts import message_of


@dataclass(frozen=True, slots=True)
class Own:
    """What the state does not say of this node itself: how others reach it ("": as their rosters say), its labels."""

    address: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def node_ids(state: NodeState) -> list[NodeId]:
    """This node, then the others by name: the order of a snapshot's nodes."""
    others = sorted(state.peers.items(), key=lambda item: (item[1].node.name, item[0]))
    return [state.me, *(node for node, _ in others)]


def is_known(state: NodeState, node: NodeId) -> bool:
    """Tell whether the roster names the node (rows of others are history)."""
    return node == state.me or node in state.peers


def name_of(state: NodeState, node: NodeId | None) -> str | None:
    """A node's name as people know it; its ID where the roster does not name it."""
    if node is None:
        return None
    if node == state.me:
        return state.name
    peer = state.peers.get(node)
    return peer.node.name if peer is not None else str(node)


def rates(state: NodeState) -> dict[NodeId, int]:
    """Bytes a second that come in, by node, for those where something comes in."""
    found: dict[NodeId, int] = {}
    for (node, _), progress in state.progress.items():
        found[node] = found.get(node, 0) + progress.rate_bps
    return found


def node_row(state: NodeState, node: NodeId, own: Own, now: float, rate_bps: int) -> NodeRow:
    """One node for consoles."""
    if node == state.me:
        return NodeRow(
            id=node,
            name=state.name,
            address=own.address,
            kind=NodeKind.AGENT.value,
            state=own_state(state),
            runtime=state.report.runtime,
            free_bytes=state.report.free_bytes,
            seen_at=now,
            rate_bps=rate_bps,
            sick=_sick(state.report),
            labels=dict(own.labels),
            bandwidth_bps=state.report.bandwidth_bps,
            sickness=_sickness(state.report),
            linked=True,
        )
    peer = state.peers[node]
    return NodeRow(
        id=node,
        name=peer.node.name,
        address=_address(peer),
        kind=peer.node.kind.value,
        state=peer_state(state, node),
        runtime=peer.report.runtime,
        free_bytes=peer.report.free_bytes,
        seen_at=now if peer.up else peer.last_seen,
        rate_bps=rate_bps,
        sick=_sick(peer.report),
        labels=peer.node.labels,
        bandwidth_bps=peer.report.bandwidth_bps,
        sickness=_sickness(peer.report),
        linked=peer.up,
    )


def node_document(state: NodeState, node: NodeId, own: Own, now: float) -> NodeDocument:
    """One node for ``status --json``."""
    row = node_row(state, node, own, now, 0)
    return NodeDocument(
        name=row.name,
        id=row.id,
        address=row.address,
        kind=row.kind,
        state=row.state,
        runtime=row.runtime,
        free_bytes=row.free_bytes,
        last_seen=iso_time(row.seen_at),
    )


def own_state(state: NodeState) -> str:
    """The state of the node that is asked: it answers, so it is up."""
    return "paused" if state.report.paused else "up"


def peer_state(state: NodeState, node: NodeId) -> str:
    """A peer's state as seen from here, if only through others."""
    peer = state.peers[node]
    if not peer.in_touch:
        return "pending" if _never_heard_of(state, node) else "down"
    if is_left_out(state, node):
        return "isolated"
    return "paused" if peer.report.paused else "up"


def _never_heard_of(state: NodeState, node: NodeId) -> bool:
    """Neither a sign of life since this daemon began, nor a cell or an order of its that an earlier one was told of."""
    peer = state.peers[node]
    told_before = state.rows.get(node) or state.entries.highest_count_of(node)
    return not peer.last_seen and peer.report == UNREPORTED and not told_before


def _address(peer: PeerState) -> str:
    host = f"[{peer.node.host}]" if ":" in peer.node.host else peer.node.host
    return f"{host}:{peer.node.port}"


def _problems(report: NodeReport) -> list[Problem]:
    return [problem for problem in (report.runtime_problem, report.disk_problem) if problem is not None]


def _sick(report: NodeReport) -> str | None:
    return "; ".join(message_of(problem) for problem in _problems(report)) or None


def _sickness(report: NodeReport) -> tuple[Sickness, ...]:
    return tuple(Sickness(problem.code, problem.params) for problem in _problems(report))
