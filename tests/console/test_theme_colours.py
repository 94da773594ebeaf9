"""The shipped themes can be read: by contrast, in 256 colours, and by the colour-blind."""

import pytest
from rich.style import Style

from dsync_tui.console.palette import FEW_COLOURS_THEME, NO_COLOUR_THEME, Palette
from dsync_tui.console.theme_files import STYLES, shipped_themes
from tests.support.colours import BLINDNESS, contrast, distance, of_256, seen

THEMES = shipped_themes()
COLOURED = sorted(set(THEMES) - {FEW_COLOURS_THEME, NO_COLOUR_THEME})
"""The others leave their colours to the terminal."""
GROUNDS = ("", "bar", "cursor-row", "dialog")
PLACES = frozenset({"bar", "bar-strong", "tab", "tab-active", "banner", "cursor", "cursor-row", "dialog", "choice"})
WORDS = tuple(name for name in STYLES if name not in PLACES | {"none", "rule", "choice-active", "marked"})
"""Styles of text that may stand on any ground."""
READABLE = 4.5
APART = 10.0

# The table of states: attributes, and the colour that beside these tells a state.
HUES = {
    "blue": {"ready"},
    "yellow": {"waiting", "held"},
    "cyan": {"transferring", "verifying", "loading"},
    "red": {"failed"},
    "magenta": {"rejected"},
    "default": {"queued", "stored"},
    "grey": {"cancelled", "unknown", "down"},
}


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("ground", GROUNDS, ids=lambda ground: ground or "plain")
def test_every_text_can_be_read_on_every_ground(name: str, ground: str) -> None:
    palette = Palette(THEMES[name], ascii_only=False)
    ratios = {style: contrast(*seen(palette.style(style, ground))) for style in WORDS}
    assert {style: ratio for style, ratio in ratios.items() if ratio < READABLE} == {}


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("ground", GROUNDS, ids=lambda ground: ground or "plain")
def test_that_holds_in_256_colours_too(name: str, ground: str) -> None:
    """What tmux shows unless it is told that the terminal can do more."""
    palette = Palette(THEMES[name], ascii_only=False)
    ratios = {style: contrast(*(of_256(colour) for colour in seen(palette.style(style, ground)))) for style in WORDS}
    assert {style: ratio for style, ratio in ratios.items() if ratio < READABLE} == {}


@pytest.mark.parametrize("name", COLOURED)
def test_bars_tabs_and_choices_can_be_read(name: str) -> None:
    palette = Palette(THEMES[name], ascii_only=False)
    for place in (*sorted(PLACES - {"cursor-row", "dialog"}), "choice-active"):
        colours = seen(palette.style(place))
        assert contrast(*colours) >= READABLE, place
        assert contrast(*(of_256(colour) for colour in colours)) >= READABLE, place


def attributes(style: Style) -> frozenset[str]:
    return frozenset(name for name in ("bold", "dim", "underline", "reverse") if getattr(style, name))


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_states_that_only_a_colour_tells_apart_are_told_apart_by_the_colour_blind(name: str, blindness: str) -> None:
    palette = Palette(THEMES[name], ascii_only=False)
    groups = [(hue, state) for hue, states in HUES.items() for state in sorted(states)]
    alike, compared = {}, 0
    for one_hue, one in groups:
        for other_hue, other in groups:
            # Default and grey are one hue in two strengths; their signs tell them apart.
            if one_hue >= other_hue or {one_hue, other_hue} == {"default", "grey"}:
                continue
            first, second = palette.style(one), palette.style(other)
            if attributes(first) != attributes(second):
                continue
            compared += 1
            apart = distance(seen(first)[0], seen(second)[0], blindness)
            if apart < APART:
                alike[one, other] = apart
    assert compared > 10
    assert alike == {}


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_good_warn_and_bad_words_are_told_apart_by_the_colour_blind(name: str, blindness: str) -> None:
    palette = Palette(THEMES[name], ascii_only=False)
    good, warn, bad, text = (seen(palette.style(style))[0] for style in ("good", "warn", "bad", "text"))
    for one, other in ((good, warn), (good, bad), (good, text), (warn, text)):
        assert distance(one, other, blindness) >= APART


def test_good_is_never_green_and_colours_are_those_of_the_table() -> None:
    for name in COLOURED:
        red, green, blue = seen(Palette(THEMES[name], ascii_only=False).style("ready"))[0]
        assert blue > green > red or blue > max(green, red), name
    ansi = THEMES[FEW_COLOURS_THEME].styles
    # Plain blue is all but black on many a dark terminal.
    told = {"blue": "bright_blue", "yellow": "yellow", "cyan": "cyan", "red": "red", "magenta": "magenta"}
    for hue, word in told.items():
        for state in HUES[hue]:
            colour = ansi[state].color
            assert colour is not None
            assert colour.name == word, state
    for hue in ("default", "grey"):
        assert all(ansi[state].color is None for state in HUES[hue])
