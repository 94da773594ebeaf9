"""What changed at which sequence number: marks only, latest wins, bounded. One journal serves every reader."""

from collections import OrderedDict, deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from backend.api.wire import JobResult
from backend.control.face import Touched
from backend.model.events import Note
from backend.model.ids import Digest, NodeId

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MARKS_LIMIT = 10_000
"""More changes than these behind, a reader is better served by a snapshot."""
LOG_LIMIT = 500
RESULTS_LIMIT = 100


class Marks(Generic[K]):
    """Keys with the sequence number of their latest change; the oldest are forgotten past the limit."""

    def __init__(self, limit: int) -> None:
        """Begin with no mark."""
        self._latest: OrderedDict[K, int] = OrderedDict()
        self._limit = limit
        self.floor = 0
        """Changes up to this number are not all known any more."""

    def mark(self, keys: Iterable[K], sequence: int) -> None:
        """Note a change of each of ``keys``."""
        for key in keys:
            self._latest[key] = sequence
            self._latest.move_to_end(key)
        while len(self._latest) > self._limit:
            _, self.floor = self._latest.popitem(last=False)

    def since(self, sequence: int) -> list[K]:
        """Keys that changed after ``sequence``, newest first."""
        found = []
        for key, at in reversed(self._latest.items()):
            if at <= sequence:
                break
            found.append(key)
        return found


class Ring(Generic[V]):
    """The latest values with their sequence numbers; what falls out is counted."""

    def __init__(self, limit: int) -> None:
        """Begin empty."""
        self._values: deque[tuple[int, int, V]] = deque(maxlen=limit)
        self._count = 0

    def add(self, value: V, sequence: int) -> None:
        """Append a value."""
        self._count += 1
        self._values.append((sequence, self._count, value))

    @property
    def count(self) -> int:
        """How many values there ever were."""
        return self._count

    def after(self, count: int) -> tuple[list[V], int]:
        """Values after the first ``count``, and how many of those fell out."""
        found = [value for _, number, value in self._values if number > count]
        return found, self._count - count - len(found)

    def count_at(self, sequence: int) -> int:
        """How many values there were at ``sequence``, as far as is still known."""
        older = sum(1 for at, _, _ in self._values if at > sequence)
        return self._count - older


@dataclass(slots=True)
class Journal:
    """All kinds of marks. ``cells``: (node, digest); ``rejected``: file names."""

    sequence: int = 0
    cells: Marks[tuple[NodeId, Digest]] = field(default_factory=lambda: Marks(MARKS_LIMIT))
    entries: Marks[Digest] = field(default_factory=lambda: Marks(MARKS_LIMIT))
    nodes: Marks[NodeId] = field(default_factory=lambda: Marks(MARKS_LIMIT))
    rejected: Marks[str] = field(default_factory=lambda: Marks(MARKS_LIMIT))
    log: Ring[Note] = field(default_factory=lambda: Ring(LOG_LIMIT))
    results: Ring[JobResult] = field(default_factory=lambda: Ring(RESULTS_LIMIT))

    def record(self, touched: Touched) -> None:
        """Take an applied event in."""
        self.sequence += 1
        self.cells.mark(touched.rows, self.sequence)
        self.cells.mark(touched.progress, self.sequence)
        self.entries.mark(touched.entries, self.sequence)
        self.nodes.mark(touched.nodes, self.sequence)
        self.rejected.mark(touched.rejected, self.sequence)
        for note in touched.notes:
            self.log.add(note, self.sequence)

    def finish(self, result: JobResult) -> None:
        """Take an action's result in."""
        self.sequence += 1
        self.results.add(result, self.sequence)

    def knows_since(self, sequence: int) -> bool:
        """Tell whether every change after ``sequence`` is still known."""
        floor = max(self.cells.floor, self.entries.floor, self.nodes.floor, self.rejected.floor)
        return floor <= sequence <= self.sequence
