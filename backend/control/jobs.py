"""Actions under way: one result per node until all have answered or the time is up, then one JobResult."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from backend.api.wire import Action, JobResult, NodeResult
from backend.logic.operating import CELL_VERBS
from backend.model.errors import JobUnknownError, KeyReusedError, NodeUnreachableError, Problem
from backend.model.ids import NodeId
from backend.model.messages import CommandResult
from backend.texts import message_of, text

KEPT_JOBS = 1000
OUTCOME_DONE = "done"
OUTCOME_REFUSED = "refused"
OUTCOME_UNREACHABLE = "unreachable"

_NO_REASON: Mapping[str, str] = {}

Said: TypeAlias = tuple[str, dict[str, str]]
"""Key and parameters of a text."""


@dataclass(slots=True)
class Job:
    """One action. ``waiting``: nodes that have not answered yet."""

    id: str
    verb: str
    names: dict[NodeId, str]
    waiting: set[NodeId] = field(default_factory=set)
    results: dict[NodeId, CommandResult] = field(default_factory=dict)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    result: JobResult | None = None


class Jobs:
    """Actions of this daemon's life, the latest thousand."""

    def __init__(self, on_ended: Callable[[JobResult], None]) -> None:
        """``on_ended`` is told each result once."""
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._keys: OrderedDict[str, tuple[Action, str]] = OrderedDict()
        self._on_ended = on_ended

    def known(self, action: Action) -> str | None:
        """The job of an action that came before. Raises KeyReusedError where its key came with another action."""
        before = self._keys.get(action.key)
        if before is None:
            return None
        if before[0] != action:
            raise KeyReusedError(key=action.key)
        return before[1]

    def begin(self, verb: str, names: dict[NodeId, str], action: Action | None = None) -> Job:
        """Register an action on the nodes that ``names`` has."""
        job = Job(secrets.token_hex(8), verb, names, set(names))
        self._jobs[job.id] = job
        if action is not None:
            self._keys[action.key] = (action, job.id)
        _shorten(self._jobs)
        _shorten(self._keys)
        return job

    def answer(self, results: Iterable[CommandResult]) -> None:
        """Take in what nodes answered; answers to unknown or ended jobs are nobody's."""
        for result in results:
            job_id, _, node = result.job.partition("/")
            job = self._jobs.get(job_id)
            if job is None or NodeId(node) not in job.waiting:
                continue
            job.waiting.discard(NodeId(node))
            job.results[NodeId(node)] = result
            if not job.waiting:
                job.answered.set()

    def end(
        self,
        job: Job,
        lines: Iterable[str] = (),
        said: Said | None = None,
        nothing: Mapping[str, str] = _NO_REASON,
        follow: str | None = None,
    ) -> JobResult:
        """Close a job with what has come in; who has not answered counts as unreachable.

        ``nothing``: why, should it turn out that nothing was to be done. ``follow``: the job that tells how it goes on.
        """
        nodes = [_node_result(name, job.results.get(node)) for node, name in job.names.items()]
        all_lines = [*lines, *(line for result in job.results.values() for line in result.lines)]
        ok = all(node.outcome == OUTCOME_DONE for node in nodes)
        code, params = said or _summary(job.verb, nodes, nothing)
        message = text(code, **params)
        return self._close(job, JobResult(job.id, job.verb, ok, message, nodes, all_lines, code, params, follow))

    def fail(self, job: Job, problem: Problem) -> JobResult:
        """Close a job that could not be done at all."""
        nodes = [_refusal(name, OUTCOME_REFUSED, 0, problem) for name in job.names.values()]
        message = message_of(problem)
        return self._close(
            job, JobResult(job.id, job.verb, False, message, nodes, code=problem.code, params=problem.params)
        )

    def _close(self, job: Job, result: JobResult) -> JobResult:
        job.result = result
        job.ended.set()
        self._on_ended(result)
        return result

    async def result(self, job_id: str, wait_s: float) -> JobResult | None:
        """How a job ended; None while it runs, after waiting so long. Raises JobUnknownError."""
        job = self._jobs.get(job_id)
        if job is None:
            raise JobUnknownError(job=job_id)
        if job.result is None and wait_s > 0:
            try:
                async with asyncio.timeout(wait_s):
                    await job.ended.wait()
            except TimeoutError:
                return None
        return job.result


def job_of_node(job: Job, node: NodeId) -> str:
    """The id under which a node's answer to a job comes."""
    return f"{job.id}/{node}"


def _shorten(mapping: OrderedDict[str, Job] | OrderedDict[str, tuple[Action, str]]) -> None:
    while len(mapping) > KEPT_JOBS:
        mapping.popitem(last=False)


def _node_result(name: str, result: CommandResult | None) -> NodeResult:
    if result is None:
        return _refusal(name, OUTCOME_UNREACHABLE, 0, NodeUnreachableError(node=name).problem())
    problem = result.problem
    if problem is None and result.outcome == OUTCOME_UNREACHABLE:
        problem = NodeUnreachableError(node=name).problem()
    if problem is None:
        return NodeResult(name, result.outcome, result.count)
    return _refusal(name, result.outcome, result.count, problem)


def _refusal(name: str, outcome: str, count: int, problem: Problem) -> NodeResult:
    return NodeResult(name, outcome, count, message_of(problem), problem.code, problem.params)


def _summary(verb: str, nodes: list[NodeResult], nothing: Mapping[str, str]) -> Said:
    by_outcome: dict[str, list[NodeResult]] = {}
    for node in nodes:
        by_outcome.setdefault(node.outcome, []).append(node)
    done = by_outcome.get(OUTCOME_DONE, [])
    count = sum(node.count for node in done)
    about = {"clean": "job.files", "withdraw": "job.withdrawn"} | dict.fromkeys(CELL_VERBS, "job.cells")
    return about.get(verb, "job.nodes"), {
        "verb": verb,
        "count": str(count),
        "done": str(len(done)),
        "all": str(len(nodes)),
        "refused": _names(by_outcome.get(OUTCOME_REFUSED, [])),
        "unreachable": _names(by_outcome.get(OUTCOME_UNREACHABLE, [])),
        **(nothing if count == 0 and len(done) == len(nodes) else {}),
    }


def _names(nodes: list[NodeResult], limit: int = 5) -> str:
    names = [node.node for node in nodes[:limit]]
    return ", ".join(names) + (f" +{len(nodes) - limit}" if len(nodes) > limit else "")
