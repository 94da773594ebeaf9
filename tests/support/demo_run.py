"""A run of the demo in a process of its own, and what is left of it."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from backend.adapters.processes import all_processes, read_variable
from backend.api.wire import StatusDocument
from backend.demo.janitor import MARK, RUNTIME_MARK

WITHIN_S = 240.0
"""A bound for a machine that others use too; nothing is measured."""
POLL_S = 0.1


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    out: bytes
    err: str
    directory: Path

    @property
    def document(self) -> StatusDocument:
        """The status document on stdout."""
        return msgspec.json.decode(self.out, type=StatusDocument)

    def states(self) -> dict[str, list[str]]:
        """Name of each archive -> states of its cells."""
        return {each.name: [cell.state for cell in each.deliveries] for each in self.document.archives}


class DemoRun:
    """One ``python -m backend demo``, or another module that starts it."""

    def __init__(self, process: Process, err: Path) -> None:
        self.process = process
        self._err = err

    @property
    def err(self) -> str:
        """What it has said to people."""
        return self._err.read_text()

    async def directory(self) -> Path:
        """Where all its things are; waits until it says so."""
        return Path((await self.saying(r"starting \d+ nodes in (\S+)"))[1])

    async def saying(self, pattern: str) -> re.Match[str]:
        """Wait until stderr holds ``pattern``."""
        async with asyncio.timeout(WITHIN_S):
            while (found := re.search(pattern, self.err)) is None:
                assert self.process.returncode is None, self.err
                await asyncio.sleep(POLL_S)
        return found

    async def standing(self) -> None:
        """Wait until the fleet stands."""
        await self.saying(r"nodes are up after")

    async def ended(self) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(WITHIN_S):
            out, _ = await self.process.communicate()
        assert self.process.returncode is not None
        return Ended(self.process.returncode, out, self.err, await self.directory())


@asynccontextmanager
async def running(
    log: Path, *words: str, module: str = "backend", environment: Mapping[str, str] | None = None
) -> AsyncIterator[DemoRun]:
    """Start a demo; ended at the latest with the block."""
    with log.open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, "demo", *words),
            stdin=PIPE if "--announce" in words else DEVNULL,
            stdout=PIPE,
            stderr=err,
            env={**_without_runtimes(), **(environment or {})},
        )
    try:
        yield DemoRun(process, log)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(WITHIN_S):
                await process.communicate()


async def call(log: Path, *words: str, **more: str) -> Ended:
    """Run a demo to its end, with ``more`` in its environment."""
    async with running(log, *words, environment=more) as run:
        return await run.ended()


def processes_of(directory: Path) -> list[int]:
    """Pids of all that a run has started and that still runs, its janitor too."""
    found = []
    for process in all_processes():
        if not process.running or process.pid == os.getpid():
            continue
        marks = (read_variable(process.pid, MARK), read_variable(process.pid, RUNTIME_MARK))
        if str(directory) in marks or str(directory) in _command_line(process.pid):
            found.append(process.pid)
    return found


def mounts_below(directory: Path) -> list[str]:
    """Mount points that this machine sees."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in points if Path(point).is_relative_to(directory)]


async def gone(directory: Path) -> None:
    """Wait until nothing is left of a run that was not ended in order."""
    async with asyncio.timeout(WITHIN_S):
        while await asyncio.to_thread(_is_left, directory):  # noqa: ASYNC110 (nothing tells us)
            await asyncio.sleep(POLL_S)
    assert mounts_below(directory) == []


def _is_left(directory: Path) -> bool:
    return bool(processes_of(directory)) or directory.exists()


def assert_gone(directory: Path) -> None:
    """Nothing is left of a run that has ended."""
    assert processes_of(directory) == []
    assert not directory.exists()
    assert mounts_below(directory) == []


def _without_runtimes() -> dict[str, str]:
    # What whoever runs the tests has set up must not take part in them.
    return {name: value for name, value in os.environ.items() if name not in ("DOCKER_HOST", "CONTAINER_HOST")}


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
