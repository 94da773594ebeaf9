"""From styled pieces to what a terminal reads: between two pieces only what differs in their styles is sent.

Textual sends each piece's whole style and takes it back behind it. Where every cell has a style of its own that is ten
times the text, and a page of a large terminal is a third of a megabyte.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_PLAIN = Style()
_KEPT_MOST = 4096


@dataclass(frozen=True, slots=True)
class _Codes:
    """A style's parts as the terminal's parameters; "" where it says nothing of them."""

    attributes: str
    colour: str
    ground: str

    def after(self, before: "_Codes") -> str:
        """What brings the terminal from one style to this one."""
        lost = (before.colour and not self.colour) or (before.ground and not self.ground)
        if self.attributes != before.attributes or lost:
            # Attributes are taken back only all together, and colours with them.
            parts = ["0", self.attributes, self.colour, self.ground]
        else:
            parts = [
                self.colour if self.colour != before.colour else "",
                self.ground if self.ground != before.ground else "",
            ]
        parameters = ";".join(part for part in parts if part)
        return f"\x1b[{parameters}m" if parameters else ""


class Inks:
    """Knows the way from each style to each other. One serves a whole terminal."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._steps: dict[tuple[Style, Style], str] = {}

    def render(self, segments: Iterable[Segment], colours: ColorSystem) -> str:
        """What draws the segments on a terminal whose style is the plain one, and is so again behind them."""
        parts: list[str] = []
        before = _PLAIN
        for text, style, _ in segments:
            if style is None:
                style = _PLAIN
            if style is not before:
                parts.append(self.step(before, style, colours))
                before = style
            parts.append(text)
        parts.append(self.step(before, _PLAIN, colours))
        return "".join(parts)

    def step(self, before: Style | None, after: Style | None, colours: ColorSystem) -> str:
        """What brings the terminal from one style to another; None is the plain one."""
        key = (before or _PLAIN, after or _PLAIN)
        step = self._steps.get(key)
        if step is None:
            if len(self._steps) > _KEPT_MOST:
                self._steps.clear()
            step = self._steps[key] = _codes(key[1], colours).after(_codes(key[0], colours))
        return step


def _codes(style: Style, colours: ColorSystem) -> _Codes:
    return _Codes(
        attributes=Strip.render_ansi(style.without_color, colours),
        colour=Strip.render_ansi(Style(color=style.color), colours) if style.color else "",
        ground=Strip.render_ansi(Style(bgcolor=style.bgcolor), colours) if style.bgcolor else "",
    )
