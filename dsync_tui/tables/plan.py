"""A plan as lines: what the file is to the fleet, then each node's part."""

from collections.abc import Iterator

from backend.api.plans import PlanDocument, PlanStep
from backend.model.plain import plain
from backend.texts import Texts
from dsync_tui import saying
from dsync_tui.tables.columns import aligned


def plan_lines(document: PlanDocument, texts: Texts) -> Iterator[str]:
    """Yield the whole answer."""
    yield from (plain(line) for line in verdict_lines(document, texts))
    if not document.steps:
        return
    yield ""
    yield from aligned(
        [texts.text(f"cli.column.{column}") for column in ("node", "does", "size", "why")],
        [
            [
                step.node,
                texts.text(f"plan.does.{step.does}"),
                texts.text("cli.size", size_bytes=step.left_bytes) if step.left_bytes else "-",
                hindrance(step, texts),
            ]
            for step in document.steps
        ],
    )
    yield ""
    yield texts.text("plan.total", moving_bytes=document.moving_bytes, waiting_bytes=document.waiting_bytes or "")


def verdict_lines(document: PlanDocument, texts: Texts) -> Iterator[str]:
    """Yield what the file is to the fleet, and what its coming would end or take."""
    yield texts.text(
        f"plan.verdict.{document.verdict}",
        name=document.name,
        size_bytes=document.size_bytes,
        known="" if document.known_as in (None, document.name) else document.known_as,
        tags=texts.listed(document.tags),
    )
    if document.code is not None:
        yield saying.sentence(texts, document.code, document.params, document.error)
        remedy = saying.remedy(texts, document.code, document.params, document.remedy)
        if remedy:
            yield texts.text("cli.remedy", remedy=remedy)
    for name in document.supersedes:
        yield texts.text("plan.supersedes", name=name)
    for taken in document.takes:
        yield texts.text("plan.takes", tag=taken.tag, name=taken.owner)


def hindrance(step: PlanStep, texts: Texts) -> str:
    """What a node would wait for first; "" for nothing."""
    return saying.sentence(texts, step.code, step.params, step.error)
