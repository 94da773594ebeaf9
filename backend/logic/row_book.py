"""What the delivery rows say of nodes and archives, kept beside them so that nobody has to read them all."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.model.delivery import Delivery, Held, Transferring, Waiting
from backend.model.ids import Digest, NodeId


@dataclass(slots=True)
class RowBook:
    """Follows every written row. ``aside``: this node's own deliveries that wait or are held.

    ``_holders``: who says that it has a verified copy. ``_feeding``: how many transfers each node is known to feed.
    """

    aside: dict[Digest, None] = field(default_factory=dict)
    _holders: dict[Digest, dict[NodeId, None]] = field(default_factory=dict)
    _feeding: dict[NodeId, int] = field(default_factory=dict)

    def see(self, former: Delivery | None, row: Delivery | None, own: bool) -> None:
        """A row took the place of ``former``; None: there was, or is, none."""
        if former is not None:
            self._unsee(former, row, own)
        if row is None:
            return
        if row.stored:
            self._holders.setdefault(row.digest, {})[row.node] = None
        if isinstance(row.state, Transferring):
            self._feeding[row.state.source] = self._feeding.get(row.state.source, 0) + 1
        if own and isinstance(row.state, Waiting | Held):
            self.aside[row.digest] = None

    def _unsee(self, row: Delivery, successor: Delivery | None, own: bool) -> None:
        if row.stored:
            self._holders[row.digest].pop(row.node, None)
        if isinstance(row.state, Transferring):
            self._feeding[row.state.source] -= 1
        stays = successor is not None and isinstance(successor.state, Waiting | Held)
        if own and isinstance(row.state, Waiting | Held) and not stays:
            self.aside.pop(row.digest, None)

    def holders_of(self, digest: Digest) -> tuple[NodeId, ...]:
        """Every node, this one included, that says it has a verified copy; those known longest first."""
        return tuple(self._holders.get(digest, ()))

    def each_holder_of(self, digest: Digest) -> Iterator[NodeId]:
        """The same one by one, for those who need only a few."""
        return iter(self._holders.get(digest, ()))

    def feeding(self, node: NodeId) -> int:
        """How many transfers ``node`` is known to feed."""
        return self._feeding.get(node, 0)
