"""Each change as SQL with its parameters."""

from collections.abc import Iterator
from typing import TypeAlias, assert_never

import msgspec

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
from backend.model.delivery import Attempt

Value: TypeAlias = str | int | float | None
Statement: TypeAlias = tuple[str, tuple[Value, ...]]

ATTEMPTS_KEPT = 50
"""Attempts kept per delivery: a delivery that fails for weeks must not fill the disk."""

_SAVE_ENTRY = "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SAVE_ROW = (
    "INSERT OR REPLACE INTO rows (node, digest, state, version, stored, updated_at, note, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_DROP_ROWS = "DELETE FROM rows WHERE node = ?"
_SAVE_FILE = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)"
_SAVE_REJECTED = "INSERT OR REPLACE INTO rejected VALUES (?, ?, ?, ?, ?)"
_FORGET_FILE = "DELETE FROM files WHERE name = ?"
_FORGET_REJECTED = "DELETE FROM rejected WHERE name = ?"
_SAVE_ALIAS = "INSERT OR IGNORE INTO aliases VALUES (?, ?)"
_SAVE_ATTEMPT = (
    "INSERT INTO attempts"
    " (digest, number, source, transport, began_at, ended_at, bytes_received, code, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_TRIM_ATTEMPTS = (
    "DELETE FROM attempts WHERE digest = ?1 AND id NOT IN"
    f" (SELECT id FROM attempts WHERE digest = ?1 ORDER BY id DESC LIMIT {ATTEMPTS_KEPT})"
)
_SAVE_VALUE = "INSERT OR REPLACE INTO named_values VALUES (?, ?)"


def statements_of(change: Change) -> Iterator[Statement]:
    """Yield what writes ``change``, in order."""
    match change:
        case SaveRow(row=row):
            yield (
                _SAVE_ROW,
                (
                    row.node,
                    row.digest,
                    row.state_name,
                    row.version,
                    row.stored,
                    row.updated_at,
                    row.note,
                    _json(row),
                ),
            )
        case SaveEntry():
            yield _entry(change)
        case DropRows(node=node):
            yield _DROP_ROWS, (node,)
        case SaveFile(file=file):
            yield _SAVE_FILE, (file.name, file.digest, file.placed, _json(file))
            yield _FORGET_REJECTED, (file.name,)
        case SaveRejected(file=refused):
            code = refused.problem.code
            yield _SAVE_REJECTED, (refused.name, refused.fingerprint, code, refused.seen_at, _json(refused))
            yield _FORGET_FILE, (refused.name,)
        case ForgetFile(name=name):
            yield _FORGET_FILE, (name,)
            yield _FORGET_REJECTED, (name,)
        case SaveAlias(digest=digest, name=name):
            yield _SAVE_ALIAS, (digest, name)
        case SaveAttempt(attempt=attempt):
            yield _attempt(attempt)
            yield _TRIM_ATTEMPTS, (attempt.digest,)
        case SaveValue(key=key, value=value):
            yield _SAVE_VALUE, (key, value)
        case _:
            assert_never(change)


def _entry(change: SaveEntry) -> Statement:
    entry = change.entry
    return _SAVE_ENTRY, (
        entry.digest,
        entry.fingerprint,
        entry.name,
        entry.state.value,
        entry.origin,
        entry.order.count,
        entry.size_bytes,
        _json(entry),
    )


def _attempt(attempt: Attempt) -> Statement:
    return _SAVE_ATTEMPT, (
        attempt.digest,
        attempt.number,
        attempt.source,
        attempt.transport,
        attempt.began_at,
        attempt.ended_at,
        attempt.bytes_received,
        attempt.problem.code if attempt.problem is not None else None,
        _json(attempt),
    )


def runs_of(statements: list[Statement]) -> Iterator[tuple[str, list[tuple[Value, ...]]]]:
    """Join neighbours with the same SQL, so that a thousand rows cost one call; the order stays."""
    run: list[tuple[Value, ...]] = []
    for index, (sql, values) in enumerate(statements):
        run.append(values)
        if index + 1 == len(statements) or statements[index + 1][0] != sql:
            yield sql, run
            run = []


def _json(struct: msgspec.Struct) -> str:
    return msgspec.json.encode(struct).decode()
