"""``kill -9`` in the middle of commits: what was acknowledged is there, and nothing is there by half."""

import asyncio
import sys
from pathlib import Path

from backend.ledger.sqlite import SqliteLedger
from backend.ports.clock import FakeClock
from tests.support.ledger_writer import ROWS, WRITERS, node_of

ROOT = Path(__file__).parents[2]
ROUNDS = 6


async def acknowledged_before_kill(path: Path, lines: int) -> dict[int, int]:
    """Start the writer, kill it after ``lines`` acknowledgements, return the last version of each of its writers."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.ledger_writer",
        str(path),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert writer.stdout is not None
    told: list[bytes] = []
    try:
        async with asyncio.timeout(60):
            while len(told) < lines:
                line = await writer.stdout.readline()
                assert line, "the writer ended by itself"
                told.append(line)
    finally:
        writer.kill()
    told += (await writer.stdout.read()).splitlines(keepends=True)
    await writer.wait()
    # A line that the kill cut in two was acknowledged but not told whole.
    pairs = (line.split() for line in told if line.endswith(b"\n"))
    return {int(name): int(version) for name, version in pairs}


async def test_acknowledged_commits_survive_a_kill_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    last: dict[int, int] = {}
    for turn in range(ROUNDS):
        last |= await acknowledged_before_kill(path, 5 + 37 * turn)
        ledger = SqliteLedger(path, FakeClock())
        snapshot = await ledger.open()
        await ledger.close()
        assert snapshot.set_aside == ""
        for writer in range(WRITERS):
            version = int(snapshot.values[str(writer)])
            # One commit more than was told may be there: written, but killed before it could say so.
            assert last[writer] <= version <= last[writer] + 1
            rows = [row.version for row in snapshot.rows if row.node == node_of(writer)]
            assert rows == [version] * ROWS
