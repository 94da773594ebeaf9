"""``retry [ARCHIVE] [--node NODE] [--all]``."""

import argparse

from backend.model.errors import UsageError
from backend.texts import Texts
from dsync_tui.commands.acting import perform, tell
from dsync_tui.commands.command import Command, add_json, add_nodes
from dsync_tui.invocation import Invocation


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("archive", nargs="?", metavar="ARCHIVE", help=texts.text("help.retry.archive"))
    parser.add_argument("--all", action="store_true", help=texts.text("help.retry.all"))
    add_nodes(parser, texts)
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    archive, nodes = invocation.arguments.archive, invocation.arguments.node
    if archive is None and nodes is None and not invocation.arguments.all:
        raise UsageError(what=invocation.texts.text("cli.usage.which", command="retry"))
    return tell(invocation, perform(invocation, "retry", None if archive is None else [archive], nodes))


COMMAND = Command("retry", "help.retry", _describe, _run)
