"""Toasts: there for their time, gone afterwards, and never a timer that runs backwards."""

import asyncio

import pytest
from textual.widgets._toast import Toast

from dsync_tui.console import notices
from dsync_tui.console.notices import Notice
from tests.support.console import console, settle


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
