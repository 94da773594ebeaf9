"""Every key does what the table says, and nothing else does."""

import re

import pytest
from textual.pilot import Pilot

from backend.texts.catalogue import CATALOGUE
from dsync_tui.console.app import Left
from dsync_tui.console.frame import ColumnSort, RowSort
from dsync_tui.console.keys import ACTS, BY_ID, GROUPS, KEYS, VIEWS, key_names, with_remaps
from dsync_tui.console.matrix import Matrix
from dsync_tui.console.screens.archive import ArchiveScreen
from dsync_tui.console.screens.delivery import DeliveryScreen
from dsync_tui.console.screens.help import HelpScreen
from dsync_tui.console.screens.matrix import MatrixView
from dsync_tui.console.screens.node import NodeScreen
from tests.support.console import Console, console, screen_text, settle
from tests.support.console_fleets import large_fleet

SIZE = (120, 36)


def matrix_of(made: Console) -> Matrix:
    view = made.app.home.views["matrix"]
    assert isinstance(view, MatrixView)
    return view.matrix


async def pressed(made: Console, pilot: Pilot[Left], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(made, pilot)


# --- the table ------------------------------------------------------------------------------------------------------


def test_ids_are_unique_and_no_key_is_bound_twice() -> None:
    assert len(BY_ID) == len(KEYS)
    keys = [key for entry in KEYS for key in entry.keys.split(",")]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
def test_every_key_has_its_texts_and_its_group(key: object) -> None:
    entry = BY_ID[key.id]  # type: ignore[attr-defined]
    assert entry.group in GROUPS
    assert f"console.help.key.{entry.id}" in CATALOGUE
    assert f"console.help.group.{entry.group}" in CATALOGUE
    if entry.footer:
        assert f"console.key.{entry.id}" in CATALOGUE
        assert set(entry.footer) <= set(VIEWS)


def test_no_key_is_one_of_those_that_terminals_and_multiplexers_take() -> None:
    taken = {f"ctrl+{key}" for key in "abskjq"} | {"ctrl+space"}
    assert not taken & {key for entry in KEYS for key in entry.keys.split(",")}


def test_nothing_that_acts_is_on_a_ctrl_key() -> None:
    assert not [entry.id for entry in KEYS if entry.acts and "ctrl" in entry.keys]
    assert {"sync", "retry", "clean"} <= ACTS


def test_keys_are_shown_as_people_know_them() -> None:
    assert key_names("question_mark,f1") == ["?", "F1"]
    assert key_names("slash") == ["/"]
    assert with_remaps({"sync": "S", "nonsense": "n"})["sync"] == "S"
    assert "nonsense" not in with_remaps({"nonsense": "n"})


# --- moving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "position"),
    [
        (["down"], (1, 0)),
        (["j", "j"], (2, 0)),
        (["j", "k"], (0, 0)),
        (["down", "up"], (0, 0)),
        (["l", "l"], (0, 2)),
        (["right", "left"], (0, 0)),
        (["l", "h"], (0, 0)),
        (["G"], (7, 0)),
        (["end"], (7, 0)),
        (["G", "g"], (0, 0)),
        (["end", "home"], (0, 0)),
        (["k"], (0, 0)),
        (["L"], (0, 5)),
        (["L", "H"], (0, 0)),
        (["pagedown"], (7, 0)),
        (["pagedown", "pageup"], (0, 0)),
    ],
)
async def test_the_cursor_moves(keys: list[str], position: tuple[int, int]) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, *keys)
        assert matrix_of(made).position == position


async def test_pages_of_a_large_fleet_scroll_and_stay_in_sight() -> None:
    made = console(large_fleet(60, 90))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        matrix = matrix_of(made)
        for keys in (["pagedown"], ["L"], ["pagedown"], ["L"], ["G"], ["H"], ["pageup"], ["g"]):
            await pressed(made, pilot, *keys)
            row, column = matrix.position
            shown = matrix.shown()
            assert shown.first_row <= row < shown.first_row + matrix.geometry.body
            assert shown.first_column <= column < shown.first_column + matrix.geometry.columns
        assert matrix.position[0] == 0


@pytest.mark.parametrize(("digit", "view"), list(enumerate(VIEWS, 1)))
async def test_digits_show_views(digit: int, view: str) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "2" if digit == 1 else "1", str(digit))
        assert made.app.home.active == view
        assert f"{digit} {CATALOGUE[f'console.view.{view}'].message}" in screen_text(made)


async def test_tab_goes_round_the_views() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        seen = []
        for _ in VIEWS:
            await pressed(made, pilot, "tab")
            seen.append(made.app.home.active)
        assert seen == [*VIEWS[1:], VIEWS[0]]
        await pressed(made, pilot, "shift+tab")
        assert made.app.home.active == VIEWS[-1]


# --- finding --------------------------------------------------------------------------------------------------------


async def test_the_filter_filters_as_it_is_typed_and_takes_every_key() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "slash", *"worker")
        assert len(matrix_of(made).layout_of.rows) == 3
        assert not made.link.actions, "r of worker is no retry while the filter is typed"
        await pressed(made, pilot, "enter", "j")
        assert matrix_of(made).position[0] == 1
        assert "/worker 3/8" in screen_text(made)
        await pressed(made, pilot, "escape")
        assert len(matrix_of(made).layout_of.rows) == 8


async def test_a_filter_that_matches_nothing_says_how_it_is_cleared() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "slash", *"xyz", "enter")
        assert "0 of 8: the filter matches nothing. esc clears it." in screen_text(made)
        await pressed(made, pilot, "escape")
        assert "edge-berlin" in screen_text(made)


async def test_each_view_keeps_its_own_filter_and_cursor() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "j", "slash", *"edge", "enter", "5", "j", "j", "1")
        home = made.app.home
        assert (home.views["matrix"].filter_text, home.views["nodes"].filter_text) == ("edge", "")
        await pressed(made, pilot, "5")
        assert "edge-paris" in "".join(text for text, _ in home.cursor_line())
        await pressed(made, pilot, "1")
        assert "edge-oslo" in "".join(text for text, _ in home.cursor_line())


async def test_troubles_only() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "z")
        assert len(matrix_of(made).layout_of.rows) == 5
        assert "troubles only" in screen_text(made)
        await pressed(made, pilot, "escape")
        assert len(matrix_of(made).layout_of.rows) == 8


async def test_orders_and_zooms_go_round() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        matrix = matrix_of(made)
        await pressed(made, pilot, "o")
        assert matrix.wanted.rows is RowSort.WORST
        assert "sort: worst" in screen_text(made)
        await pressed(made, pilot, "O")
        assert matrix.wanted.columns is ColumnSort.WORST
        pitches = []
        for _ in range(4):
            await pressed(made, pilot, "w")
            pitches.append(matrix.geometry.pitch)
        assert len(set(pitches)) == 3
        assert pitches[0] == pitches[3]


# --- marking --------------------------------------------------------------------------------------------------------


async def test_marks() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "space", "space")
        assert matrix_of(made).marks.chosen == {"SHA256:edge-berlin", "SHA256:edge-oslo"}
        assert matrix_of(made).position[0] == 2
        assert "marked: nodes 2" in screen_text(made)
        await pressed(made, pilot, "u")
        assert not matrix_of(made).marks
        await pressed(made, pilot, "slash", *"worker", "enter", "asterisk")
        assert len(matrix_of(made).marks) == 3
        await pressed(made, pilot, "escape", "escape")
        assert not matrix_of(made).marks


async def test_marks_of_lists() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        for view in ("5", "6"):
            await pressed(made, pilot, view, "space", "space")
            assert "marked: 2" in screen_text(made)
            await pressed(made, pilot, "asterisk", "u")
            assert "marked" not in screen_text(made)


# --- looking --------------------------------------------------------------------------------------------------------


async def test_enter_opens_what_is_under_the_cursor() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "enter")
        assert isinstance(made.app.screen, DeliveryScreen)
        await pressed(made, pilot, "escape", "5", "enter")
        assert isinstance(made.app.screen, NodeScreen)
        assert "192.168.1.104:8730" in screen_text(made)
        await pressed(made, pilot, "escape", "6", "enter")
        assert isinstance(made.app.screen, ArchiveScreen)
        assert "broken.tar ends too early" in screen_text(made)
        await pressed(made, pilot, "q")
        assert made.at_home()


async def test_a_refused_file_opens_as_a_file_not_as_a_delivery() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "L")
        assert "‼ rejected" in screen_text(made)
        await pressed(made, pilot, "enter")
        assert isinstance(made.app.screen, ArchiveScreen)


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_is_made_from_the_bindings(key: str) -> None:
    made = console(keys={"sync": "S,f5"})
    async with made.app.run_test(size=(120, 60)) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, key)
        assert isinstance(made.app.screen, HelpScreen)
        text = screen_text(made)
        assert re.search(r"S f5 +force sync", text)
        for entry in KEYS:
            # Long texts are broken into lines.
            assert CATALOGUE[f"console.help.key.{entry.id}"].message[:20] in text, entry.id
        await pressed(made, pilot, "escape")
        assert made.at_home()


async def test_help_scrolls_where_it_does_not_fit() -> None:
    made = console()
    async with made.app.run_test(size=(80, 24)) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "question_mark")
        before = screen_text(made)
        await pressed(made, pilot, "pagedown", "down", "j", "space")
        assert screen_text(made) != before
        await pressed(made, pilot, "G")
        assert "Each view keeps its own filter and cursor." in screen_text(made)
        await pressed(made, pilot, "g")
        assert "Move" in screen_text(made)


async def test_freezing_holds_the_rows_still() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "f")
        assert matrix_of(made).frozen
        assert "FROZEN" in screen_text(made)
        await pressed(made, pilot, "f")
        assert "FROZEN" not in screen_text(made)


async def test_copying_puts_the_cursor_on_the_clipboard() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "y")
        assert made.app.clipboard.startswith("edge-berlin")
        await pressed(made, pilot, "7", "y")
        assert made.app.clipboard == "app-1.tar is ready"


async def test_themes_go_round_and_the_colourless_one_is_not_among_them() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        seen = []
        for _ in range(6):
            await pressed(made, pilot, "t")
            seen.append(made.app.kit.palette.theme.name)
        assert len(set(seen)) == 5
        assert "mono" not in seen


async def test_resync_takes_everything_anew() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "j", "ctrl+r")
        assert made.link.streams == 2
        assert matrix_of(made).position[0] == 1


# --- remapping ------------------------------------------------------------------------------------------------------


async def test_keys_can_be_given_to_other_actions() -> None:
    made = console(keys={"down": "n", "sync": "S"})
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "n")
        assert matrix_of(made).position == (1, 0)
        await pressed(made, pilot, "s", "j")
        assert not made.link.actions
        assert matrix_of(made).position == (1, 0)
        await pressed(made, pilot, "S")
        assert [action.verb for action in made.link.actions] == ["sync"]
        assert re.search(r" S sync ", screen_text(made))


# --- the mouse ------------------------------------------------------------------------------------------------------


async def test_a_click_moves_the_cursor_and_a_second_opens() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        matrix = matrix_of(made)
        x, y = matrix.geometry.column_x(2) + 1, matrix.geometry.header + 3
        await pilot.click(Matrix, offset=(x, y))
        assert matrix.position == (3, 2)
        await pilot.click(Matrix, offset=(x, y))
        await settle(made, pilot)
        assert isinstance(made.app.screen, DeliveryScreen)


async def test_tabs_and_footer_can_be_clicked() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        line = screen_text(made).splitlines()[1]
        await pilot.click("#tabs", offset=(line.index("5 Nodes"), 0))
        await settle(made, pilot)
        assert made.app.home.active == "nodes"
        line = screen_text(made).splitlines()[-1]
        await pilot.click("#keys", offset=(line.index("help"), 0))
        await settle(made, pilot)
        assert isinstance(made.app.screen, HelpScreen)
