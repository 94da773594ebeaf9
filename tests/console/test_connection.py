"""The daemon comes, goes silent, goes away and comes back; what an operator was doing survives."""

import pytest
from textual.pilot import Pilot

from backend.api.client import Lost
from backend.api.wire import Delta, Snapshot
from dsync_tui.console.app import Left
from dsync_tui.console.keys import VIEWS
from dsync_tui.console.screens.matrix import MatrixView
from dsync_tui.console.session import CLOCKS_AGREE_S
from tests.support.console import Console, console, screen_text, settle
from tests.support.console_fleets import (
    START,
    archive_row,
    digest_of,
    greeting,
    node_row,
    replace_at,
    small_fleet,
    snapshot,
)

SIZE = (120, 36)


async def pressed(made: Console, pilot: Pilot[Left], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(made, pilot)


async def test_before_the_first_word_it_says_that_it_connects() -> None:
    made = console(silent=True)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        assert "CONNECTING" in screen_text(made)
        assert "Connecting to the daemon ..." in screen_text(made)
        made.link.say(greeting())
        await settle(made, pilot)
        assert "RESYNCING" in screen_text(made)
        made.link.say(small_fleet())
        await settle(made, pilot)
        assert "ATTACHED  live" in screen_text(made)


async def test_a_daemon_that_is_not_there_at_first() -> None:
    made = console(silent=True)
    async with made.app.run_test(size=SIZE) as pilot:
        made.link.say(Lost(reason="No such file or directory", since=0.0, retry_in_s=4.0, tries=1))
        await settle(made, pilot)
        text = screen_text(made)
        assert "DISCONNECTED  next try in 0:04  No such file or directory" in text
        assert "No daemon answers. This console goes on trying; q leaves." in text
        await pressed(made, pilot, *"1234567", "s", "enter", "slash", "x", "escape", "j")
        made.find()
        await settle(made, pilot)
        assert "ATTACHED" in screen_text(made)


async def test_a_lost_daemon_is_shown_at_once_with_age_and_next_try() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        made.clock.at += 13
        made.lose(reason="silent", tries=3)
        await settle(made, pilot)
        text = screen_text(made)
        assert "DISCONNECTED  13s ago  trying again (3)  the daemon says nothing" in text
        assert "edge-berlin" in text, "the old picture stays"
        matrix = made.app.home.views["matrix"]
        assert isinstance(matrix, MatrixView)
        assert matrix.matrix.faded
        made.find()
        await settle(made, pilot)
        assert "DISCONNECTED" not in screen_text(made)
        assert not matrix.matrix.faded


async def test_cursor_filter_marks_and_view_survive() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "slash", *"worker", "enter", "j", "l", "space", "5", "j")
        made.lose()
        await settle(made, pilot)
        await pressed(made, pilot, "j")
        fleet = small_fleet()
        # Another life: nodes and archives come in another order, with one more of each.
        turned = snapshot(
            [node_row("aaa"), *reversed(fleet.nodes)],
            [archive_row(77), *reversed(fleet.archives)],
            [" " * 9, *(" " + column[::-1] for column in reversed(fleet.cells))],
            at=START,
            sequence=9,
        )
        made.link.say(greeting(epoch="second"), turned)
        await settle(made, pilot)
        home = made.app.home
        assert home.active == "nodes"
        assert "edge-paris" in "".join(text for text, _ in home.cursor_line())
        await pressed(made, pilot, "1")
        line = "".join(text for text, _ in home.cursor_line())
        assert line.startswith("worker-03")
        assert "nginx:1.27-alpine" in line
        assert home.view.filter_text == "worker"
        assert "marked: nodes 1" in screen_text(made)


async def test_typed_text_survives() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "slash", *"work")
        made.lose()
        await settle(made, pilot)
        made.find()
        await settle(made, pilot)
        await pressed(made, pilot, *"er", "enter")
        assert made.app.home.view.filter_text == "worker"


async def test_a_cursor_whose_archive_goes_stays_near_and_comes_back() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "l")
        made.link.say(Delta(sequence=2, at=START, gone=[digest_of(4)]))
        await settle(made, pilot)
        assert "postgres" in "".join(text for text, _ in made.app.home.cursor_line())
        made.link.say(replace_at(small_fleet(), START))
        await settle(made, pilot)
        assert "nginx" in "".join(text for text, _ in made.app.home.cursor_line())


async def test_old_news_shows_its_age() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        made.clock.at += 9
        await settle(made, pilot)
        assert "no news for 9s" in screen_text(made)
        made.beat()
        await settle(made, pilot)
        assert "no news" not in screen_text(made)


async def test_the_old_paint_stays_while_everything_is_taken_anew() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        made.link.say(greeting(epoch="second"))
        await settle(made, pilot)
        text = screen_text(made)
        assert "RESYNCING" in text
        assert "edge-berlin" in text


async def test_clocks_that_differ_do_not_spoil_countdowns() -> None:
    made = console(silent=True)
    ahead = 500.0
    async with made.app.run_test(size=SIZE) as pilot:
        made.link.say(greeting(), small_fleet(at=START + ahead))
        await settle(made, pilot)
        assert made.app.kit.store.skew_s == pytest.approx(ahead)
        await pressed(made, pilot, "3")
        assert "0:42" in screen_text(made)
        made.clock.at += 2
        await settle(made, pilot)
        assert "0:40" in screen_text(made)
    assert ahead > CLOCKS_AGREE_S


async def test_countdowns_tick_in_every_view_that_shows_them() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        assert "1:57" in screen_text(made)
        made.clock.at += 7
        made.beat()
        await settle(made, pilot)
        assert "1:50" in screen_text(made)
        await pressed(made, pilot, "3")
        assert "0:35" in screen_text(made)
        made.clock.at += 100
        made.beat()
        await settle(made, pilot)
        assert "0:00" in screen_text(made)


async def test_changes_reach_every_view() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        for digit in range(1, len(VIEWS) + 1):
            await pressed(made, pilot, str(digit))
        made.link.say(
            Delta(
                sequence=5,
                at=START,
                nodes=[node_row("worker-99", rate_bps=77 * 1024**2)],
                archives=[archive_row(50, "docker.io/library/brand-new:7")],
                cells=[(digest_of(50), "SHA256:worker-99", "3")],
            )
        )
        for digit, seen in ((1, "worker-99"), (5, "worker-99"), (6, "brand-new:7"), (4, "worker-99")):
            await pressed(made, pilot, str(digit))
            assert seen in screen_text(made), digit


async def test_the_link_is_let_go_at_the_end() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pilot.press("q")
    assert made.link.closed


def shrunk(fleet: Snapshot) -> Snapshot:
    """The same fleet without its first archives and nodes: whatever is left stands under another index."""
    nodes, archives = fleet.nodes[2:], fleet.archives[3:]
    return snapshot(nodes, archives, [column[2:] for column in fleet.cells[3:]], at=START, sequence=9)


async def test_a_key_right_after_a_snapshot_is_for_what_was_under_the_cursor_or_nothing() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "G", "L")
        home, store = made.app.home, made.app.kit.store
        node, archive = home.view.subject()
        assert node is not None
        assert archive is not None
        before = store.nodes[node].id, store.archive(archive).digest
        # Nothing is painted between the two lines: what a key finds is what the stream has just left.
        made.app.session.take(shrunk(small_fleet()))
        made.app.session.on_news()
        node, archive = home.view.subject()
        assert node is not None
        assert archive is not None
        assert (store.nodes[node].id, store.archive(archive).digest) == before


async def test_a_snapshot_beneath_another_screen_breaks_nothing() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "G", "L", "question_mark")
        made.link.say(shrunk(small_fleet()))
        await settle(made, pilot)
        made.app.home.tick()
        await pilot.press("escape", "i", "space", "v")
        await settle(made, pilot)
        assert made.at_home()
        assert "edge-oslo" in screen_text(made)


async def test_frozen_rows_let_go_of_an_archive_that_is_gone() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "f")
        made.link.say(Delta(sequence=2, at=START, gone=[archive.digest for archive in small_fleet().archives]))
        await settle(made, pilot)
        made.app.home.tick()
        await pressed(made, pilot, "i", "v", "l", "enter", "escape")
        await pilot.resize_terminal(90, 30)
        await settle(made, pilot)
        assert "nginx" not in screen_text(made)
