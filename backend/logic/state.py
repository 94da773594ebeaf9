"""All that a node knows: durable facts (mirrored in the ledger) and what lives only while it runs."""

from collections import Counter
from dataclasses import dataclass, field

from backend.logic.entries import Entries
from backend.logic.known_files import KnownFiles
from backend.logic.peer_states import Isolation, Peers
from backend.logic.peer_states import PeerState as PeerState
from backend.logic.row_book import RowBook
from backend.logic.steady import SteadyClock
from backend.logic.summaries import Summary
from backend.logic.works import Work as Work
from backend.logic.works import Works
from backend.model.archive import FileKey, KnownFile, RejectedFile
from backend.model.delivery import Delivery, Progress
from backend.model.errors import Problem, Retry
from backend.model.events import ArchiveArrived
from backend.model.ids import Digest, NodeId
from backend.model.node import NodeReport


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings that decisions depend on. Rates in bytes a second (0: no limit), times in seconds.

    ``shared_runtime``: other nodes load into this node's runtime too, so that images there say nothing of bytes here.
    ``keep_s``: how long a copy stays once its images are in the runtime, None for good; ``replicas``: so many nodes
    keep theirs whatever it says. ``full_mesh_nodes``: up to so many nodes each keeps a channel to every other
    (docs/decisions/0014).
    """

    waits_s: tuple[float, ...] = (60.0, 120.0, 180.0)
    jitter: float = 0.1
    sweep_s: float = 300.0
    serve_slots: int = 2
    fetch_slots: int = 4
    grace_s: float = 300.0
    has_runtime: bool = True
    shared_runtime: bool = False
    loads_per_day: int = 3
    min_free_bytes: int = 1 << 30
    labels: dict[str, str] = field(default_factory=dict)
    store: str = ""
    admin: bool = False
    keep_s: float | None = None
    replicas: int = 2
    full_mesh_nodes: int = 48


@dataclass(slots=True)
class Served:
    """A slot that ``node`` holds (or is about to) for reading ``digest`` here."""

    node: NodeId
    digest: Digest
    since: float
    away_since: float | None = None


@dataclass(frozen=True, slots=True)
class FullDisk:
    """The store's disk refused a write ``at`` (epoch seconds), when ``free_bytes`` were free."""

    at: float
    free_bytes: int


@dataclass(frozen=True, slots=True)
class RuntimeDisk:
    """A disk of the runtime's own, at ``path``, with ``free_bytes`` when it was probed last."""

    path: str
    free_bytes: int


@dataclass(slots=True)
class Serving:
    """Slots given and the line of those who wait, in the order in which they asked; ``places``: of each, how many."""

    slots: list[Served] = field(default_factory=list)
    line: dict[tuple[NodeId, Digest], None] = field(default_factory=dict)
    places: Counter[NodeId] = field(default_factory=Counter)

    def join(self, node: NodeId, digest: Digest) -> None:
        """Stand at the end of the line."""
        if (node, digest) not in self.line:
            self.line[node, digest] = None
            self.places[node] += 1

    def leave(self, node: NodeId, digest: Digest) -> bool:
        """Give the place in line up; False where there was none."""
        if (node, digest) not in self.line:
            return False
        del self.line[node, digest]
        self.places[node] -= 1
        return True


@dataclass(slots=True)
class Mesh:
    """With whom this node talks. ``standing``: peers with a channel, in the order in which they came.

    ``hubs``: those that hear of everything also in a large fleet, by ID. ``picks``: other peers that this node dials in
    a large fleet -> since when (epoch seconds). ``told``: the version up to which such
    peers were told this node's rows. ``asked``: peers that were asked to tell on what this node cannot hear
    itself -> of whom; ``listeners``: peers that asked this node for that. ``gossip_at``, ``look_at``: epoch seconds
    when replicas are to be compared after news, and when to look again for who is missing.
    """

    standing: dict[NodeId, None] = field(default_factory=dict)
    hubs: tuple[NodeId, ...] = ()
    picks: dict[NodeId, float] = field(default_factory=dict)
    told: int = 0
    asked: dict[NodeId, frozenset[NodeId] | None] = field(default_factory=dict)
    listeners: dict[NodeId, frozenset[NodeId] | None] = field(default_factory=dict)
    gossip_at: float | None = None
    look_at: float = 0.0


@dataclass(slots=True)
class Outages:
    """Nodes that stay away. ``told``: those of which a person was told; ``learned_at``: archive -> since when this
    process knows it; ``look_at``: when to look again.
    """

    told: dict[NodeId, None] = field(default_factory=dict)
    learned_at: dict[Digest, float] = field(default_factory=dict)
    look_at: float = 0.0


@dataclass(slots=True)
class Learning:
    """A node whose ledger is empty hears its peers before it publishes what lies in its store.

    ``on``: it is at that. ``arrivals``: files that wait for its end. ``found``: files that lay there when it began:
    nobody dropped them in anew.
    """

    on: bool = False
    arrivals: list[ArchiveArrived] = field(default_factory=list)
    found: frozenset[FileKey] = frozenset()


@dataclass(slots=True)
class NodeState:
    """One node's whole state. Only ``logic.core.decide`` changes it.

    ``runtime_disk``: None where images lie on the store's disk, or nobody knows where.
    ``heads``: node -> the version up to which all its rows are known here. ``suspects``: archive -> who failed to give
    it, and how; ``doubted``: who did not have what its row claims -> since when
    (steady clock). ``old_waits``: retries that were due when this process began -> their rows' versions. ``torn``:
    deliveries on which a decision worked that broke off; ``torn_told``: kind of event -> when people were told that a
    decision on one broke off. ``copies_at``: when (steady clock) copies that are wanted here are asked for before the
    next sweep; None: only then. ``stranded``: queued deliveries that nobody could be asked for -> since when
    (steady clock). ``outranked``: others knew newer rows of this node than its ledger had, which was lost.
    """

    me: NodeId
    name: str
    policy: Policy
    count: int = 0
    row_version: int = 0
    entries: Entries = field(default_factory=Entries)
    aliases: dict[Digest, list[str]] = field(default_factory=dict)
    rows: dict[NodeId, dict[Digest, Delivery]] = field(default_factory=dict)
    book: RowBook = field(default_factory=RowBook)
    heads: Summary = field(default_factory=Summary)
    files: KnownFiles = field(default_factory=KnownFiles)
    rejected: dict[str, RejectedFile] = field(default_factory=dict)
    peers: Peers = field(default_factory=Peers)
    mesh: Mesh = field(default_factory=Mesh)
    report: NodeReport = field(default_factory=NodeReport)
    isolated: dict[NodeId, Isolation] = field(default_factory=dict)
    suspects: dict[Digest, dict[NodeId, Problem]] = field(default_factory=dict)
    doubted: dict[tuple[NodeId, Digest], float] = field(default_factory=dict)
    work: Works = field(default_factory=Works)
    load_line: list[Digest] = field(default_factory=list)
    serving: Serving = field(default_factory=Serving)
    progress: dict[tuple[NodeId, Digest], Progress] = field(default_factory=dict)
    owners: dict[str, Digest] = field(default_factory=dict)
    loads: dict[Digest, list[float]] = field(default_factory=dict)
    tags_before: dict[Digest, dict[str, str | None]] = field(default_factory=dict)
    disk_measured: bool = False
    free_bytes: int = 0
    full_disk: FullDisk | None = None
    runtime_disk: RuntimeDisk | None = None
    intake_paused: bool = False
    runtime_sick_since: float = 0.0
    outages: Outages = field(default_factory=Outages)
    learning: Learning = field(default_factory=Learning)
    console_count: int = 0
    started: bool = False
    started_clock: float = 0.0
    old_waits: dict[Digest, int] = field(default_factory=dict)
    copies_at: float | None = None
    stranded: dict[Digest, float] = field(default_factory=dict)
    outranked: bool = False
    torn: set[Digest] = field(default_factory=set)
    torn_told: dict[str, float] = field(default_factory=dict)
    clock: SteadyClock = field(default_factory=SteadyClock)

    @property
    def is_sparse(self) -> bool:
        """Tell whether the fleet is too large for a full mesh."""
        return len(self.peers) + 1 > self.policy.full_mesh_nodes

    def own(self, digest: Digest) -> Delivery | None:
        """This node's own cell."""
        return self.rows.get(self.me, {}).get(digest)

    def cell(self, node: NodeId, digest: Digest) -> Delivery | None:
        """Any node's cell as far as it has been reported here."""
        return self.rows.get(node, {}).get(digest)

    def file_of(self, digest: Digest) -> KnownFile | None:
        """A stored file with those bytes, the one placed or known longest first."""
        return next(iter(self.files.with_digest(digest)), None)

    def knows(self, name: str, key: FileKey) -> bool:
        """Tell whether the file is known, or rejected for good under that name, in just this state."""
        refused = self.rejected.get(name)
        for_good = refused is not None and refused.key == key and refused.problem.retry is Retry.NEVER
        return self.known_by(key) is not None or for_good

    def known_by(self, key: FileKey) -> KnownFile | None:
        """The known file in just this state, under whatever name: a rename is no new work."""
        return self.files.with_key(key)

    def write_row(self, row: Delivery) -> None:
        """Put a row in the place of the one before it: the only way for a decision to do so."""
        rows = self.rows.setdefault(row.node, {})
        self.book.see(rows.get(row.digest), row, row.node == self.me)
        rows[row.digest] = row

    def rewrite_row(self, node: NodeId, digest: Digest, former: Delivery | None) -> None:
        """Let a row be what it was before ``write_row``; None: there was none."""
        rows = self.rows.setdefault(node, {})
        self.book.see(rows.pop(digest, None), former, node == self.me)
        if former is not None:
            rows[digest] = former

    def drop_rows(self, node: NodeId) -> None:
        """Forget a node's rows."""
        for row in self.rows.pop(node, {}).values():
            self.book.see(row, None, node == self.me)
        self.heads.drop(node)

    def read_rows(self) -> None:
        """Work out anew what rows that were not written by ``write_row`` say: what a start begins with."""
        self.book = RowBook()
        for node, rows in self.rows.items():
            for row in rows.values():
                self.book.see(None, row, node == self.me)
            self.heads.put(node, max((row.version for row in rows.values()), default=0))

    def head_of(self, node: NodeId) -> int:
        """The version up to which all rows of a node are known here."""
        return self.row_version if node == self.me else self.heads.mark_of(node)
