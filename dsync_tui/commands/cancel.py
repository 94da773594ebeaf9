"""``cancel ARCHIVE [--node NODE]``."""

import argparse

from backend.texts import Texts
from dsync_tui.commands.acting import perform, tell
from dsync_tui.commands.command import Command, add_json, add_nodes
from dsync_tui.invocation import Invocation


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("archive", metavar="ARCHIVE", help=texts.text("help.cancel.archive"))
    add_nodes(parser, texts)
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    return tell(invocation, perform(invocation, "cancel", [invocation.arguments.archive], invocation.arguments.node))


COMMAND = Command("cancel", "help.cancel", _describe, _run)
