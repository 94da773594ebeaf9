"""``key``: this node's public key, made at the first call."""

import argparse
import subprocess

from backend.texts import Texts
from dsync_tui.backend_process import backend_command
from dsync_tui.commands.command import Command, add_json
from dsync_tui.invocation import Invocation


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    options = ("--json",) if invocation.json else ()
    return subprocess.run(backend_command("key", invocation.config, *options), check=False).returncode


COMMAND = Command("key", "help.key", _describe, _run)
