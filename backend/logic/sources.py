"""The other nodes as sources: who holds an archive and may be asked, how fast each was, and who is too slow."""

from backend.logic import isolation, routing
from backend.logic.peer_states import PeerState
from backend.logic.state import NodeState, Work
from backend.logic.turn import Turn, name_of
from backend.model.errors import Problem, SourceSlowError
from backend.model.ids import Digest, NodeId

RATE_WEIGHT = 0.3
"""Of the latest transfer in a source's measured rate."""

RATE_SAMPLE_BYTES = 1 << 20
"""Shorter transfers say more of latency than of rate."""

SLOW_FLOOR_BPS = 1024.0
"""A source that gives less than this over ``SLOW_AFTER_S`` is given up, and blamed: it might go on for ever."""

SLOW_AFTER_S = 60.0

MUCH_FASTER = 10.0
"""A source is also given up, without blame, where another that is likely free was measured at this many times its
rate.
"""

LIKELY_SLOTS = 2
"""Slots that a holder is taken to have (the setting's default): known to feed as many, it is asked after the others."""


def candidates(turn: Turn, digest: Digest, work: Work) -> list[routing.Holder]:
    """Holders that are up and trusted and were neither asked nor found wanting since the last wait."""
    return [
        holder_of(turn, node)
        for node in turn.state.book.holders_of(digest)
        if node in turn.state.mesh.standing
        and node not in work.tried
        and node not in work.waiting
        and node not in work.places
        and _claims(turn.state, node, digest)
        and isolation.may_be_asked(turn.state, node)
    ]


def holder_of(turn: Turn, node: NodeId) -> routing.Holder:
    """What routing needs to know of a node."""
    state, peer = turn.state, turn.state.peers[node]
    load = state.book.feeding(node)
    return routing.Holder(
        node=node,
        free=load < LIKELY_SLOTS,
        failures=len(isolation.recent_failures(peer, turn.clock)),
        near=_near(state, peer),
        rate_bps=peer.rate_bps,
        load=load,
    )


def _near(state: NodeState, peer: PeerState) -> bool:
    zone = state.policy.labels.get("zone")
    return zone is not None and peer.node.labels.get("zone") == zone


def _claims(state: NodeState, node: NodeId, digest: Digest) -> bool:
    """Tell whether the node's row says that it holds the archive, and has not proved to be wrong."""
    cell = state.cell(node, digest)
    return cell is not None and cell.stored and (node, digest) not in state.doubted


def measured(turn: Turn, node: NodeId, received_bytes: int, took_s: float) -> None:
    """A transfer from a node has ended well."""
    peer = turn.state.peers.get(node)
    if peer is None or received_bytes < RATE_SAMPLE_BYTES or took_s <= 0:
        return
    rate = received_bytes / took_s
    former = peer.rate_bps
    peer.rate_bps = rate if former is None else former + RATE_WEIGHT * (rate - former)


def too_slow(turn: Turn, digest: Digest, work: Work) -> tuple[Problem | None, bool]:
    """What is wrong with a running transfer's pace, if anything, and whether the source is to be blamed for it.

    The pace is that of ``SLOW_AFTER_S`` at a time.
    """
    if work.source is None or turn.clock - work.mark_at < SLOW_AFTER_S:
        return None, False
    rate = (work.bytes_done - work.mark_bytes) / (turn.clock - work.mark_at)
    work.mark_at, work.mark_bytes = turn.clock, work.bytes_done
    limit = turn.state.report.bandwidth_bps
    floor = min(SLOW_FLOOR_BPS, limit / 2) if limit else SLOW_FLOOR_BPS
    error = SourceSlowError(source=name_of(turn.state, work.source), rate_bps=round(rate))
    if rate < floor:
        return error.problem(), True
    others = [holder.rate_bps for holder in candidates(turn, digest, work) if holder.free and holder.rate_bps]
    return (error.problem() if others and max(others) > MUCH_FASTER * rate else None), False
