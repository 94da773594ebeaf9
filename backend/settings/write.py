"""Settings to TOML that reads back to an equal value, and to a list that tells where each value came from."""

from typing import Any

from backend.settings.fields import Declared, declared
from backend.settings.roster import NodeSettings
from backend.settings.schema import GROUPS, Settings
from backend.settings.toml import inline, key_text


def write_settings(settings: Settings) -> str:
    """Return TOML text of all that is not at its default; ``parse_settings`` gives an equal value."""
    blocks = [_block(f"[{name}]", getattr(settings, name), group) for name, group in GROUPS.items()]
    blocks += [_block("[[nodes]]", node, NodeSettings) for node in settings.nodes]
    return "\n".join(block for block in blocks if block)


def explain(settings: Settings) -> list[tuple[str, str, str]]:
    """Return (dotted key, value as TOML, origin) of every setting; origin is ``default`` or ``file:line``.

    Secrets are told as ``(hidden)``.
    """
    lines: list[tuple[str, str, str]] = []
    for name, group in GROUPS.items():
        lines += _explained(name, getattr(settings, name), group, settings)
    for index, node in enumerate(settings.nodes):
        lines += _explained(f"nodes[{index}]", node, NodeSettings, settings)
    return lines


def without_effect(settings: Settings) -> list[str]:
    """Return the keys that were given and that this version reads and checks, but does not act on yet."""
    keys: list[str] = []
    groups = [*GROUPS.items(), *((f"nodes[{index}]", NodeSettings) for index in range(len(settings.nodes)))]
    for path, group in groups:
        planned = (f"{path}.{field.name}" for field in declared(group) if field.planned)
        keys += [key for key in planned if key in settings.origins]
    return keys


def _explained(path: str, values: object, group: type, settings: Settings) -> list[tuple[str, str, str]]:
    return [
        (
            key,
            "(hidden)" if field.secret and getattr(values, field.attribute) else _written(field, values),
            settings.origins.get(key, "default"),
        )
        for field in declared(group)
        for key in (f"{path}.{field.name}",)
    ]


def _written(field: Declared[Any], values: object) -> str:
    return inline(field.kind.write(getattr(values, field.attribute)))


def _block(title: str, values: object, group: type) -> str:
    lines = [
        f"{key_text(field.name)} = {_written(field, values)}"
        for field in declared(group)
        if field.make is None or getattr(values, field.attribute) != field.make() or field.shown_default
    ]
    return "\n".join([title, *lines, ""]) if lines else ""
