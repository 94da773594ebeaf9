"""Runs inside a daemon under test, which finds it by PYTHONPATH: stops the process at a point that a file names.

``stop-at``, beside the daemon's settings file, holds an audit event (docs.python.org, "Audit events table") and the end
of its first argument, such as ``os.remove data``. Just before that happens the whole process gets a SIGSTOP, so that a
test may look at what lies there, and kill it. Without that file nothing is done.
"""

import signal
import sys
import threading
from pathlib import Path

STOP_AT = "stop-at"
EVENTS = frozenset({"open", "os.link", "os.remove", "os.rmdir"})


def _settings() -> Path | None:
    words = sys.orig_argv
    return Path(words[words.index("--config") + 1]) if "daemon" in words and "--config" in words else None


def _watch(wish: Path) -> None:
    # Of each thread: while one reads, what the others do counts all the same.
    mine = threading.local()

    def hook(happens: str, arguments: tuple[object, ...]) -> None:
        if happens not in EVENTS or getattr(mine, "reading", False) or not wish.exists():
            return
        mine.reading = True  # opening the file is an event too
        event, _, ending = wish.read_text().partition(" ")
        mine.reading = False
        if happens == event and str(arguments[0]).endswith(ending):
            # To this very thread: it goes no step further, whichever thread the rest of the process is in.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    sys.addaudithook(hook)


_found = _settings()
if _found is not None:
    _watch(_found.with_name(STOP_AT))
