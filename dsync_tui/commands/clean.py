"""``clean [--dry-run] [--node NODE]``."""

import argparse

from backend.texts import Texts
from dsync_tui.commands.acting import code_of, perform, tell
from dsync_tui.commands.command import Command, add_json, add_nodes
from dsync_tui.invocation import Invocation


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("--dry-run", action="store_true", help=texts.text("help.clean.dry-run"))
    add_nodes(parser, texts)
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    argument = "dry-run" if invocation.arguments.dry_run else ""
    result = perform(invocation, "clean", None, invocation.arguments.node, argument)
    if result.ok and not result.lines and not invocation.json:
        invocation.output.line(invocation.texts.text("cli.clean.nothing"))
        return code_of(result)
    return tell(invocation, result)


COMMAND = Command("clean", "help.clean", _describe, _run)
