"""The catalog: merging what peers tell, superseding, and who may publish what."""

import fnmatch
import re
from collections.abc import Iterable

import msgspec

from backend.logic.entries import Entries
from backend.model.archive import CatalogEntry, Order, Selector
from backend.model.ids import NodeId

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
NAME_LIMIT_CHARS = 1024


def merged(ours: CatalogEntry, theirs: CatalogEntry) -> CatalogEntry:
    """One entry out of two of the same digest: commutative, associative, idempotent, never by wall clock.

    The higher publish order brings name, origin and facts; tombstones and selectors each take their own highest order.
    """
    if ours == theirs:
        return ours
    newer, older = (ours, theirs) if _outweighs(ours, theirs) else (theirs, ours)
    return msgspec.structs.replace(
        newer,
        superseded_by=_latest(newer.superseded_by, older.superseded_by),
        withdrawn_at=_latest(newer.withdrawn_at, older.withdrawn_at),
        selector=max(newer.selector, older.selector, key=lambda selector: (selector.order, _breadth(selector.nodes))),
        purge=max(_withdrawal(newer), _withdrawal(older))[2],
    )


def _outweighs(one: CatalogEntry, other: CatalogEntry) -> bool:
    if one.order != other.order:
        return one.order > other.order
    # Two tellers of one order should tell the same; where they do not, any fixed choice keeps replicas equal.
    return _facts(one) >= _facts(other)


def _facts(entry: CatalogEntry) -> bytes:
    bare = msgspec.structs.replace(
        entry, superseded_by=None, withdrawn_at=None, purge=False, selector=Selector(entry.order)
    )
    return msgspec.msgpack.encode(bare)


def _withdrawal(entry: CatalogEntry) -> tuple[bool, Order, bool]:
    # Whether copies go belongs to the withdrawal that says so: a later one without it takes it back.
    return entry.withdrawn_at is not None, entry.withdrawn_at or entry.order, entry.purge


def _breadth(nodes: tuple[NodeId, ...] | None) -> tuple[bool, tuple[str, ...]]:
    return nodes is None, tuple(nodes or ())


def _latest(one: Order | None, other: Order | None) -> Order | None:
    known = [order for order in (one, other) if order is not None]
    return max(known) if known else None


def highest_count(entry: CatalogEntry) -> int:
    """The highest Lamport count that an entry mentions."""
    orders = (entry.order, entry.selector.order, entry.superseded_by, entry.withdrawn_at)
    return max(order.count for order in orders if order is not None)


def replaced_by_name(entries: Entries, origin: NodeId, name: str, but: str) -> list[CatalogEntry]:
    """Active archives that ``origin`` published under ``name``, other than the digest ``but``."""
    return [entry for entry in entries.named(origin, name) if entry.digest != but and entry.active]


def fault_of(entry: CatalogEntry) -> str | None:
    """What is wrong with an entry that a peer told, in a few words; None when it is sound."""
    if not _DIGEST.fullmatch(entry.digest):
        return "digest"
    if not _FINGERPRINT.fullmatch(entry.fingerprint):
        return "fingerprint"
    if entry.size_bytes < 0 or entry.unpacked_bytes < 0:
        return "size"
    if not entry.name or len(entry.name) > NAME_LIMIT_CHARS:
        return "name"
    if highest_count(entry) >= 1 << 53:
        return "order"
    return None


def may_publish(patterns: Iterable[str], tags: Iterable[str]) -> bool:
    """Tell whether every tag is covered by one of ``patterns`` (shell-style; ``*`` alone also covers archives without
    tags).
    """
    allowed = tuple(patterns)
    if "*" in allowed:
        return True
    named = tuple(tags)
    return bool(named) and all(any(fnmatch.fnmatchcase(tag, pattern) for pattern in allowed) for tag in named)
