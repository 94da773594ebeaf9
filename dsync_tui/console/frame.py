"""Which rows and columns the matrix shows, and in what order. Pure; computed anew when the fleet's shape changes."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TypeVar

from backend.api.wire import ArchiveRow, NodeRow
from dsync_tui.console.cells import KIND_OF, MOVING, TROUBLE, Kind
from dsync_tui.console.filters import Filter, Term, chosen
from dsync_tui.console.labels import full_label
from dsync_tui.console.store import FleetStore

_DIGITS = re.compile(r"(\d+)")
E = TypeVar("E", bound=Enum)


class RowSort(StrEnum):
    """Orders of nodes."""

    NAME = "name"
    WORST = "worst"
    BEHIND = "behind"
    RATE = "rate"


class ColumnSort(StrEnum):
    """Orders of archives."""

    NEWEST = "newest"
    WORST = "worst"
    NAME = "name"


LIVE_ROW_SORTS = frozenset({RowSort.WORST, RowSort.BEHIND, RowSort.RATE})
"""Orders that change while cells change."""

STATE_WORDS: dict[str, frozenset[Kind]] = {
    **{kind.word: frozenset({kind}) for kind in Kind if kind is not Kind.NONE},
    "moving": MOVING,
    "trouble": TROUBLE,
    "retry": frozenset({Kind.WAITING}),
}
"""Words of a filter that ask for a state: rows and columns that have such a cell (``!``: any other) stay."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the operator asked for."""

    rows: RowSort = RowSort.NAME
    columns: ColumnSort = ColumnSort.NEWEST
    filter: Filter = field(default_factory=Filter)
    troubles_only: bool = False
    expanded: frozenset[str] = frozenset()
    """Digests of archives that have a column for each of their images."""

    @property
    def live(self) -> bool:
        """Tell whether the outcome depends on cells, so that it must be looked at again while they change."""
        return (
            self.rows in LIVE_ROW_SORTS
            or self.columns is ColumnSort.WORST
            or self.troubles_only
            or any(term.text in STATE_WORDS for term in self.filter.terms)
        )


@dataclass(slots=True)
class Frame:
    """Store indices in display order, and the way back. ``of_*`` count what there is without filters.

    An archive that is expanded has a column for each of its images, side by side: ``parts`` says which one (None: the
    whole archive), ``column_of`` where its first one stands, ``spans`` how many it has where it is more than one.
    """

    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    of_rows: int = 0
    of_columns: int = 0
    parts: list[int | None] = field(default_factory=list)
    row_of: dict[int, int] = field(default_factory=dict)
    column_of: dict[int, int] = field(default_factory=dict)
    spans: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.row_of = {index: position for position, index in enumerate(self.rows)}
        self.column_of = {index: position for position, index in reversed(list(enumerate(self.columns)))}
        if len(self.column_of) < len(self.columns):
            self.spans = {index: count for index, count in Counter(self.columns).items() if count > 1}

    @property
    def archives(self) -> int:
        """How many archives are shown."""
        return len(self.column_of)


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key that puts ``node-2`` before ``node-10``."""
    return tuple(
        (0, int(part)) if part.isdecimal() and part.isascii() else (1, part)
        for part in _DIGITS.split(text.casefold())
        if part
    )


def following(choices: type[E], present: E) -> E:
    """The choice after the present one, round and round."""
    members = list(choices)
    return members[(members.index(present) + 1) % len(members)]


def node_haystack(node: NodeRow) -> str:
    """What a filter looks at in a node."""
    labels = " ".join(f"{key}={value}" for key, value in node.labels.items())
    return f"{node.name} {node.address} {node.kind} {node.state} {node.runtime} {labels}".casefold()


def archive_haystack(archive: ArchiveRow) -> str:
    """What a filter looks at in an archive."""
    names = " ".join((*archive.tags, archive.name, *archive.aliases))
    return f"{names} {archive.fingerprint} {archive.origin} {archive.state}".casefold()


def arrange(store: FleetStore, wanted: Arrangement) -> Frame:
    """Choose and order rows and columns."""
    rows = list(range(len(store.nodes)))
    columns = list(store.live_archives())
    of_rows, of_columns = len(rows), len(columns)
    state_terms, rest = wanted.filter.split(STATE_WORDS)
    if rest:
        rows, columns = _matching(store, rows, columns, rest.terms)
    for term in state_terms:
        rows, columns = _in_state(store, rows, columns, STATE_WORDS[term.text], term.negated)
    if wanted.troubles_only:
        rows, columns = _troubled(store, rows, columns)
    rows.sort(key=_row_key(store, wanted.rows))
    columns.sort(key=_column_key(store, wanted.columns))
    columns, parts = _expanded(store, columns, wanted.expanded)
    return Frame(rows, columns, of_rows, of_columns, parts)


def _expanded(store: FleetStore, columns: list[int], digests: frozenset[str]) -> tuple[list[int], list[int | None]]:
    if not digests:
        return columns, [None] * len(columns)
    shown: list[int] = []
    parts: list[int | None] = []
    for column in columns:
        archive = store.archive(column)
        count = len(archive.parts) if archive.digest in digests else 0
        shown += [column] * max(1, count)
        parts += range(count) if count else [None]
    return shown, parts


def _matching(
    store: FleetStore, rows: list[int], columns: list[int], terms: tuple[Term, ...]
) -> tuple[list[int], list[int]]:
    """A word filters the axis where it is found; one that is found nowhere leaves nothing."""
    node_texts = [node_haystack(node) for node in store.nodes]
    archive_texts = ["" if archive is None else archive_haystack(archive) for archive in store.archives]
    for term in terms:
        asked = Term(term.text, False, term.fuzzy)
        in_nodes = any(asked.matches(node_texts[row]) for row in rows)
        in_archives = any(asked.matches(archive_texts[column]) for column in columns)
        if in_nodes:
            rows = chosen(rows, node_texts, [term])
        if in_archives:
            columns = chosen(columns, archive_texts, [term])
        if not in_nodes and not in_archives and not term.negated:
            return [], []
    return rows, columns


def _in_state(
    store: FleetStore, rows: list[int], columns: list[int], kinds: frozenset[Kind], negated: bool
) -> tuple[list[int], list[int]]:
    wanted = frozenset(Kind) - kinds - {Kind.NONE} if negated else kinds
    row_flags, kept_columns = _having(store, rows, columns, wanted)
    kept_rows = [row for row in rows if row_flags[row]]
    if Kind.REJECTED not in wanted:
        return kept_rows, kept_columns
    return _with_refused(store, rows, columns, kept_rows, kept_columns)


def _with_refused(
    store: FleetStore, rows: list[int], columns: list[int], kept_rows: list[int], kept_columns: list[int]
) -> tuple[list[int], list[int]]:
    """Keep refused files beside what was found: they have no cells of their own. Alone they stand on every row."""
    kept = store.rejected.union(kept_columns)
    some_refused = not store.rejected.isdisjoint(columns)
    return (kept_rows or rows) if some_refused else kept_rows, [column for column in columns if column in kept]


def _troubled(store: FleetStore, rows: list[int], columns: list[int]) -> tuple[list[int], list[int]]:
    """Rows with a trouble or a node that is not up; of columns those with one, or all where only nodes are ill."""
    row_flags, kept = _having(store, rows, [column for column in columns if column not in store.past], TROUBLE)
    kept_rows = [row for row in rows if row_flags[row] or _ill(store.nodes[row])]
    kept_rows, kept = _with_refused(store, rows, columns, kept_rows, kept)
    if not kept and kept_rows:
        kept = columns
    return kept_rows, kept


def _ill(node: NodeRow) -> bool:
    return node.state != "up" or node.sick is not None


def _having(store: FleetStore, rows: list[int], columns: list[int], kinds: frozenset[Kind]) -> tuple[bytes, list[int]]:
    """Flags by node, and the columns, that have such a cell among the given ones.

    Whole columns at a time, as big integers: half a million cells take some milliseconds.
    """
    width = len(store.nodes)
    flags = bytes(1 if Kind(KIND_OF[code]) in kinds else 0 for code in range(256))
    row_mask = bytearray(width)
    for row in rows:
        row_mask[row] = 1
    mask = int.from_bytes(row_mask, "little")
    found, kept = 0, []
    for column in columns:
        hits = int.from_bytes(store.columns[column].translate(flags), "little") & mask
        if hits:
            found |= hits
            kept.append(column)
    return found.to_bytes(width, "little"), kept


SortKey = tuple[float, float, float, tuple[tuple[int, int | str], ...]]


def _row_key(store: FleetStore, sort: RowSort) -> Callable[[int], SortKey]:
    def key(row: int) -> SortKey:
        node, counts = store.nodes[row], store.node_counts[row]
        name = natural(node.name)
        if sort is RowSort.WORST:
            return (-counts.failed, -int(_ill(node)), -counts.of(Kind.WAITING, Kind.HELD), name)
        if sort is RowSort.BEHIND:
            return (counts.share(), 0, 0, name)
        if sort is RowSort.RATE:
            return (-node.rate_bps, 0, 0, name)
        return (0, 0, 0, name)

    return key


def _column_key(store: FleetStore, sort: ColumnSort) -> Callable[[int], SortKey]:
    if sort is ColumnSort.NEWEST:
        return _newest_key(store)

    def key(column: int) -> SortKey:
        archive, counts = store.archive(column), store.archive_counts[column]
        name = natural(full_label(archive))
        if sort is ColumnSort.WORST:
            # A failure of what nobody wants any more is none.
            failed = 0 if column in store.past else counts.failed
            return (-failed, -counts.of(Kind.WAITING, Kind.HELD), -archive.order, name)
        return (0, 0, 0, name)

    return key


def _newest_key(store: FleetStore) -> Callable[[int], SortKey]:
    """What the fleet should hold, newest first, then what was refused, then history."""

    def standing(archive: ArchiveRow) -> tuple[int, int]:
        return {"active": 0, "rejected": 1}.get(archive.state, 2), -archive.order

    standings = Counter(standing(store.archive(column)) for column in store.live_archives())

    def key(column: int) -> SortKey:
        archive = store.archive(column)
        place = standing(archive)
        # A thousand names take longer to take apart than all else here: only where they decide.
        name = natural(full_label(archive)) if standings[place] > 1 else ()
        return (*place, 0, name)

    return key
