"""A console on a scripted daemon as a program of its own: ``python -m tests.support.console_program``.

For tests on real terminals, where the environment, signals and the terminal's end matter and the daemon does not.
``DSYNC_TEST_END`` says what happens once the fleet is shown: ``boom`` (an error that nobody expects) or ``hang`` (the
loop stands still for a minute, which the terminal's title tells first).
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator

from backend.api.client import StreamEvent
from backend.api.wire import Beat
from backend.settings.schema import ConsoleGroup
from dsync_tui.console.run import run_console
from tests.support.console import FakeLink
from tests.support.console_fleets import greeting, small_fleet

HANGS = b"\x1b]0;hangs\x07"


class ProgramLink(FakeLink):
    """Says that all is well twice a second, as a daemon does."""

    async def stream(self, frames_hz: float | None = None) -> AsyncIterator[StreamEvent]:
        """The small fleet, then beats; or the error."""
        yield greeting()
        fleet = small_fleet(time.time())
        yield fleet
        await asyncio.sleep(0.5)
        end = os.environ.get("DSYNC_TEST_END")
        if end == "boom":
            raise RuntimeError("boom")
        if end == "hang":
            os.write(1, HANGS)
            time.sleep(60)  # noqa: ASYNC251
        while True:
            yield Beat(sequence=fleet.sequence, at=time.time())
            await asyncio.sleep(0.5)


def main() -> int:
    """Run it; theme and language come from the environment."""
    settings = ConsoleGroup(theme=os.environ.get("DSYNC_TEST_THEME", "dark"))
    return run_console(ProgramLink, settings, ascii_only="--ascii" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
