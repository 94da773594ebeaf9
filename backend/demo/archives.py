"""Makes real image archives on the spot: valid for ``docker load`` and ``podman load``, of any size, in flat memory.

Layers hold a small tree of files with pseudo-random content, so that equal arguments give equal bytes. Nothing in
them can be run. It takes one pass: a layer's digest is known only after its bytes are written, so the header of its
member, whose name may be that digest, is written last into the place that was left for it.
"""

import hashlib
import json
import platform
import random
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from backend.model.archive import Layout

PIECE_BYTES = 1 << 20
FILE_BYTES = 16 << 20
EPOCH_S = 1_700_000_000
CREATED = "2023-11-14T22:13:20Z"

# What an archive of some layers takes beside their content, roughly: headers, JSON, closing zeros.
_OVERHEAD_BYTES = 24 << 10
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}

Json: TypeAlias = dict[str, "Json"] | Sequence["Json"] | str | int | None


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """What a layer holds: equal plans give equal bytes. ``compressible``: like text, else noise."""

    seed: int
    content_bytes: int
    compressible: bool = False


@dataclass(frozen=True, slots=True)
class MadeArchive:
    """What was made. ``config`` and ``diff_ids`` are ``sha256:<hex>``; ``tags`` are as given, each with a tag."""

    path: Path
    tags: tuple[str, ...]
    config: str
    diff_ids: tuple[str, ...]
    plans: tuple[LayerPlan, ...]
    size_bytes: int


def make_archive(
    path: Path,
    tags: str | Sequence[str],
    size_bytes: int,
    seed: int,
    *,
    layout: Layout = Layout.BOTH,
    layers: int = 2,
    base_layers_from: MadeArchive | None = None,
    compressible: bool = False,
) -> MadeArchive:
    """Write an archive of about ``size_bytes`` (at least some 20 KiB) with one image for this machine's platform.

    ``layout``: as ``docker save`` wrote it before version 25 (DOCKER) or since (BOTH), or an OCI layout.
    ``base_layers_from``: the image is an update of that one, and differs in its top layer only; ``layers`` and the size
    of the others are then taken from there. The file appears under ``path`` only when it is complete.
    """
    plans = _plans(size_bytes, seed, layers, base_layers_from, compressible)
    # Both runtimes refuse a reference in manifest.json that has no tag (tried, docker 20.10, podman 4.3).
    names = tuple(_tagged(tag) for tag in ([tags] if isinstance(tags, str) else tags))
    # A name that the watched directory ignores, so that an archive may be made right there.
    draft = path.with_name(f"{path.name}.tmp")
    try:
        with draft.open("wb") as file:
            config, diff_ids = _Maker(_Writer(file), layout, names).write(plans)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return MadeArchive(path, names, config, diff_ids, plans, path.stat().st_size)


def _plans(
    size_bytes: int, seed: int, layers: int, base: MadeArchive | None, compressible: bool
) -> tuple[LayerPlan, ...]:
    room = max(0, size_bytes - _OVERHEAD_BYTES)
    if base is not None:
        below = base.plans[:-1]
        rest = max(1, room - sum(plan.content_bytes for plan in below))
        return (*below, LayerPlan(seed, rest, compressible))
    share = max(1, room // max(1, layers))
    return tuple(LayerPlan(seed * 1000 + index, share, compressible) for index in range(layers))


class _Writer:
    """A tar, written front to back but for the headers of layers."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def small(self, name: str, data: bytes) -> None:
        self._file.write(_header(name, len(data)))
        self._file.write(data + bytes(-len(data) % tarfile.BLOCKSIZE))

    def folder(self, name: str) -> None:
        self._file.write(_header(name, 0, tarfile.DIRTYPE))

    def layer(self, plan: LayerPlan, member: str) -> str:
        """Write a layer as ``member``, where ``{}`` stands for its digest; return the digest's hex digits."""
        start = self._file.tell()
        self._file.write(bytes(tarfile.BLOCKSIZE))
        digest = hashlib.sha256()
        length = 0
        for piece in _layer_pieces(plan):
            digest.update(piece)
            self._file.write(piece)
            length += len(piece)
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(_header(member.format(digest.hexdigest()), length))
        self._file.seek(end)
        return digest.hexdigest()

    def finish(self) -> None:
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))


class _Maker:
    """Writes one image in one of the layouts."""

    def __init__(self, writer: _Writer, layout: Layout, tags: tuple[str, ...]) -> None:
        self._writer = writer
        self._layout = layout
        self._tags = tags

    def write(self, plans: tuple[LayerPlan, ...]) -> tuple[str, tuple[str, ...]]:
        if self._layout is Layout.DOCKER:
            return self._write_old(plans)
        for folder in ("blobs", "blobs/sha256"):
            self._writer.folder(folder)
        digests = [self._writer.layer(plan, "blobs/sha256/{}") for plan in plans]
        config = _config(digests)
        config_hex = self._blob(config)
        layers = [
            _descriptor("application/vnd.oci.image.layer.v1.tar", digest, _layer_bytes(plan))
            for digest, plan in zip(digests, plans, strict=True)
        ]
        manifest = _dump(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": _descriptor("application/vnd.oci.image.config.v1+json", config_hex, len(config)),
                "layers": layers,
            }
        )
        self._write_index(self._blob(manifest), len(manifest))
        if self._layout is Layout.BOTH:
            paths = [f"blobs/sha256/{digest}" for digest in digests]
            self._write_manifest_json(f"blobs/sha256/{config_hex}", paths)
        self._writer.small("oci-layout", _dump({"imageLayoutVersion": "1.0.0"}))
        self._writer.finish()
        return f"sha256:{config_hex}", tuple(f"sha256:{digest}" for digest in digests)

    def _write_old(self, plans: tuple[LayerPlan, ...]) -> tuple[str, tuple[str, ...]]:
        digests, paths, above = [], [], ""
        for plan in plans:
            # The IDs of images before Docker 1.10 say nothing of content; they only have to differ.
            above = hashlib.sha256(f"{above}{plan}".encode()).hexdigest()
            self._writer.folder(above)
            self._writer.small(f"{above}/VERSION", b"1.0")
            self._writer.small(f"{above}/json", _dump({"id": above, "created": CREATED, "os": "linux"}))
            digests.append(self._writer.layer(plan, f"{above}/layer.tar"))
            paths.append(f"{above}/layer.tar")
        config = _config(digests)
        config_hex = hashlib.sha256(config).hexdigest()
        self._writer.small(f"{config_hex}.json", config)
        self._write_manifest_json(f"{config_hex}.json", paths)
        self._writer.finish()
        return f"sha256:{config_hex}", tuple(f"sha256:{digest}" for digest in digests)

    def _write_manifest_json(self, config: str, layers: list[str]) -> None:
        items: Json = [{"Config": config, "RepoTags": list(self._tags), "Layers": layers}]
        self._writer.small("manifest.json", _dump(items))

    def _write_index(self, manifest_hex: str, manifest_bytes: int) -> None:
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifests: list[Json] = []
        for tag in self._tags:
            entry = _descriptor(kind, manifest_hex, manifest_bytes)
            # As Docker writes it beside manifest.json; as podman and skopeo write it alone.
            names: dict[str, Json] = {"org.opencontainers.image.ref.name": tag}
            if self._layout is Layout.BOTH:
                names = {
                    "io.containerd.image.name": _qualified(tag),
                    "org.opencontainers.image.ref.name": tag.rpartition(":")[2],
                }
            manifests.append({**entry, "annotations": names})
        manifests = manifests or [_descriptor(kind, manifest_hex, manifest_bytes)]
        index: Json = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": manifests,
        }
        self._writer.small("index.json", _dump(index))

    def _blob(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self._writer.small(f"blobs/sha256/{digest}", data)
        return digest


def _tagged(name: str) -> str:
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _qualified(tag: str) -> str:
    return tag if "/" in tag else f"docker.io/library/{tag}"


def _descriptor(kind: str, digest_hex: str, size_bytes: int) -> dict[str, Json]:
    return {"mediaType": kind, "digest": f"sha256:{digest_hex}", "size": size_bytes}


def _config(digests: Sequence[str]) -> bytes:
    machine = platform.machine()
    history: list[Json] = [{"created": CREATED, "created_by": f"layer {digest[:12]}"} for digest in digests]
    return _dump(
        {
            "created": CREATED,
            "architecture": _MACHINES.get(machine, machine),
            "os": "linux",
            "config": {"Env": ["PATH=/usr/bin:/bin"], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
            "history": history,
        }
    )


def _dump(document: Json) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def _header(name: str, size_bytes: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.mtime = size_bytes, kind, EPOCH_S
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    return info.tobuf(tarfile.GNU_FORMAT)


def _layer_files(plan: LayerPlan) -> Iterator[tuple[str, int]]:
    """Name and size of each file of a layer."""
    for index, start in enumerate(range(0, plan.content_bytes, FILE_BYTES)):
        yield f"srv/{plan.seed}/part-{index:05}.bin", min(FILE_BYTES, plan.content_bytes - start)


def _layer_pieces(plan: LayerPlan) -> Iterator[bytes]:
    """Yield a layer's tar piece by piece."""
    noise = random.Random(plan.seed)
    for folder in ("srv", f"srv/{plan.seed}"):
        yield _header(folder, 0, tarfile.DIRTYPE)
    for name, size_bytes in _layer_files(plan):
        yield _header(name, size_bytes)
        for start in range(0, size_bytes, PIECE_BYTES):
            yield _content(noise, min(PIECE_BYTES, size_bytes - start), plan.compressible)
        yield bytes(-size_bytes % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _layer_bytes(plan: LayerPlan) -> int:
    """Length of what ``_layer_pieces`` yields."""
    blocks = 2 + 2 + sum(1 - -size // tarfile.BLOCKSIZE for _, size in _layer_files(plan))
    return blocks * tarfile.BLOCKSIZE


def _content(noise: random.Random, size_bytes: int, compressible: bool) -> bytes:
    if not compressible:
        return noise.randbytes(size_bytes)
    words = [noise.randbytes(4).hex().encode() for _ in range(512)]
    text = b" ".join(noise.choices(words, k=size_bytes // 9 + 1))  # 8 characters and a blank each
    return text[:size_bytes]
