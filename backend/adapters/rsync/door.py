"""The data door: a supervised, read-only rsync daemon (port ``DataDoor``)."""

import asyncio
import contextlib
import logging
import shutil
from pathlib import Path

from backend.adapters.children import Child
from backend.adapters.rsync.configuration import DoorSettings, Guest
from backend.adapters.rsync.guests import GuestBook
from backend.adapters.rsync.listening import any_family, free_port, reachable_host, shown_address
from backend.adapters.rsync.program import RsyncProgram
from backend.model.errors import DoorError, LocalError, Problem
from backend.model.plain import plain
from backend.ports.children import Children
from backend.ports.clock import Clock
from backend.ports.tasks import TaskOwner

PURPOSE = "door"
BACKOFF_FIRST_S = 0.5
BACKOFF_LAST_S = 30.0
STEADY_S = 60.0
"""A daemon that ran that long starts its backoff anew."""
START_WITHIN_S = 10.0
GREETING = b"@RSYNCD:"
GREETING_WITHIN_S = 5.0
LOG_LOOK_S = 30.0

_log = logging.getLogger("dsync.door")


class RsyncDoor:
    """Keeps one rsync daemon running, and its files up to date with who may come in."""

    def __init__(self, settings: DoorSettings, program: RsyncProgram, children: Children, clock: Clock) -> None:
        """Touch nothing before ``open``."""
        self._settings = settings
        self._program = program
        self._children = children
        self._clock = clock
        self._guests = GuestBook(settings)
        self._tasks = TaskOwner("door")
        self._child: Child | None = None
        self._port = settings.port
        self._problem: Problem | None = None

    @property
    def port(self) -> int:
        """Port that answers (known after ``open``)."""
        return self._port

    @property
    def problem(self) -> Problem | None:
        """Why the daemon is down just now, for health; None while it runs."""
        return self._problem

    async def open(self) -> None:
        """Start the daemon and wait until its port answers; keeps it running until ``close``.

        A daemon that a killed one of ours left behind is ended first. Raises DoorError (naming who holds the port),
        ToolMissingError, LocalError; then nothing runs.
        """
        if self._child is not None:
            return
        for survivor in self._children.survivors():
            if survivor.purpose == PURPOSE:
                await self._children.end(survivor)
        self._guests.open()
        try:
            self._child = await self._start()
        except BaseException:
            self._guests.close()
            raise
        self._problem = None
        self._tasks.start(self._supervise(self._child), "supervise")
        self._tasks.start(self._tend_log(), "log")

    async def close(self) -> None:
        """End the daemon and all its children; nothing holds the port afterwards."""
        await self._tasks.close()
        child, self._child = self._child, None
        if child is not None:
            await child.end()
        self._guests.close()

    def admit(self, user: str, secret: str, address: str, paths: frozenset[str]) -> None:
        """Let ``user`` with ``secret`` in from ``address`` to read ``paths`` and no others; holds at once.

        Raises ValueError for words that rsync's files cannot hold, LocalError when they cannot be written.
        """
        self._guests.admit(user, Guest(secret, address, paths))

    def dismiss(self, user: str) -> None:
        """Forget a user; transfers that run go on. Raises LocalError when the files cannot be written."""
        self._guests.dismiss(user)

    async def answering(self) -> bool:
        """Tell whether the port answers with an rsync greeting, for health checks."""
        if self._child is None:
            return False
        try:
            async with asyncio.timeout(GREETING_WITHIN_S):
                return await _greets(reachable_host(self._settings.host), self._port)
        except OSError:
            return False

    async def _start(self) -> Child:
        """Start the daemon and wait until it answers. Raises DoorError, ToolMissingError, LocalError."""
        port = free_port(self._settings.host, self._port)
        options = [
            "--daemon",
            "--no-detach",
            f"--config={self._settings.configuration_file}",
            f"--port={port}",
        ]
        if not any_family(self._settings.host):
            options.append(f"--address={self._settings.host}")
        shown = shown_address(self._settings.host, port)
        try:
            child = await self._program.start(options, purpose=PURPOSE, about=shown)
        except OSError as error:
            raise DoorError(address=shown, detail=plain(str(error), 200)) from error
        try:
            await self._until_greeting(child, port)
        except BaseException:
            await child.end()
            raise
        self._port = port
        _log.info("data door answers on %s", shown)
        return child

    async def _until_greeting(self, child: Child, port: int) -> None:
        shown = shown_address(self._settings.host, port)
        host = reachable_host(self._settings.host)
        try:
            async with asyncio.timeout(START_WITHIN_S):
                while child.returncode is None:
                    with contextlib.suppress(OSError):
                        if await _greets(host, port):
                            return
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            raise DoorError(address=shown, detail=f"no greeting within {START_WITHIN_S:.0f} s") from error
        raise DoorError(address=shown, detail=_last_words(child))

    async def _supervise(self, child: Child) -> None:
        """Start the daemon again whenever it ends, with growing pauses."""
        delay_s = BACKOFF_FIRST_S
        while True:
            began = self._clock.monotonic()
            await child.wait()
            if self._clock.monotonic() - began >= STEADY_S:
                delay_s = BACKOFF_FIRST_S
            # Connections of a daemon that died alone would hold on to old rules.
            await child.end()
            error: LocalError = DoorError(
                address=shown_address(self._settings.host, self._port), detail=_last_words(child)
            )
            while True:
                self._problem = error.problem()
                _log.warning("data door is down, next start in %.1f s: %s", delay_s, error)
                await self._clock.sleep(delay_s)
                delay_s = min(delay_s * 2, BACKOFF_LAST_S)
                try:
                    child = self._child = await self._start()
                except LocalError as failure:
                    error = failure
                    continue
                self._problem = None
                break

    async def _tend_log(self) -> None:
        while True:
            try:
                bound_log(self._settings.log, self._settings.log_limit_bytes)
            except OSError as error:
                _log.warning("%s could not be shortened: %s", self._settings.log, error.strerror)
            await self._clock.sleep(LOG_LOOK_S)


def bound_log(log: Path, limit_bytes: int) -> None:
    """Move what the log holds to ``<log>.1`` once it is over the limit, and begin anew.

    Copied, then emptied: the daemon's processes keep the file open for appending. Raises OSError.
    """
    try:
        size_bytes = log.stat().st_size
    except FileNotFoundError:
        return
    if size_bytes <= limit_bytes:
        return
    with log.open("rb+") as file, log.with_name(f"{log.name}.1").open("wb") as former:
        # A flood between two looks must not be kept in full.
        file.seek(max(0, size_bytes - limit_bytes))
        shutil.copyfileobj(file, former)
        file.truncate(0)


def _last_words(child: Child) -> str:
    said = child.stderr.strip() or child.stdout.strip()
    return plain(said[-300:], 300) or f"rsync ended with exit code {child.returncode}"


async def _greets(host: str, port: int) -> bool:
    """Connect and read the greeting. Raises OSError."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        return (await reader.read(64)).startswith(GREETING)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
