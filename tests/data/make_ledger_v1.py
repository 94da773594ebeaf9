"""How tests/data/ledger-v1.db was made: the first schema, with content as the first version wrote it.

Run once (``python tests/data/make_ledger_v1.py FILE``) and checked in; it uses nothing of the present code, so that the
file stays what an old node would bring.
"""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

ALPHA = "SHA256:alphaAlphaAlphaAlphaAlphaAlphaAlphaAlphaAlp"
BETA = "SHA256:betaBetaBetaBetaBetaBetaBetaBetaBetaBetaBet"

SCHEMA = """
CREATE TABLE entries (digest TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
    origin TEXT NOT NULL, order_count INTEGER NOT NULL, size_bytes INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rows (node TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL,
    stored INTEGER NOT NULL, updated_at REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY (node, digest)) WITHOUT ROWID;
CREATE TABLE files (name TEXT PRIMARY KEY, digest TEXT NOT NULL, placed INTEGER NOT NULL, body TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE rejected (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, code TEXT NOT NULL, seen_at REAL NOT NULL,
    body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE aliases (digest TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (digest, name));
CREATE TABLE named_values (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""

STATES: tuple[dict[str, object], ...] = (
    {"type": "ready"},
    {"type": "stored"},
    {"type": "queued"},
    {"type": "transferring", "source": ALPHA, "transport": "rsync"},
    {"type": "verifying", "source": ALPHA},
    {"type": "loading", "tags_before": {"docker.io/library/app:6": None}},
    {
        "type": "waiting",
        "due_at": 1800000060.5,
        "problem": {
            "code": "transfer-failed",
            "params": {"source": "alpha", "detail": "connection reset", "exit_code": "12"},
            "retry": "elsewhere",
        },
    },
    {"type": "held", "problem": {"code": "runtime-sick", "params": {"runtime": "docker"}, "retry": "hold"}},
    {"type": "failed", "problem": {"code": "load-refused", "params": {"name": "app.tar"}, "retry": "never"}},
    {"type": "cancelled"},
)
NOTES = {1: "overtaken", 9: "superseded"}


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def entry(number: int) -> dict[str, object]:
    order = [number, ALPHA]
    return {
        "digest": digest(number),
        "fingerprint": f"{number:032x}",
        "name": f"app-{number}.tar",
        "size_bytes": 1000 + number,
        "origin": ALPHA,
        "order": order,
        "selector": {"order": order, "nodes": None},
        "images": [
            {
                "config": digest(number + 1000),
                "diff_ids": [digest(number + 2000)],
                "tags": [f"docker.io/library/app:{number}"],
                "platform": "linux/amd64",
            }
        ],
        "layout": "both",
        "compression": "none",
        "layers": [[digest(number + 2000), 512, 400]],
        "superseded_by": [number + 1, ALPHA] if number == 9 else None,
        "published_at": 1800000000.25,
    }


def row(number: int, node: str) -> dict[str, object]:
    return {
        "digest": digest(number),
        "node": node,
        "state": STATES[number],
        "version": number + 10,
        "stored": number < 2,
        "attempts": 1,
        "retries": 0,
        "note": NOTES.get(number),
        "source": ALPHA,
        "transport": "rsync",
        "bytes_received": 1000,
        "bytes_saved": 0,
        "updated_at": 1800000001.5,
        "trace": "0123456789ab",
    }


def fill(db: sqlite3.Connection) -> None:
    """Write ten entries, their rows on two nodes, files, a rejection, an alias and values."""
    for number in range(len(STATES)):
        body = entry(number)
        state = "superseded" if body["superseded_by"] else "active"
        values = (digest(number), body["fingerprint"], body["name"], state, ALPHA, number, body["size_bytes"])
        db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, json.dumps(body)))
        for node in (ALPHA, BETA):
            cell = row(number, node)
            columns = (node, digest(number), STATES[number]["type"], cell["version"], cell["stored"])
            db.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", (*columns, 1800000001.5, json.dumps(cell)))
    key = [65024, 77, 1001, 1800000000123456789]
    known = {"name": "app-1.tar", "key": key, "digest": digest(1), "placed": True}
    db.execute("INSERT INTO files VALUES ('app-1.tar', ?, 1, ?)", (digest(1), json.dumps(known)))
    refused = {
        "name": "cut.tar",
        "key": key,
        "problem": {"code": "archive-truncated", "params": {"name": "cut.tar", "detail": "ends at byte 17"}},
        "fingerprint": f"{99:032x}",
        "digest": digest(99),
        "seen_at": 1800000002.5,
    }
    texts = ("cut.tar", refused["fingerprint"], "archive-truncated", 1800000002.5, json.dumps(refused))
    db.execute("INSERT INTO rejected VALUES (?, ?, ?, ?, ?)", texts)
    db.execute("INSERT INTO aliases VALUES (?, 'same.tar')", (digest(1),))
    db.execute("INSERT INTO named_values VALUES ('count', '10')")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(target)) as connection:
        connection.executescript(SCHEMA)
        fill(connection)
        connection.commit()
