"""Daemons that go and come back under a console, and terminals that go away from under it."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from backend.api.client import ControlClient
from backend.settings import load_settings
from benchmarks import console_sights as sights
from benchmarks.console_daemon import Order
from benchmarks.console_measures import Times
from benchmarks.console_scene import Daemon, console
from benchmarks.figures import Figure
from benchmarks.process import session_members

SIZE = (120, 36)
ROUNDS = 3
_GONE_WITHIN_S = 20.0


def figures(config: Path, nodes: int, archives: int) -> Iterator[Figure]:
    """Measure each of them some times; the worst counts."""
    gone, back = Times(), Times()
    daemon = Daemon(config, nodes, archives)
    try:
        with console(config, SIZE) as terminal:
            terminal.see(sights.first_matrix)
            for _ in range(ROUNDS):
                time.sleep(1)
                with terminal.expect(sights.banner("disconnected")) as expectation:
                    killed = time.monotonic()
                    daemon.kill()
                    gone.ms.append((expectation.when(10.0) - killed) * 1000)
                with terminal.expect(sights.banner("live")) as expectation:
                    daemon = Daemon(config, nodes, archives)
                    back.ms.append((expectation.when(30.0) - daemon.opened_at) * 1000)
        yield Figure("daemon gone, shown", gone.worst, "ms", 1000, note=f"worst of {ROUNDS}")
        yield Figure("daemon back, resynced", back.worst, "ms", 1000, note=f"worst of {ROUNDS}, since it listens")
        yield from _hang_ups(config, daemon)
    finally:
        daemon.end()


def _hang_ups(config: Path, daemon: Daemon) -> Iterator[Figure]:
    daemon.order(Order(hz=1000))
    took_s, left = [], 0
    for number in range(ROUNDS):
        with console(config, SIZE) as terminal:
            terminal.see(sights.first_matrix)
            if number == 1:
                terminal.press("\x1b")
            terminal.close()
            took = terminal.ended_within(_GONE_WITHIN_S)
            took_s.append(_GONE_WITHIN_S if took is None else took)
            left += len(session_members(terminal.pid))
    yield Figure("terminal closed, console gone", max(took_s), "s", 5, note=f"worst of {ROUNDS}, in full load")
    yield Figure("processes left of it", left, "", 0)
    greeting = asyncio.run(_greeting(config))
    yield Figure("consoles that the daemon still counts", greeting, "", 0)


async def _greeting(config: Path) -> int:
    async with ControlClient(load_settings(config).control_socket) as client:
        return (await client.greeting()).consoles
