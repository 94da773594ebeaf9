"""The command palette: everything by its name, by keyboard and mouse, on what is marked or under the cursor."""

import pytest

from dsync_tui.console.commands import SHOWN_MOST, Command, ranked
from dsync_tui.console.keys import KEYS
from dsync_tui.console.matrix import Matrix
from dsync_tui.console.screens.commands import Choices, PaletteScreen
from dsync_tui.console.screens.help import HelpScreen
from dsync_tui.console.screens.matrix import MatrixView
from dsync_tui.console.screens.plan import PlanScreen
from tests.support.console import Console, console, pressed, screen_text, settle
from tests.support.console_fleets import digest_of, greeting, large_fleet

SIZE = (120, 36)


def offered(*titles: str, sought: tuple[str, ...] = ()) -> list[Command]:
    return [Command(title, lambda: None, sought=title in sought) for title in titles]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["retry now", "force sync", "theme: Dark"]),
        ("ret", ["retry now", "node retro"]),
        ("now", ["retry now"]),
        ("dark", ["theme: Dark"]),
        ("eme", ["theme: Dark"]),
        ("frc", ["force sync"]),
        ("sync force", ["force sync"]),
        ("r", ["retry now", "node retro", "force sync", "theme: Dark"]),
        ("nothing", []),
    ],
)
def test_beginnings_come_first_then_middles_then_letters(text: str, found: list[str]) -> None:
    commands = offered("retry now", "force sync", "theme: Dark", "node retro", sought=("node retro",))
    assert [command.title for command in ranked(commands, text)] == found


def test_a_long_list_is_cut() -> None:
    commands = offered(*(f"node {number}" for number in range(1000)))
    assert len(ranked(commands, "node")) == SHOWN_MOST


def matrix_of(made: Console) -> Matrix:
    view = made.app.home.views["matrix"]
    assert isinstance(view, MatrixView)
    return view.matrix


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_it_offers_what_every_key_does(key: str) -> None:
    made = console(keys={"sync": "S"})
    async with made.app.run_test(size=(120, 60)) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, key)
        screen = made.app.screen
        assert isinstance(screen, PaletteScreen)
        titles = [command.title for command in screen._found]
        say = made.app.kit.say
        assert {say(f"help.key.{entry.id}") for entry in KEYS if entry.palette} <= set(titles)
        assert "theme: Light" in titles
        assert "language: English" in titles
        assert "force sync: bring in order now, ask the runtime again" in screen_text(made)
        assert "on: edge-berlin" in screen_text(made)
        await pressed(made, pilot, "escape")
        assert made.at_home()


async def test_what_is_typed_is_found_and_enter_does_it() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "space", "space", "colon", *"force", "enter")
        assert made.at_home()
        (action,) = made.link.actions
        assert (action.verb, action.nodes) == ("sync", ["edge-berlin", "edge-oslo"])


async def test_actions_are_found_by_their_ids_in_every_language() -> None:
    made = console(language="zh_CN")
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "colon", *"sync", "enter")
        assert [action.verb for action in made.link.actions] == ["sync"]
        await pressed(made, pilot, "colon", *"xyzzy", "enter")
        assert isinstance(made.app.screen, PaletteScreen)
        assert "没有这样的命令" in screen_text(made)


async def test_the_list_can_be_walked_and_clicked() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "colon", *"view", "down", "down", "up", "pagedown", "pageup", "enter")
        assert made.app.home.active == "matrix"
        await pressed(made, pilot, "colon", *"nodes")
        await pilot.click(Choices, offset=(4, 1))
        await settle(made, pilot)
        assert made.at_home()
        assert made.app.home.active == "nodes"


async def test_a_node_and_an_image_are_gone_to_also_where_a_filter_hides_them() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "slash", *"worker", "enter", "7", "colon", *"node edge-oslo", "enter")
        matrix = matrix_of(made)
        assert made.app.home.active == "matrix"
        assert made.app.home.view.filter_text == ""
        assert made.app.kit.store.nodes[matrix.cursor_node or 0].name == "edge-oslo"
        await pressed(made, pilot, "z", "colon", *"image postgres", "enter")
        assert matrix.cursor_archive is not None
        assert made.app.kit.store.archive(matrix.cursor_archive).digest == digest_of(3)


async def test_themes_and_languages_by_their_names() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "colon", *"light", "enter")
        assert made.app.kit.palette.theme.name == "light"
        await pressed(made, pilot, "colon", *"language: english", "enter")
        assert made.app.kit.texts.language == "en"
        await pressed(made, pilot, "colon", *"this help", "enter")
        assert isinstance(made.app.screen, HelpScreen)


async def test_plan_and_a_file() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "colon", *"plan /nowhere/app.tar", "enter")
        assert isinstance(made.app.screen, PlanScreen)


async def test_what_cannot_be_done_now_is_shown_and_not_done() -> None:
    made = console(hello=greeting(role="reader"))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "colon", *"force sync", "enter")
        assert isinstance(made.app.screen, PaletteScreen)
        assert not made.link.actions


async def test_the_right_button_offers_what_can_be_done_there() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        matrix = matrix_of(made)
        x, y = matrix.geometry.column_x(2) + 1, matrix.geometry.header + 3
        await pilot.click(Matrix, offset=(x, y), button=3)
        await settle(made, pilot)
        assert isinstance(made.app.screen, PaletteScreen)
        assert "on: master  postgres:16.4" in screen_text(made)
        await pressed(made, pilot, "escape", "5")
        await pilot.click("#nodes-table", offset=(5, 3), button=3)
        await settle(made, pilot)
        assert "on: edge-paris" in screen_text(made)


async def test_it_fits_into_small_terminals_and_large_fleets() -> None:
    made = console(large_fleet(300, 300))
    async with made.app.run_test(size=(40, 12)) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "colon", *"node eu")
        assert isinstance(made.app.screen, PaletteScreen)
        assert "node eu-" in screen_text(made)
        await pilot.resize_terminal(200, 60)
        await settle(made, pilot)
        assert "node eu-" in screen_text(made)
