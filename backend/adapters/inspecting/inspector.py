"""Port ``Inspector`` for files on disk."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from backend.adapters.inspecting.contents import read_file, read_stream
from backend.adapters.inspecting.files import (
    NotRegularError,
    OpenFile,
    open_file,
)
from backend.adapters.inspecting.gathering import ImageFinder, digest_of_blob
from backend.adapters.inspecting.hashing import HashPair, hash_file
from backend.adapters.inspecting.images import find_images
from backend.adapters.inspecting.limits import Limits
from backend.adapters.inspecting.packing import MAGIC_BYTES, Unpacker, packing_of
from backend.adapters.inspecting.sources import StreamSource
from backend.adapters.threads import in_thread
from backend.model.archive import ArchiveFacts, Compression, Image, Layer, Layout
from backend.model.errors import ArchiveError, HostileArchiveError, StoreError, UnreadableError
from backend.model.ids import Hashes
from backend.texts import phrased

PARALLEL_READS = 4


class FileInspector:
    """Reads archives in threads of their own, a few at a time.

    Layers' contents are not checked against their digests: the digest of the whole file is what the fleet rests on,
    and a runtime checks layers when it loads them.
    """

    def __init__(self, limits: Limits | None = None, parallel: int = PARALLEL_READS) -> None:
        """Hold to ``limits``; read at most ``parallel`` files at a time."""
        self._limits = limits or Limits()
        self._slots = asyncio.Semaphore(parallel)

    async def inspect(self, path: Path) -> ArchiveFacts:
        """Hash ``path`` and read what it holds; see the port."""
        async with self._slots:
            return await in_thread(lambda stop: inspect_file(path, self._limits, stop), f"inspect {path.name}")

    async def hash(self, path: Path) -> Hashes:
        """Take both hashes; see the port."""
        async with self._slots:
            return await in_thread(lambda stop: hash_alone(path, stop), f"hash {path.name}")


def hash_alone(path: Path, stop: threading.Event) -> Hashes:
    """Hash a regular file that has no second name. Raises as the port says."""
    try:
        with open_file(path, stop) as file:
            if file.link_count != 1:
                raise StoreError(path=path, detail=f"the file has {file.link_count} names (hard links)")
            hashes = hash_file(file)
            file.check_still(hashes.size_bytes)
            return hashes
    except NotRegularError as error:
        raise StoreError(path=path, detail=str(error)) from error


def inspect_file(path: Path, limits: Limits, stop: threading.Event) -> ArchiveFacts:
    """Inspect a file. Raises as the port says; StoppedError when ``stop`` is set."""
    try:
        with open_file(path, stop) as file:
            return _inspect(file, limits)
    except NotRegularError as error:
        raise UnreadableError(name=path.name, detail=str(error)) from error


def _inspect(file: OpenFile, limits: Limits) -> ArchiveFacts:
    packing = packing_of(file.read_at(0, MAGIC_BYTES))
    with HashPair() as pair:
        blocks = _passing(file.blocks(), pair)
        try:
            outcome: _Found | ArchiveError = _look(file, blocks, packing, limits)
        except ArchiveError as error:
            outcome = error
        for _ in blocks:
            pass  # what the archive's end left unread still belongs to the hashes
        hashes = pair.finish()
    # Before anything is said about the archive: a verdict on a moving file is none.
    file.check_still(hashes.size_bytes)
    try:
        if isinstance(outcome, ArchiveError):
            raise outcome
        return _facts(outcome, hashes, packing, limits)
    except ArchiveError as error:
        named = type(error)(name=file.path.name, **phrased("detail", error.params["detail"]))
        named.hashes = hashes
        raise named from error


class _Found(msgspec.Struct, frozen=True):
    layout: Layout
    images: tuple[Image, ...]
    layers: tuple[Layer, ...]
    unpacked_bytes: int


def _look(file: OpenFile, blocks: Iterator[bytes], packing: Compression, limits: Limits) -> _Found:
    if packing is Compression.NONE:
        layout, finder = find_images(read_file(file, limits), limits)
        return _Found(layout, finder.images(), _layer_map(file, finder), file.size_bytes)
    unpacker = Unpacker(packing, file.size_bytes, limits)
    source = StreamSource(_unpacked(blocks, unpacker))
    contents = read_stream(source, limits)
    source.drain()
    layout, finder = find_images(contents, limits)
    return _Found(layout, finder.images(), (), unpacker.unpacked_bytes)


def _passing(blocks: Iterator[bytes], pair: HashPair) -> Iterator[bytes]:
    for block in blocks:
        pair.update(block)
        yield block


def _unpacked(blocks: Iterator[bytes], unpacker: Unpacker) -> Iterator[bytes]:
    for block in blocks:
        yield from unpacker.unpack(block)
    unpacker.finish()


def _layer_map(file: OpenFile, finder: ImageFinder) -> tuple[Layer, ...]:
    """Say where layers stand. Of the old layout only unpacked ones: their diff_id is the digest of their bytes."""
    layers: dict[str, Layer] = {}
    for member, digest in finder.layers.items():
        if digest_of_blob(member.name) is None:
            head = file.read_at(member.offset_bytes, min(MAGIC_BYTES, member.size_bytes))
            if packing_of(head) is not Compression.NONE:
                continue
        layers.setdefault(digest, Layer(digest, member.offset_bytes, member.size_bytes))
    return tuple(sorted(layers.values(), key=lambda layer: layer.offset_bytes))


def _facts(found: _Found, hashes: Hashes, packing: Compression, limits: Limits) -> ArchiveFacts:
    facts = ArchiveFacts(
        hashes=hashes,
        layout=found.layout,
        compression=packing,
        images=found.images,
        layers=found.layers,
        unpacked_bytes=found.unpacked_bytes,
    )
    if len(msgspec.msgpack.encode(facts)) <= limits.facts_bytes:
        return facts
    facts = msgspec.structs.replace(facts, layers=())  # it only saves bytes on the wire
    if len(msgspec.msgpack.encode(facts)) <= limits.facts_bytes:
        return facts
    raise HostileArchiveError(
        detail=f"{len(found.images)} images: more than a catalog entry can describe; save them in several archives"
    )
