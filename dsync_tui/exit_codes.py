"""Exit codes of every command, and which error leads to which."""

from backend.model.errors import DsyncError, NotReachedError, UsageError

DONE = 0
NOT_WELL = 1
"""The question was answered, and the answer is not good."""
USAGE = 2
"""Wrong usage or settings."""
NOT_REACHED = 3
"""No daemon answers."""
REFUSED = 4
"""The daemon said no."""
INTERRUPTED = 130
"""Ctrl-C, as shells have it: 128 and the signal's number."""
PIPE_CLOSED = 141
"""Whoever read the output has gone (``status | head``)."""


def of_error(error: DsyncError) -> int:
    """The exit code that an error leads to."""
    if isinstance(error, UsageError):
        return USAGE
    return NOT_REACHED if isinstance(error, NotReachedError) else REFUSED
