"""Frames and messages: whatever comes in is a message or a ProtocolError."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.errors import ProtocolError, VersionError
from backend.model.ids import Digest, JobId
from backend.model.messages import MESSAGE_LIMIT_BYTES, Command, Hello, Message, Request, Watch
from backend.peering.wire import BEAT, FrameReader, check_versions, frames_of, message_of
from backend.peering.words import address_of
from tests.support import ledger_values as made
from tests.support.peer_fleet import hello


def read_all(reader: FrameReader) -> list[bytes]:
    frames = []
    while (frame := reader.next()) is not None:
        frames.append(frame)
    return frames


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(1, 30), max_size=40))
def test_frames_are_cut_right_wherever_the_stream_is_cut(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(len(payload).to_bytes(4, "big") + payload for payload in payloads)
    reader = FrameReader("beta")
    found = []
    for cut in cuts:
        reader.feed(stream[:cut])
        stream = stream[cut:]
        found += read_all(reader)
    reader.feed(stream)
    assert found + read_all(reader) == payloads


def test_a_beat_is_an_empty_frame() -> None:
    reader = FrameReader("beta")
    reader.feed(BEAT)
    assert read_all(reader) == [b""]


def test_a_frame_over_the_limit_is_refused_by_its_header() -> None:
    reader = FrameReader("beta")
    reader.feed((MESSAGE_LIMIT_BYTES + 1).to_bytes(4, "big"))
    with pytest.raises(ProtocolError) as caught:
        reader.next()
    assert caught.value.params == {"peer": "beta", "detail": "a message of 1048577 bytes; 1048576 are allowed"}
    whole = FrameReader("beta")
    whole.feed(MESSAGE_LIMIT_BYTES.to_bytes(4, "big") + bytes(MESSAGE_LIMIT_BYTES))
    assert whole.next() == bytes(MESSAGE_LIMIT_BYTES)


def check_taken_or_refused(payload: bytes) -> None:
    # Any other exception fails the test.
    with contextlib.suppress(ProtocolError):
        assert isinstance(message_of(payload, "beta"), msgspec.Struct)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_protocol_error(payload: bytes) -> None:
    check_taken_or_refused(payload)


LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary()
KEYS = st.sampled_from(["type", "entries", "rows", "digest", "on", "x"])
KINDS = st.sampled_from(["hello", "rows", "entries", "watch", "request"])


def nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner | KINDS)


@given(st.recursive(LEAVES, nested))
def test_any_msgpack_is_a_message_or_a_protocol_error(value: object) -> None:
    check_taken_or_refused(msgspec.msgpack.encode(value))


def test_endless_nesting_is_a_protocol_error() -> None:
    for payload in (b"\x91" * 100_000, b"\x81\xa1x" * 100_000, b"\x82\xa4type\xa5watch\xa1x" + b"\x91" * 100_000):
        with pytest.raises(ProtocolError):
            message_of(payload, "beta")


def test_unknown_fields_are_ignored_and_unknown_messages_refused() -> None:
    assert message_of(msgspec.msgpack.encode({"type": "watch", "on": True, "new": [1]}), "beta") == Watch(True)
    with pytest.raises(ProtocolError):
        message_of(msgspec.msgpack.encode({"type": "later-kind"}), "beta")


@given(st.text(max_size=50), st.integers(0, 2**40))
def test_messages_come_back_as_they_were(text: str, count: int) -> None:
    message: Message = Command(JobId(text), "sync", (made.digest(1),), count, text, text)
    (frame,) = frames_of(message, "beta")
    assert message_of(frame[4:], "beta") == message
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4


def test_what_cannot_be_sent_says_why() -> None:
    with pytest.raises(ProtocolError, match="Command of 1048646 bytes"):
        frames_of(Command(JobId("j"), "v", None, None, "x" * MESSAGE_LIMIT_BYTES), "beta")
    with pytest.raises(ProtocolError, match="Request cannot be sent"):
        frames_of(Request(Digest("\udce9")), "beta")


@pytest.mark.parametrize(
    ("ours", "theirs", "fits"),
    [((1, 1), (1, 1), True), ((1, 3), (3, 9), True), ((2, 3), (1, 1), False), ((1, 1), (2, 2), False)],
)
def test_versions_must_overlap(ours: tuple[int, int], theirs: tuple[int, int], fits: bool) -> None:
    def of(versions: tuple[int, int]) -> Hello:
        return hello("x", protocol_oldest=versions[0], protocol_newest=versions[1])

    if fits:
        check_versions(of(ours), of(theirs), "beta")
        return
    with pytest.raises(VersionError) as caught:
        check_versions(of(ours), of(theirs), "beta")
    assert caught.value.params["peer"] == "beta"
    assert caught.value.params["theirs"][0] == str(theirs[0])


@pytest.mark.parametrize(
    ("peername", "address"),
    [
        (("10.0.0.1", 5), "10.0.0.1"),
        (("::ffff:10.0.0.1", 5, 0, 0), "10.0.0.1"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::1"),
        (("fd00::1", 5, 0, 0), "fd00::1"),
        (None, ""),
        (("a\x1b[b", 1), "a\\x1b[b"),
    ],
)
def test_an_address_is_the_bare_ip(peername: object, address: str) -> None:
    assert address_of(peername) == address
