"""Port ``Watcher`` by watchfiles (inotify)."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

from watchfiles import Change, awatch

from backend.model.plain import plain
from backend.ports.store import is_candidate

DEBOUNCE_MS = 50
STEP_MS = 5
"""An event is told once nothing more has come for a step: 7 ms after a rename. Costs 0.5 % of a core (both tried)."""
LOOK_MS = 250
"""How often it is asked, while nothing happens, whether the directory is still the one that is watched."""
BLIND_S = 2.0
"""How often the consumer is told to look for itself while no watch can be had."""

_log = logging.getLogger("dsync.watching")


class FileWatcher:
    """Watches names in one directory; what lies in subdirectories wakes nobody."""

    async def changes(self, directory: Path) -> AsyncIterator[frozenset[str]]:
        """Yield names that were added, changed or deleted; see the port.

        An empty set comes each time the watch begins anew: at first, after the directory came back, was replaced or
        was mounted over. inotify watches an inode, not a path, and tells of none of these. So it does after a name
        that is not UTF-8. While the directory is not there, nothing comes. Where no watch can be had (``fs.inotify``
        limits), an empty set comes every 2 s.
        """
        told = ""
        while True:
            identity = _identity(directory)
            if identity is None:
                await asyncio.sleep(LOOK_MS / 1000)
                continue
            try:
                async with aclosing(_watch(directory, identity)) as sets:
                    async for names in sets:
                        yield names
            except (FileNotFoundError, NotADirectoryError):
                continue  # gone between the look and the watch
            except OSError as error:
                told = _tell_once(told, f"no watch on {directory}, looking every {BLIND_S:.0f} s: {error}")
                await asyncio.sleep(BLIND_S)
                yield frozenset()
            except ExceptionGroup as group:
                # A name that is not UTF-8 ends the watch (WatchfilesRustInternalError): look, and begin anew. A file of
                # such a name that is being written would end each watch before it tells anything.
                told = _tell_once(told, f"the watch on {directory} broke off: {group.exceptions[0]}")
                await asyncio.sleep(LOOK_MS / 1000)
                yield frozenset()


def _tell_once(told: str, words: str) -> str:
    """Warn unless that was the last thing told: a file that is being written would repeat it all the time."""
    if words != told:
        _log.warning("%s", plain(words))
    return words


async def _watch(directory: Path, identity: tuple[int, int]) -> AsyncGenerator[frozenset[str], None]:
    """Watch until the path leads elsewhere."""
    events = awatch(
        directory,
        watch_filter=None,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
        recursive=False,
    )
    begun = False
    async with aclosing(events):
        async for event in events:
            if _identity(directory) != identity or (Change.deleted, str(directory)) in event:
                return  # a directory that is made anew at once may even get the old inode
            names = frozenset(path.rpartition("/")[2] for _, path in event if path != str(directory))
            wanted = frozenset(filter(is_candidate, names))
            if not begun:
                begun = True
                yield frozenset()
            elif wanted:
                yield wanted


def _identity(directory: Path) -> tuple[int, int] | None:
    """What the path leads to now, links followed: an operator may have linked the store."""
    try:
        found = directory.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
