"""What only the real ledger can show: files, permissions, broken content, a full disk, its lock."""

import asyncio
import json
import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from backend.ledger.sqlite import SqliteLedger
from backend.model.commands import SaveEntry, SaveRow, SaveValue
from backend.model.errors import DiskFullError, LedgerBusyError, LedgerError
from backend.ports.clock import FakeClock
from backend.ports.ledger import Snapshot
from tests.support import ledger_values as made

NOW = 1_800_000_000


def ledger_at(path: Path) -> SqliteLedger:
    return SqliteLedger(path, FakeClock(float(NOW)))


async def filled(path: Path, rows: int = 200) -> None:
    ledger = ledger_at(path)
    await ledger.open()
    await ledger.commit(tuple(SaveRow(row=made.row(number)) for number in range(rows)))
    await ledger.close()


async def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state" / "ledger.db"
    old = os.umask(0)
    try:
        ledger = ledger_at(path)
        await ledger.open()
        await ledger.commit((SaveValue(key="count", value="1"),))
    finally:
        os.umask(old)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    await ledger.close()
    assert modes == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_commits_survive_a_power_cut(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "ledger.db")
    await ledger.open()
    db = ledger._connection()
    for pragma, expected in (("journal_mode", "wal"), ("synchronous", 2)):
        rows = await db.execute_fetchall(f"PRAGMA {pragma}")
        assert [value for (value,) in rows] == [expected]
    await ledger.close()


async def test_columns_answer_those_who_look_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = ledger_at(path)
    await ledger.open()
    await ledger.commit((SaveRow(row=made.row(1)), SaveEntry(entry=made.entry(1))))
    await ledger.close()
    with closing(sqlite3.connect(path)) as db:
        cell = db.execute("SELECT node, digest, state, version, stored, updated_at, note FROM rows").fetchone()
        assert cell == (made.ALPHA, made.digest(1), "ready", 1, 1, 1_800_000_000.125, "overtaken")
        entry = db.execute("SELECT fingerprint, name, state, order_count, size_bytes FROM entries").fetchone()
        assert entry == (made.fingerprint(1), "app.tar", "active", 1, 20_000_000_001)
        (body,) = db.execute("SELECT body FROM rows").fetchone()
    assert json.loads(body)["trace"] == "0123456789ab"


@pytest.mark.parametrize("damage", ["header", "page", "json"])
async def test_a_broken_ledger_is_set_aside_and_an_empty_one_begun(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "ledger.db"
    await filled(path)
    if damage == "json":
        with closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE rows SET body = '{\"digest\": 7}' WHERE digest = ?", (made.digest(1),))
            db.commit()
    else:
        content = bytearray(path.read_bytes())
        start = 0 if damage == "header" else 4096 * 3
        content[start : len(content) if damage == "page" else 100] = os.urandom(
            len(content) - start if damage == "page" else 100
        )
        path.write_bytes(content)
    broken = path.read_bytes()
    ledger = ledger_at(path)
    snapshot = await ledger.open()
    aside = tmp_path / f"ledger.db.corrupt-{NOW}"
    assert snapshot == Snapshot(set_aside=str(aside))
    assert damage == "json" or aside.read_bytes() == broken
    await ledger.commit((SaveValue(key="count", value="1"),))
    await ledger.close()
    ledger = ledger_at(path)
    assert await ledger.open() == Snapshot(values={"count": "1"})
    await ledger.close()


async def test_a_second_broken_ledger_does_not_replace_the_first(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    for content in (b"first" * 1000, b"second" * 1000):
        path.write_bytes(content)
        ledger = ledger_at(path)
        await ledger.open()
        await ledger.close()
    assert (tmp_path / f"ledger.db.corrupt-{NOW}").read_bytes() == b"first" * 1000
    assert (tmp_path / f"ledger.db.corrupt-{NOW + 1}").read_bytes() == b"second" * 1000


async def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError) as caught:
        await ledger_at(tmp_path / "file" / "ledger.db").open()
    assert str(tmp_path / "file") in caught.value.params["path"]
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises(LedgerError):
        await ledger_at(tmp_path / "ledger.db").open()


async def test_a_full_disk_loses_the_commit_whole_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = ledger_at(path)
    await ledger.open()
    await ledger.commit((SaveValue(key="count", value="1"),))
    # SQLite answers a database at its page limit as it does a full disk: SQLITE_FULL.
    await ledger._connection().execute_fetchall("PRAGMA max_page_count = 16")
    with pytest.raises(DiskFullError) as caught:
        await ledger.commit(tuple(SaveRow(row=made.row(number)) for number in range(500)))
    assert int(caught.value.params["needed_bytes"]) > 100_000
    await ledger.commit((SaveValue(key="count", value="2"),))
    await ledger.close()
    ledger = ledger_at(path)
    assert await ledger.open() == Snapshot(values={"count": "2"})
    await ledger.close()


async def test_a_cancelled_caller_has_its_changes_written(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "ledger.db")
    await ledger.open()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await ledger.commit((SaveValue(key="count", value="1"),))
    await ledger.close()
    ledger = ledger_at(tmp_path / "ledger.db")
    assert (await ledger.open()).values == {"count": "1"}
    await ledger.close()


async def test_another_daemon_is_refused_by_the_pid_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    holder = "import fcntl, os, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX);"
    holder += "print(os.getpid(), file=f, flush=True); print(flush=True); sys.stdin.read()"
    lock = tmp_path / "ledger.lock"
    pipe = asyncio.subprocess.PIPE
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", holder, str(lock), stdin=pipe, stdout=pipe)
    try:
        assert other.stdout is not None
        await other.stdout.readline()
        with pytest.raises(LedgerBusyError) as caught:
            await ledger_at(path).open()
        assert caught.value.params == {"path": str(lock), "pid": str(other.pid)}
        assert not path.exists()
    finally:
        other.kill()
        await other.wait()
    ledger = ledger_at(path)
    await ledger.open()
    assert lock.read_text() == f"{os.getpid()}\n"
    await ledger.close()


async def test_who_waits_for_a_writer_that_dies_is_told(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path / "ledger.db")
    await ledger.open()
    await ledger._connection().close()
    with pytest.raises(LedgerError):
        async with asyncio.timeout(30):
            await ledger.commit((SaveValue(key="count", value="1"),))
    with pytest.raises(LedgerError):
        await ledger.commit((SaveValue(key="count", value="2"),))
    await ledger.close()


async def test_a_process_that_dies_of_an_error_ends_though_its_ledger_was_never_closed(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from backend.ledger.sqlite import SqliteLedger\n"
        "from backend.ports.clock import FakeClock\n"
        "async def main():\n"
        "    ledger = SqliteLedger(pathlib.Path(sys.argv[1]), FakeClock())\n"
        "    await ledger.open()\n"
        "    sys.exit(7)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path / "ledger.db"), cwd=Path(__file__).parents[3]
    )
    try:
        async with asyncio.timeout(60):
            assert await process.wait() == 7
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
