"""``dsync-tui`` without a command: attach the console, to a daemon that is started beneath it if there is none."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from backend.model.errors import UsageError
from dsync_tui.attach import ensure_daemon
from dsync_tui.invocation import Invocation
from dsync_tui.pace import frames_hz


def open_console(invocation: Invocation) -> int:
    """Show the console until it is left; the exit code. Raises UsageError, SettingsError, NotReachedError."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(what=invocation.texts.text("cli.usage.no-terminal"))
    settings = invocation.settings
    if invocation.host is None and ensure_daemon(settings, invocation.config):
        invocation.output.message(invocation.texts.text("cli.reach.started"))
    slow_link = invocation.arguments.slow_link or settings.console.slow_link
    with invocation.client() as client:
        # The daemon gathers its snapshot while the console is still being imported.
        client.ask_early(frames_hz(slow_link))
        with _importing():
            # Late: the other commands need no Textual.
            from dsync_tui.console.run import run_console

        return run_console(
            lambda: client,
            settings.console,
            ascii_only=invocation.arguments.ascii,
            slow_link=slow_link,
            call=invocation.texts.call,
        )


@contextmanager
def _importing() -> Iterator[None]:
    """Import without looking for garbage: there is none yet, and what is made now stays to the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
