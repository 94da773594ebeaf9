"""What ``ARCHIVE|FILE`` means in a call: an archive of the fleet, or a file of this machine."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from backend.api.plans import PlanRequest
from backend.model.errors import ArchiveAmbiguousError, ArchiveUnknownError, UsageError
from backend.texts import told
from dsync_tui.invocation import Invocation

if TYPE_CHECKING:
    from backend.api.client import ControlClient


def file_meant(invocation: Invocation, word: str) -> Path | None:
    """The file that a word means; None where it means an archive.

    A path means the file, a bare name whichever there is: the daemon is asked where a file lies here. Raises UsageError
    where there are both, and whatever such a question raises.
    """
    path = Path(word)
    if word.startswith(("/", "./", "../")):
        return path
    if not path.exists():
        # Tags have slashes too.
        return None
    if "/" in word:
        return path
    known = invocation.ask(lambda client: _known_as(client, word))
    if known is None:
        return path
    if path.is_dir():
        return None
    raise UsageError(**told("what", "cli.usage.file-or-archive", name=word, fingerprint=known))


async def _known_as(client: "ControlClient", word: str) -> str | None:
    """How to name the archive, or the archives, that go by ``word`` beyond doubt; None where there is none."""
    try:
        # On no node: who just asks what a word means need not work out what would move.
        return (await client.plan(PlanRequest(archive=word, nodes=[]))).fingerprint[:8]
    except ArchiveAmbiguousError as error:
        return error.params["candidates"]
    except ArchiveUnknownError:
        return None


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """Open a regular file for reading; with its size in bytes. Raises UsageError."""
    try:
        # Not blocking: opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(**told("what", "cli.usage.file-unreadable", path=path, why=error.strerror)) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "not-a-file"
        raise UsageError(**told("what", f"cli.usage.{kind}", path=path))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield file, status.st_size
