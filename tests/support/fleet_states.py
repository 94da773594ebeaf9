"""Waiting for what a real fleet's daemons tell, and reading it."""

import asyncio
import time
from collections.abc import Callable, Iterable

from backend.api.wire import ArchiveDocument, StatusDocument
from backend.demo.node import FleetNode
from backend.model.errors import NotReachedError

POLL_S = 0.1
HAPPY = frozenset({"ready", "stored"})


async def until(
    node: FleetNode, holds: Callable[[StatusDocument], bool], what: str, within_s: float = 60.0
) -> StatusDocument:
    """Ask ``node`` until what it tells ``holds``; the document that did.

    Raises AssertionError with what it told last. A daemon that is not there (yet) is asked again.
    """
    deadline = time.monotonic() + within_s
    told: StatusDocument | None = None
    while time.monotonic() < deadline:
        try:
            async with node.client() as client:
                told = await client.status(full=True)
        except NotReachedError:
            pass
        else:
            if holds(told):
                return told
        await asyncio.sleep(POLL_S)
    raise AssertionError(f"{what}: not within {within_s:g} s; {node.name} says {_shown(told)}")


def _shown(document: StatusDocument | None) -> str:
    if document is None:
        return "nothing"
    return "; ".join(
        f"{archive.name} {archive.state} {states(archive)} {errors(archive)}" for archive in document.archives
    )


def archive(document: StatusDocument, name: str) -> ArchiveDocument | None:
    """The archive that was published (last) under ``name``, as far as it is known."""
    named = [archive for archive in document.archives if archive.name == name]
    return max(named, key=lambda archive: archive.order) if named else None


def states(archive: ArchiveDocument) -> dict[str, str]:
    """Node -> state of its cell."""
    return {delivery.node: delivery.state for delivery in archive.deliveries}


def errors(archive: ArchiveDocument) -> dict[str, str]:
    """Node -> error, where there is one."""
    return {delivery.node: delivery.error for delivery in archive.deliveries if delivery.error is not None}


def ended_well(
    name: str, nodes: Iterable[FleetNode], happy: frozenset[str] = HAPPY
) -> Callable[[StatusDocument], bool]:
    """A condition: every cell of ``name`` on ``nodes`` is in one of the states ``happy``."""
    wanted = {node.name for node in nodes}

    def holds(document: StatusDocument) -> bool:
        found = archive(document, name)
        if found is None:
            return False
        told = states(found)
        return wanted <= told.keys() and all(told[node] in happy for node in wanted)

    return holds


def catalog(document: StatusDocument) -> list[tuple[str, str, int, str, tuple[str, ...]]]:
    """What a node takes for the catalog, to be compared with what others do: no row of a node is in it."""
    return sorted(
        (entry.digest, entry.name, entry.order, entry.state, tuple(entry.tags))
        for entry in document.archives
        if entry.state != "rejected"
    )
