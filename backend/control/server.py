"""The control API on its Unix socket."""

from collections.abc import Callable

from aiohttp import web

from backend.control.acting import Acting
from backend.control.context import CONTEXT, Context
from backend.control.door import SocketDoor
from backend.control.face import EngineFace, Touched
from backend.control.facts import DaemonFacts, Pace
from backend.control.gate import Gate
from backend.control.glances import Glances
from backend.control.handlers.routes import add_routes
from backend.control.hub import Hub
from backend.control.jobs import Jobs
from backend.control.projection.fleet import Own
from backend.control.replies import BODY_LIMIT_BYTES, errors_as_bodies
from backend.ports.clock import Clock
from backend.ports.tasks import TaskOwner
from backend.settings import Settings

_READ_BUFFER_BYTES = 1024 * 1024


class ControlServer:
    """Serves one engine to the operators of this machine, from ``open`` to ``close``."""

    def __init__(
        self, face: EngineFace, settings: Settings, facts: DaemonFacts, clock: Clock, pace: Pace | None = None
    ) -> None:
        """Touch nothing yet."""
        address = settings.node.address
        own = Own(str(address) if address is not None else "", settings.node.labels)
        pace = pace or Pace()
        self._tasks = TaskOwner("control")
        self._gate = Gate(facts.read_only)
        self._hub = Hub(face, own, clock.now)
        self._jobs = Jobs(self._hub.finish)
        self._door = SocketDoor(settings.control_socket, settings.control.group, settings.control.socket is None)
        acting = Acting(face, self._jobs, self._tasks, pace)
        glances = Glances(face, pace, self._tasks, self._hub.glanced)
        self._context = Context(
            face, settings, facts, pace, own, self._gate, self._hub, self._jobs, acting, self._tasks, glances, clock.now
        )
        self._runner: web.AppRunner | None = None
        self._unsubscribe: Callable[[], None] | None = None

    @property
    def consoles(self) -> int:
        """How many consoles are attached."""
        return self._hub.consoles

    def claim(self) -> None:
        """Make sure that no other daemon has the socket, before anything else is started.

        Raises AlreadyRunningError (with its pid), DoorError.
        """
        self._door.claim()

    async def open(self) -> None:
        """Listen. Raises AlreadyRunningError, DoorError."""
        app = web.Application(middlewares=[errors_as_bodies], client_max_size=BODY_LIMIT_BYTES)
        app[CONTEXT] = self._context
        add_routes(app, self._gate)
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            auto_decompress=False,
            read_bufsize=_READ_BUFFER_BYTES,
            shutdown_timeout=self._context.pace.last_words_s,
        )
        listener = self._door.listen()
        self._gate.gid = self._door.gid
        self._unsubscribe = self._context.face.subscribe(self._answers)
        self._hub.open()
        await runner.setup()
        self._runner = runner
        await web.SockSite(runner, listener).start()

    async def close(self) -> None:
        """Say good-bye to consoles and free the socket; no error when it was never open."""
        self._hub.close()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._tasks.close()
        self._door.close()

    def _answers(self, touched: Touched) -> None:
        if touched.results:
            self._jobs.answer(touched.results)
