"""A program on a pseudo-terminal that is its controlling one: what it wrote, and how it left the terminal."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from benchmarks.screen import Screen

_READ_BYTES = 1 << 16
_PATIENCE_S = 60.0
"""A bound for a machine that others use too; nothing is measured."""
_LAST = b"\x1b]all\x07"
"""A sequence that shows nothing. What has come before it was written before it."""


class PseudoTerminal:
    """Use it as a context manager: the program ends with it. ``settings`` are termios' at the beginning."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (80, 24)
    ) -> None:
        self.output = b""
        self.screen = Screen(*size, self._answer)
        self._lock = threading.Lock()
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.settings = termios.tcgetattr(self._slave)
        # The slave stays open here, to look at its settings once the program has ended.
        self.process = subprocess.Popen(
            ("setsid", "--ctty", *command), stdin=self._slave, stdout=self._slave, stderr=self._slave, env=environment
        )
        self._wake, self._woken = os.pipe()
        self._reader = threading.Thread(target=self._read, name="pseudo-terminal", daemon=True)
        self._reader.start()

    def __enter__(self) -> "PseudoTerminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(_PATIENCE_S)
        self.hang_up()
        os.close(self._slave)

    def hang_up(self) -> None:
        """Take the terminal away beneath the program."""
        if self._master < 0:
            return
        os.write(self._woken, b"x")
        self._reader.join()
        for descriptor in (self._master, self._wake, self._woken):
            os.close(descriptor)
        self._master = -1

    def press(self, keys: str) -> None:
        """Send keys."""
        os.write(self._master, keys.encode())

    def until(self, seen: Callable[["PseudoTerminal"], bool], within_s: float = _PATIENCE_S) -> None:
        """Wait until that is so. Fails with what is on the screen."""
        deadline = time.monotonic() + within_s
        while not seen(self):
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.02)

    def until_shown(self, words: str) -> None:
        """Wait until the screen shows these words."""
        self.until(lambda terminal: words in terminal.text())

    def text(self) -> str:
        """The screen as text."""
        with self._lock:
            return self.screen.text()

    def ended(self, within_s: float = _PATIENCE_S) -> int:
        """Wait for the program's end, and for all that it wrote; its exit code."""
        code = self.process.wait(within_s)
        if self._master >= 0:
            os.write(self._slave, _LAST)
            self.until(lambda terminal: terminal.output.endswith(_LAST))
            self.output = self.output.removesuffix(_LAST)
        return code

    def settings_now(self) -> list[object]:
        """The terminal's settings now."""
        return termios.tcgetattr(self._slave)

    def _answer(self, content: bytes) -> None:
        os.write(self._master, content)

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            if self._wake in ready:
                return
            content = os.read(self._master, _READ_BYTES)
            with self._lock:
                self.output += content
                self.screen.feed(content)
