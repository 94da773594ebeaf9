"""What is shown, as a file in the folder that the console was started in."""

import asyncio
import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from backend.model.plain import plain
from dsync_tui.console.asking import Answer, Ask, Stage
from dsync_tui.console.kit import Kit
from dsync_tui.console.records import Record, Value

KINDS = ("csv", "json", "svg")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def as_csv(records: Sequence[Record]) -> str:
    """One line a record, under all names that occur. What a spreadsheet would run as a formula is quoted."""
    names = list(dict.fromkeys(name for record in records for name in record))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_harmless(name) for name in names])
    writer.writerows([_harmless(record.get(name)) for name in names] for record in records)
    return out.getvalue()


def _harmless(value: Value) -> str:
    if not isinstance(value, str):
        return "" if value is None else str(value)
    shown = plain(value)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def as_json(records: Sequence[Record]) -> str:
    """One list of objects, in which what is not known is null."""
    return msgspec.json.format(msgspec.json.encode(list(records))).decode() + "\n"


def file_name(view: str, at: float, kind: str) -> str:
    """A name that sorts by time, in this machine's zone."""
    return f"dsync-{view}-{datetime.fromtimestamp(at).astimezone():%Y%m%d-%H%M%S}.{kind}"


def write_new(folder: Path, name: str, content: str) -> Path:
    """Write a file that was not there; where it was, under a further name. Raises OSError."""
    stem, dot, suffix = name.rpartition(".")
    for number in range(100):
        path = folder / (name if not number else f"{stem}-{number}{dot}{suffix}")
        try:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(content)
        except FileExistsError:
            continue
        return path.absolute()
    raise FileExistsError(name)


class Exporting:
    """Asks for the kind of file, and writes it beside the event loop."""

    def __init__(self, kit: Kit, stage: Stage, picture: Callable[[], str], folder: Path) -> None:
        self._kit = kit
        self._stage = stage
        self._picture = picture
        self._folder = folder

    async def export(self, view: str, records: Callable[[], Iterable[Record]]) -> None:
        """Write what a view shows; says where, or why not."""
        say = self._kit.say
        answers = [Answer("cancel", say("answer.cancel")), *(Answer(kind, kind.upper()) for kind in KINDS)]
        body = [[(say("export.body", folder=plain(_whereabouts(self._folder))), "text")]]
        kind = await self._stage.ask(Ask(say("export.title", view=say(f"view.{view}")), body, answers))
        if kind not in KINDS:
            return
        content = self._picture() if kind == "svg" else _written(kind, list(records()))
        name = file_name(view, self._kit.now(), kind)
        try:
            path = await asyncio.to_thread(write_new, self._folder, name, content)
        except OSError as error:
            self._stage.tell(say("export.failed", path=self._folder / name, why=error.strerror or str(error)), False)
        else:
            self._stage.tell(say("export.done", path=path), True)


def _whereabouts(folder: Path) -> str:
    """A folder by its whole path; as it is called where the one that the console was started in was removed."""
    try:
        return str(folder.absolute())
    except OSError:
        return str(folder)


def _written(kind: str, records: Sequence[Record]) -> str:
    return as_csv(records) if kind == "csv" else as_json(records)
