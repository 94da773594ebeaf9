"""What goes to stdout and what to stderr: answers there, messages here, never a traceback."""

import io
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

import msgspec

from backend.model.errors import DsyncError
from backend.texts import Texts

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class Output:
    """Writes answers and messages. Text from outside must have gone through ``plain`` before."""

    def __init__(self, texts: Texts) -> None:
        """Take the process's streams as they are now."""
        self.texts = texts
        self._out: TextIO = sys.stdout
        self._err: TextIO = sys.stderr
        for stream in (self._out, self._err):
            if isinstance(stream, io.TextIOWrapper):
                # A terminal without UTF-8 shows escapes rather than a traceback.
                stream.reconfigure(errors="backslashreplace")

    @property
    def to_terminal(self) -> bool:
        """Tell whether people read stdout on a terminal."""
        return self._out.isatty()

    @property
    def messages_to_terminal(self) -> bool:
        """Tell whether people read stderr on a terminal."""
        return self._err.isatty()

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines of an answer."""
        for line in lines:
            self._out.write(f"{line}\n")
        self._out.flush()

    def line(self, line: str) -> None:
        """Write one line of an answer."""
        self.lines((line,))

    def json(self, document: object) -> None:
        """Write the one JSON document of an answer."""
        self.raw(msgspec.json.encode(document))
        self.raw(b"\n")

    def raw(self, content: bytes) -> None:
        """Write a piece of a JSON document as it is."""
        binary = getattr(self._out, "buffer", None)
        if binary is None:
            self._out.write(content.decode("utf-8", "replace"))
            return
        self._out.flush()
        binary.write(content)
        binary.flush()

    def message(self, line: str) -> None:
        """Write a line that is not part of the answer."""
        self._err.write(f"{line}\n")
        self._err.flush()

    def error(self, error: DsyncError) -> None:
        """Name an error's cause and what to try next."""
        problem = error.problem()
        self.message(self.texts.text("cli.error", message=self.texts.message_of(problem)))
        remedy = self.texts.remedy_of(problem)
        if remedy:
            self.message("  " + self.texts.text("cli.remedy", remedy=remedy))

    def console(self) -> "Console":
        """A rich console on stdout that takes nothing for markup."""
        from rich.console import Console

        return Console(file=self._out, markup=False, emoji=False, highlight=False)

    def message_console(self) -> "Console":
        """The same on stderr."""
        from rich.console import Console

        return Console(file=self._err, markup=False, emoji=False, highlight=False)

    def paint(self, renderable: "RenderableType") -> None:
        """Show a table on the terminal."""
        self.console().print(renderable)


def abandon_stdout() -> None:
    """Let Python's own flush at the end go nowhere once the reader of stdout has gone."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
