"""Exits of the fetching rsync, row by row; the words are those of rsync 3.5.0."""

from pathlib import Path

import pytest

from backend.adapters.rsync.exits import DETAIL_LIMIT_CHARS, Exit, failure_of
from backend.model.errors import (
    DiskFullError,
    DsyncError,
    LocalError,
    OversizeError,
    Retry,
    SourceGoneError,
    StoreError,
    TransferFailedError,
    TransferRefusedError,
)

TARGET = Path("/store/.incoming/0123/data")


def failure(code: int, stderr: str) -> DsyncError:
    return failure_of(Exit(code, stderr, "worker-01", TARGET, 1000, 600, 50))


START = "rsync error: error starting client-server protocol (code 5) at main.c(1954) [Receiver=3.5.0]\n"
SOCKET = "rsync error: error in socket IO (code 10) at clientserver.c(165) [Receiver=3.5.0]\n"
PARTIAL = (
    "rsync error: some files/attrs were not transferred (see previous errors) (code 23) "
    "at main.c(1956) [Receiver=3.5.0]\n"
)
PARTIAL_LATE = PARTIAL.replace("[Receiver=", "[generator=")
FILE_IO = (
    "rsync error: error in file IO (code 11) at receiver.c(657) [receiver=3.5.0]\n"
    "rsync error: error in file IO (code 11) at io.c(1892) [sender=3.5.0]\n"
)
RESET = "rsync: [Receiver] read error: Connection reset by peer (104)\n"

ROWS: list[tuple[str, int, str, type[DsyncError], str]] = [
    (
        "disk full",
        11,
        '\nrsync: [receiver] write failed on "/store/data": No space left on device (28)\n' + FILE_IO,
        DiskFullError,
        "",
    ),
    (
        "quota",
        11,
        '\nrsync: [receiver] write failed on "/store/data": Disk quota exceeded (122)\n' + FILE_IO,
        DiskFullError,
        "",
    ),
    (
        "disk full on creation",
        23,
        'rsync: [receiver] open "/store/data" failed: No space left on device (28)\n' + PARTIAL_LATE,
        DiskFullError,
        "",
    ),
    (
        "oversize",
        11,
        '\nrsync: [receiver] write failed on "/store/data": File too large (27)\n' + FILE_IO,
        OversizeError,
        "",
    ),
    ("oversize by signal", -25, "", OversizeError, ""),
    (
        "busy",
        5,
        "@ERROR: max connections (1) reached -- try again later\n" + START,
        TransferFailedError,
        "max connections",
    ),
    ("wrong secret", 5, "@ERROR: auth failed on module dsync\n" + START, TransferRefusedError, "auth failed"),
    ("not allowed, or no module", 5, "@ERROR: Unknown module 'dsync'\n" + START, TransferRefusedError, "Unknown"),
    (
        "not allowed",
        5,
        "@ERROR: access denied to dsync from UNDETERMINED (127.0.0.1)\n" + START,
        TransferRefusedError,
        "denied",
    ),
    ("serving directory gone", 5, "@ERROR: chroot failed\n" + START, TransferRefusedError, "chroot"),
    ("turned away", 5, "rsync: didn't get server startup line\n" + START, TransferFailedError, "startup line"),
    (
        "not an rsync",
        5,
        'rsync: server sent "HTTP/1.1 400" rather than greeting\n' + START,
        TransferFailedError,
        "HTTP/1.1",
    ),
    (
        "refused option, heard",
        4,
        "rsync: The server is configured to refuse --recursive (-r)\n"
        "rsync error: requested action not supported (code 4) at clientserver.c(1267) [sender=3.5.0]\n",
        TransferRefusedError,
        "--recursive",
    ),
    (
        "refused option, cut off",
        10,
        "rsync: The server is configured to refuse --partial\n" + RESET + SOCKET,
        TransferRefusedError,
        "--partial",
    ),
    (
        "path gone",
        23,
        'rsync: [sender] link_stat "/zzzz" (in dsync) failed: No such file or directory (2)\n' + PARTIAL + RESET,
        SourceGoneError,
        "zzzz",
    ),
    (
        "directory gone",
        23,
        'rsync: [sender] change_dir "/sub" (in dsync) failed: No such file or directory (2)\n' + PARTIAL,
        SourceGoneError,
        "change_dir",
    ),
    (
        "vanished",
        24,
        'file has vanished: "/aaaa" (in dsync)\nrsync warning: some files vanished before they could be '
        "transferred (code 24) at main.c(1852) [generator=3.5.0]\n",
        SourceGoneError,
        "vanished",
    ),
    (
        "cut short while it is read",
        23,
        '\nrsync: [sender] read errors mapping "/aaaa" (in dsync): No data available (61)\n' + PARTIAL_LATE,
        SourceGoneError,
        "read errors",
    ),
    (
        "unreadable there",
        23,
        'rsync: [sender] send_files failed to open "/aaaa" (in dsync): Permission denied (13)\n' + PARTIAL_LATE,
        TransferRefusedError,
        "Permission denied",
    ),
    (
        "source's disk fails",
        23,
        '\nrsync: [sender] read errors mapping "/aaaa" (in dsync): Input/output error (5)\n' + PARTIAL_LATE,
        TransferFailedError,
        "Input/output",
    ),
    (
        "failed verification",
        23,
        "ERROR: data failed verification -- update retained.\n" + PARTIAL_LATE,
        TransferFailedError,
        "verification",
    ),
    (
        "nothing listens",
        10,
        "rsync: [Receiver] failed to connect to 127.0.0.1 (127.0.0.1): Connection refused (111)\n" + SOCKET,
        TransferFailedError,
        "Connection refused",
    ),
    (
        "no such host",
        10,
        "rsync: getaddrinfo: nosuch.invalid 873: Name or service not known\n" + SOCKET,
        TransferFailedError,
        "Name or service",
    ),
    (
        "source killed",
        12,
        "\nrsync: connection unexpectedly closed (19567334 bytes received so far) [receiver]\n"
        "rsync error: error in rsync protocol data stream (code 12) at io.c(285) [receiver=3.5.0]\n",
        TransferFailedError,
        "connection unexpectedly closed",
    ),
    (
        "source stalls",
        30,
        "[generator] io timeout after 3 seconds -- exiting\n"
        "rsync error: timeout in data send/receive (code 30) at io.c(248) [generator=3.5.0]\n",
        TransferFailedError,
        "io timeout",
    ),
    (
        "no connection in time",
        35,
        "rsync error: timeout waiting for daemon connection (code 35) at socket.c(278) [Receiver=3.5.0]\n",
        TransferFailedError,
        "timeout",
    ),
    (
        "source's daemon ended",
        20,
        "rsync error: received SIGINT, SIGTERM, or SIGHUP (code 20) at io.c(586) [sender=3.5.0]\n",
        TransferFailedError,
        "SIGTERM",
    ),
    (
        "garbled protocol",
        2,
        "unexpected tag 93 [Receiver]\nrsync error: protocol incompatibility (code 2) at io.c(1762)\n",
        TransferFailedError,
        "unexpected tag",
    ),
    (
        "own directory gone",
        3,
        'rsync: [Receiver] change_dir#3 "/store" failed: No such file or directory (2)\nrsync error: errors selecting '
        "input/output files, dirs (code 3) at main.c(855) [Receiver=3.5.0]\n",
        StoreError,
        "change_dir",
    ),
    (
        "own file system read-only",
        23,
        'rsync: [receiver] open "/store/data" failed: Read-only file system (30)\n' + PARTIAL_LATE,
        StoreError,
        "Read-only",
    ),
    (
        "own directory not writable",
        23,
        'rsync: [receiver] open "/store/data" failed: Permission denied (13)\n' + PARTIAL_LATE,
        StoreError,
        "Permission denied",
    ),
    (
        "own disk fails",
        11,
        'rsync: [receiver] write failed on "/store/data": Input/output error (5)\n' + FILE_IO,
        StoreError,
        "Input/output",
    ),
    ("usage", 1, "rsync: --inplase: unknown option\n", LocalError, "unknown option"),
    ("no memory", 22, "rsync error: error allocating core memory buffers (code 22)\n", LocalError, "memory"),
    ("not started", 127, "unshare: failed to execute rsync: No such file or directory\n", LocalError, "unshare"),
    ("killed", -9, "", TransferFailedError, "exit code -9"),
    ("silent", 12, " \n\n", TransferFailedError, "exit code 12"),
]


@pytest.mark.parametrize(("name", "code", "stderr", "kind", "detail"), ROWS, ids=[row[0] for row in ROWS])
def test_rows(name: str, code: int, stderr: str, kind: type[DsyncError], detail: str) -> None:
    error = failure(code, stderr)
    assert type(error) is kind, name
    assert detail in error.params.get("detail", "")


def test_a_full_disk_tells_place_and_figures() -> None:
    error = failure(11, ROWS[0][2])
    assert error.params == {"path": "/store/.incoming/0123", "needed_bytes": "600", "free_bytes": "50"}
    assert error.retry is Retry.HOLD


def test_trouble_of_the_source_is_tried_elsewhere_and_ours_is_not() -> None:
    assert failure(12, "").retry is Retry.ELSEWHERE
    assert failure(12, "").params["exit_code"] == "12"
    assert failure(3, ROWS[28][2]).retry is Retry.LATER


def test_words_from_outside_are_plain_and_bounded() -> None:
    error = failure(12, "rsync: \x1b[2J[@click=app.quit]\u202e " + "x" * 5000)
    assert "\x1b" not in error.params["detail"]
    assert "\u202e" not in error.params["detail"]
    assert len(error.params["detail"]) <= DETAIL_LIMIT_CHARS + 20


def test_a_source_cannot_blame_our_disk_by_its_file_names() -> None:
    words = 'rsync: [sender] link_stat "/No space left on device" (in dsync) failed: No such file or directory (2)\n'
    assert type(failure(23, words + PARTIAL)) is SourceGoneError
