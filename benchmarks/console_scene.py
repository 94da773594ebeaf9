"""The parts of a console measurement: a driven daemon in its process, and consoles on terminals beside it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from backend.settings import write_settings
from benchmarks.console_daemon import Order
from benchmarks.terminal import Terminal
from tests.support.control import settings_in

_END_WITHIN_S = 20.0
_NOT_PASSED_ON = ("LC_", "TEXTUAL", "NO_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


def config_in(directory: Path) -> Path:
    """A settings file whose roots all lie in ``directory``."""
    path = directory / "dsync.toml"
    path.write_text(write_settings(settings_in(directory)))
    return path


class Daemon:
    """The driven daemon's process. Use it as a context manager."""

    def __init__(self, config: Path, nodes: int, archives: int) -> None:
        """Return once it listens."""
        words = ("--config", str(config), "--nodes", str(nodes), "--archives", str(archives))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.console_daemon", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.opened_at = self._told()

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def order(self, order: Order) -> float:
        """Tell it what to do; when it did."""
        if self.process.stdin is None:
            raise LookupError("stdin")
        self.process.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self.process.stdin.flush()
        return self._told()

    def _told(self) -> float:
        if self.process.stdout is None:
            raise LookupError("stdout")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the driven daemon ended with {self.process.wait()}")
        return float(line)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(_END_WITHIN_S)

    def end(self) -> None:
        """End it in order, by closing its stdin."""
        with contextlib.suppress(BrokenPipeError):
            if self.process.stdin is not None:
                self.process.stdin.close()
        self.process.wait(_END_WITHIN_S)
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextlib.contextmanager
def console(config: Path, size: tuple[int, int], *words: str) -> Iterator[Terminal]:
    """``dsync-tui`` on a terminal with true colour, as most are today.

    Its modules are compiled once and kept, as they are where it is installed; the first start pays for that.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
    environment |= {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "PYTHONPYCACHEPREFIX": str(config.parent / "pycache"),
    }
    program = Path(sys.executable).with_name("dsync-tui")
    with Terminal([str(program), "--config", str(config), *words], size, environment) as terminal:
        yield terminal
