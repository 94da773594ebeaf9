"""A control server on a real Unix socket, over a small engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from backend.adapters.clock import SystemClock
from backend.api.client import ControlClient
from backend.control.facts import DaemonFacts, Pace
from backend.control.server import ControlServer
from backend.settings import Settings, parse_settings
from tests.support.engine import FakeEngine

FACTS = DaemonFacts(version="1.2.3", epoch="e1")
QUICK = Pace(
    frames_hz=100.0, beat_s=0.05, stuck_s=0.3, last_words_s=0.1, job_s=0.1, glance_s=0.2, fresh_s=0.3, look_s=0.1
)


def settings_in(directory: Path, more: str = "") -> Settings:
    """Settings whose roots all lie in ``directory``."""
    return parse_settings(
        f"""
        [node]
        name = "node-0"
        address = "127.0.0.1:8730"
        [store]
        directory = "{directory}/store"
        [paths]
        state = "{directory}/state"
        logs = "{directory}/logs"
        run = "{directory}/run"
        keys = "{directory}/keys"
        mirrors = "{directory}/mirrors"
        [control]
        group = ""
        {more}
        """,
        "test.toml",
    )


@asynccontextmanager
async def serving(
    engine: FakeEngine, directory: Path, pace: Pace = QUICK, read_only: bool = False, epoch: str = "e1"
) -> AsyncIterator[ControlServer]:
    """Run a server; its socket is ``settings_in(directory).control_socket``."""
    server = ControlServer(
        engine,
        settings_in(directory),
        replace(FACTS, read_only=read_only, epoch=epoch),
        SystemClock(),
        pace,
    )
    await server.open()
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def talking(
    engine: FakeEngine, directory: Path, pace: Pace = QUICK, read_only: bool = False, epoch: str = "e1"
) -> AsyncIterator[ControlClient]:
    """Run a server and a client of it."""
    async with serving(engine, directory, pace, read_only, epoch), client_of(directory) as client:
        yield client


def client_of(directory: Path) -> ControlClient:
    """A client of the server in ``directory``."""
    return ControlClient(settings_in(directory).control_socket)
