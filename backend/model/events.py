"""What happened: the past-tense events that the logic decides on, and the notes that people read."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from backend.model.archive import ArchiveFacts, FileKey
from backend.model.delivery import Progress
from backend.model.errors import Problem
from backend.model.ids import Digest, Fingerprint, JobId, NodeId, Trace
from backend.model.messages import Hello, Message, Ticket
from backend.model.runtime import RuntimeView


class Level(StrEnum):
    """How loud a note is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    ALERT = "alert"


class Note(msgspec.Struct, frozen=True):
    """A line of the event log: a code of the texts with parameters, never finished text."""

    at: float
    level: Level
    code: str
    params: dict[str, str] = {}
    trace: Trace = Trace("")
    problem: Problem | None = None


class Started(msgspec.Struct, frozen=True):
    """The node stands: recovery is done, doors are open. ``store_files``: what lies in the store now."""

    store_files: dict[str, FileKey]


class Ticked(msgspec.Struct, frozen=True):
    """Time has passed."""


class DecisionBroke(msgspec.Struct, frozen=True):
    """A decision broke off and was taken back. ``event``: the kind of what it was about.

    ``job``: that of the operator's action that it was about, "" for all else; ``origin``: the node that it came from,
    None: this one.
    """

    event: str
    problem: Problem
    job: JobId = JobId("")
    origin: NodeId | None = None


class Swept(msgspec.Struct, frozen=True):
    """A sweep is due. What the store has lost or got since was told before, file by file."""


class ArchiveArrived(msgspec.Struct, frozen=True):
    """A settled, inspected file. ``nodes``: the selector that an operator gave (None: all).

    ``published``: the name that an operator gave where the file had to take another one on disk.
    """

    name: str
    key: FileKey
    facts: ArchiveFacts
    nodes: tuple[NodeId, ...] | None = None
    published: str = ""

    @property
    def published_name(self) -> str:
        """Under which name the fleet is to know it."""
        return self.published or self.name


class FileRenamed(msgspec.Struct, frozen=True):
    """A file that the ledger knows by its key lies under another name."""

    name: str
    key: FileKey


class ArchiveRejected(msgspec.Struct, frozen=True):
    """A settled file that is never published. Hashes are "" where it could not be read to its end."""

    name: str
    key: FileKey
    problem: Problem
    fingerprint: Fingerprint
    digest: Digest


class FileLeftAlone(msgspec.Struct, frozen=True):
    """Something lies in the store that an operator may take for an archive, and is never looked at."""

    problem: Problem


class FileVanished(msgspec.Struct, frozen=True):
    """A file that the store held is gone."""

    name: str


class PeerCame(msgspec.Struct, frozen=True):
    """A channel stands. ``address``: the peer's IP on it."""

    node: NodeId
    hello: Hello
    address: str


class PeerLeft(msgspec.Struct, frozen=True):
    """A channel is gone."""

    node: NodeId
    problem: Problem


class PeerSpoke(msgspec.Struct, frozen=True):
    """A peer sent a message."""

    node: NodeId
    message: Message


class StrangerRefused(msgspec.Struct, frozen=True):
    """No channel came of a call, in or out: one of both ends was refused, or came late."""

    address: str
    problem: Problem


class RuntimeLooked(msgspec.Struct, frozen=True):
    """The runtime's answer for a delivery: a view, or why there is none."""

    digest: Digest
    view: RuntimeView | None
    problem: Problem | None = None


class TicketMade(msgspec.Struct, frozen=True):
    """A serving link and a ticket stand for ``node``.

    ``ticket`` is None where there is none: for ``problem``, or because the file is no longer what it was.
    """

    digest: Digest
    node: NodeId
    ticket: Ticket | None
    problem: Problem | None = None


class FetchesProgressed(msgspec.Struct, frozen=True):
    """How far this node's running transfers are; at most twice a second."""

    items: tuple[Progress, ...]


class FetchEnded(msgspec.Struct, frozen=True):
    """A fetch is over and its process group gone. ``problem`` None: all bytes are in the incoming file."""

    digest: Digest
    bytes_received: int
    bytes_saved: int
    problem: Problem | None


class HashesMatched(msgspec.Struct, frozen=True):
    """The incoming file has the right bytes and is about to be placed; ``key`` stays the same when it is."""

    digest: Digest
    key: FileKey


class Verified(msgspec.Struct, frozen=True):
    """The incoming file was right and stands in the store under ``name``."""

    digest: Digest
    name: str
    key: FileKey


class VerifyFailed(msgspec.Struct, frozen=True):
    """The incoming file was wrong (``DigestMismatch``, blamed on the source), or could not be placed."""

    digest: Digest
    problem: Problem


class LoadBegan(msgspec.Struct, frozen=True):
    """The load lock is held; ``tags_before`` is how the archive's tags stand."""

    digest: Digest
    tags_before: dict[str, str | None]


class LoadEnded(msgspec.Struct, frozen=True):
    """The runtime confirmed (``view``), or the load failed (``problem``). ``loaded``: bytes went into the runtime."""

    digest: Digest
    view: RuntimeView | None
    loaded: bool
    problem: Problem | None


class RuntimeProbed(msgspec.Struct, frozen=True):
    """How the runtime is: ``description`` e.g. ``docker 20.10.24``; a problem where it is sick.

    ``free_bytes``: room where it keeps images, None where that cannot be seen. ``disk``: where that is, if it is seen
    to be another disk than the store's; else "".
    """

    description: str
    problem: Problem | None
    free_bytes: int | None = None
    disk: str = ""


class DiskMeasured(msgspec.Struct, frozen=True):
    """How the store's disk is."""

    free_bytes: int
    problem: Problem | None


class OperatorActed(msgspec.Struct, frozen=True):
    """An operator's action on this node's own cells. ``digests`` None: all; ``expected``: the count that was seen."""

    job: JobId
    verb: str
    digests: tuple[Digest, ...] | None
    expected: int | None
    operator: str
    argument: str = ""
    origin: NodeId | None = None


class SelectorWidened(msgspec.Struct, frozen=True):
    """An operator's ``sync --to`` of a known archive."""

    digest: Digest
    nodes: tuple[NodeId, ...] | None
    operator: str


class WatchersChanged(msgspec.Struct, frozen=True):
    """Consoles of this node came or went: peers are asked to send progress, or to stop."""

    count: int


Event: TypeAlias = (
    Started
    | Ticked
    | DecisionBroke
    | Swept
    | ArchiveArrived
    | FileRenamed
    | ArchiveRejected
    | FileLeftAlone
    | FileVanished
    | PeerCame
    | PeerLeft
    | PeerSpoke
    | StrangerRefused
    | RuntimeLooked
    | TicketMade
    | FetchesProgressed
    | FetchEnded
    | HashesMatched
    | Verified
    | VerifyFailed
    | LoadBegan
    | LoadEnded
    | RuntimeProbed
    | DiskMeasured
    | OperatorActed
    | SelectorWidened
    | WatchersChanged
)
