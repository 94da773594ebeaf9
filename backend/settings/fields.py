"""How a setting is declared: its kind, default and documentation stand beside its Python name."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from backend.settings.reading import Kind

T = TypeVar("T")

_METADATA_KEY = "dsync.setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(Generic[T]):
    """What is declared of one setting.

    ``name`` is the key in TOML where it differs from the Python name (which carries the unit).
    ``special`` says what a special value means, ``why`` the reason of default or limit.
    ``shown_default`` stands in the documentation for a default that depends on the machine.
    ``planned``: read and checked, but nothing acts on it yet. ``secret``: its value is never shown.
    ``make`` makes the default; None: it must be given.
    """

    kind: Kind[T]
    what: str
    make: Callable[[], T] | None
    attribute: str = ""
    name: str = ""
    special: str = ""
    why: str = ""
    shown_default: str = ""
    planned: bool = False
    secret: bool = False


def setting(
    default: T,
    kind: Kind[T],
    what: str,
    *,
    why: str = "",
    special: str = "",
    name: str = "",
    planned: bool = False,
    secret: bool = False,
) -> T:
    """Declare a setting with a default, as a dataclass field."""
    return _field(
        Declared(
            kind=kind,
            what=what,
            make=lambda: default,
            why=why,
            special=special,
            name=name,
            planned=planned,
            secret=secret,
        )
    )


def computed(make: Callable[[], T], shown: str, kind: Kind[T], what: str) -> T:
    """Declare a setting whose default comes from this machine; the documentation says ``shown``."""
    return _field(Declared(kind=kind, what=what, make=make, shown_default=shown))


def required(kind: Kind[T], what: str) -> T:
    """Declare a setting that must be given."""
    return _field(Declared(kind=kind, what=what, make=None))


def _field(declaration: Declared[T]) -> T:
    metadata = {_METADATA_KEY: declaration}
    if declaration.make is None:
        # Typed as the value that the instance will have, as dataclasses' own stubs do.
        return cast(T, dataclasses.field(metadata=metadata))
    return dataclasses.field(default_factory=declaration.make, metadata=metadata)


def declared(group: type) -> tuple[Declared[Any], ...]:
    """Return the settings of a group's class, in the order of their declaration."""
    return tuple(
        dataclasses.replace(
            field.metadata[_METADATA_KEY],
            attribute=field.name,
            name=field.metadata[_METADATA_KEY].name or field.name,
        )
        for field in dataclasses.fields(group)
    )
