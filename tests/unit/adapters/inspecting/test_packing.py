"""Outer packings: told by content, undone in flat memory, stopped where somebody wants to harm us."""

import bz2
import gzip
import lzma
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from backend.adapters.inspecting.limits import MIB, Limits
from backend.adapters.inspecting.packing import PIECE_BYTES, Unpacker, packing_of
from backend.model.archive import Compression
from backend.model.errors import ArchiveError, HostileArchiveError, NotAnImageError, TruncatedError
from tests.support.archives import old_docker, pack
from tests.support.inspecting import inspect, reason

PACKED = [Compression.GZIP, Compression.ZSTD, Compression.XZ, Compression.BZIP2]
DATA = random.Random(1).randbytes(30_000) + bytes(90_000)

every_packing = pytest.mark.parametrize("packing", PACKED)


def pieces(
    packing: Compression, packed: bytes, limits: Limits | None = None, block: int = 256 * 1024
) -> Iterator[bytes]:
    unpacker = Unpacker(packing, len(packed), limits or Limits())
    for start in range(0, len(packed), block):
        yield from unpacker.unpack(packed[start : start + block])
    unpacker.finish()


def unpacked(packing: Compression, packed: bytes, limits: Limits | None = None, block: int = 256 * 1024) -> bytes:
    return b"".join(pieces(packing, packed, limits, block))


def refused(packing: Compression, packed: bytes, limits: Limits | None = None) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        unpacked(packing, packed, limits)
    return caught.value


# --- telling ----------------------------------------------------------------------------------


@every_packing
def test_packings_are_told_by_their_first_bytes(packing: Compression) -> None:
    assert packing_of(pack(DATA, packing)[:6]) is packing


@pytest.mark.parametrize("head", [b"", b"\x1f", b"BZ", b"\xfd7zXZ", b"\x28\xb5\x2f", b"manifest.json", bytes(6)])
def test_everything_else_is_not_packed(head: bytes) -> None:
    assert packing_of(head) is Compression.NONE


@pytest.mark.parametrize("first", [0x50, 0x5F])
def test_zstd_may_begin_with_a_frame_to_skip(first: int, tmp_path: Path) -> None:
    """pzstd writes one."""
    skipped = bytes([first]) + b"\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"12345"
    assert packing_of(skipped) is Compression.ZSTD
    assert unpacked(Compression.ZSTD, skipped + pack(DATA, Compression.ZSTD)) == DATA


# --- undoing ----------------------------------------------------------------------------------


@every_packing
@pytest.mark.parametrize("block", [997, 256 * 1024])
def test_what_was_packed_comes_out_again(packing: Compression, block: int) -> None:
    assert unpacked(packing, pack(DATA, packing), block=block) == DATA


@every_packing
def test_several_streams_in_a_row_are_one(packing: Compression) -> None:
    """pigz, pbzip2, pxz and pzstd write them."""
    assert unpacked(packing, pack(DATA, packing) * 5) == DATA * 5


@every_packing
def test_zeros_after_the_end_are_padding(packing: Compression) -> None:
    assert unpacked(packing, pack(DATA, packing) + bytes(5000)) == DATA


@every_packing
def test_rubbish_after_the_end_is_damage(packing: Compression) -> None:
    error = refused(packing, pack(DATA, packing) + b"rubbish" * 100)
    assert isinstance(error, NotAnImageError | TruncatedError)


@every_packing
@pytest.mark.parametrize("cut", [1, 100])
def test_a_stream_that_ends_early_is_truncated(packing: Compression, cut: int) -> None:
    error = refused(packing, pack(DATA, packing)[:-cut])
    assert isinstance(error, TruncatedError)
    assert error.params["detail"].startswith(f"the {packing} data end in the middle")


@every_packing
def test_a_damaged_stream_is_told_with_its_place(packing: Compression) -> None:
    packed = bytearray(pack(DATA, packing))
    if packing is Compression.ZSTD:
        # With the checksum that the command-line tool writes; without one zstd notices little.
        packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(DATA))
    packed[len(packed) // 2 : len(packed) // 2 + 50] = b"\xff" * 50
    error = refused(packing, bytes(packed))
    assert isinstance(error, NotAnImageError)
    assert f"the {packing} data are damaged before byte" in error.params["detail"]


@every_packing
def test_an_archive_that_is_cut_is_truncated(tmp_path: Path, packing: Compression) -> None:
    packed = pack(old_docker().data(), packing)
    code, told = reason(tmp_path, packed[: len(packed) // 2])
    assert code == "archive-truncated"
    assert packing in told


@every_packing
def test_a_packed_tar_that_is_cut_is_truncated(tmp_path: Path, packing: Compression) -> None:
    tar = old_docker().data()
    assert reason(tmp_path, tar[: len(tar) // 2], packing)[0] == "archive-truncated"


@every_packing
def test_what_is_packed_twice_is_no_archive(tmp_path: Path, packing: Compression) -> None:
    """No runtime undoes two packings."""
    twice = pack(old_docker().data(), packing)
    code, told = reason(tmp_path, twice, Compression.GZIP)
    assert code in ("archive-not-an-image", "archive-truncated")
    assert "tar" in told or "header" in told


def test_what_is_packed_of_nothing(tmp_path: Path) -> None:
    assert reason(tmp_path, b"", Compression.GZIP) == ("archive-not-an-image", "not a tar archive: it is empty")


# --- bombs ------------------------------------------------------------------------------------


@every_packing
def test_a_bomb_is_stopped(packing: Compression) -> None:
    limits = Limits(unpacked_floor_bytes=MIB, unpacked_ratio=10)
    error = refused(packing, pack(bytes(2 * MIB), packing), limits)
    assert isinstance(error, HostileArchiveError)
    assert error.params["detail"].endswith("a decompression bomb")


@pytest.mark.parametrize(
    ("size_bytes", "limit_bytes"),
    [(0, 1000), (10, 1000), (99, 1000), (100, 1000), (101, 1010), (1000, 10_000), (10**9, 20_000)],
)
def test_how_far_an_archive_may_unpack(size_bytes: int, limit_bytes: int) -> None:
    limits = Limits(unpacked_ratio=10, unpacked_floor_bytes=1000, unpacked_bytes=20_000)
    assert limits.unpacked_limit_bytes(size_bytes) == limit_bytes


def test_images_full_of_zeros_are_no_bombs() -> None:
    """They pack a thousand to one."""
    assert len(unpacked(Compression.ZSTD, pack(bytes(20 * MIB), Compression.ZSTD))) == 20 * MIB


@every_packing
def test_no_piece_and_no_memory_grows_with_the_bomb(packing: Compression) -> None:
    packed = pack(bytes(3 * MIB), packing)
    tracemalloc.start()
    try:
        largest = max(map(len, pieces(packing, packed)))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # zstd knows no output limit: a slice of 1 KiB may unpack to 128 KiB for each 4 bytes of it.
    assert largest <= (3 * MIB if packing is Compression.ZSTD else PIECE_BYTES)
    # What the formats remember: xz 8 MiB at its usual level, bzip2 4 MB.
    assert peak_bytes < largest + 10 * MIB


@pytest.mark.parametrize("packing", [Compression.GZIP, Compression.BZIP2, Compression.XZ, Compression.ZSTD])
def test_thousands_of_tiny_streams_are_stopped(packing: Compression) -> None:
    """Each costs a decompressor of its own."""
    error = refused(packing, pack(b"", packing) * 10_500)
    assert isinstance(error, HostileArchiveError)
    assert "tiny" in error.params["detail"]


def test_a_window_of_a_gigabyte_is_refused() -> None:
    """zstd --long=30: the unpacking side would have to hold all of it."""
    parameters = zstandard.ZstdCompressionParameters(window_log=30)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = packed.compress(DATA) + packed.flush()
    error = refused(Compression.ZSTD, data)
    assert isinstance(error, HostileArchiveError | NotAnImageError)
    assert "zstd" in error.params["detail"]


def test_a_dictionary_of_a_gigabyte_is_refused() -> None:
    """Only the header claims it: to pack with it would take 10 GB here."""
    packed = bytearray(lzma.compress(DATA))
    header_bytes = (packed[12] + 1) * 4
    assert packed[14:16] == b"\x21\x01"  # LZMA2 and one byte of properties
    packed[16] = 36  # 2 << 29
    end = 12 + header_bytes - 4
    packed[end : end + 4] = zlib.crc32(packed[12:end]).to_bytes(4, "little")
    error = refused(Compression.XZ, bytes(packed))
    assert isinstance(error, HostileArchiveError)
    assert "demand too much memory" in error.params["detail"]


def test_many_levels_and_options_are_taken() -> None:
    assert unpacked(Compression.GZIP, gzip.compress(DATA, 1)) == DATA
    assert unpacked(Compression.BZIP2, bz2.compress(DATA, 1)) == DATA
    assert unpacked(Compression.XZ, lzma.compress(DATA, check=lzma.CHECK_CRC32, preset=0)) == DATA
    assert unpacked(Compression.ZSTD, zstandard.ZstdCompressor(level=19).compress(DATA)) == DATA


@every_packing
def test_the_unpacked_size_is_what_the_tar_has(tmp_path: Path, packing: Compression) -> None:
    tar = old_docker().data() + bytes(10_240)
    assert inspect(tmp_path, tar, packing).unpacked_bytes == len(tar)
