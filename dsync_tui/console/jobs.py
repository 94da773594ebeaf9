"""Actions under way: begin one, wait for its end across lost connections, and say in words how it ended."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from backend.api.wire import JobResult, NodeResult, Verb
from backend.model.errors import DsyncError, NotReachedError
from backend.model.plain import plain
from dsync_tui import saying
from dsync_tui.console.kit import Kit
from dsync_tui.console.session import Session

WAIT_S = 20.0
AGAIN_S = 1.0
STOP_WAIT_S = 2.0
NAMED = 3
"""More nodes than these are counted instead of named."""
AT_A_TIME = 8
_COUNTED = {
    "clean": "done.files",
    "limit": "done.node",
    "pause": "done.node",
    "resume": "done.node",
    "stop": "done.node",
    "withdraw": "done.archives",
}
"""Verbs whose count is not of deliveries."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a person is told. ``lines`` as the daemon gave them (``clean``)."""

    text: str
    ok: bool
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What an action is asked for: names for the daemon (None: all of them), and how many cells were seen."""

    archives: list[str] | None = None
    nodes: list[str] | None = None
    expected: int | None = None


class Jobs:
    """Runs actions of one console."""

    def __init__(self, kit: Kit, session: Session) -> None:
        self._kit = kit
        self._session = session

    async def run(self, verb: Verb, request: Request, argument: str = "") -> Outcome:
        """Do an action and wait for its end. Never raises DsyncError: a refusal is an outcome."""
        try:
            return self.told(await self._result(verb, request, argument))
        except DsyncError as error:
            return self.refused(verb, error)

    async def run_all(self, verb: Verb, requests: Sequence[Request]) -> Outcome:
        """Do one action in several requests, and tell of it as of one."""
        if len(requests) == 1:
            return await self.run(verb, requests[0])
        at_a_time = asyncio.Semaphore(AT_A_TIME)

        async def one(request: Request) -> JobResult | DsyncError:
            async with at_a_time:
                try:
                    return await self._result(verb, request, "")
                except DsyncError as error:
                    return error

        ended = await asyncio.gather(*(one(request) for request in requests))
        results = [result for result in ended if isinstance(result, JobResult)]
        refusals = [self.refused(verb, error) for error in ended if isinstance(error, DsyncError)]
        outcomes = [self.told(_together(results))] if results else []
        texts = dict.fromkeys(outcome.text for outcome in (*outcomes, *refusals))
        return Outcome("\n".join(texts), not refusals and all(outcome.ok for outcome in outcomes))

    async def _result(self, verb: Verb, request: Request, argument: str) -> JobResult:
        job = await self._session.act(
            verb, archives=request.archives, nodes=request.nodes, expected=request.expected, argument=argument
        )
        return await self._finished(job)

    async def stop(self, how: str) -> Outcome:
        """End the engine: ``drain`` or ``now``. It may be gone before it can tell that it has begun to end."""
        try:
            job = await self._session.act("stop", argument=how)
        except DsyncError as error:
            return self.refused("stop", error)
        try:
            result = await self._session.link.job(job, STOP_WAIT_S)
        except DsyncError:
            result = None
        return Outcome("", True) if result is None else self.told(result)

    async def _finished(self, job: str) -> JobResult:
        while True:
            try:
                result = await self._session.link.job(job, WAIT_S)
            except NotReachedError:
                # The action goes on without us; its result can be asked for once the daemon is found again.
                await asyncio.sleep(AGAIN_S)
                continue
            if result is not None:
                return result

    def refused(self, verb: Verb, error: DsyncError) -> Outcome:
        """The daemon said no, or there was none."""
        problem = error.problem()
        reason = self._kit.texts.message_of(problem)
        remedy = self._kit.texts.remedy_of(problem)
        text = self._kit.say("done.refused", verb=self._verb(verb), reason=reason)
        return Outcome(f"{text}\n{remedy}" if remedy else text, False)

    def told(self, result: JobResult) -> Outcome:
        """An action's result in words: what was done, and who refused or could not be reached."""
        kit = self._kit
        verb = self._verb(result.verb)
        done = [node for node in result.nodes if node.outcome == "done"]
        others = [node for node in result.nodes if node.outcome != "done"]
        lines = []
        if done:
            lines.append(self._done(result, done))
        for outcome in ("refused", "unreachable"):
            named = [node for node in others if node.outcome == outcome]
            if named:
                lines.append(
                    kit.say(
                        f"done.{outcome}-by",
                        verb=verb,
                        nodes=self._names(named),
                        reason=saying.answer(kit.texts, named[0]),
                    )
                )
        if not lines:
            lines = [
                kit.say(
                    "done.node" if result.ok else "done.refused", verb=verb, reason=saying.answer(kit.texts, result)
                )
            ]
        return Outcome("\n".join(lines), result.ok, tuple(result.lines))

    def _done(self, result: JobResult, done: list[NodeResult]) -> str:
        """What was done, and where: only nodes on which anything was."""
        touched = [node for node in done if node.count] or done
        count = sum(node.count for node in done)
        key = _COUNTED.get(result.verb, "done.cells")
        said = self._kit.say(key, verb=self._verb(result.verb), count=count, nodes=self._names(touched))
        why = self._kit.texts.told_again("why", result.params) if count == 0 else ""
        return f"{said}\n{why}" if why else said

    def _names(self, nodes: list[NodeResult]) -> str:
        if len(nodes) > NAMED:
            return self._kit.say("done.some-nodes", count=len(nodes))
        return ", ".join(plain(node.node) for node in nodes)

    def _verb(self, verb: str) -> str:
        return self._kit.texts.text(f"verb.{verb}")


def _together(results: Sequence[JobResult]) -> JobResult:
    """Several results of one verb as one: each node once, with all that was done there, or what hindered it."""
    nodes: dict[tuple[str, str], NodeResult] = {}
    for node in (node for result in results for node in result.nodes):
        before = nodes.get((node.node, node.outcome))
        count = node.count + (before.count if before is not None else 0)
        nodes[node.node, node.outcome] = replace(node, count=count)
    return replace(results[0], ok=all(result.ok for result in results), nodes=list(nodes.values()))
