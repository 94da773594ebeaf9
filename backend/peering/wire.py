"""What goes over a channel: frames of four bytes of length (big-endian) and a message in msgpack.

A frame of length 0 is a beat: it says that its sender lives, and nothing else.
"""

import msgspec

from backend.model.errors import ProtocolError, VersionError
from backend.model.messages import MESSAGE_LIMIT_BYTES, Hello, Message, halves_of

HEADER_BYTES = 4
BEAT = bytes(HEADER_BYTES)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class FrameReader:
    """Cuts a stream into frames; holds at most one unfinished frame beside what was fed last."""

    def __init__(self, peer: str) -> None:
        """``peer`` stands in errors."""
        self._peer = peer
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take what came in."""
        self._buffer += data

    def next(self) -> bytes | None:
        """Return the next frame's payload (b"" for a beat), None while it is not whole. Raises ProtocolError."""
        if len(self._buffer) < HEADER_BYTES:
            return None
        length_bytes = int.from_bytes(self._buffer[:HEADER_BYTES], "big")
        if length_bytes > MESSAGE_LIMIT_BYTES:
            raise ProtocolError(
                peer=self._peer, detail=f"a message of {length_bytes} bytes; {MESSAGE_LIMIT_BYTES} are allowed"
            )
        end = HEADER_BYTES + length_bytes
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[HEADER_BYTES:end])
        del self._buffer[:end]
        return payload


def frames_of(message: Message, peer: str) -> list[bytes]:
    """Encode a message as frames: ``Entries`` and ``Rows`` that are too large for one go in several, in order.

    Raises ProtocolError when no splitting makes it fit, and for text that is no Unicode.
    """
    try:
        payload = _encoder.encode(message)
    except (UnicodeError, OverflowError) as error:
        raise ProtocolError(peer=peer, detail=f"{type(message).__name__} cannot be sent: {error}") from error
    if len(payload) <= MESSAGE_LIMIT_BYTES:
        return [len(payload).to_bytes(HEADER_BYTES, "big") + payload]
    halves = halves_of(message)
    if halves is None:
        raise ProtocolError(
            peer=peer,
            detail=f"{type(message).__name__} of {len(payload)} bytes; {MESSAGE_LIMIT_BYTES} are allowed",
        )
    return [frame for half in halves for frame in frames_of(half, peer)]


def message_of(payload: bytes, peer: str) -> Message:
    """Decode a frame's payload. Raises ProtocolError for whatever is not a message."""
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError, OverflowError) as error:
        raise ProtocolError(peer=peer, detail=str(error)) from error


def check_versions(ours: Hello, theirs: Hello, peer: str) -> None:
    """Raise VersionError unless both ends have a protocol version in common; the highest such is spoken."""
    oldest = max(ours.protocol_oldest, theirs.protocol_oldest)
    if oldest > min(ours.protocol_newest, theirs.protocol_newest):
        raise VersionError(peer=peer, ours=_range(ours), theirs=_range(theirs))


def _range(hello: Hello) -> str:
    oldest, newest = hello.protocol_oldest, hello.protocol_newest
    return str(oldest) if oldest == newest else f"{oldest}-{newest}"
