"""What an exit of the fetching rsync means (rsync(1), EXIT VALUES; the words were seen with 3.5.0)."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from backend.model.errors import (
    DiskFullError,
    DsyncError,
    LocalError,
    OversizeError,
    SourceGoneError,
    StoreError,
    TransferFailedError,
    TransferRefusedError,
)
from backend.model.plain import plain

DETAIL_LIMIT_CHARS = 300
_SUMMARY = re.compile(r"rsync (?:error|warning): ")
_LINK = re.compile(r"connection unexpectedly closed|\] (?:read|write) error: |io timeout after")
_LOCAL = re.compile(r"\[(?:receiver|generator|Receiver)\]")
_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded")
_TOO_LARGE = re.compile(r"File too large|File size limit exceeded")
_GONE = re.compile(r"No such file or directory|file has vanished|No data available|Stale file handle")
_REFUSED = re.compile(
    r"@ERROR: (?:auth failed|Unknown module|access denied|chroot failed|chdir failed|invalid)|"
    r"configured to refuse|Permission denied|password file"
)
_BUSY = re.compile(r"max connections|try again later")


class Exit(msgspec.Struct, frozen=True):
    """How a fetch ended. ``code`` is negative for a signal.

    ``missing_bytes`` are not at the target yet, ``free_bytes`` could be written there.
    """

    code: int
    stderr: str
    source: str
    target: Path
    size_bytes: int
    missing_bytes: int
    free_bytes: int

    @property
    def detail(self) -> str:
        """The first line that names a cause, else the first of all, made plain."""
        lines = [*self._causes(), *self.stderr.splitlines(), f"rsync ended with exit code {self.code}"]
        return plain(next(line.strip() for line in lines if line.strip()), DETAIL_LIMIT_CHARS)

    @property
    def local_words(self) -> str:
        """The lines in which our own end names a cause of its own (not: the link's)."""
        return "\n".join(line for line in self._causes() if _LOCAL.search(line))

    @property
    def source_words(self) -> str:
        """The other causes: the source's, and those of the handshake."""
        return "\n".join(line for line in self._causes() if not _LOCAL.search(line))

    def _causes(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if not _SUMMARY.match(line) and not _LINK.search(line)]


_Maker = Callable[[Exit], DsyncError]


def failure_of(exit: Exit) -> DsyncError:
    """Return the error that an exit with a code other than 0 stands for."""
    for codes, side, words, make in _TABLE:
        if (codes is None or exit.code in codes) and (words is None or words.search(side(exit))):
            return make(exit)
    return _failed(exit)


def _local(exit: Exit) -> str:
    return exit.local_words


def _source(exit: Exit) -> str:
    return exit.source_words


def _disk_full(exit: Exit) -> DsyncError:
    return DiskFullError(path=exit.target.parent, needed_bytes=exit.missing_bytes, free_bytes=exit.free_bytes)


def _oversize(exit: Exit) -> DsyncError:
    return OversizeError(source=exit.source, size_bytes=exit.size_bytes)


def _gone(exit: Exit) -> DsyncError:
    return SourceGoneError(source=exit.source, detail=exit.detail)


def _refused(exit: Exit) -> DsyncError:
    return TransferRefusedError(source=exit.source, detail=exit.detail)


def _failed(exit: Exit) -> DsyncError:
    return TransferFailedError(source=exit.source, detail=exit.detail, exit_code=exit.code)


def _store(exit: Exit) -> DsyncError:
    return StoreError(path=exit.target, detail=plain(exit.local_words.splitlines()[0], DETAIL_LIMIT_CHARS))


def _own_fault(exit: Exit) -> DsyncError:
    return LocalError(detail=exit.detail)


_SIGXFSZ = -25
_PARTIAL = frozenset({23, 24})
_HANDSHAKE = frozenset({5})
# A refused option ends the connection before its reason is read: 10 or 12 as well as 4.
_TURNED_AWAY = frozenset({1, 4, 5, 10, 12})
# A file or directory of ours that cannot be written, told with its path.
_OWN_FILES = frozenset({3, 11, 23})
# rsync was used wrongly or cannot run here: the source has no part in it.
_OWN_FAULT = frozenset({1, 3, 6, 11, 13, 14, 22, 126, 127})

_TABLE: tuple[tuple[frozenset[int] | None, Callable[[Exit], str], re.Pattern[str] | None, _Maker], ...] = (
    # Most telling first: a disk that fills up ends in 11, with broken pipes and time-outs in its wake.
    (None, _local, _NO_SPACE, _disk_full),
    (None, _local, _TOO_LARGE, _oversize),
    (frozenset({_SIGXFSZ}), _source, None, _oversize),
    (_HANDSHAKE, _source, _BUSY, _failed),
    (_TURNED_AWAY, _source, _REFUSED, _refused),
    (_PARTIAL, _source, _GONE, _gone),
    (_PARTIAL, _source, _REFUSED, _refused),
    (_OWN_FILES, _local, re.compile(r"\S"), _store),
    (_OWN_FAULT, _source, None, _own_fault),
)
"""Exit codes (None: any), whose words, what they say (None: anything), and what it means; the first that fits counts.

All else is the source's or the link's trouble: 2 protocol, 4 not supported there, 5 without a known reason, 10 socket,
12 protocol stream, 20 the source's daemon was ended, 23 and 24 partial (it fails to read), 30 and 35 time-outs.
"""
