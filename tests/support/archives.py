"""Image archives of every layout, small and in memory, to be bent before they are written."""

import bz2
import gzip
import hashlib
import json
import lzma
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import zstandard

from backend.model.archive import Compression

TarForm: TypeAlias = Literal[0, 1, 2]
BLOCK = tarfile.BLOCKSIZE
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Link:
    """A symbolic or (``hard``) hard link."""

    target: str
    hard: bool = False


@dataclass
class Tar:
    """Members in order; None is a directory. ``repeated`` come after them, whatever their names."""

    members: dict[str, bytes | Link | None] = field(default_factory=dict)
    repeated: list[tuple[str, bytes | Link | None]] = field(default_factory=list)
    form: TarForm = tarfile.GNU_FORMAT

    def data(self, end: bool = True) -> bytes:
        """The tar's bytes, with the closing zeros or without."""
        items = [*self.members.items(), *self.repeated]
        return b"".join(member(name, content, self.form) for name, content in items) + bytes(2 * BLOCK * end)

    def write(self, path: Path, packing: Compression = Compression.NONE) -> Path:
        """Write the archive."""
        path.write_bytes(pack(self.data(), packing))
        return path

    def json(self, name: str, document: object) -> "Tar":
        """Set a JSON member."""
        self.members[name] = dump(document)
        return self

    def document(self, name: str) -> object:
        """Read a JSON member."""
        data = self.members[name]
        assert isinstance(data, bytes)
        return json.loads(data)

    def blob(self, data: bytes) -> str:
        """Add a blob; its digest."""
        self.members[f"blobs/sha256/{hexdigest(data)}"] = data
        return f"sha256:{hexdigest(data)}"


@dataclass(frozen=True)
class Picture:
    """One image: its configuration and its layers' tars."""

    config: bytes
    layers: tuple[bytes, ...]
    tags: tuple[str, ...] = ("app:1",)

    @property
    def digest(self) -> str:
        """Its config digest."""
        return f"sha256:{hexdigest(self.config)}"

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Digests of its unpacked layers."""
        return tuple(f"sha256:{hexdigest(layer)}" for layer in self.layers)


def picture(content: str = "one", *tags: str, layers: int = 2, **changes: object) -> Picture:
    """An image whose layers say ``content``; ``changes`` to its configuration."""
    built = tuple(
        Tar({f"srv/{content}-{index}": content.encode() * 50}, form=tarfile.USTAR_FORMAT).data()
        for index in range(layers)
    )
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hexdigest(layer)}" for layer in built]},
        "history": [{"created_by": content} for _ in built],
    }
    return Picture(dump({**config, **changes}), built, tags or ("app:1",))


def old_docker(*pictures: Picture) -> Tar:
    """As ``docker save`` wrote it before version 25: shared layers are symlinks."""
    tar, seen, items = Tar(), dict[str, str](), []
    for shown in pictures or (picture(),):
        paths = []
        for layer in shown.layers:
            folder = hexdigest(shown.config + layer)
            tar.members[folder] = None
            tar.members[f"{folder}/VERSION"] = b"1.0"
            path = f"{folder}/layer.tar"
            first = seen.setdefault(hexdigest(layer), folder)
            tar.members[path] = layer if first == folder else Link(f"../{first}/layer.tar")
            paths.append(path)
        name = f"{hexdigest(shown.config)}.json"
        tar.members[name] = shown.config
        items.append({"Config": name, "RepoTags": list(shown.tags), "Layers": paths})
    return tar.json("manifest.json", items).json("repositories", {})


def podman(*pictures: Picture) -> Tar:
    """As ``podman save`` writes a docker-archive: layers at the root, symlinks to them after."""
    tar, items = Tar(), []
    for shown in pictures or (picture(),):
        paths = [f"{hexdigest(layer)}.tar" for layer in shown.layers]
        tar.members.update(zip(paths, shown.layers, strict=True))
        name = f"{hexdigest(shown.config)}.json"
        tar.members[name] = shown.config
        for path in paths:
            tar.members[f"{hexdigest(path.encode())}/layer.tar"] = Link(f"../{path}")
        items.append({"Config": name, "RepoTags": list(shown.tags), "Layers": paths})
    return tar.json("manifest.json", items)


def oci(*pictures: Picture, packing: Compression = Compression.NONE) -> Tar:
    """As podman and skopeo write an oci-archive; ``packing`` of the layers."""
    tar = Tar()
    entries: list[dict[str, object]] = []
    for shown in pictures or (picture(),):
        manifest = add_manifest(tar, shown, packing)
        for tag in shown.tags or (None,):
            names = {"org.opencontainers.image.ref.name": tag} if tag else {}
            entries.append({**manifest, "annotations": names})
    return tar.json("index.json", {"schemaVersion": 2, "manifests": entries}).json(
        "oci-layout", {"imageLayoutVersion": "1.0.0"}
    )


def both(*pictures: Picture, packing: Compression = Compression.NONE) -> Tar:
    """As ``docker save`` writes it since version 25; with ``packing`` as on the containerd store."""
    shown = pictures or (picture(),)
    tar = oci(*shown, packing=packing)
    items = [
        {
            "Config": f"blobs/sha256/{hexdigest(each.config)}",
            "RepoTags": list(each.tags),
            "Layers": [f"blobs/sha256/{hexdigest(pack(layer, packing))}" for layer in each.layers],
        }
        for each in shown
    ]
    index = tar.document("index.json")
    assert isinstance(index, dict)
    for entry in index["manifests"]:
        tag = entry["annotations"].pop("org.opencontainers.image.ref.name", None)
        if tag:
            entry["annotations"] = {"io.containerd.image.name": full(tag)}
    return tar.json("index.json", index).json("manifest.json", items)


def add_manifest(tar: Tar, shown: Picture, packing: Compression = Compression.NONE) -> dict[str, object]:
    """Add an image's blobs and manifest; a descriptor of the manifest."""
    layers = [pack(layer, packing) for layer in shown.layers]
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": descriptor(CONFIG_TYPE, tar, shown.config),
        "layers": [descriptor(LAYER_TYPE, tar, layer) for layer in layers],
    }
    return descriptor(MANIFEST_TYPE, tar, dump(document))


def add_index(tar: Tar, *entries: Mapping[str, object]) -> dict[str, object]:
    """Add a nested index; a descriptor of it."""
    return descriptor(INDEX_TYPE, tar, dump({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}))


def descriptor(kind: str, tar: Tar, data: bytes) -> dict[str, object]:
    """Add a blob; a descriptor of it."""
    return {"mediaType": kind, "digest": tar.blob(data), "size": len(data)}


def full(tag: str) -> str:
    """A short tag in full."""
    return tag if "/" in tag else f"docker.io/library/{tag}"


def pack(data: bytes, packing: Compression) -> bytes:
    """Pack as the command-line tools do."""
    if packing is Compression.GZIP:
        return gzip.compress(data, mtime=0)
    if packing is Compression.ZSTD:
        return zstandard.compress(data)
    if packing is Compression.XZ:
        return lzma.compress(data)
    return bz2.compress(data) if packing is Compression.BZIP2 else data


def hexdigest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def dump(document: object) -> bytes:
    """JSON."""
    return json.dumps(document).encode()


def member(name: str, content: bytes | Link | None, form: TarForm = tarfile.GNU_FORMAT) -> bytes:
    """One member's header and data, whatever its name."""
    info = tarfile.TarInfo(name)
    info.mode = 0o644
    if isinstance(content, Link):
        info.type = tarfile.LNKTYPE if content.hard else tarfile.SYMTYPE
        info.linkname = content.target
        content = b""
    elif content is None:
        info.type, content = tarfile.DIRTYPE, b""
    info.size = len(content)
    return info.tobuf(form) + padded(content)


def padded(data: bytes) -> bytes:
    """Data up to the next block."""
    return data + bytes(-len(data) % BLOCK)


def patched(header: bytes, *changes: tuple[int, bytes]) -> bytes:
    """A header block with bytes replaced and its checksum put right."""
    block = bytearray(header)
    for offset, data in changes:
        block[offset : offset + len(data)] = data
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax(records: Mapping[str, str | bytes], typeflag: bytes = b"x") -> bytes:
    """A PAX header with these records."""
    body = b""
    for key, value in records.items():
        text = key.encode() + b"=" + (value if isinstance(value, bytes) else value.encode()) + b"\n"
        length = len(text) + 2
        while len(b"%d %b" % (length, text)) != length:
            length += 1
        body += b"%d %b" % (length, text)
    return patched(member("pax", body)[:BLOCK], (156, typeflag)) + padded(body)
