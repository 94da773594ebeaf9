"""One delivery: its state as it moves, why it stands where it stands, and every attempt."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from backend.api.wire import AttemptDocument, DeliveryDetail
from backend.model.errors import DsyncError
from backend.model.plain import plain
from dsync_tui import saying
from dsync_tui.console import describe, figures
from dsync_tui.console.deeds import Deeds
from dsync_tui.console.glyphs import BAD, GOOD
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, fitted, joined, wrapped
from dsync_tui.console.screens.pushed import PushedScreen
from dsync_tui.console.spark import bar
from dsync_tui.console.targets import Targets

REFRESH_S = 3.0
SHARE_CELLS = 12
"""How long the longest attempt's bar is."""


class DeliveryScreen(PushedScreen):
    """What the stream tells of the cell comes at once; figures and timeline are asked for, now and again."""

    ACTS: ClassVar[tuple[str, ...]] = ("sync", "retry", "load", "cancel", "copy")

    def __init__(self, kit: Kit, deeds: Deeds, node_id: str, digest: str) -> None:
        super().__init__(kit, deeds)
        self._link = deeds.session.link
        self._node_id = node_id
        self._digest = digest
        self._known: DeliveryDetail | None = None
        self._problem = ""

    def on_mount(self) -> None:
        """Ask now and again."""
        super().on_mount()
        self._ask()
        self.set_interval(REFRESH_S, self._ask)

    def _ask(self) -> None:
        self.run_worker(self._fetch(), name="delivery", group="delivery", exclusive=True)

    async def _fetch(self) -> None:
        try:
            self._known = await self._link.delivery(self._digest, describe.node_name(self.kit, self._node_id))
            self._problem = ""
        except DsyncError as error:
            self._problem = self.kit.texts.message_of(error.problem())
        if self.is_attached:
            self.show()

    def _at(self) -> tuple[int, int] | None:
        store = self.kit.store
        node, archive = store.node_index.get(self._node_id), store.archive_index.get(self._digest)
        return None if node is None or archive is None else (node, archive)

    def targets(self) -> Targets | None:
        """This one cell."""
        at = self._at()
        return None if at is None else Targets((at[0],), (at[1],))

    def title_spans(self) -> list[Span]:
        """Node and image."""
        at = self._at()
        if at is None:
            return [(self.kit.say("detail.gone"), "bar")]
        name = plain(self.kit.store.nodes[at[0]].name)
        return joined([[(name, "bar-strong")], [(self.kit.label(self.kit.store.archive(at[1])), "bar-strong")]])

    def content(self, width: int) -> Iterable[Line]:
        """State, error, likely causes, commands to try; then figures and timeline."""
        at = self._at()
        if at is None:
            yield from wrapped(self.kit.say("detail.gone"), width, "dim")
            return
        yield from describe.cell_lines(self.kit, *at, width, self._causes(at, width))
        yield []
        if self._problem:
            yield from wrapped(self._problem, width, "warn")
        if self._known is None:
            if not self._problem:
                yield [(self.kit.say("detail.asking"), "dim")]
            return
        yield from self._figures(self._known)
        yield []
        yield from self._timeline(self._known, width)

    def _causes(self, at: tuple[int, int], width: int) -> Iterator[Line]:
        detail = self.kit.store.details.get(at)
        causes = self.kit.texts.causes_of(detail.code) if detail is not None and detail.code else []
        if causes:
            yield []
            yield [(self.kit.say("detail.causes"), "title")]
        for cause in causes:
            first, *rest = wrapped(cause, width - 2)
            yield [("- ", "dim"), *first]
            yield from ([("  ", "dim"), *line] for line in rest)

    def _figures(self, known: DeliveryDetail) -> Iterator[Line]:
        kit, delivery = self.kit, known.delivery
        yield [(kit.say("detail.figures"), "title")]
        yield describe.fact(kit, "detail.received", figures.size(delivery.bytes_received))
        yield describe.fact(kit, "detail.saved", figures.size(delivery.bytes_saved))
        yield describe.fact(kit, "detail.version", str(delivery.version))
        if delivery.updated_at:
            yield describe.fact(kit, "detail.updated", delivery.updated_at)
        if delivery.trace:
            yield describe.fact(kit, "detail.trace", delivery.trace)

    def _timeline(self, known: DeliveryDetail, width: int) -> Iterator[Line]:
        yield [(self.kit.say("detail.timeline"), "title")]
        if not known.attempts:
            key = "detail.no-attempts" if known.attempts_known else "detail.not-told"
            yield from wrapped(self.kit.say(key), width, "dim" if known.attempts_known else "warn")
        longest = max((attempt.ended_at - attempt.began_at for attempt in known.attempts), default=0.0)
        names = max((len(describe.node_name(self.kit, attempt.source)) for attempt in known.attempts), default=0)
        before: AttemptDocument | None = None
        for attempt in known.attempts:
            if before is not None and attempt.began_at - before.ended_at >= 1:
                gap = figures.age(attempt.began_at - before.ended_at)
                yield [("      " + self.kit.say("detail.waited", time=gap), "dim")]
            yield from self._attempt(attempt, width, longest, min(names, 24))
            before = attempt

    def _attempt(self, attempt: AttemptDocument, width: int, longest: float, names: int) -> Iterator[Line]:
        kit = self.kit
        took = max(0.0, attempt.ended_at - attempt.began_at)
        rate = attempt.bytes_received / took if took > 0 else 0
        failed = attempt.error is not None or bool(attempt.code)
        done, rest = bar(took / longest if longest else 0, SHARE_CELLS, kit.ascii_only)
        yield joined(
            [
                [(f"{attempt.number:>3}", "dim"), (f" {BAD if failed else GOOD}", "bad" if failed else "good")],
                [(kit.time_of_day(attempt.began_at), "text")],
                [(done, "moving"), (rest, "rule"), (f"{took:>7.1f} s", "text")],
                [(fitted(describe.node_name(kit, attempt.source), names), "text")],
                [(plain(attempt.transport), "dim")],
                [(figures.size(attempt.bytes_received), "text")],
                [(figures.rate(rate), "dim")] if rate else [],
            ]
        )
        error = saying.sentence(kit.texts, attempt.code, attempt.params, attempt.error)
        remedy = saying.remedy(kit.texts, attempt.code, attempt.params, attempt.remedy)
        for text, style in ((error, "bad"), (remedy, "text")):
            if text:
                yield from wrapped(text, width, style, "      ")
