"""Operators' actions across nodes, and those that need the world rather than the logic: checks and cleaning."""

import asyncio
import secrets
from pathlib import Path

from backend.engine.health import Health
from backend.engine.loop import EventLoop
from backend.engine.ports import Ports
from backend.engine.touched import Touched
from backend.logic import mesh
from backend.logic.turn import name_of
from backend.model.delivery import Attempt
from backend.model.errors import DsyncError, NodeUnreachableError, Problem, RefusedError, StoreError
from backend.model.ids import Digest, JobId, NodeId
from backend.model.messages import Command, CommandResult, Message
from backend.model.node import Check
from backend.ports.tasks import TaskOwner
from backend.texts import told

CHECKS_WITHIN_S = 20.0
ATTEMPTS_WITHIN_S = 5.0


class Remote:
    """Sends actions to peers, answers theirs, and remembers which peer owes an answer."""

    def __init__(self, loop: EventLoop, ports: Ports, health: Health) -> None:
        """Verbs of cells go to the logic; ``health`` and ``clean`` are done here."""
        self._loop = loop
        self._ports = ports
        self._health = health
        self._owner = TaskOwner("remote")
        self._open: dict[JobId, NodeId] = {}
        self._waiting: dict[JobId, asyncio.Future[CommandResult]] = {}

    async def close(self) -> None:
        """End what runs."""
        await self._owner.close()

    def command(
        self,
        node: NodeId,
        job: JobId,
        verb: str,
        digests: tuple[Digest, ...] | None,
        expected: int | None,
        operator: str,
        argument: str,
    ) -> None:
        """Ask a peer; a node out of reach answers ``unreachable`` at once, nothing is queued."""
        if self._ports.peers.send(node, Command(job, verb, digests, expected, operator, argument)):
            self._open[job] = node
        else:
            self._tell(self._unreachable(node, job))

    def _unreachable(self, node: NodeId, job: JobId) -> CommandResult:
        return CommandResult(
            job, "unreachable", 0, Problem("node-unreachable", {"node": name_of(self._loop.state, node)})
        )

    def _tell(self, result: CommandResult) -> None:
        waiting = self._waiting.pop(result.job, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)
        self._loop.tell(Touched(results=[result]))

    def peer_left(self, node: NodeId) -> None:
        """Its open answers will not come."""
        for job in [job for job, asked in self._open.items() if asked == node]:
            del self._open[job]
            self._tell(self._unreachable(node, job))

    def takes(self, node: NodeId, message: Message) -> bool:
        """Handle a message that is not the logic's; False for all others."""
        match message:
            case CommandResult(job=job):
                if self._open.get(job) == node:
                    del self._open[job]
                    self._tell(message)
                return True
            case Command(verb="health"):
                self._owner.start(self._answer_health(node, message), "health")
                return True
            case Command(verb="attempts", digests=(digest,)):
                self._owner.start(self._answer_attempts(node, message.job, digest), "attempts")
                return True
            case Command(verb="clean", job=job) if not mesh.may_command(self._loop.state, node):
                refused = RefusedError(what="clean", why="admins only").problem()
                self._ports.peers.send(node, CommandResult(job, "refused", 0, refused))
                return True
            case Command(verb="clean"):
                self._owner.start(self._answer_clean(node, message), "clean")
                return True
            case _:
                return False

    async def _answer_health(self, node: NodeId, message: Command) -> None:
        checks = await self._health.checks()
        self._ports.peers.send(node, CommandResult(message.job, "done", len(checks), checks=checks))

    async def _answer_attempts(self, node: NodeId, job: JobId, digest: Digest) -> None:
        attempts = await self._ports.ledger.attempts(digest)
        self._ports.peers.send(node, CommandResult(job, "done", len(attempts), attempts=attempts))

    async def _answer_clean(self, node: NodeId, message: Command) -> None:
        try:
            lines = await self.clean(message.argument == "dry-run")
        except DsyncError as error:
            result = CommandResult(message.job, "refused", 0, error.problem())
        else:
            result = CommandResult(message.job, "done", len(lines), lines=tuple(lines[:1000]))
        self._ports.peers.send(node, result)

    async def checks_of(self, node: NodeId) -> tuple[Check, ...]:
        """A peer's own checks. Raises NodeUnreachableError, with what is known of its channel."""
        return (await self._asked(node, "health", None, CHECKS_WITHIN_S)).checks

    async def attempts_of(self, node: NodeId, digest: Digest) -> tuple[Attempt, ...]:
        """The timeline of a peer's delivery. Raises NodeUnreachableError; RefusedError where it is too old to tell."""
        return (await self._asked(node, "attempts", (digest,), ATTEMPTS_WITHIN_S)).attempts

    async def _asked(
        self, node: NodeId, question: str, digests: tuple[Digest, ...] | None, within_s: float
    ) -> CommandResult:
        job = JobId(f"{question}-{secrets.token_hex(8)}")
        answer: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._waiting[job] = answer
        self.command(node, job, question, digests, None, "", "")
        try:
            result = await asyncio.wait_for(answer, within_s)
        except TimeoutError:
            raise self._silent(node) from None
        finally:
            self._waiting.pop(job, None)
        if result.outcome == "unreachable":
            raise self._silent(node)
        if result.outcome != "done":
            raise RefusedError(what=question, why=f"{name_of(self._loop.state, node)} does not tell")
        return result

    def _silent(self, node: NodeId) -> NodeUnreachableError:
        problem = self._ports.peers.problem_of(node)
        why = told("why", problem.code, **problem.params) if problem is not None else {}
        return NodeUnreachableError(node=name_of(self._loop.state, node), **why)

    async def clean(self, dry_run: bool) -> list[str]:
        """Remove temporary files and unfinished fetches that no open delivery here needs; one line each."""
        state, store = self._loop.state, self._ports.store
        needed = {
            entry.fingerprint
            for digest, entry in state.entries.items()
            if (row := state.own(digest)) is not None and not row.ended and entry.active
        }
        lines = []
        for fingerprint, size_bytes in sorted((await store.incoming_bytes()).items()):
            if fingerprint not in needed:
                if not dry_run:
                    await store.discard_incoming(fingerprint)
                lines.append(f"{size_bytes} .incoming/{fingerprint}")
        for path, size_bytes in store.leftovers():
            if not dry_run:
                _remove(path)
            lines.append(f"{size_bytes} {path.name}")
        return lines


def _remove(path: Path) -> None:
    """Remove a leftover, if it is still there. Raises StoreError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(path=path, detail=error.strerror or str(error)) from error
