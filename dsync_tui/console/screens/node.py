"""One node: how it is, what it receives, and which of its deliveries need a look."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from backend.model.plain import plain
from dsync_tui.console import describe, figures
from dsync_tui.console.cells import MOVING, TROUBLE, Kind
from dsync_tui.console.deeds import Deeds
from dsync_tui.console.history import NODE_HISTORY_S
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, cut_line, joined, wrapped
from dsync_tui.console.screens.pushed import PushedScreen
from dsync_tui.console.spark import trend
from dsync_tui.console.targets import Targets

SPARK_CELLS = 60
LISTED = 200
"""Deliveries that are listed; the retries and the transfers have all of them."""


class NodeScreen(PushedScreen):
    """Made of what the stream tells alone."""

    ACTS: ClassVar[tuple[str, ...]] = ("sync", "retry", "cancel", "pause", "clean", "slower", "faster", "copy")

    def __init__(self, kit: Kit, deeds: Deeds, node_id: str) -> None:
        super().__init__(kit, deeds)
        self._node_id = node_id

    @property
    def _node(self) -> int | None:
        return self.kit.store.node_index.get(self._node_id)

    def targets(self) -> Targets | None:
        """All that it should have."""
        node = self._node
        return None if node is None else Targets(nodes=(node,))

    def nodes_meant(self) -> tuple[int, ...]:
        """This one."""
        node = self._node
        return () if node is None else (node,)

    def title_spans(self) -> list[Span]:
        """Its name."""
        node = self._node
        return [(self.kit.say("detail.gone") if node is None else plain(self.kit.store.nodes[node].name), "bar-strong")]

    def content(self, width: int) -> Iterable[Line]:
        """What is known now; nothing any more where it is gone."""
        node = self._node
        if node is None:
            yield from wrapped(self.kit.say("detail.gone"), width, "dim")
            return
        yield from describe.node_lines(self.kit, node, width)
        yield from self._incoming(width)
        yield from self._deliveries(node, "node.troubles", TROUBLE, width)
        yield from self._deliveries(node, "node.moving", MOVING, width)

    def _incoming(self, width: int) -> Iterator[Line]:
        cells = min(SPARK_CELLS, width - 14)
        ascii_only = self.kit.ascii_only
        samples = self.kit.store.node_rates.latest(self._node_id, NODE_HISTORY_S)
        if samples:
            yield []
            peak = self.kit.say("node.peak", rate=figures.rate(max(samples)))
            yield [(trend(samples, cells, ascii_only), "moving"), (f"  {peak}", "dim")]

    def _deliveries(self, node: int, title: str, kinds: frozenset[Kind], width: int) -> Iterator[Line]:
        store = self.kit.store
        found = [
            archive
            for archive in store.live_archives()
            if store.kind(node, archive) in kinds and archive not in store.rejected and archive not in store.past
        ]
        if not found:
            return
        yield []
        yield [(self.kit.say(title, count=len(found)), "title")]
        found.sort(key=lambda archive: (-store.kind(node, archive), -store.archive(archive).order))
        for archive in found[:LISTED]:
            yield cut_line(self._delivery(node, archive), width)
        if len(found) > LISTED:
            yield [(self.kit.say("node.more", count=len(found) - LISTED), "dim")]

    def _delivery(self, node: int, archive: int) -> list[Span]:
        kit, store = self.kit, self.kit.store
        label: Line = [(kit.label(store.archive(archive)), "text")]
        kind = store.kind(node, archive)
        detail = store.details.get((node, archive))
        facts = [] if detail is None else describe.short_facts(kit, kind, detail, store.archive(archive))
        return joined([[describe.state_span(kit, kind)], label, *facts])
