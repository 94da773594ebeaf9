"""A data door and a transport over it, fake or real, in a temporary directory."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backend.adapters.children import ChildRegister
from backend.adapters.processes import all_processes
from backend.adapters.rsync.configuration import DoorSettings
from backend.adapters.rsync.door import RsyncDoor
from backend.adapters.rsync.program import RsyncProgram
from backend.adapters.rsync.transport import RsyncTransport
from backend.model.messages import Ticket
from backend.ports.clock import Clock
from backend.ports.fake_wire import FakeDoor, FakeTransport, FakeWire
from backend.ports.transport import DATA_MODULE, DataDoor, FetchJob, FetchProgress, FetchResult, Transport

HOST = "127.0.0.1"
SECRET = "correct-horse-battery"


class WallClock:
    """Real time, for tests of real parts."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)

    def chance(self) -> float:
        return 0.5


@dataclass
class Rig:
    """One holder and one target. ``put`` makes or replaces a served file."""

    door: DataDoor
    transport: Transport
    put: Callable[[str, bytes], None]
    target: Path
    reports: list[FetchProgress] = field(default_factory=list)
    _users: "itertools.count[int]" = field(default_factory=itertools.count)

    def admit(self, *paths: str, user: str | None = None, secret: str = SECRET) -> Ticket:
        """Admit a user to ``paths``; a ticket for the first of them."""
        user = user or f"user{next(self._users)}"
        self.door.admit(user, secret, HOST, frozenset(paths))
        return Ticket(port=self.door.port, module=DATA_MODULE, path=paths[0], user=user, secret=secret)

    def job(self, ticket: Ticket, size_bytes: int, **changes: object) -> FetchJob:
        """A job for ``ticket``, without limits but a time-out of 20 s."""
        values: dict[str, object] = {
            "source_name": "worker-01",
            "host": HOST,
            "ticket": ticket,
            "size_bytes": size_bytes,
            "target": self.target,
            "bandwidth_bps": 0,
            "timeout_s": 20.0,
            "compress": False,
        }
        return FetchJob(**(values | changes))  # type: ignore[arg-type]

    async def fetch(self, job: FetchJob) -> FetchResult:
        """Fetch, keeping the reports of this fetch."""
        self.reports.clear()
        return await self.transport.fetch(job, self.reports.append)


def fake_rig(directory: Path) -> Rig:
    """A rig in memory, but for the target."""
    wire = FakeWire()
    files: dict[str, bytes] = {}
    target = directory / "incoming" / "data"
    target.parent.mkdir(parents=True)
    return Rig(FakeDoor(wire, files), FakeTransport(wire), files.__setitem__, target)


def door_settings(directory: Path, **changes: object) -> DoorSettings:
    """Settings of a door below ``directory``."""
    values: dict[str, object] = {
        "host": HOST,
        "port": 0,
        "networks": (),
        "timeout_s": 20.0,
        "max_connections": 20,
        "serving": directory / "serving",
        "directory": directory / "run" / "rsync",
        "log": directory / "logs" / "rsyncd.log",
        "as_root": os.geteuid() == 0,
    }
    return DoorSettings(**(values | changes))  # type: ignore[arg-type]


def real_door(directory: Path, clock: Clock | None = None, **changes: object) -> RsyncDoor:
    """A real door below ``directory``, not open yet."""
    settings = door_settings(directory, **changes)
    settings.serving.mkdir(parents=True, exist_ok=True)
    register = ChildRegister(directory / "run")
    return RsyncDoor(settings, RsyncProgram(register), register, clock or WallClock())


def real_rig(directory: Path, clock: Clock | None = None, **changes: object) -> Rig:
    """A rig with a real daemon and a real client. The target's name has a blank and letters beyond ASCII.

    ``clock``: the door's.
    """
    door = real_door(directory / "holder", clock, **changes)
    transport = RsyncTransport(RsyncProgram(ChildRegister(directory / "target" / "run")), WallClock())
    target = directory / "target" / "incoming ☃ %41 100%" / "data"
    target.parent.mkdir(parents=True)

    def put(path: str, data: bytes) -> None:
        file = directory / "holder" / "serving" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name("fresh")
        fresh.write_bytes(data)
        fresh.chmod(0o600)
        fresh.replace(file)

    return Rig(door, transport, put, target)


@asynccontextmanager
async def opened(rig: Rig) -> AsyncIterator[Rig]:
    """The rig with an open door."""
    await rig.door.open()
    try:
        yield rig
    finally:
        await rig.door.close()


def rsyncs_about(directory: Path) -> list[int]:
    """Pids of running rsync processes whose command line names something below ``directory``."""
    found = []
    for stat in all_processes():
        try:
            words = (Path("/proc") / str(stat.pid) / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        named = any(str(directory).encode() in word for word in words)
        if stat.running and named and any(word.endswith(b"rsync") for word in words):
            found.append(stat.pid)
    return found


async def until(condition: Callable[[], bool | Awaitable[bool]], within_s: float = 60.0) -> None:
    """Poll a condition of real parts. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while True:
            answer = condition()
            if (await answer) if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(0.02)
