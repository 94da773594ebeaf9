"""The nodes: how each is, what it runs, how far it is."""

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from backend.model.plain import plain
from dsync_tui import saying
from dsync_tui.console import describe, figures
from dsync_tui.console.cells import Kind
from dsync_tui.console.dirty import Dirty
from dsync_tui.console.frame import natural
from dsync_tui.console.history import NODE_HISTORY_S
from dsync_tui.console.lines import Line
from dsync_tui.console.records import Record, node_record
from dsync_tui.console.screens.view import Subject, TableView
from dsync_tui.console.spark import trend
from dsync_tui.console.table import TableColumn
from dsync_tui.console.targets import Targets

TREND_CELLS = 12


class NodesView(TableView):
    """One row a node, by name."""

    NAME: ClassVar[str] = "nodes"

    def columns(self) -> Sequence[TableColumn]:
        """Captions and widths."""
        say = self.kit.say
        return (
            TableColumn(say("column.node"), self.kit.node_cells(16), 1 if self.kit.node_cells() > 16 else 0),
            TableColumn(say("column.state"), 8),
            TableColumn(say("column.seen"), 5, right=True),
            TableColumn(say("column.ready"), 9, right=True),
            TableColumn(say("column.retry"), 5, right=True),
            TableColumn(say("column.failed"), 6, right=True),
            TableColumn(say("column.rate"), 6, right=True),
            TableColumn(say("column.free"), 8, right=True),
            TableColumn(say("column.trend"), TREND_CELLS, shown_from=110),
            TableColumn(say("column.runtime"), 8, 1, shown_from=76),
            TableColumn(say("column.address"), 18, 1, shown_from=104),
        )

    def keys(self) -> Sequence[Hashable]:
        """IDs in the order of names."""
        return [node.id for node in sorted(self.kit.store.nodes, key=lambda node: natural(node.name))]

    def build(self, key: Hashable) -> Sequence[Line]:
        """A row's cells."""
        store = self.kit.store
        index = store.node_index.get(str(key))
        if index is None:
            return [[] for _ in self.columns()]
        facts, counts = store.nodes[index], store.node_counts[index]
        samples = store.node_rates.latest(facts.id, NODE_HISTORY_S)
        retry = counts.of(Kind.WAITING, Kind.HELD)
        return (
            [(plain(facts.name), "text")],
            [describe.node_word(self.kit, facts)],
            [(describe.seen(self.kit, facts), "dim" if facts.linked else "warn")],
            [(f"{counts.happy}/{counts.wanted}", "good" if counts.happy == counts.wanted else "text")],
            [(str(retry or ""), "warn")],
            [(str(counts.failed or ""), "bad")],
            [(figures.mebibytes(facts.rate_bps), "moving")],
            [(figures.size(facts.free_bytes) if facts.free_bytes else "", "text")],
            [(trend(samples, TREND_CELLS, self.kit.ascii_only) if samples else "", "moving")],
            [(plain(facts.runtime), "dim")],
            [(plain(facts.address), "dim")],
        )

    def record(self, key: Hashable) -> Record | None:
        """The node as data."""
        index = self.kit.store.node_index.get(str(key))
        return None if index is None else node_record(self.kit, index)

    def haystack(self, key: Hashable) -> str:
        """What the row shows, and what sets nodes apart."""
        index = self.kit.store.node_index.get(str(key))
        labels = {} if index is None else self.kit.store.nodes[index].labels
        return f"{super().haystack(key)} {' '.join(f'{name}={value}' for name, value in labels.items())}"

    def flush(self, dirty: Dirty) -> None:
        """Rows whose facts or cells have changed; everything when nodes came or went."""
        if dirty.everything or dirty.layout:
            self.rebuild()
            return
        changed = dirty.nodes | {node for node, _ in dirty.cells}
        self.table.refresh_keys([self.kit.store.nodes[node].id for node in changed])

    def tick(self) -> None:
        """Ages, and a second more of everybody's rates."""
        self.table.refresh_keys(self.table.keys)

    def subject(self) -> Subject:
        """The node under the cursor."""
        return self.kit.store.node_index.get(str(self.table.current)), None

    def cursor_line(self) -> Line:
        """The node under the cursor."""
        node, _ = self.subject()
        if node is None:
            return []
        facts = self.kit.store.nodes[node]
        spans = [(plain(facts.name), "strong"), ("  ", "text"), describe.node_state_span(self.kit, facts)]
        return [*spans, ("  ", "text"), (saying.sickness(self.kit.texts, facts) or "", "warn")]

    def detail(self, width: int) -> Iterable[Line]:
        """The node under the cursor, at length."""
        node, _ = self.subject()
        return () if node is None else describe.node_lines(self.kit, node, width)

    def targets(self) -> Targets | None:
        """All archives on the marked nodes, or on the cursor's."""
        nodes = self.nodes_meant()
        return Targets(nodes=nodes) if nodes else None

    def nodes_meant(self) -> tuple[int, ...]:
        """The marked nodes, or the cursor's."""
        index = self.kit.store.node_index
        return tuple(sorted(index[str(id)] for id in self.table.marks if str(id) in index)) or super().nodes_meant()
