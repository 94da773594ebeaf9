"""What agents say to each other. One message is at most 1 MiB in msgpack; unknown fields are ignored."""

from typing import TypeAlias

import msgspec

from backend.model.archive import CatalogEntry
from backend.model.delivery import Attempt, Delivery, Progress
from backend.model.errors import Problem
from backend.model.ids import Digest, JobId, NodeId
from backend.model.node import Check, NodeReport

PROTOCOL_OLDEST = 1
PROTOCOL_NEWEST = 1
MESSAGE_LIMIT_BYTES = 1024 * 1024


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """First message of both ends.

    ``your_row_version`` and ``your_count`` are the highest row version and Lamport count that the sender holds *for the
    receiver*: a node that lost its ledger goes on above them.
    """

    protocol_oldest: int
    protocol_newest: int
    software: str
    name: str
    rsync_port: int
    count: int = 0
    your_row_version: int = 0
    your_count: int = 0
    abilities: tuple[str, ...] = ()


class Entries(msgspec.Struct, frozen=True, tag="entries"):
    """Catalog entries, tombstones among them."""

    entries: tuple[CatalogEntry, ...]


class Rows(msgspec.Struct, frozen=True, tag="rows"):
    """One node's delivery rows, by version: all those that were written after version ``since`` and up to ``upto``.

    Whoever holds less than ``since`` has a gap and asks for all that it lacks. ``node``: whose they are; "" the
    sender's own.
    """

    rows: tuple[Delivery, ...]
    node: NodeId = NodeId("")
    since: int = 0
    upto: int = 0


class Report(msgspec.Struct, frozen=True, tag="report"):
    """What a node says of itself.

    ``node``: whose it is, told on by the sender; "" the sender's own. ``up``: the sender is in touch with that node,
    if only through others; ``age_s``: how old the latest sign of that is.
    """

    report: NodeReport
    node: NodeId = NodeId("")
    up: bool = True
    age_s: float = 0.0


class Digests(msgspec.Struct, frozen=True, tag="digests"):
    """How the sender's replicas stand, in short: while they are equal nothing else needs to be said.

    ``entries`` and ``rows``: one number for each part of the catalog and of what is known of all nodes' rows (see
    ``logic.summaries``). A node that keeps the rows of few nodes only leaves ``rows`` empty and tells in ``heads`` of
    which, and up to which version of each. Where both are empty rows are not compared.
    """

    entries: tuple[int, ...]
    rows: tuple[int, ...] = ()
    heads: tuple[tuple[NodeId, int], ...] = ()


class Heads(msgspec.Struct, frozen=True, tag="heads"):
    """What the sender holds: of the catalog in ``entry_parts``, of the nodes' rows in ``row_parts`` and in ``rows``.

    The receiver sends what it holds beyond that. ``entries``: digest and mark; ``rows``: node and the version up to
    which the sender has all. ``answer``: the receiver is to tell its own heads of the same as well.
    """

    entries: tuple[tuple[Digest, int], ...] = ()
    rows: tuple[tuple[NodeId, int], ...] = ()
    entry_parts: tuple[int, ...] = ()
    row_parts: tuple[int, ...] = ()
    answer: bool = False


class Synced(msgspec.Struct, frozen=True, tag="synced"):
    """All that the receiver lacked when replicas were compared has been sent."""


class Relay(msgspec.Struct, frozen=True, tag="relay"):
    """The sender is not in touch with ``nodes`` (None: with most) and wants to hear of them through the receiver.

    It takes the place of the request before it.
    """

    nodes: tuple[NodeId, ...] | None


class WhoHolds(msgspec.Struct, frozen=True, tag="who-holds"):
    """Which of these nodes hold these archives, as far as the receiver knows?"""

    items: tuple[tuple[Digest, tuple[NodeId, ...]], ...]


class Held(msgspec.Struct, frozen=True, tag="held"):
    """The answer to ``WhoHolds``: those of the nodes that are in touch and say that they have a copy."""

    items: tuple[tuple[Digest, tuple[NodeId, ...]], ...]


class Probe(msgspec.Struct, frozen=True, tag="probe"):
    """Does the receiver answer?"""

    number: int


class Probed(msgspec.Struct, frozen=True, tag="probed"):
    """It does."""

    number: int


class Request(msgspec.Struct, frozen=True, tag="request"):
    """Ask the receiver, a holder, for a slot."""

    digest: Digest


class Ticket(msgspec.Struct, frozen=True):
    """Leave to read one path of the holder's data door. Never logged."""

    port: int
    module: str
    path: str
    user: str
    secret: str


class Granted(msgspec.Struct, frozen=True, tag="granted"):
    """A slot is the receiver's until it sends ``Release`` or its channel has been away for the grace."""

    digest: Digest
    ticket: Ticket
    size_bytes: int


class Busy(msgspec.Struct, frozen=True, tag="busy"):
    """No slot yet: the receiver stands in line. ``holders``: others known to hold it."""

    digest: Digest
    position: int
    holders: tuple[NodeId, ...] = ()


class Gone(msgspec.Struct, frozen=True, tag="gone"):
    """The sender does not hold those bytes (any more)."""

    digest: Digest


class Release(msgspec.Struct, frozen=True, tag="release"):
    """The sender needs the slot, or its place in the line, no longer."""

    digest: Digest


class Watch(msgspec.Struct, frozen=True, tag="watch"):
    """The sender has a console open (or none any more) and wants ``ProgressBatch`` messages."""

    on: bool


class ProgressBatch(msgspec.Struct, frozen=True, tag="progress"):
    """Running transfers of the sender; at most two batches a second."""

    items: tuple[Progress, ...]


class Command(msgspec.Struct, frozen=True, tag="command"):
    """An operator's action on the receiver's own cells."""

    job: JobId
    verb: str
    digests: tuple[Digest, ...] | None
    expected: int | None
    operator: str
    argument: str = ""


class CommandResult(msgspec.Struct, frozen=True, tag="command-result"):
    """Answer to ``Command``.

    ``outcome``: ``done``, ``refused`` or ``unreachable``. ``lines``: what ``clean`` removed. ``attempts``: a delivery's
    timeline.
    """

    job: JobId
    outcome: str
    count: int = 0
    problem: Problem | None = None
    checks: tuple[Check, ...] = ()
    lines: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()


Message: TypeAlias = (
    Hello
    | Entries
    | Rows
    | Report
    | Digests
    | Heads
    | Synced
    | Relay
    | WhoHolds
    | Held
    | Probe
    | Probed
    | Request
    | Granted
    | Busy
    | Gone
    | Release
    | Watch
    | ProgressBatch
    | Command
    | CommandResult
)


def halves_of(message: Message) -> tuple[Message, Message] | None:
    """Cut a message that is too large into two that say the same in this order; None where it cannot be cut."""
    match message:
        case Entries(entries=entries) if len(entries) > 1:
            middle = len(entries) // 2
            return Entries(entries[:middle]), Entries(entries[middle:])
        case Rows(rows=rows, node=node, since=since, upto=upto) if len(rows) > 1:
            middle = len(rows) // 2
            reached = rows[middle - 1].version
            return Rows(rows[:middle], node, since, reached), Rows(rows[middle:], node, reached, upto)
        case _:
            return None
