"""``plan ARCHIVE|FILE [--to NODE …]``: what a file, or a sync, would move before it moves."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from backend.api.plans import PlanDocument, PlanRequest
from backend.texts import Texts
from dsync_tui import exit_codes
from dsync_tui.commands.command import Command, add_json
from dsync_tui.file_or_archive import file_meant, opened
from dsync_tui.invocation import Invocation

if TYPE_CHECKING:
    from backend.api.client import ControlClient


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("what", metavar="ARCHIVE|FILE", help=texts.text("help.plan.what"))
    parser.add_argument("--to", action="append", metavar="NODE", help=texts.text("help.plan.to"))
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    from dsync_tui.tables.plan import plan_lines

    what, to = invocation.arguments.what, invocation.arguments.to
    path = file_meant(invocation, what)
    if path is not None:
        document = _asked_of_file(invocation, path, to)
    else:
        document = invocation.ask(lambda client: client.plan(PlanRequest(archive=what, nodes=to)))
    if invocation.json:
        invocation.output.json(document)
    else:
        invocation.output.lines(plan_lines(document, invocation.texts))
    return exit_codes.DONE if document.code is None else exit_codes.NOT_WELL


def _asked_of_file(invocation: Invocation, path: Path, to: list[str] | None) -> PlanDocument:
    from dsync_tui.planned_file import planned_file

    async def question(client: "ControlClient") -> PlanDocument:
        return await client.plan(PlanRequest(file=await planned_file(path), nodes=to))

    with opened(path):
        return invocation.ask(question)


COMMAND = Command("plan", "help.plan", _describe, _run)
