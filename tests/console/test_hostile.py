"""Names, tags, errors and log lines from outside are shown as they are, and do nothing."""

import pytest
from msgspec.structs import replace
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from backend.api.wire import CheckDocument, Delta, HealthDocument, LogLine, Snapshot
from dsync_tui.console.app import Left
from tests.support.console import Console, console, screen_text, settle
from tests.support.console_fleets import START, archive_row, detail, digest_of, greeting, node_row, snapshot

CLICK = "[@click=app.quit]x[/]"
ESCAPES = "a\x1b[2J\x1b]0;owned\x07b"
BIDI = "evil\u202egnp.exe"
INVISIBLE = "zero\u200b\u2060width"
NAMES = (CLICK, ESCAPES, BIDI, INVISIBLE)
SHOWN = (CLICK, "a\\x1b[2J\\x1b]0;owned\\x07b", "evil\\u202egnp.exe", "zero\\u200b\\u2060width")
ACTING = "\x1b\x07\u202e\u200b\u2060"


def hostile_fleet() -> Snapshot:
    """Everything that comes from outside is hostile."""
    nodes = [
        node_row(name, id=f"SHA256:{place}", address=name, runtime=name, sick=name, labels={name: name})
        for place, name in enumerate(NAMES)
    ]
    archives = [
        archive_row(n, f"docker.io/library/{name}:1", name=name, aliases=(name,), origin=name, fingerprint=f"{n}" * 32)
        for n, name in enumerate(NAMES, 1)
    ]
    archives.append(archive_row(9, "", name=CLICK, digest=f"file:{CLICK}", state="rejected", order=0, reason=ESCAPES))
    details = [
        detail(n, str(place), "failed", code=name, error=name, remedy=name, source=name, note=name)
        for n, name in enumerate(NAMES, 1)
        for place in range(len(NAMES))
    ]
    log = [LogLine(START, "info", name, {name: name}, name, name) for name in NAMES]
    return snapshot(nodes, archives, ["XXXX"] * 4 + ["!!!!"], details, log)


async def pressed(made: Console, pilot: Pilot[Left], *keys: str) -> str:
    await pilot.press(*keys)
    await settle(made, pilot)
    text = screen_text(made)
    assert not [char for char in text if char in ACTING], keys
    assert made.app.is_running
    return text


@pytest.mark.parametrize("size", [(120, 36), (60, 20), (30, 8)])
async def test_every_screen_shows_hostile_names_harmlessly(size: tuple[int, int]) -> None:
    made = console(hostile_fleet(), hello=greeting(node=CLICK, version=ESCAPES))
    made.link.healths[CLICK] = HealthDocument(CLICK, False, [CheckDocument("store", False, ESCAPES, BIDI, CLICK)])
    async with made.app.run_test(size=size, notifications=True) as pilot:
        await settle(made, pilot)
        for digit in "1234567":
            await pressed(made, pilot, digit)
            await pressed(made, pilot, "j", "y", "space", "G")
        for keys in (["1", "g", "enter"], ["escape", "5", "enter"], ["escape", "6", "enter"], ["escape", "q"]):
            if keys != ["escape", "q"]:
                await pressed(made, pilot, *keys)
        made.lose(reason=ESCAPES)
        await pilot.press("escape")
        await settle(made, pilot)
        assert not [char for char in screen_text(made) if char in ACTING]


async def test_hostile_names_are_seen_as_they_are() -> None:
    made = console(hostile_fleet())
    async with made.app.run_test(size=(200, 50)) as pilot:
        await settle(made, pilot)
        text = await pressed(made, pilot, "5")
        for shown in SHOWN:
            assert shown in text
        text = await pressed(made, pilot, "7")
        for shown in SHOWN:
            assert shown in text


async def test_a_click_on_a_hostile_name_is_a_click_on_a_row() -> None:
    made = console(hostile_fleet())
    async with made.app.run_test(size=(120, 36)) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5")
        lines = screen_text(made).splitlines()
        row = next(number for number, line in enumerate(lines) if "@click" in line and number > 3)
        await pilot.click(offset=(lines[row].index("@click"), row))
        await settle(made, pilot)
        assert made.app.is_running
        assert made.app.return_value is None


async def test_commands_to_try_cannot_be_more_than_one_command() -> None:
    made = console(hostile_fleet())
    evil = node_row("x; rm -rf ~ #", id="SHA256:evil")
    async with made.app.run_test(size=(200, 50)) as pilot:
        await settle(made, pilot)
        made.link.say(
            Delta(
                sequence=2,
                at=START,
                nodes=[evil],
                cells=[(digest_of(1), "SHA256:evil", "X")],
                details=[detail(1, "evil", "failed")],
            )
        )
        text = await pressed(made, pilot, "slash", *"rm", "enter", "L", "h", "enter")
        assert "--node 'x; rm -rf ~ #'" in text


@pytest.mark.parametrize("key", ["slash", "colon"])
async def test_what_is_pasted_cannot_act_on_the_terminal(key: str) -> None:
    made = console()
    async with made.app.run_test(size=(120, 36)) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, key)
        made.app.post_message(Paste(f"a\tb{ESCAPES}{BIDI}{INVISIBLE}\nsecond line"))
        await settle(made, pilot)
        assert isinstance(made.app.focused, Input)
        assert made.app.focused.value == "a ba[2J]0;ownedbevilgnp.exezerowidth"
        assert not [char for char in screen_text(made) if char in ACTING]


@pytest.mark.parametrize("at", [1e18, -1e18, 0.0, 1e11])
async def test_a_time_that_no_calendar_has_is_shown_all_the_same(at: float) -> None:
    fleet = hostile_fleet()
    details = [replace(detail, since=at, due_at=at) for detail in fleet.details]
    nodes = [replace(node, seen_at=at, state="down") for node in fleet.nodes]
    log = [replace(line, at=at) for line in fleet.log]
    made = console(replace(fleet, details=details, nodes=nodes, log=log))
    async with made.app.run_test(size=(120, 36)) as pilot:
        await settle(made, pilot)
        for digit in "1234567":
            await pressed(made, pilot, digit, "enter")
            assert list(made.app.home.view.records()) or digit == "2"
            await pressed(made, pilot, "escape")
