"""Tiny real archives of one or several images, and the catalog entries that describe them."""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Mapping
from pathlib import Path

import zstandard

from backend.model.archive import CatalogEntry, Compression, Image, Layout, Order, Selector
from backend.model.ids import Digest, Fingerprint, NodeId
from backend.model.references import full_reference

NODE = NodeId("SHA256:tiny")
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def tiny_archive(
    path: Path,
    images: Mapping[str, tuple[str, ...]],
    *,
    layout: Layout = Layout.DOCKER,
    compression: Compression = Compression.NONE,
    count: int = 1,
) -> CatalogEntry:
    """Write an archive with an image per content, which has the given tags; its entry with the order
    ``count``.
    """
    members: dict[str, bytes] = {}
    built = [_image(content, tags, members) for content, tags in images.items()]
    if layout is not Layout.OCI:
        members["manifest.json"] = _json(
            [
                {"Config": _blob(image.config), "RepoTags": list(tags) or None, "Layers": [_blob(image.diff_ids[0])]}
                for image, tags in built
            ]
        )
    if layout is not Layout.DOCKER:
        members["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
        members["index.json"] = _index(built, layout)
    tar = _tar(members)
    data = _packed(tar, compression)
    path.write_bytes(data)
    order = Order(count, NODE)
    return CatalogEntry(
        digest=Digest(f"sha256:{hashlib.sha256(data).hexdigest()}"),
        fingerprint=Fingerprint(hashlib.md5(data).hexdigest()),
        name=path.name,
        size_bytes=len(data),
        origin=NODE,
        order=order,
        selector=Selector(order),
        images=tuple(image for image, _ in built),
        layout=layout,
        compression=compression,
        unpacked_bytes=len(tar),
    )


def _image(content: str, tags: tuple[str, ...], members: dict[str, bytes]) -> tuple[Image, tuple[str, ...]]:
    layer = _tar({"content": content.encode()})
    diff_id = _add(members, layer)
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
            "history": [{"created_by": "tiny"}],
        }
    )
    config_digest = _add(members, config)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": config_digest, "size": len(config)},
            "layers": [{"mediaType": OCI_LAYER, "digest": diff_id, "size": len(layer)}],
        }
    )
    references = tuple(full_reference(tag) for tag in tags)
    manifests = (_add(members, manifest),)
    return Image(config_digest, (diff_id,), references, "linux/amd64", manifests), tags


def _index(built: list[tuple[Image, tuple[str, ...]]], layout: Layout) -> bytes:
    """As Docker >= 25 writes it (both layouts), or as skopeo does (OCI alone)."""
    manifests: list[dict[str, object]] = []
    for image, tags in built:
        descriptor = {"mediaType": OCI_MANIFEST, "digest": image.manifests[0], "size": 0}
        for tag in tags:
            names = {"org.opencontainers.image.ref.name": tag}
            if layout is Layout.BOTH:
                names = {
                    "io.containerd.image.name": full_reference(tag),
                    "org.opencontainers.image.ref.name": tag.rpartition(":")[2],
                }
            manifests.append({**descriptor, "annotations": names})
        if not tags:
            manifests.append(descriptor)
    return _json({"schemaVersion": 2, "manifests": manifests})


def _add(members: dict[str, bytes], data: bytes) -> str:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    members[_blob(digest)] = data
    return digest


def _blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _tar(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _packed(data: bytes, compression: Compression) -> bytes:
    if compression is Compression.GZIP:
        return gzip.compress(data)
    if compression is Compression.ZSTD:
        return zstandard.compress(data)
    if compression is Compression.XZ:
        return lzma.compress(data)
    if compression is Compression.BZIP2:
        return bz2.compress(data)
    return data
