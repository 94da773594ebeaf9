"""The event log as consoles show it."""

from backend.api.wire import LogLine
from backend.model.events import Note
from backend.texts import note_text


def log_line(note: Note) -> LogLine:
    """A note with its English text; the problem's own parameters travel beside the note's."""
    params = dict(note.params)
    if note.problem is not None:
        params |= {"problem": note.problem.code} | {f"problem.{key}": text for key, text in note.problem.params.items()}
    return LogLine(
        at=note.at,
        level=note.level.value,
        code=note.code,
        params=params,
        text=note_text(note),
        trace=note.trace,
    )
