"""``health [--node NODE|--all]``."""

import argparse
import asyncio
from typing import TYPE_CHECKING

import msgspec

from backend.api.wire import CheckDocument, HealthDocument
from backend.model.errors import NodeUnknownError, RefusedError, UsageError
from backend.texts import Texts
from dsync_tui import exit_codes
from dsync_tui.commands.command import Command, add_json
from dsync_tui.invocation import Invocation

if TYPE_CHECKING:
    from backend.api.client import ControlClient

_AT_A_TIME = 10


class FleetHealth(msgspec.Struct, frozen=True):
    """``health --all --json``. ``ok``: every node's checks are."""

    ok: bool
    nodes: list[HealthDocument]


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("--node", metavar="NODE", help=texts.text("help.option.node-one"))
    parser.add_argument("--all", action="store_true", help=texts.text("help.health.all"))
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    if invocation.arguments.all and invocation.arguments.node is not None:
        raise UsageError(what=invocation.texts.text("cli.usage.node-or-all"))
    if not invocation.arguments.all:
        one = invocation.ask(lambda client: _ask(client, invocation.arguments.node, invocation.texts))
        return _show(invocation, [one], one)
    nodes = invocation.ask(lambda client: _everywhere(client, invocation.texts))
    return _show(invocation, nodes, FleetHealth(all(node.ok for node in nodes), nodes))


async def _everywhere(client: "ControlClient", texts: Texts) -> list[HealthDocument]:
    names = [node.name for node in (await client.status()).nodes]
    at_a_time = asyncio.Semaphore(_AT_A_TIME)

    async def ask(name: str) -> HealthDocument:
        async with at_a_time:
            return await _ask(client, name, texts)

    return await asyncio.gather(*(ask(name) for name in names))


async def _ask(client: "ControlClient", name: str | None, texts: Texts) -> HealthDocument:
    """Ask a node; that it does not answer is an answer too. Raises NodeUnknownError, NotReachedError."""
    try:
        return await client.health(name)
    except NodeUnknownError:
        raise
    except RefusedError as error:
        return _without_answer(name or "", error, texts)


def _without_answer(name: str, error: RefusedError, texts: Texts) -> HealthDocument:
    problem = error.problem()
    check = CheckDocument("answer", False, "", texts.message_of(problem), texts.remedy_of(problem) or None)
    return HealthDocument(name, False, [check])


def _show(invocation: Invocation, nodes: list[HealthDocument], document: HealthDocument | FleetHealth) -> int:
    from dsync_tui.tables.health import health_lines

    if invocation.json:
        invocation.output.json(document)
    else:
        for index, node in enumerate(nodes):
            invocation.output.lines(([""] if index else []) + list(health_lines(node, invocation.texts)))
    return exit_codes.DONE if all(node.ok for node in nodes) else exit_codes.NOT_WELL


COMMAND = Command("health", "help.health", _describe, _run)
