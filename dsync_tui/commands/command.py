"""What a command is, and options that several share."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from backend.texts import Texts
from dsync_tui.invocation import Invocation


@dataclass(frozen=True, slots=True)
class Command:
    """One command: ``describe`` adds its arguments, ``run`` does it and returns the exit code.

    ``help`` is the key of its text. ``run`` raises DsyncError; KeyboardInterrupt and BrokenPipeError may pass.
    """

    name: str
    help: str
    describe: Callable[[argparse.ArgumentParser, Texts], None]
    run: Callable[[Invocation], int]
    passes_on: bool = False
    """All arguments behind the command are another program's; they come as ``arguments.rest``."""


def add_common(parser: argparse.ArgumentParser, texts: Texts, default: str | None = argparse.SUPPRESS) -> None:
    """Add ``--config``, ``--host`` and ``--ssh-config``, which may stand before and after a command.

    With SUPPRESS what is not given behind the command does not undo what stood before it.
    """
    parser.add_argument("--config", metavar="FILE", default=default, help=texts.text("help.option.config"))
    parser.add_argument("--host", metavar="ssh://USER@NODE", default=default, help=texts.text("help.option.host"))
    parser.add_argument("--ssh-config", metavar="FILE", default=default, help=texts.text("help.option.ssh-config"))


def add_json(parser: argparse.ArgumentParser, texts: Texts, default: bool | str = False) -> None:
    """Add ``--json``; with SUPPRESS as default it may stand before the parser's own word too."""
    parser.add_argument("--json", action="store_true", default=default, help=texts.text("help.option.json"))


def add_nodes(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Add ``--node NODE``, which may come several times."""
    parser.add_argument("--node", action="append", metavar="NODE", help=texts.text("help.option.node"))
