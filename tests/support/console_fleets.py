"""Fleets that consoles are shown: rows with sensible values, a small fleet in every state, a large one."""

from collections.abc import Sequence
from hashlib import md5

from msgspec.structs import replace

from backend.api.plans import PlanDocument, PlanStep, TakenTag
from backend.api.wire import (
    ArchiveRow,
    AttemptDocument,
    CellDetail,
    CheckDocument,
    DeliveryDetail,
    DeliveryDocument,
    Greeting,
    HealthDocument,
    LogLine,
    NodeRow,
    SettingDocument,
    SettingsDocument,
    Sickness,
    Snapshot,
    Throughput,
)
from backend.model.errors import Problem
from backend.texts import message_of, remedy_of, told

START = 1_800_000_000.0
"""What every clock of these tests shows at first: 2027-01-15 08:00:00 UTC."""
GIB = 1024**3
MIB = 1024**2


def greeting(**changes: object) -> Greeting:
    """A greeting of node ``master``."""
    values: dict[str, object] = {
        "api_oldest": 1,
        "api_newest": 1,
        "version": "0.1.0",
        "node": "master",
        "node_id": "SHA256:master",
        "epoch": "first",
        "sequence": 1,
        "role": "operator",
        "beneath": False,
        "consoles": 1,
    }
    return Greeting(**{**values, **changes})  # type: ignore[arg-type]


def node_row(name: str, **changes: object) -> NodeRow:
    """A node that is up."""
    values: dict[str, object] = {
        "id": f"SHA256:{name}",
        "name": name,
        "address": "192.168.1.100:8730",
        "kind": "agent",
        "state": "up",
        "runtime": "docker 28.2.1",
        "free_bytes": 120 * GIB,
        "seen_at": START,
        "linked": changes.get("state") not in ("down", "pending"),
    }
    return NodeRow(**{**values, **changes})  # type: ignore[arg-type]


def digest_of(number: int) -> str:
    """The digest of the n-th archive."""
    return f"sha256:{number:064x}"


def archive_row(number: int, tag: str | None = None, **changes: object) -> ArchiveRow:
    """The n-th archive, with a tag."""
    tags = (f"docker.io/library/app-{number}:1.0",) if tag is None else (tag,) if tag else ()
    values: dict[str, object] = {
        "digest": digest_of(number),
        "fingerprint": md5(str(number).encode(), usedforsecurity=False).hexdigest(),
        "name": f"app-{number}.tar",
        "aliases": (),
        "size_bytes": 400 * MIB,
        "tags": tags,
        "images": 1,
        "origin": "master",
        "order": number,
        "state": "active",
    }
    return ArchiveRow(**{**values, **changes})  # type: ignore[arg-type]


def quiet(**changes: object) -> Throughput:
    """Nothing moves."""
    values: dict[str, object] = {
        "rate_bps": 0,
        "moving": 0,
        "queued": 0,
        "saved_bytes": 0,
        "received_bytes": 0,
        "eta_s": None,
    }
    return Throughput(**{**values, **changes})  # type: ignore[arg-type]


def snapshot(
    nodes: Sequence[NodeRow],
    archives: Sequence[ArchiveRow],
    cells: Sequence[str],
    details: Sequence[CellDetail] = (),
    log: Sequence[LogLine] = (),
    throughput: Throughput | None = None,
    at: float = START,
    sequence: int = 1,
) -> Snapshot:
    """Everything at once."""
    return Snapshot(
        sequence=sequence,
        at=at,
        nodes=list(nodes),
        archives=list(archives),
        cells=list(cells),
        details=list(details),
        log=list(log),
        throughput=throughput or quiet(),
    )


def replace_at(fleet: Snapshot, at: float) -> Snapshot:
    """The same fleet at another time."""
    return replace(fleet, sequence=fleet.sequence + 1, at=at)


SMALL_TAGS = (
    "registry.site.example/platform/api:2.9",
    "registry.site.example/platform/api:2.10",
    "docker.io/library/postgres:16.4",
    "docker.io/library/nginx:1.27-alpine",
    "registry.site.example/edge/telemetry-collector:0.14.2",
)


def small_fleet(at: float = START) -> Snapshot:
    """Eight nodes and five archives in every state, one archive refused: what the snapshots show."""
    names = ("master", "worker-01", "worker-02", "worker-03", "edge-berlin", "edge-oslo", "edge-paris", "store")
    peculiar: dict[str, dict[str, object]] = {
        "worker-01": {"rate_bps": 118 * MIB},
        "worker-02": {"rate_bps": 62 * MIB, "bandwidth_bps": 80 * MIB},
        "edge-oslo": {"state": "down", "seen_at": at - 187},
        "edge-paris": {
            "sick": "the runtime docker does not answer: timed out after 60 s",
            "sickness": (Sickness("runtime-sick", {"runtime": "docker", "detail": "timed out after 60 s"}),),
            "free_bytes": 9 * GIB,
        },
        "store": {"runtime": "none", "state": "paused"},
    }
    nodes = [
        node_row(name, address=f"192.168.1.{100 + place}:8730", **peculiar.get(name, {}))
        for place, name in enumerate(names)
    ]
    archives = [archive_row(number, tag, size_bytes=number * 350 * MIB) for number, tag in enumerate(SMALL_TAGS, 1)]
    bad = archive_row(
        0, "", name="broken.tar", digest="file:broken.tar", state="rejected", order=0,
        reason="broken.tar ends too early: 1.2 GiB announced, 0.7 GiB there", code="archive-truncated",
        params={"name": "broken.tar", "detail": "1.2 GiB announced, 0.7 GiB there"},
    )  # fmt: skip
    cells = ["......h,", ".....ohc", "....X.., ", ".47vlr.,", ".oor.oo ", "!       "]
    return snapshot(
        nodes, [*archives, bad], cells, small_details(at), small_log(at),
        quiet(rate_bps=180 * MIB, moving=4, queued=4, saved_bytes=7 * GIB, received_bytes=3 * GIB, eta_s=250.0),
        at,
    )  # fmt: skip


def small_details(at: float) -> list[CellDetail]:
    """What is known of the small fleet's cells that move or are in trouble."""
    return [
        detail(2, "edge-oslo", "queued", since=at - 40),
        detail(1, "edge-paris", "held", since=at - 300, code="runtime-sick",
               params={"runtime": "docker", "detail": "timed out after 60 s"}),
        detail(2, "edge-paris", "held", since=at - 300, code="runtime-sick",
               params={"runtime": "docker", "detail": "timed out after 60 s"}),
        detail(3, "edge-berlin", "failed", since=at - 754, attempts=6, retries=3, source="worker-03", code="disk-full",
               params={"path": "/data/docker-tar", "needed_bytes": "1288490188", "free_bytes": "322122547"}),
        detail(4, "worker-01", "transferring", progress=0.47, rate_bps=118 * MIB, attempts=1, source="master",
               since=at - 12),
        detail(4, "worker-02", "transferring", progress=0.71, rate_bps=62 * MIB, attempts=2, source="worker-03",
               since=at - 16),
        detail(4, "worker-03", "verifying", progress=1.0, attempts=1, source="master", since=at - 3),
        detail(4, "edge-berlin", "loading", progress=1.0, attempts=1, source="master", since=at - 9),
        detail(4, "edge-oslo", "waiting", due_at=at + 42, attempts=2, retries=1, source="master", since=at - 18,
               code="transfer-failed", params={"source": "master", "detail": "timed out", "exit_code": "30"}),
        detail(5, "worker-03", "waiting", due_at=at + 117, attempts=3, retries=2, source="worker-01", since=at - 3,
               code="transfer-refused", params={"source": "worker-01", "detail": "auth failed"}),
    ]  # fmt: skip


def log_line(at: float, code: str, level: str = "info", trace: str = "", **params: str) -> LogLine:
    """A line of the log."""
    return LogLine(at, level, code, params, f"{code} {params}", trace)


def small_log(at: float) -> list[LogLine]:
    """What has happened in the small fleet."""
    return [
        LogLine(
            at - 90,
            "info",
            "published",
            {"name": "app-4.tar", "size_bytes": str(1400 * MIB)},
            "published app-4.tar (1.4 GiB)",
            "4f1d2c3b4a59",
        ),
        LogLine(
            at - 88,
            "info",
            "granted",
            {"name": "app-4.tar", "peer": "worker-01"},
            "granted app-4.tar to worker-01",
            "4f1d2c3b4a59",
        ),
        LogLine(at - 60, "warning", "peer-down", {"peer": "edge-oslo"}, "edge-oslo is down", ""),
        LogLine(
            at - 31,
            "error",
            "archive-rejected",
            {"name": "broken.tar", "problem": "archive-truncated", "problem.name": "broken.tar"},
            "broken.tar rejected: broken.tar ends too early",
            "",
        ),
        LogLine(at - 12, "alert", "delivery-failed", {"name": "app-3.tar"}, "gave up on app-3.tar", "9a8b7c6d5e4f"),
        LogLine(at - 2, "info", "ready", {"name": "app-1.tar"}, "app-1.tar is ready", "1122334455aa"),
    ]


def detail(number: int, node: str, state: str, **changes: object) -> CellDetail:
    """What is known of the n-th archive's cell on a node."""
    values: dict[str, object] = {"digest": digest_of(number), "node": f"SHA256:{node}", "state": state}
    return CellDetail(**{**values, **changes})  # type: ignore[arg-type]


def large_fleet(nodes: int = 500, archives: int = 1000, at: float = START) -> Snapshot:
    """A fleet as large as is promised: mostly ready, some of everything."""
    pattern = "." * 180 + "o.4" + "." * 40 + "r.v" + "." * 60 + "X" + "." * 90 + "l.,"
    rows = [node_row(f"eu-{'wnse'[n % 4]}-{n:04d}", rate_bps=n % 7 * MIB) for n in range(nodes)]
    tags = ["api", "web", "worker", "db-migrate", "gateway", "auth", "billing", "report"]
    columns = [archive_row(n, f"registry.example/team-{n % 13}/{tags[n % 8]}:2.{n}") for n in range(1, archives + 1)]
    cells = ["".join(pattern[(n * 37 + place * 11) % len(pattern)] for place in range(nodes)) for n in range(archives)]
    return snapshot(rows, columns, cells, at=at)


def good_health(node: str) -> HealthDocument:
    """Six good checks."""
    figures: dict[str, dict[str, object]] = {
        "store": {"path": "/data/docker-tar", "mode": "755"},
        "daemon": {"pid": 812},
        "rsync": {"port": 873},
        "watch": {"took_ms": 9},
        "peers": {"up": 7, "all": 7, "away": ""},
        "disk": {"free_bytes": 120 * GIB},
    }
    return HealthDocument(node, True, [_check(name, True, **each) for name, each in figures.items()])


def _check(name: str, ok: bool, **figures: object) -> CheckDocument:
    said = told("detail", f"checked.{name}", **figures)
    problem = None if ok else Problem(f"check-{name}")
    return CheckDocument(
        name=name,
        ok=ok,
        detail=said["detail"],
        error=None if problem is None else message_of(problem),
        remedy=None if problem is None else remedy_of(problem),
        code=None if problem is None else problem.code,
        said=said,
    )


def bad_health(node: str) -> HealthDocument:
    """Five good checks and a bad one, with its remedy."""
    good = good_health(node)
    bad = _check("peers", False, up=5, all=7, away="edge-oslo, edge-paris")
    return HealthDocument(node, False, [bad if check.name == "peers" else check for check in good.checks])


def delivery_detail(archive: str, node: str) -> DeliveryDetail:
    """A delivery that took two attempts."""
    document = DeliveryDocument(
        node=node,
        state="ready",
        version=9,
        attempts=2,
        retries=1,
        note=None,
        progress=1.0,
        rate_bps=0,
        bytes_received=900 * MIB,
        bytes_saved=120 * MIB,
        source="master",
        transport="rsync",
        due_at=None,
        error=None,
        remedy=None,
        updated_at="2027-01-15T07:59:48Z",
        trace="4f1d2c3b4a59",
    )
    attempts = [
        AttemptDocument(1, "worker-01", "rsync", START - 90, START - 84, 40 * MIB, "worker-01 refused", "retry"),
        AttemptDocument(2, "master", "rsync", START - 80, START - 72, 860 * MIB, None, None),
    ]
    return DeliveryDetail(document, "app.tar", archive, attempts)


def small_settings() -> SettingsDocument:
    """Some settings, a few of them set by somebody."""
    return SettingsDocument(
        [
            SettingDocument("node.name", "master", "/etc/dsync/dsync.toml:3"),
            SettingDocument(
                "node.labels", "{ zone = 'a', rack = '12', purpose = 'build and keep everything' }", "default"
            ),
            SettingDocument("store.directory", "/data/docker-tar", "default"),
            SettingDocument("store.settle_s", "3.0", "default"),
            SettingDocument("limits.bandwidth", "80MiB/s", "console"),
            SettingDocument("peer.secret", "(hidden)", "/etc/dsync/dsync.toml:9"),
        ]
    )


def small_plan() -> PlanDocument:
    """A new file: two copies at once, one that waits, one node that has the images."""
    return PlanDocument(
        verdict="new",
        name="app-6.tar",
        known_as=None,
        fingerprint="ab" * 16,
        digest=digest_of(6),
        size_bytes=700 * MIB,
        tags=["registry.site.example/platform/api:2.9"],
        supersedes=["app-1.tar"],
        takes=[TakenTag("registry.site.example/platform/api:2.9", "app-1.tar")],
        steps=[
            PlanStep("master", "load"),
            PlanStep("worker-01", "copy", 700 * MIB),
            PlanStep("worker-02", "there"),
            PlanStep("edge-oslo", "copy", 700 * MIB, "node-unreachable", {"node": "edge-oslo"}, "edge-oslo is away"),
        ],
        moving_bytes=700 * MIB,
        waiting_bytes=700 * MIB,
    )
