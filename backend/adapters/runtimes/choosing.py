"""Which runtime a node uses, and why."""

import shutil
from collections.abc import Callable, Sequence

import msgspec

from backend.adapters.children import ChildRegister
from backend.adapters.runtimes.base import CommandLineRuntime
from backend.adapters.runtimes.client import Client
from backend.adapters.runtimes.docker import DockerRuntime
from backend.adapters.runtimes.podman import PodmanRuntime
from backend.model.errors import Problem, RuntimeSickError, UsageError
from backend.model.plain import plain
from backend.model.runtime import RuntimeInfo

KINDS = ("docker", "podman")
"""In the order in which ``auto`` asks them."""

Which = Callable[[str], str | None]


class Choice(msgspec.Struct, frozen=True):
    """The runtime that a node uses; None where there is none to ask.

    ``why`` is a code of the texts (``event.<why>``) with the parameters ``runtime`` and ``command``.
    ``info`` is what it answered, ``problem`` why it did not.
    """

    runtime: CommandLineRuntime | None
    kind: str
    why: str
    info: RuntimeInfo | None = None
    problem: Problem | None = None
    command: tuple[str, ...] = ()

    @property
    def params(self) -> dict[str, str]:
        """Parameters of the text ``why``."""
        described = str(self.info) if self.info is not None else self.kind
        return {"runtime": described, "command": plain(" ".join(self.command))}


class Chooser:
    """Picks a runtime as the settings say."""

    def __init__(
        self,
        register: ChildRegister,
        load_timeout_s: float = 1800.0,
        ask_timeout_s: float = 60.0,
        which: Which = shutil.which,
    ) -> None:
        """Drive clients through ``register``; ``which`` finds a program on PATH."""
        self._register = register
        self._load_timeout_s = load_timeout_s
        self._ask_timeout_s = ask_timeout_s
        self._which = which

    async def choose(self, kind: str, command: Sequence[str] = (), known_kind: str | None = None) -> Choice:
        """Pick a runtime.

        ``kind`` and ``command`` come from the settings. ``auto``: the kind that the given command turns out
        to be; else ``known_kind`` (from the ledger: a runtime that is down for a day is no reason to load
        into another); else the first of docker and podman that answers; else the first client on PATH, as
        sick; ``none`` only without clients.

        Raises UsageError for another kind.
        """
        if kind == "none":
            return Choice(None, "none", "runtime-none-by-setting")
        if kind in KINDS:
            return await self._ask(kind, command or (kind,), "runtime-by-setting")
        if kind != "auto":
            raise UsageError(what=f"runtime.kind: {plain(kind)}")
        if command:
            return await self._ask(await self._kind_of(command), command, "runtime-by-command")
        if known_kind in KINDS:
            return await self._ask(known_kind, (known_kind,), "runtime-by-ledger")
        return await self._first_that_answers()

    async def _first_that_answers(self) -> Choice:
        sick: Choice | None = None
        for kind in KINDS:
            if self._which(kind) is None:
                continue
            choice = await self._ask(await self._kind_of((kind,)), (kind,), "runtime-answered")
            if choice.info is not None:
                return choice
            sick = sick or msgspec.structs.replace(choice, why="runtime-first-client")
        return sick or Choice(None, "none", "runtime-none-no-client")

    async def _ask(self, kind: str, command: Sequence[str], why: str) -> Choice:
        make = PodmanRuntime if kind == "podman" else DockerRuntime
        runtime = make(self._register, tuple(command), self._load_timeout_s, self._ask_timeout_s)
        choice = Choice(runtime, kind, why, command=tuple(command))
        try:
            return msgspec.structs.replace(choice, info=await runtime.probe())
        except RuntimeSickError as error:
            return msgspec.structs.replace(choice, problem=error.problem())

    async def _kind_of(self, command: Sequence[str]) -> str:
        """Tell docker from podman by what the client says of itself: a ``docker`` may be podman's
        imitation.
        """
        client = Client(self._register, "runtime", command, self._ask_timeout_s)
        try:
            answer = await client.ask("--version")
        except RuntimeSickError:
            return "podman" if "podman" in command[0] else "docker"
        return "podman" if "podman" in answer.stdout.lower() else "docker"
