"""The catalog's entries with all ways to find one: nothing here is ever searched from end to end."""

from collections.abc import Mapping
from typing import TypeVar

from backend.logic.summaries import Summary
from backend.logic.watched_dict import WatchedDict
from backend.model.archive import CatalogEntry, Order
from backend.model.ids import Digest, Fingerprint, NodeId

K = TypeVar("K")


class Entries(WatchedDict[Digest, CatalogEntry]):
    """Entries by digest. What else it knows follows every write."""

    def __init__(self, entries: Mapping[Digest, CatalogEntry] | None = None) -> None:
        """Begin with ``entries``."""
        self._fingerprints: dict[Fingerprint, dict[Digest, None]] = {}
        self._orders: dict[Order, Digest] = {}
        self._names: dict[tuple[NodeId, str], dict[Digest, None]] = {}
        self._tags: dict[str, dict[Digest, None]] = {}
        self._origins: dict[NodeId, int] = {}
        self._counts: dict[NodeId, int] = {}
        self._moved_tags: set[str] = set()
        self._ended: dict[Digest, None] = {}
        self._superseded_at: dict[Order, dict[Digest, None]] = {}
        self.summary = Summary()
        """What replicas compare."""
        super().__init__(entries or {})

    def _replaced(self, key: Digest, former: CatalogEntry | None, value: CatalogEntry | None) -> None:
        if former is not None:
            self._forget(former)
        if value is None:
            self.summary.drop(key)
        else:
            self._learn(value)
            self.summary.put(key, value.mark)

    def _learn(self, entry: CatalogEntry) -> None:
        digest, author = entry.digest, entry.order.node
        self._fingerprints.setdefault(entry.fingerprint, {})[digest] = None
        self._orders[entry.order] = digest
        self._names.setdefault(_name(entry), {})[digest] = None
        for tag in entry.tags:
            self._tags.setdefault(tag, {})[digest] = None
        self._moved_tags.update(entry.tags)
        self._origins[entry.origin] = self._origins.get(entry.origin, 0) + 1
        self._counts[author] = max(self._counts.get(author, 0), entry.order.count)
        if not entry.active:
            self._ended[digest] = None
        if entry.superseded_by is not None:
            self._superseded_at.setdefault(entry.superseded_by, {})[digest] = None

    def _forget(self, entry: CatalogEntry) -> None:
        digest = entry.digest
        _discard(self._fingerprints, entry.fingerprint, digest)
        _discard(self._names, _name(entry), digest)
        for tag in dict.fromkeys(entry.tags):
            _discard(self._tags, tag, digest)
        self._moved_tags.update(entry.tags)
        if self._orders.get(entry.order) == digest:
            del self._orders[entry.order]
        self._origins[entry.origin] -= 1
        self._ended.pop(digest, None)
        if entry.superseded_by is not None:
            _discard(self._superseded_at, entry.superseded_by, digest)

    def clash_of(self, fingerprint: Fingerprint, digest: Digest) -> CatalogEntry | None:
        """An entry with the same MD5 and another SHA-256."""
        others = (other for other in self._fingerprints.get(fingerprint, ()) if other != digest)
        return next((self[other] for other in others), None)

    def by_order(self, order: Order) -> CatalogEntry | None:
        """The entry that was published at ``order``."""
        digest = self._orders.get(order)
        return self[digest] if digest is not None else None

    def named(self, origin: NodeId, name: str) -> tuple[CatalogEntry, ...]:
        """What ``origin`` published under ``name``, in the order in which it became known."""
        return tuple(self[digest] for digest in self._names.get((origin, name), ()))

    def replaced_by(self, entry: CatalogEntry) -> tuple[CatalogEntry, ...]:
        """Ended archives whose place ``entry`` took: at its order, or under its origin's name."""
        digests = dict.fromkeys((*self._superseded_at.get(entry.order, ()), *self._names.get(_name(entry), ())))
        return tuple(self[digest] for digest in digests if digest in self._ended)

    def tagged(self, tag: str) -> tuple[CatalogEntry, ...]:
        """The entries that name a tag, active or not."""
        return tuple(self[digest] for digest in self._tags.get(tag, ()))

    def published_by(self, origin: NodeId) -> int:
        """How many entries have that origin."""
        return self._origins.get(origin, 0)

    def highest_count_of(self, node: NodeId) -> int:
        """The highest Lamport count of an order that ``node`` gave to an archive."""
        return self._counts.get(node, 0)

    @property
    def ended(self) -> tuple[CatalogEntry, ...]:
        """Superseded and withdrawn entries."""
        return tuple(self[digest] for digest in self._ended)

    def take_moved_tags(self) -> frozenset[str]:
        """The tags that may have another owner since this was asked last."""
        moved = frozenset(self._moved_tags)
        self._moved_tags.clear()
        return moved


def _name(entry: CatalogEntry) -> tuple[NodeId, str]:
    return entry.origin, entry.name


def _discard(index: dict[K, dict[Digest, None]], key: K, digest: Digest) -> None:
    digests = index.get(key)
    if digests is not None:
        digests.pop(digest, None)
        if not digests:
            del index[key]
