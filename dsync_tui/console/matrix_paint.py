"""How the matrix is drawn, line by line. Reads the store and decides nothing."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len

from backend.api.wire import NodeRow
from dsync_tui.console import figures
from dsync_tui.console.cell_paint import cell_spans
from dsync_tui.console.cells import DOWN, LOOKS, Kind, glyph_table, style_table
from dsync_tui.console.frame import Frame
from dsync_tui.console.geometry import COUNT_CELLS, RATE_CELLS, READY_CELLS, SIGN_CELLS, Geometry
from dsync_tui.console.glyphs import CUT, CUT_DOWN, DASH, POINTER, RULE
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, clipped, fitted
from dsync_tui.console.store import Counts
from dsync_tui.naming import state_of

FLAT = frozenset({"none", "ready", "stored", "queued", "cancelled", "down", "unknown", "held", "transferring"})
"""Styles that do not show on a blank: runs of them are drawn in one piece, gaps included."""
_REJECTED = ord("!")
_ABSENT = ord(" ")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the window shows: store indices of its columns, their labels, where the cursor stands, what is marked."""

    geometry: Geometry
    frame: Frame
    first_row: int
    first_column: int
    columns: list[int]
    labels: list[list[str]]
    cursor_row: int
    cursor_column: int
    marks: Container[str]
    column_marks: Container[str]


class MatrixPainter:
    """Draws header and rows."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._glyphs = glyph_table(kit.ascii_only)
        self._styles = style_table()
        self._down = DOWN.ascii if kit.ascii_only else DOWN.glyph
        self._labelled: Shown | None = None
        self._label_styles: list[str] = []

    def line(self, shown: Shown, y: int) -> tuple[Line, str]:
        """Line ``y`` of the window, and the style of its ground."""
        header = shown.geometry.header
        if y < header:
            made = self._totals(shown) if self._is_totals(shown.geometry, y) else self._header(shown, y)
            return list(made), ""
        row = shown.first_row + y - header
        if row >= len(shown.frame.rows):
            return [], ""
        return list(self._row(shown, row)), place_of(shown, row)

    def _is_totals(self, geometry: Geometry, y: int) -> bool:
        return geometry.totals and y == geometry.header - 1

    def head(self, shown: Shown, row: int) -> tuple[Line, str]:
        """What stands left of a row's cells."""
        return list(self._head(shown, row)), place_of(shown, row)

    def cell(self, shown: Shown, row: int, offset: int, whole: bool) -> tuple[Line, str]:
        """One cell; ``whole``: with the gap after it."""
        node = shown.frame.rows[row]
        code = self.codes(node, shown.columns[offset : offset + 1])[0]
        here = row == shown.cursor_row and shown.first_column + offset == shown.cursor_column
        if shown.geometry.spread:
            spans = self._spread_cell(shown, node, shown.columns[offset], code, here)
        else:
            glyph, style = self.look(code, down=self.is_down(node))
            spans = [(glyph + " ", "cursor")] if here else [(glyph, style), (" ", "text")]
        return (spans if whole or here else spans[:-1]), place_of(shown, row)

    def label(self, shown: Shown, y: int, offset: int) -> tuple[Line, str]:
        """One line of a column's label, with the gap after it."""
        text = self._label_across(shown, y, offset) if shown.geometry.spread else self._label_down(shown, y, offset)
        return [(text, self._styles_of_labels(shown)[offset])], ""

    # --- header --------------------------------------------------------------------------------------------

    def _header(self, shown: Shown, y: int) -> Iterator[Span]:
        geometry, kit = shown.geometry, self._kit
        if y == geometry.labels - 1:
            yield fitted(" " * SIGN_CELLS + kit.say("matrix.node"), SIGN_CELLS + geometry.name + 1), "title"
            yield fitted(kit.say("matrix.ready"), READY_CELLS, right=True), "title"
            if geometry.rate:
                yield fitted(kit.say("matrix.rate"), RATE_CELLS, right=True), "title"
            captions = ("matrix.moving", "matrix.retry", "matrix.failed")
            for key in captions[len(captions) - geometry.counts :]:
                yield fitted(kit.say(key), COUNT_CELLS, right=True), "title"
        else:
            yield fitted(self._window_text(shown, y), geometry.left - 3), "dim"
        if geometry.pitch:
            yield f" {RULE} ", "rule"
            make = self._label_across if geometry.spread else self._label_down
            for offset, style in enumerate(self._styles_of_labels(shown)):
                yield make(shown, y, offset), style

    def _window_text(self, shown: Shown, y: int) -> str:
        """Which part of the whole is seen, where it is not all."""
        geometry, frame = shown.geometry, shown.frame
        parts = []
        if len(shown.columns) < frame.of_columns:
            parts.append(
                self._kit.say(
                    "matrix.columns-seen",
                    first=shown.first_column + 1 if shown.columns else 0,
                    last=shown.first_column + len(shown.columns),
                    count=len(frame.columns),
                )
            )
        if len(frame.rows) < frame.of_rows or geometry.body < len(frame.rows):
            parts.append(
                self._kit.say(
                    "matrix.rows-seen",
                    first=shown.first_row + 1 if frame.rows else 0,
                    last=min(shown.first_row + geometry.body, len(frame.rows)),
                    count=len(frame.rows),
                )
            )
        # Just above the captions, where the eye is.
        parts = parts[: geometry.labels - 1]
        line = y - (geometry.labels - 1 - len(parts))
        return " " * SIGN_CELLS + parts[line] if 0 <= line < len(parts) else ""

    def _label_down(self, shown: Shown, y: int, offset: int) -> str:
        """Labels that run downwards end above their column."""
        (label,) = shown.labels[offset]
        place = y - (shown.geometry.labels - len(label))
        char = label[place] if 0 <= place < len(label) else " "
        if char.isascii():
            return char + " "
        if char == CUT:
            char = CUT_DOWN
        wide = cell_len(char)
        return char + " " * (2 - wide) if wide else "? "

    def _label_across(self, shown: Shown, y: int, offset: int) -> str:
        """Labels in several lines end above their column."""
        geometry, label = shown.geometry, shown.labels[offset]
        place = y - (geometry.labels - len(label))
        text = label[place] if 0 <= place < len(label) else ""
        return fitted(text, geometry.pitch - 1) + " "

    def _styles_of_labels(self, shown: Shown) -> list[str]:
        """Worked out once for all lines that are painted together."""
        if self._labelled is not shown:
            self._labelled = shown
            self._label_styles = [self._label_style(shown, offset) for offset in range(len(shown.labels))]
        return self._label_styles

    def _label_style(self, shown: Shown, offset: int) -> str:
        archive = self._kit.store.archive(shown.columns[offset])
        if archive.digest in shown.column_marks:
            return "marked"
        if shown.first_column + offset == shown.cursor_column:
            return "strong"
        if archive.state == "rejected":
            return "bad"
        return "text" if state_of(archive) == "active" else "dim"

    # --- totals --------------------------------------------------------------------------------------------

    def _totals(self, shown: Shown) -> Iterator[Span]:
        """The whole fleet, and each archive on all of its nodes, whatever the filter shows."""
        kit, geometry, store = self._kit, shown.geometry, self._kit.store
        caption = kit.say("matrix.all", count=len(store.nodes))
        yield fitted(" " * SIGN_CELLS + caption, SIGN_CELLS + geometry.name + 1), "strong"
        yield self._ready(store.totals)
        if geometry.rate:
            yield fitted(figures.mebibytes(store.throughput.rate_bps), RATE_CELLS, right=True), "moving"
        if not geometry.pitch:
            yield from self._more_counts(geometry, store.totals)
            return
        yield f" {RULE} ", "rule"
        for archive in shown.columns:
            text, style = self._column_total(archive, geometry.pitch - 1 if geometry.spread else 1)
            yield fitted(text, geometry.pitch - 1), style
            yield "*" if store.archive(archive).digest in shown.column_marks else " ", "key"

    def _column_total(self, archive: int, room: int) -> Span:
        """How an archive stands on all nodes: the worst sign or tenths of it, or figures where there is room."""
        store, counts = self._kit.store, self._kit.store.archive_counts[archive]
        if archive in store.rejected:
            return self._sign_of(Kind.REJECTED), "bad"
        if not counts.wanted:
            return "", "dim"
        style = "dim" if archive in store.past else _health(counts)
        if room > 1:
            text = f"{counts.happy}/{counts.wanted}"
            return (text if len(text) <= room else figures.tenth_percent(counts.share()).strip()), style
        if counts.failed:
            return self._sign_of(Kind.FAILED), style
        if counts.trouble:
            return self._sign_of(Kind.WAITING), style
        if counts.happy == counts.wanted:
            return self._sign_of(Kind.READY), style
        return str(int(counts.share() * 10)), "moving"

    def _sign_of(self, kind: Kind) -> str:
        return LOOKS[kind].ascii if self._kit.ascii_only else LOOKS[kind].glyph

    # --- rows ----------------------------------------------------------------------------------------------

    def _row(self, shown: Shown, row: int) -> Iterator[Span]:
        yield from self._head(shown, row)
        if not shown.geometry.pitch:
            return
        yield f" {RULE} ", "rule"
        node = shown.frame.rows[row]
        if shown.geometry.spread:
            yield from self._spread_cells(shown, row, node)
        else:
            yield from self._dense_cells(shown, row, node)

    def _head(self, shown: Shown, row: int) -> Iterator[Span]:
        kit, geometry = self._kit, shown.geometry
        node = shown.frame.rows[row]
        facts = kit.store.nodes[node]
        here = row == shown.cursor_row
        yield POINTER if here else " ", "key"
        yield "*" if facts.id in shown.marks else " ", "key"
        yield self._sign(facts)
        yield fitted(clipped(facts.name, geometry.name), geometry.name + 1), "strong" if here else "text"
        yield from self._counts(geometry, facts, node)
        yield from self._more_counts(geometry, kit.store.node_counts[node])

    def _sign(self, facts: NodeRow) -> Span:
        if facts.state == "down":
            return DASH, "warn"
        if facts.sick is not None or facts.state == "isolated":
            return "!", "warn"
        if facts.state == "paused":
            return "=", "warn"
        return ("?", "dim") if facts.state != "up" else (" ", "text")

    def _counts(self, geometry: Geometry, facts: NodeRow, node: int) -> Iterator[Span]:
        kit = self._kit
        rate: Span = (figures.mebibytes(facts.rate_bps), "moving")
        if facts.state == "down":
            gone = figures.age(kit.store.now(kit.now()) - facts.seen_at) if facts.seen_at else ""
            yield fitted(f"{kit.node_state('down')} {gone}".rstrip(), READY_CELLS, right=True), "warn"
            rate = DASH * 2, "dim"
        else:
            yield self._ready(kit.store.node_counts[node])
        if geometry.rate:
            yield fitted(rate[0], RATE_CELLS, right=True), rate[1]

    def _ready(self, counts: Counts) -> Span:
        text = f"{counts.happy}/{counts.wanted}"
        if len(text) >= READY_CELLS:
            text = f"{figures.tally(counts.happy)}/{figures.tally(counts.wanted)}"
        if len(text) >= READY_CELLS:
            text = figures.percent(counts.share())
        return fitted(text, READY_CELLS, right=True), _health(counts)

    def _more_counts(self, geometry: Geometry, counts: Counts) -> Iterator[Span]:
        """In place of cells: how many move, wait or have failed."""
        shown = (
            (counts.moving, "moving"),
            (counts.of(Kind.WAITING, Kind.HELD), "warn"),
            (counts.failed, "bad"),
        )
        for count, style in shown[len(shown) - geometry.counts :]:
            yield fitted(str(count or ""), COUNT_CELLS, right=True), style

    def codes(self, node: int, columns: list[int]) -> bytes:
        """The characters of a node's cells in some archives."""
        store = self._kit.store
        codes = store.row_codes(node, columns)
        if store.rejected.isdisjoint(columns):
            return codes
        return bytes(
            _REJECTED if archive in store.rejected else code for code, archive in zip(codes, columns, strict=True)
        )

    def is_down(self, node: int) -> bool:
        """Tell whether a node is out of reach."""
        return self._kit.store.nodes[node].state == "down"

    def look(self, code: int, down: bool) -> Span:
        """Sign and style of a cell where there is room for no more."""
        if down and code not in (_ABSENT, _REJECTED):
            return self._down, "down"
        return self._glyphs[code], self._styles[code]

    def _dense_cells(self, shown: Shown, row: int, node: int) -> Iterator[Span]:
        codes, down = self.codes(node, shown.columns), self.is_down(node)
        cursor = shown.cursor_column - shown.first_column if row == shown.cursor_row else -1
        offset = 0
        for code, run in groupby(codes):
            length = len(list(run))
            glyph, style = self.look(code, down)
            if offset <= cursor < offset + length:
                before = cursor - offset
                yield from _run(glyph, style, before)
                yield glyph + " ", "cursor"
                yield from _run(glyph, style, length - before - 1)
            else:
                yield from _run(glyph, style, length)
            offset += length

    def _spread_cells(self, shown: Shown, row: int, node: int) -> Iterator[Span]:
        cursor = shown.cursor_column - shown.first_column if row == shown.cursor_row else -1
        for offset, code in enumerate(self.codes(node, shown.columns)):
            yield from self._spread_cell(shown, node, shown.columns[offset], code, offset == cursor)

    def _spread_cell(self, shown: Shown, node: int, archive: int, code: int, here: bool) -> list[Span]:
        """A cell with words, and the gap after it."""
        room = shown.geometry.pitch - 1
        if self.is_down(node) and code not in (_ABSENT, _REJECTED):
            spans: list[Span] = [(fitted(self._down * 2, room), "down")]
        else:
            spans = list(cell_spans(self._kit, code, node, archive, room))
        if here:
            spans = [("".join(text for text, _ in spans), "cursor")]
        return [*spans, (" ", "text")]


def _health(counts: Counts) -> str:
    """The style of a count: the worst that is in it."""
    if counts.failed:
        return "bad"
    if counts.trouble:
        return "warn"
    return "good" if counts.happy == counts.wanted else "text"


def place_of(shown: Shown, row: int) -> str:
    """The style of a row's ground."""
    return "cursor-row" if row == shown.cursor_row else ""


def _run(glyph: str, style: str, length: int) -> Iterator[Span]:
    """``length`` cells alike, each with its gap."""
    if length <= 0:
        return
    if style in FLAT:
        yield (glyph + " ") * length, style
        return
    for _ in range(length):
        yield glyph, style
        yield " ", "text"
