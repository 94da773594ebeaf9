"""A person at the console, as a terminal passes on what they do: keys, the mouse, the window's size."""

import asyncio
from collections.abc import Iterable

from textual import events
from textual.app import App
from textual.geometry import Size
from textual.keys import REPLACED_KEYS, _character_to_key, key_to_character
from textual.message import Message
from textual.pilot import Pilot, WaitForScreenTimeout
from textual.screen import Screen

from dsync_tui.console.app import ConsoleApp, Left

_WHEELS = {
    "up": events.MouseScrollUp,
    "down": events.MouseScrollDown,
    "left": events.MouseScrollLeft,
    "right": events.MouseScrollRight,
}


class WalkedApp(ConsoleApp):
    """The console, which remembers how often it was asked to be left, and how often it painted."""

    leaves = 0
    frames = 0

    def action_leave(self) -> None:
        """Leave."""
        self.leaves += 1
        super().action_leave()

    def _display(self, screen: Screen[object], renderable: object) -> None:
        if renderable is not None and not self._batch_count:
            self.frames += 1
        super()._display(screen, renderable)  # type: ignore[arg-type]


def ended(app: App[Left]) -> bool:
    """Tell whether an app has ended, or is about to."""
    return app._exit or app._exception is not None or not app.is_running


class Hands:
    """Does things, and waits until the console has taken them in; it may end meanwhile."""

    def __init__(self, pilot: Pilot[Left]) -> None:
        self._pilot = pilot
        self._app = pilot.app

    async def settle(self, rounds: int = 1) -> None:
        """Let what was done reach the screen. Raises WaitForScreenTimeout where the console hangs."""
        for _ in range(rounds):
            # What a driver sends comes by way of the loop.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if ended(self._app):
                return
            try:
                await self._pilot._wait_for_screen()
            except WaitForScreenTimeout:
                if not ended(self._app):
                    raise
        if not ended(self._app):
            self._app.screen._on_timer_update()

    def _send(self, message: Message) -> None:
        driver = self._app._driver
        if driver is not None:
            driver.process_message(message)

    async def press(self, keys: Iterable[str]) -> None:
        """Press keys by their names or characters, one after another."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
            character = key if len(key) == 1 else key_to_character(REPLACED_KEYS.get(name, name))
            self._send(events.Key(name, character))
            await self.settle()
            if ended(self._app):
                return

    async def write(self, text: str) -> None:
        """Type characters faster than anything is painted."""
        for character in text:
            name = character if character.isalnum() else _character_to_key(character)
            self._send(events.Key(name, character))
        await self.settle()

    async def paste(self, text: str) -> None:
        """Paste in one piece."""
        self._send(events.Paste(text))
        await self.settle()

    async def mouse(self, kind: type[events.MouseEvent], x: float, y: float, button: int = 0) -> None:
        """One event of the mouse at a place, in shares of the screen."""
        width, height = self._app.size
        column, row = int(x * width), int(y * height)
        self._send(kind(None, column, row, 0, 0, button, False, False, False))
        await self.settle()

    async def click(self, x: float, y: float, button: int, times: int) -> None:
        """Click so many times."""
        for _ in range(times):
            await self.mouse(events.MouseDown, x, y, button)
            await self.mouse(events.MouseUp, x, y, button)

    async def drag(self, x: float, y: float, button: int) -> None:
        """Press at a place, let go at another."""
        await self.mouse(events.MouseDown, x, y, button)
        await self.mouse(events.MouseMove, 0.5, 0.5, button)
        await self.mouse(events.MouseUp, 1 - x, 1 - y, button)

    async def wheel(self, way: str, x: float, y: float, times: int) -> None:
        """Turn the wheel."""
        for _ in range(times):
            await self.mouse(_WHEELS[way], x, y)

    async def resize(self, size: tuple[int, int]) -> None:
        """Give the window another size."""
        if self._app._driver is not None:
            self._app._driver._size = size
        self._app.post_message(events.Resize(Size(*size), Size(*size)))
        await self.settle()

    async def focus(self, found: bool) -> None:
        """The window gets the focus, or loses it."""
        self._send(events.AppFocus() if found else events.AppBlur())
        await self.settle()
