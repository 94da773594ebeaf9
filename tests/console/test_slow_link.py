"""A console at the end of a slow link paints and is told less often, and says so."""

import asyncio
import itertools
import time

import pytest
from textual import _time as textual_time
from textual.pilot import Pilot

from dsync_tui.console.app import Left
from dsync_tui.console.screens import home_frame
from dsync_tui.pace import FRAMES_HZ, SLOW_HZ
from tests.support.console import Console, console, screen_text, settle

SIZE = (120, 36)


async def painted(made: Console, pilot: Pilot[Left]) -> None:
    """Wait until the console has heard the latest and has painted it."""
    store = made.app.kit.store
    async with asyncio.timeout(30):
        while store.at < made.clock.at or store.dirty:
            await pilot.pause(0.02)


@pytest.mark.parametrize(("slow_link", "asked_hz"), [(False, FRAMES_HZ), (True, SLOW_HZ)])
async def test_it_says_so_and_asks_for_fewer_frames(slow_link: bool, asked_hz: float) -> None:
    made = console(slow_link=slow_link)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        assert ("live  slow link" in screen_text(made)) == slow_link
        assert made.link.asked_hz == asked_hz


async def test_what_the_terminal_has_not_taken_holds_the_next_paint_back(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = 1
    monkeypatch.setattr(home_frame, "waiting_writes", lambda _: waiting)
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        made.clock.at += 1
        made.beat()
        await pilot.pause(0.5)
        assert made.app.kit.store.dirty, "nothing was painted"
        made.app.home.update_bars()
        await pilot.pause()
        assert "slow link" in screen_text(made)
        waiting = 0
        await painted(made, pilot)


async def test_on_a_machine_that_is_held_up_at_every_step_news_is_painted_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        steps = itertools.count()
        monkeypatch.setattr(textual_time, "get_time", lambda: time.monotonic() + 0.1 * next(steps))
        made.clock.at += 1
        made.beat()
        await painted(made, pilot)
