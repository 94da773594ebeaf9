"""Logging: lines for people on stderr and in ``<logs>/dsync.log``, with every text from outside made plain."""

import logging
import logging.handlers
import time
from pathlib import Path

from backend.model.errors import SettingsError
from backend.model.events import Note
from backend.model.plain import plain
from backend.texts import note_text, phrased

LOG_BYTES = 10 * 1024 * 1024
LOGS_KEPT = 3


class PlainFormatter(logging.Formatter):
    """``2026-01-01T00:00:00Z level logger message``; a note of the event log becomes its English text."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        """One line a record; a traceback follows on lines of its own."""
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Format, escaping what a terminal or a log reader could act on."""
        note = getattr(record, "note", None)
        shown = logging.makeLogRecord(record.__dict__)
        shown.msg, shown.args = plain(record.getMessage(), 4000), None
        if isinstance(note, Note):
            trace = f" trace={note.trace}" if note.trace else ""
            code = f" code={note.problem.code}" if note.problem is not None else ""
            shown.msg = f"{plain(note_text(note), 4000)} [{note.code}{code}{trace}]"
        return super().format(shown)


def begin_logging(directory: Path, to_stderr: bool) -> None:
    """Log to ``<directory>/dsync.log`` (rotated by size) and, if asked, to stderr. Raises SettingsError."""
    handlers: list[logging.Handler] = [_file_in(directory)]
    if to_stderr:
        handlers.append(logging.StreamHandler())
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(PlainFormatter())
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("dsync").setLevel(logging.INFO)
    for noisy in ("asyncssh", "watchfiles", "aiosqlite", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _file_in(directory: Path) -> logging.Handler:
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        return logging.handlers.RotatingFileHandler(
            directory / "dsync.log", maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf-8"
        )
    except OSError as error:
        said = phrased("expected", "a directory for log files that the daemon may write")
        where = error.filename or directory
        raise SettingsError(file=where, key="paths.logs", value=error.strerror, **said) from error
