"""``sync ARCHIVE|FILE [--to NODE …] [--no-wait]``: send a file, or deliver an archive anew where it isn't well."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from backend.api.wire import JobResult
from backend.model.errors import ArchiveUnknownError, NotReachedError, UsageError
from backend.model.plain import plain
from backend.texts import Texts, told
from dsync_tui import exit_codes, saying
from dsync_tui.commands.acting import perform, tell
from dsync_tui.commands.command import Command, add_json
from dsync_tui.file_or_archive import file_meant, opened
from dsync_tui.invocation import Invocation

if TYPE_CHECKING:
    from backend.api.client import ControlClient

CHUNK_BYTES = 1024 * 1024


def _describe(parser: argparse.ArgumentParser, texts: Texts) -> None:
    parser.add_argument("what", metavar="ARCHIVE|FILE", help=texts.text("help.sync.what"))
    parser.add_argument("--to", action="append", metavar="NODE", help=texts.text("help.sync.to"))
    parser.add_argument("--no-wait", action="store_true", help=texts.text("help.sync.no-wait"))
    add_json(parser, texts)


def _run(invocation: Invocation) -> int:
    what, to = invocation.arguments.what, invocation.arguments.to
    path = file_meant(invocation, what)
    if path is not None:
        return _tell(invocation, _send(invocation, path, to or []))
    try:
        return tell(invocation, perform(invocation, "sync", [what], to))
    except ArchiveUnknownError:
        invocation.output.message(invocation.texts.text("cli.sync.no-file-either", path=what))
        raise


def _send(invocation: Invocation, path: Path, to: list[str]) -> JobResult:
    with opened(path) as (file, size_bytes):

        async def sending(client: "ControlClient") -> JobResult:
            with _shown(invocation, path.name, size_bytes) as advance:
                chunks = _chunks(file, path, size_bytes, advance)
                taken = await client.finished(await client.upload(path.name, chunks, size_bytes, to))
            # A daemon of an older version does not tell how it goes on.
            if invocation.arguments.no_wait or taken.follow is None:
                return taken
            return await _followed(client, invocation, taken, taken.follow)

        return invocation.ask(sending)


async def _followed(client: "ControlClient", invocation: Invocation, taken: JobResult, follow: str) -> JobResult:
    """What became of a file that was taken."""
    output, texts = invocation.output, invocation.texts
    output.message(texts.text("cli.sync.waiting", **taken.params))
    try:
        return await client.finished(follow)
    except (asyncio.CancelledError, NotReachedError):
        output.message(texts.text("job.file-looked-at", **taken.params))
        raise


def _tell(invocation: Invocation, result: JobResult) -> int:
    """Show what became of a file; the exit code."""
    output, texts = invocation.output, invocation.texts
    if invocation.json:
        output.json(result)
    elif result.ok:
        output.line(plain(saying.answer(texts, result)))
    if result.ok:
        return exit_codes.DONE
    output.message(texts.text("cli.sync.rejected", why=saying.answer(texts, result)))
    remedy = saying.remedy(texts, result.code, result.params, None)
    if remedy:
        output.message("  " + texts.text("cli.remedy", remedy=remedy))
    return exit_codes.NOT_WELL


async def _chunks(file: IO[bytes], path: Path, size_bytes: int, advance: Callable[[int], None]) -> AsyncIterator[bytes]:
    """Read just ``size_bytes``. Raises UsageError where the file no longer has them: half an archive is none."""
    left_bytes = size_bytes
    while left_bytes:
        chunk = await asyncio.to_thread(file.read, min(CHUNK_BYTES, left_bytes))
        if not chunk:
            raise UsageError(**told("what", "cli.usage.file-changed", path=path))
        left_bytes -= len(chunk)
        yield chunk
        advance(len(chunk))


@contextmanager
def _shown(invocation: Invocation, name: str, size_bytes: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr while a person looks."""
    if not invocation.output.messages_to_terminal:
        yield lambda count: None
        return
    from rich.progress import DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from dsync_tui.tables.progress import NarrowBar

    console = invocation.output.message_console()
    columns = (
        TextColumn("{task.description}", markup=False),
        NarrowBar(not console.encoding.startswith("utf")),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(invocation.texts.text("cli.sync.sending", name=plain(name)), total=size_bytes)
        yield lambda count: progress.advance(task, count)


COMMAND = Command("sync", "help.sync", _describe, _run)
