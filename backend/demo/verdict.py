"""Have all deliveries ended, and well? Read from a status document alone."""

from collections.abc import Collection
from dataclasses import dataclass

from backend.api.wire import ArchiveDocument, StatusDocument

WELL = frozenset({"ready", "stored"})
ENDED = WELL | {"failed", "cancelled"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """``ended``: nothing moves or waits any more. ``well``: and nothing went wrong."""

    ended: bool
    well: bool


def verdict_of(document: StatusDocument, dropped: Collection[str], nodes: int) -> Verdict:
    """Judge a full document: each file named in ``dropped`` is known, and each archive has ended on all ``nodes``.

    Superseded and withdrawn archives have ended well, whatever their cells say; a rejected one has ended, not well.
    """
    known = {name for archive in document.archives for name in (archive.name, *archive.aliases)}
    ended = set(dropped) <= known and all(_has_ended(archive, nodes) for archive in document.archives)
    return Verdict(ended, ended and all(_is_well(archive) for archive in document.archives))


def _has_ended(archive: ArchiveDocument, nodes: int) -> bool:
    if archive.state != "active":
        return True
    states = [delivery.state for delivery in archive.deliveries]
    return len(states) == nodes and ENDED.issuperset(states)


def _is_well(archive: ArchiveDocument) -> bool:
    if archive.state != "active":
        return archive.state != "rejected"
    return WELL.issuperset(delivery.state for delivery in archive.deliveries)
