"""An in-memory ``Ledger`` that behaves as the real one does."""

import msgspec

from backend.model.archive import CatalogEntry, KnownFile, RejectedFile
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
from backend.model.delivery import Attempt, Delivery
from backend.model.errors import LedgerBusyError, LedgerError, LocalError
from backend.model.ids import Digest, NodeId
from backend.ports.ledger import Snapshot

ATTEMPTS_KEPT = 50


class FakeDisk:
    """What outlives a ``FakeLedger``: hand the same disk to the next one to restart a node."""

    def __init__(self) -> None:
        """Begin empty."""
        self.owner: FakeLedger | None = None
        self.entries: dict[Digest, CatalogEntry] = {}
        self.rows: dict[tuple[NodeId, Digest], Delivery] = {}
        self.files: dict[str, KnownFile] = {}
        self.rejected: dict[str, RejectedFile] = {}
        self.aliases: dict[tuple[Digest, str], None] = {}
        self.attempts: dict[Digest, list[Attempt]] = {}
        self.values: dict[str, str] = {}

    def apply(self, change: Change) -> None:
        """Take one change."""
        match change:
            case SaveEntry(entry=entry):
                self.entries[entry.digest] = entry
            case SaveRow(row=row):
                self.rows[row.node, row.digest] = row
            case DropRows(node=node):
                self.rows = {key: row for key, row in self.rows.items() if key[0] != node}
            case SaveFile(file=file):
                self.files[file.name] = file
                self.rejected.pop(file.name, None)
            case SaveRejected(file=refused):
                self.rejected[refused.name] = refused
                self.files.pop(refused.name, None)
            case ForgetFile(name=name):
                self.files.pop(name, None)
                self.rejected.pop(name, None)
            case SaveAlias(digest=digest, name=name):
                self.aliases[digest, name] = None
            case SaveAttempt(attempt=attempt):
                kept = [*self.attempts.get(attempt.digest, []), attempt]
                self.attempts[attempt.digest] = kept[-ATTEMPTS_KEPT:]
            case SaveValue(key=key, value=value):
                self.values[key] = value

    def snapshot(self) -> Snapshot:
        """What a start reads."""
        return Snapshot(
            entries=tuple(sorted(self.entries.values(), key=lambda entry: entry.order)),
            rows=tuple(self.rows.values()),
            files=tuple(self.files.values()),
            rejected=tuple(self.rejected.values()),
            aliases=tuple(self.aliases),
            values=dict(self.values),
        )


class FakeLedger:
    """A ledger on a ``FakeDisk``. ``commits`` holds what was written, in order; ``problem`` fails each commit."""

    def __init__(self, disk: FakeDisk | None = None) -> None:
        """Use ``disk``, or a new one."""
        self.disk = disk if disk is not None else FakeDisk()
        self.commits: list[tuple[Change, ...]] = []
        self.problem: LocalError | None = None
        self._closed = False

    async def open(self) -> Snapshot:
        """Read everything. Raises LedgerBusyError while another ledger has the disk."""
        if self.disk.owner is not None:
            raise LedgerBusyError(path="memory", pid="?")
        self.disk.owner = self
        return self.disk.snapshot()

    async def commit(self, changes: tuple[Change, ...]) -> None:
        """Take all changes or none. Raises ``problem`` if set, and LedgerError."""
        self._check_open()
        if self.problem is not None:
            raise self.problem
        try:
            msgspec.json.encode(changes)
        except UnicodeError as error:
            raise LedgerError(path="memory", detail=f"text that is no Unicode: {error}") from error
        for change in changes:
            self.disk.apply(change)
        self.commits.append(changes)

    async def attempts(self, digest: Digest) -> tuple[Attempt, ...]:
        """This node's attempts at a delivery, oldest first."""
        self._check_open()
        return tuple(self.disk.attempts.get(digest, ()))

    async def close(self) -> None:
        """Close; the disk stays."""
        self._closed = True
        if self.disk.owner is self:
            self.disk.owner = None

    def _check_open(self) -> None:
        if self._closed or self.disk.owner is not self:
            raise LedgerError(path="memory", detail="not open")
