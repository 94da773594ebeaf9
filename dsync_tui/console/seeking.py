"""Where the matrix has what is looked for next: cells in trouble, nodes and archives that match. Pure."""

from dsync_tui.console.cells import KIND_OF, TROUBLE, Kind
from dsync_tui.console.filters import Filter
from dsync_tui.console.frame import Frame, archive_haystack, node_haystack
from dsync_tui.console.store import FleetStore

Place = tuple[int, int]
"""Row and column, in display order."""

_TROUBLED = bytes(1 if Kind(KIND_OF[code]) in TROUBLE else 0 for code in range(256))


def troubled_after(store: FleetStore, frame: Frame, here: Place, direction: int) -> Place | None:
    """The next cell in trouble after ``here`` (-1: before), line by line and round again; None where there is none."""
    row, column = here
    count = len(frame.rows)
    for step in range(count + 1 if count else 0):
        place = (row + direction * step) % count
        node = frame.rows[place]
        if not store.node_counts[node].trouble:
            continue
        flags = _troubles(store, node, frame.columns)
        # The line that one stands in is looked at twice: first what lies ahead, at last what lies behind.
        found = _in_line(flags, column if step == 0 else None, direction)
        if found is not None:
            return place, found
    return None


def _troubles(store: FleetStore, node: int, columns: list[int]) -> bytes:
    """One for each of a node's cells that is in trouble; of history none is."""
    flags = store.row_codes(node, columns).translate(_TROUBLED)
    if store.past.isdisjoint(columns):
        return flags
    return bytes(0 if column in store.past else flag for column, flag in zip(columns, flags, strict=True))


def _in_line(flags: bytes, past: int | None, direction: int) -> int | None:
    if direction > 0:
        found = flags.find(1, 0 if past is None else past + 1)
    else:
        found = flags.rfind(1, 0, len(flags) if past is None else past)
    return None if found < 0 else found


def matching_after(store: FleetStore, frame: Frame, here: Place, wanted: Filter, direction: int) -> Place | None:
    """The next node that a filter lets through; where no node is, the next archive."""
    row, column = here
    nodes = [place for place, node in enumerate(frame.rows) if wanted.matches(node_haystack(store.nodes[node]))]
    if nodes:
        return _next(nodes, row, direction), column
    archives = [
        place
        for place, archive in enumerate(frame.columns)
        if frame.column_of[archive] == place and wanted.matches(archive_haystack(store.archive(archive)))
    ]
    return (row, _next(archives, column, direction)) if archives else None


def _next(places: list[int], here: int, direction: int) -> int:
    """The next of some ascending places, round again."""
    if direction > 0:
        return next((place for place in places if place > here), places[0])
    return next((place for place in reversed(places) if place < here), places[-1])
