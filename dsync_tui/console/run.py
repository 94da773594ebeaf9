"""The console's door: run it on a link until it is left."""

import os
import sys
import time
from collections.abc import Callable

from backend.settings.schema import ConsoleGroup
from backend.texts.calls import PLAIN_CALL, Call
from dsync_tui.console.app import ConsoleApp, Left
from dsync_tui.console.link import Link
from dsync_tui.console.terminal import has_few_colours, restored, shows_ascii_only
from dsync_tui.console.theme_files import theme_folders
from dsync_tui.language import texts_of_setting


def run_console(
    connect: Callable[[], Link],
    settings: ConsoleGroup,
    *,
    ascii_only: bool = False,
    slow_link: bool = False,
    ends_with_console: bool = False,
    call: Call = PLAIN_CALL,
) -> int:
    """Show the console until it is left; returns the exit code: 0, 1 after an error that nobody expected, 129 where the
    terminal went away, 143 where it was told to end.

    ``connect`` is called once, within the console's event loop; the console closes what it returns. How it was left is
    said on stdout, so that a detach is not mistaken for a stop; ``ends_with_console``: what is shown does not outlive
    the console (a demo), and the words are others. ``call``: how commands to try reach what is shown.
    """
    # NO_COLOR counts when it is there and not empty (no-color.org).
    no_colour = bool(os.environ.get("NO_COLOR"))
    if not no_colour:
        # Textual takes an empty one for set.
        os.environ.pop("NO_COLOR", None)
    app = ConsoleApp(
        connect,
        theme=settings.theme,
        remaps=settings.keys,
        texts=texts_of_setting(settings.language, call),
        language=settings.language,
        ascii_only=ascii_only or shows_ascii_only(),
        slow_link=slow_link or settings.slow_link,
        now=time.time,
        no_colour=no_colour,
        few_colours=has_few_colours(),
        theme_folders=theme_folders(os.environ),
        ends_with_console=ends_with_console,
    )
    with restored() as leave:
        app.hangup.leave = leave
        left = app.run()
    app.hangup.over()
    if app.hangup.code is not None:
        return app.hangup.code
    if left is not None:
        how = "ended" if ends_with_console and left is Left.DETACHED else left.value
        sys.stdout.write(app.kit.texts.text(f"console.left.{how}") + "\n")
    return app.return_code or 0
