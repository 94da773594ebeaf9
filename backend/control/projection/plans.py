"""A plan between wire and logic."""

from backend.api.plans import PlanDocument, PlannedFile, PlanStep, TakenTag
from backend.control.projection.cells import remedy_text
from backend.control.projection.fleet import name_of
from backend.logic.planning import Does, Plan, Step, Verdict
from backend.logic.state import NodeState
from backend.model.archive import ArchiveFacts, Compression, Image, Layout
from backend.model.ids import Digest, Fingerprint, Hashes
from backend.texts import message_of

_OVER_THE_WIRE = frozenset({Does.COPY, Does.MOVING})


def facts_of(file: PlannedFile) -> ArchiveFacts:
    """A file's facts, as far as a plan needs them: how it is packed decides nothing."""
    images = tuple(Image(image.config, (), image.tags, image.platform, image.manifests) for image in file.images)
    return ArchiveFacts(
        hashes=Hashes(Fingerprint(file.fingerprint), Digest(file.digest), file.size_bytes),
        layout=Layout.DOCKER,
        compression=Compression.NONE,
        images=images,
        unpacked_bytes=file.unpacked_bytes,
    )


def plan_document(state: NodeState, plan: Plan, name: str) -> PlanDocument:
    """A plan for people and programs; ``name`` is what was asked about."""
    entry, problem = plan.entry, plan.problem
    known = plan.verdict in (Verdict.KNOWN, Verdict.AGAIN)
    moving = [step for step in plan.steps if step.does in _OVER_THE_WIRE]
    return PlanDocument(
        verdict=plan.verdict.value,
        name=name,
        known_as=_name(state, entry.digest) if known else None,
        fingerprint=entry.fingerprint,
        digest=entry.digest,
        size_bytes=entry.size_bytes,
        tags=list(entry.tags),
        supersedes=[old.name for old in plan.supersedes],
        takes=[TakenTag(tag, _name(state, owner)) for tag, owner in plan.takes.items()],
        steps=[_step(state, step) for step in plan.steps],
        moving_bytes=sum(step.left_bytes for step in moving if step.hindrance is None),
        waiting_bytes=sum(step.left_bytes for step in moving if step.hindrance is not None),
        code=problem.code if problem is not None else None,
        params=problem.params if problem is not None else {},
        error=message_of(problem) if problem is not None else None,
        remedy=remedy_text(problem),
    )


def _name(state: NodeState, digest: Digest) -> str:
    entry = state.entries.get(digest)
    return str(digest) if entry is None else entry.name


def _step(state: NodeState, step: Step) -> PlanStep:
    problem = step.hindrance
    return PlanStep(
        node=name_of(state, step.node) or "",
        does=step.does.value,
        left_bytes=step.left_bytes,
        code=problem.code if problem is not None else None,
        params=problem.params if problem is not None else {},
        error=message_of(problem) if problem is not None else None,
    )
