"""JSON in and out, and every error as an ErrorBody: never a traceback, never a bare page."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import msgspec
from aiohttp import web

from backend.api.wire import ErrorBody
from backend.model.errors import (
    DiskFullError,
    DsyncError,
    JobUnknownError,
    MalformedRequestError,
    Problem,
    ReadOnlyError,
    RefusedError,
    UsageError,
)
from backend.model.plain import plain
from backend.texts import message_of, remedy_of

_log = logging.getLogger("dsync.control")

T = TypeVar("T")
Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS_BY_KIND: dict[type[DsyncError], int] = {
    UsageError: 400,
    ReadOnlyError: 403,
    JobUnknownError: 404,
    RefusedError: 409,
    DiskFullError: 507,
}
"""The first that fits decides; anything else is the daemon's own trouble: 500."""

BODY_LIMIT_BYTES = 1024 * 1024
"""Of every body but streamed files."""


def json_reply(value: object, status: int = 200) -> web.Response:
    """Answer with a wire value."""
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


async def read_json(request: web.Request, kind: type[T]) -> T:
    """Read a request's body as a wire value. Raises MalformedRequestError."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.MsgspecError as error:
        raise MalformedRequestError(detail=error) from error


def flag(request: web.Request, name: str) -> bool:
    """Read a query parameter that is 0 or 1, by default 0. Raises MalformedRequestError."""
    value = request.query.get(name, "0")
    if value not in ("0", "1"):
        raise MalformedRequestError(detail=f"{name} must be 0 or 1")
    return value == "1"


def number(request: web.Request, name: str, default: float, low: float, high: float) -> float:
    """Read a query parameter from ``low`` to ``high``. Raises MalformedRequestError."""
    text = request.query.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise MalformedRequestError(detail=f"{name} must be a number from {low:g} to {high:g}")
    return value


def required(request: web.Request, name: str) -> str:
    """Read a query parameter that must be there. Raises MalformedRequestError."""
    value = request.query.get(name, "")
    if not value:
        raise MalformedRequestError(detail=f"{name} is missing")
    return value


def error_reply(error: DsyncError) -> web.Response:
    """Answer with an error."""
    status = next((status for kind, status in _STATUS_BY_KIND.items() if isinstance(error, kind)), 500)
    return _problem_reply(error.problem(), status)


def _problem_reply(problem: Problem, status: int) -> web.Response:
    body = ErrorBody(
        code=problem.code,
        params={key: plain(text) for key, text in problem.params.items()},
        message=message_of(problem),
        remedy=remedy_of(problem) or None,
    )
    return json_reply(body, status)


@web.middleware
async def errors_as_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into an ErrorBody."""
    try:
        return await handler(request)
    except DsyncError as error:
        return error_reply(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        # aiohttp's own: no such route, wrong method, too large, bad upgrade.
        problem = MalformedRequestError(detail=f"{request.method} {request.path}: {error.reason}").problem()
        reply = _problem_reply(problem, error.status)
        if "Allow" in error.headers:
            reply.headers["Allow"] = error.headers["Allow"]
        return reply
    except ConnectionError:
        # The other end is gone: nobody reads an answer.
        raise
    except Exception:
        _log.exception("request %s %s failed", request.method, plain(request.path))
        return _problem_reply(Problem("internal"), 500)
