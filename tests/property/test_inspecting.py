"""Whatever bytes an archive is made of: a finding or a reason, in bounded time and memory, the same either way."""

import io
import random
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.adapters.inspecting.files import open_file
from backend.adapters.inspecting.inspector import inspect_file
from backend.adapters.inspecting.limits import Limits
from backend.adapters.inspecting.packing import Unpacker
from backend.adapters.inspecting.sources import FileSource, Source, StreamSource
from backend.adapters.inspecting.tar import Kind, Member, TarReader
from backend.model.archive import ArchiveFacts, Compression
from backend.model.errors import ArchiveError
from tests.support.archives import BLOCK, Link, Tar, both, oci, old_docker, pack, picture, podman

LIMITS = Limits(members=200, unpacked_floor_bytes=1 << 20, json_total_bytes=1 << 20)
ARCHIVES = [make(picture("one", "app:1"), picture("two", "web:1")).data() for make in (old_docker, podman, oci, both)]
PACKED = [Compression.GZIP, Compression.ZSTD, Compression.XZ, Compression.BZIP2]


@contextmanager
def written(data: bytes) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        yield Path(file.name)


def verdict(data: bytes) -> ArchiveFacts | str:
    """What the inspection says: facts, or the code of a reason. Any other exception fails the test."""
    with written(data) as path:
        try:
            return inspect_file(path, LIMITS, threading.Event())
        except ArchiveError as error:
            return error.code if error.hashes is not None else "no hashes"


def walked(source: Source) -> list[Member] | str:
    reader = TarReader(source, LIMITS)
    members = []
    try:
        while (member := reader.next()) is not None:
            members.append(member)
    except ArchiveError as error:
        return f"{error.code} {error.params['detail']}"
    return members


def both_ways(data: bytes, piece: int) -> list[Member] | str:
    """Walk a tar by seeking and as a stream; they must agree."""
    pieces = (data[start : start + piece] for start in range(0, len(data), piece))
    by_stream = walked(StreamSource(pieces))
    with written(data) as path, open_file(path, threading.Event()) as file:
        assert walked(FileSource(file)) == by_stream
    return by_stream


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """An archive with some of its bytes changed, blocks moved, and an end cut off."""
    data = bytearray(draw(st.sampled_from(ARCHIVES)))
    chance = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(chance.randint(0, 4)):
        at = chance.randrange(len(data))
        match chance.randint(0, 4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at : at + 12] = bytes(chance.choice(b"01234567\0 \xff") for _ in range(12))
            case 2:
                start = at // BLOCK * BLOCK
                data[start:start] = data[start : start + BLOCK * chance.randint(1, 4)]
            case 3:
                del data[at // BLOCK * BLOCK :][: BLOCK * chance.randint(1, 3)]
            case _:
                _mend(data, at // BLOCK * BLOCK)
    cut = draw(st.integers(0, len(data)))
    return bytes(data[:cut]) if chance.random() < 0.3 else bytes(data)


def _mend(data: bytearray, at: int) -> None:
    """Change a header's type or size and put its checksum right, so that the walk goes on."""
    block = data[at : at + BLOCK]
    if len(block) < BLOCK:
        return
    block[156:157] = random.Random(at).choice([b"0", b"1", b"2", b"5", b"x", b"L", b"g"])
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % (sum(block) % (8**6))
    data[at : at + BLOCK] = block


@given(bent())
@settings(max_examples=150)
def test_a_bent_archive_is_read_or_refused(data: bytes) -> None:
    verdict(data)


@given(bent(), st.integers(1, 3000))
@settings(max_examples=150)
def test_a_tar_is_walked_alike_by_seeking_and_as_a_stream(data: bytes, piece: int) -> None:
    both_ways(data, piece)


@given(bent())
@settings(max_examples=60)
def test_packing_an_archive_changes_no_verdict(data: bytes) -> None:
    """But for what cannot be told apart: an empty or packed-looking file."""
    plain, packed = verdict(data), verdict(pack(data, Compression.ZSTD))
    if isinstance(plain, ArchiveFacts):
        assert isinstance(packed, ArchiveFacts)
        assert plain.images == packed.images
    else:
        assert plain == packed


@given(st.binary(max_size=3000), st.sampled_from(PACKED), st.booleans())
@example(b"\x1f\x8b", Compression.GZIP, False)
@settings(max_examples=100)
def test_rubbish_is_refused(data: bytes, packing: Compression, packed: bool) -> None:
    assert isinstance(verdict(pack(data, packing) if packed else data), str)


@given(st.integers(0, 2**32), st.sampled_from(PACKED), st.integers(1, 5000))
@settings(max_examples=100)
def test_a_bent_packing_is_undone_or_refused_within_its_limit(seed: int, packing: Compression, block: int) -> None:
    chance = random.Random(seed)
    packed = bytearray(pack(ARCHIVES[seed % len(ARCHIVES)], packing))
    for _ in range(chance.randint(0, 3)):
        packed[chance.randrange(len(packed))] = chance.randrange(256)
    unpacker = Unpacker(packing, len(packed), LIMITS)
    total = 0
    try:
        for start in range(0, len(packed), block):
            for piece in unpacker.unpack(bytes(packed[start : start + block])):
                total += len(piece)
        unpacker.finish()
    except ArchiveError:
        pass
    assert total <= LIMITS.unpacked_limit_bytes(len(packed))


NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60).filter(
        lambda part: part not in (".", "..")
    ),
    min_size=1,
    max_size=5,
).map("/".join)


@given(
    st.dictionaries(NAMES, st.binary(max_size=1500), max_size=8),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    st.integers(1, 2000),
)
@settings(max_examples=100)
def test_what_python_writes_is_read_as_it_was_meant(files: dict[str, bytes], form: int, piece: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    data = buffer.getvalue()
    members = both_ways(data, piece)
    assert isinstance(members, list)
    found = {m.name: data[m.offset_bytes :][: m.size_bytes] for m in members if m.kind is Kind.FILE}
    assert found == files


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["a", "b", "c", "../a", "/a", "a/../b"])), max_size=6)
)
@settings(max_examples=100)
def test_links_never_lead_out_and_never_for_ever(links: list[tuple[str, str]]) -> None:
    tar = Tar({**old_docker().members, **{f"d/{name}": Link(target) for name, target in links}})
    found = verdict(tar.data())
    if isinstance(found, ArchiveFacts):
        assert not any(target.startswith("/") for _, target in {f"d/{name}": target for name, target in links}.items())
    else:
        assert found == "archive-hostile"
