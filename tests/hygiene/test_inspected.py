"""What inspecting says of archives that it refuses stands in the catalogue, found again by its words."""

import ast
from collections.abc import Iterator

import pytest

from backend.adapters.inspecting import tar
from backend.texts import Texts, phrased
from backend.texts.expected import EXPECTED
from backend.texts.filling import parameters
from backend.texts.inspected import INSPECTED
from backend.texts.phrases import found
from tests.hygiene.sources import modules

PLACES = {"damaged": 1, "decode": 2, "refuse_ambiguous_keys": 2, "checked_digest": 1, "_blob": 1, "_present": 2}
"""Function -> which argument is words within a detail."""
OWN_NAMES = {"manifest.json", "index.json", "12"}
"""What such an argument may be beside words: a document's own name, or what is worked out elsewhere."""
REFUSALS = {"TruncatedError", "NotAnImageError", "HostileArchiveError"}
WORKED_OUT = {
    "inspected.unknown-type": "of unknown type V",
    "inspected.damaged-stream": "the gzip data are damaged before byte 5 (stream 2, or rubbish after the end): x",
}
"""Words that no single place of the sources has."""


def rendered(node: ast.expr) -> str | None:
    """A literal, or an f-string with something in the place of its values."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "12" for part in node.values)
    return None


def details() -> Iterator[tuple[str, str]]:
    """Every detail that the readers of archives raise, and every phrase within one."""
    for path, tree in modules("backend/adapters/inspecting"):
        for node in ast.walk(tree):
            place = f"{path.name}:{getattr(node, 'lineno', 0)}"
            given: list[ast.expr] = []
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                raised = [word.value for word in node.keywords if name in REFUSALS and word.arg == "detail"]
                yield from ((place, rendered(each) or ast.unparse(each)) for each in raised)
                given += node.args[PLACES[name] : PLACES[name] + 1] if name in PLACES else []
            elif isinstance(node, ast.Assign):
                named = getattr(node.targets[0], "id", "") or getattr(node.targets[0], "attr", "")
                given += [node.value] if named in ("what", "_missing") else []
            for each in given:
                words = rendered(each)
                if words is not None and words not in OWN_NAMES:
                    yield place, words


TABLES = [*(kind.value for kind in tar.Kind), *tar.REFUSED.values(), *(name for _, name in tar.OTHERS)]
ALL = [*details(), *(("tar.py", words) for words in TABLES if words != "JSON")]


def test_every_detail_stands_in_the_catalogue() -> None:
    assert len(ALL) > 60, "they are no longer found where this test looks"
    assert [(place, words) for place, words in ALL if found(words, "detail") is None] == []


def keys_in(words: str) -> set[str]:
    """The entries that words, and the words within them, were made from."""
    return {value for name, value in phrased("detail", words).items() if name.endswith(".key")}


def test_no_entry_is_left_over() -> None:
    used = set().union(*(keys_in(words) for _, words in ALL))
    assert set(INSPECTED) - used == WORKED_OUT.keys()
    for key, words in WORKED_OUT.items():
        assert key in keys_in(words)


def test_no_parameter_takes_the_place_of_the_entrys_own_key() -> None:
    assert [key for key, entry in {**EXPECTED, **INSPECTED}.items() if "key" in parameters(entry.message)] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "ends after 2000000 bytes, in the middle of a member: at least 97 bytes are missing",
            "在第 2000000 字节后结束，正处于某个成员中间：至少缺少 97 字节",
        ),
        (
            'incomplete: the layer "layer", which manifest.json names, is missing',
            '不完整：层 "layer"（见 manifest.json）缺失',
        ),
        ("not a tar archive, it looks like a zip file", "不是 tar 归档，看起来像 zip 文件"),
    ],
)
def test_another_language_says_all_of_a_detail_and_leaves_names_alone(words: str, said: str) -> None:
    params = phrased("detail", words)
    assert params["detail"] == words
    assert Texts("en").told_again("detail", params) == words
    assert Texts("zh_CN").told_again("detail", params) == said
