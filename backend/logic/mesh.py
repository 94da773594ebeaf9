"""With whom a node keeps channels, with whom it compares replicas, and whose rows it keeps.

A small fleet is a full mesh. In a large one every node dials the hubs and a few peers by chance; hubs hear of
everything, the others of those with whom they have a channel. Why, and where the limit lies: docs/decisions/0014.
"""

import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from math import gcd

from backend.logic.state import NodeState
from backend.logic.turn import Turn
from backend.logic.works import BUSY_STEPS
from backend.model.commands import DropRows, KeepChannels
from backend.model.ids import NodeId

HUBS_WITHOUT_ADMINS = 3
"""Where the roster names no admins, those with the lowest IDs stand in."""

PICKS = 5
"""Peers beside the hubs that a node of a large fleet dials; about as many dial it."""

PICKS_NEAR = 2
"""How many of them are of the same zone, where there are such."""

PICK_WITHIN_S = 20.0
"""A pick that is not up by then is replaced by another."""

GOSSIP_PEERS = 3
"""With so many peers by chance, beside the hubs, replicas are compared."""


def find_hubs(state: NodeState) -> tuple[NodeId, ...]:
    """The admins; where there are none, the nodes with the lowest IDs."""
    admins = [node for node, one in state.peers.roster.items() if one.admin and node != state.me]
    if state.policy.admin:
        admins.append(state.me)
    return tuple(sorted(admins) or sorted({*state.peers.roster, state.me})[:HUBS_WITHOUT_ADMINS])


def may_command(state: NodeState, node: NodeId) -> bool:
    """Tell whether a peer may act on this node's cells: every agent, until the roster names admins."""
    roster = state.peers.roster
    return not has_admins(state) or (node in roster and roster[node].admin)


def has_admins(state: NodeState) -> bool:
    """Tell whether the roster names admins."""
    return state.policy.admin or any(state.peers.roster[hub].admin for hub in state.mesh.hubs if hub != state.me)


def keeps_all(state: NodeState) -> bool:
    """Tell whether this node keeps every node's rows."""
    return not state.is_sparse or state.me in state.mesh.hubs or state.console_count > 0


def keeps(state: NodeState, node: NodeId) -> bool:
    """Tell whether this node keeps ``node``'s rows."""
    return node == state.me or node in state.mesh.standing or (node in state.peers and keeps_all(state))


def expected(state: NodeState) -> list[NodeId]:
    """The peers with which this node should be in touch."""
    if not state.is_sparse or state.me in state.mesh.hubs:
        return list(state.peers)
    return [hub for hub in state.mesh.hubs if hub != state.me] + list(state.mesh.picks)


def partners(turn: Turn) -> list[NodeId]:
    """The hubs and a few others by chance, as far as channels stand."""
    mesh = turn.state.mesh
    hubs = [hub for hub in mesh.hubs if hub in mesh.standing]
    others = [node for node in mesh.standing if node not in hubs]
    return hubs + [others[place] for place in _first(shuffled(len(others), turn.chance), GOSSIP_PEERS)]


def shuffled(count: int, chance: float) -> Iterator[int]:
    """All places below ``count``, each once, in an order that ``chance`` in [0, 1) decides."""
    if count == 0:
        return
    seed = zlib.crc32(repr(chance).encode())
    place, step = seed % count, 1 + (seed >> 8) % count
    while gcd(step, count) != 1:
        step += 1
    for _ in range(count):
        yield place
        place = (place + step) % count


def _first(places: Iterator[int], count: int) -> list[int]:
    return [place for place, _ in zip(places, range(count), strict=False)]


# --- large fleets: whom to dial ---------------------------------------------------------------------------------------


def start(turn: Turn) -> None:
    """Find the hubs, and choose whom to dial: the next on the ring of IDs, so that the whole hangs together without any
    hub, and others by chance.
    """
    state = turn.state
    state.mesh.hubs = find_hubs(state)
    if not state.is_sparse:
        return
    picks, ring = state.mesh.picks, _ring(state)
    picks[ring[(ring.index(state.me) + 1) % len(ring)]] = turn.clock
    seed = zlib.crc32(state.me.encode()) / (1 << 32)
    mates = [node for node in ring if _near(state, node)]
    for nodes, wanted in ((mates, PICKS_NEAR), (ring, PICKS)):
        able = [node for node in nodes if node != state.me and node not in picks]
        more = min(wanted, PICKS - len(picks))
        picks.update((able[place], turn.clock) for place in _first(shuffled(len(able), seed), more))
    _keep(turn)


def _ring(state: NodeState) -> list[NodeId]:
    """This node, if it is none of the hubs, and all others that are none, by ID: keys make that a random order."""
    return sorted({*state.peers.roster, state.me}.difference(state.mesh.hubs) | {state.me})


def _near(state: NodeState, node: NodeId) -> bool:
    zone = state.policy.labels.get("zone")
    return zone is not None and (node == state.me or state.peers.roster[node].labels.get("zone") == zone)


def tick(turn: Turn) -> None:
    """Replace picks that do not come up."""
    mesh = turn.state.mesh
    if not mesh.picks:
        return
    dead = [
        node
        for node, since in mesh.picks.items()
        if node not in mesh.standing and turn.clock - max(since, turn.state.peers[node].since) > PICK_WITHIN_S
    ]
    if dead:
        _replace(turn, dead)


def sweep(turn: Turn) -> None:
    """Give one pick up for another, so that halves which lost each other meet again; forget whom nobody hears."""
    state = turn.state
    if not state.is_sparse:
        return
    ring = _ring(state)
    behind = (ring.index(state.me) + 1) % len(ring)
    idle = [node for node in state.mesh.picks if node != ring[behind] and not _in_use(state, node)]
    if idle:
        _replace(turn, [idle[int(turn.chance * len(idle))]])
    if not keeps_all(state):
        for node in [node for node in state.rows if not keeps(state, node)]:
            for digest, row in state.rows[node].items():
                turn.on_failure(partial(state.rewrite_row, node, digest, row))
            turn.on_failure(partial(state.heads.put, node, state.heads.mark_of(node)))
            state.drop_rows(node)
            turn.add(DropRows(node))


def _in_use(state: NodeState, node: NodeId) -> bool:
    served = any(slot.node == node for slot in state.serving.slots)
    busy = (state.work[digest] for digest in state.work.at(*BUSY_STEPS))
    return served or any(node == work.source or node in work.places for work in busy)


def _replace(turn: Turn, given_up: Sequence[NodeId]) -> None:
    """Take others by chance, of this node's zone where one of the zone is given up."""
    state, picks = turn.state, turn.state.mesh.picks
    taken = {state.me, *state.mesh.hubs, *picks}
    others = [node for node in sorted(state.peers.roster) if node not in taken]
    for node in given_up:
        del picks[node]
        mates = [other for other in others if _near(state, other)] if _near(state, node) else []
        place = next(shuffled(len(mates or others), turn.chance), None)
        if place is not None:
            other = (mates or others)[place]
            others.remove(other)
            picks[other] = turn.clock
    _keep(turn)


def _keep(turn: Turn) -> None:
    mesh = turn.state.mesh
    hubs = [hub for hub in mesh.hubs if hub != turn.state.me]
    turn.add(KeepChannels((*hubs, *mesh.picks)))
