"""What is gathered while an archive's documents are read: images, tags, layers."""

import hashlib
import re
from dataclasses import dataclass, field

from backend.adapters.inspecting.contents import Contents
from backend.adapters.inspecting.documents import (
    CONTAINERD_NAME,
    OCI_NAME,
    ConfigDoc,
    Descriptor,
    PlatformDoc,
    decode,
)
from backend.adapters.inspecting.limits import Limits
from backend.adapters.inspecting.tar import Member, shown
from backend.model.archive import Image
from backend.model.errors import HostileArchiveError, NotAnImageError
from backend.model.references import full_reference

MANIFEST_JSON = "manifest.json"
INDEX_JSON = "index.json"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}", re.ASCII)
_PLATFORM_PART = re.compile(r"[A-Za-z0-9._-]{1,32}", re.ASCII)


@dataclass(slots=True)
class Config:
    """A configuration: its digest, which is the image's, and its layers."""

    digest: str
    diff_ids: tuple[str, ...]
    platform: str


@dataclass(slots=True)
class Found:
    """An image as it is put together. Dictionaries keep the order in which things were found."""

    config: Config
    platform: str
    tags: dict[str, None] = field(default_factory=dict)
    manifests: dict[str, None] = field(default_factory=dict)


class ImageFinder:
    """Gathers images and layers. ``layers``: member -> digest of its stored bytes, or the diff_id (old layout).

    ``docker_tags``: what manifest.json says, for the cross-check with index.json.
    """

    def __init__(self, contents: Contents, limits: Limits) -> None:
        """Look into ``contents``."""
        self.contents = contents
        self.limits = limits
        self.found: dict[str, Found] = {}
        self.layers: dict[Member, str] = {}
        self.docker_tags: dict[str, Found] = {}
        self._configs: dict[Member, Config] = {}
        self._references = 0

    def spend(self, references: int) -> None:
        """Count references that were followed. Raises HostileArchiveError beyond the limit."""
        self._references += references
        if self._references > self.limits.descriptors:
            raise HostileArchiveError(detail=f"more than {self.limits.descriptors} images, manifests and layers")

    def config(self, member: Member, declared: str | None) -> Config:
        """Read a configuration. ``declared``: the digest that a descriptor gives it."""
        known = self._configs.get(member)
        if known is None:
            data = self.contents.document(member)
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            document = decode(data, ConfigDoc, f'the configuration "{shown(member.name)}"')
            known = Config(digest, _diff_ids(document, member), _platform(document))
            self._configs[member] = known
        declared = declared or digest_of_blob(member.name)
        if declared is not None and declared.startswith("sha256:") and declared != known.digest:
            raise mismatch(member)
        return known

    def image(self, config: Config, platform: PlatformDoc | None = None) -> Found:
        """Return the image with this configuration, new or known."""
        fallback = _platform(platform) if platform is not None else ""
        return self.found.setdefault(config.digest, Found(config, config.platform or fallback))

    def give_tag(self, tag: str, images: list[Found]) -> None:
        """Let a tag name ``images`` (one per platform), and no others: the last that claims it has it."""
        for found in self.found.values():
            if tag in found.tags and found not in images:
                del found.tags[tag]
        for found in images:
            found.tags[tag] = None

    def images(self) -> tuple[Image, ...]:
        """Return what was found."""
        return tuple(
            Image(
                config=found.config.digest,
                diff_ids=found.config.diff_ids,
                tags=tuple(found.tags),
                platform=found.platform,
                manifests=tuple(found.manifests),
            )
            for found in self.found.values()
        )


def tag_reference(text: str) -> str:
    """Return a tag in full. Raises NotAnImageError for what no runtime would take as one."""
    try:
        return full_reference(text)
    except ValueError as error:
        raise NotAnImageError(detail=f'"{shown(text)}" is no valid tag') from error


def name_of(descriptor: Descriptor) -> str | None:
    """Return the full tag that an entry of index.json gives, or None.

    containerd writes the full name beside a bare tag; podman writes full names; a bare tag alone names nothing.
    """
    name = descriptor.names.get(CONTAINERD_NAME, "")
    if not name:
        name = descriptor.names.get(OCI_NAME, "")
        if not ("/" in name or ":" in name):
            return None
    return None if "@" in name else tag_reference(name)


def mismatch(member: Member) -> NotAnImageError:
    """Return the error for a blob that is not what its name says."""
    return NotAnImageError(detail=f'damaged: "{shown(member.name)}" does not hash to its digest')


def wrong_count(what: str, count: int, config: Config) -> NotAnImageError:
    """Return the error for a manifest and a configuration that disagree on the layers."""
    return NotAnImageError(
        detail=f"{what} names {count} layers, the configuration {config.digest[:19]} has {len(config.diff_ids)}"
    )


def checked_digest(text: str, what: str) -> str:
    """Return ``text`` if it is a digest. Raises NotAnImageError."""
    if not _DIGEST.fullmatch(text):
        raise NotAnImageError(detail=f'{what} has "{shown(text)}" for a digest')
    return text


def digest_of_blob(name: str) -> str | None:
    """Return the digest that a blob's name tells, or None for other names."""
    folder, _, rest = name.partition("/")
    text = rest.replace("/", ":", 1)
    return text if folder == "blobs" and _DIGEST.fullmatch(text) else None


def _diff_ids(document: ConfigDoc, member: Member) -> tuple[str, ...]:
    what = f'the configuration "{shown(member.name)}"'
    if document.rootfs is None:
        raise NotAnImageError(detail=f"{what} is none of a container image: it has no rootfs")
    return tuple(checked_digest(digest, what) for digest in document.rootfs.diff_ids or [])


def _platform(document: PlatformDoc) -> str:
    parts = [document.os or "", document.architecture or "", document.variant or ""]
    if not all(_PLATFORM_PART.fullmatch(part) for part in parts[:2]):
        return ""
    return "/".join(part for part in parts if _PLATFORM_PART.fullmatch(part))
