"""The matrix of nodes and archives as a table for terminals, where it fits."""

from collections import Counter
from collections.abc import Iterator

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from backend.api.wire import ArchiveDocument, DeliveryDocument, StatusDocument
from backend.model.plain import plain
from backend.texts import Texts
from dsync_tui import naming
from dsync_tui.tables.columns import aligned, cut
from dsync_tui.tables.status import labels_of, progress_text

MATRIX_WIDTH = 160
"""How wide a matrix may be where no terminal sets the limit."""
CELLS_LIMIT = 2000
"""More cells than these are nobody's table."""
_HEAD_WIDTH = 18
_STYLES = {
    "ready": "blue",
    "stored": "default",
    "queued": "dim",
    "transferring": "bold cyan",
    "verifying": "cyan",
    "loading": "cyan",
    "waiting": "underline yellow",
    "held": "yellow",
    "failed": "bold reverse red",
    "cancelled": "dim",
}


def matrix_fits(document: StatusDocument, width: int) -> bool:
    """Tell whether the whole matrix fits into ``width`` columns (a cell holds a state's word)."""
    cells = len(document.nodes) * len(document.archives)
    if not document.archives or cells > CELLS_LIMIT:
        return False
    names = max(cell_len(plain(node.name)) for node in document.nodes)
    return names + sum(_width(label) + 3 for label in labels_of(document)) + 4 <= width


def matrix_table(document: StatusDocument, texts: Texts) -> Table:
    """Build the table from a full document."""
    # No lines between cells: those that rich has are of ambiguous width, and shear in terminals of East Asia.
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(Text(texts.text("cli.column.node")), no_wrap=True)
    for head, archive in zip(_heads(document), document.archives, strict=True):
        style = "not bold dim" if naming.is_overtaken(archive) else ""
        table.add_column(Text(head, style=style), no_wrap=True)
    by_node = [{delivery.node: delivery for delivery in archive.deliveries} for archive in document.archives]
    for node in document.nodes:
        cells = [
            _cell(archive, deliveries.get(node.name), texts)
            for archive, deliveries in zip(document.archives, by_node, strict=True)
        ]
        style = "" if node.state == "up" else "dim"
        table.add_row(Text(plain(node.name), style=style), *cells)
    return table


def matrix_lines(document: StatusDocument, texts: Texts) -> Iterator[str]:
    """Yield the same from a full document as plain lines."""
    by_node = [{delivery.node: delivery for delivery in archive.deliveries} for archive in document.archives]
    rows = [
        [
            node.name,
            *(
                _cell(archive, deliveries.get(node.name), texts).plain
                for archive, deliveries in zip(document.archives, by_node, strict=True)
            ),
        ]
        for node in document.nodes
    ]
    return aligned([texts.text("cli.column.node"), *_heads(document)], rows)


def _heads(document: StatusDocument) -> list[str]:
    """The columns' labels, cut; where that makes two alike, they are cut further, for their fingerprints."""
    labels = [plain(label) for label in labels_of(document)]
    heads = [cut(label, _HEAD_WIDTH) for label in labels]
    counts = Counter(heads)
    short = [
        cut(label, _HEAD_WIDTH - naming.DOUBLE_DIGITS - 2) if counts[head] > 1 else head
        for label, head in zip(labels, heads, strict=True)
    ]
    return naming.distinct(short, [archive.fingerprint for archive in document.archives])


def _width(label: str) -> int:
    return max(12, min(_HEAD_WIDTH, cell_len(plain(label))))


def _cell(archive: ArchiveDocument, delivery: DeliveryDocument | None, texts: Texts) -> Text:
    if archive.state == "rejected":
        return Text(texts.text("archive.rejected"), style="bold reverse magenta")
    if delivery is None:
        return Text("")
    word = texts.text(f"state.{delivery.state}")
    if delivery.state == "transferring":
        word = progress_text(delivery)
    return Text(word, style=_STYLES.get(delivery.state, "default"))
