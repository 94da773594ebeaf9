"""Replicas in short: a few numbers that are equal where two replicas are, and tell which part differs where not."""

import zlib
from collections.abc import Iterable, Iterator
from hashlib import blake2b

BUCKETS = 16
"""Parts in which replicas are compared: one difference among thousands costs the news of a sixteenth."""

Sums = tuple[int, ...]


def bucket_of(key: str) -> int:
    """The part to which a key belongs, the same on every node."""
    return zlib.crc32(key.encode()) % BUCKETS


def _number(key: str, mark: int) -> int:
    return int.from_bytes(blake2b(f"{key} {mark}".encode(), digest_size=8).digest())


class Summary:
    """Marks by key, and a sum for each part; the order of writes makes no difference."""

    def __init__(self) -> None:
        """Begin empty."""
        self._marks: dict[str, int] = {}
        self._parts: list[dict[str, None]] = [{} for _ in range(BUCKETS)]
        self._sums = [0] * BUCKETS

    def put(self, key: str, mark: int) -> None:
        """``key`` stands at ``mark`` from now on; 0: it is as if it were not known."""
        former = self._marks.get(key)
        if former == mark:
            return
        if mark == 0:
            self.drop(key)
            return
        bucket = bucket_of(key)
        if former is not None:
            self._sums[bucket] ^= _number(key, former)
        self._marks[key] = mark
        self._parts[bucket][key] = None
        self._sums[bucket] ^= _number(key, mark)

    def drop(self, key: str) -> None:
        """``key`` is gone."""
        former = self._marks.pop(key, None)
        if former is not None:
            bucket = bucket_of(key)
            del self._parts[bucket][key]
            self._sums[bucket] ^= _number(key, former)

    def mark_of(self, key: str) -> int:
        """Where ``key`` stands; 0 where it is not known."""
        return self._marks.get(key, 0)

    @property
    def sums(self) -> Sums:
        """One number a part."""
        return tuple(self._sums)

    def unlike(self, sums: Sums) -> tuple[int, ...]:
        """The parts that differ from those of another replica."""
        return tuple(
            bucket for bucket, (ours, theirs) in enumerate(zip(self._sums, sums, strict=False)) if ours != theirs
        )

    def marks_in(self, buckets: Iterable[int]) -> Iterator[tuple[str, int]]:
        """All keys of these parts with their marks."""
        for bucket in buckets:
            for key in self._parts[bucket]:
                yield key, self._marks[key]
