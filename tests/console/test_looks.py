"""The main screens in every theme and language, chosen so that each pair of choices is pictured once.

A picture of each theme, language, size and screen with every other would be 196; all pairs need a fifth of that.
"""

from collections.abc import Callable
from itertools import combinations, product

import pytest

from dsync_tui.console.theme_files import shipped_themes
from tests.console.test_snapshots import Compare, pictured
from tests.support.console import console
from tests.support.console_fleets import bad_health

SCREENS: dict[str, list[str]] = {
    "matrix": [],
    "transfers": ["2"],
    "retries": ["3"],
    "health": ["4"],
    "delivery": ["l", "l", "enter"],
    "question": ["6", "asterisk", "s"],
}
"""Screen -> the keys that lead there: all that styles are used for."""
THEMES = ("dark", "light", "contrast", "colourblind", "ansi", "mono")
LANGUAGES = ("en", "zh_CN")
SIZES = ((80, 24), (120, 36))
Look = tuple[str, str, str, tuple[int, int]]


def looks() -> list[Look]:
    """Every screen in every theme; languages and sizes take turns so that each meets each."""
    return [
        (screen, theme, LANGUAGES[(at + number) % 2], SIZES[(at // 2 + number // 2 + at * number) % 2])
        for (at, screen), (number, theme) in product(enumerate(SCREENS), enumerate(THEMES))
    ]


def named(look: Look) -> str:
    screen, theme, language, (width, height) = look
    return f"{screen}-{theme}-{language}-{width}x{height}"


@pytest.mark.parametrize("look", looks(), ids=named)
def test_looks(snap_compare: Compare, look: Look) -> None:
    screen, theme, language, size = look
    made = console(theme=theme, language=language)
    made.link.healths["master"] = bad_health("master")
    compare: Callable[..., bool] = snap_compare
    assert compare(made.app, terminal_size=size, run_before=pictured(made, *SCREENS[screen]))


def test_every_pair_of_choices_is_pictured() -> None:
    choices = (tuple(SCREENS), THEMES, LANGUAGES, SIZES)
    wanted = {
        (one, other, pair) for one, other in combinations(range(4), 2) for pair in product(choices[one], choices[other])
    }
    pictured_pairs = {
        (one, other, (look[one], look[other])) for look in looks() for one, other in combinations(range(4), 2)
    }
    assert wanted - pictured_pairs == set()


def test_every_theme_is_pictured() -> None:
    assert set(THEMES) == set(shipped_themes())
