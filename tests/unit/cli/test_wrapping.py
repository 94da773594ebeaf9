"""Line breaks by cells, with and without spaces between words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dsync_tui.wrapping import pieces, wrap_cells

CHINESE = "还没有镜像包。把 docker save 导出的文件（或别的）放入监视目录，或运行 dsync-tui sync FILE。按 5 查看节点。"


@pytest.mark.parametrize("width", [4, 7, 20, 33, 72])
def test_chinese_fills_its_lines_and_loses_nothing(width: int) -> None:
    lines = list(wrap_cells(CHINESE, width))
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == CHINESE.replace(" ", "")


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() -> None:
    for width in range(6, 60):
        lines = list(wrap_cells(CHINESE, width))
        assert not any(line[0] in "，。）：；？！" for line in lines), width
        assert not any(line[-1] in "（「" for line in lines), width


def test_words_stay_whole_where_they_fit() -> None:
    assert list(wrap_cells("the quick brown fox", 10)) == ["the quick", "brown fox"]
    assert list(wrap_cells("运行 dsync-tui 一次", 12)) == ["运行", "dsync-tui 一", "次"]
    assert list(wrap_cells("xxxxxxxxxx", 4)) == ["xxxx", "xxxx", "xx"]
    assert list(wrap_cells("", 4)) == []


@given(st.text(st.sampled_from("ab 　，。（）节点\t\u0301"), max_size=40), st.integers(1, 12))
def test_any_text_fits(text: str, width: int) -> None:
    assert all(cell_len(line) <= max(2, width) for line in wrap_cells(text, width))


def test_pieces_are_never_empty() -> None:
    assert list(pieces("节点", 1)) == ["节", "点"]
    assert list(pieces("节点ab", 3)) == ["节", "点a", "b"]
