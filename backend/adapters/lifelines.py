"""Pipes that end with whoever holds their other end."""

import asyncio
import os
from collections.abc import Callable


def when_cut(descriptor: int, told: Callable[[], object]) -> None:
    """Call ``told`` once the other end of a pipe is closed; what comes through it is passed over.

    Several processes may read one pipe if it does not block. Raises PermissionError for what no loop can watch: a
    regular file, /dev/null.
    """
    loop = asyncio.get_running_loop()

    def moved() -> None:
        try:
            cut = not os.read(descriptor, 4096)
        except BlockingIOError:
            return
        except OSError:
            cut = True
        if cut:
            loop.remove_reader(descriptor)
            told()

    loop.add_reader(descriptor, moved)
