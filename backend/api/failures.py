"""Errors of the wire back into the error tree."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from backend.api.wire import ErrorBody
from backend.model.errors import DsyncError, ForbiddenError, NotReachedError, RefusedError, SilentError


def error_of(body: ErrorBody) -> DsyncError:
    """The error that the daemon raised; a RefusedError with its words where this version does not know the code."""
    for kind in _family(DsyncError):
        if kind.code == body.code:
            return kind(**body.params)
    return RefusedError(what=body.message)


def decode_error(content: bytes, socket_path: str, status: int) -> DsyncError:
    """The error that an HTTP answer carries; whoever answers without an ErrorBody is no daemon of ours."""
    try:
        return error_of(msgspec.json.decode(content, type=ErrorBody))
    except msgspec.MsgspecError:
        return NotReachedError(socket=socket_path, why=f"HTTP {status} without an error body")


def not_reached(socket_path: Path, error: Exception, waited_s: float) -> NotReachedError:
    """Why no answer came: nobody there, nobody that this user may ask, or somebody who is silent."""
    inner = getattr(error, "os_error", error)
    if isinstance(inner, TimeoutError):
        return SilentError(socket=socket_path, wait_s=waited_s)
    if isinstance(inner, PermissionError):
        return ForbiddenError(socket=socket_path)
    return NotReachedError(socket=socket_path, why=reason_of(error))


def reason_of(error: Exception) -> str:
    """What the operating system says, without aiohttp's wrapping."""
    inner = getattr(error, "os_error", error)
    strerror = inner.strerror if isinstance(inner, OSError) else None
    return strerror or str(inner) or type(inner).__name__


def _family(kind: type[DsyncError]) -> Iterator[type[DsyncError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)
