"""``explain [CODE]``."""

import argparse
import difflib
import re

import msgspec

from backend.model.errors import UsageError
from backend.texts import Texts, told
from backend.texts.catalogue import AREAS
from dsync_tui import exit_codes
from dsync_tui.commands.command import Command, add_json
from dsync_tui.invocation import Invocation


class Explanation(msgspec.Struct, frozen=True):
    """``explain --json``. ``<names>`` stand for what an occurrence tells."""

    code: str
    message: str
    remedy: str | None
    causes: list[str]


class Explanations(msgspec.Struct, frozen=True):
    """``explain --json`` without a code."""

    codes: list[Explanation]


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help=texts.text("help.explain.code"))
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    code, texts = invocation.arguments.code, invocation.texts
    if code is None:
        return _list(invocation)
    if code not in AREAS["errors"]:
        near = difflib.get_close_matches(code, AREAS["errors"], n=5, cutoff=0.4)
        raise UsageError(**told("what", "cli.usage.unknown-code", code=code, near=", ".join(near)))
    explanation = _explained(texts, code)
    if invocation.json:
        invocation.output.json(explanation)
        return exit_codes.DONE
    invocation.output.line(code)
    invocation.output.line(texts.text("cli.explain.message", message=explanation.message))
    for cause in explanation.causes:
        invocation.output.line(texts.text("cli.explain.cause", cause=cause))
    if explanation.remedy is not None:
        invocation.output.line(texts.text("cli.explain.remedy", remedy=explanation.remedy))
    return exit_codes.DONE


def _list(invocation: Invocation) -> int:
    """All codes, each with what it says."""
    from dsync_tui.tables.columns import aligned

    explanations = [_explained(invocation.texts, code) for code in sorted(AREAS["errors"])]
    if invocation.json:
        invocation.output.json(Explanations(explanations))
    else:
        head = [invocation.texts.text(f"cli.column.{column}") for column in ("code", "says")]
        invocation.output.lines(aligned(head, [[one.code, one.message] for one in explanations]))
    return exit_codes.DONE


def _explained(texts: Texts, code: str) -> Explanation:
    return Explanation(
        code,
        _readable(texts.template(code)),
        _readable(texts.remedy_template(code)) or None,
        texts.causes_of(code),
    )


def _readable(template: str) -> str:
    """A template as people read it: parameters as ``<name>``, optional parts without their brackets."""
    without_brackets = re.sub(r"\[([^\[\]{}]*\{[^\[\]]*)\]", r"\1", template)
    return re.sub(r"\{([a-z_0-9]+)(?::[a-z]+)?\}", r"<\1>", without_brackets)


COMMAND = Command("explain", "help.explain", _describe, _run)
