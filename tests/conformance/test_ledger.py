"""Port ``Ledger``: the fake and the SQLite ledger behave alike."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from backend.ledger.sqlite import SqliteLedger
from backend.model.commands import (
    Change,
    DropRows,
    ForgetFile,
    SaveAlias,
    SaveAttempt,
    SaveEntry,
    SaveFile,
    SaveRejected,
    SaveRow,
    SaveValue,
)
from backend.model.delivery import Failed, Held, State, Waiting
from backend.model.errors import LedgerBusyError, LedgerError, RuntimeSickError
from backend.ports.clock import FakeClock
from backend.ports.fake_ledger import FakeDisk, FakeLedger
from backend.ports.ledger import Ledger, Snapshot
from tests.support import ledger_values as made


class House:
    """Opens ledgers on one place, one after another."""

    def __init__(self, make: Callable[[], Ledger]) -> None:
        self._make = make
        self.ledger = make()

    def another(self) -> Ledger:
        return self._make()

    async def reopen(self) -> Snapshot:
        await self.ledger.close()
        self.ledger = self._make()
        return await self.ledger.open()


@pytest.fixture(params=["fake", "sqlite"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    disk = FakeDisk()
    path = tmp_path / "state" / "ledger.db"
    fakes = request.param == "fake"
    home = House(lambda: FakeLedger(disk) if fakes else SqliteLedger(path, FakeClock()))
    assert await home.ledger.open() == Snapshot()
    yield home
    await home.ledger.close()


def rows_of(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    return {(row.node, row.digest): row.version for row in snapshot.rows}


async def test_everything_is_there_after_reopening(house: House) -> None:
    states: tuple[State, ...] = (
        Waiting(due_at=1_800_000_060.5, problem=RuntimeSickError(runtime="docker", detail="gone").problem()),
        Held(problem=RuntimeSickError(runtime="docker", detail="gone").problem()),
        Failed(problem=RuntimeSickError(runtime="docker", detail="gone").problem()),
    )
    rows = (made.loading_row(1), *(made.row(2 + at, state=state) for at, state in enumerate(states)))
    changes: tuple[Change, ...] = (
        SaveEntry(entry=made.entry(2)),
        SaveEntry(entry=made.entry(1)),
        *(SaveRow(row=row) for row in rows),
        SaveFile(file=made.file("app.tar", placed=True)),
        SaveRejected(file=made.rejected("bad.tar")),
        SaveAlias(digest=made.digest(1), name="same.tar"),
        SaveValue(key="count", value="7"),
    )
    await house.ledger.commit(changes)
    snapshot = await house.reopen()
    assert snapshot.entries == (made.entry(1), made.entry(2))
    assert sorted(snapshot.rows, key=lambda row: row.digest) == list(rows)
    assert snapshot.files == (made.file("app.tar", placed=True),)
    assert snapshot.rejected == (made.rejected("bad.tar"),)
    assert snapshot.aliases == ((made.digest(1), "same.tar"),)
    assert snapshot.values == {"count": "7"}
    assert snapshot.set_aside == ""


async def test_the_last_of_the_same_key_stays(house: House) -> None:
    await house.ledger.commit((SaveRow(row=made.row(1, version=1)), SaveValue(key="count", value="1")))
    await house.ledger.commit((SaveRow(row=made.row(1, version=2)), SaveRow(row=made.row(1, version=3))))
    await house.ledger.commit((SaveValue(key="count", value="2"), SaveEntry(entry=made.entry(1, "old.tar"))))
    await house.ledger.commit((SaveEntry(entry=made.entry(1, "new.tar")),))
    snapshot = await house.reopen()
    assert rows_of(snapshot) == {(made.ALPHA, made.digest(1)): 3}
    assert snapshot.values == {"count": "2"}
    assert [entry.name for entry in snapshot.entries] == ["new.tar"]


async def test_changes_of_one_commit_keep_their_order(house: House) -> None:
    await house.ledger.commit((SaveRow(row=made.row(1, made.BETA)), SaveRow(row=made.row(1))))
    await house.ledger.commit(
        (SaveRow(row=made.row(2, made.BETA)), DropRows(node=made.BETA), SaveRow(row=made.row(3, made.BETA)))
    )
    assert rows_of(await house.reopen()) == {
        (made.ALPHA, made.digest(1)): 1,
        (made.BETA, made.digest(3)): 1,
    }


async def test_a_name_is_known_or_rejected_but_never_both(house: House) -> None:
    await house.ledger.commit((SaveFile(file=made.file("a")), SaveRejected(file=made.rejected("b"))))
    await house.ledger.commit((SaveRejected(file=made.rejected("a")), SaveFile(file=made.file("b", 2))))
    snapshot = await house.reopen()
    assert snapshot.files == (made.file("b", 2),)
    assert snapshot.rejected == (made.rejected("a"),)
    await house.ledger.commit((ForgetFile(name="a"), ForgetFile(name="b"), ForgetFile(name="never")))
    snapshot = await house.reopen()
    assert (snapshot.files, snapshot.rejected) == ((), ())


async def test_aliases_stand_once_in_the_order_of_their_coming(house: House) -> None:
    for name in ("z.tar", "a.tar", "z.tar"):
        await house.ledger.commit((SaveAlias(digest=made.digest(1), name=name),))
    snapshot = await house.reopen()
    assert snapshot.aliases == ((made.digest(1), "z.tar"), (made.digest(1), "a.tar"))


async def test_attempts_are_told_oldest_first_and_bounded(house: House) -> None:
    await house.ledger.commit((SaveAttempt(attempt=made.attempt(1, of=2, failed=True)),))
    for number in range(1, 61):
        await house.ledger.commit((SaveAttempt(attempt=made.attempt(number)),))
    await house.reopen()
    kept = await house.ledger.attempts(made.digest(1))
    assert kept == tuple(made.attempt(number) for number in range(11, 61))
    assert await house.ledger.attempts(made.digest(2)) == (made.attempt(1, of=2, failed=True),)
    assert await house.ledger.attempts(made.digest(3)) == ()


async def test_overlapping_commits_are_written_in_the_order_of_the_calls(house: House) -> None:
    await asyncio.gather(
        *(house.ledger.commit((SaveRow(row=made.row(1, version=version)),)) for version in range(100)),
        *(house.ledger.commit((SaveRow(row=made.row(number)),)) for number in range(2, 100)),
    )
    rows = rows_of(await house.reopen())
    assert len(rows) == 99
    assert rows[made.ALPHA, made.digest(1)] == 99


async def test_text_that_cannot_be_written_fails_alone_and_whole(house: House) -> None:
    # A file name of a store may be no UTF-8; Python then carries lone surrogates.
    bad = (SaveValue(key="first", value="1"), SaveFile(file=made.file("caf\udce9.tar")))
    results = await asyncio.gather(
        house.ledger.commit((SaveValue(key="before", value="1"),)),
        house.ledger.commit(bad),
        house.ledger.commit((SaveValue(key="after", value="1"),)),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None), LedgerError, type(None)]
    assert (await house.reopen()).values == {"before": "1", "after": "1"}


async def test_names_with_quotes_controls_and_wide_characters_are_only_text(house: House) -> None:
    names = ["'; DROP TABLE rows; --", "a\nb\x00c", "[@click=app.quit]x", "日本.tar", "x" * 5000]
    await house.ledger.commit(tuple(SaveFile(file=made.file(name)) for name in names))
    assert sorted(file.name for file in (await house.reopen()).files) == sorted(names)


async def test_nothing_to_write_is_no_error(house: House) -> None:
    await house.ledger.commit(())
    assert await house.reopen() == Snapshot()


async def test_a_second_ledger_on_the_same_place_is_refused(house: House) -> None:
    second = house.another()
    with pytest.raises(LedgerBusyError):
        await second.open()
    await house.ledger.commit((SaveValue(key="count", value="1"),))
    assert (await house.reopen()).values == {"count": "1"}


async def test_after_closing_every_call_is_an_error(house: House) -> None:
    await house.ledger.close()
    with pytest.raises(LedgerError):
        await house.ledger.commit((SaveValue(key="count", value="1"),))
    with pytest.raises(LedgerError):
        await house.ledger.attempts(made.digest(1))
    await house.ledger.close()
