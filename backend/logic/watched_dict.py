"""A dict that sees every write, so that indexes can stand beside it; reading costs what it costs in a dict."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import NoReturn, TypeVar

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")


class WatchedDict(dict[K, V]):
    """Every write passes through ``_replaced``. Ways to write that nobody needs are closed."""

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        """Begin with ``items``."""
        super().__init__()
        for key, value in dict(items).items():
            self[key] = value

    @abstractmethod
    def _replaced(self, key: K, former: V | None, value: V | None) -> None:
        """``value`` stands where ``former`` stood; None: nothing."""

    def __setitem__(self, key: K, value: V) -> None:
        former = self.get(key)
        super().__setitem__(key, value)
        self._replaced(key, former, value)

    def __delitem__(self, key: K) -> None:
        former = self[key]
        super().__delitem__(key)
        self._replaced(key, former, None)

    def pop(self, key: K, default: V | D | None = None) -> V | D | None:  # type: ignore[override]
        """As a dict's with a default."""
        if key not in self:
            return default
        value = self[key]
        del self[key]
        return value

    def _closed(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("writes go by key, so that the indexes follow")

    clear = popitem = setdefault = update = __ior__ = _closed
