"""What changed at which sequence number."""

from backend.control.journal import Journal, Marks, Ring
from backend.engine.touched import Touched
from tests.support.engine import digest_of, node_id


def test_the_latest_change_of_each_key_counts() -> None:
    marks: Marks[str] = Marks(10)
    marks.mark(["a", "b"], 1)
    marks.mark(["c"], 2)
    marks.mark(["a"], 3)
    assert marks.since(0) == ["a", "c", "b"]
    assert marks.since(1) == ["a", "c"]
    assert marks.since(2) == ["a"]
    assert marks.since(3) == []


def test_what_was_forgotten_is_known_to_be_forgotten() -> None:
    marks: Marks[str] = Marks(2)
    marks.mark(["a"], 1)
    marks.mark(["b"], 2)
    assert marks.floor == 0
    marks.mark(["c"], 3)
    assert marks.floor == 1
    assert marks.since(1) == ["c", "b"]


def test_a_ring_counts_what_falls_out() -> None:
    ring: Ring[str] = Ring(2)
    for number, word in enumerate(["a", "b", "c"], start=1):
        ring.add(word, number)
    assert ring.after(0) == (["b", "c"], 1)
    assert ring.after(2) == (["c"], 0)
    assert ring.after(3) == ([], 0)
    assert ring.count_at(2) == 2
    assert ring.count_at(3) == 3


def test_a_reader_further_back_than_the_journal_is_told_so() -> None:
    journal = Journal(cells=Marks(2))
    for number in range(4):
        journal.record(Touched(rows={(node_id(0), digest_of(number))}))
    assert journal.sequence == 4
    assert not journal.knows_since(1)
    assert journal.knows_since(2)
    assert not journal.knows_since(5)
