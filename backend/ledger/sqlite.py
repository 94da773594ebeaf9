"""Port ``Ledger`` on SQLite: WAL, synchronous=FULL, overlapping commits share one transaction."""

import asyncio
import errno
import logging
import os
import sqlite3
from pathlib import Path

import aiosqlite
import msgspec

from backend.ledger.files import free_bytes, move_aside, prepare
from backend.ledger.lock import LedgerLock
from backend.ledger.migrations import migrate
from backend.ledger.reading import read_attempts, read_snapshot
from backend.ledger.statements import Statement, runs_of, statements_of
from backend.model.commands import Change
from backend.model.delivery import Attempt
from backend.model.errors import DiskFullError, LedgerError, LocalError
from backend.model.ids import Digest
from backend.ports.clock import Clock
from backend.ports.ledger import Snapshot
from backend.ports.tasks import TaskOwner

_log = logging.getLogger("dsync.ledger")

_BUSY_TIMEOUT_S = 5.0
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_GROUP_LIMIT_STATEMENTS = 20_000

_BROKEN_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class _Pending:
    """A caller's changes, and the future on which it waits."""

    __slots__ = ("done", "statements")

    def __init__(self, statements: list[Statement], done: "asyncio.Future[None]") -> None:
        self.statements = statements
        self.done = done


class SqliteLedger:
    """The ledger at ``path``, locked against a second daemon by ``ledger.lock`` beside it.

    A ledger that cannot be read is moved to ``<path>.corrupt-<epoch>`` and an empty one begun: the node then
    goes on above what its peers hold for it. ``clock`` names that moment only.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Take the path; nothing is touched before ``open``."""
        self._path = path
        self._clock = clock
        self._lock = LedgerLock(path.with_name("ledger.lock"))
        self._db: aiosqlite.Connection | None = None
        self._pending: list[_Pending] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._tasks = TaskOwner("ledger")

    async def open(self) -> Snapshot:
        """Lock, migrate and read. Raises LedgerBusyError, LedgerNewerError, DiskFullError, LedgerError."""
        prepare(self._path.parent)
        self._lock.acquire()
        try:
            snapshot = await self._open_or_set_aside()
        except BaseException:
            await self._disconnect()
            self._lock.release()
            raise
        self._tasks.start(self._write_groups(), "writer")
        # A task that is cancelled before it began has no finally.
        await asyncio.sleep(0)
        return snapshot

    async def _open_or_set_aside(self) -> Snapshot:
        try:
            return await self._connect_and_read()
        except (sqlite3.Error, OSError, msgspec.DecodeError) as error:
            if not _is_broken(error):
                raise self._translated(error) from error
            _log.error("ledger %s cannot be read: %s", self._path, error)
        await self._disconnect()
        try:
            aside = move_aside(self._path, int(self._clock.now()))
            snapshot = await self._connect_and_read()
        except (sqlite3.Error, OSError) as error:
            raise self._translated(error) from error
        return msgspec.structs.replace(snapshot, set_aside=str(aside))

    async def _connect_and_read(self) -> Snapshot:
        # SQLite gives its -wal and -shm files the mode of the database.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._path.chmod(0o600)
        # No implicit transactions: what belongs together is said by BEGIN and COMMIT.
        self._db = await aiosqlite.connect(self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        await self._db.execute("PRAGMA journal_mode = WAL")
        await self._db.execute("PRAGMA synchronous = FULL")
        await self._db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        await migrate(self._db, str(self._path))
        return await read_snapshot(self._db)

    async def commit(self, changes: tuple[Change, ...]) -> None:
        """Write all changes in one transaction, in their order; return once a power cut would not undo them.

        A caller that is cancelled meanwhile has its changes written all the same. Raises DiskFullError,
        LedgerError; then none of the changes is there.
        """
        self._connection()
        if not changes:
            return
        try:
            statements = [statement for change in changes for statement in statements_of(change)]
        except UnicodeError as error:
            raise LedgerError(path=self._path, detail=f"text that is no Unicode: {error}") from error
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append(_Pending(statements, done))
        self._wake.set()
        await done

    async def attempts(self, digest: Digest) -> tuple[Attempt, ...]:
        """This node's attempts at a delivery, oldest first. Raises LedgerError."""
        try:
            return await read_attempts(self._connection(), digest)
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise self._translated(error) from error

    async def close(self) -> None:
        """Write what is pending, close and unlock; a second call does nothing."""
        self._closing = True
        self._wake.set()
        await self._tasks.drain()
        await self._disconnect()
        self._lock.release()

    async def _disconnect(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            await db.close()

    def _connection(self) -> aiosqlite.Connection:
        if self._db is None or self._closing:
            raise LedgerError(path=self._path, detail="not open")
        return self._db

    async def _write_groups(self) -> None:
        try:
            while self._pending or not self._closing:
                if not self._pending:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                group = self._next_group()
                await self._write_group(group)
                del self._pending[: len(group)]
        finally:
            if not self._closing:
                await self._abandon()

    async def _abandon(self) -> None:
        """The writer was cancelled or died: nobody may wait for ever, nor SQLite's thread keep the process alive."""
        self._closing = True
        self._settle(self._pending, LedgerError(path=self._path, detail="writer ended"))
        await self._disconnect()

    def _next_group(self) -> list[_Pending]:
        count = 0
        size = 0
        for pending in self._pending:
            size += len(pending.statements)
            if count and size > _GROUP_LIMIT_STATEMENTS:
                break
            count += 1
        return self._pending[:count]

    async def _write_group(self, group: list[_Pending]) -> None:
        problem = await self._write([statement for pending in group for statement in pending.statements])
        if problem is not None and len(group) > 1:
            # One caller's changes may be at fault: each on its own, in the same order.
            for pending in group:
                await self._write_group([pending])
            return
        self._settle(group, problem)

    def _settle(self, group: list[_Pending], problem: LocalError | None) -> None:
        for pending in group:
            if pending.done.done():
                continue
            if problem is None:
                pending.done.set_result(None)
            else:
                pending.done.set_exception(problem)

    async def _write(self, statements: list[Statement]) -> LocalError | None:
        db = self._db
        assert db is not None
        try:
            await db.execute("BEGIN IMMEDIATE")
            for sql, values in runs_of(statements):
                await db.executemany(sql, values)
            await db.execute("COMMIT")
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            _log.error("ledger %s was not written: %s", self._path, error)
            await self._roll_back(db)
            return self._translated(error, _text_bytes(statements))
        return None

    async def _roll_back(self, db: aiosqlite.Connection) -> None:
        # SQLite rolls back by itself after some errors (full disk, I/O) and not after others.
        if db.in_transaction:
            try:
                await db.execute("ROLLBACK")
            except sqlite3.Error as error:
                _log.error("ledger %s was not rolled back: %s", self._path, error)

    def _translated(self, error: Exception, needed_bytes: int = 0) -> LocalError:
        if _primary_code(error) == sqlite3.SQLITE_FULL or getattr(error, "errno", None) == errno.ENOSPC:
            free = free_bytes(self._path)
            return DiskFullError(path=self._path.parent, needed_bytes=needed_bytes, free_bytes=free)
        return LedgerError(path=self._path, detail=error)


def _primary_code(error: Exception) -> int | None:
    """SQLite's result code without its extension; None for errors that are not SQLite's own."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _is_broken(error: Exception) -> bool:
    """Tell whether the content is at fault, and not the disk, a permission or a lock."""
    return isinstance(error, msgspec.DecodeError) or _primary_code(error) in _BROKEN_CODES


def _text_bytes(statements: list[Statement]) -> int:
    return sum(len(value) for _, values in statements for value in values if isinstance(value, str))
