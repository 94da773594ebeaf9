"""What settings say they expected stands in the catalogue, found again by its words."""

import ast
from collections.abc import Iterator

import pytest

from backend.texts import Texts, phrased
from backend.texts.expected import EXPECTED
from backend.texts.phrases import found
from tests.hygiene.sources import modules

PLACES = {"Expected": 0, "as_text": 1, "as_list": 1, "as_table": 1, "Fault": 2, "_error": 2, "_file_error": 2,
          "_fault": 4, "_wrong": 3, "phrased": 1}  # fmt: skip
"""Function -> which argument says what was expected."""


def rendered(node: ast.expr) -> str | None:
    """A literal, or an f-string with something in the place of its values; None for what is worked out elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "12" for part in node.values)
    return None


def expectations(folder: str) -> Iterator[tuple[str, str]]:
    """Every phrase that the sources raise, or keep under a name that says so."""
    for path, tree in modules(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                words = rendered(node.value) if node.targets[0].id.lower().endswith("expected") else None
            elif isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                place = PLACES.get(name, len(node.args))
                words = rendered(node.args[place]) if place < len(node.args) else None
            else:
                words = None
            if words:
                yield f"{path.name}:{getattr(node, 'lineno', 0)}", words


ALL = [each for folder in ("backend/settings", "backend/peering", "backend/adapters") for each in expectations(folder)]


WORKED_OUT = {
    "expected.known": "a known setting; known here: name, address",
    "expected.known-near": 'a known setting; did you mean "name"?',
    "expected.public-of": "the public key of a "
    "(there run: dsync-tui key, with its --config where a machine has several nodes)",
}
"""Words that no single place of the sources has."""


def test_every_expectation_stands_in_the_catalogue() -> None:
    assert len(ALL) > 60, "they are no longer found where this test looks"
    missing = [(place, words) for place, words in ALL if found(words) is None]
    # Its second half is worked out a line above: see WORKED_OUT.
    assert [words for _, words in missing] == ["a known setting; 12"]


def test_no_entry_is_left_over() -> None:
    used = {match[0] for _, words in ALL if (match := found(words)) is not None}
    assert set(EXPECTED) - used == WORKED_OUT.keys()
    for key, words in WORKED_OUT.items():
        match = found(words)
        assert match is not None
        assert match[0] == key


@pytest.mark.parametrize(
    ("words", "chinese"),
    [
        ("a whole number from 1 to 50", "1 到 50 之间的整数"),
        ('a rate such as "80MiB/s", or "0" for no limit (at least 1KiB/s)', None),
        ('a known setting; did you mean "settle_s"?', None),
        ("a table: [node]", None),
        ("something that nobody has translated", "something that nobody has translated"),
    ],
)
def test_words_are_said_in_another_language(words: str, chinese: str | None) -> None:
    english, other = (Texts(code).told_again("expected", phrased("expected", words)) for code in ("en", "zh_CN"))
    assert english == words
    assert other != words or chinese == words
    assert chinese is None or other == chinese
