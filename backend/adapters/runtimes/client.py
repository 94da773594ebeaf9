"""Asking a container runtime's command line client."""

import asyncio
import shlex
from collections.abc import Sequence

import msgspec

from backend.adapters.children import ChildRegister
from backend.adapters.pipes import Reading
from backend.model.errors import RuntimeSickError
from backend.model.plain import plain

ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
COMPLAINTS_LIMIT_BYTES = 1024 * 1024
"""Room for a complaint of each of 200 names, several times over."""
DETAIL_LIMIT_CHARS = 400


class Answer(msgspec.Struct, frozen=True):
    """What a client printed before it ended. Hostile: not made plain."""

    code: int
    stdout: str
    stderr: str

    @property
    def detail(self) -> str:
        """What the client complained of, fit to be shown."""
        return detail_of(self.stderr)


class Client:
    """One client: its argv prefix (``docker``, ``docker -H unix:///…``, ``podman --root …``) and its
    time-out.
    """

    def __init__(self, register: ChildRegister, kind: str, command: Sequence[str], ask_timeout_s: float) -> None:
        """Start children through ``register``; a question may take ``ask_timeout_s`` seconds."""
        self.register = register
        self.kind = kind
        self.command = tuple(command)
        self._ask_timeout_s = ask_timeout_s

    async def ask(self, *arguments: str) -> Answer:
        """Run the client with ``arguments`` and wait for its answer, well or not.

        Raises RuntimeSickError when the client cannot be started, does not end in time or never stops
        talking.
        """
        try:
            child = await self.register.spawn(
                [*self.command, *arguments],
                purpose="ask",
                about=" ".join(arguments[:2]),
                die_with_parent=True,
                stdout=Reading.HEAD,
                stdout_limit_bytes=ANSWER_LIMIT_BYTES,
                stderr=Reading.HEAD,
                stderr_limit_bytes=COMPLAINTS_LIMIT_BYTES,
            )
        except OSError as error:
            raise self.sick(f"{error.filename or self.command[0]}: {error.strerror}") from error
        async with child:
            try:
                async with asyncio.timeout(self._ask_timeout_s):
                    code = await child.wait()
            except TimeoutError as error:
                raise self.sick(f"no answer within {self._ask_timeout_s:g} s") from error
        if child.stdout_cut:
            raise self.sick(f"an answer of more than {ANSWER_LIMIT_BYTES} bytes")
        if child.stderr_cut:
            raise self.sick(
                f"more than {COMPLAINTS_LIMIT_BYTES} bytes of complaints, such as: {detail_of(child.stderr)}"
            )
        return Answer(code, child.stdout, child.stderr)

    def sick(self, detail: str) -> RuntimeSickError:
        """Return the error that says that this runtime does not answer, with what a person may try by hand."""
        by_hand = {"command": shlex.join([*self.command, "info"])}
        if self.command == ("docker",):
            # Of the machine's own docker only: podman has no daemon, and another command leads to another one.
            by_hand["restart"] = "systemctl restart docker"
        return RuntimeSickError(runtime=self.kind, detail=plain(detail, DETAIL_LIMIT_CHARS), **by_hand)


def detail_of(stderr: str) -> str:
    """Return the end of what a client complained of as one plain line."""
    # docker tells some errors twice.
    lines = dict.fromkeys(line.strip() for line in stderr.splitlines() if line.strip())
    return plain("; ".join(lines)[-DETAIL_LIMIT_CHARS:], DETAIL_LIMIT_CHARS)
