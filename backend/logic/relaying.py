"""Hearing of nodes without a channel to them: others who have one tell their rows and reports on, when asked."""

from backend.logic import exchange, mesh, outages
from backend.logic.state import NodeState
from backend.logic.turn import Turn
from backend.model.commands import Send
from backend.model.ids import NodeId
from backend.model.messages import Relay, Report, Rows

LOOK_EVERY_S = 5.0
"""How often a node looks for those that it cannot hear, from so long after its start."""

RELAYS = 2
"""So many peers are asked to tell them on."""

NODES_LIMIT = 10_000
"""A request that names more is cut."""

SAME_SIGN_S = 1.0
"""A sign of life that seems so little newer is the same one, delayed on its way."""

STALE_SWEEPS = 3.0
"""Sweeps without news through others after which a node counts as out of touch."""


def tick(turn: Turn) -> None:
    """Ask for news of those that cannot be heard, from whom they may be had; forget old news."""
    state, now = turn.state, turn.clock
    if now < state.mesh.look_at:
        return
    first = state.mesh.look_at == 0.0
    state.mesh.look_at = now + LOOK_EVERY_S
    if first:
        return
    wanted = unheard(state)
    relays = _relays(state) if wanted is None or wanted else []
    for relay in relays:
        if relay not in state.mesh.asked or state.mesh.asked[relay] != wanted:
            state.mesh.asked[relay] = wanted
            turn.add(Send(relay, Relay(None if wanted is None else tuple(sorted(wanted)))))
            exchange.compare(turn, relay)
    for relay in [relay for relay in state.mesh.asked if relay not in relays]:
        del state.mesh.asked[relay]
        turn.add(Send(relay, Relay(())))
        _forget_word_of(state, relay)
    _forget_old_news(turn)


def unheard(state: NodeState) -> frozenset[NodeId] | None:
    """Nodes of which this node wants to hear through others; None: all of a large fleet."""
    if not mesh.keeps_all(state):
        return frozenset()
    if state.is_sparse and state.me not in state.mesh.hubs:
        return None
    return frozenset(node for node in state.peers if node not in state.mesh.standing)


def _relays(state: NodeState) -> list[NodeId]:
    standing = state.mesh.standing
    hubs = [hub for hub in state.mesh.hubs if hub in standing]
    return [*hubs, *sorted(node for node in standing if node not in hubs)][:RELAYS]


def _forget_old_news(turn: Turn) -> None:
    oldest = turn.clock - STALE_SWEEPS * turn.state.policy.sweep_s
    for wanted in turn.state.mesh.asked.values():
        for node in turn.state.peers if wanted is None else wanted:
            told = turn.state.peers[node].told_by
            for relay in [relay for relay, at in told.items() if at < oldest]:
                del told[relay]


def _forget_word_of(state: NodeState, relay: NodeId) -> None:
    for node in state.peers:
        state.peers[node].told_by.pop(relay, None)


def relay_lost(turn: Turn, node: NodeId) -> None:
    """A channel is gone, and with it what was agreed on it."""
    mesh_state = turn.state.mesh
    mesh_state.listeners.pop(node, None)
    if node in mesh_state.asked:
        del mesh_state.asked[node]
        _forget_word_of(turn.state, node)


def on_relay(turn: Turn, node: NodeId, message: Relay) -> None:
    """A peer wants to hear of others through this node."""
    listeners = turn.state.mesh.listeners
    if message.nodes is not None and not message.nodes:
        listeners.pop(node, None)
        return
    listeners[node] = None if message.nodes is None else frozenset(message.nodes[:NODES_LIMIT])
    _tell_all(turn, node)


def sweep(turn: Turn) -> None:
    """Tell all who listen again how those of whom they want to hear are."""
    for node in turn.state.mesh.listeners:
        _tell_all(turn, node)


def _tell_all(turn: Turn, to: NodeId) -> None:
    wanted = turn.state.mesh.listeners[to]
    for about in turn.state.peers if wanted is None else sorted(wanted):
        if about != to and about in turn.state.peers:
            turn.add(Send(to, _report_of(turn, about)))


def _report_of(turn: Turn, about: NodeId) -> Report:
    peer = turn.state.peers[about]
    age_s = 0.0 if peer.up else max(0.0, turn.clock - peer.heard_at)
    return Report(peer.report, about, peer.in_touch, age_s)


def _listeners_for(state: NodeState, about: NodeId, teller: NodeId) -> list[NodeId]:
    return [
        node
        for node, wanted in state.mesh.listeners.items()
        if node not in (about, teller) and (wanted is None or about in wanted)
    ]


def tell_on(turn: Turn, about: NodeId, teller: NodeId) -> None:
    """Something of a node changed: its report, or whether it can be reached."""
    for node in _listeners_for(turn.state, about, teller):
        turn.add(Send(node, _report_of(turn, about)))


def tell_rows_on(turn: Turn, rows: Rows, teller: NodeId) -> None:
    """A node's rows changed. ``rows.node`` is set."""
    for node in _listeners_for(turn.state, rows.node, teller):
        turn.add(Send(node, rows))


def on_foreign_report(turn: Turn, teller: NodeId, message: Report) -> None:
    """What a peer says of a third node: it counts while that node cannot be heard itself."""
    peer = turn.state.peers.get(message.node)
    if peer is None or peer.up or teller not in turn.state.mesh.asked:
        return
    before = (peer.in_touch, peer.report)
    heard_at = turn.clock - max(0.0, message.age_s)
    if heard_at >= peer.heard_at or not peer.in_touch:
        peer.report = message.report
    if heard_at > peer.heard_at + SAME_SIGN_S:
        peer.heard_at = heard_at
        peer.last_seen = turn.now - max(0.0, message.age_s)
    if message.up and heard_at > turn.clock - STALE_SWEEPS * turn.state.policy.sweep_s:
        peer.told_by[teller] = heard_at
        outages.came(turn, message.node)
    else:
        peer.told_by.pop(teller, None)
    # Only news is told on: what two nodes hear of a third from one another would go round for ever.
    if (peer.in_touch, peer.report) != before:
        tell_on(turn, message.node, teller)
