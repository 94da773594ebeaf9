"""Keys that come faster than they are worked off, as over a slow link: each is for what the ones before it opened."""

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from dsync_tui.console.app import Left
from dsync_tui.console.asking import Answer, Ask
from dsync_tui.console.screens.commands import PaletteScreen
from dsync_tui.console.screens.confirm import Question
from dsync_tui.console.screens.help import HelpScreen
from dsync_tui.console.screens.node import NodeScreen
from tests.support.console import Console, console, settle

SIZE = (120, 36)


async def typed(made: Console, pilot: Pilot[Left], text: str) -> None:
    """All of it is there before the console looks at the first one."""
    for character in text:
        name = {"\r": "enter", "\x1b": "escape"}.get(character)
        name = name or (character if character.isalnum() else _character_to_key(character))
        made.app.post_message(events.Key(name, character))
    for _ in range(3):
        await settle(made, pilot)


@pytest.mark.parametrize("text", ["work", "xsrD", "RaW", "q", "e", "sync !ready"])
async def test_what_is_typed_after_a_slash_is_a_filter(text: str) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await typed(made, pilot, f"/{text}\r")
        assert made.app.is_running
        assert made.at_home()
        assert made.app.home.view.filter_text == text
        assert not made.link.actions


@pytest.mark.parametrize("text", ["worker-01", "withdraw", "sxRq"])
async def test_what_is_typed_after_a_colon_looks_for_a_command(text: str) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await typed(made, pilot, f":{text}")
        assert isinstance(made.app.screen, PaletteScreen)
        assert made.app.screen.query_one("#palette-text", Input).value == text
        assert not made.link.actions


async def test_keys_for_a_screen_are_not_for_the_one_beneath() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await typed(made, pilot, "?sxD")
        assert isinstance(made.app.screen, HelpScreen)
        assert not made.link.actions
        await typed(made, pilot, "\x1b5\r")
        assert made.app.home.active == "nodes"
        assert isinstance(made.app.screen, NodeScreen)


@pytest.mark.parametrize("key", ["escape", "q", "enter", "tab"])
async def test_a_dialog_can_be_left_before_it_is_seen(key: str) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        for _ in range(3):
            made.app.push_screen(Question(made.app.kit, Ask("?", [], [Answer("cancel", "no"), Answer("yes", "yes")])))
            made.app.post_message(events.Key(key, None))
            made.app.post_message(events.Key("escape", None))
            await settle(made, pilot)
        assert made.app.is_running
        assert made.at_home()


async def test_a_console_that_is_left_takes_no_key_any_more() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        for name in ("q", "s", "x"):
            made.app.post_message(events.Key(name, name))
        await pilot.pause()
    assert made.app.return_value is Left.DETACHED
