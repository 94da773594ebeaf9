"""One node of the fleet: a real daemon in a process and a session of its own."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from pathlib import Path

from backend.adapters.children import ChildRegister
from backend.api.client import ControlClient
from backend.demo.plans import Member
from backend.model.errors import FleetError, NotReachedError
from backend.model.plain import plain

START_WITHIN_S = 60.0
STOP_WITHIN_S = 15.0
POLL_S = 0.05
_LAST_WORDS_BYTES = 2000


class FleetNode:
    """Starts, kills, stops and starts again one daemon, always with the same settings and places."""

    def __init__(self, member: Member, lifeline: int, environment: Mapping[str, str]) -> None:
        """``lifeline``: the reading end of a pipe; the daemon ends when the writing end is closed."""
        self._member = member
        self._lifeline = lifeline
        self._environment = dict(environment)
        self._process: Process | None = None

    @property
    def name(self) -> str:
        """The node's name."""
        return self._member.plan.name

    @property
    def config(self) -> Path:
        """Its settings file."""
        return self._member.config

    @property
    def store(self) -> Path:
        """Its watched directory."""
        return self._member.store

    @property
    def socket(self) -> Path:
        """Its control socket."""
        return self._member.socket

    @property
    def directory(self) -> Path:
        """All its roots lie below: ``state``, ``logs``, ``run``, ``keys``, ``mirrors``, ``store``."""
        return self._member.directory

    @property
    def log(self) -> Path:
        """What the daemon says on stdout and stderr, all its lives after one another."""
        return self._member.directory / "daemon.log"

    @property
    def peer_port(self) -> int:
        """Where peers reach it."""
        return self._member.peer_port

    @property
    def rsync_port(self) -> int:
        """Where its data door is."""
        return self._member.rsync_port

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Of the process that runs. Raises FleetError where none does."""
        return self.must_run().pid

    def must_run(self) -> Process:
        """The process. Raises FleetError, with its last words, where none runs."""
        if self._process is None or self._process.returncode is not None:
            raise FleetError(node=self.name, detail=self._ended())
        return self._process

    def client(self) -> ControlClient:
        """A client of its control API, to be used as ``async with``."""
        return ControlClient(self.socket)

    async def start(self, within_s: float = START_WITHIN_S) -> None:
        """Start the daemon and wait until its control socket answers. Raises FleetError."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._member.plan.enter,
                *(sys.executable, "-P", "-m", "backend", "daemon"),
                *("--config", str(self.config), "--lifeline", str(self._lifeline)),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
                pass_fds=(self._lifeline,),
                start_new_session=True,
            )
        await self._answering(within_s)

    async def kill(self) -> None:
        """``kill -9``, and nothing else: what the daemon had started is left to itself."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def restart(self, within_s: float = START_WITHIN_S) -> None:
        """Stop it in order and start it anew. Raises FleetError."""
        await self.stop()
        await self.start(within_s)

    async def stop(self, within_s: float = STOP_WITHIN_S) -> int | None:
        """End the daemon, in order if it can, and whatever a killed one left; its exit code, None where none ran."""
        code = None
        if self._process is not None:
            if self._process.returncode is None:
                await self._end(self._process, within_s)
            code = self._process.returncode
        await self._end_survivors()
        return code

    async def _end(self, process: Process, within_s: float) -> None:
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(within_s):
                await process.wait()
        except TimeoutError:
            await self.kill()
        except asyncio.CancelledError:
            process.kill()
            raise

    def signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal, such as SIGSTOP."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _end_survivors(self) -> None:
        if not self._member.run.exists():
            return
        register = ChildRegister(self._member.run)
        for record in register.survivors():
            await register.end(record)

    async def _answering(self, within_s: float) -> None:
        async with self.client() as client:
            try:
                async with asyncio.timeout(within_s):
                    while True:
                        try:
                            await client.greeting()
                            return
                        except NotReachedError:
                            if not self.running:
                                raise FleetError(node=self.name, detail=self._ended()) from None
                        await asyncio.sleep(POLL_S)
            except TimeoutError:
                detail = f"no answer within {within_s:g} s: {self._last_words()}"
                raise FleetError(node=self.name, detail=detail) from None

    def _ended(self) -> str:
        if self._process is None:
            return "not started"
        return f"exit code {self._process.returncode}: {self._last_words()}"

    def _last_words(self) -> str:
        try:
            said = self.log.read_bytes()[-_LAST_WORDS_BYTES:]
        except OSError:
            return ""
        lines = said.decode("utf-8", "replace").strip().splitlines()[-5:]
        return plain("; ".join(lines), 600)
