"""The templates' language: parameters in braces, optional parts in brackets. Filling never raises.

``{name}``
    the parameter, as plain text (controls and bidi characters escaped); a missing one stays ``{name}``.
``{size_bytes:bytes}``, ``{rate_bps:rate}``, ``{wait_s:seconds}``, ``{share:percent}``
    a number for people; what is no number stands as it is.
``{name:quoted}``
    for what stands inside a command that a person may paste: quoted for the shell where it must be.
``[ ({detail})]``
    a part that falls away where one of its parameters is missing or empty. Brackets without a parameter
    inside are text.
"""

import math
import re
import shlex
from collections.abc import Callable, Mapping

from backend.model.plain import plain

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)(?::([a-z]+))?\}")
_OPTIONAL = re.compile(r"\[([^\[\]{}]*\{[^\[\]]*)\]")
_LONGEST_PARAMETER = 1000

Units = Mapping[str, str]
"""What numbers for people are written with: templates by the names of ``ENGLISH_UNITS``, in some language."""

ENGLISH_UNITS: Units = {
    "no-limit": "no limit",
    "rate": "{size}/s",
    "seconds": "{seconds} s",
    "minutes": "{minutes} min",
    "minutes-seconds": "{minutes} min {seconds} s",
    "hours": "{hours} h",
    "hours-minutes": "{hours} h {minutes} min",
    "percent": "{percent} %",
}


def fill(template: str, params: Mapping[str, object], units: Units = ENGLISH_UNITS) -> str:
    """Return ``template`` with its parameters filled in."""

    def optional(match: re.Match[str]) -> str:
        names = [placeholder[1] for placeholder in _PLACEHOLDER.finditer(match[1])]
        return match[1] if all(_given(params, name) for name in names) else ""

    def parameter(match: re.Match[str]) -> str:
        if match[1] not in params:
            return match[0]
        return _shown(params[match[1]], match[2], units)

    return _PLACEHOLDER.sub(parameter, _OPTIONAL.sub(optional, template))


def parameters(template: str) -> frozenset[str]:
    """Return the names of a template's parameters."""
    return frozenset(match[1] for match in _PLACEHOLDER.finditer(template))


def demanded(template: str) -> frozenset[str]:
    """Return the names of the parameters that a template cannot do without: those outside its optional parts."""
    return parameters(_OPTIONAL.sub("", template))


def placeholders(template: str) -> frozenset[str]:
    """Return a template's placeholders as they are written, styles included: ``size_bytes:bytes``."""
    return frozenset(match[0][1:-1] for match in _PLACEHOLDER.finditer(template))


def optional_parts(template: str) -> frozenset[frozenset[str]]:
    """Return, for each part that may fall away, the names of its parameters."""
    return frozenset(parameters(match[1]) for match in _OPTIONAL.finditer(template))


def for_readers(template: str) -> str:
    """Return a template as documentation shows it: parameters in italics, optional parts without brackets."""
    opened = _OPTIONAL.sub(lambda match: match[1], template)
    return _PLACEHOLDER.sub(lambda match: f"*{match[1]}*", opened)


def _given(params: Mapping[str, object], name: str) -> bool:
    return params.get(name) is not None and str(params[name]) != ""


def _shown(value: object, style: str | None, units: Units) -> str:
    if style == "quoted":
        return shlex.quote(plain(str(value), _LONGEST_PARAMETER))
    show = _STYLES.get(style or "")
    if show is not None:
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return show(number, units)
    return plain(str(value), _LONGEST_PARAMETER)


def _unit(units: Units, name: str, **params: object) -> str:
    return fill(units.get(name, ENGLISH_UNITS[name]), params)


def _as_bytes(number: float, units: Units) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def _as_rate(number: float, units: Units) -> str:
    return _unit(units, "rate", size=_as_bytes(number, units)) if number else _unit(units, "no-limit")


def _as_seconds(number: float, units: Units) -> str:
    if abs(number) < 100:
        return _unit(units, "seconds", seconds=f"{number:.3g}")
    minutes, seconds = divmod(round(number), 60)
    if minutes < 100:
        return _unit(units, "minutes-seconds" if seconds else "minutes", minutes=minutes, seconds=seconds)
    hours, minutes = divmod(minutes, 60)
    return _unit(units, "hours-minutes" if minutes else "hours", hours=hours, minutes=minutes)


def _as_percent(number: float, units: Units) -> str:
    return _unit(units, "percent", percent=f"{number * 100:.0f}")


_STYLES: Mapping[str, Callable[[float, Units], str]] = {
    "bytes": _as_bytes,
    "rate": _as_rate,
    "seconds": _as_seconds,
    "percent": _as_percent,
}
