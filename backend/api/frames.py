"""The reading end of a WebSocket on a Unix socket (RFC 6455): text frames in, hardly anything out.

aiohttp could do it too, but takes a fifth of a second to import; a console that opens within half a second has no room
for that. Compression and extensions are never offered, so that none need be understood.
"""

import asyncio
import base64
import contextlib
import hashlib
import secrets
import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

FRAME_LIMIT_BYTES = 256 * 1024 * 1024
_HEAD_LIMIT_BYTES = 64 * 1024
_ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_FINAL, _MASKED = 0x80, 0x80
_GOING_AWAY = struct.pack("!H", 1001)


class FramesError(ConnectionError):
    """The other end speaks no WebSocket, or breaks its rules; the message says how."""


class Opening:
    """A connection on which a stream has been asked for, and the answer not read yet."""

    def __init__(self, query: Mapping[str, str]) -> None:
        """Ask nobody yet."""
        self.query = dict(query)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._key = base64.b64encode(secrets.token_bytes(16))

    @classmethod
    def at_once(cls, path: Path, target: str, query: Mapping[str, str], timeout_s: float) -> "Opening":
        """Ask with blocking calls: who answers can work while this process still starts. Raises OSError."""
        opening = cls(query)
        try:
            opening.socket.settimeout(timeout_s)
            opening.socket.connect(str(path))
            opening.socket.sendall(opening.request(target))
            opening.socket.setblocking(False)
        except BaseException:
            opening.socket.close()
            raise
        return opening

    @classmethod
    async def ask(cls, path: Path, target: str, query: Mapping[str, str]) -> "Opening":
        """Ask. Raises OSError."""
        opening, loop = cls(query), asyncio.get_running_loop()
        try:
            opening.socket.setblocking(False)
            await loop.sock_connect(opening.socket, str(path))
            await loop.sock_sendall(opening.socket, opening.request(target))
        except BaseException:
            opening.socket.close()
            raise
        return opening

    def request(self, target: str) -> bytes:
        """The words that ask."""
        lines = (
            f"GET {target}?{urlencode(self.query)} HTTP/1.1",
            "Host: dsync",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {self._key.decode('ascii')}",
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    @property
    def accepted(self) -> bytes:
        """What the other end must answer to show that it has understood."""
        return base64.b64encode(hashlib.sha1(self._key + _ACCEPT_SUFFIX, usedforsecurity=False).digest())

    def close(self) -> None:
        """Want no answer any more."""
        self.socket.close()


class Frames:
    """An open stream of frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, opening: Opening) -> "Frames":
        """Wait for the answer to an opening. Raises FramesError, OSError."""
        reader, writer = await asyncio.open_unix_connection(sock=opening.socket, limit=_HEAD_LIMIT_BYTES)
        try:
            _check_answer(await reader.readuntil(b"\r\n\r\n"), opening.accepted)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            writer.close()
            raise FramesError("no HTTP") from error
        except BaseException:
            writer.close()
            raise
        return cls(reader, writer)

    async def receive(self) -> bytes | None:
        """The next text; None once the other end has said good-bye or is gone. Raises FramesError, OSError."""
        parts: list[bytes] = []
        try:
            while True:
                kind, final, content = await self._frame()
                if kind in (_TEXT, _BINARY, _CONTINUED):
                    if (kind == _CONTINUED) != bool(parts):
                        raise FramesError("frames in a wrong order")
                    parts.append(content)
                    if sum(map(len, parts)) > FRAME_LIMIT_BYTES:
                        raise FramesError("a frame that is too long")
                    if final:
                        return b"".join(parts)
                elif kind == _PING:
                    self._send(_PONG, content)
                elif kind == _CLOSE:
                    self._send(_CLOSE, content[:2])
                    return None
                elif kind != _PONG:
                    raise FramesError(f"a frame of kind {kind}")
        except asyncio.IncompleteReadError:
            return None

    async def _frame(self) -> tuple[int, bool, bytes]:
        first, second = await self._reader.readexactly(2)
        if first & 0x70 or second & _MASKED:
            raise FramesError("an extension that was not asked for")
        size_bytes = second & 0x7F
        if size_bytes == 126:
            (size_bytes,) = struct.unpack("!H", await self._reader.readexactly(2))
        elif size_bytes == 127:
            (size_bytes,) = struct.unpack("!Q", await self._reader.readexactly(8))
        if size_bytes > FRAME_LIMIT_BYTES:
            raise FramesError("a frame that is too long")
        return first & 0x0F, bool(first & _FINAL), await self._reader.readexactly(size_bytes)

    def _send(self, kind: int, content: bytes) -> None:
        """Send a frame of control, masked as a client must."""
        mask = secrets.token_bytes(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(content[:125]))
        with contextlib.suppress(OSError):
            self._writer.write(bytes((_FINAL | kind, _MASKED | len(masked))) + mask + masked)

    def close(self) -> None:
        """Say good-bye, and wait for nobody."""
        if not self._writer.is_closing():
            self._send(_CLOSE, _GOING_AWAY)
            self._writer.close()


def _check_answer(head: bytes, accepted: bytes) -> None:
    status, *lines = head.decode("latin-1").split("\r\n")
    words = status.split(maxsplit=2)
    if len(words) < 2 or words[1] != "101":
        raise FramesError(status or "no HTTP")
    fields = {name.strip().lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    if fields.get("sec-websocket-accept", "").encode("latin-1") != accepted:
        raise FramesError("an answer to another question")
