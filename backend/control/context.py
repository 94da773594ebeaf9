"""What the handlers share."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from backend.api.wire import API_NEWEST, API_OLDEST, Greeting
from backend.control.acting import Acting
from backend.control.credentials import Role
from backend.control.face import EngineFace
from backend.control.facts import DaemonFacts, Pace
from backend.control.gate import Gate
from backend.control.glances import Glances
from backend.control.hub import Hub
from backend.control.jobs import Jobs
from backend.control.projection.fleet import Own
from backend.ports.tasks import TaskOwner
from backend.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of one control server. ``now``: epoch seconds."""

    face: EngineFace
    settings: Settings
    facts: DaemonFacts
    pace: Pace
    own: Own
    gate: Gate
    hub: Hub
    jobs: Jobs
    acting: Acting
    tasks: TaskOwner
    glances: Glances
    now: Callable[[], float]

    def greeting(self, role: Role) -> Greeting:
        """What this daemon says of itself to a caller."""
        return Greeting(
            api_oldest=API_OLDEST,
            api_newest=API_NEWEST,
            version=self.facts.version,
            node=self.face.state.name,
            node_id=self.face.state.me,
            epoch=self.facts.epoch,
            sequence=self.hub.journal.sequence,
            role=role.value,
            beneath=self.facts.beneath,
            consoles=self.hub.consoles,
        )


CONTEXT: web.AppKey[Context] = web.AppKey("context", Context)


def context_of(request: web.Request) -> Context:
    """The parts that a request's server has."""
    return request.app[CONTEXT]
