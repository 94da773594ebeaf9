"""A process with the real control API on its real socket, over a large fleet that changes as it is told.

It is told by lines of JSON on stdin (``Order``) and answers each with a line on stdout: the time of its deed, as
``time.monotonic`` counts it in every process of a machine. It ends when stdin does.
"""

import argparse
import asyncio
import secrets
import sys
import time
from pathlib import Path

import msgspec

from backend.adapters.clock import SystemClock
from backend.control.facts import DaemonFacts
from backend.control.server import ControlServer
from backend.model.delivery import Failed, Ready
from backend.model.errors import DiskFullError
from backend.ports.tasks import TaskOwner
from backend.settings import Settings, load_settings
from benchmarks.driven_fleet import ACTIVE_CELLS, Cell, Drive, large_engine
from tests.support.engine import FakeEngine

STEP_S = 0.005


class Order(msgspec.Struct):
    """What the process is to do: change cells at a rate from now on, or one cell once.

    ``hz``: changes a second (0: none), on the first ``rows`` nodes and the newest ``columns`` archives, 0 for all.
    ``notes``: so many lines of the event log are written at once, beside that; nothing else is changed by it.
    ``beacon``: the cell (node, archive) that becomes failed, or ready again, at once; it is left alone otherwise.
    """

    hz: float = 0.0
    rows: int = 0
    columns: int = 0
    notes: int = 0
    beacon: Cell | None = None
    failed: bool = False


class Driver:
    """Keeps to a rate: where it was held up it catches up."""

    def __init__(self, engine: FakeEngine, nodes: int, archives: int) -> None:
        self._engine = engine
        self._nodes = nodes
        self._archives = archives
        self._drive: Drive | None = None
        self._hz = 0.0
        self._began_at = 0.0
        self._beacons: set[Cell] = set()
        self._hand = Drive(engine, [(0, 0)], 1)

    def obey(self, order: Order) -> None:
        """Do what is ordered."""
        if order.beacon is not None:
            full = DiskFullError(path="/data/docker-tar", needed_bytes=1 << 30, free_bytes=1 << 28)
            self._hand.set(order.beacon, Failed(full.problem()) if order.failed else Ready())
            self._beacons.add(order.beacon)
            return
        if order.notes:
            self._hand.write_notes(order.notes)
            return
        self._hz = order.hz
        self._began_at = time.monotonic()
        if not order.hz:
            self._drive = None
            return
        rows, columns = order.rows or self._nodes, order.columns or self._archives
        cells = [
            (node, place)
            for node in range(rows)
            for place in range(self._archives - columns, self._archives)
            if (node, place) not in self._beacons
        ]
        self._drive = Drive(self._engine, cells, len(cells) if order.rows else ACTIVE_CELLS)

    async def run(self) -> None:
        """Change cells for ever."""
        while True:
            await asyncio.sleep(STEP_S)
            drive = self._drive
            if drive is None:
                continue
            due = int((time.monotonic() - self._began_at) * self._hz)
            while drive.changes < due:
                drive.change()


async def serve(settings: Settings, nodes: int, archives: int) -> None:
    """Serve until stdin ends."""
    engine = large_engine(nodes, archives)
    driver = Driver(engine, nodes, archives)
    facts = DaemonFacts(version="0.0.0", epoch=secrets.token_hex(8))
    server = ControlServer(engine, settings, facts, SystemClock())
    tasks = TaskOwner("benchmark")
    await server.open()
    tasks.start(driver.run(), "drive")
    _answer()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while line := await reader.readline():
            driver.obey(msgspec.json.decode(line, type=Order))
            _answer()
    finally:
        await tasks.close()
        await server.close()


def _answer() -> None:
    sys.stdout.write(f"{time.monotonic()!r}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the process."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--archives", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(load_settings(arguments.config), arguments.nodes, arguments.archives))
    return 0


if __name__ == "__main__":
    sys.exit(main())
