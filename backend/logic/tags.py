"""Who owns a tag, which images an archive must have in a runtime, and how tags are put right after a load.

A tag belongs to the newest active archive that names it. Runtimes know nothing of that: a load moves every
tag of the archive to its images, whatever stood there before. So after each load ``corrections`` tells what
to change.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from backend.model.archive import CatalogEntry, Image
from backend.model.ids import Digest
from backend.model.runtime import RuntimeView


class MoveTag(msgspec.Struct, frozen=True):
    """Let a full reference point at the runtime's image ``image_id``."""

    reference: str
    image_id: str


class RemoveTag(msgspec.Struct, frozen=True):
    """Remove a full reference."""

    reference: str


Correction: TypeAlias = MoveTag | RemoveTag


def owners(entries: Iterable[CatalogEntry]) -> dict[str, Digest]:
    """Return each tag's owner: the newest active archive, by publish order, that names it."""
    newest: dict[str, CatalogEntry] = {}
    for entry in entries:
        if not entry.active:
            continue
        for tag in entry.tags:
            former = newest.get(tag)
            if former is None or entry.order > former.order:
                newest[tag] = entry
    return {tag: entry.digest for tag, entry in newest.items()}


def owner_of(namers: Iterable[CatalogEntry]) -> Digest | None:
    """Return who owns a tag among all archives that name it."""
    active = [entry for entry in namers if entry.active]
    return max(active, key=lambda entry: entry.order).digest if active else None


def owned_tags(entry: CatalogEntry, owners: Mapping[str, Digest]) -> tuple[str, ...]:
    """Return the archive's tags that belong to it, each once, in the archive's order."""
    return tuple(tag for tag in dict.fromkeys(entry.tags) if owners.get(tag) == entry.digest)


def overtaken_tags(entry: CatalogEntry, owners: Mapping[str, Digest]) -> tuple[str, ...]:
    """Return the archive's tags that belong to another one, each once, in the archive's order."""
    return tuple(tag for tag in dict.fromkeys(entry.tags) if owners.get(tag) not in (None, entry.digest))


def needed_images(entry: CatalogEntry, owners: Mapping[str, Digest]) -> tuple[Image, ...]:
    """Return the images that a runtime must hold for the archive to be ready; none: it is overtaken.

    Those with a tag that the archive owns, and those without any tag, unless all of the archive's tags are
    lost.
    """
    owned = frozenset(owned_tags(entry, owners))
    if entry.tags and not owned:
        return ()
    return tuple(image for image in entry.images if not image.tags or owned.intersection(image.tags))


def missing_images(entry: CatalogEntry, owners: Mapping[str, Digest], view: RuntimeView) -> tuple[Image, ...]:
    """Return needed images that the runtime does not hold; of one image's platforms any will do."""
    return tuple(
        image
        for group in _by_platform(needed_images(entry, owners))
        if not any(image.config in view.present for image in group)
        for image in group
    )


def satisfied(entry: CatalogEntry, owners: Mapping[str, Digest], view: RuntimeView) -> bool:
    """Tell whether the runtime holds all needed images, and each owned tag points at its image."""
    if missing_images(entry, owners, view):
        return False
    return all(view.tags.get(tag) in _image_ids(entry, tag, view) for tag in owned_tags(entry, owners))


def corrections(
    entry: CatalogEntry,
    owners: Mapping[str, Digest],
    before: Mapping[str, str | None],
    now: RuntimeView,
    others: Mapping[Digest, CatalogEntry],
    also: Iterable[str] = (),
) -> tuple[Correction, ...]:
    """Return what puts the archive's tags right, once its images are in the runtime.

    A tag points at its owner's image. Where the owner (one of ``others``, or the archive itself) has none
    in this runtime, the tag goes back to where it was ``before``; was it nowhere, it is removed, if it
    points at one of the archive's images. ``now`` covers the archive, ``others`` and their tags. ``also``:
    further references that the load may have set; whoever owns them, they go back to where they were. Tags
    that the archive does not name are never touched. Moves come first: the last reference of an image,
    removed, may take the image with it.
    """
    ours = {now.present[image.config] for image in entry.images if image.config in now.present}
    moves: list[Correction] = []
    removals: list[Correction] = []
    named = dict.fromkeys(entry.tags)
    for tag in (*named, *(reference for reference in dict.fromkeys(also) if reference not in named)):
        here = now.tags.get(tag)
        owner = owners.get(tag) if tag in named else None
        rightful = _owners_image_ids(entry, owner, tag, now, others)
        if not rightful:
            former = before.get(tag)
            rightful = (former,) if former is not None else ()
        if rightful and here not in rightful:
            moves.append(MoveTag(tag, rightful[0]))
        elif not rightful and here in ours:
            removals.append(RemoveTag(tag))
    return (*moves, *removals)


def undo(before: Mapping[str, str | None], now: RuntimeView) -> tuple[Correction, ...]:
    """Return what lets the tags stand as ``before`` a load that failed.

    A tag that was nowhere is removed if it points at one of the images that ``now`` confirms as the
    archive's.
    """
    ours = set(now.present.values())
    moves: list[Correction] = []
    removals: list[Correction] = []
    for tag, former in before.items():
        here = now.tags.get(tag)
        if former is not None and here != former:
            moves.append(MoveTag(tag, former))
        elif former is None and here in ours:
            removals.append(RemoveTag(tag))
    return (*moves, *removals)


def _owners_image_ids(
    entry: CatalogEntry,
    owner: Digest | None,
    tag: str,
    view: RuntimeView,
    others: Mapping[Digest, CatalogEntry],
) -> tuple[str, ...]:
    if owner is None:
        return ()
    owning = entry if owner == entry.digest else others.get(owner)
    return _image_ids(owning, tag, view) if owning is not None else ()


def _image_ids(entry: CatalogEntry, tag: str, view: RuntimeView) -> tuple[str, ...]:
    """Return the runtime's IDs of those present images to which the archive gives ``tag``."""
    return tuple(
        view.present[image.config] for image in entry.images if tag in image.tags and image.config in view.present
    )


def _by_platform(images: Iterable[Image]) -> list[list[Image]]:
    """Put together what is one image for several platforms: a runtime takes the one that fits it.

    They share a tag or an index, and no two are for the same platform.
    """
    groups: list[list[Image]] = []
    for image in images:
        for group in groups:
            if _is_variant(image, group):
                group.append(image)
                break
        else:
            groups.append([image])
    return groups


def _is_variant(image: Image, group: list[Image]) -> bool:
    if not image.platform or any(image.platform == other.platform or not other.platform for other in group):
        return False
    return any(set(image.tags) & set(other.tags) or set(image.manifests) & set(other.manifests) for other in group)
