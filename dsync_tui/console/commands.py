"""What the command palette offers, and what of it a typed text means. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dsync_tui.console.filters import is_subsequence

SHOWN_MOST = 200
"""More than anybody looks through: a longer list wants another letter."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do: its words, the keys that do it too, and the doing.

    ``id``: the action's, the same in every language; it finds it too. ``sought``: offered only where something was
    typed; there are as many as nodes and archives.
    """

    title: str
    run: Callable[[], object]
    keys: str = ""
    id: str = ""
    enabled: bool = True
    sought: bool = False


def ranked(commands: Iterable[Command], text: str) -> list[Command]:
    """Those that a typed text means, the best first: where words begin, then anywhere, then letters in their order."""
    words = text.casefold().split()
    if not words:
        return [command for command in commands if not command.sought]
    found: list[tuple[int, int, Command]] = []
    for place, command in enumerate(commands):
        ranks = [_rank(command.title.casefold(), words), _rank(command.id, words) if command.id else None]
        rank = min((rank for rank in ranks if rank is not None), default=None)
        if rank is not None:
            found.append((rank + command.sought, place, command))
    found.sort(key=lambda item: item[:2])
    return [command for _, _, command in found[:SHOWN_MOST]]


def _rank(title: str, words: Sequence[str]) -> int | None:
    ranks = [_rank_of_word(title, word) for word in words]
    known = [rank for rank in ranks if rank is not None]
    return max(known) if len(known) == len(ranks) else None


def _rank_of_word(title: str, word: str) -> int | None:
    if title == word:
        return 0
    if title.startswith(word):
        return 1
    if f" {word}" in title:
        return 2
    if word in title:
        return 4
    return 6 if is_subsequence(word, title) else None
