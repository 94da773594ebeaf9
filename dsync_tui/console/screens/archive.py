"""One archive: what it holds, and how each node stands to it."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from backend.model.plain import plain
from dsync_tui import naming
from dsync_tui.console import describe
from dsync_tui.console.cells import Kind
from dsync_tui.console.deeds import Deeds
from dsync_tui.console.frame import natural
from dsync_tui.console.kit import Kit
from dsync_tui.console.labels import CONFIG_DIGITS
from dsync_tui.console.lines import Line, Span, fitted, wrapped
from dsync_tui.console.screens.pushed import PushedScreen
from dsync_tui.console.targets import Targets

ORDER = (
    Kind.REJECTED, Kind.FAILED, Kind.WAITING, Kind.HELD, Kind.TRANSFERRING, Kind.VERIFYING, Kind.LOADING,
    Kind.QUEUED, Kind.UNKNOWN, Kind.CANCELLED, Kind.STORED, Kind.READY,
)  # fmt: skip
"""What needs a look stands first."""
NAMED = 300
"""Nodes of one state that are named."""
INDENT = 14


class ArchiveScreen(PushedScreen):
    """Made of what the stream tells alone. Also of a file that was refused."""

    ACTS: ClassVar[tuple[str, ...]] = ("sync", "retry", "load", "cancel", "withdraw", "copy")

    def __init__(self, kit: Kit, deeds: Deeds, digest: str) -> None:
        super().__init__(kit, deeds)
        self._digest = digest

    @property
    def _archive(self) -> int | None:
        return self.kit.store.archive_index.get(self._digest)

    def targets(self) -> Targets | None:
        """The archive on every node."""
        archive = self._archive
        return None if archive is None or archive in self.kit.store.rejected else Targets(archives=(archive,))

    def title_spans(self) -> list[Span]:
        """Its file's name."""
        archive = self._archive
        gone = self.kit.say("detail.gone")
        return [(gone if archive is None else plain(self.kit.store.archive(archive).name), "bar-strong")]

    def content(self, width: int) -> Iterable[Line]:
        """What is known now; nothing any more where it is gone."""
        archive = self._archive
        if archive is None:
            yield from wrapped(self.kit.say("detail.gone"), width, "dim")
            return
        yield from describe.archive_lines(self.kit, archive, width)
        yield from self._images(archive, width)
        yield from self._by_state(archive, width)

    def _images(self, archive: int, width: int) -> Iterator[Line]:
        parts = self.kit.store.archive(archive).parts
        if parts:
            yield []
            yield [(self.kit.say("archive.parts", count=len(parts)), "title")]
        for part in parts:
            config = part.config.removeprefix("sha256:")[:CONFIG_DIGITS]
            names = "  ".join(naming.familiar(tag) for tag in part.tags) or self.kit.say("archive.untagged")
            for line in wrapped(f"{names}  {part.platform}", width - INDENT):
                yield [(fitted(config, INDENT), "dim"), *line]
                config = ""

    def _by_state(self, archive: int, width: int) -> Iterator[Line]:
        store = self.kit.store
        by_kind: dict[Kind, list[str]] = {}
        for node, facts in enumerate(store.nodes):
            by_kind.setdefault(store.kind(node, archive), []).append(plain(facts.name))
        shown = [kind for kind in ORDER if kind in by_kind]
        if shown:
            yield []
            yield [(self.kit.say("archive.nodes"), "title")]
        for kind in shown:
            names = sorted(by_kind[kind], key=natural)
            text, style = describe.state_span(self.kit, kind)
            more = self.kit.say("archive.more-nodes", count=len(names) - NAMED) if len(names) > NAMED else ""
            for line in wrapped(f"{'  '.join(names[:NAMED])}  {more}".rstrip(), max(8, width - INDENT)):
                yield [(text, style), (" " * max(0, INDENT - len(text)), "text"), *line]
                text, style = "", "text"
