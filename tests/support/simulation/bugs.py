"""Bugs that break decisions off half-way, and what must hold of a state all the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from backend.logic.row_book import RowBook
from backend.logic.state import NodeState
from backend.logic.turn import Turn


class BugError(Exception):
    """What breaks a decision off."""


class Fuse:
    """Lets so many more steps of a decision pass, then breaks it off; None: all of them."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self) -> None:
        """One step more."""
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise BugError


@contextmanager
def built_into_turns(fuse: Fuse) -> Iterator[None]:
    """Decisions burn ``fuse`` wherever they command something, write a row or tell people."""

    def burning(step: Callable[..., Any]) -> Callable[..., Any]:
        def burn_and_step(*words: object, **more: object) -> object:
            fuse.burn()
            return step(*words, **more)

        return burn_and_step

    with pytest.MonkeyPatch.context() as patch:
        for step in (Turn.add, Turn.put, Turn.note):
            patch.setattr(Turn, step.__name__, burning(step))
        yield


def durable(state: NodeState) -> dict[str, object]:
    """What the ledger mirrors."""
    report = state.report
    return {
        "entries": dict(state.entries),
        "rows": {who: dict(rows) for who, rows in state.rows.items() if rows},
        "files": dict(state.files),
        "rejected": dict(state.rejected),
        "aliases": {digest: sorted(names) for digest, names in state.aliases.items() if names},
        "count": state.count,
        "loads": {digest: [round(at) for at in times] for digest, times in state.loads.items() if times},
        "told": set(state.outages.told),
        "report": (report.paused, report.bandwidth_bps, set(report.told_away)),
    }


def indexed(state: NodeState) -> list[dict[str, object]]:
    """What is kept beside the rows, and the same worked out anew."""
    anew = RowBook()
    for who, rows in state.rows.items():
        for row in rows.values():
            anew.see(None, row, who == state.me)
    return [
        {
            "holders": {digest: set(book.holders_of(digest)) for digest in state.entries},
            "feeding": {node: book.feeding(node) for node in (state.me, *state.peers)},
            "aside": set(book.aside),
        }
        for book in (state.book, anew)
    ]
