"""The console on real terminals: few colours and none, ASCII, Chinese; and restored, whatever ends it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from rich.cells import cell_len

from tests.hygiene.sources import ROOT
from tests.support.console_program import HANGS
from tests.support.pseudo_terminal import PseudoTerminal

PROGRAM = (sys.executable, "-m", "tests.support.console_program")
GONE_WITHIN_S = 30.0
"""Generous: a busy machine is no fault."""
_SGR = re.compile(rb"\x1b\[([0-9;]*)m")
ATTRIBUTES = frozenset({"", "0", "1", "2", "3", "4", "7", "22", "23", "24", "27"})
DEFAULT_COLOURS = frozenset({"39", "49"})
SIXTEEN = frozenset(str(code) for base in (30, 40, 90, 100) for code in range(base, base + 8))


@contextmanager
def started(
    *options: str, command: tuple[str, ...] = PROGRAM, environment: Mapping[str, str] | None = None
) -> Iterator[PseudoTerminal]:
    """A console that shows its fleet."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    base = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": "/nowhere"}
    with PseudoTerminal((*command, *options), {**kept, **base, **(environment or {})}) as terminal:
        terminal.until_shown("edge-berlin")
        yield terminal


def colour_codes(output: bytes) -> set[str]:
    """The parameters of every SGR sequence; those that choose one of 256 or of all colours in one piece."""
    found: set[str] = set()
    for match in _SGR.finditer(output):
        parts = match[1].decode().split(";")
        while parts:
            part = parts.pop(0)
            if part in ("38", "48"):
                kind = parts.pop(0)
                del parts[: 1 if kind == "5" else 3]
                part = f"{part};{kind}"
            found.add(part)
    return found


# --- colours ------------------------------------------------------------------------------------------------------


def test_sixteen_colours_are_the_terminals_own() -> None:
    with started(environment={"TERM": "xterm-16color"}) as terminal:
        terminal.press("t")
        terminal.until_shown("theme:")
        codes = colour_codes(terminal.output)
    assert codes <= ATTRIBUTES | DEFAULT_COLOURS | SIXTEEN
    assert codes & SIXTEEN, "there are colours"
    assert not codes & {"40", "30"}, "never black on what may be black"


def test_no_color_leaves_attributes_alone() -> None:
    with started(environment={"NO_COLOR": "1", "COLORTERM": "truecolor"}) as terminal:
        terminal.press("t")
        terminal.until_shown("NO_COLOR")
        codes = colour_codes(terminal.output)
    assert codes <= ATTRIBUTES | DEFAULT_COLOURS
    assert {"1", "2", "7"} <= codes, "states are told apart by attributes"


@pytest.mark.parametrize(
    ("environment", "wanted"), [({"COLORTERM": "truecolor"}, "48;2"), ({"NO_COLOR": ""}, "48;5")], ids=["all", "256"]
)
def test_terminals_with_more_colours_get_them(environment: dict[str, str], wanted: str) -> None:
    with started(environment=environment) as terminal:
        assert wanted in colour_codes(terminal.output)


# --- signs and scripts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "environment"),
    [(("--ascii",), {}), ((), {"TERM": "linux"}), ((), {"PYTHONIOENCODING": "latin-1"})],
    ids=["option", "linux", "encoding"],
)
def test_ascii_where_it_is_asked_for_or_nothing_else_can_be_shown(
    options: tuple[str, ...], environment: dict[str, str]
) -> None:
    with started(*options, environment=environment) as terminal:
        words = ("PROGRESS", "DUE IN", "CHECKED", "FREE", "SIZE", "LEVEL")
        for digit, word in zip("234567", words, strict=True):
            terminal.press(digit)
            terminal.until_shown(word)
        terminal.press("?")
        terminal.until_shown("Move")
        output = terminal.output
    assert output.isascii()


def test_chinese_from_the_locale_stands_where_it_should() -> None:
    with started(environment={"LANG": "zh_CN.UTF-8"}) as terminal:
        terminal.until_shown("1 矩阵")
        for digit, word in zip("234567", ("倒计时", "倒计时", "检查于", "剩余空间", "大小", "级别"), strict=True):
            terminal.press(digit)
            terminal.until_shown(word if digit != "2" else "进度")
        text = terminal.text()
        assert all(cell_len(line) <= 80 for line in text.split("\n"))
        assert "q 离开" in text
        terminal.press("q")
        assert terminal.ended() == 0
    assert "已离开控制台" in terminal.output.decode()


# --- the end ------------------------------------------------------------------------------------------------------


def is_restored(terminal: PseudoTerminal) -> None:
    """The terminal is as it was before: its settings, its screen, its cursor, its reports."""
    assert terminal.settings_now() == terminal.settings
    for on, off in (
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[?25l", b"\x1b[?25h"),
        (b"\x1b[?1000h", b"\x1b[?1000l"),
        (b"\x1b[?1003h", b"\x1b[?1003l"),
        (b"\x1b[?1006h", b"\x1b[?1006l"),
        (b"\x1b[?2004h", b"\x1b[?2004l"),
        (b"\x1b[?1004h", b"\x1b[?1004l"),
        (b"\x1b[?2026h", b"\x1b[?2026l"),
    ):
        assert terminal.output.rfind(off) >= terminal.output.rfind(on), off


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda terminal: terminal.press("q"), 0),
        (lambda terminal: terminal.process.send_signal(signal.SIGTERM), 128 + signal.SIGTERM),
        (lambda terminal: terminal.process.send_signal(signal.SIGHUP), 128 + signal.SIGHUP),
    ],
    ids=["q", "SIGTERM", "SIGHUP"],
)
def test_the_terminal_is_restored(end: Callable[[PseudoTerminal], None], code: int) -> None:
    with started() as terminal:
        assert terminal.settings_now() != terminal.settings, "raw while it runs"
        end(terminal)
        assert terminal.ended() == code
        is_restored(terminal)
        assert b"Traceback" not in terminal.output


def test_an_error_that_nobody_expects_leaves_the_terminal_restored_and_is_told() -> None:
    with started(environment={"DSYNC_TEST_END": "boom"}) as terminal:
        assert terminal.ended() == 1
        is_restored(terminal)
        last = terminal.output[terminal.output.rfind(b"\x1b[?1049l") :].decode()
    assert "Please report these lines" in " ".join(last.split())
    assert "RuntimeError: boom" in last
    assert "locals" not in last


def test_a_console_that_hangs_is_ended_and_the_terminal_restored_all_the_same() -> None:
    with started(environment={"DSYNC_TEST_END": "hang"}) as terminal:
        terminal.until(lambda terminal: HANGS in terminal.output)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.ended() == 128 + signal.SIGTERM
        is_restored(terminal)


HANGUP_IGNORED = ("sh", "-c", 'trap "" HUP; exec "$0" "$@"', *PROGRAM)


@pytest.mark.parametrize("command", [PROGRAM, HANGUP_IGNORED], ids=["plain", "SIGHUP-ignored"])
def test_a_console_whose_terminal_goes_away_ends(command: tuple[str, ...]) -> None:
    with started(command=command) as terminal:
        terminal.hang_up()
        try:
            terminal.process.wait(GONE_WITHIN_S)
        except subprocess.TimeoutExpired:
            pytest.fail("it lives on without a terminal")
