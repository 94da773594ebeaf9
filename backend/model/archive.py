"""What an archive is: its identity, its images, where it stands in the catalog."""

from enum import StrEnum
from functools import cached_property
from hashlib import blake2b

import msgspec

from backend.model.errors import Problem
from backend.model.ids import Digest, Fingerprint, NodeId
from backend.model.ids import Hashes as Hashes


class Layout(StrEnum):
    """The layout inside the tar. ``both`` carries manifest.json and index.json (Docker >= 25)."""

    DOCKER = "docker-archive"
    OCI = "oci-layout"
    BOTH = "both"


class Compression(StrEnum):
    """The outer packing, told by magic bytes."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"
    XZ = "xz"
    BZIP2 = "bzip2"


class Image(msgspec.Struct, frozen=True):
    """One image: its identity (config digest and ordered diff_ids) and the tags the archive gives it.

    ``config`` is ``sha256:<hex>``. ``manifests`` are the digests of manifests and indexes inside the archive that
    lead to this image: on Docker's containerd store an image's ``.Id`` is one of those (moby#48401).
    ``tags`` are full references (``docker.io/library/app:1``). ``platform`` is ``os/arch[/variant]`` or "".
    """

    config: str
    diff_ids: tuple[str, ...]
    tags: tuple[str, ...] = ()
    platform: str = ""
    manifests: tuple[str, ...] = ()


class Layer(msgspec.Struct, frozen=True, array_like=True):
    """Where a layer's stored bytes stand inside an uncompressed archive."""

    digest: str
    offset_bytes: int
    length_bytes: int


class ArchiveFacts(msgspec.Struct, frozen=True):
    """All that one inspection of a file finds. ``layers`` is empty for a compressed archive.

    ``unpacked_bytes``: length of the tar once the outer packing is undone.
    """

    hashes: Hashes
    layout: Layout
    compression: Compression
    images: tuple[Image, ...]
    layers: tuple[Layer, ...] = ()
    unpacked_bytes: int = 0


class Order(msgspec.Struct, frozen=True, order=True, array_like=True):
    """Publish order: a Lamport counter, then the node ID; never a wall clock."""

    count: int
    node: NodeId


class Selector(msgspec.Struct, frozen=True):
    """Which nodes a rollout names: all when ``nodes`` is None. Of two selectors the higher ``order`` counts."""

    order: Order
    nodes: tuple[NodeId, ...] | None = None

    def names(self, node: NodeId) -> bool:
        """Tell whether ``node`` is meant."""
        return self.nodes is None or node in self.nodes


class EntryState(StrEnum):
    """State of an archive in the catalog. ``rejected`` is local to the node that met the file."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"


class CatalogEntry(msgspec.Struct, frozen=True, dict=True):
    """One archive that the fleet should hold, or a tombstone of one.

    ``superseded_by`` and ``withdrawn_at`` are orders later than ``order``; publishing again takes a higher ``order``.
    ``published_at`` (epoch seconds) is shown to people and decides nothing.
    """

    digest: Digest
    fingerprint: Fingerprint
    name: str
    size_bytes: int
    origin: NodeId
    order: Order
    selector: Selector
    images: tuple[Image, ...]
    layout: Layout = Layout.DOCKER
    compression: Compression = Compression.NONE
    layers: tuple[Layer, ...] = ()
    unpacked_bytes: int = 0
    superseded_by: Order | None = None
    withdrawn_at: Order | None = None
    published_at: float = 0.0
    purge: bool = False

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """All tags of all images, in the archive's order."""
        return tuple(tag for image in self.images for tag in image.tags)

    @cached_property
    def mark(self) -> int:
        """Tells this telling of the entry from any other: a positive number of 63 bits, the same on every node."""
        return (int.from_bytes(blake2b(msgspec.msgpack.encode(self), digest_size=8).digest()) >> 1) | 1

    @property
    def state(self) -> EntryState:
        """Where the archive stands; a withdrawal or successor older than the present order is history."""
        if self.withdrawn_at is not None and self.withdrawn_at > self.order:
            return EntryState.WITHDRAWN
        if self.superseded_by is not None and self.superseded_by > self.order:
            return EntryState.SUPERSEDED
        return EntryState.ACTIVE

    @property
    def active(self) -> bool:
        """Tell whether the fleet should hold it."""
        return self.state is EntryState.ACTIVE

    def wanted_by(self, node: NodeId) -> bool:
        """Tell whether ``node`` has a cell: the selector names it, or it is the origin."""
        return node == self.origin or self.selector.names(node)


class FileKey(msgspec.Struct, frozen=True, array_like=True):
    """What tells one state of a file from another without reading it."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int


class KnownFile(msgspec.Struct, frozen=True):
    """A file of the store that the ledger knows. ``placed``: this daemon put it there (so it may remove it)."""

    name: str
    key: FileKey
    digest: Digest
    placed: bool


class RejectedFile(msgspec.Struct, frozen=True):
    """A file of the store that is never published, with the reason. Hashes are "" where it could not be read."""

    name: str
    key: FileKey
    problem: Problem
    fingerprint: Fingerprint
    digest: Digest
    seen_at: float
