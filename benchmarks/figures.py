"""Measured figures beside what is demanded of them, and the table that shows both."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

_HEADINGS = ("", "demanded", "measured", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. ``at_most`` or ``at_least`` is what is demanded of it; neither: it is told for itself.

    ``measured`` is None where it could not be had; a figure of which something is demanded is missed then. ``note``
    says what a reader needs to judge it: how many samples, which size.
    """

    what: str
    measured: float | None
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        """Tell whether it is as demanded."""
        if self.at_most is None and self.at_least is None:
            return True
        if self.measured is None:
            return False
        return (self.at_most is None or self.measured <= self.at_most) and (
            self.at_least is None or self.measured >= self.at_least
        )

    @property
    def demanded(self) -> str:
        """What is demanded, in words; "" for nothing."""
        bounds = (("at most", self.at_most), ("at least", self.at_least))
        return ", ".join(f"{word} {number(bound)} {self.unit}".rstrip() for word, bound in bounds if bound is not None)

    @property
    def told(self) -> str:
        """What was measured, in words."""
        return "-" if self.measured is None else f"{number(self.measured)} {self.unit}".rstrip()


def number(value: float) -> str:
    """Three figures where there is a fraction, all of them where there is none; never in powers of ten."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def table(title: str, figures: Sequence[Figure]) -> str:
    """One table, with a mark at each figure that is missed."""
    rows = [_HEADINGS]
    rows += [(each.what, each.demanded, each.told, _verdict(each)) for each in figures]
    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(_HEADINGS))]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [title, rule]
    lines += ["  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines[:3], rule, *lines[3:], rule])


def _verdict(figure: Figure) -> str:
    return "  ".join(part for part in ("" if figure.met else "MISSED", figure.note) if part)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))
