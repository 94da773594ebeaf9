"""The styles of the theme that is in force."""

from rich.style import Style

from dsync_tui.console.glyphs import ASCII
from dsync_tui.console.theme_files import ThemeFile

DEFAULT_THEME = "dark"
NO_COLOUR_THEME = "mono"
"""What ``NO_COLOR`` asks for: attributes alone."""
FEW_COLOURS_THEME = "ansi"
"""For terminals of 16 colours: a hue that such a terminal has not would become another one."""


class Palette:
    """The styles of one theme, laid over each other on demand and kept."""

    def __init__(self, theme: ThemeFile, ascii_only: bool) -> None:
        self.theme = theme
        self.ascii_only = ascii_only
        ground = Style()
        if not theme.ansi:
            ground = Style.parse(f"{theme.colours['foreground']} on {theme.colours['background']}")
        self._ground = ground
        self._made: dict[tuple[str, str], Style] = {}

    def style(self, name: str, place: str = "") -> Style:
        """The style of that name, on the ground of a place (the cursor's row, a bar) where it sets none itself."""
        made = self._made.get((name, place))
        if made is None:
            ground = self._ground + self._named(place) if place else self._ground
            made = self._made[name, place] = ground + self._named(name)
        return made

    def sign(self, text: str) -> str:
        """The text as this terminal can show it."""
        return text.translate(ASCII) if self.ascii_only and not text.isascii() else text

    def _named(self, name: str) -> Style:
        try:
            return self.theme.styles[name]
        except KeyError:
            raise LookupError(f"no style {name}") from None
