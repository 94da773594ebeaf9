"""The status document as lines: archives, then the deliveries that need a look."""

from collections.abc import Iterator

import msgspec

from backend.api.wire import ArchiveDocument, DeliveryDocument, StatusDocument
from backend.model.delivery import STATE_NAMES
from backend.texts import Texts
from dsync_tui import naming, saying
from dsync_tui.tables.columns import aligned

FINGERPRINT_DIGITS = 12
LISTED_DELIVERIES = 200
LISTED_NODES = 10
_LOST_STATES = frozenset({"down", "isolated", "pending"})
_TROUBLED_STATES = frozenset({"failed", "waiting", "held"})


def is_well(document: StatusDocument) -> bool:
    """Tell whether nothing failed, waits for a retry, is held or was rejected.

    An archive that was superseded or withdrawn has ended well, whatever became of its deliveries.
    """
    return not any(
        archive.state == "rejected" or (archive.state == "active" and _TROUBLED_STATES.intersection(archive.counts))
        for archive in document.archives
    )


def status_lines(document: StatusDocument, texts: Texts, full: bool) -> Iterator[str]:
    """Yield the whole answer."""
    yield head_line(document, texts)
    yield from away_lines(document, texts)
    if not document.archives:
        yield texts.text("cli.status.empty")
        return
    yield ""
    yield from aligned(
        [texts.text(f"cli.column.{column}") for column in ("archive", "fingerprint", "size", "state", "deliveries")],
        [_archive_cells(archive, texts) for archive in document.archives],
    )
    yield ""
    if any(archive.deliveries for archive in document.archives):
        yield from delivery_lines(document, texts, full)
    elif is_well(document):
        yield texts.text("cli.status.well")
    yield from rejection_lines(document, texts)


def away_lines(document: StatusDocument, texts: Texts) -> Iterator[str]:
    """Yield which nodes are not up: what stands of them below is as old as their last sign of life."""
    for state in sorted({node.state for node in document.nodes} - {"up"}):
        names = [
            f"{node.name} ({node.last_seen})" if node.last_seen else node.name
            for node in document.nodes
            if node.state == state
        ]
        more = max(0, len(names) - LISTED_NODES)
        listed = texts.listed(names[:LISTED_NODES])
        yield texts.text("cli.status.away", state=texts.text(f"node.{state}"), nodes=listed, more=more or "")
    if any(node.state in _LOST_STATES for node in document.nodes):
        yield "  " + texts.text("cli.remedy", remedy=texts.text("cli.status.away-remedy"))


def rejection_lines(document: StatusDocument, texts: Texts) -> Iterator[str]:
    """Yield what was rejected, why, and what to do."""
    for archive in document.archives:
        if archive.reason is not None:
            reason = saying.sentence(texts, archive.code, archive.params, archive.reason)
            remedy = saying.remedy(texts, archive.code, archive.params, archive.remedy)
            yield texts.text("cli.status.rejected", reason=reason)
            if remedy:
                yield "  " + texts.text("cli.remedy", remedy=remedy)


def troubled(document: StatusDocument) -> StatusDocument:
    """Return the document with those deliveries only that failed, wait or are held, of archives that are wanted."""
    return msgspec.structs.replace(
        document,
        archives=[
            msgspec.structs.replace(
                archive,
                deliveries=[
                    row for row in archive.deliveries if archive.state == "active" and row.state in _TROUBLED_STATES
                ],
            )
            for archive in document.archives
        ],
    )


def delivery_lines(document: StatusDocument, texts: Texts, full: bool) -> Iterator[str]:
    """Yield the deliveries that the document lists, one line each; without ``full`` not more than people read."""
    labels = labels_of(document)
    listed = [
        (f"{label} ({_tags_text(archive.tags)})" if naming.is_overtaken(archive) else label, delivery)
        for label, archive in zip(labels, document.archives, strict=True)
        for delivery in archive.deliveries
    ]
    shown = listed if full else listed[:LISTED_DELIVERIES]
    if not listed:
        return
    yield from aligned(
        [texts.text(f"cli.column.{column}") for column in ("archive", "node", "state", "progress", "why")],
        [_delivery_cells(label, delivery, texts) for label, delivery in shown],
    )
    if len(listed) > len(shown):
        yield texts.text("cli.status.more", count=len(listed) - len(shown))


def head_line(document: StatusDocument, texts: Texts) -> str:
    """Return who answers, and how many cells are in which state."""
    totals: dict[str, int] = {}
    for archive in document.archives:
        for state, count in archive.counts.items():
            totals[state] = totals.get(state, 0) + count
    return texts.text(
        "cli.status.head",
        node=document.node,
        nodes=len(document.nodes),
        archives=len(document.archives),
        counts=counts_text(totals, texts) or "-",
    )


def counts_text(counts: dict[str, int], texts: Texts) -> str:
    """Return counts by state in the order of a delivery's life."""
    return texts.listed(
        texts.text("cli.status.count", count=counts[state], state=texts.text(f"state.{state}"))
        for state in STATE_NAMES
        if state in counts
    )


def labels_of(document: StatusDocument) -> list[str]:
    """Return what people know each archive by: a tag that is its own, else its file's name; no two alike."""
    archives = document.archives
    return naming.distinct([naming.label(archive) for archive in archives], [each.fingerprint for each in archives])


def _tags_text(tags: list[str]) -> str:
    first = naming.familiar(tags[0])
    return first if len(tags) == 1 else f"{first} +{len(tags) - 1}"


def _archive_cells(archive: ArchiveDocument, texts: Texts) -> list[str]:
    tags = naming.own_tags(archive) or archive.tags
    return [
        f"{archive.name} ({_tags_text(tags)})" if tags else archive.name,
        archive.fingerprint[:FINGERPRINT_DIGITS] or "-",
        texts.text("cli.size", size_bytes=archive.size_bytes),
        texts.text(f"archive.{naming.state_of(archive)}"),
        counts_text(archive.counts, texts) or "-",
    ]


def _delivery_cells(label: str, delivery: DeliveryDocument, texts: Texts) -> list[str]:
    return [
        label,
        delivery.node,
        texts.text(f"state.{delivery.state}"),
        progress_text(delivery),
        why_text(delivery, texts),
    ]


def progress_text(delivery: DeliveryDocument) -> str:
    """Return how far a transfer is."""
    return f"{delivery.progress * 100:.0f}%" if delivery.state == "transferring" else "-"


def why_text(delivery: DeliveryDocument, texts: Texts) -> str:
    """Return what there is to say about a delivery: its error and remedy, or its note."""
    said = []
    if delivery.due_at is not None:
        said.append(delivery.due_at)
    error = saying.sentence(texts, delivery.code, delivery.params, delivery.error)
    remedy = saying.remedy(texts, delivery.code, delivery.params, delivery.remedy)
    if error:
        said.append(error)
    elif delivery.note is not None:
        said.append(texts.text(f"note.{delivery.note}"))
    if remedy:
        said.append(texts.text("cli.remedy", remedy=remedy))
    return texts.template("list.semicolon").join(said)
