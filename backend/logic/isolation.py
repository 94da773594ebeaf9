"""Whom this node trusts as a source and serves: what it has seen itself, never what others say.

Three failures that speak against the node, not against an archive, at most one counted in ten seconds: it is left out
of routing. After a pause three good probes over half a minute put it on trial: one fetch, and it is back, or out again
for twice as long.
"""

from dataclasses import replace

from backend.logic.peer_states import Isolation, PeerState, Stage
from backend.logic.state import NodeState
from backend.logic.turn import Turn
from backend.logic.works import BUSY_STEPS
from backend.model.commands import NodeChanged, Send
from backend.model.errors import FloodError, Problem, SourceGoneError
from backend.model.events import Level
from backend.model.ids import Digest, NodeId
from backend.model.messages import Command, Digests, Heads, Probe, Probed, Relay, Release, Request, WhoHolds

FAILURES = 3
COUNTED_EVERY_S = 10.0
FORGOTTEN_AFTER_S = 600.0
"""A failure so long ago speaks against nobody any more."""

PAUSE_S = 30.0
PAUSE_LONGEST_S = 3600.0
RELAPSE_WITHIN_S = 24 * 3600.0
"""A node that was trusted again for so long begins with the first pause when it fails anew."""

PROBES = 3
PROBE_EVERY_S = 15.0
PROBE_WITHIN_S = 10.0

POISON_SOURCES = 2
"""An archive that fails from so many nodes, and from none did not, may be at fault itself."""

REQUESTS_PER_WINDOW = 600
COSTLY_PER_WINDOW = 200
WINDOW_S = 10.0
"""What a peer may ask within ten seconds: for slots, and for comparisons of replicas."""

CLAIM_S = 30.0
"""How long a node may claim an archive that it did not have when it was asked."""


def recent_failures(peer: PeerState, now: float) -> list[float]:
    """When (epoch seconds) a node failed, as far as it still counts."""
    return [at for at, _ in peer.failures if now - at < FORGOTTEN_AFTER_S]


def may_be_asked(state: NodeState, node: NodeId) -> bool:
    """Tell whether routing may choose a node. One on trial gets one fetch at a time."""
    isolated = state.isolated.get(node)
    if isolated is None:
        return True
    if isolated.stage is not Stage.TRIAL:
        return False
    busy = (state.work[digest] for digest in state.work.at(*BUSY_STEPS))
    return not any(node == work.source or node in work.waiting or node in work.places for work in busy)


def is_left_out(state: NodeState, node: NodeId) -> bool:
    """Tell whether a node is isolated, and not on trial yet."""
    isolated = state.isolated.get(node)
    return isolated is not None and isolated.stage is not Stage.TRIAL


def is_shunned(state: NodeState, node: NodeId) -> bool:
    """Tell whether a node misbehaved and is not on trial yet: what it asks for is not even answered."""
    return is_left_out(state, node) and state.isolated[node].misbehaved


# --- what speaks against a node ---------------------------------------------------------------------------------------


def source_failed(turn: Turn, node: NodeId, digest: Digest, problem: Problem) -> None:
    """A fetch from a node failed. Where the line is down that speaks against nobody.

    Nor does it while the archive fails from several nodes: it may be poison. Should it be got from another in the end,
    all of them were at fault.
    """
    peer = turn.state.peers.get(node)
    if peer is None or not peer.up or problem.code == SourceGoneError.code:
        return
    suspects = turn.state.suspects.setdefault(digest, {})
    suspects[node] = problem
    if len(suspects) < POISON_SOURCES:
        _count(turn, node, peer, digest, problem, misbehaved=False)
        return
    for suspect in suspects:
        accused = turn.state.peers.get(suspect)
        if accused is not None:
            accused.failures = [(at, about) for at, about in accused.failures if about != digest]


def doubt(turn: Turn, node: NodeId, digest: Digest) -> None:
    """A node did not have what its row claims. It may be about to say so: it is left out for this archive meanwhile."""
    cell = turn.state.cell(node, digest)
    if cell is not None and cell.stored:
        turn.state.doubted.setdefault((node, digest), turn.clock)


def _look_at_claims(turn: Turn) -> None:
    """Whoever goes on claiming what it does not have is blamed, and may be asked again."""
    for (node, digest), since in list(turn.state.doubted.items()):
        cell, peer = turn.state.cell(node, digest), turn.state.peers.get(node)
        if cell is None or peer is None or not cell.stored or not peer.up:
            del turn.state.doubted[node, digest]
        elif turn.clock - since >= CLAIM_S:
            del turn.state.doubted[node, digest]
            gone = SourceGoneError(source=peer.node.name, detail="").problem()
            _count(turn, node, peer, digest, gone, misbehaved=False)


def misbehaved(turn: Turn, node: NodeId, problem: Problem) -> None:
    """What a node said or asked was malformed, unsound or far too much."""
    peer = turn.state.peers.get(node)
    if peer is not None:
        _count(turn, node, peer, None, problem, misbehaved=True)


def _count(turn: Turn, node: NodeId, peer: PeerState, about: Digest | None, problem: Problem, misbehaved: bool) -> None:
    if peer.failures and turn.clock - peer.failures[-1][0] < COUNTED_EVERY_S:
        return
    peer.failures = [(at, digest) for at, digest in peer.failures if turn.clock - at < FORGOTTEN_AFTER_S]
    peer.failures.append((turn.clock, about))
    isolated = turn.state.isolated.get(node)
    if isolated is not None and isolated.stage is Stage.TRIAL:
        _isolate(turn, node, peer, problem, misbehaved or isolated.misbehaved)
    elif isolated is None and len(peer.failures) >= FAILURES:
        _isolate(turn, node, peer, problem, misbehaved)


def _isolate(turn: Turn, node: NodeId, peer: PeerState, problem: Problem, misbehaved: bool) -> None:
    lately = peer.pause_s > 0 and turn.clock - peer.trusted_at < RELAPSE_WITHIN_S
    relapsed = lately or node in turn.state.isolated
    peer.pause_s = min(PAUSE_LONGEST_S, 2 * peer.pause_s) if relapsed else PAUSE_S
    turn.state.isolated[node] = Isolation(Stage.PAUSE, turn.clock + peer.pause_s, misbehaved)
    peer.failures.clear()
    turn.note(Level.ERROR, "peer-isolated", problem=problem, peer=peer.node.name, pause_s=round(peer.pause_s))
    turn.add(NodeChanged(node))


# --- what speaks for it -----------------------------------------------------------------------------------------------


def source_proved_good(turn: Turn, node: NodeId, digest: Digest) -> bool:
    """An archive came from a node, and every byte of it was right; True where that ended its trial."""
    state = turn.state
    suspects = state.suspects.pop(digest, {})
    for suspect, problem in suspects.items() if len(suspects) >= POISON_SOURCES else ():
        accused = state.peers.get(suspect)
        if accused is not None and suspect != node:
            _count(turn, suspect, accused, digest, problem, misbehaved=False)
    isolated, peer = state.isolated.get(node), state.peers.get(node)
    if isolated is not None and isolated.stage is Stage.TRIAL and peer is not None:
        del state.isolated[node]
        peer.failures.clear()
        peer.trusted_at = turn.clock
        turn.note(Level.INFO, "peer-trusted", peer=peer.node.name)
        turn.add(NodeChanged(node))
        return True
    return False


def on_probe(turn: Turn, node: NodeId, message: Probe) -> None:
    """A peer wants to know whether this node answers."""
    turn.add(Send(node, Probed(message.number)))


def on_probed(turn: Turn, node: NodeId, message: Probed) -> None:
    """A probe came back."""
    isolated = turn.state.isolated.get(node)
    if isolated is None or isolated.asked_at is None or message.number != isolated.number:
        return
    turn.state.isolated[node] = replace(isolated, good=isolated.good + 1, asked_at=None)


def tick(turn: Turn) -> list[NodeId]:
    """Probe whose pause is over; who is on trial from now on."""
    on_trial = []
    _look_at_claims(turn)
    for node, isolated in list(turn.state.isolated.items()):
        peer = turn.state.peers[node]
        if isolated.stage is Stage.TRIAL or turn.clock < isolated.until:
            continue
        if not peer.up or (isolated.asked_at is not None and turn.clock - isolated.asked_at > PROBE_WITHIN_S):
            turn.state.isolated[node] = Isolation(Stage.PAUSE, turn.clock + PROBE_EVERY_S, isolated.misbehaved)
        elif isolated.good >= PROBES:
            turn.state.isolated[node] = replace(isolated, stage=Stage.TRIAL)
            turn.note(Level.INFO, "peer-on-trial", peer=peer.node.name)
            turn.add(NodeChanged(node))
            on_trial.append(node)
        elif isolated.asked_at is None:
            turn.state.isolated[node] = replace(
                isolated,
                stage=Stage.PROBING,
                until=turn.clock + (PROBE_EVERY_S if isolated.good + 1 < PROBES else 0.0),
                number=isolated.number + 1,
                asked_at=turn.clock,
            )
            turn.add(Send(node, Probe(isolated.number + 1)))
    return on_trial


# --- floods -----------------------------------------------------------------------------------------------------------


def takes(turn: Turn, node: NodeId, kind: type) -> bool:
    """Count a request; False where it is more than a sound node would ask, or the node is shunned."""
    peer = turn.state.peers[node]
    if turn.clock - peer.window_at >= WINDOW_S or turn.clock < peer.window_at:
        peer.window_at, peer.requests, peer.costly = turn.clock, 0, 0
    if kind in (Digests, Heads, Relay, WhoHolds, Command):
        peer.costly += 1
    elif kind in (Request, Release):
        peer.requests += 1
    if peer.requests > REQUESTS_PER_WINDOW or peer.costly > COSTLY_PER_WINDOW:
        asked = f"{peer.requests + peer.costly} requests within {WINDOW_S:g} s"
        misbehaved(turn, node, FloodError(peer=peer.node.name, detail=asked).problem())
        return False
    return not is_shunned(turn.state, node)
