"""Keeping replicas alike: a short summary while they are equal, and only what differs where they are not.

``Digests`` (one end) -> nothing, where they are equal; else ``Heads`` of the parts that differ (other end) -> what is
newer, and own ``Heads`` -> what is newer the other way, and ``Synced``. Four messages beside what was lacking.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from backend.logic import mesh
from backend.logic.state import NodeState
from backend.logic.summaries import BUCKETS
from backend.logic.turn import Turn
from backend.model.archive import CatalogEntry
from backend.model.commands import Send
from backend.model.delivery import Delivery
from backend.model.ids import Digest, NodeId
from backend.model.messages import MESSAGE_LIMIT_BYTES, Digests, Entries, Heads, Rows, Synced

BATCH_BYTES = MESSAGE_LIMIT_BYTES // 4
HEADS_AT_ONCE = 5000
"""Heads of so many archives or nodes go into one message; each takes less than 100 bytes."""

NEWS_WAIT_S = 2.0
"""After news from a peer a node compares catalogs with others, so long later and up to twice as long."""

GAP_AGAIN_S = 2.0
"""A peer whose rows came with a gap is asked for what lacks at most so often."""

T = TypeVar("T", CatalogEntry, Delivery)


def greet(turn: Turn, node: NodeId) -> None:
    """A channel stands: one of its ends begins to compare.

    It is that with the lower ID; but of a hub and a node that keeps few rows the latter, for it can say which.
    """
    state, hubs = turn.state, turn.state.mesh.hubs
    of_two_kinds = state.is_sparse and (state.me in hubs) != (node in hubs)
    if node in hubs if of_two_kinds else state.me < node:
        compare(turn, node)


def compare(turn: Turn, node: NodeId) -> None:
    """Tell a peer in short what is held here."""
    state = turn.state
    state.heads.put(state.me, state.row_version)
    if mesh.keeps_all(state):
        turn.add(Send(node, Digests(state.entries.summary.sums, state.heads.sums)))
    else:
        turn.add(Send(node, Digests(state.entries.summary.sums, heads=_near_heads(state))))


def _near_heads(state: NodeState) -> tuple[tuple[NodeId, int], ...]:
    return tuple((node, state.head_of(node)) for node in (state.me, *state.mesh.standing))


def sweep(turn: Turn) -> None:
    """Compare with the hubs and a few others."""
    for node in mesh.partners(turn):
        compare(turn, node)


def heard_news(turn: Turn) -> None:
    """A peer told something new of the catalog: others may not have heard it."""
    if turn.state.mesh.gossip_at is None:
        turn.state.mesh.gossip_at = turn.clock + NEWS_WAIT_S * (1.0 + turn.chance)


def tick(turn: Turn) -> None:
    """Compare catalogs after news."""
    state = turn.state
    if state.mesh.gossip_at is not None and turn.clock >= state.mesh.gossip_at:
        state.mesh.gossip_at = None
        for node in mesh.partners(turn):
            turn.add(Send(node, Digests(state.entries.summary.sums)))


def on_digests(turn: Turn, node: NodeId, message: Digests) -> None:
    """Where both replicas are equal nothing is said."""
    state = turn.state
    parts = state.entries.summary.unlike(message.entries) if len(message.entries) == BUCKETS else ()
    row_parts, rows = _unlike_rows(turn, node, message)
    if parts or row_parts or rows:
        _send_heads(turn, node, parts, row_parts, rows, answer=True)
    else:
        _synced(turn, node)


def _unlike_rows(turn: Turn, node: NodeId, message: Digests) -> tuple[tuple[int, ...], tuple[tuple[NodeId, int], ...]]:
    """Parts, and single nodes, of which each end is to tell what it holds; what the peer lacks goes out at once."""
    state = turn.state
    state.heads.put(state.me, state.row_version)
    if message.heads:
        theirs = dict(message.heads)
        theirs.setdefault(state.me, 0)
        for other, head in theirs.items():
            send_rows(turn, node, other, head)
        return (), tuple(
            (other, state.head_of(other))
            for other, head in theirs.items()
            if head > state.head_of(other) and mesh.keeps(state, other)
        )
    if len(message.rows) != BUCKETS or not mesh.keeps_all(state):
        # A node that keeps few rows begins itself when it has something to ask or to tell.
        return (), ()
    return state.heads.unlike(message.rows), ()


def _send_heads(
    turn: Turn,
    node: NodeId,
    parts: Iterable[int],
    row_parts: Iterable[int],
    rows: tuple[tuple[NodeId, int], ...],
    answer: bool,
) -> None:
    state = turn.state
    told = Heads(rows=rows, answer=answer)
    for part in parts:
        held = tuple((Digest(digest), mark) for digest, mark in state.entries.summary.marks_in((part,)))
        if len(told.entries) + len(held) > HEADS_AT_ONCE:
            turn.add(Send(node, told))
            told = Heads(answer=answer)
        told = msgspec.structs.replace(told, entries=(*told.entries, *held), entry_parts=(*told.entry_parts, part))
    for part in row_parts:
        heads = tuple((NodeId(other), head) for other, head in state.heads.marks_in((part,)))
        if len(told.entries) + len(told.rows) + len(heads) > HEADS_AT_ONCE:
            turn.add(Send(node, told))
            told = Heads(answer=answer)
        told = msgspec.structs.replace(told, rows=(*told.rows, *heads), row_parts=(*told.row_parts, part))
    turn.add(Send(node, told))


def on_heads(turn: Turn, node: NodeId, message: Heads) -> None:
    """Send what the peer lacks; tell own heads of the same where it asks for them."""
    state = turn.state
    state.heads.put(state.me, state.row_version)
    parts = [part for part in dict.fromkeys(message.entry_parts) if 0 <= part < BUCKETS]
    row_parts = [part for part in dict.fromkeys(message.row_parts) if 0 <= part < BUCKETS]
    theirs = dict(message.entries)
    newer = [
        state.entries[Digest(digest)]
        for digest, mark in state.entries.summary.marks_in(parts)
        if theirs.get(Digest(digest)) != mark
    ]
    for entries in batches(newer):
        turn.add(Send(node, Entries(entries)))
    heads = dict(message.rows)
    for other in (*heads, *(NodeId(other) for other, _ in state.heads.marks_in(row_parts) if other not in heads)):
        send_rows(turn, node, other, heads.get(other, 0))
    if message.answer:
        single = tuple((other, state.head_of(other)) for other in heads if mesh.keeps(state, other))
        _send_heads(turn, node, parts, row_parts, single, answer=False)
    else:
        turn.add(Send(node, Synced()))
        _synced(turn, node)


def on_synced(turn: Turn, node: NodeId, message: Synced) -> None:
    """The peer has sent all that this node lacked."""
    _synced(turn, node)


def _synced(turn: Turn, node: NodeId) -> None:
    peer = turn.state.peers.get(node)
    if peer is not None:
        peer.synced = True


def send_rows(turn: Turn, to: NodeId, whose: NodeId, since: int) -> None:
    """Send a node's rows after version ``since``, if there are any."""
    state = turn.state
    head = state.head_of(whose)
    if head <= since:
        return
    newer = sorted(
        (row for row in state.rows.get(whose, {}).values() if row.version > since), key=lambda row: row.version
    )
    reached, rest = since, list(batches(newer)) or [()]
    for number, rows in enumerate(rest):
        upto = head if number + 1 == len(rest) else rows[-1].version
        turn.add(Send(to, Rows(rows, whose, reached, upto)))
        reached = upto


def ask_rows(turn: Turn, node: NodeId, whose: NodeId) -> None:
    """Rows came with a gap before them: ask the teller for all that lacks."""
    peer = turn.state.peers[node]
    if turn.clock - peer.asked_at >= GAP_AGAIN_S:
        peer.asked_at = turn.clock
        turn.add(Send(node, Heads(rows=((whose, turn.state.head_of(whose)),))))


def batches(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Split what is to be told into messages well below the limit."""
    batch: list[T] = []
    size_bytes = 0
    for item in items:
        item_bytes = len(msgspec.msgpack.encode(item))
        if batch and size_bytes + item_bytes > BATCH_BYTES:
            yield tuple(batch)
            batch, size_bytes = [], 0
        batch.append(item)
        size_bytes += item_bytes
    if batch:
        yield tuple(batch)
