"""The command line: arguments to a command, errors to one clear line and an exit code."""

import argparse
import os
import sys
from collections.abc import Sequence

from backend.model.errors import DsyncError
from backend.texts import Texts
from backend.texts.parsing import argparse_speaks
from dsync_tui import exit_codes
from dsync_tui.backend_process import backend_command
from dsync_tui.commands.command import add_common
from dsync_tui.console_start import open_console
from dsync_tui.invocation import Invocation
from dsync_tui.language import texts_of_call
from dsync_tui.output import Output, abandon_stdout


def main(argv: Sequence[str] | None = None) -> int:
    """Run one call; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    texts = texts_of_call(words)
    try:
        with argparse_speaks(texts):
            arguments = _parsed(words, texts)
    except SystemExit as ended:
        # argparse has said what there is to say.
        return ended.code if isinstance(ended.code, int) else exit_codes.DONE
    output = Output(texts)
    try:
        return int(arguments.run(Invocation(arguments, output)))
    except DsyncError as error:
        output.error(error)
        return exit_codes.of_error(error)
    except KeyboardInterrupt:
        output.message(texts.text("cli.interrupted"))
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        abandon_stdout()
        return exit_codes.PIPE_CLOSED


def _parsed(argv: list[str], texts: Texts) -> argparse.Namespace:
    plain = _without_commands(argv, texts)
    if plain is not None:
        return plain
    parser = _parser(texts)
    arguments, rest = parser.parse_known_args(argv)
    if rest and not arguments.passes_on:
        parser.error(texts.text("cli.usage.unknown-arguments", arguments=" ".join(rest)))
    arguments.rest = rest
    return arguments


def _without_commands(argv: list[str], texts: Texts) -> argparse.Namespace | None:
    """The call of a console or a daemon, for which no command need be imported; None where it is anything else."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    _add_starting(parser, texts)
    try:
        arguments, rest = parser.parse_known_args(argv)
    except argparse.ArgumentError:
        return None
    arguments.rest = rest
    return None if rest else arguments


def _add_starting(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("--daemon", action="store_true", help=texts.text("help.option.daemon"))
    parser.add_argument("--ascii", action="store_true", help=texts.text("help.option.ascii"))
    parser.add_argument("--slow-link", action="store_true", help=texts.text("help.option.slow-link"))
    add_common(parser, texts, default=None)
    parser.set_defaults(run=_without_command, passes_on=False)


def _parser(texts: Texts) -> argparse.ArgumentParser:
    # Late: a console that is to open within half a second has no use for them.
    from dsync_tui.commands.registry import COMMANDS
    from dsync_tui.help_format import CellFormatter

    parser = argparse.ArgumentParser(
        prog="dsync-tui",
        description=texts.text("help.program"),
        epilog=texts.text("help.exit-codes"),
        allow_abbrev=False,
        formatter_class=CellFormatter,
    )
    _add_starting(parser, texts)
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help=texts.text("help.option.version"))
    commands = parser.add_subparsers(metavar="COMMAND")
    for command in COMMANDS:
        described = commands.add_parser(
            command.name,
            help=texts.text(command.help),
            description=texts.text(command.help),
            allow_abbrev=False,
            formatter_class=CellFormatter,
            add_help=not command.passes_on,
        )
        command.describe(described, texts)
        if not command.passes_on:
            add_common(described, texts)
        described.set_defaults(run=command.run, passes_on=command.passes_on)
    return parser


def _without_command(invocation: Invocation) -> int:
    if not invocation.arguments.daemon:
        return open_console(invocation)
    command = backend_command("daemon", invocation.config)
    os.execv(command[0], command)


class _ShowVersion(argparse.Action):
    """Looks the version up only where it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Say it and end."""
        sys.stdout.write(f"dsync-tui {_version()}\n")
        parser.exit()


def _version() -> str:
    # Late: it takes a twentieth of a second, and a console is to open within half a one.
    from importlib import metadata

    try:
        return metadata.version("dsync-tui")
    except metadata.PackageNotFoundError:
        return "0+checkout"
