"""Undoing the outer packing as a stream: gzip, zstd, xz, bzip2, told by their first bytes.

Every decompressor is fed small slices and hands out bounded pieces, so that no input, however it was made, takes
more memory than the history that its format allows.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import zstandard

from backend.adapters.inspecting.limits import Limits
from backend.model.archive import Compression
from backend.model.errors import HostileArchiveError, NotAnImageError, TruncatedError

MAGIC_BYTES = 6
PIECE_BYTES = 256 * 1024

# Two archives with many small streams one after the other would cost a copy of the slice's rest per stream: hence
# small slices. zstandard's decompressobj knows no output limit: a block of 4 bytes may unpack to 128 KiB, a slice of
# 1 KiB to 32 MiB. Throughput suffers in neither case (measured: 1.5 GB/s with slices of 1 KiB).
_SLICE_BYTES = {Compression.ZSTD: 1024}
_USUAL_SLICE_BYTES = 16 * 1024

# Formats with several streams in a row (pigz, bgzip, pzstd, pxz) start one each 20 KiB or more; below an average of
# 4 KiB somebody wants to keep us busy with setting up decompressors.
_FREE_STREAMS = 10_000
_BYTES_PER_STREAM = 4096

_MAGICS = (
    (b"\x1f\x8b", Compression.GZIP),
    (b"\x28\xb5\x2f\xfd", Compression.ZSTD),
    (b"\xfd7zXZ\x00", Compression.XZ),
    (b"BZh", Compression.BZIP2),
)


def packing_of(head: bytes) -> Compression:
    """Tell the packing by the first ``MAGIC_BYTES`` bytes of a file, whatever its name."""
    # zstd data may begin with a frame to be skipped (pzstd): 0x184D2A50 to 0x184D2A5F, little endian.
    if len(head) >= 4 and head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50:
        return Compression.ZSTD
    return next((packing for magic, packing in _MAGICS if head.startswith(magic)), Compression.NONE)


class _Stream(Protocol):
    """One packed stream. ``feed`` returns at most about ``PIECE_BYTES``; with ``pending`` feed b"" for more."""

    def feed(self, data: bytes) -> bytes: ...
    @property
    def pending(self) -> bool: ...
    @property
    def ended(self) -> bool: ...
    @property
    def left(self) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.pending = False

    def feed(self, data: bytes) -> bytes:
        piece = self._inner.decompress(self._inner.unconsumed_tail + data, PIECE_BYTES)
        self.pending = not self._inner.eof and (bool(self._inner.unconsumed_tail) or len(piece) == PIECE_BYTES)
        return piece

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def left(self) -> bytes:
        return self._inner.unused_data


class _Bounded:
    """bz2 and lzma share their interface."""

    def __init__(self, inner: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._inner = inner

    def feed(self, data: bytes) -> bytes:
        return self._inner.decompress(data, PIECE_BYTES)

    @property
    def pending(self) -> bool:
        return not self._inner.eof and not self._inner.needs_input

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def left(self) -> bytes:
        return self._inner.unused_data


class _Zstd:
    pending = False

    def __init__(self, window_bytes: int) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=window_bytes).decompressobj()

    def feed(self, data: bytes) -> bytes:
        return self._inner.decompress(data)

    @property
    def ended(self) -> bool:
        return self._inner.eof

    @property
    def left(self) -> bytes:
        return self._inner.unused_data


class Unpacker:
    """Undoes one packing, stream after stream, and holds the limits."""

    def __init__(self, packing: Compression, size_bytes: int, limits: Limits) -> None:
        """Unpack a file of ``size_bytes``."""
        self._packing = packing
        self._make = _maker(packing, limits)
        self._slice_bytes = _SLICE_BYTES.get(packing, _USUAL_SLICE_BYTES)
        self._limit_bytes = limits.unpacked_limit_bytes(size_bytes)
        self._stream: _Stream | None = None
        self._streams = 0
        self._packed_bytes = 0
        self.unpacked_bytes = 0

    def unpack(self, block: bytes) -> Iterator[bytes]:
        """Yield what ``block`` unpacks to. Raises NotAnImageError (damaged), HostileArchiveError (a bomb)."""
        for start in range(0, len(block), self._slice_bytes):
            data = block[start : start + self._slice_bytes]
            self._packed_bytes += len(data)
            yield from self._unpack_slice(data)

    def finish(self) -> None:
        """Raise TruncatedError unless the last stream has come to its end."""
        if self._stream is not None:
            raise TruncatedError(
                detail=f"the {self._packing} data end in the middle, after {self.unpacked_bytes} unpacked bytes"
            )

    def _unpack_slice(self, data: bytes) -> Iterator[bytes]:
        while data or (self._stream is not None and self._stream.pending):
            if self._stream is None:
                # Tools pad the end of a stream with zeros (tapes, xz): they start no other.
                data = data.lstrip(b"\0") if self._streams else data
                if not data:
                    return
                self._stream = self._next_stream()
            piece = self._feed(self._stream, data)
            data = b""
            if self._stream.ended:
                data, self._stream = self._stream.left, None
            if piece:
                self._count(piece)
                yield piece

    def _feed(self, stream: _Stream, data: bytes) -> bytes:
        try:
            return stream.feed(data)
        except (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, ValueError, EOFError) as error:
            if "memory" in str(error).lower():
                raise HostileArchiveError(detail=f"the {self._packing} data demand too much memory: {error}") from error
            where = "" if self._streams == 1 else f" (stream {self._streams}, or rubbish after the end)"
            raise NotAnImageError(
                detail=f"the {self._packing} data are damaged before byte {self._packed_bytes}{where}: {error}"
            ) from error

    def _next_stream(self) -> _Stream:
        self._streams += 1
        if self._streams > _FREE_STREAMS + self._packed_bytes // _BYTES_PER_STREAM:
            raise HostileArchiveError(detail=f"{self._streams} tiny {self._packing} streams one after the other")
        return self._make()

    def _count(self, piece: bytes) -> None:
        self.unpacked_bytes += len(piece)
        if self.unpacked_bytes > self._limit_bytes:
            raise HostileArchiveError(detail=f"unpacks to more than {self._limit_bytes} bytes: a decompression bomb")


def _maker(packing: Compression, limits: Limits) -> Callable[[], _Stream]:
    makers: dict[Compression, Callable[[], _Stream]] = {
        Compression.GZIP: _Gzip,
        Compression.ZSTD: lambda: _Zstd(limits.window_bytes),
        # The dictionary plus what the decoder itself takes.
        Compression.XZ: lambda: _Bounded(
            lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limits.window_bytes + (1 << 20))
        ),
        Compression.BZIP2: lambda: _Bounded(bz2.BZ2Decompressor()),
    }
    return makers[packing]
