"""Templates: filled safely whatever the parameters are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.texts.filling import fill, for_readers, parameters


@pytest.mark.parametrize(
    ("template", "params", "filled"),
    [
        ("{name} is ready", {"name": "app.tar"}, "app.tar is ready"),
        ("{name} is ready", {}, "{name} is ready"),
        ("{size_bytes:bytes} needed", {"size_bytes": "1288490188"}, "1.2 GiB needed"),
        ("{size_bytes:bytes} needed", {"size_bytes": 512}, "512 B needed"),
        ("{size_bytes:bytes} needed", {"size_bytes": "many"}, "many needed"),
        ("{size_bytes:bytes} needed", {"size_bytes": "inf"}, "inf needed"),
        ("{rate_bps:rate}", {"rate_bps": 0}, "no limit"),
        ("{rate_bps:rate}", {"rate_bps": 20 * 1024**2}, "20.0 MiB/s"),
        ("in {wait_s:seconds}", {"wait_s": 60}, "in 60 s"),
        ("in {wait_s:seconds}", {"wait_s": 150}, "in 2 min 30 s"),
        ("in {wait_s:seconds}", {"wait_s": 7200}, "in 2 h"),
        ("{share:percent}", {"share": 0.982}, "98 %"),
        ("chmod 644 {name:quoted}", {"name": "app.tar"}, "chmod 644 app.tar"),
        ("chmod 644 {name:quoted}", {"name": "x; rm -rf ~"}, "chmod 644 'x; rm -rf ~'"),
        ("gone[: {detail}]", {"detail": "size"}, "gone: size"),
        ("gone[: {detail}]", {"detail": ""}, "gone"),
        ("gone[: {detail}]", {}, "gone"),
        ("put it into [[nodes]]", {}, "put it into [[nodes]]"),
        ("sure? [y/N]", {"y": "x"}, "sure? [y/N]"),
        ("{a}", {"a": "{b}", "b": "no"}, "{b}"),
        ("[{a}]", {"a": "[{b}]", "b": "no"}, "[{b}]"),
        ("{name}", {"name": "[@click=app.quit]x"}, "[@click=app.quit]x"),
        ("{name}", {"name": "\x1b[31mred\u202e"}, "\\x1b[31mred\\u202e"),
        ("{__class__}", {}, "{__class__}"),
        ("{name.real} {name!r} {0}", {"name": "x"}, "{name.real} {name!r} {0}"),
    ],
)
def test_filling(template: str, params: dict[str, object], filled: str) -> None:
    assert fill(template, params) == filled


def test_a_long_parameter_is_cut() -> None:
    assert len(fill("{detail}", {"detail": "x" * 100_000})) == 1000


@given(st.text(), st.dictionaries(st.sampled_from(["a", "b", "name"]), st.text() | st.floats() | st.none()))
def test_filling_never_raises(template: str, params: dict[str, object]) -> None:
    assert isinstance(fill(template, params), str)


@given(st.sampled_from(["{a}", "x {a:bytes} y", "z[ ({a:seconds})]"]), st.text())
def test_what_a_parameter_holds_never_reaches_the_terminal_raw(template: str, hostile: str) -> None:
    filled = fill(template, {"a": hostile})
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in filled)


def test_what_templates_say_of_themselves() -> None:
    assert parameters("{a} and {b:bytes}[: {c}]") == {"a", "b", "c"}
    assert for_readers("{a} in [[nodes]][ ({b:bytes})]") == "*a* in [[nodes]] (*b*)"
