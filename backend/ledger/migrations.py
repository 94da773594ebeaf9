"""The ledger's schema, as numbered steps. ``PRAGMA user_version`` says which have been taken.

A step, once released, is never changed: old databases stand somewhere in its shape. Columns beside ``body``
are for people who query by hand; ``body`` is the struct as JSON and what the daemon reads.
"""

from collections.abc import Awaitable, Callable

import aiosqlite

from backend.model.errors import LedgerNewerError

Step = Callable[[aiosqlite.Connection], Awaitable[None]]


async def _step_1(db: aiosqlite.Connection) -> None:
    """Catalog, rows, files, aliases and named values."""
    for statement in _SCHEMA_1:
        await db.execute(statement)


async def _step_2(db: aiosqlite.Connection) -> None:
    """A row's note as a column, and the timeline of attempts."""
    await db.execute("ALTER TABLE rows ADD COLUMN note TEXT")
    await db.execute("UPDATE rows SET note = json_extract(body, '$.note')")
    await db.execute(_ATTEMPTS_2)
    await db.execute("CREATE INDEX attempts_by_digest ON attempts (digest, id)")


STEPS: tuple[Step, ...] = (_step_1, _step_2)
NEWEST = len(STEPS)


async def migrate(db: aiosqlite.Connection, path: str) -> None:
    """Take the missing steps in one transaction. Raises LedgerNewerError where a newer version wrote."""
    found = await schema_of(db)
    if found > NEWEST:
        raise LedgerNewerError(path=path, found=found, known=NEWEST)
    if found == NEWEST:
        return
    await db.execute("BEGIN EXCLUSIVE")
    try:
        for step in STEPS[found:]:
            await step(db)
        await db.execute(f"PRAGMA user_version = {NEWEST}")
        await db.execute("COMMIT")
    except BaseException:
        await db.execute("ROLLBACK")
        raise


async def schema_of(db: aiosqlite.Connection) -> int:
    """How many steps the database has taken."""
    async with db.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row is not None else 0


_SCHEMA_1 = (
    """
    CREATE TABLE entries (
        digest TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        origin TEXT NOT NULL,
        order_count INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        body TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE rows (
        node TEXT NOT NULL,
        digest TEXT NOT NULL,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        stored INTEGER NOT NULL,
        updated_at REAL NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (node, digest)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE files (
        name TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        placed INTEGER NOT NULL,
        body TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE rejected (
        name TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        code TEXT NOT NULL,
        seen_at REAL NOT NULL,
        body TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE aliases (
        digest TEXT NOT NULL,
        name TEXT NOT NULL,
        UNIQUE (digest, name)
    )
    """,
    """
    CREATE TABLE named_values (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)

_ATTEMPTS_2 = """
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        digest TEXT NOT NULL,
        number INTEGER NOT NULL,
        source TEXT NOT NULL,
        transport TEXT NOT NULL,
        began_at REAL NOT NULL,
        ended_at REAL NOT NULL,
        bytes_received INTEGER NOT NULL,
        code TEXT,
        body TEXT NOT NULL
    )
"""
