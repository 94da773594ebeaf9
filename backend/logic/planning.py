"""What publishing a file, or bringing an archive in order, would move: each cell is looked at, none is touched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from backend.logic import catalog, tags
from backend.logic.operating import PAUSED
from backend.logic.room import no_room_to_load, peak_bytes, store_bytes, store_is_full
from backend.logic.state import NodeState
from backend.model.archive import ArchiveFacts, CatalogEntry, Order, Selector
from backend.model.delivery import Delivery, Ready, Transferring
from backend.model.errors import CollisionError, NodeUnreachableError, Problem
from backend.model.ids import Digest, NodeId
from backend.model.node import NodeReport
from backend.model.runtime import RuntimeView


class Verdict(StrEnum):
    """What the bytes are to the fleet.

    Nobody knows them; known, but superseded or withdrawn, so that a file publishes them anew (and a sync does
    nothing); active already; never to be published.
    """

    NEW = "new"
    AGAIN = "again"
    KNOWN = "known"
    REFUSED = "refused"


class Does(StrEnum):
    """What a node would do: ask its runtime again; nothing, its images are there as far as is known here; load the copy
    that lies there; get a copy; go on with what is under way.
    """

    CHECK = "check"
    THERE = "there"
    LOAD = "load"
    COPY = "copy"
    MOVING = "moving"


@dataclass(frozen=True, slots=True)
class Step:
    """One node's part. ``left_bytes`` come in over the wire; ``hindrance``: what it would wait for."""

    node: NodeId
    does: Does
    left_bytes: int = 0
    hindrance: Problem | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole outlook. ``takes``: tags that would change hands -> whose they are now."""

    verdict: Verdict
    entry: CatalogEntry
    steps: tuple[Step, ...] = ()
    supersedes: tuple[CatalogEntry, ...] = ()
    takes: Mapping[str, Digest] = field(default_factory=dict)
    problem: Problem | None = None


def plan_file(state: NodeState, name: str, facts: ArchiveFacts, nodes: tuple[NodeId, ...] | None) -> Plan:
    """What dropping a file into this node's store would bring about; ``nodes`` None: for all."""
    hashes = facts.hashes
    known = state.entries.get(hashes.digest)
    entry = _published(state, name, facts, nodes)
    clash = state.entries.clash_of(hashes.fingerprint, hashes.digest)
    if clash is not None:
        error = CollisionError(name=name, fingerprint=hashes.fingerprint, known=clash.name)
        return Plan(Verdict.REFUSED, entry, problem=error.problem())
    replaced = tuple(catalog.replaced_by_name(state.entries, state.me, name, hashes.digest))
    if known is not None and known.active:
        # The same bytes under whatever name: the archive goes on as it is, for more nodes perhaps.
        return Plan(Verdict.KNOWN, known, _steps(state, _widened(known, nodes), file_here=True), replaced)
    return Plan(
        Verdict.NEW if known is None else Verdict.AGAIN,
        entry,
        _steps(state, entry, file_here=True),
        replaced,
        {tag: owner for tag in entry.tags if (owner := state.owners.get(tag)) not in (None, entry.digest)},
    )


def plan_sync(state: NodeState, entry: CatalogEntry, nodes: tuple[NodeId, ...] | None) -> Plan:
    """What a sync of a known archive would bring about, on ``nodes`` (None: all that should have it)."""
    if not entry.active:
        return Plan(Verdict.AGAIN, entry)
    steps = _steps(state, _widened(entry, nodes))
    return Plan(Verdict.KNOWN, entry, tuple(step for step in steps if nodes is None or step.node in nodes))


def _published(state: NodeState, name: str, facts: ArchiveFacts, nodes: tuple[NodeId, ...] | None) -> CatalogEntry:
    order = Order(state.count + 1, state.me)
    return CatalogEntry(
        digest=facts.hashes.digest,
        fingerprint=facts.hashes.fingerprint,
        name=name,
        size_bytes=facts.hashes.size_bytes,
        origin=state.me,
        order=order,
        selector=Selector(order, nodes),
        images=facts.images,
        layout=facts.layout,
        compression=facts.compression,
        unpacked_bytes=facts.unpacked_bytes,
    )


def _widened(entry: CatalogEntry, nodes: tuple[NodeId, ...] | None) -> CatalogEntry:
    if entry.selector.nodes is None or nodes is None:
        return entry
    wider = Selector(entry.selector.order, tuple(sorted({*entry.selector.nodes, *nodes})))
    return msgspec.structs.replace(entry, selector=wider)


def _steps(state: NodeState, entry: CatalogEntry, file_here: bool = False) -> tuple[Step, ...]:
    owners = {**state.owners, **dict.fromkeys(entry.tags, entry.digest)} if file_here else state.owners
    relatives = _relatives(state, entry)
    everybody = (state.me, *state.peers)
    return tuple(
        _step(state, entry, node, file_here and node == state.me, owners, relatives)
        for node in everybody
        if entry.wanted_by(node)
    )


def _relatives(state: NodeState, entry: CatalogEntry) -> list[CatalogEntry]:
    """Archives that share an image with this one."""
    configs = {image.config for image in entry.images}
    return [other for other in state.entries.values() if configs.intersection(image.config for image in other.images)]


def _step(
    state: NodeState,
    entry: CatalogEntry,
    node: NodeId,
    file_here: bool,
    owners: Mapping[str, Digest],
    relatives: Iterable[CatalogEntry],
) -> Step:
    row = state.cell(node, entry.digest)
    if row is not None and row.happy:
        return Step(node, Does.CHECK)
    if row is not None and isinstance(row.state, Transferring):
        progress = state.progress.get((node, entry.digest))
        done_bytes = progress.bytes_done if progress is not None else 0
        return Step(node, Does.MOVING, max(0, entry.size_bytes - done_bytes))
    report = _report(state, node)
    if not state.policy.shared_runtime and _images_there(state, entry, node, owners, relatives):
        return Step(node, Does.THERE, hindrance=_away(state, node))
    if file_here or (row is not None and row.stored):
        return Step(node, Does.LOAD, hindrance=_away(state, node) or _idle(report) or report.runtime_problem)
    hindrance = _away(state, node) or _idle(report) or report.disk_problem or _too_full(state, entry, node, report)
    return Step(node, Does.COPY, entry.size_bytes, hindrance)


def _images_there(
    state: NodeState,
    entry: CatalogEntry,
    node: NodeId,
    owners: Mapping[str, Digest],
    relatives: Iterable[CatalogEntry],
) -> bool:
    """Tell whether archives that are ready on the node have brought all images that this one needs."""
    there = {image.config for other in relatives if _is_ready(state.cell(node, other.digest)) for image in other.images}
    if not there or not tags.needed_images(entry, owners):
        return False
    return not tags.missing_images(entry, owners, RuntimeView({config: config for config in there}, {}))


def _is_ready(row: Delivery | None) -> bool:
    return row is not None and isinstance(row.state, Ready)


def _report(state: NodeState, node: NodeId) -> NodeReport:
    return state.report if node == state.me else state.peers[node].report


def _away(state: NodeState, node: NodeId) -> Problem | None:
    if node == state.me or state.peers[node].in_touch:
        return None
    return NodeUnreachableError(node=state.peers[node].node.name).problem()


def _idle(report: NodeReport) -> Problem | None:
    return PAUSED if report.paused else None


def _too_full(state: NodeState, entry: CatalogEntry, node: NodeId, report: NodeReport) -> Problem | None:
    """The node would hold a copy that its disk has no room for. Its floor is taken to be this node's, and its images to
    lie on the same disk: only of itself a node knows better.
    """
    if node == state.me and (problem := no_room_to_load(state, entry, ())) is not None:
        return problem
    if not report.free_bytes:
        return None
    ours = node == state.me
    peak = store_bytes(state, entry) if ours else peak_bytes(entry, report.runtime not in ("", "none"))
    if report.free_bytes >= peak + state.policy.min_free_bytes:
        return None
    return store_is_full(state, peak, report.free_bytes)
