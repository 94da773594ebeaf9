"""``config check``: what a daemon with these settings would say before it opens its doors, and all settings."""

import argparse
import subprocess

import msgspec

from backend.api.failures import error_of
from backend.api.wire import ErrorBody, SettingDocument, SettingsDocument
from backend.model.errors import RefusedError
from backend.settings import DEFAULT_PATH, explain, without_effect
from backend.texts import Texts
from dsync_tui import exit_codes
from dsync_tui.backend_process import backend_command
from dsync_tui.commands.command import Command, add_common, add_json
from dsync_tui.help_format import CellFormatter
from dsync_tui.invocation import Invocation
from dsync_tui.language import missing_language


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parts = parser.add_subparsers(required=True, metavar="check", dest="part")
    check = parts.add_parser(
        "check", help=texts.text("help.config.check"), allow_abbrev=False, formatter_class=CellFormatter
    )
    add_json(check, texts)
    add_common(check, texts)


def _run(invocation: Invocation) -> int:
    settings, texts = invocation.settings, invocation.texts
    _check_as_the_daemon(invocation)
    lines = explain(settings)
    if invocation.json:
        invocation.output.json(SettingsDocument([SettingDocument(*line) for line in lines]))
    else:
        from dsync_tui.tables.columns import aligned

        head = [texts.text(f"cli.column.{column}") for column in ("key", "value", "origin")]
        invocation.output.lines(aligned(head, lines))
    for key in without_effect(settings):
        invocation.output.message(texts.text("cli.config.without-effect", key=key))
    missing = missing_language(texts, settings.console.language)
    if missing is not None:
        invocation.output.message(missing)
    file = invocation.config or (DEFAULT_PATH if DEFAULT_PATH.exists() else None)
    said = texts.text("cli.config.good", file=file) if file is not None else texts.text("cli.config.defaults")
    invocation.output.message(said)
    return exit_codes.DONE


def _check_as_the_daemon(invocation: Invocation) -> None:
    """Raise what a daemon would refuse to start with beyond the file itself: its key, and the roster's."""
    command = backend_command("check", invocation.config)
    checked = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    if checked.returncode == 0:
        return
    try:
        refused = msgspec.json.decode(checked.stdout, type=ErrorBody)
    except msgspec.MsgspecError as error:
        raise RefusedError(what="config check", why=f"exit code {checked.returncode}") from error
    raise error_of(refused)


COMMAND = Command("config", "help.config", _describe, _run)
