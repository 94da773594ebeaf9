"""The complaint of a reader, and the small readers that all kinds of values are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class Expected(ValueError):
    """A value is not what it should be: ``str()`` says what was expected, ``at`` is the path below the key.

    Where a settings file was read it becomes a SettingsError with file and key; who parses one value of an
    operator's command line (``parse_rate``) catches it as the ValueError that it is.
    """

    def __init__(self, expected: str, at: str = "", value: object = None) -> None:
        """Say what was expected; ``at`` and ``value`` where only a part is at fault (``[0].from``)."""
        super().__init__(expected)
        self.at = at
        self.value = value


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One kind of value: ``read`` takes what TOML gave (raises Expected), ``write`` is the exact way back.

    ``name`` stands in the documentation's table.
    """

    name: str
    read: Callable[[object], T]
    write: Callable[[T], object]


def as_text(value: object, expected: str) -> str:
    """Return ``value`` if it is a string without control characters. Raises Expected."""
    if not isinstance(value, str):
        raise Expected(expected)
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in value):
        raise Expected(f"{expected}, without control characters")
    return value


def as_list(value: object, expected: str) -> list[object]:
    """Return ``value`` if it is a list. Raises Expected."""
    if not isinstance(value, list):
        raise Expected(expected)
    return list(value)


def as_table(value: object, expected: str) -> dict[str, object]:
    """Return ``value`` if it is a table. Raises Expected."""
    if not isinstance(value, dict):
        raise Expected(expected)
    return dict(value)


def each(items: list[object], read: Callable[[object], T]) -> tuple[T, ...]:
    """Read every item; a complaint names the index of the one at fault. Raises Expected."""
    done: list[T] = []
    for index, item in enumerate(items):
        try:
            done.append(read(item))
        except Expected as error:
            value = item if error.value is None else error.value
            raise Expected(str(error), f"[{index}]{error.at}", value) from error
    return tuple(done)
