"""Where the demo makes runtimes, and how it asks one that is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from backend.adapters.children import ChildRegister
from backend.adapters.locks import LoadLocks
from backend.adapters.runtimes.choosing import Choice, Chooser
from backend.demo.leftovers import Leftovers, recall, remember
from backend.demo.words import text
from backend.texts import message_of

ANSWER_WITHIN_S = 30.0


class UnavailableError(Exception):
    """A means can't be had, for the reason in its words."""


@dataclass(slots=True)
class Workshop:
    """``short``: a directory with a path that is short enough for sockets in it; may be ``directory`` itself.

    ``enter``: words that run a command in a mount namespace of the demo's own, () where it has none for the reason
    ``why_not``. ``processes``: runtimes that were started here; the janitor ends them.
    """

    directory: Path
    short: Path
    as_root: bool
    enter: tuple[str, ...] = ()
    why_not: str = ""
    processes: list[Popen[bytes]] = field(default_factory=list)

    async def ask(self, kind: str, command: Sequence[str]) -> Choice:
        """Ask a runtime that ought to answer; ``kind`` may be ``auto``. Raises UnavailableError, UsageError."""
        chooser = Chooser(ChildRegister(self.directory / "run"), ask_timeout_s=ANSWER_WITHIN_S)
        choice = await chooser.choose(kind, command)
        if choice.info is None:
            raise UnavailableError(message_of(choice.problem) if choice.problem else text("demo.why.no-client"))
        return choice

    def enter_or_fail(self) -> tuple[str, ...]:
        """Return the words that enter the namespace. Raises UnavailableError where there is none."""
        if not self.enter:
            raise UnavailableError(text("demo.why.no-namespace", why=self.why_not))
        return self.enter

    def own(self, *endpoints: str) -> None:
        """Nobody else will ever lock these endpoints: their locks may be removed at the end. Raises OSError."""
        known = recall(self.directory)
        locks = tuple(str(LoadLocks().path(endpoint)) for endpoint in endpoints)
        remember(self.directory, Leftovers((*known.locks, *locks), known.loaded))
