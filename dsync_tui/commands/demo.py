"""``demo``: passes its arguments to the back end's demo and shows what it brings: console, table or document."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from backend.api.wire import StatusDocument
from backend.model.errors import NotReachedError
from backend.model.plain import plain
from backend.texts import Call, Texts
from dsync_tui import exit_codes
from dsync_tui.backend_process import backend_command
from dsync_tui.commands.command import Command
from dsync_tui.invocation import Invocation

_LONGEST_WORDS_BYTES = 64 * 1024
END_WITHIN_S = 90.0
"""A fleet under load takes its time to go; killed, it would leave the rest to its janitor."""
_PLAIN_OPTIONS = frozenset({"--json", "--help", "-h"})
"""With one of these the back end's own words are the answer."""
_ONCE, _HEADLESS = "--once", "--headless"


class Announcement(msgspec.Struct, frozen=True):
    """What ``python -m backend demo --announce`` says in one line of JSON once its fleet stands."""

    socket: str
    config: str


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """The back end's demo knows its arguments."""


def _run(invocation: Invocation) -> int:
    rest: list[str] = invocation.arguments.rest
    until_told = _HEADLESS in rest and _ONCE not in rest
    if until_told or _PLAIN_OPTIONS.intersection(rest):
        # In this process's place: there is nothing left to do here, and nobody to outlive.
        command = backend_command("demo", invocation.config, *rest)
        os.execv(command[0], command)
    if _ONCE in rest or not (sys.stdin.isatty() and invocation.output.to_terminal):
        return _table(invocation, rest)
    return _console(invocation, rest)


def _table(invocation: Invocation, rest: list[str]) -> int:
    """Let the fleet do its work, then show the final matrix."""
    options = [word for word in (_HEADLESS, _ONCE, "--json") if word not in rest]
    with _ending_with_us(), _lifeline() as lifeline:
        command = backend_command("demo", invocation.config, "--lifeline", str(lifeline), *options, *rest)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, pass_fds=(lifeline,)) as child:
            try:
                content, _ = child.communicate()
            finally:
                _end(child)
    try:
        document = msgspec.json.decode(content, type=StatusDocument)
    except msgspec.MsgspecError:
        # It has said on stderr why there is none.
        return child.returncode or exit_codes.NOT_WELL
    _show(invocation, document)
    return child.returncode


@contextmanager
def _lifeline() -> Iterator[int]:
    """The reading end of a pipe that is closed at its other end when this process is gone, however it went."""
    reader, writer = os.pipe()
    try:
        yield reader
    finally:
        os.close(reader)
        os.close(writer)


def _show(invocation: Invocation, document: StatusDocument) -> None:
    from dsync_tui.tables.matrix import MATRIX_WIDTH, matrix_fits, matrix_lines, matrix_table
    from dsync_tui.tables.status import status_lines

    output = invocation.output
    if output.to_terminal and matrix_fits(document, output.console().width):
        output.paint(matrix_table(document, invocation.texts))
        return
    if matrix_fits(document, MATRIX_WIDTH):
        output.lines(matrix_lines(document, invocation.texts))
        output.line("")
    output.lines(status_lines(document, invocation.texts, full=False))


def _console(invocation: Invocation, rest: list[str]) -> int:
    """Watch the fleet in the console; it ends with the console."""
    with _ending_with_us(), _fleet(invocation, rest) as fleet:
        from backend.api.client import ControlClient
        from dsync_tui.console.run import run_console

        return run_console(
            lambda: ControlClient(Path(fleet.socket)),
            invocation.settings.console,
            ascii_only=invocation.arguments.ascii,
            slow_link=invocation.arguments.slow_link,
            ends_with_console=True,
            call=Call(config=fleet.config),
        )


@contextmanager
def _fleet(invocation: Invocation, rest: list[str]) -> Iterator[Announcement]:
    invocation.output.message(invocation.texts.text("cli.demo.starting"))
    # Its words would spoil the console's screen: they are shown only where it could not start.
    with tempfile.TemporaryFile() as words:
        child = subprocess.Popen(
            backend_command("demo", invocation.config, "--announce", *rest),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
        )
        try:
            fleet = _announced(child, words)
            # Behind the console until it ends: where everything is, and which runtimes there are.
            invocation.output.message(os.pread(words.fileno(), _LONGEST_WORDS_BYTES, 0).decode("utf-8", "replace"))
            yield fleet
            invocation.output.message(invocation.texts.text("cli.demo.ending"))
        finally:
            _end(child)


def _announced(child: "subprocess.Popen[bytes]", words: IO[bytes]) -> Announcement:
    line = child.stdout.readline() if child.stdout is not None else b""
    try:
        return msgspec.json.decode(line, type=Announcement)
    except msgspec.MsgspecError:
        words.seek(0)
        said = plain(words.read(4096).decode("utf-8", "replace").strip(), 1000)
        raise NotReachedError(socket="demo", why=said) from None


@contextmanager
def _ending_with_us() -> Iterator[None]:
    """While inside, a closed terminal and a polite kill end this process in order, its fleet first."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Let the fleet go: it takes itself down once it is told, or its standard input is closed."""
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


COMMAND = Command("demo", "help.demo", _describe, _run, passes_on=True)
