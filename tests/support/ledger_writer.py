"""A process that commits until it is killed: ``python -m tests.support.ledger_writer PATH``.

Four writers commit at once, each its own value and twenty rows of one version. A line ``WRITER VERSION`` on stdout says
that ``commit`` returned.
"""

import asyncio
import sys
from pathlib import Path

from backend.ledger.sqlite import SqliteLedger
from backend.model.commands import Change, SaveRow, SaveValue
from backend.model.ids import NodeId
from backend.ports.clock import FakeClock
from tests.support import ledger_values as made

WRITERS = 4
ROWS = 20


def node_of(writer: int) -> NodeId:
    """Whose rows the writer writes."""
    return NodeId(f"SHA256:writer-{writer}")


async def write(ledger: SqliteLedger, writer: int, first: int) -> None:
    """Commit version after version."""
    version = first
    while True:
        version += 1
        rows = (SaveRow(row=made.row(number, node_of(writer), version)) for number in range(ROWS))
        changes: tuple[Change, ...] = (SaveValue(key=str(writer), value=str(version)), *rows)
        await ledger.commit(changes)
        print(writer, version, flush=True)


async def main(path: Path) -> None:
    """Open and write for ever, going on above what is there."""
    ledger = SqliteLedger(path, FakeClock())
    values = (await ledger.open()).values
    await asyncio.gather(*(write(ledger, writer, int(values.get(str(writer), 0))) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
