"""``nodes [list]``."""

import argparse

import msgspec

from backend.api.wire import NodeDocument
from backend.texts import Texts
from dsync_tui import exit_codes
from dsync_tui.commands.command import Command, add_common, add_json
from dsync_tui.help_format import CellFormatter
from dsync_tui.invocation import Invocation


class NodesDocument(msgspec.Struct, frozen=True):
    """``nodes --json``."""

    nodes: list[NodeDocument]


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    add_json(parser, texts)
    parts = parser.add_subparsers(metavar="list", dest="part")
    listing = parts.add_parser(
        "list", help=texts.text("help.nodes.list"), allow_abbrev=False, formatter_class=CellFormatter
    )
    add_json(listing, texts, default=argparse.SUPPRESS)
    add_common(listing, texts)


def _run(invocation: Invocation) -> int:
    nodes = invocation.ask(lambda client: client.status()).nodes
    if invocation.json:
        invocation.output.json(NodesDocument(nodes))
    else:
        from dsync_tui.tables.health import node_lines

        invocation.output.lines(node_lines(nodes, invocation.texts))
    return exit_codes.DONE


COMMAND = Command("nodes", "help.nodes", _describe, _run)
