"""Where a tar's bytes come from: a file that can be sought, or a stream that is unpacked on the way."""

from collections.abc import Iterable
from typing import Protocol

from backend.adapters.inspecting.files import OpenFile


class Source(Protocol):
    """The bytes of a tar, in order. Positions and lengths are in bytes."""

    @property
    def position(self) -> int:
        """Offset in the unpacked tar."""
        ...

    def read(self, length: int) -> bytes:
        """Read; shorter only at the end."""
        ...

    def skip(self, length: int) -> int:
        """Pass over bytes without looking; how many there were."""
        ...


class FileSource:
    """An uncompressed tar: skipping costs nothing."""

    def __init__(self, file: OpenFile) -> None:
        """Begin at the beginning."""
        self._file = file
        self.position = 0

    def read(self, length: int) -> bytes:
        """Read from the file."""
        data = self._file.read_at(self.position, length)
        self.position += len(data)
        return data

    def skip(self, length: int) -> int:
        """Move on, at most to the file's end."""
        step = max(0, min(length, self._file.size_bytes - self.position))
        self.position += step
        return step


class StreamSource:
    """Pieces that come one after the other; holds one of them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Read from ``pieces``."""
        self._pieces = iter(pieces)
        self._piece = b""
        self._offset = 0
        self.position = 0

    def read(self, length: int) -> bytes:
        """Put together what was asked for; the caller bounds ``length``."""
        parts = []
        while length > 0 and self._more():
            part = self._piece[self._offset : self._offset + length]
            self._advance(len(part))
            length -= len(part)
            parts.append(part)
        return b"".join(parts)

    def skip(self, length: int) -> int:
        """Let pieces go by."""
        skipped = 0
        while skipped < length and self._more():
            step = min(length - skipped, len(self._piece) - self._offset)
            self._advance(step)
            skipped += step
        return skipped

    def drain(self) -> None:
        """Let the rest go by."""
        while self._more():
            self._advance(len(self._piece) - self._offset)

    def _advance(self, length: int) -> None:
        self._offset += length
        self.position += length

    def _more(self) -> bool:
        while self._offset >= len(self._piece):
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._piece, self._offset = piece, 0
        return True
