"""Two settings with a shape of their own: what the store keeps, and bandwidth by time of day."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from backend.settings.quantities import (
    MINUTES_PER_DAY,
    format_age,
    format_minute,
    format_rate,
    parse_age,
    parse_minute,
    parse_rate,
)
from backend.settings.reading import Expected, Kind, as_list, as_table, as_text, each


class KeepMode(StrEnum):
    """What the store keeps of archives that ended well here."""

    ALL = "all"
    LOADED = "loaded"
    """Nothing: once the images are in the runtime the file may go."""
    AGE = "age"


@dataclass(frozen=True, slots=True)
class Keep:
    """How long stored archives stay; ``age_s`` counts only with ``KeepMode.AGE``."""

    mode: KeepMode = KeepMode.ALL
    age_s: int = 0

    @property
    def longest_s(self) -> float | None:
        """After how many seconds a stored archive may go; None: never."""
        return {KeepMode.ALL: None, KeepMode.LOADED: 0.0, KeepMode.AGE: float(self.age_s)}[self.mode]


@dataclass(frozen=True, slots=True)
class BandwidthWindow:
    """A limit between two minutes of the local day; over midnight where ``to`` comes before ``from``."""

    from_minute: int
    to_minute: int
    bandwidth_bps: int

    def covers(self, minute: int) -> bool:
        """Tell whether ``minute`` of the day lies inside (``from`` included, ``to`` not)."""
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute

    def minutes(self) -> Iterator[int]:
        """Yield every minute of the day that lies inside."""
        return (minute for minute in range(MINUTES_PER_DAY) if self.covers(minute))


def _read_keep(value: object) -> Keep:
    expected = '"all", "loaded" or an age such as "14d"'
    text = as_text(value, expected)
    if text == KeepMode.ALL:
        return Keep()
    if text == KeepMode.LOADED:
        return Keep(KeepMode.LOADED)
    try:
        return Keep(KeepMode.AGE, parse_age(text))
    except Expected as error:
        raise Expected(expected) from error


def _write_keep(keep: Keep) -> str:
    return format_age(keep.age_s) if keep.mode is KeepMode.AGE else keep.mode.value


def _read_window(value: object) -> BandwidthWindow:
    expected = '{ from = "08:00", to = "20:00", bandwidth = "20MiB/s" }'
    table = as_table(value, expected)
    for key in table:
        if key not in ("from", "to", "bandwidth"):
            raise Expected(f"only from, to and bandwidth, as in {expected}", f".{key}", table[key])
    minutes = {key: _part(table, key, expected) for key in ("from", "to")}
    rate_bps = table.get("bandwidth")
    try:
        bandwidth_bps = parse_rate(as_text(rate_bps, "a rate"))
    except Expected as error:
        raise Expected(str(error), ".bandwidth", rate_bps) from error
    if minutes["from"] == minutes["to"]:
        raise Expected("two different times in from and to")
    return BandwidthWindow(minutes["from"], minutes["to"], bandwidth_bps)


def _part(table: dict[str, object], key: str, expected: str) -> int:
    if key not in table:
        raise Expected(f"{key} as well, as in {expected}")
    try:
        return parse_minute(as_text(table[key], "a time of day as a string"))
    except Expected as error:
        raise Expected(str(error), f".{key}", table[key]) from error


def _read_schedule(value: object) -> tuple[BandwidthWindow, ...]:
    items = as_list(value, "a list of time windows")
    windows = each(items, _read_window)
    taken: set[int] = set()
    for index, window in enumerate(windows):
        if taken.intersection(window.minutes()):
            raise Expected("windows that do not overlap", f"[{index}]", items[index])
        taken.update(window.minutes())
    return windows


def _write_schedule(schedule: tuple[BandwidthWindow, ...]) -> object:
    return [
        {
            "from": format_minute(window.from_minute),
            "to": format_minute(window.to_minute),
            "bandwidth": format_rate(window.bandwidth_bps),
        }
        for window in schedule
    ]


KEEP: Kind[Keep] = Kind("all \\| loaded \\| age", _read_keep, _write_keep)
SCHEDULE: Kind[tuple[BandwidthWindow, ...]] = Kind("list of windows", _read_schedule, _write_schedule)
