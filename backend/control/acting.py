"""Operators' verbs: what each is done to, and how it becomes a job."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from backend.api.wire import Action
from backend.control.face import EngineFace
from backend.control.facts import Pace
from backend.control.following import SentFile
from backend.control.jobs import OUTCOME_DONE, Job, Jobs, job_of_node
from backend.control.projection.fleet import name_of
from backend.control.reasons import why_nothing
from backend.control.selection import all_nodes, archives_named, nodes_named
from backend.logic.operating import CELL_VERBS, concerned
from backend.model.errors import CountChangedError, DsyncError, Problem, UsageError
from backend.model.ids import Digest, JobId, NodeId
from backend.model.messages import CommandResult
from backend.ports.tasks import TaskOwner
from backend.settings import Expected, parse_rate
from backend.texts import phrased, told

_FLEET_VERBS = frozenset({"sync", "retry", "cancel"})
"""Verbs that mean every node where none is named; the others mean this node."""
_STOP_WAYS = ("now", "drain")
_CLEAN_WAYS = ("", "dry-run")
_WITHDRAW_WAYS = ("", "purge")


@dataclass(frozen=True, slots=True)
class _Plan:
    """An action whose words have been understood. ``digests`` None: all archives."""

    job: Job
    verb: str
    argument: str
    nodes: tuple[NodeId, ...]
    digests: tuple[Digest, ...] | None
    widens: bool
    counts: bool
    operator: str


class Acting:
    """Turns actions into jobs and jobs into results."""

    def __init__(self, face: EngineFace, jobs: Jobs, tasks: TaskOwner, pace: Pace) -> None:
        """All of them outlive it."""
        self._face = face
        self._jobs = jobs
        self._tasks = tasks
        self._pace = pace

    def begin(self, action: Action, operator: str) -> str:
        """Start an action, once per key; the job's id. Raises RefusedError, CountChangedError, UsageError."""
        known = self._jobs.known(action)
        if known is not None:
            return known
        state = self._face.state
        argument = _argument(action)
        named = nodes_named(state, action.nodes)
        entries = None if action.archives is None else archives_named(state, action.archives)
        digests = None if entries is None else tuple(entry.digest for entry in entries)
        nodes = named or (all_nodes(state) if action.verb in _FLEET_VERBS else (state.me,))
        if action.verb == "stop" and nodes != (state.me,):
            raise UsageError(**told("what", "usage.stop-elsewhere"))
        if action.verb == "withdraw" and (named is not None or digests is None):
            raise UsageError(**told("what", "usage.withdraw-what"))
        self._check_expected(action, nodes, digests)
        plan = _Plan(
            job=self._jobs.begin(action.verb, self._names(nodes), action),
            verb=action.verb,
            argument=argument,
            nodes=nodes,
            digests=digests,
            widens=action.verb == "sync" and named is not None and digests is not None,
            counts=action.expected is not None and action.verb in CELL_VERBS,
            operator=operator,
        )
        self._tasks.start(self._run(plan), f"job-{plan.job.id}")
        return plan.job.id

    async def take_file(self, name: str, chunks: AsyncIterator[bytes], to: list[str] | None) -> str:
        """Stream a file into the store; the job's id, which has ended then. Raises as ``EngineFace.take_file``.

        Another job, which its result names, ends once the file is published, known already, or rejected.
        """
        state = self._face.state
        nodes = nodes_named(state, to)
        job = self._jobs.begin("sync", self._names((state.me,)))
        counted = _Counted(chunks)
        try:
            _, stored = await self._face.take_file(name, counted.chunks(), nodes)
        except DsyncError as error:
            self._jobs.fail(job, error.problem())
            raise
        except BaseException:
            self._jobs.fail(job, Problem("upload-broken", {"name": name}))
            raise
        # Before anything else happens: nobody has looked at the file yet.
        sent = SentFile(self._face, name, stored, counted.size_bytes)
        follow = self._jobs.begin("sync", self._names((state.me,)))
        self._tasks.start(self._follow(follow, sent), f"job-{follow.id}")
        self._jobs.answer([_done(job, state.me)])
        self._jobs.end(job, said=("job.file-taken", {"name": stored, "node": state.name}), follow=follow.id)
        return job.id

    async def _follow(self, job: Job, sent: SentFile) -> None:
        try:
            found = await sent.outcome(self._pace.look_s)
        except Exception:
            self._jobs.fail(job, Problem("internal"))
            raise
        if isinstance(found, Problem):
            self._jobs.fail(job, found)
            return
        self._jobs.answer([_done(job, self._face.state.me)])
        self._jobs.end(job, said=found)

    def _names(self, nodes: tuple[NodeId, ...]) -> dict[NodeId, str]:
        return {node: name_of(self._face.state, node) or "" for node in nodes}

    def _check_expected(self, action: Action, nodes: tuple[NodeId, ...], digests: tuple[Digest, ...] | None) -> None:
        if action.expected is None or action.verb not in CELL_VERBS:
            return
        found = sum(len(concerned(self._face.state, node, action.verb, digests)) for node in nodes)
        if found != action.expected:
            raise CountChangedError(expected=action.expected, found=found)

    async def _run(self, plan: _Plan) -> None:
        """Do it, then wait for the nodes; who has not answered in time counts as unreachable."""
        try:
            lines = await self._do(plan)
        except DsyncError as error:
            self._jobs.fail(plan.job, error.problem())
            return
        except Exception:
            self._jobs.fail(plan.job, Problem("internal"))
            raise
        if plan.job.waiting:
            try:
                async with asyncio.timeout(self._pace.job_s):
                    await plan.job.answered.wait()
            except TimeoutError:
                pass  # the result names those who are missing
        self._jobs.end(plan.job, lines, nothing=why_nothing(self._face.state, plan.verb, plan.digests))
        if plan.verb == "stop":
            self._face.request_stop(plan.argument)

    async def _do(self, plan: _Plan) -> list[str]:
        me = self._face.state.me
        if plan.verb == "stop":
            self._jobs.answer([_done(plan.job, me)])
            return []
        if plan.widens:
            for digest in plan.digests or ():
                await self._face.widen(digest, plan.nodes, plan.operator)
        nodes, lines = plan.nodes, []
        if plan.verb == "clean" and me in nodes:
            lines = await self._face.clean(plan.argument == "dry-run")
            self._jobs.answer([_done(plan.job, me, len(lines))])
            nodes = tuple(node for node in nodes if node != me)
        if plan.counts and not plan.widens:
            # Each node checks its own share again when the command reaches it.
            for node in nodes:
                found = len(concerned(self._face.state, node, plan.verb, plan.digests))
                await self._ask(plan, (node,), found)
        elif nodes:
            await self._ask(plan, nodes, None)
        return lines

    async def _ask(self, plan: _Plan, nodes: tuple[NodeId, ...], expected: int | None) -> None:
        await self._face.act(plan.job.id, plan.verb, plan.digests, nodes, expected, plan.operator, plan.argument)


class _Counted:
    """A body, and how long it was."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.size_bytes = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            self.size_bytes += len(chunk)
            yield chunk


def _done(job: Job, node: NodeId, count: int = 1) -> CommandResult:
    return CommandResult(JobId(job_of_node(job, node)), OUTCOME_DONE, count)


def _argument(action: Action) -> str:
    """The argument as the engine takes it: a limit in bytes a second. Raises UsageError."""
    if action.archives is not None and action.verb not in CELL_VERBS | {"withdraw"}:
        raise UsageError(**told("what", "usage.no-archives", verb=action.verb))
    if action.verb == "limit":
        try:
            return str(parse_rate(action.argument))
        except Expected as error:
            expected = phrased("expected", str(error))
            raise UsageError(**told("what", "usage.rate", value=action.argument, **expected)) from error
    if action.verb == "stop":
        return _one_of(action, action.argument or "now", _STOP_WAYS)
    if action.verb == "clean":
        return _one_of(action, action.argument, _CLEAN_WAYS)
    if action.verb == "withdraw":
        return _one_of(action, action.argument, _WITHDRAW_WAYS)
    return ""


def _one_of(action: Action, argument: str, ways: tuple[str, ...]) -> str:
    if argument not in ways:
        known = ", ".join(way for way in ways if way)
        raise UsageError(**told("what", "usage.argument", verb=action.verb, value=argument, expected=known))
    return argument
