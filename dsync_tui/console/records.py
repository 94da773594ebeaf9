"""What is shown, as data: one flat record a row, with plain values, for files that other programs read. Pure."""

from collections.abc import Mapping
from datetime import UTC
from typing import TypeAlias

from backend.api.wire import LogLine
from backend.model.plain import plain
from dsync_tui import saying
from dsync_tui.console import describe, figures
from dsync_tui.console.cells import Kind
from dsync_tui.console.kit import Kit
from dsync_tui.console.labels import part_label

Value: TypeAlias = str | int | float | None
Record: TypeAlias = Mapping[str, Value]
"""Names are for programs and the same in every language; times are ISO 8601 in UTC, sizes bytes."""


def moment(at: float | None) -> str | None:
    """Epoch seconds as a record has them."""
    return figures.date_of(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def cell_record(kit: Kit, node: int, archive: int) -> Record:
    """A delivery."""
    facts, entry = kit.store.nodes[node], kit.store.archive(archive)
    detail = kit.store.details.get((node, archive))
    record: dict[str, Value] = {
        "node": facts.name,
        "image": kit.label(entry),
        "fingerprint": entry.fingerprint,
        "size_bytes": entry.size_bytes,
        "state": describe.effective_kind(kit, node, archive).word,
    }
    if detail is not None:
        error, remedy = describe.error_of(kit, detail)
        record |= {
            "progress": detail.progress,
            "rate_bps": detail.rate_bps,
            "saved_bytes": detail.saved_bytes,
            "source": describe.node_name(kit, detail.source) if detail.source else None,
            "attempts": detail.attempts,
            "retries": detail.retries,
            "due_at": moment(detail.due_at),
            "since": moment(detail.since),
            "error": error or None,
            "remedy": remedy or None,
        }
    return record


def node_record(kit: Kit, node: int) -> Record:
    """A node, and how far it is."""
    facts, counts = kit.store.nodes[node], kit.store.node_counts[node]
    return {
        "node": facts.name,
        "id": facts.id,
        "address": facts.address,
        "kind": facts.kind,
        "state": facts.state,
        "sick": saying.sickness(kit.texts, facts),
        "runtime": facts.runtime,
        "free_bytes": facts.free_bytes,
        "rate_bps": facts.rate_bps,
        "bandwidth_bps": facts.bandwidth_bps,
        "seen_at": moment(facts.seen_at),
        "ready": counts.happy,
        "wanted": counts.wanted,
        "moving": counts.moving,
        "waiting": counts.of(Kind.WAITING, Kind.HELD),
        "failed": counts.failed,
    }


def archive_record(kit: Kit, archive: int) -> Record:
    """An archive, and how far it is."""
    entry, counts = kit.store.archive(archive), kit.store.archive_counts[archive]
    return {
        "image": kit.label(entry),
        "tags": " ".join(entry.tags),
        "file": entry.name,
        "fingerprint": entry.fingerprint,
        "digest": entry.digest,
        "size_bytes": entry.size_bytes,
        "origin": describe.node_name(kit, entry.origin),
        "order": entry.order,
        "state": entry.state,
        "reason": entry.reason,
        "ready": counts.happy,
        "wanted": counts.wanted,
        "moving": counts.moving,
        "waiting": counts.of(Kind.WAITING, Kind.HELD),
        "failed": counts.failed,
    }


def log_record(kit: Kit, line: LogLine) -> Record:
    """A line of the event log."""
    return {
        "at": moment(line.at),
        "level": line.level,
        "code": line.code,
        "text": saying.event(kit.texts, line),
        "trace": line.trace or None,
        **{f"param.{name}": value for name, value in sorted(line.params.items())},
    }


def matrix_record(kit: Kit, node: int, columns: list[int], parts: list[int | None]) -> Record:
    """A row of the matrix: a word for each column. Fingerprints keep columns of one label apart."""
    store = kit.store
    record: dict[str, Value] = {"node": store.nodes[node].name}
    for archive, part in zip(columns, parts, strict=True):
        entry = store.archive(archive)
        label = kit.label(entry) if part is None else part_label(entry, part)
        kind = describe.effective_kind(kit, node, archive)
        record[f"{label} ({(entry.fingerprint or plain(entry.name))[:8]})"] = None if kind is Kind.NONE else kind.word
    return record
