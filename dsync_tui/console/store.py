"""The fleet as a console knows it: fed by stream messages, read by screens. Plain data, no I/O, no widgets.

A cell is one byte in its archive's ``bytearray``; counts by row, by column and in all are kept along, so that
every change costs the change alone. 500 nodes x 1,000 archives are half a megabyte.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from backend.api.wire import (
    ArchiveRow,
    Beat,
    CellDetail,
    Delta,
    Greeting,
    JobResult,
    LogLine,
    NodeRow,
    Snapshot,
    StreamMessage,
    Throughput,
)
from dsync_tui.console.cells import HAPPY, KIND_COUNT, KIND_OF, MOVING, TROUBLE, Kind
from dsync_tui.console.dirty import Dirty
from dsync_tui.console.history import NodeRates, RateHistory

LOG_LINES = 5000
JOBS_KEPT = 200
REJECTED = "rejected"
PAST = frozenset({"superseded", "withdrawn"})
"""States of archives that the fleet is no longer to hold."""
_ABSENT = ord(" ")
_QUIET = Throughput(rate_bps=0, moving=0, queued=0, saved_bytes=0, received_bytes=0, eta_s=None)


class Counts:
    """How many cells of each kind a row, a column or the fleet has."""

    __slots__ = ("by_kind",)

    def __init__(self) -> None:
        self.by_kind = [0] * KIND_COUNT

    def of(self, *kinds: Kind) -> int:
        """How many cells are of one of ``kinds``."""
        return sum(self.by_kind[kind] for kind in kinds)

    @property
    def wanted(self) -> int:
        """Cells that should end well: all but absent and cancelled ones."""
        return sum(self.by_kind) - self.by_kind[Kind.NONE] - self.by_kind[Kind.CANCELLED]

    @property
    def happy(self) -> int:
        """Cells that did."""
        return self.of(*HAPPY)

    @property
    def moving(self) -> int:
        """Cells that move."""
        return self.of(*MOVING)

    @property
    def open(self) -> int:
        """Cells that have not ended."""
        return self.of(*MOVING, Kind.QUEUED, Kind.WAITING, Kind.HELD)

    @property
    def failed(self) -> int:
        """Cells that gave up, those to which wrong bytes came among them."""
        return self.of(Kind.FAILED, Kind.REJECTED)

    @property
    def trouble(self) -> int:
        """Cells that an operator may want to look at."""
        return self.of(*TROUBLE)

    def share(self) -> float:
        """Happy cells of the wanted ones, 0 to 1; 1 where nothing is wanted."""
        wanted = self.wanted
        return self.happy / wanted if wanted else 1.0


class FleetStore:
    """Nodes, archives and cells under stable indices (until the next snapshot), and what else the stream brings."""

    def __init__(self) -> None:
        """Begin empty: ``complete`` tells when the first snapshot is in."""
        self.nodes: list[NodeRow] = []
        self.archives: list[ArchiveRow | None] = []
        self.node_index: dict[str, int] = {}
        self.archive_index: dict[str, int] = {}
        self.rejected: set[int] = set()
        self.past: set[int] = set()
        """Archives whose cells are history: they count in their own column, not for nodes or the fleet."""
        self.columns: list[bytearray] = []
        self.node_counts: list[Counts] = []
        self.archive_counts: list[Counts] = []
        self.totals = Counts()
        self.details: dict[tuple[int, int], CellDetail] = {}
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self.log_total = 0
        self.log_dropped = 0
        self.throughput = _QUIET
        self.rates = RateHistory()
        self.node_rates = NodeRates()
        self.jobs: dict[str, JobResult] = {}
        self.greeting: Greeting | None = None
        self.sequence = 0
        self.at = 0.0
        self.skew_s = 0.0
        self.complete = False
        self.dirty = Dirty()
        self.shape = 0

    # --- reading ----------------------------------------------------------------------------------------------

    def now(self, local: float) -> float:
        """The daemon's time when this machine's clock shows ``local``: due times are the daemon's."""
        return local + self.skew_s

    def take_dirty(self) -> Dirty:
        """Return what changed since the last call, and begin anew."""
        dirty, self.dirty = self.dirty, Dirty()
        return dirty

    def _reshaped(self) -> None:
        """Nodes or archives came, went, or changed what they are called or sorted by; ``shape`` tells it to caches."""
        self.shape += 1
        self.dirty.layout = True

    def code(self, node: int, archive: int) -> int:
        """The cell's character as a byte."""
        return self.columns[archive][node]

    def kind(self, node: int, archive: int) -> Kind:
        """The cell's kind."""
        return Kind(KIND_OF[self.columns[archive][node]])

    def archive(self, archive: int) -> ArchiveRow:
        """The archive at an index that is in use."""
        row = self.archives[archive]
        if row is None:
            raise LookupError(archive)
        return row

    def live_archives(self) -> Iterator[int]:
        """Indices of archives that are not gone."""
        return iter(self.archive_index.values())

    def row_codes(self, node: int, archives: list[int]) -> bytes:
        """The characters of one node's cells in the given archives."""
        columns = self.columns
        return bytes([columns[archive][node] for archive in archives])

    # --- feeding ----------------------------------------------------------------------------------------------

    def apply(self, message: StreamMessage) -> None:
        """Take one message of the stream."""
        if isinstance(message, Delta):
            self._apply_delta(message)
        elif isinstance(message, Beat):
            self._at(message.sequence, message.at)
        elif isinstance(message, Snapshot):
            self._apply_snapshot(message)
        elif isinstance(message, JobResult):
            self._note_job(message)
        else:
            self._greet(message)

    def _at(self, sequence: int, at: float) -> None:
        self.sequence = sequence
        before = int(self.at)
        self.at = at
        self.rates.pass_time(at)
        self.node_rates.pass_time(at)
        if int(at) != before:
            self.dirty.figures = True

    def _greet(self, greeting: Greeting) -> None:
        if self.greeting is not None and self.greeting.epoch != greeting.epoch:
            self.rates.clear()
            self.node_rates.clear()
        self.greeting = greeting
        self.dirty.figures = True

    def _note_job(self, result: JobResult) -> None:
        self.jobs[result.job] = result
        while len(self.jobs) > JOBS_KEPT:
            del self.jobs[next(iter(self.jobs))]

    def _apply_snapshot(self, snapshot: Snapshot) -> None:
        self.nodes = list(snapshot.nodes)
        self.archives = list(snapshot.archives)
        self.node_index = {node.id: index for index, node in enumerate(self.nodes)}
        self.archive_index = {row.digest: index for index, row in enumerate(snapshot.archives)}
        self.rejected = {index for index, row in enumerate(snapshot.archives) if row.state == REJECTED}
        self.past = {index for index, row in enumerate(snapshot.archives) if row.state in PAST}
        width = len(self.nodes)
        self.columns = [bytearray(cells.encode("latin-1", "replace").ljust(width)[:width]) for cells in snapshot.cells]
        self.columns += [bytearray(b" " * width) for _ in range(len(self.archives) - len(self.columns))]
        for index in self.rejected:
            # No archive of the fleet: its column is drawn from ``rejected``, and counts for nothing.
            self.columns[index] = bytearray(b" " * width)
        self._count_all()
        self.details = {}
        for detail in snapshot.details:
            self._set_detail(detail)
        self.log.clear()
        self.log.extend(snapshot.log)
        self.log_total = len(snapshot.log)
        self.log_dropped = 0
        self.throughput = snapshot.throughput
        self._at(snapshot.sequence, snapshot.at)
        self.rates.note(snapshot.at, snapshot.throughput.rate_bps)
        for node in self.nodes:
            self.node_rates.note(snapshot.at, node.id, node.rate_bps)
        self.complete = True
        self._reshaped()
        self.dirty.all()

    def _count_all(self) -> None:
        kinds = [column.translate(KIND_OF) for column in self.columns]
        self.archive_counts = [_counted(column) for column in kinds]
        width = len(self.nodes)
        nothing = bytes([Kind.NONE]) * width
        flat = b"".join(nothing if index in self.past else column for index, column in enumerate(kinds))
        self.totals = _counted(flat)
        present = [kind for kind, count in enumerate(self.totals.by_kind) if count]
        self.node_counts = [_counted(flat[node::width], present) for node in range(width)]

    def _apply_delta(self, delta: Delta) -> None:
        for node in delta.nodes:
            self._set_node(node)
            self.node_rates.note(delta.at, node.id, node.rate_bps)
        for archive in delta.archives:
            self._set_archive(archive)
        for digest in delta.gone:
            self._forget_archive(digest)
        for digest, node_id, char in delta.cells:
            self._set_cell(digest, node_id, char)
        for detail in delta.details:
            self._set_detail(detail)
        if delta.log or delta.dropped:
            self.log.extend(delta.log)
            self.log_total += len(delta.log)
            self.log_dropped += delta.dropped
            self.dirty.log = True
        self._at(delta.sequence, delta.at)
        if delta.throughput is not None:
            self.throughput = delta.throughput
            self.rates.note(delta.at, delta.throughput.rate_bps)
            self.dirty.figures = True

    def _set_node(self, node: NodeRow) -> None:
        index = self.node_index.get(node.id)
        if index is None:
            self.node_index[node.id] = len(self.nodes)
            self.nodes.append(node)
            counts = Counts()
            counts.by_kind[Kind.NONE] = len(self.columns)
            self.node_counts.append(counts)
            self.totals.by_kind[Kind.NONE] += len(self.columns)
            for column, column_counts in zip(self.columns, self.archive_counts, strict=True):
                column.append(_ABSENT)
                column_counts.by_kind[Kind.NONE] += 1
            self._reshaped()
            return
        before = self.nodes[index]
        self.nodes[index] = node
        if (before.name, before.state) != (node.name, node.state):
            self._reshaped()
        self.dirty.nodes.add(index)

    def _set_archive(self, archive: ArchiveRow) -> None:
        index = self.archive_index.get(archive.digest)
        if index is None:
            self.archive_index[archive.digest] = len(self.archives)
            self.archives.append(archive)
            column = bytearray([_ABSENT]) * len(self.nodes)
            self.columns.append(column)
            self.archive_counts.append(_counted(column.translate(KIND_OF)))
            for counts in self.node_counts:
                counts.by_kind[Kind.NONE] += 1
            self.totals.by_kind[Kind.NONE] += len(self.nodes)
        else:
            self.archives[index] = archive
            self.dirty.archives.add(index)
        now = self.archive_index[archive.digest]
        (self.rejected.add if archive.state == REJECTED else self.rejected.discard)(now)
        self._set_past(now, archive.state in PAST)
        self._reshaped()

    def _set_past(self, index: int, past: bool) -> None:
        """An archive's cells become history, or count again."""
        if past == (index in self.past):
            return
        (self.past.add if past else self.past.discard)(index)
        for node, code in enumerate(self.columns[index]):
            kind = KIND_OF[code]
            before, after = (kind, Kind.NONE) if past else (Kind.NONE, kind)
            for counts in (self.node_counts[node], self.totals):
                counts.by_kind[before] -= 1
                counts.by_kind[after] += 1
        self.dirty.figures = True

    def _forget_archive(self, digest: str) -> None:
        index = self.archive_index.pop(digest, None)
        if index is None:
            return
        self._set_past(index, False)
        # The slot stays, empty, until the next snapshot: indices of others must not move.
        for node, code in enumerate(self.columns[index]):
            kind = KIND_OF[code]
            self.node_counts[node].by_kind[kind] -= 1
            self.totals.by_kind[kind] -= 1
            self.details.pop((node, index), None)
            self.node_counts[node].by_kind[Kind.NONE] += 1
            self.totals.by_kind[Kind.NONE] += 1
        self.columns[index] = bytearray([_ABSENT]) * len(self.nodes)
        self.archive_counts[index] = _counted(self.columns[index].translate(KIND_OF))
        self.archives[index] = None
        self.rejected.discard(index)
        self.dirty.details = self.dirty.gone = True
        self._reshaped()

    def _set_cell(self, digest: str, node_id: str, char: str) -> None:
        archive = self.archive_index.get(digest)
        node = self.node_index.get(node_id)
        if archive is None or node is None or len(char) != 1 or archive in self.rejected:
            return
        code = ord(char) if ord(char) < 256 else ord("?")
        # Where the cell still has a detail, the same frame brings it.
        if self.details.pop((node, archive), None) is not None:
            self.dirty.details = True
        column = self.columns[archive]
        if column[node] == code:
            return
        before, kind = KIND_OF[column[node]], KIND_OF[code]
        column[node] = code
        if before != kind:
            own = self.archive_counts[archive]
            for counts in (own,) if archive in self.past else (own, self.node_counts[node], self.totals):
                counts.by_kind[before] -= 1
                counts.by_kind[kind] += 1
            self.dirty.figures = True
        self.dirty.cell(node, archive)

    def _set_detail(self, detail: CellDetail) -> None:
        archive = self.archive_index.get(detail.digest)
        node = self.node_index.get(detail.node)
        if archive is None or node is None:
            return
        self.details[node, archive] = detail
        self.dirty.details = True
        self.dirty.cell(node, archive)


def _counted(kinds: bytes | bytearray, present: Iterable[int] = range(KIND_COUNT)) -> Counts:
    """Count cells by kind; ``present``: the kinds that there may be."""
    counts = Counts()
    for kind in present:
        counts.by_kind[kind] = kinds.count(kind)
    return counts
