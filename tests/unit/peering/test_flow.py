"""Queues that stay small, allowances that are kept."""

from hypothesis import given
from hypothesis import strategies as st

from backend.peering.flow import Allowance, Outbox
from backend.peering.limits import PeerLimits
from backend.peering.pacing import Backoff
from backend.peering.strangers import Strangers


def drained(box: Outbox) -> list[bytes]:
    frames = []
    while (frame := box.pop()) is not None:
        frames.append(frame)
    return frames


def test_frames_leave_in_the_order_in_which_they_came() -> None:
    box = Outbox(100, 10)
    for frame in (b"a", b"bb", b"c"):
        assert box.put(frame, latest=False)
    assert (len(box), box.size_bytes) == (3, 4)
    assert drained(box) == [b"a", b"bb", b"c"]
    assert (len(box), box.size_bytes) == (0, 0)


def test_the_latest_replaces_only_the_unsent_one_before_it() -> None:
    box = Outbox(100, 10)
    box.put(b"one", latest=True)
    box.put(b"row", latest=False)
    box.put(b"two", latest=True)
    assert drained(box) == [b"row", b"two"]
    box.put(b"three", latest=True)
    assert box.pop() == b"three"
    box.put(b"four", latest=True)
    assert drained(box) == [b"four"]


def test_a_full_box_takes_nothing_more() -> None:
    box = Outbox(10, 3)
    assert box.put(b"12345678", latest=False)
    assert not box.put(b"123", latest=False)
    assert box.put(b"12", latest=False)
    assert (len(box), box.size_bytes) == (2, 10)
    small = Outbox(10, 1)
    assert small.put(b"a", latest=True)
    assert small.put(b"b", latest=True)
    assert not small.put(b"c", latest=False)
    assert drained(small) == [b"b"]


@given(st.lists(st.tuples(st.binary(max_size=5), st.booleans(), st.booleans())))
def test_bytes_are_counted_whatever_happens(steps: list[tuple[bytes, bool, bool]]) -> None:
    box = Outbox(20, 5)
    for frame, latest, pop in steps:
        box.put(frame, latest)
        assert box.size_bytes <= 20
        assert len(box) <= 5
        if pop:
            box.pop()
    assert box.size_bytes == sum(len(frame) for frame in drained(box))


def test_an_allowance_lets_a_burst_pass_and_then_holds_the_rate() -> None:
    allowance = Allowance(rate_per_s=10.0, burst=20.0, now=0.0)
    assert [allowance.take(1, 0.0) for _ in range(20)] == [0.0] * 20
    assert allowance.take(1, 0.0) == 0.1
    assert allowance.take(9, 0.1) == 0.9
    assert allowance.take(0, 1.0) == 0.0
    assert allowance.take(20, 1000.0) == 0.0
    assert allowance.take(5, 1000.0) == 0.5


def test_redialling_slows_down_to_a_limit_and_starts_afresh() -> None:
    backoff = Backoff(PeerLimits(redial_first_s=0.2, redial_longest_s=5.0, redial_refused_s=30.0))
    assert backoff.next_s(0.5) == 0.1
    delays = []
    for _ in range(8):
        backoff.grow()
        delays.append(backoff.next_s(1.0))
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert backoff.next_s(0.0) == 3.75
    backoff.refuse()
    assert backoff.next_s(1.0) == 30.0
    backoff.grow()
    assert backoff.next_s(1.0) == 5.0
    backoff.reset()
    assert backoff.next_s(0.0) == 0.0


def test_a_stranger_is_news_once_a_minute_and_address() -> None:
    strangers = Strangers()
    assert strangers.is_news("a", 0.0)
    assert not strangers.is_news("a", 59.0)
    assert strangers.is_news("b", 59.0)
    assert strangers.is_news("a", 60.0)
    assert not strangers.is_news("b", 118.0)
    assert strangers.is_news("b", 119.0)


def test_a_scan_from_many_addresses_is_not_remembered_without_bound() -> None:
    strangers = Strangers()
    assert sum(strangers.is_news(str(number), 0.0) for number in range(5000)) == 1024
    assert strangers.is_news("x", 60.0)
