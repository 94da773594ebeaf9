"""One cell of the matrix: a delivery, its states with the data that belongs to each, and its attempts."""

from typing import TypeAlias

import msgspec

from backend.model.errors import Problem
from backend.model.ids import Digest, NodeId, Trace


class Queued(msgspec.Struct, frozen=True, tag="queued"):
    """Wanted; nothing moves yet."""


class Transferring(msgspec.Struct, frozen=True, tag="transferring"):
    """Bytes come in from ``source``."""

    source: NodeId
    transport: str = "rsync"


class Verifying(msgspec.Struct, frozen=True, tag="verifying"):
    """All bytes are here; both hashes are being taken."""

    source: NodeId


class Loading(msgspec.Struct, frozen=True, tag="loading"):
    """The runtime is at work. ``tags_before``: reference -> image ID as it was, None where it did not exist."""

    tags_before: dict[str, str | None] = {}


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The runtime answered that it holds the images, and that each owned tag points at them."""


class Stored(msgspec.Struct, frozen=True, tag="stored"):
    """The happy end where no runtime can be asked, or where the archive's tags are overtaken."""


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """A retry is due at ``due_at`` (epoch seconds)."""

    due_at: float
    problem: Problem


class Held(msgspec.Struct, frozen=True, tag="held"):
    """Paused, or this node's runtime or disk is sick."""

    problem: Problem


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Gave up; a person is told."""

    problem: Problem


class Cancelled(msgspec.Struct, frozen=True, tag="cancelled"):
    """Ended by an operator, a successor or a withdrawal."""


State: TypeAlias = Queued | Transferring | Verifying | Loading | Ready | Stored | Waiting | Held | Failed | Cancelled

STATE_NAMES = (
    "queued",
    "transferring",
    "verifying",
    "loading",
    "ready",
    "stored",
    "waiting",
    "held",
    "failed",
    "cancelled",
)
HAPPY_STATES = frozenset({"ready", "stored"})
MOVING_STATES = frozenset({"transferring", "verifying", "loading"})
ENDED_STATES = frozenset({"ready", "stored", "failed", "cancelled"})


def state_name(state: State) -> str:
    """Return the state's word as people and messages use it."""
    return str(type(state).__struct_config__.tag)


class Delivery(msgspec.Struct, frozen=True):
    """One archive to one node. Only the node's own ledger writes it; each write raises ``version``.

    ``stored``: a verified copy lies in that node's store, so that it can serve it. ``attempts`` counts sources tried,
    ``retries`` waits used. ``bytes_received`` counts bytes on the wire over the whole delivery; ``bytes_saved`` those
    that were already here. ``note`` is a code of the texts ("overtaken", "superseded", "withdrawn", "alias").
    """

    digest: Digest
    node: NodeId
    state: State
    version: int = 0
    stored: bool = False
    attempts: int = 0
    retries: int = 0
    note: str | None = None
    source: NodeId | None = None
    transport: str | None = None
    bytes_received: int = 0
    bytes_saved: int = 0
    updated_at: float = 0.0
    trace: Trace = Trace("")

    @property
    def state_name(self) -> str:
        """The state's word."""
        return state_name(self.state)

    @property
    def happy(self) -> bool:
        """Ended well."""
        return self.state_name in HAPPY_STATES

    @property
    def ended(self) -> bool:
        """Nothing more will happen without a cause from outside."""
        return self.state_name in ENDED_STATES

    @property
    def problem(self) -> Problem | None:
        """The problem that the state carries, if any."""
        return self.state.problem if isinstance(self.state, Waiting | Held | Failed) else None


class Attempt(msgspec.Struct, frozen=True):
    """One try at a delivery, kept for its timeline. Times are epoch seconds."""

    digest: Digest
    number: int
    source: NodeId
    transport: str
    began_at: float
    ended_at: float
    bytes_received: int
    problem: Problem | None


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """A flicker of a running transfer; never persisted, the latest wins."""

    digest: Digest
    version: int
    bytes_done: int
    rate_bps: int
