"""Coming and going of peers, and what they tell."""

from functools import partial

import msgspec

from backend.logic import (
    catalog,
    exchange,
    fetching,
    isolation,
    mesh,
    outages,
    publishing,
    reconciling,
    relaying,
    serving,
    stranded,
)
from backend.logic.turn import Turn, name_of, trace_of
from backend.model.archive import CatalogEntry
from backend.model.commands import Broadcast, SaveRow, Send
from backend.model.delivery import Delivery, Progress, Waiting
from backend.model.errors import KeyRefusedError, ProtocolError, SlowPeerError, UnsoundError, VersionError
from backend.model.events import FetchesProgressed, Level, PeerCame, PeerLeft, StrangerRefused, WatchersChanged
from backend.model.ids import NodeId
from backend.model.messages import (
    Entries,
    ProgressBatch,
    Report,
    Rows,
    Watch,
)

PROGRESS_KEPT_PER_PEER = 256

ROWS_KEPT_PER_NODE = 50_000
ENTRIES_KEPT_PER_ORIGIN = 10_000
"""What a peer may make this node keep, in memory and on disk."""

VERSION_LIMIT = 1 << 53
LATEST_AT = 32_503_680_000.0
"""The year 3000: a clock that shows more is no clock, and documents have no words for it."""

_NO_STRANGERS = frozenset({KeyRefusedError.code, SlowPeerError.code, VersionError.code})
"""Why no channel came of a call, where the other end is most likely a node of the fleet."""

REFUSED_EVERY_S = 10.0
"""What was refused of one peer is told at most so often."""


def on_came(turn: Turn, event: PeerCame) -> None:
    """A channel stands: compare replicas, and look again at what the peer holds."""
    peer = turn.state.peers.get(event.node)
    if peer is None:
        return
    peer.up, peer.since = True, turn.clock
    peer.last_seen, peer.heard_at = turn.now, turn.clock
    peer.address, peer.hello, peer.watching = event.address, event.hello, False
    peer.synced, peer.asked_at = False, 0.0
    peer.told_by.clear()
    turn.state.mesh.standing[event.node] = None
    turn.see_count(max(event.hello.count, event.hello.your_count))
    if event.hello.your_row_version < VERSION_LIMIT:
        outrank(turn, event.hello.your_row_version)
    turn.note(Level.INFO, "peer-up", peer=peer.node.name, address=event.address)
    exchange.greet(turn, event.node)
    turn.add(Send(event.node, Report(turn.state.report)))
    if turn.state.console_count:
        turn.add(Send(event.node, Watch(True)))
    relaying.tell_on(turn, event.node, event.node)
    outages.came(turn, event.node)
    reconciling.peer_back(turn, event.node)


def on_left(turn: Turn, event: PeerLeft) -> None:
    """A channel is gone."""
    peer = turn.state.peers.get(event.node)
    if peer is None or not peer.up:
        return
    peer.up, peer.since, peer.watching = False, turn.clock, False
    peer.last_seen, peer.heard_at = turn.now, turn.clock
    turn.state.mesh.standing.pop(event.node, None)
    for key in [key for key in turn.state.progress if key[0] == event.node]:
        del turn.state.progress[key]
    # In a large fleet channels come and go; those with hubs should not.
    quiet = turn.state.is_sparse and not {turn.state.me, event.node}.intersection(turn.state.mesh.hubs)
    level = Level.DEBUG if quiet else Level.WARNING
    turn.note(level, "peer-down", problem=event.problem, peer=peer.node.name)
    if event.problem.code == ProtocolError.code:
        isolation.misbehaved(turn, event.node, event.problem)
    relaying.relay_lost(turn, event.node)
    relaying.tell_on(turn, event.node, event.node)
    serving.peer_lost(turn, event.node)
    fetching.peer_lost(turn, event.node)


def on_stranger(turn: Turn, event: StrangerRefused) -> None:
    """Somebody without the right key was refused, or a node of the roster and this one do not come together."""
    level = Level.INFO if event.problem.code == SlowPeerError.code else Level.WARNING
    code = "call-in-vain" if event.problem.code in _NO_STRANGERS else "stranger-refused"
    turn.note(level, code, problem=event.problem, address=event.address)


def on_entries(turn: Turn, node: NodeId, message: Entries) -> None:
    """Catalog entries from a peer: sound ones that may be published are merged, and what is new is told on."""
    state, changed, better = turn.state, [], []
    for theirs in message.entries:
        ours = state.entries.get(theirs.digest)
        if theirs == ours or not _acceptable(turn, node, theirs):
            continue
        entry = theirs if ours is None else catalog.merged(ours, theirs)
        turn.see_count(catalog.highest_count(entry))
        if entry != theirs:
            better.append(entry)
        if entry != ours:
            turn.keep(entry)
            changed.append(entry.digest)
            if ours is not None and entry.order > ours.order and entry.active:
                publishing.requeue(turn, entry.digest)
    for entries in exchange.batches(better):
        turn.add(Send(node, Entries(entries)))
    if changed:
        exchange.heard_news(turn)
        if state.is_sparse:
            for entries in exchange.batches([state.entries[digest] for digest in changed]):
                turn.add(Broadcast(Entries(entries), but=(node,)))
        publishing.catalog_changed(turn, changed)


def _acceptable(turn: Turn, node: NodeId, entry: CatalogEntry) -> bool:
    fault = catalog.fault_of(entry)
    origin = turn.state.peers.get(entry.origin)
    if fault is None and origin is not None and not catalog.may_publish(origin.node.publish, entry.tags):
        fault = "publish"
    if fault is None and turn.state.entries.published_by(entry.origin) >= ENTRIES_KEPT_PER_ORIGIN:
        fault = "too-many"
    if fault is None and turn.state.entries.clash_of(entry.fingerprint, entry.digest) is not None:
        fault = "fingerprint-collision"
    if fault is None:
        return True
    peer = turn.state.peers[node]
    if turn.clock - peer.refused_at >= REFUSED_EVERY_S:
        peer.refused_at = turn.clock
        turn.note(Level.ALERT, "entry-refused", trace_of(entry.digest), peer=peer.node.name, fault=fault)
    if fault not in ("publish", "fingerprint-collision"):
        # Who told an entry on need not know what its origin may publish, but what cannot be it should not pass on.
        _refuse(turn, node, f"an entry with a wrong {fault}")
    return False


def on_rows(turn: Turn, node: NodeId, message: Rows) -> None:
    """A node's rows, from itself or told on: replicas here. Only the node itself writes them, each with its version."""
    state, whose = turn.state, message.node or node
    if not mesh.keeps(state, whose) or not _sound_rows(turn, node, whose, message):
        return
    if whose == state.me:
        # Others know rows of this node that its ledger does not: it goes on above them.
        outrank(turn, message.upto)
        return
    if message.since > state.head_of(whose):
        exchange.ask_rows(turn, node, whose)
        return
    if message.upto <= state.head_of(whose):
        return
    for row in message.rows:
        _replicate(turn, row)
    turn.on_failure(partial(state.heads.put, whose, state.heads.mark_of(whose)))
    state.heads.put(whose, message.upto)
    if node != whose:
        _heard_of(turn, whose, node)
    relaying.tell_rows_on(turn, msgspec.structs.replace(message, node=whose), node)


def _sound_rows(turn: Turn, teller: NodeId, whose: NodeId, message: Rows) -> bool:
    known = turn.state.rows.get(whose, {})
    foreign = next((row for row in message.rows if row.node != whose), None)
    versions = [row.version for row in message.rows]
    in_order = versions == sorted(versions) and all(message.since < one <= message.upto for one in versions)
    bounded = message.upto < VERSION_LIMIT and len(known) + len(versions) <= ROWS_KEPT_PER_NODE
    # What is no number at all is neither less nor more than any.
    timely = all(0.0 <= at < LATEST_AT for row in message.rows for at in _times(row))
    if foreign is None and in_order and bounded and timely:
        return True
    _refuse(turn, teller, "rows that are not their node's" if foreign is not None else "rows out of order or bounds")
    return False


def _times(row: Delivery) -> tuple[float, ...]:
    return (row.updated_at, row.state.due_at) if isinstance(row.state, Waiting) else (row.updated_at,)


def _refuse(turn: Turn, node: NodeId, detail: str) -> None:
    problem = UnsoundError(peer=name_of(turn.state, node), detail=detail).problem()
    peer = turn.state.peers[node]
    if turn.clock - peer.refused_at >= REFUSED_EVERY_S:
        peer.refused_at = turn.clock
        turn.note(Level.WARNING, "peer-misbehaved", problem=problem, peer=peer.node.name)
    isolation.misbehaved(turn, node, problem)


def _replicate(turn: Turn, row: Delivery) -> None:
    known = turn.state.cell(row.node, row.digest)
    if known is not None and known.version >= row.version:
        return
    turn.on_failure(partial(turn.state.rewrite_row, row.node, row.digest, known))
    turn.state.write_row(row)
    turn.add(SaveRow(row))
    if row.state_name != "transferring":
        turn.state.progress.pop((row.node, row.digest), None)
    if row.stored and (known is None or not known.stored):
        reconciling.holder_appeared(turn, row.digest)
    elif known is not None and known.stored and not row.stored:
        own = turn.state.own(row.digest)
        if own is not None and own.note == "dropped":
            # Removed here and there at one time: neither saw that there was no other copy.
            stranded.tell_of_last_copy(turn, row.digest)


def outrank(turn: Turn, version: int) -> None:
    """Others hold rows of this node up to ``version``: where that is news, its own rows go above them."""
    state = turn.state
    if version > state.row_version:
        turn.on_failure(partial(setattr, state, "row_version", state.row_version))
        state.row_version = version
        state.outranked = True
        for row in list(state.rows.get(state.me, {}).values()):
            turn.put(row)


def _heard_of(turn: Turn, node: NodeId, teller: NodeId) -> None:
    """New rows are a sign of life, whoever tells them."""
    peer = turn.state.peers.get(node)
    if peer is not None and not peer.up:
        peer.last_seen, peer.heard_at = turn.now, turn.clock
        if teller in turn.state.mesh.asked:
            peer.told_by[teller] = turn.clock


def on_report(turn: Turn, node: NodeId, message: Report) -> None:
    """What a peer says of itself, or of another node."""
    if message.node and message.node != node:
        relaying.on_foreign_report(turn, node, message)
        return
    peer = turn.state.peers.get(node)
    if peer is not None:
        peer.report = message.report
        peer.last_seen, peer.heard_at = turn.now, turn.clock
        relaying.tell_on(turn, node, node)


def on_watch(turn: Turn, node: NodeId, message: Watch) -> None:
    """A peer has a console open, or none any more."""
    peer = turn.state.peers.get(node)
    if peer is not None:
        peer.watching = message.on


def on_progress(turn: Turn, node: NodeId, message: ProgressBatch) -> None:
    """A peer's running transfers; what belongs to an older row is dropped."""
    for item in message.items[:PROGRESS_KEPT_PER_PEER]:
        row = turn.state.cell(node, item.digest)
        if row is not None and row.state_name == "transferring" and item.version >= row.version:
            turn.state.progress[(node, item.digest)] = Progress(
                item.digest, item.version, max(0, item.bytes_done), max(0, item.rate_bps)
            )


def on_own_progress(turn: Turn, event: FetchesProgressed) -> None:
    """This node's running transfers, for its own consoles and for peers that have one open."""
    items = []
    for item in event.items:
        row = turn.state.own(item.digest)
        if row is not None and row.state_name == "transferring":
            current = Progress(item.digest, row.version, item.bytes_done, item.rate_bps)
            turn.state.progress[(turn.state.me, item.digest)] = current
            items.append(current)
    for node in turn.state.mesh.standing if items else ():
        if turn.state.peers[node].watching:
            turn.add(Send(node, ProgressBatch(tuple(items))))


def on_watchers(turn: Turn, event: WatchersChanged) -> None:
    """Consoles of this node came or went: in a large fleet it hears of everything only while there is one."""
    had, turn.state.console_count = turn.state.console_count > 0, event.count
    if had != (event.count > 0):
        for node in turn.state.mesh.standing:
            turn.add(Send(node, Watch(event.count > 0)))
        turn.state.mesh.look_at = turn.clock
        relaying.tick(turn)
