"""Plans on screen: of the archive under the cursor, of a file here; while it is read, when it cannot be."""

import asyncio
from pathlib import Path

import pytest

from backend.api.plans import PlannedFile, PlanRequest
from backend.model.errors import NotReachedError, TruncatedError
from dsync_tui.console.screens import opening
from dsync_tui.console.screens.plan import PlanScreen
from tests.support.console import console, pressed, screen_text, settle, toast
from tests.support.console_fleets import digest_of, small_plan

SIZE = (120, 36)
HERE = Path("~/app-6.tar").expanduser()


async def test_the_archive_under_the_cursor() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "l", "P")
        assert isinstance(made.app.screen, PlanScreen)
        assert made.link.plans == [PlanRequest(archive=digest_of(4))]
        lines = [line.strip() for line in screen_text(made).splitlines()]
        assert lines[0].startswith("Plan of nginx:1.27-alpine")
        assert "app-6.tar is new to the fleet: 700.0 MiB, registry.site.example/platform/api:2.9" in lines
        assert "supersedes app-1.tar, which was published under the same name" in lines
        assert [" ".join(line.split()) for line in lines if " of 4 nodes" in line] == [
            "get a copy 2 of 4 nodes",
            "have it 1 of 4 nodes",
        ]
        steps = [line.split() for line in lines if line.split()[:1] and line.split()[0] in NODES]
        assert steps == [
            ["edge-oslo", "gets", "a", "copy", "700", "MiB", "edge-oslo", "does", "not", "answer"],
            ["master", "loads", "its", "copy"],
            ["worker-01", "gets", "a", "copy", "700", "MiB"],
            ["worker-02", "images", "are", "there"],
        ]
        assert any(line.startswith("dsync-tui sync ") for line in lines)
        await pressed(made, pilot, "escape")
        assert made.at_home()


NODES = ("edge-oslo", "master", "worker-01", "worker-02")


async def test_where_there_is_no_archive_it_is_said() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        for keys in (["5", "P"], ["6", "P"]):
            await pressed(made, pilot, *keys)
            assert toast(made).startswith("No archive is under the cursor")
        assert not made.link.plans


async def test_a_file_is_read_once_and_the_plan_follows_the_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    file = PlannedFile("app-6.tar", "ab" * 16, digest_of(6), 10, 10, [])
    read: list[Path] = []
    may_end = asyncio.Event()

    async def planned_file(path: Path) -> PlannedFile:
        read.append(path)
        await may_end.wait()
        return file

    monkeypatch.setattr(opening, "planned_file", planned_file)
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "colon", *"plan ~/app-6.tar", "enter")
        screen = made.app.screen
        assert isinstance(screen, PlanScreen)
        assert "reading, and asking the daemon ..." in screen_text(made)
        screen._ask()
        may_end.set()
        await settle(made, pilot)
        screen._ask()
        await settle(made, pilot)
        assert read == [HERE]
        assert made.link.plans == [PlanRequest(file=file)] * 2
        assert "moves now" in screen_text(made)


async def test_a_file_that_is_none_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def planned_file(path: Path) -> PlannedFile:
        raise TruncatedError(name="half.tar", detail="the end is missing")

    monkeypatch.setattr(opening, "planned_file", planned_file)
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "colon", *"plan half.tar", "enter")
        text = screen_text(made)
        assert "half.tar ends too early: the end is missing" in text
        assert "copy it again in full" in text


async def test_a_plan_that_is_old_news_stays_and_says_so() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "P")
        screen = made.app.screen
        assert isinstance(screen, PlanScreen)
        made.link.planned = NotReachedError(socket="/run/x", why="gone")
        screen._ask()
        await settle(made, pilot)
        text = screen_text(made)
        assert "gone" in text
        assert "moves now" in text
        made.link.planned = small_plan()
        screen._ask()
        await settle(made, pilot)
        assert "gone" not in screen_text(made)
