"""Reading pipes: pieces, limits, back-pressure."""

import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.adapters.pipes import QUEUE_LIMIT_LINES, LineSplitter, Pipe, Reading


def test_pieces_end_at_newlines_and_carriage_returns() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b" 10%\r 20%\r\nnext") == [" 10%", " 20%"]
    assert splitter.feed(b" line\n\n") == ["next line"]
    assert splitter.flush() == []


def test_a_piece_over_the_limit_is_cut_and_the_next_is_whole() -> None:
    splitter = LineSplitter(limit_bytes=4)
    assert splitter.feed(b"abc") == []
    assert splitter.feed(b"defghi") == []
    assert splitter.feed(b"jkl\nmn\n") == ["abcd", "mn"]


def test_bytes_that_are_no_utf8_become_replacement_characters() -> None:
    assert LineSplitter().feed(b"\xff\n") == ["�"]


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_cutting_the_stream_anywhere_changes_nothing(blocks: list[bytes]) -> None:
    in_blocks, whole = LineSplitter(), LineSplitter()
    pieces = [piece for block in blocks for piece in in_blocks.feed(block)]
    assert pieces + in_blocks.flush() == whole.feed(b"".join(blocks)) + whole.flush()


async def test_the_head_is_kept() -> None:
    reader, writer = os.pipe()
    pipe = Pipe(reader, Reading.HEAD, limit_bytes=5)
    os.write(writer, b"0123456789")
    os.close(writer)
    pipe.writer_gone()
    assert (pipe.text, pipe.cut, pipe.closed) == ("01234", True, True)


async def test_the_tail_is_kept() -> None:
    reader, writer = os.pipe()
    pipe = Pipe(reader, Reading.TAIL, limit_bytes=5)
    os.write(writer, b"0123456789")
    pipe.writer_gone()
    os.close(writer)
    assert (pipe.text, pipe.cut, pipe.closed) == ("56789", True, True)


async def test_lines_end_although_a_grandchild_holds_the_pipe_open() -> None:
    reader, writer = os.pipe()
    pipe = Pipe(reader, Reading.LINES, limit_bytes=100)
    os.write(writer, b"one\ntwo\nthree")
    pipe.writer_gone()
    assert [line async for line in pipe.lines()] == ["one", "two", "three"]
    os.close(writer)


async def test_a_slow_reader_slows_the_writer_and_loses_nothing() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    pipe = Pipe(reader, Reading.LINES, limit_bytes=100)
    written = 0
    for _ in range(40):
        try:
            written += os.write(writer, b"x\n" * 4096)
        except BlockingIOError:
            break
        await asyncio.sleep(0)
    else:
        pytest.fail("the pipe took everything: nothing held the writer back")
    pipe.writer_gone()
    os.close(writer)
    lines = [line async for line in pipe.lines()]
    assert len(lines) == written // 2
    assert len(lines) > QUEUE_LIMIT_LINES
