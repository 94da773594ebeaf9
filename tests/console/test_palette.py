"""The shipped themes: complete, and as the table of states says."""

import pytest
from rich.style import Style

from backend.texts import text
from dsync_tui.console.palette import DEFAULT_THEME, FEW_COLOURS_THEME, NO_COLOUR_THEME, Palette
from dsync_tui.console.theme_files import STYLES, shipped_themes

THEMES = shipped_themes()
ATTRIBUTES = {
    "ready": {"dim"},
    "stored": {"dim"},
    "queued": set(),
    "transferring": {"bold"},
    "verifying": set(),
    "loading": set(),
    "waiting": {"underline"},
    "held": {"dim"},
    "failed": {"bold", "reverse"},
    "rejected": {"bold", "reverse"},
    "cancelled": {"dim"},
    "unknown": {"dim"},
    "down": {"dim"},
}
"""The table of docs: what tells states apart beside sign and colour."""


def attributes(style: Style) -> set[str]:
    names = ("bold", "dim", "underline", "reverse", "italic", "strike", "blink")
    return {name for name in names if getattr(style, name)}


def test_the_themes_that_are_promised_are_there() -> None:
    assert {DEFAULT_THEME, "light", "contrast", "colourblind", FEW_COLOURS_THEME, NO_COLOUR_THEME} <= set(THEMES)


@pytest.mark.parametrize("name", sorted(THEMES))
def test_states_have_the_attributes_of_the_table(name: str) -> None:
    for state, wanted in ATTRIBUTES.items():
        assert attributes(THEMES[name].styles[state]) == wanted, state


@pytest.mark.parametrize("name", sorted(THEMES))
def test_every_style_can_be_laid_on_every_place(name: str) -> None:
    palette = Palette(THEMES[name], ascii_only=False)
    for style in STYLES:
        for place in ("", "bar", "banner", "cursor-row", "dialog"):
            assert isinstance(palette.style(style, place), Style)
    with pytest.raises(LookupError):
        palette.style("no such style")


def test_the_colourless_theme_names_no_colour() -> None:
    for name, style in THEMES[NO_COLOUR_THEME].styles.items():
        assert style.color is None, name
        assert style.bgcolor is None, name


def test_themes_become_textual_ones_under_a_name_of_their_own() -> None:
    for name, theme in THEMES.items():
        assert theme.textual().name == f"dsync-{name}"
        assert theme.textual().ansi == theme.ansi


def test_themes_are_called_as_their_files_say() -> None:
    for name, theme in THEMES.items():
        assert text(f"console.theme.title.{name}") == theme.title
