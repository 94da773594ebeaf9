"""Fakes of the data plane: doors and a transport that share one wire in memory."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from backend.model.errors import (
    DsyncError,
    OversizeError,
    SourceGoneError,
    TransferFailedError,
    TransferRefusedError,
)
from backend.ports.transport import DATA_MODULE, FetchJob, FetchProgress, FetchResult

CHUNK_BYTES = 64 * 1024


class FakeWire:
    """What connects fake doors with fake transports: open doors by port."""

    def __init__(self) -> None:
        """Begin with no door."""
        self.doors: dict[int, FakeDoor] = {}
        self.ports = itertools.count(20_001)


class FakeDoor:
    """A door in memory. ``files`` is what it serves by path, and may be changed at any time."""

    def __init__(self, wire: FakeWire, files: Mapping[str, bytes]) -> None:
        """Serve ``files`` over ``wire`` once opened."""
        self._wire = wire
        self.files = files
        self._port = 0
        self.guests: dict[str, tuple[str, frozenset[str]]] = {}

    @property
    def port(self) -> int:
        """Port that answers (known after ``open``)."""
        return self._port

    async def open(self) -> None:
        """Take a free port, or the former one."""
        self._port = self._port or next(self._wire.ports)
        self._wire.doors[self._port] = self

    async def close(self) -> None:
        """Leave the port; fetches that run fail."""
        self._wire.doors.pop(self._port, None)

    def admit(self, user: str, secret: str, address: str, paths: frozenset[str]) -> None:
        """Let ``user`` in; the fake knows no addresses."""
        self.guests[user] = (secret, paths)

    def dismiss(self, user: str) -> None:
        """Forget ``user``."""
        self.guests.pop(user, None)

    async def answering(self) -> bool:
        """Tell whether the door is open."""
        return self._wire.doors.get(self._port) is self


class FakeTransport:
    """Copies from fake doors, a chunk per turn of the loop.

    ``fail_next`` scripts failures; ``gate``, while cleared, holds every fetch before its next chunk. Targets are
    read and written by ``read`` and ``write``: files on disk unless told otherwise.
    """

    def __init__(
        self,
        wire: FakeWire,
        read: Callable[[Path], bytes] | None = None,
        write: Callable[[Path, bytes], None] | None = None,
    ) -> None:
        """Fetch over ``wire``."""
        self._wire = wire
        self._read = read or _read_file
        self._write = write or _write_file
        self._script: deque[tuple[DsyncError, int]] = deque()
        self.gate = asyncio.Event()
        self.gate.set()
        self.running: list[FetchJob] = []
        self.jobs: list[FetchJob] = []

    @property
    def name(self) -> str:
        """As it stands in delivery rows."""
        return "rsync"

    def fail_next(self, error: DsyncError, after_bytes: int = 0) -> None:
        """Let the next fetch without a script raise ``error`` once so many bytes came."""
        self._script.append((error, after_bytes))

    async def fetch(self, job: FetchJob, on_progress: Callable[[FetchProgress], None]) -> FetchResult:
        """Fetch as the port says; ``self.running`` shows what is under way."""
        self.jobs.append(job)
        self.running.append(job)
        try:
            return await self._fetch(job, on_progress)
        finally:
            self.running.remove(job)

    async def _fetch(self, job: FetchJob, on_progress: Callable[[FetchProgress], None]) -> FetchResult:
        scripted = self._script.popleft() if self._script else None
        source = self._source_of(job)
        present = self._read(job.target)
        # As rsync does: what differs from the source comes anew.
        saved_bytes = len(present) if source.startswith(present) else 0
        done_bytes = saved_bytes
        while True:
            on_progress(FetchProgress(done_bytes, 0, done_bytes - saved_bytes))
            await asyncio.sleep(0)
            await self.gate.wait()
            if scripted is not None and done_bytes - saved_bytes >= scripted[1]:
                raise scripted[0]
            if job.ticket.port not in self._wire.doors:
                raise _failed(job, "connection unexpectedly closed", 12)
            if done_bytes >= len(source):
                break
            next_bytes = min(done_bytes + CHUNK_BYTES, len(source))
            self._write(job.target, source[: min(next_bytes, job.size_bytes)])
            if next_bytes > job.size_bytes:
                raise OversizeError(source=job.source_name, size_bytes=job.size_bytes)
            done_bytes = next_bytes
        if done_bytes != job.size_bytes:
            raise SourceGoneError(source=job.source_name, detail=f"its file has {done_bytes} bytes")
        self._write(job.target, source)
        return FetchResult(bytes_received=done_bytes - saved_bytes, bytes_saved=saved_bytes)

    def _source_of(self, job: FetchJob) -> bytes:
        ticket = job.ticket
        door = self._wire.doors.get(ticket.port)
        if door is None:
            raise _failed(job, "Connection refused", 10)
        if ticket.module != DATA_MODULE:
            raise TransferRefusedError(source=job.source_name, detail=f"Unknown module '{ticket.module}'")
        secret, paths = door.guests.get(ticket.user, ("", frozenset()))
        if not secret or secret != ticket.secret:
            raise TransferRefusedError(source=job.source_name, detail="auth failed")
        if ticket.path not in paths or ticket.path not in door.files:
            raise SourceGoneError(source=job.source_name, detail="No such file or directory")
        return door.files[ticket.path]


def _failed(job: FetchJob, detail: str, exit_code: int) -> TransferFailedError:
    return TransferFailedError(source=job.source_name, detail=detail, exit_code=exit_code)


def _read_file(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _write_file(path: Path, data: bytes) -> None:
    path.write_bytes(data)
