"""``stop [--drain]``: returns once the daemon is gone."""

import argparse
import asyncio
import os
import select
import time
from typing import TYPE_CHECKING

from backend.api.wire import Action
from backend.model.errors import NotReachedError
from backend.texts import Texts
from dsync_tui import exit_codes
from dsync_tui.attach import listening_pid
from dsync_tui.commands.command import Command
from dsync_tui.invocation import Invocation

if TYPE_CHECKING:
    from backend.api.client import ControlClient

GONE_WITHIN_S = 60.0
_POLL_S = 0.1


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("--drain", action="store_true", help=texts.text("help.stop.drain"))


def _run(invocation: Invocation) -> int:
    return invocation.ask(lambda client: _stop(client, invocation))


async def _stop(client: "ControlClient", invocation: Invocation) -> int:
    from backend.api.client import new_key

    drain, texts = invocation.arguments.drain, invocation.texts
    epoch = (await client.greeting()).epoch
    # Behind a tunnel the socket's process is ssh.
    process = _opened(listening_pid(client.socket_path)) if invocation.host is None else None
    await client.act(Action(key=new_key(), verb="stop", argument="drain" if drain else "now"))
    if drain:
        invocation.output.message(texts.text("cli.stop.draining"))
    deadline = time.monotonic() + GONE_WITHIN_S
    while not await _is_gone(client, epoch, process):
        if not drain and time.monotonic() > deadline:
            invocation.output.message(texts.text("cli.stop.slow", wait_s=GONE_WITHIN_S))
            return exit_codes.NOT_WELL
        await asyncio.sleep(_POLL_S)
    invocation.output.line(texts.text("cli.stop.done"))
    return exit_codes.DONE


async def _is_gone(client: "ControlClient", epoch: str, process: int | None) -> bool:
    """Tell whether that daemon has ended: its process, or (seen through a tunnel) its answers. A new one may be up."""
    try:
        if (await client.greeting()).epoch == epoch:
            return False
    except NotReachedError:
        pass
    return process is None or _has_ended(process)


def _opened(pid: int | None) -> int | None:
    """A descriptor that stands for just this process, whoever gets its number later; None where it is gone."""
    try:
        return os.pidfd_open(pid) if pid is not None else None
    except ProcessLookupError:
        return None


def _has_ended(process: int) -> bool:
    # Readable once the process has ended, also while its parent has not asked for its exit code: man 2 pidfd_open.
    return bool(select.select([process], [], [], 0)[0])


COMMAND = Command("stop", "help.stop", _describe, _run)
