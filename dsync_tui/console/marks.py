"""What is marked in a list: one by one, all that is shown, or a range that follows the cursor. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")


class Marks(Generic[K]):
    """Marked keys. They stay marked while filters hide them: what is done is done to all of them, and counted."""

    def __init__(self) -> None:
        """Nothing is marked."""
        self.chosen: set[K] = set()
        self._anchor: K | None = None
        self._before: frozenset[K] = frozenset()

    def __contains__(self, key: object) -> bool:
        """Tell whether a key is marked."""
        return key in self.chosen

    def __len__(self) -> int:
        """How many are marked."""
        return len(self.chosen)

    def __iter__(self) -> Iterator[K]:
        """All marked keys."""
        return iter(self.chosen)

    @property
    def ranging(self) -> bool:
        """Tell whether a range follows the cursor."""
        return self._anchor is not None

    def toggle(self, key: K) -> None:
        """Mark a key, or take its mark away. A range ends there."""
        self.end_range()
        self.chosen ^= {key}

    def choose(self, keys: Iterable[K]) -> None:
        """Mark just these."""
        self.end_range()
        self.chosen = set(keys)

    def clear(self) -> None:
        """Take all marks away."""
        self.choose(())

    def begin_range(self, key: K) -> None:
        """Mark from here on to wherever the cursor goes."""
        self._anchor = key
        self._before = frozenset(self.chosen)
        self.chosen = self.chosen | {key}

    def end_range(self) -> None:
        """Keep what the range has marked."""
        self._anchor = None
        self._before = frozenset()

    def reach(self, keys: Sequence[K], place_of: Mapping[K, int], here: int) -> bool:
        """Let the range end at ``here``; tell whether marks have changed. Keys that left the list end it."""
        if self._anchor is None:
            return False
        start = place_of.get(self._anchor)
        if start is None or not 0 <= here < len(keys):
            self.end_range()
            return False
        first, last = min(start, here), max(start, here)
        chosen = {*self._before, *keys[first : last + 1]}
        changed = chosen != self.chosen
        self.chosen = chosen
        return changed
