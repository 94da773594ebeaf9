"""``withdraw ARCHIVE [--purge]``."""

import argparse

from backend.texts import Texts
from dsync_tui.commands.acting import perform, tell
from dsync_tui.commands.command import Command, add_json
from dsync_tui.invocation import Invocation


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("archive", metavar="ARCHIVE", help=texts.text("help.withdraw.archive"))
    parser.add_argument("--purge", action="store_true", help=texts.text("help.withdraw.purge"))
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    argument = "purge" if invocation.arguments.purge else ""
    return tell(invocation, perform(invocation, "withdraw", [invocation.arguments.archive], None, argument))


COMMAND = Command("withdraw", "help.withdraw", _describe, _run)
