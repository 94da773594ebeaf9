"""Text from outside, made harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.model.plain import plain, safe_file_name


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("app.tar", "app.tar"),
        ("镜像.tar", "镜像.tar"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("safe\u202eexe.rat", "safe\\u202eexe.rat"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("[@click=app.quit]x", "[@click=app.quit]x"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_what_a_terminal_could_act_on_is_escaped(hostile: str, shown: str) -> None:
    """Markup is left: whoever renders, renders plain text."""
    assert plain(hostile) == shown


@given(st.text())
def test_nothing_invisible_is_left(text: str) -> None:
    """Whatever comes in."""
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for char in plain(text))


def test_length_is_capped() -> None:
    """A megabyte of name is no line of a log."""
    assert len(plain("x" * 1_000_000, 100)) == 100


@pytest.mark.parametrize(
    ("published", "stored"),
    [
        ("app.tar", "app.tar"),
        ("../../etc/passwd", "etcpasswd"),
        ("...hidden", "hidden"),
        ("a/b\\c", "abc"),
        ("\x00\x1b", "fallback"),
        ("..", "fallback"),
        ("", "fallback"),
    ],
)
def test_names_lose_what_could_lead_elsewhere(published: str, stored: str) -> None:
    """Slashes, controls and leading dots."""
    assert safe_file_name(published, "fallback") == stored


@given(st.text(max_size=600))
def test_any_name_fits_into_a_directory_entry(published: str) -> None:
    """With room for a suffix; never hidden, never a path."""
    name = safe_file_name(published, "fallback")
    assert 0 < len(name.encode()) <= 200
    assert "/" not in name
    assert "\x00" not in name
    assert not name.startswith(".")
