"""Archives and rejected files as consoles and documents show them."""

from collections.abc import Iterator

from backend.api.wire import ArchiveRow, ImagePart
from backend.control.projection.fleet import name_of
from backend.logic.state import NodeState
from backend.logic.tags import overtaken_tags
from backend.model.archive import CatalogEntry, EntryState, RejectedFile
from backend.texts import message_of, remedy_of

REJECTED_PREFIX = "file:"
"""What the key of a rejected file begins with; a digest begins with ``sha256:``."""


def rejected_key(name: str) -> str:
    """A rejected file's key among the archives of the stream."""
    return f"{REJECTED_PREFIX}{name}"


def in_order(state: NodeState) -> list[CatalogEntry]:
    """All archives in publish order."""
    return sorted(state.entries.values(), key=lambda entry: entry.order)


def rejected_in_order(state: NodeState) -> Iterator[RejectedFile]:
    """Rejected files by name."""
    return (state.rejected[name] for name in sorted(state.rejected))


def archive_row(state: NodeState, entry: CatalogEntry) -> ArchiveRow:
    """One archive for consoles."""
    return ArchiveRow(
        digest=entry.digest,
        fingerprint=entry.fingerprint,
        name=entry.name,
        aliases=tuple(state.aliases.get(entry.digest, ())),
        size_bytes=entry.size_bytes,
        tags=entry.tags,
        images=len(entry.images),
        origin=name_of(state, entry.origin) or "",
        order=entry.order.count,
        state=entry.state.value,
        parts=_parts(entry),
        overtaken_tags=overtaken_tags(entry, state.owners),
    )


def _parts(entry: CatalogEntry) -> tuple[ImagePart, ...]:
    if len(entry.images) < 2:
        return ()
    return tuple(ImagePart(image.config, image.tags, image.platform) for image in entry.images)


def rejected_row(state: NodeState, refused: RejectedFile) -> ArchiveRow:
    """One rejected file for consoles."""
    return ArchiveRow(
        digest=rejected_key(refused.name),
        fingerprint=refused.fingerprint,
        name=refused.name,
        aliases=(),
        size_bytes=refused.key.size_bytes,
        tags=(),
        images=0,
        origin=state.name,
        order=0,
        state=EntryState.REJECTED.value,
        reason=message_of(refused.problem),
        remedy=remedy_of(refused.problem) or None,
        code=refused.problem.code,
        params=refused.problem.params,
    )
