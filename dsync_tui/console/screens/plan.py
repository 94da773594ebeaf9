"""A plan: what a file, or a sync, would move before it moves."""

import shlex
from collections.abc import Awaitable, Callable, Iterable, Iterator

from backend.api.plans import PlanDocument, PlanRequest, PlanStep
from backend.model.errors import DsyncError
from backend.model.plain import plain
from dsync_tui.console import describe, figures
from dsync_tui.console.deeds import Deeds
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, cut_line, fitted, joined, width_of, wrapped
from dsync_tui.console.screens.pushed import PushedScreen
from dsync_tui.tables.plan import hindrance, verdict_lines

AGAIN_S = 5.0
"""A fleet moves on: the plan is asked for anew."""
_STYLES = {"check": "good", "there": "good", "load": "text", "copy": "moving", "moving": "moving"}
_SIZE_CELLS = 9


class PlanScreen(PushedScreen):
    """``question`` says what the plan is of; for a file it reads that first, which may take a while."""

    def __init__(
        self, kit: Kit, deeds: Deeds, title: str, question: Callable[[], Awaitable[PlanRequest]], command: str
    ) -> None:
        super().__init__(kit, deeds)
        self._link = deeds.session.link
        self._heading = title
        self._question = question
        self._command = command
        self._request: PlanRequest | None = None
        self._reading = False
        self._plan: PlanDocument | None = None
        self._problem: DsyncError | None = None

    def on_mount(self) -> None:
        """Ask now and again."""
        super().on_mount()
        self._ask()
        self.set_interval(AGAIN_S, self._ask)

    def _ask(self) -> None:
        if self._reading:
            return  # the file's hashes take their time
        self.run_worker(self._fetch(), name="plan", group="plan", exclusive=True)

    async def _fetch(self) -> None:
        try:
            if self._request is None:
                self._request = await self._read()
            self._plan = await self._link.plan(self._request)
            self._problem = None
        except DsyncError as error:
            self._problem = error
        if self.is_attached:
            self.show()

    async def _read(self) -> PlanRequest:
        self._reading = True
        try:
            return await self._question()
        finally:
            self._reading = False

    def title_spans(self) -> list[Span]:
        """What it is a plan of."""
        return [(self.kit.say("plan.title") + " ", "bar"), (plain(self._heading), "bar-strong")]

    def content(self, width: int) -> Iterable[Line]:
        """What the bytes are to the fleet, what it costs, each node's part."""
        if self._problem is not None:
            yield from self._failure(self._problem, width)
        plan = self._plan
        if plan is None:
            if self._problem is None:
                yield from wrapped(self.kit.say("plan.asking"), width, "dim")
            return
        style = "bad" if plan.code is not None else "strong"
        for text in verdict_lines(plan, self.kit.texts):
            yield from wrapped(text, width, style)
            style = "bad" if plan.code is not None else "warn"
        if not plan.steps:
            return
        yield []
        yield from self._totals(plan)
        yield []
        yield from self._steps(plan, width)
        yield from describe.command_lines(self.kit, [self._command], width)

    def _failure(self, error: DsyncError, width: int) -> Iterator[Line]:
        problem = error.problem()
        yield from wrapped(self.kit.texts.message_of(problem), width, "bad")
        remedy = self.kit.texts.remedy_of(problem)
        if remedy:
            yield from wrapped(remedy, width)
        yield []

    def _totals(self, plan: PlanDocument) -> Iterator[Line]:
        kit = self.kit
        copies = [step for step in plan.steps if step.does == "copy"]
        well = [step for step in plan.steps if step.does in ("check", "there")]
        yield describe.fact(kit, "plan.moving", figures.size(plan.moving_bytes), "strong")
        if plan.waiting_bytes:
            yield describe.fact(kit, "plan.waiting", figures.size(plan.waiting_bytes), "warn")
        for key, steps in (("plan.copies", copies), ("plan.well", well)):
            yield describe.fact(kit, key, kit.say("plan.nodes", count=len(steps), of=len(plan.steps)))

    def _steps(self, plan: PlanDocument, width: int) -> Iterator[Line]:
        names = min(28, max((width_of([(plain(step.node), "text")]) for step in plan.steps), default=8)) + 2
        words = {step.does: self.kit.texts.text(f"plan.does.{step.does}") for step in plan.steps}
        does = max(width_of([(word, "text")]) for word in words.values()) + 2
        # What hinders stands first: it is what a person may do something about.
        for step in sorted(plan.steps, key=lambda step: (step.code is None, step.does in ("check", "there"))):
            yield cut_line(self._step(step, words[step.does], names, does), width)

    def _step(self, step: PlanStep, word: str, names: int, does: int) -> list[Span]:
        size = figures.size(step.left_bytes) if step.left_bytes else ""
        return joined(
            [
                [
                    (fitted(step.node, names), "text"),
                    (fitted(word, does), _STYLES.get(step.does, "text")),
                    (fitted(size, _SIZE_CELLS, right=True), "text"),
                ],
                [(hindrance(step, self.kit.texts), "warn")] if step.code is not None else [],
            ]
        )


def sync_command(what: str) -> str:
    """What does what was planned."""
    return f"sync {shlex.quote(plain(what))}"
