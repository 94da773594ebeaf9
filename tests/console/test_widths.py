"""Every sign that the console draws is one cell wide in every terminal, and ASCII where that is asked for."""

import unicodedata

import pytest
from rich.cells import cell_len

from backend.texts.console import CONSOLE
from dsync_tui.console import glyphs, spark
from dsync_tui.console.cells import CELL_CHARACTERS, DOWN, KIND_OF, LOOKS, Kind, glyph_table, style_table
from dsync_tui.console.theme_files import STYLES

SIGNS = [glyphs.CUT, glyphs.CUT_DOWN, glyphs.RULE, glyphs.DASH, glyphs.POINTER, glyphs.GOOD, glyphs.BAD, glyphs.FROM]
BRAILLE = sorted(
    {
        char
        for width in (1, 2)
        for left in range(5)
        for right in range(5)
        for char in spark.sparkline([left, right, 4, 4][: 2 * width], width, False)
    }
    | {char for share in range(101) for part in spark.bar(share / 100, 7, False) for char in part}
)
ALL_SIGNS = [*SIGNS, *BRAILLE, DOWN.glyph, *(look.glyph for look in LOOKS.values())]


@pytest.mark.parametrize("sign", ALL_SIGNS)
def test_signs_are_narrow_everywhere(sign: str) -> None:
    assert len(sign) == 1
    assert unicodedata.east_asian_width(sign) in ("N", "Na"), unicodedata.name(sign)
    assert cell_len(sign) == 1


def test_signs_that_the_test_above_sees() -> None:
    assert len(BRAILLE) > 10
    assert all("\u2800" <= char <= "\u28ff" or char == " " for char in BRAILLE)


@pytest.mark.parametrize("key", sorted(CONSOLE))
def test_texts_are_narrow_everywhere(key: str) -> None:
    odd = [char for char in CONSOLE[key].message if unicodedata.east_asian_width(char) == "A"]
    assert not odd, f"{key}: {odd} are two cells wide in CJK terminals"


def test_every_own_sign_has_an_ascii_stand_in() -> None:
    for sign in SIGNS:
        assert sign.translate(glyphs.ASCII).isascii()
    for look in (*LOOKS.values(), DOWN):
        assert look.ascii.isascii()
        assert len(look.ascii) == 1


def test_stand_ins_of_states_differ_from_each_other() -> None:
    shown = [look.ascii for kind, look in LOOKS.items() if kind is not Kind.TRANSFERRING]
    assert len(set(shown)) == len(shown)
    assert not set(shown) & set("0123456789")


@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_character_of_the_wire_has_a_look(ascii_only: bool) -> None:
    signs, styles = glyph_table(ascii_only), style_table()
    for char in CELL_CHARACTERS:
        assert Kind(KIND_OF[ord(char)]) is not Kind.UNKNOWN
        assert styles[ord(char)] in STYLES
        assert signs[ord(char)].isascii() or not ascii_only
    assert signs[ord("7")] == "7"
    assert Kind(KIND_OF[ord("~")]) is Kind.UNKNOWN
