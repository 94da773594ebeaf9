"""One walk: the steps of a plan on consoles that live and are left, over a daemon that comes and goes."""

import asyncio
import contextlib
import random
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

from textual import events
from textual.worker import WorkerFailed

from backend.texts import Texts
from dsync_tui.console.app import Left
from dsync_tui.console.session import Phase
from tests.fuzz.daemon import Daemon
from tests.fuzz.hands import Hands, WalkedApp, ended
from tests.fuzz.plan import Kind, Step, make_plan, told
from tests.fuzz.rude import RudeLink, rude_word
from tests.fuzz.verdict import background, faults_of_frame, frame_of

LAST_STEPS = 30
STEP_WITHIN_S = 90.0
SEEN_WITHIN_S = 30.0
RIGHT_WITHIN_S = 10.0
GONE_WITHIN_S = 20.0
_POLL_S = 0.02
_ESCAPES = 12
_ORDINARY = (120, 36)
_STRANGE_THEMES = {"mine.toml": 'title = "Mine"\ninherits = "dark"\n', "broken.toml": "title = 3\n[colours]\nx = 1\n"}


class WrongStepError(Exception):
    """A step after which something was wrong; the message says what, and how the walk came there."""


@dataclass
class Walked:
    """What a walk saw: how many ``lives`` consoles had, frames they painted, screens they showed."""

    lives: int = 0
    frames: int = 0
    steps: int = 0
    screens: Counter[str] = field(default_factory=Counter)
    ways_out: Counter[str] = field(default_factory=Counter)


class Walk:
    """Walks once. ``directory`` is short enough for Unix sockets below it."""

    def __init__(
        self,
        seed: int,
        steps: int,
        directory: Path,
        make_app: type[WalkedApp] = WalkedApp,
        tell: Callable[[Walked], None] = lambda _: None,
    ) -> None:
        self.walked = Walked()
        self._seed = seed
        self._plan = make_plan(seed, steps)
        self._directory = directory
        self._make_app = make_app
        self._tell = tell
        self._last: deque[str] = deque(maxlen=LAST_STEPS)

    async def run(self) -> Walked:
        """Walk to the end. Raises WrongStepError."""
        themes, exports = self._directory / "themes", self._directory / "exports"
        for folder in (themes, exports):
            folder.mkdir()
        for name, content in _STRANGE_THEMES.items():
            (themes / name).write_text(content)
        steps = iter(self._plan)
        with background() as heard, contextlib.chdir(exports):
            async with Daemon(self._directory, self._seed) as daemon:
                goes_on = True
                while goes_on:
                    for path in exports.iterdir():
                        path.unlink()
                    goes_on = await self._live(daemon, steps, heard)
        self._judge_background(heard)
        return self.walked

    async def _live(self, daemon: Daemon, steps: Iterator[Step], heard: list[str]) -> bool:
        """One console's life; tell whether steps are left."""
        self.walked.lives += 1
        dice = random.Random(self._seed * 1000 + self.walked.lives)
        app = self._app(daemon, dice)
        self._last.append(f"-- console {self.walked.lives} --")
        goes_on = False
        try:
            async with app.run_test(size=dice.choice((_ORDINARY, (80, 24), (30, 8))), notifications=True) as pilot:
                life = _Life(app, Hands(pilot), daemon)
                for step in steps:
                    await self._step(life, step, heard)
                    if ended(app):
                        goes_on = True
                        await self._gone(app)
                        break
        except WrongStepError:
            raise
        except Exception as error:
            raise self._wrong(_trace(error)) from error
        if goes_on:
            self._judge_end(app)
        self.walked.frames += app.frames
        return goes_on

    async def _gone(self, app: WalkedApp) -> None:
        """A console that is left works off what it was sent, and ends."""
        if app._task is not None:
            await asyncio.wait({app._task}, timeout=GONE_WITHIN_S)
            if not app._task.done():
                raise self._wrong(f"the console does not end within {GONE_WITHIN_S:g} s")

    def _app(self, daemon: Daemon, dice: random.Random) -> WalkedApp:
        link = RudeLink(daemon.socket)
        return self._make_app(
            lambda: link,
            theme=dice.choice(("dark", "light", "contrast", "ansi", "mono", "no-such", "mine", "broken")),
            remaps=dice.choice(({}, {}, {"sync": "S", "view-matrix": "f9,1", "nothing": "x"})),
            texts=Texts(dice.choice(("en", "zh_CN"))),
            ascii_only=dice.random() < 0.2,
            now=time.time,
            no_colour=dice.random() < 0.1,
            few_colours=dice.random() < 0.1,
            theme_folders=(self._directory / "themes",),
            zone=UTC,
        )

    async def _step(self, life: "_Life", step: Step, heard: list[str]) -> None:
        self.walked.steps += 1
        self._last.append(f"{self.walked.steps}: {told(step)}")
        try:
            async with asyncio.timeout(STEP_WITHIN_S):
                await life.do(step)
                await life.hands.settle(rounds=2)
        except WrongStepError as error:
            raise self._wrong(str(error)) from None
        except TimeoutError as error:
            raise self._wrong(f"not done within {STEP_WITHIN_S:g} s\n{traceback.format_exc()}") from error
        self._judge_background(heard)
        await self._judge_frame(life)
        self._tell(self.walked)

    async def _judge_frame(self, life: "_Life") -> None:
        """The picture must be right, at once or once the console has laid out what it was given."""
        app = life.app
        deadline = time.monotonic() + RIGHT_WITHIN_S
        while not ended(app):
            faults = list(faults_of_frame(app))
            if not faults:
                self.walked.screens[_name_of(app)] += 1
                return
            if time.monotonic() > deadline:
                raise self._wrong(f"{faults[0]}, on {_name_of(app)} at {app.size}")
            await asyncio.sleep(_POLL_S)
            await life.hands.settle()

    def _judge_background(self, heard: list[str]) -> None:
        if heard:
            raise self._wrong("\n".join(heard))

    def _judge_end(self, app: WalkedApp) -> None:
        if app._exception is not None:
            raise self._wrong(_trace(app._exception))
        if not app.leaves:
            raise self._wrong(f"the console ended though nobody left it: {app.return_value}")
        if app.return_value not in (Left.DETACHED, Left.DRAINING, Left.STOPPED):
            raise self._wrong(f"the console ended with {app.return_value}, code {app.return_code}")
        self.walked.ways_out[app.return_value.value] += 1

    def _wrong(self, what: str) -> WrongStepError:
        lines = "\n".join(f"  {line}" for line in self._last)
        return WrongStepError(f"seed {self._seed}, step {self.walked.steps}: {what}\nthe last steps:\n{lines}")


def _trace(error: BaseException) -> str:
    """The traceback of an error; of one in a worker where it began."""
    return "".join(traceback.format_exception(error.error if isinstance(error, WorkerFailed) else error))


def _name_of(app: WalkedApp) -> str:
    return f"home/{app.home.active}" if app.screen is app.home else type(app.screen).__name__


class _Life:
    """One console and what is done to it."""

    def __init__(self, app: WalkedApp, hands: Hands, daemon: Daemon) -> None:
        self.app = app
        self.hands = hands
        self._daemon = daemon

    async def do(self, step: Step) -> None:
        """Do a step. Raises WrongStepError where one that looks finds something wrong."""
        hands, words = self.hands, step.words
        match step.kind:
            case Kind.KEYS:
                await hands.press(words)
            case Kind.TYPE:
                await hands.write(words[0])
                await hands.press(words[1:])
            case Kind.PASTE:
                await hands.paste(words[0])
            case Kind.CLICK:
                await hands.click(step.x, step.y, int(words[0]), step.count)
            case Kind.DRAG:
                await hands.drag(step.x, step.y, int(words[0]))
            case Kind.HOVER:
                await hands.mouse(events.MouseMove, step.x, step.y)
            case Kind.WHEEL:
                await hands.wheel(words[0], step.x, step.y, step.count)
            case Kind.RESIZE:
                await hands.resize(step.size)
            case Kind.FOCUS:
                await hands.focus(words[0] == "found")
            case Kind.HOME:
                await self._come_home()
            case Kind.ALIVE:
                await self._show_life(step.number)
            case _:
                await self._trouble(step)

    async def _trouble(self, step: Step) -> None:
        daemon = self._daemon
        match step.kind:
            case Kind.FLEET:
                daemon.fleet.change(step.words[0], step.number)
                if step.words[0] == "drop-node":
                    await daemon.be("new-life")
            case Kind.DAEMON:
                await daemon.be(step.words[0])
            case Kind.MOOD:
                daemon.fleet.engine.feel(step.words[0])
            case Kind.RUDE:
                link = self.app.session.link
                assert isinstance(link, RudeLink)
                link.to_say.append(rude_word(step.words[0], step.number, self.app.kit.store))
            case Kind.WAIT:
                await asyncio.sleep(step.seconds)
            case _:
                raise LookupError(step.kind)

    async def _come_home(self) -> None:
        for _ in range(_ESCAPES):
            if ended(self.app):
                return
            if self.app.screen is self.app.home:
                return
            await self.hands.press(("escape",))
        if not ended(self.app) and self.app.screen is not self.app.home:
            raise WrongStepError(f"escape does not lead home from {self.app.screen_stack}")

    async def _show_life(self, number: int) -> None:
        """A new name of a node and a new tag must reach the screen."""
        name = f"alive-{number % 100_000}"
        await self._come_home()
        await self._daemon.mend()
        await self.hands.resize(_ORDINARY)
        # What rude words brought goes with a new snapshot.
        await self.hands.press(("escape",) * 4 + ("ctrl+r",))
        await self._until(self._well, "attached to a healthy daemon")
        fleet = self._daemon.fleet
        changes: dict[str, Callable[[], None]] = {
            "5": lambda: fleet.name(name),
            "6": lambda: fleet.tag(f"{name}:1"),
        }
        for view, change in changes.items():
            # The view stands already: nothing but the news itself may bring it there.
            await self.hands.press((view, "escape", "escape", "escape", "slash"))
            await self.hands.write(name)
            await self.hands.press(("enter",))
            frames = self.app.frames
            change()
            await self._until(lambda: any(name in line for line in frame_of(self.app)[4:-2]), f"{name} in view {view}")
            if ended(self.app):
                return
            if self.app.frames <= frames:
                raise WrongStepError("nothing was painted")
            await self.hands.press(("escape",))

    def _well(self) -> bool:
        session = self.app.session
        return session.bond.phase is Phase.ATTACHED and self.app.kit.store.complete and not session.read_only

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + SEEN_WITHIN_S
        while not ended(self.app):
            await self.hands.settle()
            if ended(self.app) or condition():
                return
            if time.monotonic() > deadline:
                shown = "\n".join(line.rstrip() for line in frame_of(self.app))
                bond = self.app.session.bond
                raise WrongStepError(f"not within {SEEN_WITHIN_S:g} s: {what}; {bond}\n{shown}")
            await asyncio.sleep(_POLL_S)
