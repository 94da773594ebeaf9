"""Fetching an archive from a holder's data door (port ``Transport``)."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from backend.adapters.children import Child
from backend.adapters.pipes import Reading
from backend.adapters.rsync.exits import Exit, failure_of
from backend.adapters.rsync.options import client_options, source_url
from backend.adapters.rsync.program import RsyncProgram
from backend.adapters.rsync.progress import Meter
from backend.adapters.rsync.words import check_ticket
from backend.model.errors import LocalError, SourceGoneError, StoreError, TransferRefusedError
from backend.model.plain import plain
from backend.ports.clock import Clock
from backend.ports.transport import FetchJob, FetchProgress, FetchResult

PURPOSE = "rsync"


class RsyncTransport:
    """One rsync client per fetch, in a process group and, where possible, a PID namespace of its own."""

    def __init__(self, program: RsyncProgram, clock: Clock) -> None:
        """Start clients by ``program``; measure rates by ``clock``."""
        self._program = program
        self._clock = clock

    @property
    def name(self) -> str:
        """As it stands in delivery rows."""
        return "rsync"

    async def fetch(self, job: FetchJob, on_progress: Callable[[FetchProgress], None]) -> FetchResult:
        """Fetch into ``job.target``, counting bytes that are already there; its directory must exist.

        The source may not write more than ``job.size_bytes`` (a file-size limit on the client). When this returns or
        raises, the client's whole process group is gone. Raises TransferRefusedError, TransferFailedError,
        OversizeError, SourceGoneError, DiskFullError, StoreError, ToolMissingError, LocalError.
        """
        wrong = check_ticket(job.host, job.ticket)
        if wrong is not None:
            raise TransferRefusedError(source=job.source_name, detail=wrong)
        present_bytes = _size_of(job.target)
        meter = Meter(job.size_bytes, present_bytes, self._clock.monotonic())
        code, stderr = await self._run(job, present_bytes, meter, on_progress)
        found_bytes = _size_of(job.target)
        if code == 0 or present_bytes < job.size_bytes:
            # Grown since the last report; the size of one that is compared in place tells nothing.
            meter.advance(found_bytes, self._clock.monotonic())
        on_progress(FetchProgress(meter.bytes_done, meter.rate_bps, meter.bytes_brought))
        if code != 0:
            missing_bytes = max(0, job.size_bytes - found_bytes)
            free_bytes = _free_bytes(job.target.parent)
            raise failure_of(Exit(code, stderr, job.source_name, job.target, job.size_bytes, missing_bytes, free_bytes))
        if found_bytes != job.size_bytes:
            _check_still_there(job.target)
            # rsync is content: the holder's file is another one than was announced.
            detail = f"its file has {found_bytes} bytes, {job.size_bytes} were announced"
            raise SourceGoneError(source=job.source_name, detail=detail)
        wire_bytes = meter.bytes_brought if meter.wire_bytes is None else meter.wire_bytes
        return FetchResult(bytes_received=wire_bytes, bytes_saved=meter.saved_bytes)

    async def _run(
        self, job: FetchJob, present_bytes: int, meter: Meter, on_progress: Callable[[FetchProgress], None]
    ) -> tuple[int, str]:
        """Run the client to its end; its exit code and stderr."""
        child = await self._start(job, present_bytes)
        async with child:
            async for line in child.lines():
                if meter.feed(line, self._clock.monotonic()):
                    on_progress(FetchProgress(meter.bytes_done, meter.rate_bps, meter.bytes_brought))
            code = await child.wait()
        return code, child.stderr

    async def _start(self, job: FetchJob, present_bytes: int) -> Child:
        options = client_options(job, present_bytes)
        try:
            return await self._program.start(
                [*options, source_url(job.host, job.ticket), str(job.target)],
                purpose=PURPOSE,
                about=f"{job.target.parent.name} from {plain(job.source_name, 100)}",
                file_limit_bytes=job.size_bytes,
                stdin=f"{job.ticket.secret}\n".encode(),
                stdout=Reading.LINES,
            )
        except OSError as error:
            raise LocalError(detail=f"rsync could not be started: {error.strerror or error}") from error


def _size_of(target: Path) -> int:
    """Return the target's size in bytes, 0 when it is not there. Raises StoreError for anything but a file of ours."""
    try:
        found = target.lstat()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreError(path=target, detail=error.strerror) from error
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(path=target, detail="not a regular file")
    return found.st_size


def _check_still_there(target: Path) -> None:
    """Raise StoreError where the target is gone: rsync wrote on wherever its folder is by now."""
    if not os.path.lexists(target):
        raise StoreError(path=target, detail="what was fetched is not there: the store was moved or removed")


def _free_bytes(directory: Path) -> int:
    try:
        found = os.statvfs(directory)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
