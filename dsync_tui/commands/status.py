"""``status [ARCHIVE] [--full] [--watch] [--json]``."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from backend.api.wire import StatusDocument
from backend.model.errors import NotReachedError, UsageError
from backend.texts import Texts
from dsync_tui import exit_codes
from dsync_tui.commands.command import Command, add_json
from dsync_tui.invocation import Invocation
from dsync_tui.output import abandon_stdout

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from backend.api.client import ControlClient

_REPAINT_S = 1.0


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("archive", nargs="?", metavar="ARCHIVE", help=texts.text("help.status.archive"))
    parser.add_argument("--full", action="store_true", help=texts.text("help.status.full"))
    parser.add_argument("--watch", action="store_true", help=texts.text("help.status.watch"))
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    if invocation.arguments.watch and invocation.json:
        raise UsageError(what=invocation.texts.text("cli.usage.watch-json"))
    if invocation.json:
        return invocation.ask(lambda client: _pass_on(client, invocation))
    if invocation.arguments.watch:
        try:
            return invocation.ask(lambda client: _watch(client, invocation))
        except KeyboardInterrupt:
            return exit_codes.DONE
    document = invocation.ask(lambda client: _fetch(client, invocation))
    _show(invocation, document)
    return _code_of(document)


async def _pass_on(client: "ControlClient", invocation: Invocation) -> int:
    """Write the document piece by piece as it comes in: that of a large fleet is larger than memory should be."""
    archive = invocation.arguments.archive
    async for piece in client.status_json(archive, invocation.arguments.full):
        invocation.output.raw(piece)
    invocation.output.raw(b"\n")
    # The verdict needs only what has not ended well.
    return _code_of(await client.status(archive))


async def _fetch(client: "ControlClient", invocation: Invocation) -> StatusDocument:
    """Ask for as much as will be shown: every cell only where it was asked for, or the matrix fits the terminal."""
    from dsync_tui.tables.matrix import matrix_fits

    archive, full = invocation.arguments.archive, invocation.arguments.full
    document = await client.status(archive, full)
    if not full and invocation.output.to_terminal and matrix_fits(document, invocation.output.console().width):
        return await client.status(archive, full=True)
    return document


def _show(invocation: Invocation, document: StatusDocument) -> None:
    if invocation.output.to_terminal:
        invocation.output.paint(_picture(invocation, document))
        return
    from dsync_tui.tables.status import status_lines

    invocation.output.lines(status_lines(document, invocation.texts, invocation.arguments.full))


def _picture(invocation: Invocation, document: StatusDocument) -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    from dsync_tui.tables.matrix import matrix_fits, matrix_table
    from dsync_tui.tables.status import delivery_lines, head_line, rejection_lines, status_lines, troubled

    texts = invocation.texts
    if not matrix_fits(document, invocation.output.console().width):
        return Group(*(Text(line) for line in status_lines(document, texts, invocation.arguments.full)))
    trouble = [Text(line) for line in delivery_lines(troubled(document), texts, invocation.arguments.full)]
    reasons = [Text(line) for line in rejection_lines(document, texts)]
    return Group(Text(head_line(document, texts)), matrix_table(document, texts), *trouble, *reasons)


async def _watch(client: "ControlClient", invocation: Invocation) -> int:
    document = await _fetch(client, invocation)
    console = invocation.output.console()
    if not invocation.output.to_terminal or console.is_dumb_terminal:
        while True:
            _show(invocation, document)
            invocation.output.line("")
            await asyncio.sleep(_REPAINT_S)
            document = await _fetch(client, invocation)
    return await _repaint(client, invocation, document, console)


async def _repaint(
    client: "ControlClient", invocation: Invocation, document: StatusDocument, console: "Console"
) -> int:
    """Paint until the terminal goes away; Ctrl-C ends it from outside."""
    from rich.console import Group
    from rich.text import Text

    from dsync_tui.console.terminal import HANGUP_EXIT, terminal_gone
    from dsync_tui.repaint import Repaint

    texts, lost = invocation.texts, list[Text]()
    repaint = Repaint(console)
    while not terminal_gone(1):
        try:
            repaint.show(Group(*lost, _picture(invocation, document)))
        except OSError:
            # It went away under the write, and SIGHUP was not for us (nohup).
            break
        await asyncio.sleep(_REPAINT_S)
        try:
            document = await _fetch(client, invocation)
            lost = []
        except NotReachedError as error:
            why = texts.told_again("why", error.params)
            lost = [Text(texts.text("cli.status.lost", why=why), style="reverse")]
    abandon_stdout()
    return HANGUP_EXIT


def _code_of(document: StatusDocument) -> int:
    from dsync_tui.tables.status import is_well

    return exit_codes.DONE if is_well(document) else exit_codes.NOT_WELL


COMMAND = Command("status", "help.status", _describe, _run)
