"""Reading what a child writes: by the line or kept, never without bound."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from enum import Enum

READ_BYTES = 64 * 1024
LINE_LIMIT_BYTES = 8 * 1024
QUEUE_LIMIT_LINES = 1000
LEFTOVER_LIMIT_BYTES = 1024 * 1024  # a pipe's largest capacity without privileges (pipe(7))


class Reading(Enum):
    """How a pipe is read. ``LINES`` keeps the tail too."""

    HEAD = "head"
    """Keep the first bytes, drop the rest: for documents."""
    TAIL = "tail"
    """Keep the last bytes: for what a child says before it dies."""
    LINES = "lines"
    """Hand out pieces that end with ``\\n`` or ``\\r``; a slow reader slows the child down."""


class LineSplitter:
    """Splits bytes at ``\\n`` and ``\\r``; a piece over the limit is cut and its rest dropped."""

    def __init__(self, limit_bytes: int = LINE_LIMIT_BYTES) -> None:
        """Let no piece be longer than ``limit_bytes``."""
        self._limit = limit_bytes
        self._rest = b""
        self._dropping = False

    def feed(self, data: bytes) -> list[str]:
        """Return the pieces that ``data`` completes; empty ones are left out."""
        parts = data.replace(b"\r", b"\n").split(b"\n")
        pieces = []
        for index, part in enumerate(parts):
            if not self._dropping:
                self._rest += part[: self._limit - len(self._rest)]
                self._dropping = len(self._rest) >= self._limit
            if index < len(parts) - 1:
                pieces.extend(self.flush())
        return pieces

    def flush(self) -> list[str]:
        """Return what is left as a piece, if anything is."""
        rest, self._rest, self._dropping = self._rest, b"", False
        return [rest.decode("utf-8", "replace")] if rest else []


class Pipe:
    """The reading end of a child's stdout or stderr, drained by the event loop."""

    def __init__(self, descriptor: int, reading: Reading, limit_bytes: int) -> None:
        """Own ``descriptor`` and keep at most ``limit_bytes`` of what comes."""
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._reading = reading
        self._limit = limit_bytes
        self._kept = bytearray()
        self._splitter = LineSplitter()
        self._lines: deque[str] = deque()
        self._news = asyncio.Event()
        self._listening = False
        self._leftover_bytes: int | None = None
        self.closed = False
        self.cut = False
        os.set_blocking(descriptor, False)
        self._listen()

    @property
    def text(self) -> str:
        """What was kept: the head or the tail."""
        return bytes(self._kept).decode("utf-8", "replace")

    async def lines(self) -> AsyncIterator[str]:
        """Yield pieces until the pipe ends. Only one reader, only with ``Reading.LINES``."""
        while True:
            while self._lines:
                yield self._lines.popleft()
                if not self._listening and not self.closed and len(self._lines) < QUEUE_LIMIT_LINES // 2:
                    self._resume()
            if self.closed:
                return
            self._news.clear()
            await self._news.wait()

    def writer_gone(self) -> None:
        """Read what still lies in the pipe, then close.

        Called when the child has ended: a grandchild that holds the pipe open shall not keep its readers
        waiting.
        """
        self._leftover_bytes = LEFTOVER_LIMIT_BYTES
        self._drain()

    def close(self) -> None:
        """Stop reading; what was read stays."""
        if self.closed:
            return
        self._pause()
        self.closed = True
        self._lines.extend(self._splitter.flush() if self._reading is Reading.LINES else ())
        os.close(self._descriptor)
        self._news.set()

    def _resume(self) -> None:
        self._listen()
        if self._leftover_bytes is not None:
            self._drain()

    def _listen(self) -> None:
        self._listening = True
        self._loop.add_reader(self._descriptor, self._on_readable)

    def _pause(self) -> None:
        if self._listening:
            self._listening = False
            self._loop.remove_reader(self._descriptor)

    def _on_readable(self) -> None:
        self._read_once()

    def _drain(self) -> None:
        while self._listening and self._read_once():
            pass

    def _read_once(self) -> bool:
        """Read one block; False when there is none now."""
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            if self._leftover_bytes is not None:
                self.close()
            return False
        except OSError:
            data = b""
        if data:
            self._take(data)
            if self._leftover_bytes is None:
                return True
            self._leftover_bytes -= len(data)
        if not data or (self._leftover_bytes or 0) <= 0:
            self.close()
        return not self.closed

    def _take(self, data: bytes) -> None:
        if self._reading is Reading.HEAD:
            room = self._limit - len(self._kept)
            self._kept += data[:room]
            self.cut = self.cut or len(data) > room
            return
        self._kept += data
        if len(self._kept) > self._limit:
            del self._kept[: -self._limit]
            self.cut = True
        if self._reading is Reading.LINES:
            self._lines.extend(self._splitter.feed(data))
            if len(self._lines) >= QUEUE_LIMIT_LINES:
                self._pause()
            self._news.set()
