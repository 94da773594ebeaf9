"""Which holder is asked."""

from hypothesis import given
from hypothesis import strategies as st

from backend.logic.routing import Holder, choose
from backend.model.ids import NodeId


def holder(
    name: str, *, free: bool = True, failures: int = 0, near: bool = False, rate_bps: float | None = None, load: int = 0
) -> Holder:
    """A holder that is free and without troubles unless said."""
    return Holder(NodeId(name), free, failures, near, rate_bps, load)


def test_nobody() -> None:
    """None: the target stays queued, or the retry clock starts."""
    assert choose([], 0.5) is None


def test_free_before_busy_before_anything_else() -> None:
    """A slot now is worth more than a near line."""
    assert choose([holder("a", near=True, free=False), holder("b", failures=1)], 0.0) == "b"


def test_trouble_free_before_near_before_fast_before_idle() -> None:
    """In that order."""
    assert choose([holder("a", near=True, failures=1), holder("b", load=1)], 0.0) == "b"
    assert choose([holder("a", rate_bps=9e9), holder("b", near=True, rate_bps=1.0)], 0.0) == "b"
    assert choose([holder("a", rate_bps=1e6), holder("b", rate_bps=9e6, load=1)], 0.0) == "b"
    assert choose([holder("a", load=2), holder("b", load=1)], 0.0) == "b"


def test_rates_that_differ_by_little_count_as_equal() -> None:
    """Whoever shared the link made the difference; who was never tried may be the fastest."""
    assert choose([holder("a", rate_bps=3e6, load=1), holder("b", rate_bps=9e6, load=2)], 0.0) == "a"
    assert choose([holder("a", load=1), holder("b", rate_bps=9e6, load=2)], 0.0) == "a"
    assert choose([holder("a", rate_bps=1e5), holder("b", rate_bps=1e6), holder("c", rate_bps=9e6, load=1)], 0.0) == "c"
    assert choose([holder("a", rate_bps=1e4), holder("b", rate_bps=1e6)], 0.0) == "b"


@given(st.floats(0, 0.999999))
def test_chance_spreads_equals(chance: float) -> None:
    """Each equal is asked by its share of the chances."""
    equals = [holder(name) for name in "abcd"]
    assert choose(equals, chance) == "abcd"[int(chance * 4)]
