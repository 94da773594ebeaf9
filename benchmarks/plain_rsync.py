"""What is measured against: rsync from a plain rsync daemon, with nothing of ours around it."""

import asyncio
import os
import shutil
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from backend.demo.loopback import LOOPBACK, HeldPorts

_MODULE = "plain"
_START_WITHIN_S = 10.0
_POLL_S = 0.02
_ENVIRONMENT = {name: text for name, text in os.environ.items() if not name.startswith("RSYNC_")}


class PlainRsyncError(Exception):
    """rsync failed; the message holds what it said."""


class PlainRsync:
    """An rsync daemon that serves one directory, read only. Use it as ``async with``.

    ``directory``: what it serves. ``configuration``: where its settings file goes. It ends with this process.
    Daemon and clients lead sessions of their own, as our daemons' do: Linux shares a busy processor out by session.
    """

    def __init__(self, directory: Path, configuration: Path) -> None:
        self._directory = directory
        self._configuration = configuration
        self._held = HeldPorts(1)
        (self._port,) = self._held.ports
        self._daemon: Process | None = None

    async def __aenter__(self) -> "PlainRsync":
        owner = ["uid = 0", "gid = 0"] if os.geteuid() == 0 else []
        lines = [f"[{_MODULE}]", f"path = {self._directory}", "use chroot = no", "read only = yes", *owner]
        self._configuration.write_text("\n".join(lines) + "\n")
        words = [_program("setpriv"), "--pdeathsig", "KILL", "--", _program("rsync"), "--daemon", "--no-detach"]
        words += [f"--config={self._configuration}", f"--port={self._port}", f"--address={LOOPBACK}"]
        self._daemon = await asyncio.create_subprocess_exec(
            *words, stdin=DEVNULL, env=_ENVIRONMENT, start_new_session=True
        )
        try:
            async with asyncio.timeout(_START_WITHIN_S):
                while not await self._answers():  # noqa: ASYNC110 (another program: nothing tells us)
                    await asyncio.sleep(_POLL_S)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def copy(self, name: str, target: Path) -> float:
        """Fetch a file to a path where none is, with rsync's own defaults; the seconds it took.

        Raises PlainRsyncError.
        """
        began = time.monotonic()
        client = await asyncio.create_subprocess_exec(
            *(_program("rsync"), f"rsync://{LOOPBACK}:{self._port}/{_MODULE}/{name}", str(target)),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        try:
            _, said = await client.communicate()
        except asyncio.CancelledError:
            client.kill()
            raise
        took_s = time.monotonic() - began
        if client.returncode != 0:
            raise PlainRsyncError(said.decode("utf-8", "replace"))
        return took_s

    async def _answers(self) -> bool:
        if self._daemon is None or self._daemon.returncode is not None:
            raise PlainRsyncError("the daemon ended at once")
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
        except OSError:
            return False
        greeting = await reader.read(8)
        writer.close()
        await writer.wait_closed()
        return greeting == b"@RSYNCD:"

    async def _end(self) -> None:
        if self._daemon is not None and self._daemon.returncode is None:
            self._daemon.terminate()
            await self._daemon.wait()
        self._held.close()


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PlainRsyncError(f"there is no {name} on PATH")
    return found
