"""``limit RATE [--node NODE]``."""

import argparse

from backend.texts import Texts
from dsync_tui.commands.acting import perform, tell
from dsync_tui.commands.command import Command, add_json, add_nodes
from dsync_tui.invocation import Invocation


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("rate", metavar="RATE", help=texts.text("help.limit.rate"))
    add_nodes(parser, texts)
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    result = perform(invocation, "limit", None, invocation.arguments.node, invocation.arguments.rate)
    return tell(invocation, result)


COMMAND = Command("limit", "help.limit", _describe, _run)
