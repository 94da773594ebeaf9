"""The helper that undoes an archive's outer packing, as the program that it is."""

import bz2
import gzip
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from backend.adapters.runtimes import unpacking

DATA = os.urandom(600_000)
ROOT = Path(unpacking.__file__).parents[3]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 1),
    "bzip2": lambda data: bz2.compress(data, 1),
    "xz": lambda data: lzma.compress(data, preset=0),
    "zstd": zstandard.compress,
}


class Unpack:
    """Runs the helper with its packed input in a file, as the loader does."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "packed"

    def __call__(
        self, packing: str, packed: bytes, *client: str, expected_bytes: int = 0
    ) -> "subprocess.CompletedProcess[bytes]":
        argv = [sys.executable, "-P", "-m", unpacking.__name__, packing, str(expected_bytes), *client]
        self._file.write_bytes(packed)
        with self._file.open("rb") as file:
            return subprocess.run(argv, stdin=file, capture_output=True, timeout=30, check=False, cwd=ROOT, env=ENV)


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    return Unpack(tmp_path)


@pytest.mark.parametrize("packing", PACKERS)
def test_the_client_gets_what_was_packed(unpack: Unpack, packing: str) -> None:
    done = unpack(packing, PACKERS[packing](DATA), "cat", expected_bytes=len(DATA))
    assert (done.returncode, done.stdout == DATA, done.stderr) == (0, True, b"")


@pytest.mark.parametrize("packing", PACKERS)
def test_several_streams_in_a_row_are_one(unpack: Unpack, packing: str) -> None:
    pack = PACKERS[packing]
    done = unpack(packing, pack(DATA[:200_000]) + pack(DATA[200_000:]), "cat")
    assert (done.returncode, done.stdout == DATA) == (0, True)


@pytest.mark.parametrize("packing", PACKERS)
def test_a_cut_stream_is_broken_and_the_client_is_not_told_that_it_has_all(unpack: Unpack, packing: str) -> None:
    packed = PACKERS[packing](DATA)
    done = unpack(packing, packed[: len(packed) // 2], "sh", "-c", "cat >/dev/null; echo whole")
    assert done.returncode == unpacking.BROKEN
    assert done.stdout == b""
    assert b"unpacking failed" in done.stderr


@pytest.mark.parametrize("packing", PACKERS)
def test_what_is_not_packed_is_broken(unpack: Unpack, packing: str) -> None:
    assert unpack(packing, b"plain" * 100, "cat").returncode == unpacking.BROKEN


def test_more_than_was_counted_is_stopped(unpack: Unpack) -> None:
    packed = gzip.compress(DATA, 1)
    done = unpack("gzip", packed, "sh", "-c", "cat >/dev/null; echo whole", expected_bytes=len(DATA) - 1)
    assert (done.returncode, done.stdout) == (unpacking.TOO_LONG, b"")
    assert b"longer than 599999 bytes" in done.stderr


def test_less_than_was_counted_is_another_file(unpack: Unpack) -> None:
    packed = gzip.compress(DATA, 1)
    done = unpack("gzip", packed, "sh", "-c", "cat >/dev/null; echo whole", expected_bytes=len(DATA) + 1)
    assert (done.returncode, done.stdout) == (unpacking.BROKEN, b"")


def test_a_bomb_is_stopped(unpack: Unpack) -> None:
    bomb = zstandard.compress(bytes(1 << 26)) * 17
    done = unpack("zstd", bomb, "sh", "-c", "cat >/dev/null; echo whole")
    assert (done.returncode, done.stdout) == (unpacking.BROKEN, b"")
    assert b"bomb" in done.stderr


def test_the_clients_exit_code_counts_also_when_it_reads_nothing(unpack: Unpack) -> None:
    packed = gzip.compress(DATA, 1)
    assert unpack("gzip", packed, "sh", "-c", "exit 7").returncode == 7
    assert unpack("gzip", packed, "sh", "-c", "cat >/dev/null; exit 8").returncode == 8
