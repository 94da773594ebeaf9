"""An old ledger is brought up to date whole, a newer one is refused untouched."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from backend.ledger import migrations
from backend.ledger.migrations import NEWEST
from backend.ledger.sqlite import SqliteLedger
from backend.model.archive import EntryState, FileKey, Order
from backend.model.commands import SaveAttempt, SaveRow
from backend.model.delivery import STATE_NAMES, Loading, Waiting
from backend.model.errors import LedgerNewerError, Retry
from backend.ports.clock import FakeClock
from tests.support import ledger_values as made

OLD = Path(__file__).parents[2] / "data" / "ledger-v1.db"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    shutil.copy(OLD, path)
    return path


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def test_the_old_database_is_of_the_first_schema() -> None:
    with closing(sqlite3.connect(f"file:{OLD}?mode=ro&immutable=1", uri=True)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'attempts'").fetchall()


async def test_the_content_of_an_old_ledger_stays(old: Path) -> None:
    ledger = SqliteLedger(old, FakeClock())
    snapshot = await ledger.open()
    await ledger.close()
    assert [entry.order for entry in snapshot.entries] == [Order(at, made.ALPHA) for at in range(10)]
    assert snapshot.entries[9].state is EntryState.SUPERSEDED
    assert snapshot.entries[0].tags == ("docker.io/library/app:0",)
    cells = sorted((row.node, row.version, row.state_name) for row in snapshot.rows)
    names = ("ready", "stored", *(name for name in STATE_NAMES if name not in ("ready", "stored")))
    assert cells == [(node, 10 + at, names[at]) for node in (made.ALPHA, made.BETA) for at in range(10)]
    own = {row.version - 10: row for row in snapshot.rows if row.node == made.ALPHA}
    assert own[5].state == Loading(tags_before={"docker.io/library/app:6": None})
    waiting = own[6].state
    assert isinstance(waiting, Waiting)
    assert (waiting.due_at, waiting.problem.retry) == (1_800_000_060.5, Retry.ELSEWHERE)
    assert snapshot.files[0].key == FileKey(65024, 77, 1001, 1_800_000_000_123_456_789)
    assert snapshot.rejected[0].problem.code == "archive-truncated"
    assert snapshot.aliases == ((made.digest(1), "same.tar"),)
    assert snapshot.values == {"count": "10"}


async def test_the_second_schema_has_notes_and_attempts(old: Path) -> None:
    ledger = SqliteLedger(old, FakeClock())
    await ledger.open()
    await ledger.commit((SaveRow(row=made.row(3)), SaveAttempt(attempt=made.attempt(1))))
    assert await ledger.attempts(made.digest(1)) == (made.attempt(1),)
    await ledger.close()
    assert ask(old, "PRAGMA user_version") == [(2,)]
    noted = ask(old, "SELECT node, state, note FROM rows WHERE note IS NOT NULL")
    assert sorted(noted, key=str) == [
        (made.ALPHA, "cancelled", "superseded"),
        (made.ALPHA, "ready", "overtaken"),
        (made.ALPHA, "stored", "overtaken"),
        (made.BETA, "cancelled", "superseded"),
        (made.BETA, "stored", "overtaken"),
    ]


async def test_a_migration_that_fails_leaves_the_old_ledger_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(db: aiosqlite.Connection) -> None:
        await db.execute("DROP TABLE rows")
        raise RuntimeError("power cut")

    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, broken))
    monkeypatch.setattr(migrations, "NEWEST", NEWEST + 1)
    with pytest.raises(RuntimeError):
        await SqliteLedger(old, FakeClock()).open()
    monkeypatch.undo()
    assert ask(old, "PRAGMA user_version") == [(1,)]
    ledger = SqliteLedger(old, FakeClock())
    assert len((await ledger.open()).rows) == 20
    await ledger.close()


async def test_a_newer_ledger_is_refused_and_left_alone(old: Path) -> None:
    with closing(sqlite3.connect(old)) as db:
        db.execute(f"PRAGMA user_version = {NEWEST + 1}")
    with pytest.raises(LedgerNewerError) as caught:
        await SqliteLedger(old, FakeClock()).open()
    assert caught.value.params == {"path": str(old), "found": str(NEWEST + 1), "known": str(NEWEST)}
    assert ask(old, "PRAGMA user_version") == [(NEWEST + 1,)]
    assert [path.name for path in sorted(old.parent.iterdir())] == ["ledger.db", "ledger.lock"]


async def test_opening_twice_migrates_once(old: Path) -> None:
    for _ in range(2):
        ledger = SqliteLedger(old, FakeClock())
        assert len((await ledger.open()).entries) == 10
        await ledger.close()
