"""Any sequence of commits leaves the SQLite ledger and the fake with the same content."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

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
from backend.ports.clock import FakeClock
from backend.ports.fake_ledger import FakeDisk, FakeLedger
from backend.ports.ledger import Ledger, Snapshot
from tests.support import ledger_values as made

NUMBERS = st.integers(0, 3)
NODES = st.sampled_from([made.ALPHA, made.BETA])
NAMES = st.sampled_from(["a.tar", "b.tar", "ü\u202e.tar"])

CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(lambda number, name: SaveEntry(entry=made.entry(number, name)), NUMBERS, NAMES),
    st.builds(lambda number, node, version: SaveRow(row=made.row(number, node, version)), NUMBERS, NODES, NUMBERS),
    st.builds(lambda node: DropRows(node=node), NODES),
    st.builds(lambda name, number: SaveFile(file=made.file(name, number)), NAMES, NUMBERS),
    st.builds(lambda name, number: SaveRejected(file=made.rejected(name, number)), NAMES, NUMBERS),
    st.builds(lambda name: ForgetFile(name=name), NAMES),
    st.builds(lambda number, name: SaveAlias(digest=made.digest(number), name=name), NUMBERS, NAMES),
    st.builds(lambda number, of: SaveAttempt(attempt=made.attempt(number, of=of)), NUMBERS, NUMBERS),
    st.builds(lambda key, value: SaveValue(key=key, value=value), NAMES, st.text(max_size=5)),
)


def content(snapshot: Snapshot) -> tuple[object, ...]:
    return (
        snapshot.entries,
        sorted(snapshot.rows, key=lambda row: (row.node, row.digest)),
        sorted(snapshot.files, key=lambda file: file.name),
        sorted(snapshot.rejected, key=lambda file: file.name),
        snapshot.aliases,
        snapshot.values,
    )


async def after(first: Ledger, second: Ledger, commits: list[list[Change]]) -> tuple[object, ...]:
    await first.open()
    await asyncio.gather(*(first.commit(tuple(changes)) for changes in commits))
    await first.close()
    snapshot = await second.open()
    attempts = [await second.attempts(made.digest(number)) for number in range(4)]
    await second.close()
    return content(snapshot), attempts


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CHANGES, max_size=8), max_size=8))
def test_real_and_fake_agree(commits: list[list[Change]]) -> None:
    disk = FakeDisk()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.db"
        clock = FakeClock()
        real = asyncio.run(after(SqliteLedger(path, clock), SqliteLedger(path, clock), commits))
    assert real == asyncio.run(after(FakeLedger(disk), FakeLedger(disk), commits))
