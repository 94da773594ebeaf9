"""Leaving: a detach is no stop, and the last console of an engine beneath it asks what becomes of it."""

import asyncio

import pytest
from textual.pilot import Pilot

from backend.api.wire import Greeting, JobResult
from backend.model.errors import NotReachedError
from dsync_tui.console import app as app_module
from dsync_tui.console.app import Left
from dsync_tui.console.screens.confirm import Choice, Question
from tests.support.console import Console, console, pressed, screen_text, settle
from tests.support.console_fleets import greeting

SIZE = (120, 36)


async def asked(made: Console, pilot: Pilot[Left]) -> None:
    await settle(made, pilot)
    await pilot.press("q")
    await settle(made, pilot)


@pytest.mark.parametrize(
    ("beneath", "ends", "word", "help_words"),
    [
        (False, False, "q detach", "detach: the engine goes on"),
        (True, False, "q quit", "leave; the last console asks whether"),
        (False, True, "q end demo", "end the demo and all its nodes"),
    ],
)
async def test_the_footer_says_what_leaving_does(beneath: bool, ends: bool, word: str, help_words: str) -> None:
    made = console(hello=greeting(beneath=beneath), ends_with_console=ends)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        assert screen_text(made).rstrip().endswith(word)
        await pressed(made, pilot, "question_mark", "G")
        assert help_words in screen_text(made)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_leaving_a_daemon_of_its_own_asks_nothing(key: str) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pilot.press(key)
        await pilot.pause()
    assert made.app.return_value is Left.DETACHED
    assert not made.link.actions


async def test_a_further_console_asks_nothing() -> None:
    made = console(hello=greeting(beneath=True, consoles=1))
    made.link.hello = greeting(beneath=True, consoles=2)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pilot.press("q")
        await pilot.pause()
    assert made.app.return_value is Left.DETACHED


async def test_the_last_console_of_an_engine_beneath_asks_and_tells_what_runs() -> None:
    made = console(hello=greeting(beneath=True))
    async with made.app.run_test(size=SIZE) as pilot:
        await asked(made, pilot)
        assert isinstance(made.app.screen, Question)
        text = screen_text(made)
        assert "Deliveries under way: 4." in text
        for answer in ("[ Cancel ]", "[ Keep running ]", "[ Drain, then end ]", "[ Stop now ]"):
            assert answer in text
        assert isinstance(made.app.focused, Choice)
        assert made.app.focused.answer.id == "cancel"
        await pilot.press("enter")
        await settle(made, pilot)
        assert made.at_home()
        assert made.app.return_value is None


@pytest.mark.parametrize(
    ("answer", "left", "sent"),
    [("keep", Left.DETACHED, []), ("drain", Left.DRAINING, ["drain"]), ("stop", Left.STOPPED, ["now"])],
)
async def test_what_is_answered_is_done(answer: str, left: Left, sent: list[str]) -> None:
    made = console(hello=greeting(beneath=True))
    async with made.app.run_test(size=SIZE) as pilot:
        await asked(made, pilot)
        await pilot.click(f"#answer-{answer}")
        await pilot.pause()
    assert made.app.return_value is left
    assert [action.argument for action in made.link.actions if action.verb == "stop"] == sent


async def test_an_engine_that_refuses_to_stop_keeps_the_console_open() -> None:
    made = console(hello=greeting(beneath=True))
    made.link.results["stop"] = JobResult("j", "stop", False, "not now", [])
    async with made.app.run_test(size=SIZE) as pilot:
        await asked(made, pilot)
        await pilot.click("#answer-stop")
        await settle(made, pilot)
        assert made.app.return_value is None
        assert [note.message for note in made.app._notifications] == ["stop: not now"]


async def test_a_stop_whose_result_never_comes_counts_as_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon may be gone before it can tell that it stopped."""
    made = console(hello=greeting(beneath=True))

    async def job(job: str, wait_s: float = 0.0) -> JobResult | None:
        raise NotReachedError(socket="x", why="gone")

    monkeypatch.setattr(made.link, "job", job)
    async with made.app.run_test(size=SIZE) as pilot:
        await asked(made, pilot)
        await pilot.click("#answer-stop")
        await pilot.pause()
    assert made.app.return_value is Left.STOPPED


async def test_a_daemon_that_is_away_cannot_hold_the_console() -> None:
    made = console(hello=greeting(beneath=True))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        made.lose()
        await settle(made, pilot)
        await pilot.press("q")
        await pilot.pause()
    assert made.app.return_value is Left.DETACHED


async def test_a_daemon_that_does_not_answer_is_asked_about_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "GREETING_S", 0.01)
    made = console(hello=greeting(beneath=True))

    async def silent() -> Greeting:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(made.link, "greeting", silent)
    async with made.app.run_test(size=SIZE) as pilot:
        await asked(made, pilot)
        async with asyncio.timeout(30):
            while not isinstance(made.app.screen, Question):
                await settle(made, pilot)
