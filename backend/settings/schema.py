"""All settings, in groups. Names are those of the TOML file; Python names carry the unit.

Each says what it is, its special value and its reason: ``docs/settings.md`` is generated from here.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from backend.settings import kinds
from backend.settings.addresses import Address
from backend.settings.fields import computed, setting
from backend.settings.kinds import choice, read_name, whole
from backend.settings.reading import Expected
from backend.settings.roster import PEER_PORT, RSYNC_PORT, NodeSettings
from backend.settings.shapes import KEEP, SCHEDULE, BandwidthWindow, Keep
from backend.texts.languages import LANGUAGES


class RuntimeKind(StrEnum):
    """Which container runtime takes the images."""

    AUTO = "auto"
    DOCKER = "docker"
    PODMAN = "podman"
    CONTAINERD = "containerd"
    K3S = "k3s"
    NONE = "none"


class Compress(StrEnum):
    """When transfers are compressed."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class Authorise(StrEnum):
    """Who authorises a discovered node."""

    ASK = "ask"
    NETWORK = "network"


def host_name() -> str:
    """Return this machine's host name, or "node" where it could not stand as a node's name."""
    try:
        return read_name(socket.gethostname())
    except Expected:
        return "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroup:
    """This node, as others see it."""

    name: str = computed(host_name, "host name", kinds.NAME, "The node's name on screens and in commands.")
    address: Address | None = setting(
        None,
        kinds.OPTIONAL_ADDRESS,
        "How others reach this node.",
        special='"": what the others\' rosters say.',
    )
    labels: Mapping[str, str] = setting(
        {},
        kinds.LABELS,
        "Labels. `zone`: holders of the same zone are asked first.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreGroup:
    """The watched directory."""

    directory: Path = setting(
        Path("/data/docker-tar"),
        kinds.PATH,
        "The watched directory: archives are dropped here and arrive here.",
    )
    settle_s: float = setting(
        3.0,
        kinds.SECONDS,
        "Quiet time before a file is taken.",
        why="The watcher sees no close; a copy that pauses longer is caught by a read lease, "
        "where the file system has them.",
    )
    keep: Keep = setting(
        Keep(),
        KEEP,
        "How long stored archives stay once they are ready here. Files that were dropped in by hand stay.",
        special='"all": for good; "loaded": until the images are in the runtime; "14d", "36h", "2w".',
    )
    replicas: int = setting(
        2,
        whole(1, 1000),
        "How many nodes keep their copy whatever `keep` says.",
        why="Somebody must be able to serve a node that comes late.",
    )
    min_free_bytes: int = setting(
        1024**3,
        kinds.SIZE,
        "Free room that no archive may take.",
        name="min_free",
        why="A full disk stops the runtime as well.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PathsGroup:
    """Where the daemon keeps its things. Each may move, so that many nodes live on one machine."""

    state: Path = setting(Path("/var/lib/dsync"), kinds.PATH, "The ledger.")
    logs: Path = setting(Path("/var/log/dsync"), kinds.PATH, "Log files.")
    run: Path = setting(Path("/run/dsync"), kinds.PATH, "Socket, locks, generated rsync files.")
    keys: Path = setting(Path("/etc/dsync/keys"), kinds.PATH, "This node's key pair.")
    mirrors: Path = setting(
        Path("/var/log"),
        kinds.PATH,
        "Plain-text mirrors: `docker-sync-status/`, `docker-loaded.log`, `docker-sync-retry.queue`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeGroup:
    """The container runtime that the images are loaded into."""

    kind: RuntimeKind = setting(
        RuntimeKind.AUTO,
        choice(RuntimeKind),
        "Which runtime.",
        special="auto: the kind in the ledger, else the first of docker and podman that answers, else "
        "the first whose client is on PATH (as sick), none only without clients. "
        "containerd and k3s are refused: not supported yet.",
    )
    command: tuple[str, ...] = setting(
        (),
        kinds.COMMAND,
        'The client\'s command line, such as `["docker", "-H", "unix:///run/other.sock"]`.',
        special="[]: the kind's own client.",
    )
    shared: bool = setting(
        False,
        kinds.FLAG,
        "Other nodes load into this same runtime: each fetches its own copy of an archive, also where the images are "
        "there already.",
        why="Many nodes may live on one machine with one docker.",
    )
    timeout_s: float = setting(
        1800.0,
        kinds.POSITIVE_SECONDS,
        "Longest time that one load may take.",
        why="An interrupted load can stall a runtime until its restart; 20 GB on a slow disk take long.",
    )
    ask_timeout_s: float = setting(
        60.0, kinds.POSITIVE_SECONDS, "Longest time that the runtime may take to answer a question."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerGroup:
    """The channel between agents."""

    listen: Address = setting(Address("0.0.0.0", PEER_PORT), kinds.LISTEN, "Where agents reach this node.")
    heartbeat_s: float = setting(3.0, kinds.POSITIVE_SECONDS, "How often a silent channel is tried.")
    lost_after_s: float = setting(
        9.0,
        kinds.POSITIVE_SECONDS,
        "Silence after which a channel counts as lost.",
        why="Three heartbeats; more than `heartbeat_s`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RsyncGroup:
    """The data door: this node's read-only rsync daemon."""

    listen: Address = setting(Address("0.0.0.0", RSYNC_PORT), kinds.LISTEN, "Where targets fetch from.")
    networks: tuple[str, ...] = setting(
        (), kinds.NETWORKS, "Networks that may connect, beside the roster's addresses (CIDR)."
    )
    compress: Compress = setting(
        Compress.AUTO,
        choice(Compress),
        "When transfers are compressed.",
        special="auto: uncompressed archives over slow links.",
    )
    timeout_s: int = setting(300, whole(10, 86400), "Seconds without a byte after which a transfer is broken off.")
    max_connections: int = setting(50, whole(1, 10000), "Connections that the door takes at a time.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsGroup:
    """How much this node does at a time."""

    serve: int = setting(
        2,
        whole(1, 1000),
        "Archives served at a time.",
        why="Few, so that the first to finish serve the others: a relay tree grows by itself.",
    )
    fetch: int = setting(4, whole(1, 1000), "Archives fetched at a time.")
    bandwidth_bps: int = setting(
        0, kinds.RATE, "Limit of each of this node's transfers.", special='"0": none.', name="bandwidth"
    )
    schedule: tuple[BandwidthWindow, ...] = setting(
        (),
        SCHEDULE,
        'Other limits by local time of day: `[{ from = "08:00", to = "20:00", bandwidth = "20MiB/s" }]`.',
        special="[]: `bandwidth` all day. Windows may reach over midnight, never overlap.",
    )

    def bandwidth_at(self, minute: int) -> int:
        """Return the limit in bytes a second (0: none) at a minute of the local day (0 to 1439)."""
        for window in self.schedule:
            if window.covers(minute):
                return window.bandwidth_bps
        return self.bandwidth_bps


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryGroup:
    """Waits after failures, and the sweep."""

    waits_s: tuple[float, ...] = setting(
        (60.0, 120.0, 180.0),
        kinds.WAITS,
        "Waits after a failure; after the last one a person is told.",
        special="[]: no retry.",
    )
    jitter: float = setting(
        0.1,
        kinds.FRACTION,
        "Each wait is lengthened or shortened by up to this fraction, by chance.",
        why="Many nodes that failed together shall not come back together.",
    )
    sweep_s: float = setting(300.0, kinds.POSITIVE_SECONDS, "How often store, runtime and catalog are looked at again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlGroup:
    """The control API for operators on this machine."""

    socket: Path | None = setting(
        None, kinds.OPTIONAL_PATH, "The Unix socket.", special='"": `control.sock` in `paths.run`.'
    )
    group: str = setting(
        "dsync",
        kinds.TEXT,
        "The system group that may use the socket.",
        special='A group that does not exist, or "": the daemon\'s own user only.',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryGroup:
    """Finding nodes. It only proposes; off by default."""

    mdns: bool = setting(False, kinds.FLAG, "Look for agents by mDNS.", planned=True)
    networks: tuple[str, ...] = setting((), kinds.NETWORKS, "Networks to look in (CIDR).", planned=True)
    authorise: Authorise = setting(
        Authorise.ASK,
        choice(Authorise),
        "Who authorises what was found.",
        special="ask: a person; network: whoever is in `networks`.",
        planned=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleGroup:
    """The terminal console."""

    theme: str = setting("dark", kinds.NAME, "Colour theme.")
    language: str = setting(
        "auto",
        kinds.LANGUAGE,
        f"Language of texts: {' or '.join(LANGUAGES)}; for others English.",
        special="auto: the terminal's.",
    )
    keys: Mapping[str, str] = setting({}, kinds.KEYS, "Other keys for actions, by the action's id.")
    slow_link: bool = setting(
        False, kinds.FLAG, "Paint twice a second only; by itself so while a terminal does not keep up."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsGroup:
    """Where alerts go, beside event list and log."""

    urls: tuple[str, ...] = setting((), kinds.TEXTS, "Apprise URLs.", planned=True, secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsGroup:
    """Figures for Prometheus."""

    listen: Address | None = setting(
        None, kinds.OPTIONAL_LISTEN, "Where metrics are served.", special='"": nowhere.', planned=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one node, frozen. ``origins``: dotted key -> ``file:line`` of what was given."""

    node: NodeGroup = field(default_factory=NodeGroup)
    store: StoreGroup = field(default_factory=StoreGroup)
    paths: PathsGroup = field(default_factory=PathsGroup)
    runtime: RuntimeGroup = field(default_factory=RuntimeGroup)
    peer: PeerGroup = field(default_factory=PeerGroup)
    rsync: RsyncGroup = field(default_factory=RsyncGroup)
    limits: LimitsGroup = field(default_factory=LimitsGroup)
    retry: RetryGroup = field(default_factory=RetryGroup)
    control: ControlGroup = field(default_factory=ControlGroup)
    discovery: DiscoveryGroup = field(default_factory=DiscoveryGroup)
    console: ConsoleGroup = field(default_factory=ConsoleGroup)
    alerts: AlertsGroup = field(default_factory=AlertsGroup)
    metrics: MetricsGroup = field(default_factory=MetricsGroup)
    nodes: tuple[NodeSettings, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def control_socket(self) -> Path:
        """The control socket's path in force."""
        return self.control.socket or self.paths.run / "control.sock"


GROUPS: Mapping[str, type] = {
    "node": NodeGroup,
    "store": StoreGroup,
    "paths": PathsGroup,
    "runtime": RuntimeGroup,
    "peer": PeerGroup,
    "rsync": RsyncGroup,
    "limits": LimitsGroup,
    "retry": RetryGroup,
    "control": ControlGroup,
    "discovery": DiscoveryGroup,
    "console": ConsoleGroup,
    "alerts": AlertsGroup,
    "metrics": MetricsGroup,
}
"""The tables of the file, in the order of documentation."""
