"""A tmux of a test's own: one window with a shell in it, seen and used as an operator does."""

import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from benchmarks.process import descendants

PROMPT = "ready> "
WITHIN_S = 60.0
_ANSWER_S = 60.0
_POLL_S = 0.05


class Tmux:
    """Use it as a context manager: server, shell and all that they started end with it.

    ``directory`` is short enough for a Unix socket in it. ``environment``: all that the shell has, beside what tmux
    sets itself.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str], size: tuple[int, int] = (120, 36)) -> None:
        """Start it; the shell stands in ``directory``."""
        self._command = ("tmux", "-S", str(directory / "tmux.sock"), "-f", "/dev/null")
        variables = {**environment, "PS1": PROMPT, "ENV": "", "SHELL": "/bin/sh"}
        width, height = size
        shell = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in variables.items()), "sh"])
        # The pane's own TERM comes from tmux.
        shell = shell.replace("env -i", 'exec env -i TERM="$TERM"', 1)
        subprocess.run(
            [*self._command, "new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(directory), shell],
            env={"PATH": environment["PATH"], "LANG": environment.get("LANG", "C.UTF-8"), "SHELL": "/bin/sh"},
            check=True,
            timeout=_ANSWER_S,
        )

    def __enter__(self) -> "Tmux":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it: the terminal goes away beneath whatever runs in it."""
        subprocess.run([*self._command, "kill-server"], capture_output=True, check=False, timeout=_ANSWER_S)

    def _ask(self, *words: str) -> str:
        done = subprocess.run([*self._command, *words], capture_output=True, check=True, timeout=_ANSWER_S)
        return done.stdout.decode()

    def press(self, *keys: str) -> None:
        """Press keys by tmux' names of them."""
        self._ask("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type characters as they are."""
        self._ask("send-keys", "-l", text)

    def run(self, *command: str) -> None:
        """Let the shell run a command; does not wait for its end."""
        self.type(shlex.join(command))
        self.press("Enter")

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self._ask("resize-window", "-x", str(width), "-y", str(height))

    def text(self) -> str:
        """What the window shows."""
        return self._ask("capture-pane", "-p")

    def told(self, format: str) -> str:
        """What tmux knows: a format of its own, such as ``#{alternate_on}``."""
        return self._ask("display-message", "-p", format).strip()

    def until(self, seen: Callable[[str], bool]) -> str:
        """Wait until the window's text is so; the text. Fails with what it shows."""
        deadline = time.monotonic() + WITHIN_S
        while not seen(text := self.text()):
            assert time.monotonic() < deadline, text
            time.sleep(_POLL_S)
        return text

    def until_shown(self, *words: str) -> str:
        """Wait until the window shows all of these words; its text."""
        return self.until(lambda text: all(word in text for word in words))

    def until_prompt(self) -> str:
        """Wait until the shell waits for a command; the text."""
        return self.until(lambda text: text.rstrip("\n").split("\n")[-1].startswith(PROMPT.rstrip()))

    def children(self) -> list[int]:
        """Processes that the shell has started."""
        return descendants(int(self.told("#{pane_pid}")))
