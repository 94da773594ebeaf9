"""A scripted daemon for consoles, and the console itself as tests start it: same clock, same data."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import TypeVar

from textual.pilot import Pilot

from backend.api.client import Lost, StreamEvent
from backend.api.plans import PlanDocument, PlanRequest
from backend.api.wire import (
    Action,
    Beat,
    DeliveryDetail,
    Greeting,
    HealthDocument,
    JobResult,
    NodeResult,
    SettingsDocument,
    Snapshot,
)
from backend.model.errors import DsyncError
from backend.texts import Texts
from dsync_tui.console.app import ConsoleApp, Left
from tests.support.console_fleets import (
    START,
    delivery_detail,
    good_health,
    greeting,
    replace_at,
    small_fleet,
    small_plan,
    small_settings,
)

T = TypeVar("T")


@dataclass
class FakeClock:
    """A wall clock that tests move by hand."""

    at: float = START

    def __call__(self) -> float:
        """What it shows."""
        return self.at


class FakeLink:
    """A daemon that says what a test tells it to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.results: dict[str, JobResult | DsyncError] = {}
        self.healths: dict[str, HealthDocument | DsyncError] = {}
        self.details: dict[tuple[str, str], DeliveryDetail | DsyncError] = {}
        self.in_force: SettingsDocument | DsyncError = small_settings()
        self.plans: list[PlanRequest] = []
        self.planned: PlanDocument | DsyncError = small_plan()
        self.hello: Greeting | DsyncError = greeting()
        self.streams = 0
        self.asked_hz: float | None = None
        self.closed = False
        self.unheard: set[str] = set()
        """What is asked for and never answered, by the method's name."""
        self.replay: Callable[[], Sequence[StreamEvent]] = tuple
        self._events: asyncio.Queue[StreamEvent] = asyncio.Queue()

    def say(self, *events: StreamEvent) -> None:
        """Let the stream yield these next."""
        for event in events:
            self._events.put_nowait(event)

    async def stream(self, frames_hz: float | None = None) -> AsyncIterator[StreamEvent]:
        """What was and will be said."""
        self.streams += 1
        self.asked_hz = frames_hz
        for event in self.replay():
            yield event
        while True:
            yield await self._events.get()

    async def greeting(self) -> Greeting:
        """The greeting as the test wants it now."""
        return _or_raise(self.hello)

    async def act(self, action: Action) -> str:
        """Take an action; its job is called after it. A result that is an error means that the daemon refuses."""
        self.actions.append(action)
        result = self.results.get(action.verb)
        if isinstance(result, DsyncError):
            raise result
        return f"{action.verb}-{len(self.actions)}"

    async def job(self, job: str, wait_s: float = 0.0) -> JobResult | None:
        """The result that the test gave for the verb, else that all named nodes did one thing."""
        number = int(job.rpartition("-")[2]) - 1
        action = self.actions[number]
        told = self.results.get(f"{action.verb} {action.argument}".strip()) or self.results.get(action.verb)
        if isinstance(told, JobResult):
            return told
        nodes = [NodeResult(name, "done", 1) for name in action.nodes or ["master"]]
        return JobResult(job, action.verb, True, "", nodes)

    async def _heard(self, what: str) -> None:
        if what in self.unheard:
            await asyncio.Event().wait()

    async def health(self, node: str | None = None) -> HealthDocument:
        """The checks that the test gave, else six good ones."""
        await self._heard("health")
        told = self.healths.get(node or "master")
        return good_health(node or "master") if told is None else _or_raise(told)

    async def delivery(self, archive: str, node: str) -> DeliveryDetail:
        """The detail that the test gave, else a made-up one."""
        await self._heard("delivery")
        told = self.details.get((archive, node))
        return delivery_detail(archive, node) if told is None else _or_raise(told)

    async def settings(self) -> SettingsDocument:
        """The settings that the test gave."""
        await self._heard("settings")
        return _or_raise(self.in_force)

    async def plan(self, request: PlanRequest) -> PlanDocument:
        """The plan that the test gave."""
        await self._heard("plan")
        self.plans.append(request)
        return _or_raise(self.planned)

    async def close(self) -> None:
        """Remember it."""
        self.closed = True


def _or_raise(told: T | DsyncError) -> T:
    if isinstance(told, DsyncError):
        raise told
    return told


@dataclass
class Console:
    """A console under test, with everything that a test may want to touch."""

    app: ConsoleApp
    link: FakeLink
    clock: FakeClock
    fleet: Snapshot = field(default_factory=small_fleet)

    def lose(self, reason: str = "closed", tries: int = 1, retry_in_s: float = 0.5) -> None:
        """The daemon goes away."""
        self.link.say(Lost(reason=reason, since=self.clock.at, retry_in_s=retry_in_s, tries=tries))

    def find(self, epoch: str = "second") -> None:
        """It is back, with another life."""
        self.link.say(greeting(epoch=epoch), replace_at(self.fleet, self.clock.at))

    def at_home(self) -> bool:
        """Nothing lies on the home screen."""
        return self.app.screen is self.app.home

    def beat(self) -> None:
        """It is alive."""
        self.link.say(Beat(sequence=self.fleet.sequence, at=self.clock.at))


def console(
    fleet: Snapshot | None = None,
    *,
    hello: Greeting | None = None,
    theme: str = "dark",
    keys: dict[str, str] | None = None,
    ascii_only: bool = False,
    no_colour: bool = False,
    few_colours: bool = False,
    theme_folders: Sequence[Path] = (),
    language: str = "en",
    asked_language: str = "auto",
    silent: bool = False,
    slow_link: bool = False,
    ends_with_console: bool = False,
) -> Console:
    """A console on a scripted daemon. ``silent``: it says nothing until the test makes it."""
    link, clock = FakeLink(), FakeClock()
    shown = fleet or small_fleet()
    first = hello or greeting()
    link.hello = first
    app = ConsoleApp(
        lambda: link,
        theme=theme,
        remaps=keys or {},
        texts=Texts(language),
        language=asked_language,
        ascii_only=ascii_only,
        now=clock,
        no_colour=no_colour,
        few_colours=few_colours,
        theme_folders=theme_folders,
        zone=UTC,
        slow_link=slow_link,
        ends_with_console=ends_with_console,
    )
    if not silent:
        link.replay = lambda: (first, shown)
    return Console(app, link, clock, shown)


async def settle(console: Console, pilot: Pilot[Left]) -> None:
    """Let everything that was said and pressed reach the screen, without waiting for timers."""
    for _ in range(3):
        await pilot.pause()
    home = console.app.home
    home.flush()
    home.tick()
    home.update_bars()
    await pilot.pause()


async def pressed(console: Console, pilot: Pilot[Left], *keys: str) -> None:
    """Press keys and let the screen come to rest."""
    await pilot.press(*keys)
    await settle(console, pilot)


def toast(console: Console) -> str:
    """The newest toast."""
    notes = list(console.app._notifications)
    return notes[-1].message if notes else ""


def screen_text(console: Console) -> str:
    """What the terminal shows, line by line."""
    width, height = console.app.size
    strips = console.app.screen._compositor.render_strips(console.app.size)
    lines = ["".join(segment.text for segment in strip).ljust(width) for strip in strips]
    assert len(lines) == height
    return "\n".join(line.rstrip() for line in lines)
