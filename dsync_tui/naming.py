"""What archives are called: by a tag that is theirs now, else by their file's name; no two alike."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from msgspec import UnsetType

DOUBLE_DIGITS = 8
"""Hex digits of the fingerprint that tell archives of one label apart: enough to name one in a command."""


class Tagged(Protocol):
    """An archive, of the stream or of a document."""

    @property
    def name(self) -> str: ...

    @property
    def tags(self) -> Sequence[str]: ...

    @property
    def state(self) -> str: ...

    @property
    def overtaken_tags(self) -> Sequence[str] | UnsetType: ...


def familiar(tag: str) -> str:
    """A full reference as people write it: without Docker Hub's implied parts."""
    for implied in ("docker.io/library/", "docker.io/"):
        if tag.startswith(implied):
            return tag[len(implied) :]
    return tag


def own_tags(archive: Tagged) -> list[str]:
    """The archive's tags that belong to no other."""
    overtaken = archive.overtaken_tags or ()
    return [tag for tag in archive.tags if tag not in overtaken]


def is_overtaken(archive: Tagged) -> bool:
    """Tell whether all of the archive's tags belong to others: its images are not loaded."""
    return bool(archive.tags) and not own_tags(archive)


def state_of(archive: Tagged) -> str:
    """The archive's state; one that is active though overtaken is said to be so."""
    return "overtaken" if archive.state == "active" and is_overtaken(archive) else archive.state


def label(archive: Tagged, images: int = 0) -> str:
    """The archive's first tag of its own, else its file's name, and how many more tags (or ``images``) there are."""
    own = own_tags(archive)
    first = familiar(own[0]) if own else archive.name
    count = max(len(own), images)
    return first if count < 2 else f"{first} +{count - 1}"


def distinct(labels: Sequence[str], fingerprints: Sequence[str]) -> list[str]:
    """The labels; those that stand there more than once with the beginning of their fingerprint."""
    counts = Counter(labels)
    return [
        f"{text} #{fingerprint[:DOUBLE_DIGITS]}" if counts[text] > 1 and fingerprint else text
        for text, fingerprint in zip(labels, fingerprints, strict=True)
    ]
