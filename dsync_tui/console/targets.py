"""What an action is to be done on: the cursor's cell, or what is marked. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from backend.api.wire import Verb
from dsync_tui.console.cells import Kind
from dsync_tui.console.store import FleetStore

CONCERNED: dict[str, frozenset[Kind]] = {
    "sync": frozenset(Kind) - {Kind.UNKNOWN, Kind.NONE},
    "retry": frozenset({Kind.WAITING, Kind.FAILED, Kind.CANCELLED, Kind.REJECTED}),
    "cancel": frozenset({Kind.QUEUED, Kind.TRANSFERRING, Kind.VERIFYING, Kind.LOADING, Kind.WAITING, Kind.HELD}),
}
"""Verb -> the kinds of cells that it touches; the daemon counts the same way. Of ``load`` only the nodes know."""
COUNTED = frozenset({"retry"})
"""Verbs whose cells a console sees as the daemon does: what nodes have not reported yet is none of these."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Store indices: all of some nodes and some archives (None: all of that axis), or single cells."""

    nodes: tuple[int, ...] | None = None
    archives: tuple[int, ...] | None = None
    single: tuple[tuple[int, int], ...] | None = None

    def cells(self, store: FleetStore) -> Iterator[tuple[int, int]]:
        """All cells of active archives that are meant."""
        if self.single is not None:
            yield from (cell for cell in self.single if _active(store, cell[1]))
            return
        archives = store.live_archives() if self.archives is None else iter(self.archives)
        nodes = range(len(store.nodes)) if self.nodes is None else self.nodes
        for archive in archives:
            if _active(store, archive):
                for node in nodes:
                    yield node, archive

    def blocks(self) -> list["Targets"]:
        """The same as requests can say it: some nodes and some archives at a time."""
        if self.single is None:
            return [self]
        by_archive: dict[int, list[int]] = {}
        for node, archive in sorted(self.single):
            by_archive.setdefault(archive, []).append(node)
        by_nodes: dict[tuple[int, ...], list[int]] = {}
        for archive, nodes in sorted(by_archive.items()):
            by_nodes.setdefault(tuple(nodes), []).append(archive)
        return [Targets(nodes, tuple(archives)) for nodes, archives in by_nodes.items()]

    def node_names(self, store: FleetStore) -> list[str] | None:
        """Names for the daemon, and for people."""
        nodes = self.nodes if self.single is None else dict.fromkeys(node for node, _ in self.single)
        return None if nodes is None else [store.nodes[node].name for node in nodes]

    def all_archives(self) -> tuple[int, ...] | None:
        """The archives that are meant; None: all."""
        return self.archives if self.single is None else tuple(dict.fromkeys(archive for _, archive in self.single))

    def digests(self, store: FleetStore) -> list[str] | None:
        """Digests for the daemon."""
        archives = self.all_archives()
        return None if archives is None else [store.archive(archive).digest for archive in archives]


def _active(store: FleetStore, archive: int) -> bool:
    row = store.archives[archive]
    return row is not None and row.state == "active"


@dataclass(frozen=True, slots=True)
class Weight:
    """How much an action would touch: cells, and bytes that may have to move for them."""

    cells: int
    size_bytes: int


def weigh(store: FleetStore, verb: Verb, targets: Targets) -> Weight:
    """Count the cells that ``verb`` concerns.

    A sync of named archives to named nodes widens the archives' selectors: blank cells count too.
    """
    kinds = CONCERNED.get(verb)
    widens = verb == "sync" and targets.nodes is not None and targets.archives is not None
    cells = size_bytes = 0
    for node, archive in targets.cells(store):
        kind = store.kind(node, archive)
        if not (kind is Kind.NONE and widens) and (kind is Kind.NONE or (kinds is not None and kind not in kinds)):
            continue
        cells += 1
        if kind not in (Kind.READY, Kind.STORED):
            size_bytes += store.archive(archive).size_bytes
    return Weight(cells, size_bytes)
