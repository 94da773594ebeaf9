"""The app: builds the kit, holds the session, owns themes, keys and the way out."""

import asyncio
import contextlib
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from enum import Enum
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import App, ScreenStackError
from textual.binding import Binding
from textual.events import Event, Key
from textual.notifications import Notify, SeverityLevel
from textual.widgets._toast import Toast, ToastHolder

from backend.api.wire import Greeting
from backend.model.errors import DsyncError
from backend.texts import LANGUAGES, Texts
from dsync_tui.console.asking import Answer, Ask
from dsync_tui.console.commands import Command
from dsync_tui.console.keys import KEYS, with_remaps
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line
from dsync_tui.console.link import Link
from dsync_tui.console.mouse import MOUSE_OFF, MOUSE_ON
from dsync_tui.console.notices import Notice, crowded_out
from dsync_tui.console.palette import DEFAULT_THEME, FEW_COLOURS_THEME, NO_COLOUR_THEME, Palette
from dsync_tui.console.screens.confirm import Question
from dsync_tui.console.screens.help import HelpScreen
from dsync_tui.console.screens.home import HomeScreen
from dsync_tui.console.screens.pushed import PushedScreen
from dsync_tui.console.session import Phase, Session
from dsync_tui.console.store import FleetStore
from dsync_tui.console.terminal import Hangup
from dsync_tui.console.theme_files import ThemeError, ThemeFile, all_themes
from dsync_tui.language import AUTO, missing_language
from dsync_tui.pace import Pace, frames_hz

GREETING_S = 1.0
"""How long leaving waits for the daemon to say how many consoles there are."""
FIRST_NEWS_S = 0.3
"""How long the first picture waits for the daemon's first snapshot."""
OPENED_S = 1.0
"""How long a key waits for a screen that is being opened."""
TOAST_S = 6.0


class Left(Enum):
    """How the console was left."""

    DETACHED = "detached"
    DRAINING = "draining"
    STOPPED = "stopped"
    HUNG_UP = "hung-up"


class ConsoleApp(App[Left], inherit_bindings=False):
    """The console. ``connect`` is called once the loop runs; ``no_colour`` says what ``NO_COLOR`` does, ``few_colours``
    that the terminal has its own 16 only. ``language``: what was asked for, which ``texts`` need not be in.
    ``theme_folders``: where themes may lie beside the shipped ones. ``slow_link``: paint and be told less often.
    ``ends_with_console``: what is shown does not outlive the console.
    """

    TITLE = "dsync"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[Binding]] = []  # type: ignore[assignment]  # every key stands in keys.py
    CSS = """
    Screen { background: $background; color: $foreground; }
    ModalScreen { background: $background 60%; }
    ModalScreen:ansi { background: transparent; }
    /* On the terminal's own ground only a border tells a dialog from what it covers; this one is of narrow signs. */
    Question:ansi #question, PaletteScreen:ansi #palette { border: ascii ansi_default; padding: 0 1; }
    Input#filter { height: 1; border: none; padding: 0 1; background: $panel; width: 1fr; }
    ToastRack { margin-bottom: 2; }
    Toast { border: none; border-left: none; padding: 0 2; margin-top: 1; max-width: 80%; background: $panel; }
    Toast.-information { border-left: none; color: $foreground; }
    Toast.-warning { border-left: none; color: $warning; }
    Toast.-error { border-left: none; color: $error; text-style: bold; }
    Toast:ansi { text-style: reverse; background: ansi_default; }
    """

    def __init__(
        self,
        connect: Callable[[], Link],
        *,
        theme: str,
        remaps: Mapping[str, str],
        texts: Texts,
        language: str = AUTO,
        ascii_only: bool,
        now: Callable[[], float],
        no_colour: bool,
        few_colours: bool = False,
        theme_folders: Sequence[Path] = (),
        zone: tzinfo | None = None,
        slow_link: bool = False,
        ends_with_console: bool = False,
    ) -> None:
        # Textual looks at NO_COLOR itself, and then paints black on black unless the colours are ANSI's.
        super().__init__(ansi_color=True if no_colour else None)
        self._theme_folders = theme_folders
        self._themes: Mapping[str, ThemeFile] = {}
        self._faults_told: set[str] = set()
        self._no_colour = no_colour
        self._few_colours = few_colours
        self._wished_theme = theme
        self._wished_language = language
        self._theme_faults = self._read_themes()
        chosen = self._first_theme()
        self.kit = Kit(texts, Palette(chosen, ascii_only), FleetStore(), now, ascii_only, zone, Pace(slow_link))
        self.kit.ends_with_console = ends_with_console
        self.theme = chosen.textual().name
        self._mouse = True
        self._connect = connect
        self._keys = with_remaps(remaps)
        self._session: Session | None = None
        self._home: HomeScreen | None = None
        self.hangup = Hangup(lambda: self.exit(Left.HUNG_UP, return_code=self.hangup.code or 0))

    def _read_themes(self) -> list[ThemeError]:
        """Read all theme files; what is wrong with some, as far as it was not told before."""
        shelf = all_themes(self._theme_folders)
        self._themes = shelf.themes
        for file in shelf.themes.values():
            self.register_theme(file.textual())
        return [fault for fault in shelf.faults if str(fault) not in self._faults_told]

    def _first_theme(self) -> ThemeFile:
        if self._no_colour:
            return self._themes[NO_COLOUR_THEME]
        wished = self._themes.get(self._wished_theme)
        if self._few_colours and (wished is None or not wished.ansi):
            return self._themes[FEW_COLOURS_THEME]
        return wished or self._themes[DEFAULT_THEME]

    def _tell_of_looks(self) -> None:
        """At the start: which themes are broken, and whether what was asked for is there."""
        self._tell_theme_faults(self._theme_faults)
        if self._wished_theme not in self._themes:
            self.tell(self.kit.say("theme.none", name=self._wished_theme, known=", ".join(self._themes)), False)
        missing = missing_language(self.kit.texts, self._wished_language)
        if missing is not None:
            self.tell(missing, False)

    def _tell_theme_faults(self, faults: Sequence[ThemeError]) -> None:
        for fault in faults:
            self._faults_told.add(str(fault))
            self.tell(fault.told(self.kit.texts), False)

    @property
    def session(self) -> Session:
        """The bond with the daemon."""
        if self._session is None:
            raise LookupError("session")
        return self._session

    @property
    def home(self) -> HomeScreen:
        """The home screen."""
        if self._home is None:
            raise LookupError("home")
        return self._home

    async def on_load(self) -> None:
        """Connect, before the terminal is touched; the home screen is the first that there is."""
        self._session = Session(self._connect(), self.kit.store, self.kit.now, self._phase_changed)
        self._follow()
        await self._first_news(self._session)
        self._home = HomeScreen(self.kit, self._session, self, self._keys, self.commands)

    async def on_event(self, event: Event) -> None:
        """Where nothing has the focus, do what a key is bound to before the next one is looked at.

        What is typed ahead, over a slow link or by a script, else finds the bindings of the screen that the key before
        it has not opened or left yet: a filter's text would act on the fleet.
        """
        if isinstance(event, Key) and not event.is_forwarded and self.app_focus:
            await self._opened()
            if self.focused is None and await self._check_bindings(event.key):
                return
        await super().on_event(event)

    async def _opened(self) -> None:
        """Wait until the screen that was opened last takes keys; it cannot be left before it is there."""
        # None is left where the last key was the one that leaves.
        seen: object = None
        with contextlib.suppress(TimeoutError, ScreenStackError):
            async with asyncio.timeout(OPENED_S):
                while seen is not self.screen:
                    seen = self.screen
                    await self.screen._mounted_event.wait()

    async def on_key(self, event: Key) -> None:
        """A key that nobody wanted has come back, and is looked for among the bindings: it may find another screen."""
        await self._opened()

    def get_default_screen(self) -> HomeScreen:
        """The screen at the bottom."""
        return self.home

    def on_mount(self) -> None:
        """Begin to look after the terminal."""
        # Only what differs: Textual works through all of it, twice, at every key.
        self.set_keymap({key.id: self._keys[key.id] for key in KEYS if self._keys[key.id] != key.keys})
        self._tell_of_looks()
        if not self.is_headless:
            self.hangup.watch(asyncio.get_running_loop())
            self.set_interval(1.0, self.hangup.look)

    async def _first_news(self, session: Session) -> None:
        """Give the first snapshot a moment, so that the first picture is the fleet and not that there is none yet."""
        come = asyncio.Event()
        session.on_news = lambda: come.set() if session.store.complete or session.bond.phase is Phase.LOST else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_NEWS_S):
                await come.wait()

    def _follow(self) -> None:
        self.run_worker(
            self.session.run(frames_hz(self.kit.pace.slow_link)), name="stream", group="stream", exclusive=True
        )

    async def on_unmount(self) -> None:
        """Let go of the daemon."""
        if self._session is not None:
            await self._session.link.close()

    def _phase_changed(self) -> None:
        if self._home is not None and self._home.is_mounted:
            self._home.phase_changed()
            if isinstance(self.screen, PushedScreen):
                self.screen.show()

    def _fatal_error(self) -> None:
        """Tell of an error that nobody expected. Textual's own telling shows what every variable holds."""
        lines = "".join(traceback.format_exception(sys.exception()))
        self.panic(Text(f"{self.kit.say('broken')}\n{lines}"))

    # --- what screens ask of the app -----------------------------------------------------------------------

    async def ask(self, question: Ask) -> str | None:
        """Show a dialog and wait for the id of its answer; to be called from a worker."""
        return await self.push_screen_wait(Question(self.kit, question))

    def tell(self, text: str, ok: bool) -> None:
        """Show a toast: plain text, whatever it contains."""
        self.notify(text, severity="information" if ok else "error")

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = TOAST_S,
        markup: bool = False,
    ) -> None:
        """Show a toast; plain text unless it is said to be markup."""
        left_s = TOAST_S if timeout is None else timeout
        self.post_message(Notify(Notice(message, title, severity, left_s, markup=markup)))

    def on_notify(self, event: Notify) -> None:
        """Make room for a toast: by themselves they pile up, each for its time."""
        gone = crowded_out(tuple(self._notifications), event.notification)
        for notice in gone:
            self._unnotify(notice, refresh=False)
        for screen in self.screen_stack:
            for holder in screen.query(ToastHolder):
                if any(toast._notification in gone for toast in holder.query(Toast)):
                    holder.remove()

    # --- keys that are the app's ---------------------------------------------------------------------------

    def action_theme(self) -> None:
        """The next theme."""
        if self._no_colour:
            self.tell(self.kit.say("theme.no-colour"), True)
            return
        # Anew each time: who writes a theme wants to see what it has become.
        self._tell_theme_faults(self._read_themes())
        names = self.theme_names()
        here = self.kit.palette.theme.name
        self.wear(names[(names.index(here) + 1) % len(names) if here in names else 0])

    def theme_names(self) -> list[str]:
        """The themes that this terminal can show."""
        fit = [file for file in self._themes.values() if file.ansi or not self._few_colours]
        return [file.name for file in fit if file.name != NO_COLOUR_THEME]

    def wear(self, name: str) -> None:
        """Show everything in another theme from now on."""
        file = self._themes[name]
        self.kit.palette = Palette(file, self.kit.ascii_only)
        self.theme = file.textual().name
        self.home.repaint()
        self.tell(self.kit.say("theme.now", title=self.theme_title(file)), True)

    def theme_title(self, file: ThemeFile) -> str:
        """What a theme is called: the shipped ones in the language in force, others as their files say."""
        key = f"theme.title.{file.name}"
        said = self.kit.say(key)
        return file.title if said.endswith(key) else said

    def action_mouse(self) -> None:
        """Leave the mouse to the terminal, whose own selection then works, or take it back."""
        self._mouse = not self._mouse
        if self._driver is not None:
            self._driver.write(MOUSE_ON if self._mouse else MOUSE_OFF)
        self.tell(self.kit.say("mouse.on" if self._mouse else "mouse.off"), True)

    def action_language(self) -> None:
        """The next language."""
        codes = list(LANGUAGES)
        self.speak(codes[(codes.index(self.kit.texts.language) + 1) % len(codes)])

    def speak(self, language: str) -> None:
        """Say everything in another language from now on, what is on the screen included."""
        self.kit.texts = self.kit.texts.in_language(language)
        self.home.retell()
        self.tell(self.kit.say("language.now", title=LANGUAGES[self.kit.texts.language]), True)

    def commands(self) -> list[Command]:
        """What the palette offers of the app: each theme and each language by its name."""
        say = self.kit.say
        themes = [] if self._no_colour else self.theme_names()
        titles = {name: self.theme_title(self._themes[name]) for name in themes}
        return [
            *(Command(say("palette.theme", title=title), partial(self.wear, name)) for name, title in titles.items()),
            *(
                Command(say("palette.language", title=title), partial(self.speak, code))
                for code, title in LANGUAGES.items()
            ),
        ]

    def action_resync(self) -> None:
        """Drop the stream and take a new snapshot."""
        self._follow()
        self.tell(self.kit.say("resync.asked"), True)

    def action_help(self) -> None:
        """Show the help."""
        self.push_screen(HelpScreen(self.kit, self.home.keys_of))

    def action_leave(self) -> None:
        """Leave; where that would leave an engine alone that runs beneath, ask what becomes of it."""
        self.run_worker(self._leave(), name="leave", group="leave", exclusive=True)

    async def _leave(self) -> None:
        greeting = await self._greeting()
        if greeting is None or not greeting.beneath or greeting.consoles > 1:
            self.exit(Left.DETACHED)
            return
        answer = await self.ask(self._leave_question())
        if answer == "keep":
            self.exit(Left.DETACHED)
        elif answer == "drain" and await self.home.stop_engine("drain"):
            self.exit(Left.DRAINING)
        elif answer == "stop" and await self.home.stop_engine("now"):
            self.exit(Left.STOPPED)

    async def _greeting(self) -> Greeting | None:
        """How many consoles there are now; what was said at first where the daemon does not answer."""
        if not self.session.attached:
            return None
        try:
            async with asyncio.timeout(GREETING_S):
                return await self.session.link.greeting()
        except (DsyncError, TimeoutError):
            return self.kit.store.greeting

    def _leave_question(self) -> Ask:
        say = self.kit.say
        moving = self.kit.store.totals.moving
        body: list[Line] = [
            [(say("leave.body"), "text")],
            [(say("leave.moving", count=moving) if moving else say("leave.quiet"), "warn" if moving else "dim")],
        ]
        answers = [
            Answer("cancel", say("answer.cancel")),
            Answer("keep", say("leave.keep")),
            Answer("drain", say("leave.drain")),
            Answer("stop", say("leave.stop")),
        ]
        return Ask(say("leave.title"), body, answers)
