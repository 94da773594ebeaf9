"""What a terminal shows: enough of an emulator to read the console from outside, fast enough not to be in the way.

It knows what full-screen programs write: cursor moves, line feeds, erasing, wide characters. Colours are passed over.
"""

import codecs
import re
from collections.abc import Callable

from rich.cells import cell_len

_TOKEN = re.compile(
    r"\x1b\[([0-9;?>=<!]*)[ -/]*([@-~])"  # control sequence: parameters, final
    r"|\x1b[\]P^_].*?(?:\x07|\x1b\\)"  # a string: title, clipboard
    r"|\x1b[^\[\]P^_]"  # two characters
    r"|[^\x1b\x00-\x1f]+"  # text
    r"|[\x00-\x1a\x1c-\x1f]",  # control character
    re.DOTALL,
)
_LONGEST_SEQUENCE = 4096
_WIDE_TRAIL = ""
"""Stands in the second cell of a wide character."""


class Screen:
    """A grid of characters that ``feed`` changes. ``answer`` is told what the terminal must reply to its program."""

    def __init__(self, width: int, height: int, answer: Callable[[bytes], None] = lambda _: None) -> None:
        self.width = width
        self.height = height
        self._answer = answer
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._x = self._y = 0
        self._rows = self._blank()

    def _blank(self) -> list[list[str]]:
        return [[" "] * self.width for _ in range(self.height)]

    def resize(self, width: int, height: int) -> None:
        """Take another size; what was shown is forgotten."""
        self.width, self.height = width, height
        self._x = self._y = 0
        self._rows = self._blank()

    def line(self, y: int) -> str:
        """One line as text, blanks at its end included."""
        return "".join(self._rows[y])

    def text(self) -> str:
        """All lines, without blanks at their ends."""
        return "\n".join(self.line(y).rstrip() for y in range(self.height))

    def feed(self, content: bytes) -> None:
        """Take what the program wrote."""
        text = self._rest + self._decode(content)
        end = 0
        for match in _TOKEN.finditer(text):
            if match.start() != end:
                break
            end = match.end()
            self._take(match)
        self._rest = text[end:] if len(text) - end < _LONGEST_SEQUENCE else ""

    def _take(self, match: re.Match[str]) -> None:
        final = match[2]
        if final is None:
            token = match[0]
            if token >= " ":
                self._write(token)
            elif token == "\n":
                self._feed_line()
            elif token == "\r":
                self._x = 0
        elif final == "m":
            pass
        else:
            self._control(match[1], final)

    def _feed_line(self) -> None:
        if self._y < self.height - 1:
            self._y += 1
        else:
            self._rows = [*self._rows[1:], [" "] * self.width]

    def _write(self, text: str) -> None:
        row = self._rows[self._y]
        width, x = self.width, self._x
        if text.isascii() or cell_len(text) == len(text):
            end = min(x + len(text), width)
            row[x:end] = text[: end - x]
            self._x = min(end, width - 1)
            return
        for char in text:
            cells = cell_len(char)
            if cells == 0:
                continue
            x = min(x, width - cells)
            row[x] = char
            if cells == 2:
                row[x + 1] = _WIDE_TRAIL
            x += cells
        self._x = min(x, width - 1)

    def _control(self, parameters: str, final: str) -> None:
        if final == "H":
            line, _, column = parameters.partition(";")
            self._y = min(max(int(line or 1), 1), self.height) - 1
            self._x = min(max(int(column or 1), 1), self.width) - 1
        elif final == "A":
            self._y = max(self._y - int(parameters or 1), 0)
        elif final == "J":
            blank = self._blank()
            if parameters in ("2", "3"):
                self._rows = blank
            else:
                self._rows[self._y][self._x :] = [" "] * (self.width - self._x)
                self._rows[self._y + 1 :] = blank[self._y + 1 :]
        elif final == "K":
            self._rows[self._y][self._x :] = [" "] * (self.width - self._x)
        elif final in "hl" and parameters == "?1049":
            self._rows = self._blank()
        elif final == "p" and parameters == "?2026":
            # Modern terminals paint what stands between begin and end of an update at once.
            self._answer(b"\x1b[?2026;2$y")
        elif final == "C":
            self._x = min(self._x + int(parameters or 1), self.width - 1)
