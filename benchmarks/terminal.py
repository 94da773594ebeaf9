"""A program on a pseudo-terminal, watched from outside: when which output came, and how much of it."""

import contextlib
import fcntl
import os
import pty
import queue
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.screen import Screen

_READ_BYTES = 1 << 16
_END_WITHIN_S = 10.0
_SWITCH_S = 0.0005
_LULL_S = 0.002

Sight = Callable[[Screen], bool]
"""What somebody waits to see."""


class NotSeenError(Exception):
    """What was waited for did not come; the message shows the screen."""


@dataclass
class _Wait:
    sight: Sight
    seen: threading.Event = field(default_factory=threading.Event)
    at: float = 0.0


class Terminal:
    """A program on a terminal of its own session. Use it as a context manager: it ends with it.

    One thread reads without pause, as a terminal does, and another looks at what came. Times are ``time.monotonic``,
    taken when the read returned that brought what was waited for.
    """

    def __init__(self, command: Sequence[str], size: tuple[int, int], environment: Mapping[str, str]) -> None:
        width, height = size
        self.screen = Screen(width, height, self._answer)
        self.received_bytes = 0
        self._lock = threading.Lock()
        self._waits: list[_Wait] = []
        self._master, slave = pty.openpty()
        _set_size(slave, width, height)
        self.started_at = time.monotonic()
        # preexec_fn would do it too, but this program has threads.
        helper = ("setsid", "--ctty", *command)
        self.process = subprocess.Popen(
            helper, stdin=slave, stdout=slave, stderr=slave, env=dict(environment), close_fds=True
        )
        os.close(slave)
        self._wake, self._woken = os.pipe()
        self._read_pieces: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        # The reader must not wait for long while the other one works.
        sys.setswitchinterval(_SWITCH_S)
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._watcher = threading.Thread(target=self._watch, name="terminal-watcher", daemon=True)
        self._reader.start()
        self._watcher.start()

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the program if it still runs, and the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(_END_WITHIN_S)
        self.close()

    def close(self) -> None:
        """Take the terminal away beneath the program: it gets a SIGHUP, and every read and write fails."""
        if self._master < 0:
            return
        # A descriptor that another thread reads from would stay open until that read returns.
        os.write(self._woken, b"x")
        self._reader.join()
        self._watcher.join()
        for descriptor in (self._master, self._wake, self._woken):
            os.close(descriptor)
        self._master = -1

    @property
    def pid(self) -> int:
        """The program's process."""
        return self.process.pid

    # --- both directions ------------------------------------------------------------------------------------

    def press(self, keys: str | bytes) -> float:
        """Send keys; when."""
        content = keys.encode() if isinstance(keys, str) else keys
        at = time.monotonic()
        os.write(self._master, content)
        return at

    def resize(self, width: int, height: int) -> None:
        """Take another size, as a window does."""
        with self._lock:
            self.screen.resize(width, height)
            _set_size(self._master, width, height)

    def _answer(self, content: bytes) -> None:
        os.write(self._master, content)

    def _read(self) -> None:
        content = b"-"
        while content:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            if self._wake in ready:
                break
            try:
                content = os.read(self._master, _READ_BYTES)
            except OSError:
                break
            self._read_pieces.put((time.monotonic(), content))
        self._read_pieces.put((0.0, b""))

    def _watch(self) -> None:
        while True:
            at, content = self._read_pieces.get()
            # Looking takes longer than reading: it begins when no more comes for a moment.
            pending = -1
            while pending != (pending := self._read_pieces.qsize()):
                time.sleep(_LULL_S)
            if not content:
                return
            with self._lock:
                self.received_bytes += len(content)
                self.screen.feed(content)
                for wait in self._waits:
                    if not wait.seen.is_set() and wait.sight(self.screen):
                        wait.at = at
                        wait.seen.set()

    # --- waiting --------------------------------------------------------------------------------------------

    def expect(self, sight: Sight) -> "_Expectation":
        """Begin to look out for something before it is brought about."""
        return _Expectation(self, sight)

    def see(self, sight: Sight, within_s: float = 30.0) -> float:
        """Wait until the screen shows something; when it did (now, if it does already). Raises NotSeenError."""
        with self.expect(sight) as expectation:
            return expectation.when(within_s)

    def look(self) -> str:
        """The screen as text."""
        with self._lock:
            return self.screen.text()

    def ended_within(self, within_s: float) -> float | None:
        """Seconds until the program ended; None where it still runs then."""
        began = time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(within_s)
            return time.monotonic() - began
        return None


class _Expectation:
    """Looks at every piece of output from its creation on."""

    def __init__(self, terminal: Terminal, sight: Sight) -> None:
        self._terminal = terminal
        self._wait = _Wait(sight)

    def __enter__(self) -> "_Expectation":
        terminal, wait = self._terminal, self._wait
        with terminal._lock:
            if wait.sight(terminal.screen):
                wait.at = time.monotonic()
                wait.seen.set()
            terminal._waits.append(wait)
        return self

    def __exit__(self, *_: object) -> None:
        with self._terminal._lock:
            self._terminal._waits.remove(self._wait)

    def when(self, within_s: float) -> float:
        """When it was seen. Raises NotSeenError."""
        if not self._wait.seen.wait(within_s):
            raise NotSeenError(f"not seen within {within_s:g} s on this screen:\n{self._terminal.look()}")
        return self._wait.at


def _set_size(descriptor: int, width: int, height: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
