"""The terminal: seen to be lost within a second, and left as it was found whatever happens."""

import asyncio
import codecs
import errno
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

HANGUP_EXIT = 128 + signal.SIGHUP
GRACE_S = 3.0
"""How long an orderly end may take once the terminal is gone: a write to it may block or fail for ever."""

_LEAVE = (
    b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l"
    b"\x1b[?7h\x1b[?2026l\x1b[<u\x1b[0m"
)
"""Alternate screen off, cursor on, mouse, focus and paste reports off, line wrap on, key protocol popped."""


def terminal_gone(descriptor: int = 0) -> bool:
    """Tell whether the terminal behind a descriptor has gone away. What never was a terminal never goes."""
    try:
        termios.tcgetattr(descriptor)
    except termios.error as error:
        # ENOTTY: no terminal at all (a pipe, a test). EIO and others: one that hung up.
        return bool(error.args[0] != errno.ENOTTY)
    except (OSError, ValueError):
        return True
    return False


def has_few_colours() -> bool:
    """Tell whether this terminal has its own 16 colours only, or none: as ``TERM`` and ``COLORTERM`` say."""
    return Console(force_terminal=True).color_system in (None, "standard")


def shows_ascii_only() -> bool:
    """Tell whether signs beyond ASCII would be spoilt: Linux' own console and other encodings lack them."""
    if os.environ.get("TERM") == "linux":
        return True
    # Textual writes to standard error.
    encoding = sys.__stderr__.encoding if sys.__stderr__ is not None else "utf-8"
    return codecs.lookup(encoding).name != "utf-8"


class Hangup:
    """Watches for the end of the terminal: SIGHUP, SIGTERM, or a terminal that stops answering.

    ``leave`` puts the terminal back by force; it is called where an orderly end takes too long.
    """

    def __init__(self, on_hangup: Callable[[], None], grace_s: float = GRACE_S) -> None:
        self.leave: Callable[[], None] = lambda: None
        self._on_hangup = on_hangup
        self._grace_s = grace_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: threading.Timer | None = None
        self.code: int | None = None
        """The exit code of a console that was ended from outside; None for one that was not."""

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Handle the signals. Without this SIGHUP kills without cleanup, and ignored it leaves Textual spinning.

        Not by the loop's own handlers: a loop that hangs would not call them.
        """
        self._loop = loop
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, lambda number, _: self.happened(number))

    def look(self) -> None:
        """Once a second: for consoles started with SIGHUP ignored, and terminals that vanish without one."""
        if terminal_gone():
            self.happened(signal.SIGHUP)

    def happened(self, number: int) -> None:
        """End in order; if that hangs, on a dead terminal or anywhere else, by force."""
        if self.code is not None:
            return
        self.code = 128 + number
        self._timer = threading.Timer(self._grace_s, self._give_up)
        self._timer.daemon = True
        self._timer.start()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._on_hangup)

    def _give_up(self) -> None:
        self.leave()
        os._exit(self.code or HANGUP_EXIT)

    def over(self) -> None:
        """The console has ended in order."""
        if self._timer is not None:
            self._timer.cancel()


@contextmanager
def restored() -> Iterator[Callable[[], None]]:
    """Leave the terminal as it was found, also after an exception that Textual did not expect.

    Yields what does so at once, whatever state the terminal is in.
    """
    try:
        before = termios.tcgetattr(0)
    except (termios.error, OSError, ValueError):
        before = None
    clean = False
    try:
        yield lambda: _restore(before, False)
        clean = True
    finally:
        _restore(before, clean)


def _restore(before: list[object] | None, clean: bool) -> None:
    if before is None:
        return
    try:
        termios.tcsetattr(0, termios.TCSADRAIN if clean else termios.TCSANOW, before)  # type: ignore[arg-type]
        if not clean and os.isatty(2):
            # A terminal that takes nothing must not hold the end up.
            os.set_blocking(2, False)
            os.write(2, _LEAVE)
            os.set_blocking(2, True)
    except (termios.error, OSError, ValueError):
        pass  # nobody is left to restore it for
