"""The OCI side of an archive: ``index.json``, nested indexes, manifests; platforms may be absent."""

import hashlib

from backend.adapters.inspecting.documents import (
    CONFIG_TYPES,
    Descriptor,
    ManifestDoc,
    decode,
    refuse_ambiguous_keys,
)
from backend.adapters.inspecting.gathering import (
    INDEX_JSON,
    Found,
    ImageFinder,
    checked_digest,
    mismatch,
    name_of,
    wrong_count,
)
from backend.adapters.inspecting.tar import Member, shown
from backend.model.errors import ArchiveError, HostileArchiveError, NotAnImageError, TruncatedError

_KEYS = ("manifests", "digest", "size", "annotations", "mediaType", "platform")


def add_index(finder: ImageFinder, member: Member) -> None:
    """Gather the images of ``index.json``.

    What an index names may be absent (other platforms, attestations), except where a tag depends on it.
    """
    data = finder.contents.document(member)
    index = decode(data, ManifestDoc, INDEX_JSON)
    refuse_ambiguous_keys(data, _KEYS, INDEX_JSON)
    reader = _IndexReader(finder)
    for descriptor in index.manifests or []:
        images = reader.images_of(descriptor, ())
        tag = name_of(descriptor)
        if tag is None:
            continue
        if not images:
            raise reader.why_none(tag)
        _claim(finder, tag, images)
    if not finder.found:
        raise reader.why_none()


def _claim(finder: ImageFinder, tag: str, images: list[Found]) -> None:
    known = finder.docker_tags.get(tag)
    if known is not None and known not in images:
        raise HostileArchiveError(detail=f"manifest.json and index.json give {tag} to different images")
    finder.give_tag(tag, images)


class _IndexReader:
    def __init__(self, finder: ImageFinder) -> None:
        self._finder = finder
        self._missing: str | None = None
        self._other: str | None = None

    def why_none(self, tag: str | None = None) -> ArchiveError:
        """Return the error for an index, or a tag of it, without an image that is there as a whole."""
        if self._missing is not None and tag is None:
            return TruncatedError(detail=f"incomplete: no image is there as a whole; {self._missing}")
        if self._missing is not None:
            return TruncatedError(detail=f"incomplete: no image of {tag} is there as a whole; {self._missing}")
        if self._other is not None:
            return NotAnImageError(detail=f'holds "{self._other}", not a container image')
        return NotAnImageError(detail=f"{INDEX_JSON} names no image")

    def images_of(self, descriptor: Descriptor, path: tuple[str, ...]) -> list[Found]:
        """Return the complete images that ``descriptor`` leads to. ``path``: digests of the indexes above."""
        self._finder.spend(1)
        if descriptor.is_attestation:
            return []
        member = self._blob(descriptor, "manifest")
        if member is None:
            return []
        data = self._finder.contents.document(member)
        algorithm, _, value = descriptor.digest.partition(":")
        if hashlib.new(algorithm, data, usedforsecurity=False).hexdigest() != value:
            raise mismatch(member)
        what = f'the manifest "{shown(member.name)}"'
        document = decode(data, ManifestDoc, what)
        path = (*path, descriptor.digest)
        if document.manifests is None:
            return self._image(document, descriptor, path, what)
        if document.config is not None or document.layers is not None:
            # Readers disagree on which it is (CVE-2021-41190).
            raise HostileArchiveError(detail=f"{what} is an index and an image at once")
        if len(path) > self._finder.limits.index_depth:
            raise HostileArchiveError(detail=f"indexes inside indexes, {len(path)} deep")
        return [image for child in document.manifests for image in self.images_of(child, path)]

    def _image(self, manifest: ManifestDoc, descriptor: Descriptor, path: tuple[str, ...], what: str) -> list[Found]:
        other = manifest.artifact_type or (manifest.config.media_type if manifest.config is not None else "")
        if manifest.config is None or manifest.artifact_type or other not in CONFIG_TYPES:
            self._other = shown(other or descriptor.media_type)
            return []
        layers = manifest.layers or []
        self._finder.spend(1 + len(layers))
        config_member = self._blob(manifest.config, "configuration")
        members = [self._blob(layer, "layer") for layer in layers]
        if config_member is None or (layers and not any(members)):
            return []
        if not all(members):
            raise TruncatedError(detail=f"incomplete: {self._missing}")
        config = self._finder.config(config_member, manifest.config.digest)
        # Docker 25.0.0 forgot the layers in this manifest, not in manifest.json (moby#47065).
        forgotten = not layers and config.digest in self._finder.found
        if len(layers) != len(config.diff_ids) and not forgotten:
            raise wrong_count(what, len(layers), config)
        for layer, member in zip(layers, members, strict=True):
            if member is not None:
                self._finder.layers.setdefault(member, layer.digest)
        found = self._finder.image(config, descriptor.platform)
        found.manifests.update(dict.fromkeys(path))
        return [found]

    def _blob(self, descriptor: Descriptor, what: str) -> Member | None:
        """Return a blob, or None and remember that it is missing. Raises NotAnImageError on another size."""
        digest = checked_digest(descriptor.digest, f"a {what}'s descriptor")
        member = self._finder.contents.find(f"blobs/{digest.replace(':', '/')}")
        if member is None:
            self._missing = f'the {what} "{digest[:19]}…" is missing'
        elif descriptor.size is not None and descriptor.size != member.size_bytes:
            raise NotAnImageError(
                detail=f'damaged: "{shown(member.name)}" has {member.size_bytes} bytes, '
                f"its descriptor says {descriptor.size}"
            )
        return member
