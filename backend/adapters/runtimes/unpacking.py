"""A loader's helper, run as a program of its own: undo an archive's outer packing and feed it to a client.

``python -P -m backend.adapters.runtimes.unpacking <packing> <unpacked bytes> <client> [argument …]`` reads the packed
archive from its stdin and ends with the client's exit code, or with one of those below. ``<unpacked bytes>`` is what
the inspection counted, 0 where nobody did.

Runtimes differ in what they unpack: docker before 23 takes no zstd (tried, 20.10), podman 4.3 fails on gzipped docker
archives (tried; containers/podman#15944). So none of them ever sees packed bytes. It is a process, not a thread of
the daemon, because a load outlives a killed daemon.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

from backend.adapters.inspecting.limits import Limits
from backend.adapters.inspecting.packing import Unpacker
from backend.model.archive import Compression
from backend.model.errors import ArchiveError

BLOCK_BYTES = 1024 * 1024
BROKEN = 120
"""The packed bytes are damaged, end too early or are another file's; stderr says how."""
TOO_LONG = 121
"""More came out than the inspection counted, or than any archive may unpack to."""


def main(argv: Sequence[str]) -> int:
    """Run; the exit code."""
    packing, expected_bytes, command = Compression(argv[0]), int(argv[1]), argv[2:]
    unpacker = Unpacker(packing, os.fstat(sys.stdin.fileno()).st_size, Limits())
    client = subprocess.Popen(command, stdin=subprocess.PIPE)
    code = _feed(_unpacked(unpacker), cast(BinaryIO, client.stdin), expected_bytes)
    if code != 0:
        # Before its stdin is closed: the client shall not take what it has for the whole.
        client.kill()
    return client.wait() if code == 0 else code


def _unpacked(unpacker: Unpacker) -> Iterator[bytes]:
    while block := sys.stdin.buffer.read(BLOCK_BYTES):
        yield from unpacker.unpack(block)
    unpacker.finish()


def _feed(pieces: Iterator[bytes], target: BinaryIO, expected_bytes: int) -> int:
    fed_bytes = 0
    try:
        for piece in pieces:
            fed_bytes += len(piece)
            if 0 < expected_bytes < fed_bytes:
                return _told(TOO_LONG, f"it is longer than {expected_bytes} bytes")
            target.write(piece)
        if fed_bytes < expected_bytes:
            return _told(BROKEN, f"it has {fed_bytes} bytes instead of {expected_bytes}")
        target.close()
    except BrokenPipeError:
        return 0  # the client has had enough; its exit code says why
    except ArchiveError as error:
        return _told(BROKEN, error.params.get("detail", error.code))
    except OSError as error:
        return _told(BROKEN, str(error))
    return 0


def _told(code: int, why: str) -> int:
    print(f"unpacking failed: {why}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
