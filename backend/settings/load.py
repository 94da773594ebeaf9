"""TOML text to settings: every key known, every value checked, every complaint with its place."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from backend.model.errors import SettingsError
from backend.settings.check import faults
from backend.settings.fields import Declared, declared
from backend.settings.lines import key_lines, line_of
from backend.settings.reading import Expected
from backend.settings.roster import NodeSettings
from backend.settings.schema import GROUPS, Settings
from backend.settings.toml import inline
from backend.texts import phrased

DEFAULT_PATH = Path("/etc/dsync/dsync.toml")
"""Read when no file is named and it is there."""

_LARGEST_FILE_BYTES = 16 * 1024 * 1024
_ABSENT = "(absent)"
_HIDDEN = "(hidden)"


def load_settings(path: Path | None) -> Settings:
    """Read a settings file; None: the default one if it is there, else defaults. Raises SettingsError."""
    if path is None:
        if not DEFAULT_PATH.exists():
            return parse_settings("", "")
        path = DEFAULT_PATH
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise _file_error(path, error.strerror or str(error), "a readable TOML file") from error
    if len(content) > _LARGEST_FILE_BYTES:
        raise _file_error(path, "too large", f"at most {_LARGEST_FILE_BYTES} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _file_error(path, f"byte {error.start} is not UTF-8", "TOML in UTF-8") from error
    return parse_settings(text, str(path))


def parse_settings(text: str, source: str) -> Settings:
    """Read settings from ``text``; ``source`` names it in complaints and origins. Raises SettingsError."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # ValueError: TOMLDecodeError, and what int() says of thousands of digits.
        raise SettingsError(file=source, key="file", value=str(error), **phrased("expected", "valid TOML")) from error
    return _Reader(source, key_lines(text)).settings(document)


def _file_error(path: Path, value: str, expected: str) -> SettingsError:
    return SettingsError(file=path, key="file", value=value, **phrased("expected", expected))


class _Reader:
    """Reads one document, with what complaints and origins need: the source's name and the keys' lines."""

    def __init__(self, source: str, lines: Mapping[str, int]) -> None:
        self._source = source
        self._lines = lines
        self._origins: dict[str, str] = {}

    def settings(self, document: Mapping[str, object]) -> Settings:
        """Read all groups, then check what only holds between them."""
        self._refuse_unknown("", document, [*GROUPS, "nodes"])
        groups: dict[str, Any] = {
            name: self._group(name, group, document.get(name, {})) for name, group in GROUPS.items()
        }
        nodes = document.get("nodes", [])
        if not isinstance(nodes, list):
            raise self._error("nodes", nodes, "[[nodes]] tables, in double brackets")
        roster = tuple(self._group(f"nodes[{index}]", NodeSettings, table) for index, table in enumerate(nodes))
        settings = Settings(**groups, nodes=roster, origins=self._origins)
        for fault in faults(settings):
            raise self._error(fault.key, fault.value, fault.expected)
        return settings

    def _group(self, path: str, group: type, table: object) -> Any:
        if not isinstance(table, dict):
            raise self._error(path, table, f"a table: [{path}]")
        fields = declared(group)
        self._refuse_unknown(path, table, [field.name for field in fields])
        values: dict[str, object] = {}
        for field in fields:
            key = f"{path}.{field.name}"
            if field.name in table:
                values[field.attribute] = self._value(key, field, table[field.name])
                self._origins[key] = self._where(key)
            elif field.make is None:
                raise self._error(key, _ABSENT, "a value: each [[nodes]] table must have it")
        return group(**values)

    def _value(self, key: str, field: Declared[Any], value: object) -> object:
        try:
            return field.kind.read(value)
        except Expected as error:
            shown = value if error.value is None else error.value
            raise self._error(f"{key}{error.at}", _HIDDEN if field.secret else shown, str(error)) from error

    def _refuse_unknown(self, path: str, table: Mapping[str, object], known: Iterable[str]) -> None:
        names = list(known)
        for name, value in table.items():
            if name in names:
                continue
            near = difflib.get_close_matches(name, names, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(names)}"
            raise self._error(f"{path}.{name}".lstrip("."), value, f"a known setting; {hint}")

    def _where(self, key: str) -> str:
        line = line_of(self._lines, key)
        return self._source if line is None else f"{self._source}:{line}"

    def _error(self, key: str, value: object, expected: str) -> SettingsError:
        shown = value if value in (_ABSENT, _HIDDEN) else _shown(value)
        return SettingsError(file=self._where(key), key=key, value=shown, **phrased("expected", expected))


def _shown(value: object) -> str:
    try:
        return inline(value)
    except RecursionError:
        # Nested too deep to be written, and just not too deep to be read.
        return "…"
