"""The one gate through which everything passes that changes something: who may, and the audit log."""

import logging
from collections.abc import Sequence

from aiohttp import web

from backend.control.credentials import Peer, Role, peer_of, role_of
from backend.control.replies import Handler
from backend.model.errors import NotReachedError, ReadOnlyError
from backend.model.plain import plain

_audit = logging.getLogger("dsync.audit")

_SHOWN_WORDS = 50


class Gate:
    """Knows each caller's role. ``gid``: the socket's group, None where only the daemon's own user may connect."""

    def __init__(self, read_only: bool) -> None:
        """``read_only``: nobody may act."""
        self._read_only = read_only
        self.gid: int | None = None

    def caller(self, request: web.Request) -> Peer:
        """Ask the kernel who is at the other end. Raises NotReachedError where the connection is gone already."""
        connection = request.transport.get_extra_info("socket") if request.transport is not None else None
        if connection is None:
            raise NotReachedError(socket="", why="the connection is gone")
        return peer_of(connection)

    def role(self, request: web.Request) -> Role:
        """What the caller may do."""
        return role_of(self.caller(request), self.gid, self._read_only)

    def guarded(self, handler: Handler) -> Handler:
        """Return ``handler`` behind the gate. Every route that is not a GET is registered through here."""

        async def guard(request: web.Request) -> web.StreamResponse:
            if self.role(request) is not Role.OPERATOR:
                caller = self.caller(request)
                self.audit(request, "refused", (f"{request.method} {request.path}",))
                raise ReadOnlyError(user=caller.user)
            return await handler(request)

        return guard

    def audit(self, request: web.Request, verb: str, selector: Sequence[str]) -> str:
        """Write a command into the audit log; the operator's name is returned."""
        caller = self.caller(request)
        shown = " ".join(plain(word, 200) for word in selector[:_SHOWN_WORDS]) or "-"
        if len(selector) > _SHOWN_WORDS:
            shown += f" (and {len(selector) - _SHOWN_WORDS} more)"
        _audit.info(
            "uid=%d user=%s pid=%d verb=%s selector=%s",
            caller.uid,
            caller.user,
            caller.pid,
            plain(verb, 40),
            shown,
            extra={"uid": caller.uid, "operator": caller.user, "verb": verb, "selector": shown},
        )
        return caller.user
