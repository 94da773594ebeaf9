"""Inspecting archives that are made in memory."""

import threading
from pathlib import Path

import pytest

from backend.adapters.inspecting.inspector import inspect_file
from backend.adapters.inspecting.limits import Limits
from backend.model.archive import ArchiveFacts, Compression
from backend.model.errors import ArchiveError
from tests.support.archives import Tar, pack

LIMITS = Limits()


def inspect(
    directory: Path, tar: Tar | bytes, packing: Compression = Compression.NONE, limits: Limits = LIMITS
) -> ArchiveFacts:
    """Write ``app.tar`` and inspect it."""
    path = directory / "app.tar"
    path.write_bytes(pack(tar if isinstance(tar, bytes) else tar.data(), packing))
    return inspect_file(path, limits, threading.Event())


def refusal(
    directory: Path, tar: Tar | bytes, packing: Compression = Compression.NONE, limits: Limits = LIMITS
) -> ArchiveError:
    """Inspect what is refused: the reason, which names the file and carries its hashes."""
    with pytest.raises(ArchiveError) as caught:
        inspect(directory, tar, packing, limits)
    assert caught.value.params["name"] == "app.tar"
    assert caught.value.hashes is not None
    assert caught.value.hashes.size_bytes == (directory / "app.tar").stat().st_size
    return caught.value


def reason(
    directory: Path, tar: Tar | bytes, packing: Compression = Compression.NONE, limits: Limits = LIMITS
) -> tuple[str, str]:
    """Code and detail of a refusal."""
    error = refusal(directory, tar, packing, limits)
    return error.code, error.params["detail"]
