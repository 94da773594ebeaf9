"""Random walks through the console, 500 steps in all; the long form is ``./dev fuzz``. A seed repeats a walk."""

import itertools

import pytest
from rich.segment import Segment
from textual.strip import Strip

from dsync_tui.console.chrome import KeyBar
from dsync_tui.console.screens.pushed import PushedScreen
from tests.fuzz import plan as plans
from tests.fuzz import walk as walks
from tests.fuzz.hands import WalkedApp
from tests.fuzz.plan import Kind, Step, make_plan, told
from tests.fuzz.run import walk
from tests.fuzz.walk import WrongStepError

SEEDS = (1, 2, 3, 4, 5)
STEPS = 100


def test_a_seed_brings_the_same_steps_again() -> None:
    assert list(make_plan(3, 200)) == list(make_plan(3, 200))
    assert list(make_plan(3, 200)) == list(itertools.islice(make_plan(3, 500), 200))
    assert list(make_plan(3, 200)) != list(make_plan(4, 200))


def test_long_plans_hold_every_kind_of_step() -> None:
    plan = list(make_plan(1, 20_000))
    assert {step.kind for step in plan} == set(Kind)
    words = {(step.kind, word) for step in plan for word in step.words}
    for kind, known in (
        (Kind.FLEET, plans.FLEET_CHANGES),
        (Kind.DAEMON, plans.DAEMON_WAYS),
        (Kind.MOOD, plans.MOODS),
        (Kind.RUDE, plans.RUDENESS),
    ):
        assert {(kind, word) for word in known} <= words
    sizes = {step.size for step in plan if step.kind is Kind.RESIZE}
    assert {(1, 1), (300, 100)} <= sizes
    assert all(told(step).isprintable() for step in plan)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_walk(seed: int) -> None:
    walked = await walk(seed, STEPS)
    print(f"seed {seed}: {walked}")
    assert walked.steps == STEPS
    assert walked.frames


# --- what a walk must find ----------------------------------------------------------------------------------------


class PaletteBreaks(WalkedApp):
    """An error in a worker that ``:`` starts."""

    def action_theme(self) -> None:
        """Fail in the background."""
        self.run_worker(self._fail(), exit_on_error=True)

    async def _fail(self) -> None:
        raise RuntimeError("boom")


class EndsByItself(WalkedApp):
    """Leaves, though nobody asked."""

    def action_theme(self) -> None:
        """Leave."""
        self.exit()


def steps_of(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> None:
    monkeypatch.setattr(walks, "make_plan", lambda seed, count: iter(steps))


THEME = Step(Kind.KEYS, ("t",))
HELP = Step(Kind.KEYS, ("question_mark",))


async def test_an_error_in_a_worker_is_found_with_the_last_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    steps_of(monkeypatch, *[Step(Kind.KEYS, ("j",))] * 40, THEME, HELP)
    with pytest.raises(WrongStepError) as caught:
        await walk(7, 42, PaletteBreaks)
    words = str(caught.value)
    assert "seed 7, step 41" in words
    assert "RuntimeError: boom" in words
    assert words.count("keys 'j'") == walks.LAST_STEPS - 1
    assert words.endswith("41: keys 't'")


async def test_a_console_that_ends_by_itself_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    steps_of(monkeypatch, THEME, HELP)
    with pytest.raises(WrongStepError, match="nobody left it"):
        await walk(7, 2, EndsByItself)


async def test_a_screen_that_escape_does_not_leave_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PushedScreen, "action_leave", lambda self: None)
    steps_of(monkeypatch, HELP, Step(Kind.HOME))
    with pytest.raises(WrongStepError, match="escape does not lead home"):
        await walk(7, 2)


async def test_a_line_that_is_too_long_or_acts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "RIGHT_WITHIN_S", 0.5)
    monkeypatch.setattr(KeyBar, "render_line", lambda self, y: Strip([Segment("\x07")], 1))
    steps_of(monkeypatch, Step(Kind.RESIZE, size=(120, 36)))
    with pytest.raises(WrongStepError, match="acts on"):
        await walk(7, 1)


async def test_news_that_are_not_painted_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "SEEN_WITHIN_S", 1.0)

    class Deaf(WalkedApp):
        """Paints nothing of what comes."""

        def on_mount(self) -> None:
            """Stop the flush."""
            super().on_mount()
            monkeypatch.setattr(self.home, "flush", lambda: None)
            monkeypatch.setattr(self.home, "tick", lambda: None)

    steps_of(monkeypatch, Step(Kind.ALIVE, number=5))
    with pytest.raises(WrongStepError, match="alive-5 in view"):
        await walk(7, 1, Deaf)
