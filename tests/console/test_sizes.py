"""Any size from a postage stamp to a wall: never an exception, never a refusal, never a line too long."""

import random

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from dsync_tui.console.keys import KEYS
from tests.support.console import Console, console, screen_text, settle
from tests.support.console_fleets import large_fleet, small_fleet

KEYS_OF_WALK = sorted(
    {key for entry in KEYS for key in entry.keys.split(",") if entry.id not in ("leave", "previous-view")}
)


def fits(made: Console) -> None:
    """The screen is exactly as large as the terminal."""
    width, height = made.app.size
    lines = screen_text(made).split("\n")
    assert len(lines) == height
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_resizes_and_keys_at_random(seed: int) -> None:
    """The seed is the test's own name: a failure can be walked again."""
    chance = random.Random(seed)
    made = console(large_fleet(40, 120) if seed % 2 else small_fleet())
    async with made.app.run_test(size=(80, 24)) as pilot:
        await settle(made, pilot)
        for step in range(40):
            if step % 3 == 0:
                await pilot.resize_terminal(chance.randint(10, 300), chance.randint(3, 100))
            if step % 10 == 4:
                made.lose()
            if step % 10 == 8:
                made.find(epoch=str(step))
            await pilot.press(*chance.choices(KEYS_OF_WALK, k=4))
            await pilot.pause()
            fits(made)
        await settle(made, pilot) if made.at_home() else None
        fits(made)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_at_the_smallest_size_names_and_troubles_stand_whole(language: str) -> None:
    made = console(small_fleet(), language=language)
    async with made.app.run_test(size=(40, 10)) as pilot:
        await settle(made, pilot)
        lines = [line.rstrip() for line in screen_text(made).splitlines()]
        retry, failed = made.app.kit.say("matrix.retry"), made.app.kit.say("matrix.failed")
        assert any(retry in line and line.endswith(failed) for line in lines)
        assert any("edge-berlin" in line and line.endswith(" 1") for line in lines)


@pytest.mark.parametrize("size", [(10, 3), (39, 9), (40, 10), (79, 23), (80, 10), (300, 100), (40, 100), (300, 3)])
async def test_sizes_at_the_edges(size: tuple[int, int]) -> None:
    made = console(large_fleet(30, 50))
    async with made.app.run_test(size=size) as pilot:
        await settle(made, pilot)
        for digit in "1234567":
            await pilot.press(digit, "G", "L", "g")
            await settle(made, pilot)
            fits(made)
        await pilot.press("question_mark")
        await pilot.pause()
        fits(made)


async def test_below_eighty_columns_nodes_and_counts_remain() -> None:
    made = console()
    async with made.app.run_test(size=(60, 20)) as pilot:
        await settle(made, pilot)
        text = screen_text(made)
        assert "edge-berlin" in text
        assert "3/5" in text
        assert "FAILED" in text


async def test_below_forty_by_ten_one_line_remains() -> None:
    made = console()
    async with made.app.run_test(size=(30, 8)) as pilot:
        await settle(made, pilot)
        lines = [line for line in screen_text(made).split("\n") if line]
        assert lines == ["✗1 63.1% 180 MiB/s"]
        made.lose()
        await settle(made, pilot)
        assert "DISCONNECTED" in screen_text(made)
        await pilot.resize_terminal(120, 36)
        made.find()
        await settle(made, pilot)
        assert "edge-berlin" in screen_text(made)


async def test_the_cursor_stays_in_sight_when_the_terminal_shrinks() -> None:
    made = console(large_fleet(60, 60))
    async with made.app.run_test(size=(200, 60)) as pilot:
        await settle(made, pilot)
        await pilot.press("G", "L")
        for size in ((120, 36), (90, 14), (81, 12), (200, 60)):
            await pilot.resize_terminal(*size)
            await settle(made, pilot)
            line = "".join(text for text, _ in made.app.home.cursor_line())
            name = line.split()[0]
            assert name in screen_text(made).rsplit("\n", 2)[0], size


async def test_a_fleet_with_wide_names_keeps_its_columns_straight() -> None:
    fleet = large_fleet(5, 40)
    nodes = [replace(node, name=name) for node, name in zip(fleet.nodes, WIDE, strict=True)]
    made = console(replace(fleet, nodes=nodes))
    async with made.app.run_test(size=(120, 36)) as pilot:
        await settle(made, pilot)
        lines = [line for line in screen_text(made).split("\n") if any(name in line for name in WIDE)][:-2]
        rules = {cell_len(line[: line.index("╎")]) for line in lines if "╎" in line}
        assert len(rules) == 1


WIDE = ("東京-一号機", "大阪", "node-1", "한국-서울-2", "Ελλάς")


async def test_what_changes_while_there_is_no_room_is_seen_when_there_is_some_again() -> None:
    made = console(large_fleet(40, 30))
    async with made.app.run_test(size=(120, 36)) as pilot:
        await settle(made, pilot)
        await pilot.resize_terminal(120, 4)
        await settle(made, pilot)
        made.fleet = large_fleet(3, 2)
        made.find()
        await settle(made, pilot)
        await pilot.resize_terminal(120, 36)
        await settle(made, pilot)
        fits(made)
        assert "team-2" in screen_text(made) or "web:2.1" in screen_text(made)
        assert "0039" not in screen_text(made)
