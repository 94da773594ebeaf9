"""The JSON documents of an archive, decoded into just what is needed of them.

Field names: Docker's ``manifest.json`` (moby ``image/tarexport``), OCI image-spec 1.1 (index, manifest, config).
"""

import json
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from backend.model.errors import HostileArchiveError, NotAnImageError
from backend.model.plain import plain

T = TypeVar("T")

CONTAINERD_NAME = "io.containerd.image.name"
OCI_NAME = "org.opencontainers.image.ref.name"
REFERENCE_TYPE = "vnd.docker.reference.type"
CONFIG_TYPES = frozenset(
    {
        "",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)


class DockerItem(msgspec.Struct, frozen=True, rename="pascal"):
    """One image of ``manifest.json``: paths inside the archive, and tags."""

    config: str
    repo_tags: list[str] | None = None
    layers: list[str] | None = None


class PlatformDoc(msgspec.Struct, frozen=True):
    """For which machines an image is meant."""

    architecture: str | None = None
    os: str | None = None
    variant: str | None = None


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A reference to a blob by its digest."""

    digest: str
    media_type: str = ""
    size: int | None = None
    annotations: dict[str, str] | None = None
    platform: PlatformDoc | None = None

    @property
    def names(self) -> dict[str, str]:
        """Its annotations."""
        return self.annotations or {}

    @property
    def is_attestation(self) -> bool:
        """Tell whether it speaks about an image without being one (buildx provenance, SBOM)."""
        platform = self.platform
        return self.names.get(REFERENCE_TYPE) == "attestation-manifest" or (
            platform is not None and platform.os == "unknown" and platform.architecture in ("unknown", "", None)
        )


class ManifestDoc(msgspec.Struct, frozen=True, rename="camel"):
    """An OCI or Docker manifest, or an index of such: the fields of both, so that a mixture is noticed."""

    media_type: str = ""
    artifact_type: str = ""
    manifests: list[Descriptor] | None = None
    config: Descriptor | None = None
    layers: list[Descriptor] | None = None


class RootFs(msgspec.Struct, frozen=True):
    """The layers of an image by the digest of what they unpack to."""

    diff_ids: list[str] | None = None


class ConfigDoc(PlatformDoc, frozen=True):
    """An image's configuration."""

    rootfs: RootFs | None = None


def decode(data: bytes, kind: type[T], what: str) -> T:
    """Decode the document called ``what``. Raises NotAnImageError."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise NotAnImageError(detail=f"{what} cannot be read: {plain(str(error), 200)}") from error
    except RecursionError as error:
        raise HostileArchiveError(detail=f"{what} is nested too deep") from error


def refuse_ambiguous_keys(data: bytes, fields: Iterable[str], what: str) -> None:
    """Raise HostileArchiveError where Go's decoder would read another document than ours.

    Go takes a key in whatever case and merges repeated ones. With that an archive could show us one tag and the
    runtime another.
    """
    exact = {field.casefold(): field for field in fields}

    def look(pairs: list[tuple[str, object]]) -> None:
        seen = set()
        for key, _ in pairs:
            field = exact.get(key.casefold())
            if field is None:
                continue
            if key != field or key in seen:
                raise HostileArchiveError(detail=f'{what} has the key "{plain(key, 60)}" twice or in odd letters')
            seen.add(key)

    try:
        json.loads(data, object_pairs_hook=look)
    except ValueError as error:
        raise NotAnImageError(detail=f"{what} cannot be read: {plain(str(error), 200)}") from error
    except RecursionError as error:
        raise HostileArchiveError(detail=f"{what} is nested too deep") from error
