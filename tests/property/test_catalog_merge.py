"""Merging catalogs: commutative, associative, idempotent, and never by wall clock."""

import functools
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backend.logic.catalog import fault_of, highest_count, merged
from backend.model.archive import CatalogEntry, Image, Order, Selector
from backend.model.ids import Digest, Fingerprint, NodeId

NODES = [NodeId("SHA256:a"), NodeId("SHA256:b"), NodeId("SHA256:c")]
orders = st.builds(Order, st.integers(0, 6), st.sampled_from(NODES))
selectors = st.builds(
    Selector,
    orders,
    st.one_of(st.none(), st.lists(st.sampled_from(NODES), unique=True).map(lambda nodes: tuple(sorted(nodes)))),
)


@st.composite
def entries(draw: st.DrawFn) -> CatalogEntry:
    """Any two of these are tellings of one archive."""
    order = draw(orders)
    return CatalogEntry(
        digest=Digest("sha256:" + "a" * 64),
        fingerprint=Fingerprint("b" * 32),
        name=draw(st.sampled_from(["app.tar", "other.tar"])),
        size_bytes=5,
        origin=order.node,
        order=order,
        selector=draw(selectors),
        images=(Image("sha256:" + "c" * 64, (), ("docker.io/library/app:1",)),),
        superseded_by=draw(st.one_of(st.none(), orders)),
        withdrawn_at=draw(st.one_of(st.none(), orders)),
        published_at=draw(st.floats(0, 2e9)),
        purge=draw(st.booleans()),
    )


@given(entries(), entries())
def test_commutative(one: CatalogEntry, other: CatalogEntry) -> None:
    """Who told first makes no difference."""
    assert merged(one, other) == merged(other, one)


@given(entries(), entries(), entries())
def test_associative(one: CatalogEntry, two: CatalogEntry, three: CatalogEntry) -> None:
    """By which way the news came makes no difference."""
    assert merged(merged(one, two), three) == merged(one, merged(two, three))


@given(entries(), entries())
def test_idempotent(one: CatalogEntry, other: CatalogEntry) -> None:
    """Hearing it again makes no difference."""
    both = merged(one, other)
    assert merged(both, one) == both
    assert merged(one, one) == one


@given(entries(), entries(), st.floats(0, 2e9))
def test_the_wall_clock_decides_nothing(one: CatalogEntry, other: CatalogEntry, at: float) -> None:
    """Of two different orders the higher wins, whatever the clocks said."""
    if one.order == other.order:
        return
    shifted = msgspec.structs.replace(one, published_at=at)
    assert merged(shifted, other).order == max(one.order, other.order)
    assert merged(shifted, other).name == (one if one.order > other.order else other).name


@given(entries(), entries())
def test_no_tombstone_and_no_order_is_lost(one: CatalogEntry, other: CatalogEntry) -> None:
    """The merge knows at least what each knew; a withdrawal is undone by a later publication only."""
    both = merged(one, other)
    assert highest_count(both) == max(highest_count(one), highest_count(other))
    for mark in (one.withdrawn_at, other.withdrawn_at):
        if mark is not None:
            assert both.withdrawn_at is not None
            assert both.withdrawn_at >= mark
            assert mark < both.order or mark == both.order or not both.active


@given(entries(), entries())
def test_the_latest_withdrawal_says_whether_copies_go(one: CatalogEntry, other: CatalogEntry) -> None:
    """An earlier one that purged does not outlive a later one that does not."""
    both = merged(one, other)
    if both.withdrawn_at is not None:
        tellers = [entry.purge for entry in (one, other) if entry.withdrawn_at == both.withdrawn_at]
        assert both.purge is any(tellers)


@given(st.lists(entries(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_marks_are_equal_just_where_entries_are(told: list[CatalogEntry], random: Random) -> None:
    """What replicas compare: whoever heard the same, in whatever order, has the same mark."""
    first = functools.reduce(merged, told)
    random.shuffle(told)
    second = functools.reduce(merged, told)
    assert first.mark == second.mark
    assert all((entry.mark == first.mark) is (entry == first) for entry in told)


@given(entries())
def test_sound_entries_have_no_fault(entry: CatalogEntry) -> None:
    """And each broken field is named."""
    assert fault_of(entry) is None
    assert fault_of(msgspec.structs.replace(entry, digest=Digest("sha256:xyz"))) == "digest"
    assert fault_of(msgspec.structs.replace(entry, fingerprint=Fingerprint("../../etc"))) == "fingerprint"
    assert fault_of(msgspec.structs.replace(entry, size_bytes=-1)) == "size"
    assert fault_of(msgspec.structs.replace(entry, name="")) == "name"
    assert fault_of(msgspec.structs.replace(entry, order=Order(1 << 60, NODES[0]))) == "order"
