"""The daemon of a walk: the real control API on a real socket, behind a gateway that troubles the way to it."""

import asyncio
import contextlib
import random
from dataclasses import replace
from pathlib import Path

from backend.adapters.clock import SystemClock
from backend.control.server import ControlServer
from backend.ports.tasks import TaskOwner
from tests.fuzz.fleet import Fleet, MoodyEngine
from tests.support.control import FACTS, QUICK, settings_in

_CHUNK_BYTES = 1 << 16
_DRIP_S = 0.02
PASSING = frozenset({"pass", "drip", "hold"})


class Gateway:
    """Carries bytes between a console and the daemon. ``manner``: ``pass``; ``drip`` small pieces; ``hold`` what the
    daemon says; ``garbage`` in the daemon's place; ``mute``, no word at all.
    """

    def __init__(self, front: Path, behind: Path, seed: int) -> None:
        """Nobody is let in yet."""
        self.front = front
        self.manner = "pass"
        self._other = asyncio.Event()
        self._behind = behind
        self._dice = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks = TaskOwner("gateway")

    def behave(self, manner: str) -> None:
        """Be of another manner from now on."""
        self.manner = manner
        self._other.set()
        self._other = asyncio.Event()

    async def open(self) -> None:
        """Listen."""
        if self._server is None:
            self.front.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._let_in, self.front)

    async def shut(self) -> None:
        """Listen no longer, and cut all off; the socket's file stays behind, as after a crash."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    async def close(self) -> None:
        """End everything."""
        await self.shut()
        await self._tasks.close()
        self.front.unlink(missing_ok=True)

    def cut(self) -> None:
        """Cut every connection in the middle of whatever it carries."""
        for writer in self._writers:
            writer.transport.abort()

    def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.start(self._serve(reader, writer), "connection")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if self.manner not in PASSING:
                await self._misbehave(reader, writer)
                return
            with contextlib.suppress(OSError):
                far_reader, far_writer = await asyncio.open_unix_connection(self._behind)
                self._writers.add(far_writer)
                try:
                    ways = (self._carry(reader, far_writer, False), self._carry(far_reader, writer, True))
                    tasks = [self._tasks.start(way, "way") for way in ways]
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    for task in tasks:
                        task.cancel()
                finally:
                    self._writers.discard(far_writer)
                    far_writer.transport.abort()
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _misbehave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read(_CHUNK_BYTES)
            if self.manner == "garbage":
                answers = (
                    self._dice.randbytes(300), b"HTTP/1.1 200 OK\r\n\r\n",
                    b"HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nno\n",
                    b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + self._dice.randbytes(40), b"\n", b"SSH-2.0-x\r\n",
                    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
                )  # fmt: skip
                writer.write(self._dice.choice(answers))
                await writer.drain()
                return
            while self.manner == "mute":
                await self._other.wait()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to_console: bool) -> None:
        with contextlib.suppress(OSError):
            while content := await reader.read(_CHUNK_BYTES):
                while to_console and self.manner == "hold":
                    await self._other.wait()
                step = 700 if to_console and self.manner == "drip" else len(content)
                for start in range(0, len(content), step):
                    writer.write(content[start : start + step])
                    await writer.drain()
                    if self.manner == "drip":
                        await asyncio.sleep(_DRIP_S)


class Daemon:
    """Lives, dies, and lives again under the console. Use it as ``async with``."""

    def __init__(self, directory: Path, seed: int) -> None:
        """``directory`` is short enough for Unix sockets below it."""
        self.fleet = Fleet(MoodyEngine(nodes=1))
        self._settings = settings_in(directory)
        self._gateway = Gateway(directory / "front.sock", self._settings.control_socket, seed)
        self._server: ControlServer | None = None
        self._lives = 0
        self._facts = FACTS

    async def __aenter__(self) -> "Daemon":
        """Healthy at first."""
        await self.be("open")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing."""
        await self._gateway.close()
        await self._end()

    @property
    def socket(self) -> Path:
        """Where consoles look for it."""
        return self._gateway.front

    async def be(self, what: str) -> None:
        """Become what the word says (``plan.DAEMON_WAYS``). Raises LookupError for an unknown one."""
        match what:
            case "closed":
                await self._end()
            case "gone":
                await self._gateway.shut()
                if self._lives % 2:
                    self.socket.unlink(missing_ok=True)
            case "open":
                self._gateway.behave("pass")
                await self._gateway.open()
                await self._start()
            case "new-life" | "reader" | "beneath":
                self._facts = replace(FACTS, read_only=what == "reader", beneath=what == "beneath")
                await self._end()
                await self.be("open")
            case "cut":
                self._gateway.cut()
            case "hold" | "drip" | "garbage" | "mute":
                self._gateway.behave(what)
                if what not in PASSING:
                    self._gateway.cut()
            case _:
                raise LookupError(what)

    async def mend(self) -> None:
        """Be healthy, and let everybody act."""
        engine = self.fleet.engine
        engine.feel("good")
        if self._facts.read_only or self._facts.beneath:
            await self.be("new-life")
        await self.be("open")

    async def _start(self) -> None:
        if self._server is None:
            self._lives += 1
            facts = replace(self._facts, epoch=f"life-{self._lives}")
            server = ControlServer(self.fleet.engine, self._settings, facts, SystemClock(), QUICK)
            await server.open()
            self._server = server

    async def _end(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await server.close()
