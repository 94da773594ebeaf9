"""The two lists of cells: what moves, and what is in trouble."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import ClassVar

from backend.api.wire import ArchiveRow, CellDetail, NodeRow
from backend.model.plain import plain
from dsync_tui.console import describe, figures
from dsync_tui.console.cells import MOVING, TROUBLE, Kind
from dsync_tui.console.dirty import Dirty
from dsync_tui.console.history import NODE_HISTORY_S
from dsync_tui.console.kit import Kit
from dsync_tui.console.labels import middle_cut
from dsync_tui.console.lines import Line, Span, joined
from dsync_tui.console.records import Record, cell_record
from dsync_tui.console.screens.view import Subject, TableView
from dsync_tui.console.session import Session
from dsync_tui.console.spark import bar, trend
from dsync_tui.console.table import TableColumn
from dsync_tui.console.targets import Targets

Pair = tuple[str, str]
"""Node ID and archive digest."""

BAR_CELLS, TREND_CELLS = 10, 10
LISTED = 2000
"""Rows of a list at most: the worst, or oldest; nobody reads further, and filters go by what is listed."""
AGAIN_S = 0.5
"""Rows are chosen and ordered anew at most this often; those that stay are painted at once."""


class DeliveriesView(TableView):
    """A list of cells of certain kinds."""

    KINDS: ClassVar[frozenset[Kind]]

    def __init__(self, kit: Kit, session: Session) -> None:
        super().__init__(kit, session)
        self._stale = False
        self._listed_at = 0.0
        self._there = 0

    def keys(self) -> Sequence[Hashable]:
        """The cells, in the subclass's order; those of which nothing more is known stand last."""
        store = self.kit.store
        self._stale, self._listed_at = False, self.kit.now()
        self._there = store.totals.of(*self.KINDS)
        found = []
        for at, detail in store.details.items():
            if at[1] not in store.past and store.kind(*at) in self.KINDS:
                facts, entry = store.nodes[at[0]], store.archive(at[1])
                found.append((self.order(detail, facts, entry), (facts.id, entry.digest)))
        found.sort()
        keys: list[Hashable] = [pair for _, pair in found[:LISTED]]
        if self._there > len(found) and len(keys) < LISTED:
            keys += islice(self._without_detail(), LISTED - len(keys))
        return keys

    def _without_detail(self) -> Iterator[Pair]:
        """A large fleet's stream tells only of the worst cells more than their state."""
        store = self.kit.store
        for archive in store.live_archives():
            if archive not in store.past and store.archive_counts[archive].of(*self.KINDS):
                digest = store.archive(archive).digest
                for node, facts in enumerate(store.nodes):
                    if store.kind(node, archive) in self.KINDS and (node, archive) not in store.details:
                        yield facts.id, digest

    def order(self, detail: CellDetail, facts: NodeRow, entry: ArchiveRow) -> tuple[float, float, str]:
        """What sorts a row."""
        return (detail.since, -entry.order, facts.name)

    def standing(self) -> Iterator[Span]:
        """Whether there are more than are listed."""
        if self._there > self._of:
            yield self.kit.say("standing.part", count=figures.tally(self._of), of=figures.tally(self._there)), "warn"

    def at(self, key: Hashable) -> tuple[int, int] | None:
        """Store indices of a row's cell; None where it is gone."""
        if not isinstance(key, tuple):
            return None
        store = self.kit.store
        node, archive = store.node_index.get(key[0]), store.archive_index.get(key[1])
        return None if node is None or archive is None else (node, archive)

    def record(self, key: Hashable) -> Record | None:
        """The delivery as data."""
        at = self.at(key)
        return None if at is None else cell_record(self.kit, *at)

    def haystack(self, key: Hashable) -> str:
        """What the row shows, and the image's whole name."""
        at = self.at(key)
        label = "" if at is None else self.kit.label(self.kit.store.archive(at[1]))
        return f"{super().haystack(key)} {label}"

    def build(self, key: Hashable) -> Sequence[Line]:
        """A row's cells; a cell that is gone leaves blanks until the list is made anew."""
        at = self.at(key)
        if at is None or self.kit.store.kind(*at) not in self.KINDS:
            return [[] for _ in self.columns()]
        entry, facts = self.kit.store.archive(at[1]), self.kit.store.nodes[at[0]]
        detail = self.kit.store.details.get(at)
        known = CellDetail(entry.digest, facts.id, self.kit.store.kind(*at).word) if detail is None else detail
        return self.cells(at, known, facts, entry)

    def cells(self, at: tuple[int, int], detail: CellDetail, facts: NodeRow, entry: ArchiveRow) -> Sequence[Line]:
        """A row's cells."""
        raise LookupError(self.NAME)

    def flush(self, dirty: Dirty) -> None:
        """Paint rows that have changed; make the list anew, but not with every change."""
        if dirty.everything or dirty.layout:
            self.rebuild()
            return
        if dirty.details or dirty.cells:
            self._stale = True
            if self.kit.now() - self._listed_at >= AGAIN_S:
                self.rebuild()
                return
        store = self.kit.store
        changed = [
            (store.nodes[node].id, row.digest)
            for node, archive in dirty.cells
            if (row := store.archives[archive]) is not None
        ]
        self.table.refresh_keys(changed)

    def tick(self) -> None:
        """What has become stale meanwhile."""
        if self._stale:
            self.rebuild()

    def subject(self) -> Subject:
        """Node and archive of the row under the cursor."""
        return self.at(self.table.current) or (None, None)

    def cursor_line(self) -> Line:
        """The cell of the row under the cursor."""
        at = self.at(self.table.current)
        return [] if at is None else describe.cell_line(self.kit, *at)

    def detail(self, width: int) -> Iterable[Line]:
        """The cell of the row under the cursor, at length."""
        at = self.at(self.table.current)
        return () if at is None else describe.cell_lines(self.kit, *at, width)

    def targets(self) -> Targets | None:
        """The marked cells, or the row's."""
        marked = [at for key in self.table.marks if (at := self.at(key)) is not None]
        if marked:
            return Targets(single=tuple(sorted(marked)))
        at = self.at(self.table.current)
        return None if at is None else Targets((at[0],), (at[1],))


class TransfersView(DeliveriesView):
    """What moves, the oldest first, so that rows stay where they are."""

    NAME: ClassVar[str] = "transfers"
    PANE_FROM: ClassVar[int] = 160
    KINDS: ClassVar[frozenset[Kind]] = MOVING

    def columns(self) -> Sequence[TableColumn]:
        """Captions and widths."""
        say = self.kit.say
        return (
            TableColumn(say("column.node"), self.kit.node_cells(16), 1 if self.kit.node_cells() > 16 else 0),
            TableColumn(say("column.image"), 12, 3),
            TableColumn(say("column.progress"), BAR_CELLS + 5),
            TableColumn(say("column.rate"), 6, right=True),
            TableColumn(say("column.left"), 8, right=True),
            TableColumn(say("column.size"), 8, right=True, shown_from=96),
            TableColumn(say("column.saved"), 8, right=True, shown_from=106),
            TableColumn(say("column.from"), 9, 1, shown_from=92),
            TableColumn(say("column.trend"), TREND_CELLS),
            TableColumn(say("column.attempts"), 4, right=True, shown_from=120),
        )

    def cells(self, at: tuple[int, int], detail: CellDetail, facts: NodeRow, entry: ArchiveRow) -> Sequence[Line]:
        """Progress as a bar, or the state's word where nothing comes in any more; and the node's last minutes."""
        kit = self.kit
        kind = kit.store.kind(*at)
        progress: Line = [describe.state_span(kit, kind)]
        left = rate = ""
        if kind is Kind.TRANSFERRING:
            done, rest = bar(detail.progress, BAR_CELLS, kit.ascii_only)
            progress = [
                (done, "moving"),
                (rest, "rule"),
                (" " + figures.tenth_percent(detail.progress), "transferring"),
            ]
            rate = figures.mebibytes(detail.rate_bps)
            if detail.rate_bps > 0:
                left = figures.clock((1 - detail.progress) * entry.size_bytes / detail.rate_bps)
        samples = kit.store.node_rates.latest(facts.id, NODE_HISTORY_S)
        return (
            [(plain(facts.name), "text")],
            [(middle_cut(kit.short_label(entry), self.table.width_of(1)), "text")],
            progress,
            [(rate, "moving")],
            [(left, "text")],
            [(figures.size(entry.size_bytes), "dim")],
            [(figures.size(detail.saved_bytes) if detail.saved_bytes else "", "good")],
            [(plain(describe.node_name(kit, detail.source)) if detail.source else "", "dim")],
            [(trend(samples, TREND_CELLS, kit.ascii_only) if samples else "", "moving")],
            [(str(detail.attempts or ""), "dim")],
        )

    def tick(self) -> None:
        """A second more of every node's rate."""
        super().tick()
        self.table.refresh_keys(self.table.keys)


class RetriesView(DeliveriesView):
    """What is in trouble: due retries first, then what is held, then what gave up."""

    NAME: ClassVar[str] = "retries"
    KINDS: ClassVar[frozenset[Kind]] = TROUBLE

    def columns(self) -> Sequence[TableColumn]:
        """Captions and widths."""
        say = self.kit.say
        return (
            TableColumn(say("column.node"), self.kit.node_cells(20)),
            TableColumn(say("column.image"), self.kit.image_cells(16), 1),
            TableColumn(say("column.state"), 11),
            TableColumn(say("column.due"), 7, right=True),
            TableColumn(say("column.retry"), 5, right=True, shown_from=92),
            TableColumn(say("column.why"), 16, 5),
        )

    def order(self, detail: CellDetail, facts: NodeRow, entry: ArchiveRow) -> tuple[float, float, str]:
        """By due time; what has none by how long it is so."""
        rank = {"waiting": 0.0, "held": 1.0}.get(detail.state, 2.0)
        due = detail.due_at if detail.due_at is not None and rank == 0 else detail.since
        return (rank, due, f"{facts.name} {-entry.order}")

    def cells(self, at: tuple[int, int], detail: CellDetail, facts: NodeRow, entry: ArchiveRow) -> Sequence[Line]:
        """The countdown and why."""
        kit = self.kit
        kind = kit.store.kind(*at)
        due = ""
        if kind is Kind.WAITING and detail.due_at is not None:
            due = figures.countdown(detail.due_at - kit.store.now(kit.now()))
        error, _ = describe.error_of(kit, detail)
        return (
            [(plain(facts.name), "text")],
            [(middle_cut(kit.short_label(entry), self.table.width_of(1)), "text")],
            [describe.state_span(kit, kind)],
            [(due, "warn")],
            [(str(detail.retries), "dim")],
            [(error, "text")],
        )

    def cursor_line(self) -> Line:
        """Why, first of all: the row itself says what, but has little room for the reason."""
        at = self.at(self.table.current)
        detail = None if at is None else self.kit.store.details.get(at)
        if at is None or detail is None:
            return super().cursor_line()
        error, remedy = describe.error_of(self.kit, detail)
        why: Line = [(error, "bad" if self.kit.store.kind(*at) is Kind.FAILED else "warn")] if error else []
        return joined([why, [(remedy, "text")] if remedy else [], super().cursor_line() if not error else []])

    def tick(self) -> None:
        """Countdowns."""
        super().tick()
        self.table.refresh_keys([key for key in self.table.keys if self._counts_down(key)])

    def _counts_down(self, key: Hashable) -> bool:
        at = self.at(key)
        return at is not None and self.kit.store.kind(*at) is Kind.WAITING
