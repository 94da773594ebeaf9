"""Health checks and nodes as lines."""

from collections.abc import Iterator

from backend.api.wire import CheckDocument, HealthDocument, NodeDocument
from backend.model.plain import plain
from backend.texts import Texts
from dsync_tui import saying
from dsync_tui.tables.columns import aligned


def health_lines(document: HealthDocument, texts: Texts) -> Iterator[str]:
    """Yield a node's verdict, its checks, and what to do about those that failed."""
    bad = [check for check in document.checks if not check.ok]
    if document.ok:
        yield texts.text("cli.health.good", node=document.node)
    else:
        yield texts.text("cli.health.bad", node=document.node, count=len(bad), all=len(document.checks))
    yield from aligned(
        [texts.text(f"cli.column.{column}") for column in ("check", "state", "detail")],
        [
            [
                texts.text(f"check.{check.name}"),
                texts.text("cli.health.check-good" if check.ok else "cli.health.check-bad"),
                _seen(check, texts),
            ]
            for check in document.checks
        ],
    )
    for check in bad:
        remedy = saying.remedy(texts, check.code, check.params, check.remedy)
        if remedy:
            yield plain(texts.text("cli.remedy", remedy=remedy))


def _seen(check: CheckDocument, texts: Texts) -> str:
    detail, error = saying.detail(texts, check), saying.sentence(texts, check.code, check.params, check.error)
    return texts.text("cli.health.seen", detail=detail, error=error) if detail else error


def node_lines(nodes: list[NodeDocument], texts: Texts) -> Iterator[str]:
    """Yield the fleet's nodes."""
    yield from aligned(
        [
            texts.text(f"cli.column.{column}")
            for column in ("node", "state", "address", "kind", "runtime", "free", "seen")
        ],
        [
            [
                node.name,
                texts.text(f"node.{node.state}"),
                node.address or "-",
                node.kind,
                node.runtime or "-",
                texts.text("cli.size", size_bytes=node.free_bytes) if node.free_bytes else "-",
                node.last_seen or "-",
            ]
            for node in nodes
        ],
    )
