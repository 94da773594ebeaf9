"""The archives: what the fleet should hold, newest first, and what was refused."""

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from backend.model.plain import plain
from dsync_tui import naming
from dsync_tui.console import describe, figures
from dsync_tui.console.cells import Kind
from dsync_tui.console.dirty import Dirty
from dsync_tui.console.frame import Arrangement, arrange
from dsync_tui.console.labels import fitting_label
from dsync_tui.console.lines import Line
from dsync_tui.console.records import Record, archive_record
from dsync_tui.console.screens.view import Subject, TableView
from dsync_tui.console.table import TableColumn
from dsync_tui.console.targets import Targets


class ArchivesView(TableView):
    """One row an archive."""

    NAME: ClassVar[str] = "archives"

    def columns(self) -> Sequence[TableColumn]:
        """Captions and widths."""
        say = self.kit.say
        return (
            TableColumn(say("column.image"), 16, 4),
            TableColumn(say("column.state"), 10),
            TableColumn(say("column.ready"), 9, right=True),
            TableColumn(say("column.moving"), 6, right=True),
            TableColumn(say("column.retry"), 5, right=True),
            TableColumn(say("column.failed"), 6, right=True),
            TableColumn(say("column.size"), 8, right=True),
            TableColumn(say("column.origin"), 10, 1, shown_from=90),
            TableColumn(say("column.file"), 12, 2, shown_from=100),
        )

    def keys(self) -> Sequence[Hashable]:
        """Digests in the matrix's order, but what was refused first: it is here that one looks for it."""
        store = self.kit.store
        order = arrange(store, Arrangement()).columns
        return [store.archive(index).digest for index in sorted(order, key=lambda index: index not in store.rejected)]

    def build(self, key: Hashable) -> Sequence[Line]:
        """A row's cells."""
        store, kit = self.kit.store, self.kit
        index = store.archive_index.get(str(key))
        if index is None:
            return [[] for _ in self.columns()]
        entry, counts = store.archive(index), store.archive_counts[index]
        state = naming.state_of(entry)
        style = {"active": "text", "rejected": "bad"}.get(state, "dim")
        active = entry.state == "active"
        ready = f"{counts.happy}/{counts.wanted}" if active else ""
        room = self.table.width_of(0)
        return (
            [(fitting_label(kit.label(entry), room), style)],
            [(kit.texts.text(f"archive.{state}"), "dim" if active else style)],
            [(ready, "good" if counts.happy == counts.wanted else "text")],
            [(str(counts.moving or ""), "moving")],
            [(str(counts.of(Kind.WAITING, Kind.HELD) or ""), "warn")],
            [(str(counts.failed or "") if active else "", "bad")],
            [(figures.size(entry.size_bytes), "text")],
            [(plain(describe.node_name(kit, entry.origin)), "dim")],
            [(plain(entry.name), "dim")],
        )

    def record(self, key: Hashable) -> Record | None:
        """The archive as data."""
        index = self.kit.store.archive_index.get(str(key))
        return None if index is None else archive_record(self.kit, index)

    def haystack(self, key: Hashable) -> str:
        """What the row shows, all its tags and its fingerprint."""
        index = self.kit.store.archive_index.get(str(key))
        if index is None:
            return ""
        entry = self.kit.store.archive(index)
        return f"{super().haystack(key)} {' '.join(entry.tags)} {' '.join(entry.aliases)} {entry.fingerprint}"

    def flush(self, dirty: Dirty) -> None:
        """Rows whose facts or cells have changed; everything when archives came or went."""
        if dirty.everything or dirty.layout:
            self.rebuild()
            return
        store = self.kit.store
        changed = {archive for _, archive in dirty.cells} | dirty.archives
        self.table.refresh_keys([row.digest for index in changed if (row := store.archives[index]) is not None])

    def subject(self) -> Subject:
        """The archive under the cursor."""
        return None, self.kit.store.archive_index.get(str(self.table.current))

    def cursor_line(self) -> Line:
        """The archive under the cursor."""
        _, archive = self.subject()
        if archive is None:
            return []
        entry = self.kit.store.archive(archive)
        return [
            (self.kit.label(entry), "strong"),
            ("  ", "text"),
            (entry.fingerprint, "dim"),
            ("  ", "text"),
            (describe.reason_of(self.kit, entry), "bad"),
        ]

    def detail(self, width: int) -> Iterable[Line]:
        """The archive under the cursor, at length."""
        _, archive = self.subject()
        return () if archive is None else describe.archive_lines(self.kit, archive, width)

    def targets(self) -> Targets | None:
        """The marked archives, or the cursor's, on all nodes."""
        index = self.kit.store.archive_index
        rejected = self.kit.store.rejected
        marked = tuple(
            sorted(
                index[str(digest)]
                for digest in self.table.marks
                if str(digest) in index and index[str(digest)] not in rejected
            )
        )
        _, archive = self.subject()
        if marked:
            return Targets(archives=marked)
        return None if archive is None else Targets(archives=(archive,))
