"""Every route of the control API, in one place."""

from aiohttp import web

from backend.control.gate import Gate
from backend.control.handlers.actions import act
from backend.control.handlers.delivery import delivery
from backend.control.handlers.files import take_file
from backend.control.handlers.greeting import greeting
from backend.control.handlers.health import health
from backend.control.handlers.jobs import job
from backend.control.handlers.plan import plan
from backend.control.handlers.settings import settings
from backend.control.handlers.status import status
from backend.control.handlers.stream import stream
from backend.control.replies import Handler

READING: dict[str, Handler] = {
    "/v1/greeting": greeting,
    "/v1/status": status,
    "/v1/health": health,
    "/v1/delivery": delivery,
    "/v1/settings": settings,
    "/v1/jobs": job,
    "/v1/stream": stream,
}
ASKING: dict[str, Handler] = {
    "/v1/plan": plan,
}
"""Questions that need a body."""
ACTING: dict[str, Handler] = {
    "/v1/actions": act,
    "/v1/files": take_file,
}


def add_routes(app: web.Application, gate: Gate) -> None:
    """Register all routes: what changes something stands behind the gate."""
    for path, handler in READING.items():
        app.router.add_get(path, handler, allow_head=False)
    for path, handler in ASKING.items():
        app.router.add_post(path, handler)
    for path, handler in ACTING.items():
        app.router.add_post(path, gate.guarded(handler))
