"""Screens of one node, archive, delivery or event: what they tell, what can be done there, what becomes of them."""

import pytest
from msgspec.structs import replace

from backend.api.wire import AttemptDocument, Delta, ImagePart, JobResult, NodeResult
from backend.model.errors import NotReachedError
from backend.texts import Call, Texts
from dsync_tui.console.screens.archive import ArchiveScreen
from dsync_tui.console.screens.delivery import DeliveryScreen
from dsync_tui.console.screens.event import EventScreen
from dsync_tui.console.screens.events import EventsView
from dsync_tui.console.screens.node import NodeScreen
from tests.support.console import Console, console, pressed, screen_text, settle, toast
from tests.support.console_fleets import (
    MIB,
    START,
    archive_row,
    delivery_detail,
    digest_of,
    greeting,
    large_fleet,
    log_line,
    node_row,
    snapshot,
)

SIZE = (120, 60)


def lines(made: Console) -> list[str]:
    """The screen's lines, each with single spaces."""
    return [" ".join(line.split()) for line in screen_text(made).splitlines()]


# --- a delivery -----------------------------------------------------------------------------------------------------


async def test_a_failed_delivery_tells_error_causes_commands_and_every_attempt() -> None:
    made = console()
    made.link.details[digest_of(3), "edge-berlin"] = replace(
        delivery_detail(digest_of(3), "edge-berlin"),
        attempts=[
            AttemptDocument(1, "worker-01", "rsync", START - 400, START - 394, 40 * MIB, "refused", "look there"),
            AttemptDocument(2, "master", "rsync", START - 330, START - 318, 860 * MIB, None, None),
        ],
    )
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "l", "l", "enter")
        assert isinstance(made.app.screen, DeliveryScreen)
        shown = lines(made)
        order = [
            "✗ failed",
            "disk full at /data/docker-tar: 1.2 GiB needed, 307.2 MiB free",
            "Likely causes",
            f"- {Texts('en').causes_of('disk-full')[0]}",
            "Commands to try",
            "dsync-tui retry eccbc87e --node edge-berlin",
            "Figures",
            "saved 120 MiB",
            "Attempts",
        ]
        assert [line for line in shown if line in order] == order
        first = next(line for line in shown if line.startswith("1 ✗"))
        assert first.endswith("6.0 s worker-01 rsync 40 MiB 6.7 MiB/s")
        assert "07:53:20" in first
        assert shown[shown.index(first) + 1 : shown.index(first) + 4] == ["refused", "look there", "64s later"]
        second = next(line for line in shown if line.startswith("2 ✓"))
        assert second.count("⣿") == 2 * first.count("⣿") == 12


async def test_commands_to_try_reach_the_daemon_that_is_shown() -> None:
    made = console()
    made.app.kit.texts = Texts("en", Call(config="b.toml"))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        # Also in another language.
        await pressed(made, pilot, "T", "l", "l", "enter")
        assert made.app.kit.texts.language == "zh_CN"
        assert "dsync-tui --config b.toml retry eccbc87e --node edge-berlin" in lines(made)


async def test_a_node_that_cannot_tell_its_attempts_and_one_without_any_are_told_apart() -> None:
    made = console()
    none = replace(delivery_detail(digest_of(5), "edge-berlin"), attempts=[])
    made.link.details[digest_of(5), "edge-berlin"] = replace(none, attempts_known=False)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "enter")
        assert "That node cannot tell of its attempts now." in lines(made)
        made.link.details[digest_of(5), "edge-berlin"] = none
        screen = made.app.screen
        assert isinstance(screen, DeliveryScreen)
        screen._ask()
        await settle(made, pilot)
        assert "No attempt has ended yet." in lines(made)


async def test_what_can_be_done_on_a_delivery_is_done_on_just_that_one() -> None:
    made = console(keys={"retry": "E"})
    made.link.results["retry"] = JobResult("j", "retry", True, "", [NodeResult("edge-berlin", "done", 1)])
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "l", "l", "enter", "r", "E", "p")
        (action,) = made.link.actions
        assert (action.verb, action.archives, action.nodes) == ("retry", [digest_of(3)], ["edge-berlin"])
        assert toast(made) == "retry: deliveries 1 on edge-berlin"
        line = screen_text(made).splitlines()[-1]
        assert line.split()[:4] == ["s", "sync", "E", "retry"]
        await pilot.click("#pushed-acts", offset=(line.index("sync"), 0))
        await settle(made, pilot)
        assert [action.verb for action in made.link.actions] == ["retry", "sync"]


async def test_without_a_daemon_it_says_so_dims_and_does_nothing() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "l", "l", "enter")
        made.clock.at += 7
        made.link.details[digest_of(3), "edge-berlin"] = NotReachedError(socket="/run/x", why="gone")
        made.lose()
        await settle(made, pilot)
        screen = made.app.screen
        assert isinstance(screen, DeliveryScreen)
        screen.show()
        await settle(made, pilot)
        assert "DISCONNECTED" in screen_text(made).splitlines()[0]
        assert "✗ failed" in lines(made)
        assert screen._box.faded
        await pressed(made, pilot, "r")
        assert not made.link.actions


async def test_a_delivery_whose_archive_goes_says_so() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "enter")
        made.link.say(Delta(sequence=2, at=START, gone=[digest_of(5)]))
        await settle(made, pilot)
        screen = made.app.screen
        assert isinstance(screen, DeliveryScreen)
        screen.show()
        await settle(made, pilot)
        assert "This is no longer there." in lines(made)
        await pressed(made, pilot, "s")
        assert not made.link.actions


async def test_the_text_can_be_copied() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "l", "l", "enter", "y")
        assert "dsync-tui retry eccbc87e --node edge-berlin" in [
            line.strip() for line in made.app.clipboard.split("\n")
        ]
        assert toast(made).startswith("lines copied: ")


# --- a node ---------------------------------------------------------------------------------------------------------


async def test_a_node_tells_its_troubles_what_moves_and_its_rate() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "slash", *"worker-01", "enter", "enter")
        assert isinstance(made.app.screen, NodeScreen)
        shown = lines(made)
        assert "Moving: 1" in shown
        assert any(line.startswith("transferring nginx:1.27-alpine 47% 118 MiB/s") for line in shown)
        assert any("at most 118 MiB/s" in line for line in shown)
        assert not any(line.startswith("Troubles") for line in shown)
        await pressed(made, pilot, "escape", "escape", "slash", *"edge-paris", "enter", "enter")
        shown = lines(made)
        assert shown.count("Troubles: 2") == 1
        held = [line.split()[2].rpartition("/")[2] for line in shown if line.startswith("= held")]
        assert held == ["api:2.10", "api:2.9"]


async def test_what_is_done_on_a_node_is_done_on_all_of_its() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "enter", "s", "p", "minus")
        assert [(action.verb, action.nodes, action.archives) for action in made.link.actions] == [
            ("sync", ["edge-berlin"], None),
            ("pause", ["edge-berlin"], None),
            ("limit", ["edge-berlin"], None),
        ]


async def test_a_node_with_hundreds_of_troubles_lists_some_and_counts_the_rest() -> None:
    archives = [archive_row(number) for number in range(1, 301)]
    made = console(snapshot([node_row("a")], archives, ["X"] * 300))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "enter")
        assert "Troubles: 300" in lines(made)
        await pressed(made, pilot, "G")
        assert "and 100 more" in lines(made)[-3:]


# --- an archive -----------------------------------------------------------------------------------------------------


async def test_an_archive_tells_its_images_and_how_each_node_stands() -> None:
    parts = (ImagePart("sha256:" + "a" * 64, ("app:1",), "linux/amd64"), ImagePart("sha256:" + "b" * 64))
    nodes = [node_row(name) for name in ("n10", "n2", "n1", "x")]
    made = console(snapshot(nodes, [archive_row(1, "app:1", images=2, parts=parts)], ["..X "]))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "6", "enter")
        assert isinstance(made.app.screen, ArchiveScreen)
        shown = lines(made)
        assert "Images: 2" in shown
        assert f"{'a' * 12} app:1 linux/amd64" in shown
        assert f"{'b' * 12} no tag" in shown
        assert shown[shown.index("Nodes") + 1 :][:2] == ["✗ failed n1", "∙ ready n2 n10"]
        await pressed(made, pilot, "r")
        (action,) = made.link.actions
        assert (action.archives, action.nodes) == ([digest_of(1)], None)


async def test_an_archive_of_a_large_fleet_names_its_nodes_as_far_as_anybody_reads() -> None:
    made = console(large_fleet(700, 3))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "6", "enter", "G")
        assert any("and " in line and line.endswith("more") for line in lines(made))


async def test_a_refused_file_can_only_be_looked_at() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "6", "enter", "s", "r", "W")
        assert isinstance(made.app.screen, ArchiveScreen)
        shown = lines(made)
        refused = shown.index("broken.tar ends too early: 1.2 GiB announced, 0.7 GiB there")
        assert shown[refused + 1] == "copy it again in full: docker save -o broken.tar IMAGE"
        assert not made.link.actions


async def test_what_cannot_be_done_there_is_shown_as_off() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "6", "enter")
        screen = made.app.screen
        assert isinstance(screen, ArchiveScreen)
        assert [screen.possible(id) for id in screen.ACTS] == [id == "copy" for id in screen.ACTS]
        await pressed(made, pilot, "escape", "j", "enter")
        screen = made.app.screen
        assert isinstance(screen, ArchiveScreen)
        assert all(screen.possible(id) for id in screen.ACTS)


async def test_a_lost_daemon_is_told_at_once_on_a_screen_on_top() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "enter")
        made.lose()
        await settle(made, pilot)
        assert "DISCONNECTED" in screen_text(made).splitlines()[0]


# --- events ---------------------------------------------------------------------------------------------------------


def events_of(made: Console) -> EventsView:
    view = made.app.home.views["events"]
    assert isinstance(view, EventsView)
    return view


async def test_an_event_opens_with_all_that_it_carries() -> None:
    made = console()
    async with made.app.run_test(size=(80, 24)) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "7", "g", "enter")
        assert isinstance(made.app.screen, EventScreen)
        shown = lines(made)
        assert shown[0] == "07:58:30 published esc back"
        assert "name app-4.tar" in shown
        assert "trace 4f1d2c3b4a59" in shown


async def test_events_of_one_trace_and_back() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "7", "g", "F")
        assert len(events_of(made).table.keys) == 2
        assert "trace 4f1d2c3b4a59" in screen_text(made)
        made.link.say(Delta(sequence=2, at=START, log=[log_line(START, "ready", trace="4f1d2c3b4a59")]))
        made.link.say(Delta(sequence=3, at=START, log=[log_line(START, "ready", trace="other")]))
        await settle(made, pilot)
        assert len(events_of(made).table.keys) == 3
        await pressed(made, pilot, "F")
        assert len(events_of(made).table.keys) == 8


@pytest.mark.parametrize("keys", [["7", "g", "F", "escape"], ["7", "g", "F", "slash", *"granted", "escape", "escape"]])
async def test_escape_shows_every_event_again(keys: list[str]) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, *keys)
        assert (events_of(made).trace, len(events_of(made).table.keys)) == ("", 6)


async def test_an_event_of_no_delivery_says_so() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "7", "g", "j", "j", "F")
        assert toast(made) == "this event belongs to no delivery"


async def test_events_can_be_searched_with_the_others_around_them() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "7", "slash", *"app-4", "escape", "g", "n")
        view = events_of(made)
        assert len(view.table.keys) == 6
        assert view.line is not None
        assert view.line.code == "granted"
        await pressed(made, pilot, "N")
        assert view.line.code == "published"
        await pressed(made, pilot, "N")
        assert view.line.code == "granted", "round again"


async def test_a_reader_sees_everything_and_acts_nowhere() -> None:
    made = console(hello=greeting(role="reader"))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        for keys in (["1", "enter"], ["5", "enter"], ["6", "j", "enter"]):
            await pressed(made, pilot, *keys, "s", "r", "x", "p", "D", "W", "plus", "escape")
        assert made.at_home()
        assert not made.link.actions
