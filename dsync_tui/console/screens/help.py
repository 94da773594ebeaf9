"""Help: keys as they are bound now, signs as they are drawn now, and how filters are written."""

from collections.abc import Callable, Iterable, Iterator

from rich.cells import cell_len

from dsync_tui.console.cells import DOWN, LOOKS, Kind
from dsync_tui.console.glyphs import DASH
from dsync_tui.console.keys import GROUPS, KEYS, key_names
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, clipped, fitted, wrapped
from dsync_tui.console.screens.pushed import PushedScreen

_KEYS_CELLS = 12
TWO_FROM = 100


class HelpScreen(PushedScreen):
    """Made from the table of keys and from the bindings in force."""

    def __init__(self, kit: Kit, keys_of: Callable[[str], str]) -> None:
        super().__init__(kit)
        self._keys_of = keys_of

    def title_spans(self) -> list[Span]:
        """Help."""
        return [(self.kit.say("help.title"), "bar-strong")]

    def content(self, width: int) -> Iterable[Line]:
        """Keys by group, then signs, then filters; in two columns where there is room."""
        half = width if width < TWO_FROM else width // 2 - 1
        blocks = {group: list(self._group(group, half)) for group in GROUPS}
        signs, filters = list(self._signs()), list(self._filters(half))
        if width < TWO_FROM:
            for block in (*blocks.values(), signs, filters):
                yield from block
                yield []
            return
        left = _stacked([blocks["move"], blocks["mark"], signs])
        right = _stacked([blocks["act"], blocks["find"], blocks["look"], blocks["app"], filters])
        yield from _beside(left, right, half)

    def _group(self, group: str, width: int) -> Iterator[Line]:
        yield [(self.kit.say(f"help.group.{group}"), "title")]
        for key in KEYS:
            if key.group == group:
                names = " ".join(key_names(self._keys_of(key.id)))
                first = fitted(names, _KEYS_CELLS)
                for line in wrapped(self.kit.key_help(key.id), width - _KEYS_CELLS):
                    yield [(first, "key"), *line]
                    first = " " * _KEYS_CELLS

    def _signs(self) -> Iterator[Line]:
        kit = self.kit
        yield [(kit.say("help.signs"), "title")]
        for kind, look in LOOKS.items():
            if kind is Kind.NONE:
                continue
            glyph = look.ascii if kit.ascii_only else look.glyph
            if kind is Kind.TRANSFERRING:
                glyph = "0-9"
            meaning = kit.say(f"help.sign.{kind.word}")
            yield [(glyph, look.style), (" " * (6 - len(glyph)), "text"), (meaning, "text")]
        yield [(DOWN.ascii if kit.ascii_only else DASH, "down"), (" " * 5, "text"), (kit.say("help.sign.down"), "text")]

    def _filters(self, width: int) -> Iterator[Line]:
        yield [(self.kit.say("help.filters"), "title")]
        for number in range(1, 5):
            yield from wrapped(self.kit.say(f"help.filters.{number}"), width, "text")


def _stacked(blocks: list[list[Line]]) -> list[Line]:
    lines: list[Line] = []
    for block in blocks:
        lines += [*block, []]
    return lines


def _beside(left: list[Line], right: list[Line], width: int) -> Iterator[Line]:
    for row in range(max(len(left), len(right))):
        line: list[Span] = []
        room = width
        for text, style in left[row] if row < len(left) else []:
            shown = clipped(text, room)
            line.append((shown, style))
            room -= cell_len(shown)
        yield [*line, (" " * (room + 2), "text"), *(right[row] if row < len(right) else [])]
