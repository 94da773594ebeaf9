"""Pictures of every screen at 80x24 and 120x36, compared with those that were looked at; states: test_states."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from dsync_tui.console.app import Left
from tests.support.console import Console, console, settle
from tests.support.console_fleets import bad_health, large_fleet

SIZES = [(80, 24), (120, 36)]
Compare = Callable[..., bool]


def pictured(made: Console, *keys: str) -> Callable[[Pilot[Left]], Awaitable[None]]:
    """Press keys once the fleet is shown, and let the screen come to rest."""

    async def act(pilot: Pilot[Left]) -> None:
        await settle(made, pilot)
        for key in keys:
            await pilot.press(key)
        await settle(made, pilot)

    return act


def picture(compare: Compare, made: Console, size: tuple[int, int], *keys: str) -> None:
    """Compare with the picture that is kept under the test's name."""
    assert compare(made.app, terminal_size=size, run_before=pictured(made, *keys)), (
        "the picture has changed; look at it, then pytest tests/console/test_snapshots.py --snapshot-update"
    )


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Both sizes, one after the other."""
    width, height = request.param
    return width, height


SCREENS: dict[str, list[str]] = {
    "matrix": [],
    "transfers": ["2"],
    "retries": ["3"],
    "health": ["4"],
    "nodes": ["5"],
    "archives": ["6"],
    "events": ["7"],
    "help": ["question_mark"],
    "delivery": ["l", "l", "enter"],
    "node": ["5", "j", "j", "enter"],
    "archive": ["6", "j", "enter"],
    "matrix-words": ["w"],
    "matrix-signs": ["w", "w"],
    "matrix-troubles": ["z"],
    "matrix-marked": ["space", "space"],
    "matrix-filter": ["slash", *"worker !ready"],
    "question": ["6", "asterisk", "s"],
}
"""Screen or state -> the keys that lead there."""


@pytest.mark.parametrize("name", SCREENS)
def test_screens(snap_compare: Compare, size: tuple[int, int], name: str) -> None:
    made = console()
    made.link.healths["master"] = bad_health("master")
    picture(snap_compare, made, size, *SCREENS[name])


def test_large_fleet(snap_compare: Compare, size: tuple[int, int]) -> None:
    picture(snap_compare, console(large_fleet(64, 128)), size, "j", "j", "l")


def test_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    picture(snap_compare, console(no_colour=True), (120, 36))


def test_ascii(snap_compare: Compare) -> None:
    picture(snap_compare, console(ascii_only=True), (120, 36))


def test_narrow(snap_compare: Compare) -> None:
    picture(snap_compare, console(), (60, 20))


def test_tiny(snap_compare: Compare) -> None:
    picture(snap_compare, console(), (30, 8))
