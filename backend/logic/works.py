"""What goes on for this node's own deliveries, found by delivery and by step."""

from dataclasses import dataclass, field

from backend.logic.watched_dict import WatchedDict
from backend.model.errors import Problem
from backend.model.ids import Digest, NodeId

BUSY_STEPS = ("asking", "fetching", "verifying")
"""Steps that take one of the node's few fetch slots."""


@dataclass(slots=True)
class Work:
    """What is going on for one own delivery. ``step`` names what the engine was asked to do.

    ``looking`` -> ``fetch-queued`` -> ``asking`` (a holder) -> ``fetching`` -> ``verifying`` -> ``load-queued`` ->
    ``loading``.
    ``waiting``: holders that were asked -> when (epoch seconds); ``places``: holders that gave a place in their line ->
    which; ``tried``: holders that failed since the last wait, ``problem`` the last one's; ``refetched``: a refused
    ticket was already asked for anew.

    ``began_at``: epoch seconds of the step's beginning, ``begun_at`` the same on the steady clock, as all other times.
    ``bytes_done`` of the archive are here, ``first_bytes`` were before this source gave any; ``mark_at`` and
    ``mark_bytes``: where its pace was looked at last. ``aside``: the cell has ended well; a copy is wanted here too.
    """

    step: str
    source: NodeId | None = None
    waiting: dict[NodeId, float] = field(default_factory=dict)
    places: dict[NodeId, int] = field(default_factory=dict)
    tried: set[NodeId] = field(default_factory=set)
    problem: Problem | None = None
    began_at: float = 0.0
    begun_at: float = 0.0
    bytes_done: int = 0
    first_bytes: int | None = None
    mark_at: float = 0.0
    mark_bytes: int = 0
    force: bool = False
    refetched: bool = False
    aside: bool = False


class Works(WatchedDict[Digest, Work]):
    """Works by delivery. Their steps change through ``move`` only, so that nobody has to look through all of them.

    ``touched``: those that the present decision began, ended or moved.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._at: dict[str, dict[Digest, None]] = {}
        self.touched: set[Digest] = set()
        super().__init__()

    def _replaced(self, key: Digest, former: Work | None, value: Work | None) -> None:
        self.touched.add(key)
        if former is not None:
            del self._at[former.step][key]
        if value is not None:
            self._at.setdefault(value.step, {})[key] = None

    def move(self, digest: Digest, step: str) -> None:
        """Go on to another step."""
        work = self[digest]
        self.touched.add(digest)
        del self._at[work.step][digest]
        work.step = step
        self._at.setdefault(step, {})[digest] = None

    def at(self, *steps: str) -> tuple[Digest, ...]:
        """The deliveries that are at one of these steps, for each step those that came there first."""
        return tuple(digest for step in steps for digest in self._at.get(step, ()))

    def count(self, *steps: str) -> int:
        """How many are at one of these steps."""
        return sum(len(self._at.get(step, ())) for step in steps)
