"""Status documents for tests of what is made of them."""

from backend.api.wire import ArchiveDocument, DeliveryDocument, NodeDocument, StatusDocument


def delivery(node: str, state: str = "ready", **fields: object) -> DeliveryDocument:
    values: dict[str, object] = {
        **dict.fromkeys(("note", "source", "transport", "due_at", "error", "remedy", "updated_at")),
        **dict.fromkeys(("version", "attempts", "retries", "rate_bps", "bytes_received", "bytes_saved"), 0),
        **{"progress": 0.0, "trace": "", "node": node, "state": state},
        **fields,
    }
    return DeliveryDocument(**values)  # type: ignore[arg-type]


def archive(name: str, deliveries: list[DeliveryDocument], state: str = "active", **fields: object) -> ArchiveDocument:
    counts: dict[str, int] = {}
    for delivery in deliveries:
        counts[delivery.state] = counts.get(delivery.state, 0) + 1
    values: dict[str, object] = {
        **{"fingerprint": "f" * 32, "digest": "", "name": name, "aliases": [], "size_bytes": 1, "tags": []},
        **{"images": [], "origin": "a", "order": 1, "state": state, "reason": None, "counts": counts},
        **{"deliveries": deliveries},
        **fields,
    }
    return ArchiveDocument(**values)  # type: ignore[arg-type]


def document(archives: list[ArchiveDocument], nodes: int = 2) -> StatusDocument:
    names = [f"node-{number}" for number in range(nodes)]
    return StatusDocument(
        "node-0", "1", "", [NodeDocument(name, "", "", "agent", "up", "", 0, None) for name in names], archives
    )
