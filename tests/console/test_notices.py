"""Toasts: there for their time, gone afterwards, and never a timer that runs backwards."""

import asyncio

import pytest
from textual.widgets._toast import Toast, ToastHolder

from dsync_tui.console import notices
from dsync_tui.console.notices import SHOWN, Notice, crowded_out
from tests.support.console import Console, console, settle


def test_a_notice_expires_by_a_clock_that_nobody_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(notices, "monotonic", lambda: now[0])
    notice = Notice("done", timeout=6.0, raised_at=now[0])
    seen = []
    for passed_s in (0.0, 5.5, 1000.0):
        now[0] += passed_s
        seen.append((round(notice.time_left, 3), notice.has_expired))
    assert seen == [(6.0, False), (0.5, False), (notices.SHORTEST_S, True)]


async def test_a_toast_made_in_the_moment_in_which_it_expires_goes_and_nothing_hangs() -> None:
    made = console()
    async with made.app.run_test(size=(80, 24), notifications=True) as pilot:
        await settle(made, pilot)
        made.app.tell("for good", True)
        await settle(made, pilot)
        assert made.app.screen.query(Toast)
        # As where its time is over between the look whether it is and the toast.
        await made.app.screen.mount(Toast(Notice("late", timeout=0.0)))
        async with asyncio.timeout(30):
            while any(toast._notification.message == "late" for toast in made.app.screen.query(Toast)):
                await pilot.pause(0.02)
        assert [toast._notification.message for toast in made.app.screen.query(Toast)] == ["for good"]


def test_a_new_notice_takes_the_place_of_its_like_and_of_the_oldest_but_not_of_failures() -> None:
    first, failed, third = Notice("first"), Notice("second", severity="error"), Notice("third")
    fourth = Notice("fourth")
    assert SHOWN == 3
    assert crowded_out([first, failed], third) == []
    assert crowded_out([first, failed, third], fourth) == [first]
    assert crowded_out([failed, third, fourth], first) == [third]
    again = Notice("third")
    assert crowded_out([failed, third, fourth], again) == [third]
    assert crowded_out([failed, third, fourth], Notice("third", severity="error")) == [third]
    worse = [Notice(text, severity="error") for text in ("a", "b", "c")]
    assert crowded_out(worse, first) == worse[:1]


def toasts(made: Console) -> list[str]:
    """What is to be read, from above."""
    return [toast._notification.message for toast in made.app.screen.query(Toast)]


async def test_many_things_at_once_leave_the_latest_toasts_and_no_empty_places() -> None:
    made = console()
    async with made.app.run_test(size=(80, 24), notifications=True) as pilot:
        await settle(made, pilot)
        made.app.tell("it failed", False)
        for number in range(20):
            made.app.tell(f"done {number}", True)
        await settle(made, pilot)
        assert toasts(made) == ["it failed", "done 18", "done 19"]
        for _ in range(5):
            made.app.tell("done 18", True)
            await settle(made, pilot)
        assert toasts(made) == ["it failed", "done 19", "done 18"]
        assert len(made.app.screen.query(ToastHolder)) == 3
