"""What consoles are pictured in: every view in every state, every screen that lies on top in each of its own.

A scene is a fleet, keys, and what the daemon does before and after them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from msgspec.structs import replace

from backend.api.wire import (
    AttemptDocument,
    Delta,
    Greeting,
    ImagePart,
    JobResult,
    LogLine,
    NodeResult,
    SettingDocument,
    SettingsDocument,
    Snapshot,
)
from backend.model.errors import NotReachedError, TruncatedError
from tests.support.console import Console
from tests.support.console_fleets import (
    GIB,
    MIB,
    START,
    archive_row,
    bad_health,
    delivery_detail,
    detail,
    digest_of,
    greeting,
    large_fleet,
    node_row,
    quiet,
    small_fleet,
    small_plan,
    snapshot,
)

Happens = Callable[[Console], object]


def nothing(console: Console) -> None:
    """All goes on as it was."""


@dataclass(frozen=True, slots=True)
class Scene:
    """How a picture comes about. ``given``: what the daemon will answer; ``then``: what happens after the keys.

    ``silent``: nothing was heard of the daemon before that.
    """

    keys: Sequence[str] = ()
    fleet: Callable[[], Snapshot] = small_fleet
    given: Happens = nothing
    then: Happens = nothing
    hello: Callable[[], Greeting] = greeting
    silent: bool = False


# --- what happens -------------------------------------------------------------------------------------------------


def lost(console: Console) -> None:
    """The daemon went away a while ago."""
    console.clock.at += 13
    console.lose(reason="Connection refused", tries=7)


def never_there(console: Console) -> None:
    """There is no daemon."""
    console.lose(reason="No such file or directory", tries=2, retry_in_s=4.0)


def back(console: Console) -> None:
    """A new daemon greets; its snapshot is on its way."""
    console.clock.at += 5
    console.link.say(greeting(epoch="second"))


def hushed(console: Console) -> None:
    """The connection stands, and nothing comes."""
    console.clock.at += 13


def gone(console: Console) -> None:
    """Another daemon's fleet is without this node and this archive."""
    names = ("master", "worker-01")
    console.link.say(greeting(epoch="second"), snapshot([node_row(name) for name in names], [archive_row(9)], [".."]))


# --- fleets -------------------------------------------------------------------------------------------------------


def no_fleet() -> Snapshot:
    """Not even a node."""
    return snapshot([], [], [])


def empty_fleet() -> Snapshot:
    """One node, nothing dropped yet."""
    return snapshot([node_row("master")], [], [])


_PATTERN_STATES = {"4": "transferring", "r": "waiting", "X": "failed", "v": "verifying", "l": "loading"}
_CODES = {
    "waiting": ("transfer-failed", {"source": "eu-s-0003", "detail": "timed out", "exit_code": "30"}),
    "failed": ("disk-full", {"path": "/data/docker-tar", "needed_bytes": "1288490188", "free_bytes": "322122547"}),
}


@cache
def huge_fleet() -> Snapshot:
    """More of everything than fits any screen."""
    fleet = large_fleet(128, 256)
    details = []
    for archive, cells in zip(fleet.archives, fleet.cells, strict=True):
        for node, char in zip(fleet.nodes, cells, strict=True):
            state = _PATTERN_STATES.get(char)
            if state is None:
                continue
            code, params = _CODES.get(state, (None, {}))
            moves = {"progress": 0.4, "rate_bps": 31 * MIB, "source": "SHA256:eu-s-0003"} if char == "4" else {}
            due = {"due_at": START + archive.order % 90} if state == "waiting" else {}
            since = START - archive.order
            told = {"code": code, "params": params, "attempts": 2, "retries": 1, "since": since, **moves, **due}
            details.append(detail(archive.order, node.name, state, **told))
    log = [
        LogLine(START - 3000 + number, "info", "ready", {"name": f"app-{number}.tar"}, "", f"{number:012x}")
        for number in range(3000)
    ]
    throughput = quiet(rate_bps=9 * GIB, moving=1234, queued=56789, saved_bytes=7 << 40, received_bytes=3 << 40)
    return replace(fleet, details=details, log=log, throughput=replace(throughput, eta_s=93784.0))


def all_failed() -> Snapshot:
    """One node, three hundred troubles."""
    return snapshot([node_row("a-node")], [archive_row(number) for number in range(1, 301)], ["X"] * 300)


def several_images() -> Snapshot:
    """An archive of three images, one of them without a tag."""
    parts = (
        ImagePart("sha256:" + "1a" * 32, ("registry.site.example/platform/api:3.0",), "linux/amd64"),
        ImagePart("sha256:" + "2b" * 32, ("registry.site.example/platform/worker:3.0",), "linux/arm64"),
        ImagePart("sha256:" + "3c" * 32),
    )
    tags = tuple(tag for part in parts for tag in part.tags)
    archive = archive_row(1, name="platform-3.0.tar", tags=tags, images=3, parts=parts, aliases=("platform.tar",))
    return snapshot([node_row(name) for name in ("n10", "n2", "n1", "x")], [archive], ["..X "])


# --- the views ----------------------------------------------------------------------------------------------------

STATES: dict[str, Scene] = {
    "nothing": Scene(fleet=no_fleet),
    "empty": Scene(fleet=empty_fleet),
    "connecting": Scene(silent=True),
    "unreachable": Scene(silent=True, then=never_there),
    "disconnected": Scene(then=lost),
    "resyncing": Scene(then=back),
    "stale": Scene(then=hushed),
    "unmatched": Scene(keys=("slash", *"xyzzy", "enter")),
    "huge": Scene(fleet=huge_fleet),
}
"""State -> the scene that leads there, whatever the view."""


# --- what lies on top ---------------------------------------------------------------------------------------------


def _unheard(what: str) -> Happens:
    return lambda console: console.link.unheard.add(what)


def _with_plan(**changes: object) -> Happens:
    def given(console: Console) -> None:
        console.link.planned = replace(small_plan(), **changes)

    return given


def _refused_plan(console: Console) -> None:
    console.link.planned = replace(
        small_plan(), verdict="refused", steps=[], supersedes=[], takes=[], code="archive-truncated",
        params={"name": "app-6.tar", "detail": "700 MiB announced, 12 MiB there"}, error="app-6.tar ends too early",
    )  # fmt: skip


def _unanswered_plan(console: Console) -> None:
    console.link.planned = NotReachedError(socket="/run/dsync/control.sock", why="connection refused")


def _huge_plan(console: Console) -> None:
    step = small_plan().steps[1]
    console.link.planned = replace(
        small_plan(), steps=[replace(step, node=f"eu-w-{number:04d}.rack-{number % 40}") for number in range(400)]
    )


def _unanswered_settings(console: Console) -> None:
    console.link.in_force = NotReachedError(socket="/run/dsync/control.sock", why="connection refused")


def _many_settings(console: Console) -> None:
    console.link.in_force = SettingsDocument(
        [
            SettingDocument(f"group{number // 6}.some_setting_{number % 6}", str(number * 1000), "default")
            for number in range(60)
        ]
    )


def _unanswered_delivery(console: Console) -> None:
    problem = NotReachedError(socket="/run/dsync/control.sock", why="connection refused")
    console.link.details[digest_of(3), "edge-berlin"] = problem


def _many_attempts(console: Console) -> None:
    attempts = [
        AttemptDocument(
            number, f"worker-0{number % 3 + 1}", "rsync", START - 9000 + 140 * number, START - 8988 + 140 * number,
            number * MIB, "the source refused", "", code="transfer-refused",
            params={"source": f"worker-0{number % 3 + 1}", "detail": "auth failed"},
        )
        for number in range(1, 61)
    ]  # fmt: skip
    known = delivery_detail(digest_of(3), "edge-berlin")
    console.link.details[digest_of(3), "edge-berlin"] = replace(known, attempts=attempts)


def left_overs(count: int) -> Happens:
    """So many files would be removed by a clean."""

    def given(console: Console) -> None:
        lines = [f"{number % 900 + 1} MiB  /data/docker-tar/.incoming/{number:04x}/data" for number in range(count)]
        result = JobResult("j", "clean", True, "", [NodeResult("edge-berlin", "done", count)], lines)
        console.link.results["clean dry-run"] = result

    return given


def _done(console: Console) -> None:
    console.link.results["sync"] = JobResult("j", "sync", True, "", [NodeResult("edge-berlin", "done", 1)])


def _not_done(console: Console) -> None:
    nodes = [NodeResult("edge-berlin", "done", 1), NodeResult("edge-oslo", "unreachable", 0)]
    console.link.results["sync"] = JobResult("j", "sync", False, "", nodes)


def _quiet_fleet() -> Snapshot:
    return snapshot([node_row("master"), node_row("worker-01")], [archive_row(1)], [".."])


def _unreadable_file(console: Console) -> None:
    console.link.planned = TruncatedError(name="app-6.tar", detail="1.2 GiB announced, 0.7 GiB there")


def _reader() -> Greeting:
    return greeting(role="reader")


def _beneath() -> Greeting:
    return greeting(beneath=True)


def _checked_badly(console: Console) -> None:
    console.link.healths["master"] = bad_health("master")


def _unchecked(console: Console) -> None:
    console.link.healths["master"] = NotReachedError(socket="/run/dsync/control.sock", why="connection refused")


_DELIVERY = ("l", "l", "enter")
PUSHED: dict[str, Scene] = {
    "node-down": Scene(("5", "j", "enter")),
    "node-disconnected": Scene(("5", "j", "j", "enter"), then=lost),
    "node-gone": Scene(("5", "j", "enter"), then=gone),
    "node-huge": Scene(("5", "enter"), fleet=all_failed),
    "archive-refused": Scene(("6", "enter")),
    "archive-several": Scene(("6", "enter"), fleet=several_images),
    "archive-disconnected": Scene(("6", "j", "enter"), then=lost),
    "archive-gone": Scene(("enter",), then=gone),
    "archive-huge": Scene(("6", "enter"), fleet=lambda: large_fleet(500, 3)),
    "delivery-asking": Scene(_DELIVERY, given=_unheard("delivery")),
    "delivery-error": Scene(_DELIVERY, given=_unanswered_delivery),
    "delivery-disconnected": Scene(_DELIVERY, then=lost),
    "delivery-gone": Scene(
        _DELIVERY, then=lambda console: console.link.say(Delta(sequence=2, at=START, gone=[digest_of(3)]))
    ),
    "delivery-huge": Scene((*_DELIVERY, "G"), given=_many_attempts),
    "delivery-moving": Scene(("slash", *"worker-02", "enter", "l", "enter")),
    "plan": Scene(("l", "P")),
    "plan-asking": Scene(("l", "P"), given=_unheard("plan")),
    "plan-error": Scene(("l", "P"), given=_unanswered_plan),
    "plan-truncated": Scene(("l", "P"), given=_unreadable_file),
    "plan-refused": Scene(("l", "P"), given=_refused_plan),
    "plan-known": Scene(("l", "P"), given=_with_plan(verdict="known", known_as="app.tar", supersedes=[], takes=[])),
    "plan-disconnected": Scene(("l", "P"), then=lost),
    "plan-huge": Scene(("l", "P"), given=_huge_plan),
    "settings": Scene(("comma",)),
    "settings-asking": Scene(("comma",), given=_unheard("settings")),
    "settings-error": Scene(("comma",), given=_unanswered_settings),
    "settings-disconnected": Scene(("comma",), then=lost),
    "settings-huge": Scene(("comma", "pagedown"), given=_many_settings),
    "health-running": Scene(("4",), given=_unheard("health")),
    "health-bad": Scene(("4",), given=_checked_badly),
    "health-error": Scene(("4",), given=_unchecked),
    "event": Scene(("7", "g", "enter")),
    "event-disconnected": Scene(("7", "g", "enter"), then=lost),
    "help-end": Scene(("question_mark", "G")),
    "palette": Scene(("colon",)),
    "palette-found": Scene(("colon", *"retry")),
    "palette-nothing": Scene(("colon", *"xyzzy")),
    "palette-reader": Scene(("colon", *"sync"), hello=_reader),
    "palette-huge": Scene(("colon", *"node eu"), fleet=huge_fleet),
    "question-huge": Scene(("asterisk", "v", "l", "v", "l", "v", "s"), fleet=huge_fleet),
    "question-all": Scene(("3", "R"), fleet=huge_fleet),
    "question-disconnected": Scene(("6", "asterisk", "s"), then=lost),
    "clean": Scene(("D",), given=left_overs(3)),
    "clean-several": Scene(("space", "space", "D"), given=left_overs(3)),
    "clean-huge": Scene(("D",), given=left_overs(300)),
    "withdraw": Scene(("6", "j", "W")),
    "withdraw-several": Scene(("6", "j", "space", "space", "space", "W")),
    "withdraw-huge": Scene(("6", "asterisk", "W"), fleet=huge_fleet),
    "export": Scene(("e",)),
    "leave-moving": Scene(("q",), hello=_beneath),
    "leave-quiet": Scene(("q",), fleet=_quiet_fleet, hello=_beneath),
    "filter": Scene(("slash",)),
    "done": Scene(("s",), given=_done),
    "not-done": Scene(("space", "space", "s"), given=_not_done),
}
"""Screens and dialogs that lie on top, and what is told there, in each of their states."""
