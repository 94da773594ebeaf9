"""Lines: exact widths, plain text, honest cuts."""

import pytest
from rich.cells import cell_len

from dsync_tui.console.lines import (
    Line,
    clipped,
    cut_line,
    fitted,
    fitting,
    joined,
    paint,
    spread,
    width_of,
    wrapped,
)
from dsync_tui.console.palette import Palette
from dsync_tui.console.theme_files import shipped_themes

PALETTE = Palette(shipped_themes()["dark"], ascii_only=False)
ASCII = Palette(shipped_themes()["dark"], ascii_only=True)
HOSTILE = ("[@click=app.quit]x", "a\x1b[2Jb", "right\u202eleft", "zero\u200bwidth", "tab\tline\nfeed", "日本語ノード")


def painted(line: Line, width: int, palette: Palette = PALETTE) -> str:
    strip = paint(line, width, palette)
    assert sum(cell_len(segment.text) for segment in strip) == width
    assert strip.cell_length == width
    return "".join(segment.text for segment in strip)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("width", [1, 2, 5, 7, 40])
def test_whatever_the_text_the_width_is_exact_and_nothing_acts(text: str, width: int) -> None:
    shown = painted([(text, "text"), (text, "bad")], width)
    assert not any(char in shown for char in "\x1b\u202e\u200b\t\n")
    assert cell_len(fitted(text, width)) == width
    assert cell_len(clipped(text, width)) <= width


def test_text_is_never_markup() -> None:
    strip = paint([("[@click=app.quit]x[/]", "text")], 30, PALETTE)
    assert "[@click=app.quit]x[/]" in strip.text
    assert not any(segment.style is not None and segment.style.meta for segment in strip)


def test_cuts_say_so() -> None:
    assert clipped("abcdef", 4) == "abc⋯"
    assert clipped("abc", 3) == "abc"
    assert clipped("日本語", 5) == "日本⋯"
    assert fitted("ab", 4, right=True) == "  ab"
    assert cut_line([("abc", "text"), ("defgh", "bad")], 5) == [("abc", "text"), ("d⋯", "bad")]


def test_own_signs_have_ascii_stand_ins_but_names_stay() -> None:
    assert painted([("▸ ╎ ⋯ 日本", "text")], 12, ASCII) == "> | ~ 日本  "


def test_both_ends_of_a_line() -> None:
    assert painted(spread([("left", "text")], [("right", "text")], 12), 12) == "left   right"
    assert painted(spread([("a long left part", "text")], [("right", "text")], 12), 12) == "a lon⋯ right"
    assert painted(spread([("left", "text")], [("much too long", "text")], 6), 6) == "left  "


def test_joining_leaves_out_what_is_empty() -> None:
    assert "".join(text for text, _ in joined([[("a", "text")], [], [("b", "text")]])) == "a  b"
    parts: list[Line] = [[("one", "text")], [("two", "text")], [("three", "text")]]
    assert width_of(fitting(parts, 8)) == 8
    assert width_of(fitting(parts, 7)) == 3
    assert fitting(parts, 2) == []


@pytest.mark.parametrize("width", [1, 3, 8, 20])
@pytest.mark.parametrize("text", [*HOSTILE, "the quick brown fox", "x" * 50, ""])
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = ["".join(part for part, _ in line) for line in wrapped(text, width)]
    assert all(cell_len(line) <= max(width, 2) for line in lines)
    if text.isascii() and text.isprintable():
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
