"""What a person is asked and told. How it is shown is a screen's affair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dsync_tui.console.lines import Line


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what the dialog returns, and what it says."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question. ``answers`` begins with the harmless one."""

    title: str
    body: Sequence[Line]
    answers: Sequence[Answer]


class Stage(Protocol):
    """What acting needs of the app: dialogs and toasts."""

    async def ask(self, question: Ask) -> str | None:
        """Show a dialog and wait for the id of its answer; None: it was left."""
        ...

    def tell(self, text: str, ok: bool) -> None:
        """Show a toast."""
        ...
