"""Marks: one by one, all that is shown, and ranges that follow the cursor."""

from collections.abc import Callable

from dsync_tui.console.marks import Marks

KEYS = list("abcdef")
PLACES = {key: place for place, key in enumerate(KEYS)}


def test_one_by_one() -> None:
    marks: Marks[str] = Marks()
    marks.toggle("b")
    marks.toggle("c")
    marks.toggle("b")
    assert (list(marks), len(marks), "c" in marks, "b" in marks) == (["c"], 1, True, False)
    marks.clear()
    assert not marks


def test_a_range_follows_the_cursor_forth_and_back_and_spares_what_was_marked_before() -> None:
    marks: Marks[str] = Marks()
    marks.toggle("a")
    marks.begin_range("c")
    assert marks.reach(KEYS, PLACES, 4)
    assert marks.chosen == {"a", "c", "d", "e"}
    assert not marks.reach(KEYS, PLACES, 4), "nothing has changed"
    assert marks.reach(KEYS, PLACES, 1)
    assert marks.chosen == {"a", "b", "c"}
    marks.end_range()
    assert not marks.reach(KEYS, PLACES, 5)
    assert marks.chosen == {"a", "b", "c"}


def test_a_range_ends_where_its_beginning_is_no_longer_shown() -> None:
    marks: Marks[str] = Marks()
    marks.begin_range("c")
    assert not marks.reach(["a", "b"], {"a": 0, "b": 1}, 0)
    assert not marks.ranging
    assert marks.chosen == {"c"}


def test_any_other_mark_ends_a_range() -> None:
    acts: list[Callable[[Marks[str]], None]] = [
        lambda marks: marks.toggle("f"),
        lambda marks: marks.choose("ab"),
        lambda marks: marks.clear(),
    ]
    for act in acts:
        marks: Marks[str] = Marks()
        marks.begin_range("c")
        act(marks)
        assert not marks.ranging
