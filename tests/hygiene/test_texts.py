"""Every code that the sources use has its text, and every text fills in what its error brings."""

import ast
import re

import pytest

from backend.model.errors import DsyncError
from backend.texts.catalogue import AREAS, CATALOGUE
from backend.texts.filling import parameters
from tests.hygiene.sources import modules, strings_of
from tools.gendocs import error_types


@pytest.mark.parametrize("error", error_types(), ids=lambda error: error.code)
def test_every_error_has_a_message_and_a_remedy(error: type[DsyncError]) -> None:
    entry = CATALOGUE[error.code]
    assert entry.message
    assert entry.remedy


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in error_types()]
    assert len(codes) == len(set(codes))


def test_no_text_is_left_over_for_an_error_that_is_gone() -> None:
    assert set(AREAS["errors"]) == {error.code for error in error_types()}


@pytest.mark.parametrize(
    "error",
    [error for error in error_types() if "Params:" in (error.__doc__ or "")],
    ids=lambda error: error.code,
)
def test_templates_name_only_what_their_error_promises(error: type[DsyncError]) -> None:
    entry = CATALOGUE[error.code]
    used = parameters(entry.message) | parameters(entry.remedy)
    assert used <= _promised(error)


def _promised(error: type[DsyncError]) -> set[str]:
    told = (error.__doc__ or "").partition("Params:")[2]
    without_asides = re.sub(r"\([^()]*\)", "", told)
    return set(re.findall(r"[a-z_]+", without_asides.partition(".")[0]))


def test_causes_are_of_errors_that_there_are_and_numbered_without_a_gap() -> None:
    numbers: dict[str, list[int]] = {}
    for key in AREAS["causes"]:
        _, code, number = key.split(".")
        numbers.setdefault(code, []).append(int(number))
    assert numbers.keys() <= AREAS["errors"].keys()
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_every_note_of_the_logic_and_engine_has_a_line() -> None:
    codes = {
        code
        for folder in ("backend/logic", "backend/engine")
        for _, tree in modules(folder)
        for code in _note_codes(tree)
    }
    assert len(codes) > 10, "the notes are no longer found where this test looks"
    assert {f"event.{code}" for code in codes} - CATALOGUE.keys() == set()


def test_every_problem_made_by_hand_has_a_text() -> None:
    codes = {
        code
        for _, tree in modules("backend")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Problem" and call.args
        for code in strings_of(call.args[0])
    }
    assert "paused" in codes
    assert codes - CATALOGUE.keys() == set()


def _note_codes(tree: ast.Module) -> list[str]:
    """Return the literal codes of ``….note(Level.X, code, …)`` and of ``Note(…, code=…)``."""
    codes: list[str] = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "note" and len(call.args) >= 2:
            codes += strings_of(call.args[1])
        if isinstance(call.func, ast.Name) and call.func.id == "Note":
            codes += [code for word in call.keywords if word.arg == "code" for code in strings_of(word.value)]
    return codes


@pytest.mark.parametrize("folder", ["backend", "dsync_tui"])
def test_every_key_that_is_looked_up_exists(folder: str) -> None:
    missing = [
        f"{path}:{call.lineno}: {key}"
        for path, tree in modules(folder)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for key in _looked_up(call)
        if key not in CATALOGUE
    ]
    assert missing == []


def _looked_up(call: ast.Call) -> list[str]:
    """Return the literal keys of ``text(key)``, ``….text(key)``, ``translate(key)``, ``told(name, key)``."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    place = {"text": 0, "translate": 0, "told": 1}.get(name, len(call.args))
    return strings_of(call.args[place]) if place < len(call.args) else []
