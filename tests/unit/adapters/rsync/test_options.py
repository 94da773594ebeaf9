"""The client's options."""

from pathlib import Path

import pytest

from backend.adapters.rsync.options import client_options, source_url
from backend.model.messages import Ticket
from backend.ports.transport import FetchJob

TICKET = Ticket(port=873, module="dsync", path="0123abcd", user="n1", secret="do-not-tell-anybody")


def options(present_bytes: int = 0, **changes: object) -> list[str]:
    values: dict[str, object] = {
        "source_name": "worker-01",
        "host": "10.0.0.1",
        "ticket": TICKET,
        "size_bytes": 1000,
        "target": Path("/t/data"),
        "bandwidth_bps": 0,
        "timeout_s": 300.0,
        "compress": False,
    }
    return client_options(FetchJob(**(values | changes)), present_bytes)  # type: ignore[arg-type]


def test_a_fresh_file_is_written_in_place() -> None:
    assert "--inplace" in options()
    assert "--append-verify" not in options()


def test_small_writes_leave_at_once() -> None:
    assert "--sockopts=TCP_NODELAY" in options()


def test_a_cut_off_fetch_sends_the_rest_and_checks_the_whole() -> None:
    assert "--append-verify" in options(present_bytes=1)
    assert "--append-verify" in options(present_bytes=999)


@pytest.mark.parametrize("present_bytes", [1000, 1001])
def test_a_target_of_full_length_is_compared_by_blocks(present_bytes: int) -> None:
    assert {"--inplace", "--no-whole-file", "--ignore-times"} <= set(options(present_bytes))
    assert "--append-verify" not in options(present_bytes)


@pytest.mark.parametrize(
    ("bandwidth_bps", "expected"),
    [(1, "--bwlimit=1"), (1024, "--bwlimit=1"), (80 * 1024 * 1024, "--bwlimit=81920"), (10**6, "--bwlimit=976")],
)
def test_bandwidth_is_told_in_kibibytes(bandwidth_bps: int, expected: str) -> None:
    assert expected in options(bandwidth_bps=bandwidth_bps)


def test_no_limit_and_no_compression_unless_asked_for() -> None:
    assert not [word for word in options() if word.startswith(("--bwlimit", "--compress"))]


def test_compression_is_zstd() -> None:
    assert {"--compress", "--compress-choice=zstd"} <= set(options(compress=True))


@pytest.mark.parametrize(
    ("timeout_s", "expected"),
    [
        (300.0, {"--timeout=300", "--contimeout=20"}),
        (0.5, {"--timeout=1", "--contimeout=1"}),
        (2.5, {"--timeout=3", "--contimeout=3"}),
    ],
)
def test_time_outs_are_whole_seconds_and_never_none(timeout_s: float, expected: set[str]) -> None:
    assert expected <= set(options(timeout_s=timeout_s))


def test_the_secret_is_not_among_the_arguments() -> None:
    words = [*options(), source_url("10.0.0.1", TICKET)]
    assert not [word for word in words if "do-not-tell" in word]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("10.0.0.1", "rsync://n1@10.0.0.1:873/dsync/0123abcd"),
        ("fd00::1", "rsync://n1@[fd00::1]:873/dsync/0123abcd"),
        ("worker-01", "rsync://n1@worker-01:873/dsync/0123abcd"),
    ],
)
def test_urls(host: str, url: str) -> None:
    assert source_url(host, TICKET) == url
