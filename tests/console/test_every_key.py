"""Every key of every screen does what it is for: each has a proof, and a key without one fails."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from textual.binding import Binding
from textual.screen import Screen

from backend.api.wire import Snapshot
from dsync_tui.console import screens
from dsync_tui.console.app import Left
from dsync_tui.console.frame import ColumnSort, RowSort
from dsync_tui.console.geometry import Zoom
from dsync_tui.console.keys import VIEWS
from dsync_tui.console.matrix import Matrix
from dsync_tui.console.screens.commands import Choices
from dsync_tui.console.screens.confirm import Choice
from dsync_tui.console.screens.events import EventsView
from dsync_tui.console.screens.health import HealthView
from dsync_tui.console.screens.matrix import MatrixView
from tests.support.console import Console, console, settle
from tests.support.console_fleets import digest_of, small_fleet
from tests.support.console_scenes import Happens, left_overs, nothing, several_images

Look = Callable[[Console], object]
Bound = tuple[str, str, str]
"""Screen, action, key."""


@dataclass(frozen=True, slots=True)
class Proof:
    """``before`` leads there; what is looked at is ``now`` after the key, and was not before it."""

    look: Look
    now: object
    before: Sequence[str] = ()
    given: Happens = nothing
    fleet: Callable[[], Snapshot] = small_fleet
    leaves: bool = False


# --- what is looked at ----------------------------------------------------------------------------------------------


def matrix(made: Console) -> Matrix:
    view = made.app.home.views["matrix"]
    assert isinstance(view, MatrixView)
    return view.matrix


def events(made: Console) -> EventsView:
    view = made.app.home.views["events"]
    assert isinstance(view, EventsView)
    return view


def position(made: Console) -> object:
    return matrix(made).position


def active(made: Console) -> object:
    return made.app.home.active


def screen(made: Console) -> object:
    return type(made.app.screen).__name__


def acts(made: Console) -> object:
    return [(action.verb, action.argument, action.nodes, action.archives) for action in made.link.actions]


def copied(made: Console) -> object:
    return made.app.clipboard.strip().startswith("edge-berlin")


def checked(made: Console) -> object:
    view = made.app.home.views["health"]
    assert isinstance(view, HealthView)
    return "SHA256:worker-01" in view.examined


def scrolled(made: Console) -> object:
    return made.app.screen.query("LinesBox").first().scroll_offset.y


def at_the_end(made: Console) -> object:
    box = made.app.screen.query("LinesBox").first()
    return box.scroll_offset.y == box.max_scroll_y


def focused(made: Console) -> object:
    return made.app.focused.answer.id if isinstance(made.app.focused, Choice) else None


def row(made: Console) -> object:
    return made.app.screen.query_one(Choices).row


def further(made: Console) -> object:
    return made.app.screen.query_one(Choices).row > 5


# --- the proofs -----------------------------------------------------------------------------------------------------

ONE_IMAGE = (["edge-berlin"], [digest_of(5)])
LIMITED = ("5", "slash", *"worker-02", "enter")
WAITING = ("j", "l")
FAILED = ("l", "l")
LIST = left_overs(3)
LONG_LIST = left_overs(300)

HOME: dict[str, list[Proof]] = {
    "move(-1, 0)": [Proof(position, (0, 0), ["j"])],
    "move(1, 0)": [Proof(position, (1, 0))],
    "move(0, -1)": [Proof(position, (0, 0), ["l"])],
    "move(0, 1)": [Proof(position, (0, 1))],
    "edge(-1)": [Proof(position, (0, 0), ["G"])],
    "edge(1)": [Proof(position, (7, 0))],
    "page(-1, 0)": [Proof(position, (0, 0), ["pagedown"])],
    "page(1, 0)": [Proof(position, (7, 0))],
    "page(0, -1)": [Proof(position, (0, 0), ["L"])],
    "page(0, 1)": [Proof(position, (0, 5))],
    "turn(1)": [Proof(active, "transfers")],
    "turn(-1)": [Proof(active, "events")],
    **{f"show('{view}')": [Proof(active, view, ["2" if view == "matrix" else "1"])] for view in VIEWS},
    "filter": [Proof(lambda made: made.app.home.has_class("-filtering"), True)],
    "find(1)": [
        Proof(position, (0, 2)),
        Proof(position, (5, 0), ["slash", *"worker", "escape"]),
    ],
    "find(-1)": [
        Proof(position, (7, 0)),
        Proof(position, (5, 0), ["slash", *"worker", "escape", "n", "n"]),
    ],
    "trace": [Proof(lambda made: events(made).trace, "4f1d2c3b4a59", ["7", "g"])],
    "troubles": [
        Proof(lambda made: len(matrix(made).layout_of.rows), 5),
        Proof(lambda made: len(matrix(made).layout_of.rows), 8, ["z"]),
    ],
    "sort": [Proof(lambda made: matrix(made).wanted.rows, RowSort.WORST)],
    "sort_columns": [Proof(lambda made: matrix(made).wanted.columns, ColumnSort.WORST)],
    "zoom": [Proof(lambda made: matrix(made).zoom, Zoom.WIDE)],
    "images": [Proof(lambda made: len(matrix(made).layout_of.columns), 3, fleet=several_images)],
    "mark": [Proof(lambda made: set(matrix(made).marks), {"SHA256:edge-berlin"})],
    "range": [
        Proof(lambda made: matrix(made).marks.ranging, True),
        Proof(lambda made: matrix(made).marks.ranging, False, ["V", "j"]),
    ],
    "mark_column": [Proof(lambda made: set(matrix(made).column_marks), {digest_of(5)})],
    "mark_all": [Proof(lambda made: len(matrix(made).marks), 8)],
    "unmark": [Proof(lambda made: (len(matrix(made).marks), len(matrix(made).column_marks)), (0, 0), ["space", "v"])],
    "act('sync')": [Proof(acts, [("sync", "", *ONE_IMAGE)])],
    "act('retry')": [Proof(acts, [("retry", "", ["edge-berlin"], [digest_of(3)])], FAILED)],
    "act('retry-all')": [Proof(acts, [("retry", "", None, None)])],
    "act('load')": [Proof(acts, [("load", "", *ONE_IMAGE)])],
    "act('cancel')": [Proof(acts, [("cancel", "", ["edge-oslo"], [digest_of(4)])], WAITING)],
    "act('pause')": [Proof(acts, [("pause", "", ["edge-berlin"], None)])],
    "act('clean')": [Proof(screen, "Question", given=LIST)],
    "act('faster')": [Proof(acts, [("limit", "160MiB/s", ["worker-02"], None)], LIMITED)],
    "act('slower')": [Proof(acts, [("limit", "40MiB/s", ["worker-02"], None)], LIMITED)],
    "act('withdraw')": [Proof(screen, "Question", ["6", "j"])],
    "check": [Proof(checked, True, ["4", "slash", *"worker-01", "enter"])],
    "open": [
        Proof(screen, "DeliveryScreen"),
        Proof(screen, "NodeScreen", ["5"]),
        Proof(screen, "ArchiveScreen", ["6"]),
        Proof(screen, "EventScreen", ["7"]),
        Proof(screen, "DeliveryScreen", ["2"]),
        Proof(screen, "DeliveryScreen", ["3"]),
        Proof(checked, True, ["4", "slash", *"worker-01", "enter"]),
    ],
    "plan": [Proof(screen, "PlanScreen", ["l"])],
    "settings": [Proof(screen, "SettingsScreen")],
    "back": [
        Proof(lambda made: made.app.home.view.filter_text, "", ["slash", *"worker", "enter"]),
        Proof(lambda made: made.app.home.has_class("-filtering"), False, ["slash", *"worker"]),
        Proof(lambda made: len(matrix(made).marks), 0, ["space"]),
        Proof(lambda made: matrix(made).wanted.troubles_only, False, ["z"]),
    ],
    "freeze": [
        Proof(lambda made: matrix(made).frozen, True),
        Proof(lambda made: events(made).table.follow, False, ["7"]),
    ],
    "copy": [Proof(copied, True)],
    "export": [Proof(screen, "Question")],
    "app.mouse": [
        Proof(lambda made: made.app._mouse, False),
        Proof(lambda made: made.app._mouse, True, ["m"]),
    ],
    "app.theme": [Proof(lambda made: made.app.kit.palette.theme.name != "dark", True)],
    "app.language": [Proof(lambda made: made.app.kit.texts.language, "zh_CN")],
    "app.resync": [Proof(lambda made: made.link.streams, 2)],
    "palette": [Proof(screen, "PaletteScreen")],
    "app.help": [Proof(screen, "HelpScreen")],
    "app.leave": [Proof(lambda made: made.app.return_value, Left.DETACHED, leaves=True)],
}

HELP = ("question_mark",)
PUSHED: dict[str, list[Proof]] = {
    "leave": [Proof(screen, "HomeScreen", HELP)],
    "scroll(-1)": [Proof(scrolled, 0, [*HELP, "down"])],
    "scroll(1)": [Proof(scrolled, 1, HELP)],
    "scroll(-15)": [Proof(scrolled, 0, [*HELP, "pagedown"])],
    "scroll(15)": [Proof(scrolled, 15, HELP)],
    "scroll(-100000)": [Proof(scrolled, 0, [*HELP, "G"])],
    "scroll(100000)": [Proof(at_the_end, True, HELP)],
    "copy": [Proof(copied, True, ["enter"])],
    "act('sync')": [Proof(acts, [("sync", "", *ONE_IMAGE)], ["enter"])],
    "act('retry')": [Proof(acts, [("retry", "", ["edge-berlin"], [digest_of(3)])], [*FAILED, "enter"])],
    "act('load')": [Proof(acts, [("load", "", *ONE_IMAGE)], ["enter"])],
    "act('cancel')": [Proof(acts, [("cancel", "", ["edge-oslo"], [digest_of(4)])], [*WAITING, "enter"])],
    "act('pause')": [Proof(acts, [("pause", "", ["edge-berlin"], None)], ["5", "enter"])],
    "act('clean')": [Proof(screen, "Question", ["5", "enter"], LIST)],
    "act('faster')": [Proof(acts, [("limit", "160MiB/s", ["worker-02"], None)], [*LIMITED, "enter"])],
    "act('slower')": [Proof(acts, [("limit", "40MiB/s", ["worker-02"], None)], [*LIMITED, "enter"])],
    "act('withdraw')": [Proof(screen, "Question", ["6", "j", "enter"])],
}

QUESTION: dict[str, list[Proof]] = {
    "answer('')": [Proof(screen, "HomeScreen", ["e"])],
    "take": [
        Proof(screen, "HomeScreen", ["e"]),
        Proof(lambda made: [action.argument for action in made.link.actions], ["dry-run", ""], ["D", "right"], LIST),
    ],
    "app.focus_previous": [Proof(focused, "cancel", ["D", "right"], LIST)],
    "app.focus_next": [Proof(focused, "yes", ["D"], LIST)],
    "scroll(-1)": [Proof(scrolled, 0, ["D", "down"], LONG_LIST)],
    "scroll(1)": [Proof(scrolled, 1, ["D"], LONG_LIST)],
    "scroll(-10)": [Proof(scrolled, 0, ["D", "pagedown"], LONG_LIST)],
    "scroll(10)": [Proof(scrolled, 10, ["D"], LONG_LIST)],
}

PALETTE: dict[str, list[Proof]] = {
    "leave": [Proof(screen, "HomeScreen", ["colon"])],
    "move(-1)": [Proof(row, 0, ["colon", "down"])],
    "move(1)": [Proof(row, 1, ["colon"])],
    "page(-1)": [Proof(row, 0, ["colon", "pagedown"])],
    "page(1)": [Proof(further, True, ["colon"])],
}

PROOFS = {"HomeScreen": HOME, "PushedScreen": PUSHED, "Question": QUESTION, "PaletteScreen": PALETTE}


# --- the walk -------------------------------------------------------------------------------------------------------


def _all_screens(base: type[Screen[object]] = Screen) -> Iterator[type[Screen[object]]]:
    for module in pkgutil.iter_modules(screens.__path__):
        importlib.import_module(f"{screens.__name__}.{module.name}")
    for kind in base.__subclasses__():
        if kind.__module__.startswith("dsync_tui."):
            yield kind
        yield from _all_screens(kind)


def bound() -> list[Bound]:
    """Every key of every screen of the console."""
    found: list[Bound] = []
    for kind in dict.fromkeys(_all_screens()):
        for binding in vars(kind).get("BINDINGS", []):
            assert isinstance(binding, Binding)
            found += [(kind.__name__, binding.action, key) for key in binding.key.split(",")]
    return found


BOUND = bound()


def test_every_binding_has_a_proof_and_every_proof_a_binding() -> None:
    assert len(BOUND) > 100
    assert {(kind, action) for kind, action, _ in BOUND} == {
        (kind, action) for kind, proofs in PROOFS.items() for action in proofs
    }


def proven() -> Iterator[tuple[str, str, str, Proof]]:
    for kind, action, key in BOUND:
        # What has none fails above.
        for proof in PROOFS.get(kind, {}).get(action, []):
            yield kind, action, key, proof


@pytest.mark.parametrize(
    ("kind", "action", "key", "proof"),
    proven(),
    ids=lambda value: "" if isinstance(value, Proof) else str(value),
)
async def test_a_key_does_what_it_is_for(kind: str, action: str, key: str, proof: Proof) -> None:
    made = console(proof.fleet())
    proof.given(made)
    async with made.app.run_test(size=(80, 24)) as pilot:
        await settle(made, pilot)
        await pilot.press(*proof.before)
        await settle(made, pilot)
        assert proof.look(made) != proof.now, "the key would prove nothing"
        assert kind in {base.__name__ for base in type(made.app.screen).__mro__}
        await pilot.press(key)
        await (pilot.pause() if proof.leaves else settle(made, pilot))
        if not proof.leaves:
            assert proof.look(made) == proof.now, action
    if proof.leaves:
        assert proof.look(made) == proof.now
