"""Catalog entries for tests of tags: what counts is who published which images under which tags, and in which order."""

from collections.abc import Iterable

from backend.model.archive import CatalogEntry, Image, Order, Selector
from backend.model.ids import Digest, Fingerprint, NodeId

NODE = NodeId("SHA256:a")
LATER = Order(10_000, NODE)
"""After every publication."""


def image(name: str, *tags: str, platform: str = "", manifests: tuple[str, ...] = ()) -> Image:
    """An image; the same ``name`` is the same image."""
    return Image(f"sha256:{name}", (f"sha256:layer-{name}",), tags, platform, manifests)


def images(contents: Iterable[tuple[str, frozenset[str]]]) -> tuple[Image, ...]:
    """Images by name with their tags; a tag that two of them claim is the first one's."""
    seen: set[str] = set()
    made = []
    for name, tags in contents:
        made.append(image(name, *sorted(tags - seen)))
        seen |= tags
    return tuple(made)


def archive(count: int, *contained: Image, withdrawn: bool = False) -> CatalogEntry:
    """The archive that was published as the one with that number."""
    order = Order(count, NODE)
    return CatalogEntry(
        digest=Digest(f"sha256:{count:064d}"),
        fingerprint=Fingerprint(f"{count:032d}"),
        name=f"{count}.tar",
        size_bytes=1,
        origin=NODE,
        order=order,
        selector=Selector(order),
        images=contained,
        withdrawn_at=LATER if withdrawn else None,
    )
