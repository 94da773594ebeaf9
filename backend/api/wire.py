"""Wire types of the control API: JSON over HTTP and one WebSocket on the Unix socket.

======  =================================  ==========================================================
method  path                               answers
======  =================================  ==========================================================
GET     /v1/greeting                       Greeting
GET     /v1/status?archive=&full=0|1       StatusDocument (the public document of ``status --json``)
GET     /v1/health?node=NAME               HealthDocument (this node without ``node``)
GET     /v1/delivery?digest=&node=         DeliveryDetail
GET     /v1/settings                       SettingsDocument
POST    /v1/plan                           PlanRequest -> PlanDocument (``backend.api.plans``)
POST    /v1/actions                        Action -> JobAccepted; its JobResult comes on the stream and by /v1/jobs
POST    /v1/files?name=&to=NODE&to=NODE    body: the archive's bytes, streamed -> JobAccepted
GET     /v1/jobs?id=&wait=SECONDS          JobResult, or 204 while it runs (after waiting so long, at most 30 s)
GET     /v1/stream?epoch=&since=&hz=       WebSocket: StreamMessage frames (JSON text), at most ``hz`` (20) a second
======  =================================  ==========================================================

A stream begins with a Greeting. Where ``epoch`` is the daemon's and what changed since the sequence number ``since`` is
still known, deltas go on from there; else a Snapshot follows. A Snapshot may come at any later time too (a reader that
fell too far behind): it replaces everything.

Errors: HTTP 4xx/5xx with a ``ErrorBody``. ``status`` and ``stop`` stay compatible for good.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec

API_OLDEST = 1
API_NEWEST = 1

CELL_NONE = " "
"""The archive's selector does not name the node."""
CELL_CODES: dict[str, str] = {
    "queued": "o",
    "transferring": "0",
    "verifying": "v",
    "loading": "l",
    "ready": ".",
    "stored": ",",
    "waiting": "r",
    "held": "h",
    "failed": "X",
    "cancelled": "c",
}
"""State word -> the one character per cell of snapshots and deltas; a transfer is ``0``-``9`` (tenths done)."""
CELL_REJECTED = "!"
"""A failed cell whose cause is a digest mismatch, or any cell of a rejected archive."""


class ErrorBody(msgspec.Struct, frozen=True):
    """Why a request was not done: ``code`` and ``params`` of the texts, beside the English ``message`` and
    ``remedy``.
    """

    code: str
    params: dict[str, str]
    message: str
    remedy: str | None = None


class Greeting(msgspec.Struct, frozen=True, tag="greeting"):
    """First frame of a stream, also by GET. ``role``: ``operator`` or ``reader`` (read-only)."""

    api_oldest: int
    api_newest: int
    version: str
    node: str
    node_id: str
    epoch: str
    sequence: int
    role: str
    beneath: bool
    consoles: int
    abilities: tuple[str, ...] = ()


# --- the public status document -------------------------------------------------------------------------------------


class NodeDocument(msgspec.Struct, frozen=True):
    """A node as ``status --json`` shows it."""

    name: str
    id: str
    address: str
    kind: str
    state: str
    runtime: str
    free_bytes: int
    last_seen: str | None


class ImageDocument(msgspec.Struct, frozen=True):
    """An image of an archive."""

    config: str
    platform: str


class DeliveryDocument(msgspec.Struct, frozen=True):
    """One cell. ``error`` and ``remedy`` are English text, ``code`` and ``params`` (there with an error only) what they
    are made from; ``due_at`` and ``updated_at`` ISO 8601 in UTC.
    """

    node: str
    state: str
    version: int
    attempts: int
    retries: int
    note: str | None
    progress: float
    rate_bps: int
    bytes_received: int
    bytes_saved: int
    source: str | None
    transport: str | None
    due_at: str | None
    error: str | None
    remedy: str | None
    updated_at: str | None
    trace: str
    code: str | msgspec.UnsetType = msgspec.UNSET
    params: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class ArchiveDocument(msgspec.Struct, frozen=True):
    """An archive with its deliveries (only those that are not happily ended, unless ``full`` was asked).

    ``reason`` and ``remedy``: why a file was rejected, and what to do, as English text; ``code`` and ``params``, there
    with a reason only, what they are made from. ``overtaken_tags``, there where there are some: those of ``tags`` that
    belong to another archive.
    """

    fingerprint: str
    digest: str
    name: str
    aliases: list[str]
    size_bytes: int
    tags: list[str]
    images: list[ImageDocument]
    origin: str
    order: int
    state: str
    reason: str | None
    counts: dict[str, int]
    deliveries: list[DeliveryDocument]
    remedy: str | None = None
    code: str | msgspec.UnsetType = msgspec.UNSET
    params: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    overtaken_tags: list[str] | msgspec.UnsetType = msgspec.UNSET


class StatusDocument(msgspec.Struct, frozen=True):
    """``status --json``: one node's view of the fleet."""

    node: str
    version: str
    as_of: str
    nodes: list[NodeDocument]
    archives: list[ArchiveDocument]


class CheckDocument(msgspec.Struct, frozen=True):
    """One health check: ``name`` is store, daemon, rsync, watch, peers or disk; texts in English, those of an error
    with ``code`` and ``params``; ``said``: what ``detail`` is made from.
    """

    name: str
    ok: bool
    detail: str
    error: str | None = None
    remedy: str | None = None
    code: str | None = None
    params: dict[str, str] = {}
    said: dict[str, str] = {}


class HealthDocument(msgspec.Struct, frozen=True):
    """``health --json``. ``ok``: all checks are."""

    node: str
    ok: bool
    checks: list[CheckDocument]


class AttemptDocument(msgspec.Struct, frozen=True):
    """One try of a delivery's timeline; epoch seconds. ``code`` and ``params``: what ``error`` is made from."""

    number: int
    source: str
    transport: str
    began_at: float
    ended_at: float
    bytes_received: int
    error: str | None
    remedy: str | None
    code: str | None = None
    params: dict[str, str] = {}


class DeliveryDetail(msgspec.Struct, frozen=True):
    """All that is known of one cell. ``attempts_known``: its node told of its attempts; it may be out of reach."""

    delivery: DeliveryDocument
    archive: str
    digest: str
    attempts: list[AttemptDocument]
    attempts_known: bool = True


class SettingDocument(msgspec.Struct, frozen=True):
    """A setting's value and where it came from. Secrets are never sent."""

    key: str
    value: str
    origin: str


class SettingsDocument(msgspec.Struct, frozen=True):
    """All settings in force."""

    settings: list[SettingDocument]


# --- actions --------------------------------------------------------------------------------------------------------

Verb: TypeAlias = Literal["sync", "retry", "cancel", "load", "clean", "limit", "pause", "resume", "stop", "withdraw"]


class Action(msgspec.Struct, frozen=True):
    """An operator's action.

    ``archives``: fingerprints, digests, prefixes of at least 6 hex digits, names or tags; None: all. ``nodes``: names
    or IDs; None: for ``sync``, ``retry`` and ``cancel`` all nodes, else this node. ``sync`` of named archives to named
    nodes also widens the archives' selectors. ``expected``: how many cells the operator saw that the verb concerns
    (``sync``: all; ``retry``: waiting, failed, cancelled; ``cancel``: not ended; ``load``: with a stored copy; only of
    active archives and among the cells reported); the daemon refuses if the count changed. ``key``: idempotency key,
    the same action is done once. ``argument``: a rate for ``limit`` ("20MiB/s", "0": none), ``dry-run`` or "" for
    ``clean``, ``drain`` or ``now`` for ``stop``, ``purge`` or "" for ``withdraw``. ``withdraw`` ends
    named archives for the fleet; it is asked of one node, and no node is named.
    """

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    verb: Verb
    archives: list[str] | None = None
    nodes: list[str] | None = None
    expected: int | None = None
    argument: str = ""


class JobAccepted(msgspec.Struct, frozen=True):
    """The action is under way under this id."""

    job: str


class NodeResult(msgspec.Struct, frozen=True):
    """What one node did: ``outcome`` is done, refused or unreachable; ``count`` cells (or files) touched; ``code`` and
    ``params``: what ``message`` is made from.
    """

    node: str
    outcome: str
    count: int
    message: str = ""
    code: str | None = None
    params: dict[str, str] = {}


class JobResult(msgspec.Struct, frozen=True, tag="job"):
    """An action has ended everywhere. ``lines``: what ``clean`` removed or would remove, one path with its size a
    line. ``code`` and ``params``: what ``message`` is made from. ``follow``: of a file that was sent, the job that ends
    once it is published, known already, or rejected (then it is not ``ok``).
    """

    job: str
    verb: str
    ok: bool
    message: str
    nodes: list[NodeResult] = []
    lines: list[str] = []
    code: str | None = None
    params: dict[str, str] = {}
    follow: str | None = None


# --- the stream -----------------------------------------------------------------------------------------------------


class Sickness(msgspec.Struct, frozen=True):
    """Something that is wrong with a node: code and parameters of the texts."""

    code: str
    params: dict[str, str]


class NodeRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node for consoles: ``seen_at`` epoch seconds of the last news (0: never), ``rate_bps`` bytes a second in.

    ``linked``: the daemon that tells of it is in touch with it now, or is it; what is told of others is hearsay as old
    as ``seen_at``. ``state``: up, down, isolated, paused, or pending: in the roster, but nothing was ever heard of it.
    ``sick``: what is wrong with its runtime or disk, as English text, made from ``sickness``. ``bandwidth_bps``: the
    limit of each of its transfers (0: none).
    """

    id: str
    name: str
    address: str
    kind: str
    state: str
    runtime: str
    free_bytes: int
    seen_at: float
    rate_bps: int = 0
    sick: str | None = None
    labels: dict[str, str] = {}
    bandwidth_bps: int = 0
    sickness: tuple[Sickness, ...] = ()
    linked: bool = False


class ImagePart(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of several images of an archive. ``config``: its digest, for those without a tag."""

    config: str
    tags: tuple[str, ...] = ()
    platform: str = ""


class ArchiveRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """An archive for consoles. ``order`` sorts columns. ``parts``: its images, where they are several.
    ``overtaken_tags``: those of ``tags`` that belong to another archive.

    A rejected file stands here too: its ``digest`` is ``file:<name>`` (it is no archive of the fleet, and bytes may be
    known under another name), its order 0, and it has a ``reason``, made from ``code`` and ``params``.
    """

    digest: str
    fingerprint: str
    name: str
    aliases: tuple[str, ...]
    size_bytes: int
    tags: tuple[str, ...]
    images: int
    origin: str
    order: int
    state: str
    reason: str | None = None
    remedy: str | None = None
    code: str | None = None
    params: dict[str, str] = {}
    parts: tuple[ImagePart, ...] = ()
    overtaken_tags: tuple[str, ...] = ()


class CellDetail(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cell that moves or is in trouble. ``due_at`` and ``since`` epoch seconds; ``error`` and ``remedy`` English
    text. ``saved_bytes`` were here already and did not come over the wire.
    """

    digest: str
    node: str
    state: str
    progress: float = 0.0
    rate_bps: int = 0
    attempts: int = 0
    retries: int = 0
    source: str | None = None
    due_at: float | None = None
    since: float = 0.0
    note: str | None = None
    code: str | None = None
    params: dict[str, str] = {}
    error: str | None = None
    remedy: str | None = None
    saved_bytes: int = 0


class LogLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the event log: code and parameters beside the English text. The problem at its end, if there is one,
    stands among the parameters: its code as ``problem``, its own as ``problem.<name>``.
    """

    at: float
    level: str
    code: str
    params: dict[str, str]
    text: str
    trace: str = ""


class Throughput(msgspec.Struct, frozen=True):
    """Bytes a second coming in over the whole fleet as known here; ``eta_s`` None when nothing moves."""

    rate_bps: int
    moving: int
    queued: int
    saved_bytes: int
    received_bytes: int
    eta_s: float | None


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """Everything at ``sequence``. ``cells[i][j]``: archive ``i`` on node ``j``, one character each (``CELL_CODES``).

    ``details``: at most 2,000, the worst first; others by GET. ``log``: the latest lines, oldest first.
    """

    sequence: int
    at: float
    nodes: list[NodeRow]
    archives: list[ArchiveRow]
    cells: list[str]
    details: list[CellDetail]
    log: list[LogLine]
    throughput: Throughput


class Delta(msgspec.Struct, frozen=True, tag="delta", omit_defaults=True):
    """What changed since the frame before; latest wins within a frame.

    ``cells``: (digest, node id, character). ``details``: by (digest, node); a cell that comes in ``cells`` without a
    detail in the same frame has none any more. ``gone``: keys of archives to forget. ``dropped``: log lines lost to a
    slow reader.
    """

    sequence: int
    at: float
    nodes: list[NodeRow] = []
    archives: list[ArchiveRow] = []
    gone: list[str] = []
    cells: list[tuple[str, str, str]] = []
    details: list[CellDetail] = []
    log: list[LogLine] = []
    dropped: int = 0
    throughput: Throughput | None = None


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """Nothing changed for half a second; the daemon is alive."""

    sequence: int
    at: float


StreamMessage: TypeAlias = Greeting | Snapshot | Delta | JobResult | Beat
