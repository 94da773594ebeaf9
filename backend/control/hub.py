"""From the engine's changes to every reader's frames. A reader is a place in the journal: a slow one costs nobody."""

import asyncio
import time
from collections.abc import Callable, Iterable

from backend.api.wire import CellDetail, Delta, JobResult, LogLine, NodeRow, Snapshot, Throughput
from backend.control.face import EngineFace, Touched
from backend.control.journal import MARKS_LIMIT, Journal
from backend.control.projection.archives import archive_row, rejected_key, rejected_row
from backend.control.projection.cells import cell_detail, cell_of, character, wants_detail
from backend.control.projection.fleet import Own, is_known, node_ids, node_row, rates
from backend.control.projection.logs import log_line
from backend.control.projection.snapshot import snapshot
from backend.control.projection.throughput import Totals
from backend.model.ids import Digest, NodeId

SNAPSHOT_LOG_LINES = 200
SLICE_S = 0.01


class Hub:
    """Listens to the engine from ``open`` to ``close``; readers come and go in between."""

    def __init__(self, face: EngineFace, own: Own, now: Callable[[], float]) -> None:
        """``now``: epoch seconds."""
        self._face = face
        self._own = own
        self._now = now
        self.journal = Journal()
        self._readers: set[Reader] = set()
        self._owners: dict[str, Digest] | None = None
        self._glances = 0
        self._flowing: set[NodeId] = set()
        self._totals: Totals | None = None
        self._preparing = asyncio.Lock()
        self._throughput: tuple[int, Throughput] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def open(self) -> None:
        """Begin to listen."""
        self._unsubscribe = self._face.subscribe(self._applied)

    def close(self) -> None:
        """Listen no longer; readers end."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for reader in self._readers:
            reader.ended.set()
            reader.news.set()

    @property
    def consoles(self) -> int:
        """How many readers there are."""
        return len(self._readers)

    def join(self) -> "Reader":
        """Let a reader in. It must ``leave``."""
        if self._owners is None:
            self._owners = dict(self._face.state.owners)
        reader = Reader(self)
        self._readers.add(reader)
        self._tell_watchers()
        return reader

    def leave(self, reader: "Reader") -> None:
        """Let a reader go."""
        self._readers.discard(reader)
        self._tell_watchers()

    def glanced(self, running: int) -> None:
        """Learn how many short looks there are beside the readers."""
        self._glances = running
        self._tell_watchers()

    def _tell_watchers(self) -> None:
        self._face.watch(len(self._readers) + self._glances)

    def finish(self, result: JobResult) -> None:
        """Tell every reader how an action ended."""
        self.journal.finish(result)
        self._wake()

    def _applied(self, touched: Touched) -> None:
        self.journal.record(touched)
        self.journal.entries.mark(self._moved_owners(touched.entries), self.journal.sequence)
        flowing = self._flowing
        flowing.update(node for node, _ in touched.progress)
        if flowing:
            # A node's rate is the sum of its cells': it changes with each of them, also with the last one's end.
            changed = {node for node, _ in touched.rows | touched.progress if node in flowing}
            self.journal.nodes.mark(changed, self.journal.sequence)
            ended = {node for node, _ in touched.rows if node in flowing}
            if ended:
                # Here and not where frames are made: the state runs ahead of what was applied, and who has come to
                # rest there must still be told of with the event that comes.
                flowing -= ended.difference(node for node, _ in self._face.state.progress)
        if self._totals is not None:
            for node, digest in touched.rows:
                self._totals.touch_row(node, digest)
            for digest in touched.entries:
                self._totals.touch_entry(digest)
        self._wake()

    def _moved_owners(self, entries: Iterable[Digest]) -> set[Digest]:
        """Archives that won or lost a tag through changes of ``entries``: readers are to learn what is theirs now."""
        moved: set[Digest] = set()
        if self._owners is None:
            return moved
        state = self._face.state
        for tag in {tag for digest in entries if digest in state.entries for tag in state.entries[digest].tags}:
            before, now = self._owners.get(tag), state.owners.get(tag)
            if before == now:
                continue
            moved.update(digest for digest in (before, now) if digest is not None)
            if now is None:
                del self._owners[tag]
            else:
                self._owners[tag] = now
        return moved

    def _wake(self) -> None:
        for reader in self._readers:
            reader.news.set()

    async def prepare(self) -> None:
        """Count the fleet's totals in slices, so that a large fleet's first console stops nothing else."""
        async with self._preparing:
            if self._totals is None:
                self._totals = Totals(self._face.state)
            began = time.monotonic()
            for _ in () if self._totals.complete else self._totals.count():
                if time.monotonic() - began > SLICE_S:
                    await asyncio.sleep(0)
                    began = time.monotonic()

    # --- frames -----------------------------------------------------------------------------------------------------

    def throughput(self) -> Throughput:
        """The fleet's totals, worked out once per sequence number."""
        if self._totals is None:
            self._totals = Totals(self._face.state)
        if self._throughput is None or self._throughput[0] != self.journal.sequence:
            self._throughput = (self.journal.sequence, self._totals.throughput())
        return self._throughput[1]

    def snapshot(self) -> Snapshot:
        """Everything now."""
        log = [log_line(note) for note in self._face.notes[-SNAPSHOT_LOG_LINES:]]
        return snapshot(self._face.state, self._own, self._now(), self.journal.sequence, log, self.throughput())

    def fits_delta(self, since: int) -> bool:
        """Tell whether a delta from ``since`` on is possible, and smaller than a snapshot."""
        if not self.journal.knows_since(since):
            return False
        whole_rows = len(self.journal.entries.since(since)) * (1 + len(self._face.state.peers))
        return whole_rows + len(self.journal.cells.since(since)) <= MARKS_LIMIT

    def delta(self, since: int, log: list[LogLine], dropped: int) -> Delta:
        """What changed after ``since``; to be asked only where ``fits_delta``."""
        state, journal = self._face.state, self.journal
        entries = [entry for digest in journal.entries.since(since) if (entry := state.entries.get(digest)) is not None]
        rejected = journal.rejected.since(since)
        archives = [archive_row(state, entry) for entry in entries]
        archives += [rejected_row(state, state.rejected[name]) for name in rejected if name in state.rejected]
        nodes = node_ids(state)
        touched = dict.fromkeys((node, entry.digest) for entry in entries for node in nodes)
        touched.update(dict.fromkeys(journal.cells.since(since)))
        cells, details = self._cells(touched)
        return Delta(
            sequence=journal.sequence,
            at=self._now(),
            nodes=self._nodes(journal.nodes.since(since)),
            archives=archives,
            gone=[rejected_key(name) for name in rejected if name not in state.rejected],
            cells=cells,
            details=details,
            log=log,
            dropped=dropped,
            throughput=self.throughput(),
        )

    def _nodes(self, nodes: list[NodeId]) -> list[NodeRow]:
        state = self._face.state
        coming = rates(state)
        return [
            node_row(state, node, self._own, self._now(), coming.get(node, 0))
            for node in nodes
            if is_known(state, node)
        ]

    def _cells(self, touched: dict[tuple[NodeId, Digest], None]) -> tuple[list[tuple[str, str, str]], list[CellDetail]]:
        state = self._face.state
        cells: list[tuple[str, str, str]] = []
        details: list[CellDetail] = []
        for node, digest in touched:
            entry = state.entries.get(digest)
            if entry is None or not is_known(state, node):
                continue
            cells.append((digest, node, character(state, entry, node)))
            row = cell_of(state, entry, node)
            if row is not None and wants_detail(row):
                details.append(cell_detail(state, entry, row))
        return cells, details


class Reader:
    """One console's place in the journal. ``news``: something changed; ``ended``: the console or the daemon goes."""

    def __init__(self, hub: Hub) -> None:
        """Begin at the journal's end, with a snapshot due."""
        self._hub = hub
        self._sequence: int | None = None
        self._log_count = hub.journal.log.count
        self._results_count = hub.journal.results.count
        self.news = asyncio.Event()
        self.ended = asyncio.Event()

    @property
    def sequence(self) -> int:
        """The sequence number up to which this reader has been told everything."""
        return self._sequence or 0

    def resume(self, since: int) -> None:
        """Go on after ``since``, as far as that is still known."""
        journal = self._hub.journal
        if self._hub.fits_delta(since):
            self._sequence = since
            self._log_count = journal.log.count_at(since)
            self._results_count = journal.results.count_at(since)

    def frames(self) -> list[Snapshot | Delta | JobResult]:
        """All that is new to this reader, in one or few frames; nothing when nothing is."""
        self.news.clear()
        journal = self._hub.journal
        if self._sequence == journal.sequence:
            return []
        results, _ = journal.results.after(self._results_count)
        frames: list[Snapshot | Delta | JobResult] = []
        if self._sequence is None or not self._hub.fits_delta(self._sequence):
            frames.append(self._hub.snapshot())
        else:
            notes, dropped = journal.log.after(self._log_count)
            frames.append(self._hub.delta(self._sequence, [log_line(note) for note in notes], dropped))
        frames.extend(results)
        self._sequence = journal.sequence
        self._log_count, self._results_count = journal.log.count, journal.results.count
        return frames
