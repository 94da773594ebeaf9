"""What our client says to a data door, and so what a door lets through."""

import math

from backend.model.messages import Ticket
from backend.ports.transport import FetchJob

ALLOWED_OPTIONS = (
    "append",
    "append-verify",
    "block-size",
    "bwlimit",
    "checksum-choice",
    "compress",
    "compress-choice",
    "compress-level",
    "ignore-times",
    "info",
    "inplace",
    "log-format",
    "partial",
    "timeout",
    "times",
    "verbose",
    "whole-file",
)
"""All that a door accepts; whatever lists, recurses, follows links or writes is refused (tried, rsync 3.5.0:
``--inplace`` arrives as ``--partial --inplace``, ``--append-verify`` as ``--append`` twice).
"""

CONNECT_TIMEOUT_S = 20.0

SOCKET_OPTIONS = "TCP_NODELAY"
"""At both ends. rsync's handshake is many small writes, and without it most of them wait for a delayed acknowledgement:
a fetch of 100 kB takes 206 ms on the loopback address, 30 ms with it, and one of 1 GB 0.1 s less (tried, 3.5.0). Larger
socket buffers, ``--whole-file`` and leaving ``--timeout`` out change nothing that could be measured.
"""

INHERITED_VARIABLES = (
    "RSYNC_CONNECT_PROG",
    "RSYNC_PARTIAL_DIR",
    "RSYNC_PASSWORD",
    "RSYNC_PROTECT_ARGS",
    "RSYNC_PROXY",
    "RSYNC_RSH",
)
"""Variables of an operator's shell that would bend our transfers (rsync(1), ENVIRONMENT VARIABLES)."""


def client_options(job: FetchJob, present_bytes: int) -> list[str]:
    """Return the client's options, given how many bytes stand at the target already.

    A shorter target is a fetch that was cut off: ``--append-verify`` sends the rest and checks the whole, and on a
    mismatch rsync itself goes over the file once more by blocks. It resumes at full speed (100 MB of 1 GB present:
    1.1 s; by blocks 5.9 s, the sender hashing at every byte offset; tried, 3.5.0). A target of full length is
    compared by blocks, ``--ignore-times`` whatever its size and time say.
    """
    options = ["--append-verify"] if 0 < present_bytes < job.size_bytes else ["--inplace", "--no-whole-file"]
    options += [
        "--ignore-times",
        # Without --perms only a new file gets this mode: ours to write, whatever the source's mode.
        "--chmod=F600",
        "--no-motd",
        f"--sockopts={SOCKET_OPTIONS}",
        "--no-human-readable",
        "--info=progress2,stats2",
        f"--timeout={math.ceil(job.timeout_s)}",
        f"--contimeout={math.ceil(min(job.timeout_s, CONNECT_TIMEOUT_S))}",
        # From standard input: arguments can be read by everybody on the machine, the environment by its user.
        "--password-file=-",
    ]
    if job.bandwidth_bps > 0:
        # rsync counts in KiB/s, and 0 would mean no limit.
        options.append(f"--bwlimit={max(1, job.bandwidth_bps // 1024)}")
    if job.compress:
        options += ["--compress", "--compress-choice=zstd"]
    return options


def source_url(host: str, ticket: Ticket) -> str:
    """Return the rsync URL of a ticket's path; IPv6 addresses stand in brackets."""
    shown = f"[{host}]" if ":" in host else host
    return f"rsync://{ticket.user}@{shown}:{ticket.port}/{ticket.module}/{ticket.path}"
