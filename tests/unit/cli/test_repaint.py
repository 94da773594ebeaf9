"""Painting in place: only what has changed, in one write, with nothing to put back."""

import io
from collections.abc import Sequence

import pytest
from rich.cells import cell_len
from rich.console import Console, Group
from rich.text import Text

from benchmarks.screen import Screen
from dsync_tui.repaint import Repaint
from dsync_tui.wrapping import CUT


class Painter:
    """A repaint on a screen that can be looked at."""

    def __init__(self, width: int = 30, height: int = 8) -> None:
        self._file = io.StringIO()
        self._console = Console(file=self._file, force_terminal=True, width=width, height=height, color_system=None)
        self._repaint = Repaint(self._console)
        self.screen = Screen(width, height)

    def show(self, *lines: str) -> str:
        """Paint lines; what was written for them."""
        self._repaint.show(Group(*(Text(line) for line in lines)))
        written = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        # A terminal's driver adds the carriage returns.
        self.screen.feed(written.replace("\n", "\r\n").encode())
        return written

    def resize(self, width: int, height: int) -> None:
        """Make the terminal another size."""
        self._console.size = (width, height)
        self.screen.resize(width, height)

    def seen(self) -> list[str]:
        """The lines that are on the screen."""
        return self.screen.text().rstrip("\n").split("\n")


def test_a_picture_is_painted_over_the_one_before() -> None:
    painter = Painter()
    painter.show("one", "two", "three")
    painter.show("one", "2")
    assert painter.seen() == ["one", "2"]
    painter.show("one", "2", "3", "4")
    assert painter.seen() == ["one", "2", "3", "4"]


def test_what_has_not_changed_is_not_written() -> None:
    painter = Painter()
    assert painter.show("one", "two")
    assert painter.show("one", "two") == ""


def test_nothing_is_left_to_put_back_after_a_frame() -> None:
    written = Painter().show("one", "two")
    assert written.startswith("\x1b[?2026h\x1b[?25l")
    assert written.endswith("\x1b[?25h\x1b[?2026l")
    assert "\x1b[?1049" not in written


def test_as_much_is_painted_as_fits_and_a_sign_says_so() -> None:
    painter = Painter(height=5)
    for _ in range(2):
        painter.show(*(f"line {number} {_}" for number in range(20)))
        assert painter.seen()[-1] == CUT
        assert len(painter.seen()) == 4
    assert painter.seen()[0] == "line 0 1"


def test_another_size_begins_on_a_clear_screen() -> None:
    painter = Painter(width=30)
    painter.show("a line that is rather long", "two")
    painter.resize(12, 8)
    painter.show("a line that is rather long", "two")
    assert painter.seen() == ["a line that", "is rather", "long", "two"]


@pytest.mark.parametrize("lines", [["节点 镜像包 就绪", "待重试"], ["a" * 30]])
def test_wide_and_long_lines_stay_within_the_screen(lines: Sequence[str]) -> None:
    painter = Painter(width=9)
    painter.show(*lines)
    painter.show(*lines, "end")
    assert painter.seen()[-1] == "end"
    assert all(cell_len(line) <= 9 for line in painter.seen())
