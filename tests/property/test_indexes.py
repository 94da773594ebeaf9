"""What is looked up by index is what a search from end to end would find, after any writes."""

from hypothesis import given
from hypothesis import strategies as st

from backend.logic import tags
from backend.logic.entries import Entries
from backend.logic.known_files import KnownFiles
from backend.logic.state import NodeState, Policy
from backend.logic.summaries import Summary
from backend.model.archive import CatalogEntry, FileKey, Image, KnownFile, Order, Selector
from backend.model.delivery import Delivery, Held, Queued, Ready, Transferring, Waiting
from backend.model.errors import Problem
from backend.model.ids import Digest, Fingerprint, NodeId

NODES = [NodeId(f"SHA256:{letter}") for letter in "abc"]
DIGESTS = [Digest(f"sha256:{number:064x}") for number in range(5)]
orders = st.builds(Order, st.integers(1, 9), st.sampled_from(NODES))


@st.composite
def entries(draw: st.DrawFn) -> CatalogEntry:
    digest, order = draw(st.sampled_from(DIGESTS)), draw(orders)
    named = draw(st.lists(st.sampled_from(["a:1", "b:1", "b:2"]), unique=True))
    return CatalogEntry(
        digest=digest,
        fingerprint=Fingerprint(digest[-1] * 32),
        name=draw(st.sampled_from(["app.tar", "other.tar"])),
        size_bytes=1,
        origin=draw(st.sampled_from(NODES)),
        order=order,
        selector=Selector(order),
        images=(Image("sha256:x", (), tuple(named)),),
        withdrawn_at=draw(st.none() | orders),
    )


@given(st.lists(entries() | st.sampled_from(DIGESTS), max_size=20))
def test_entries(script: list[CatalogEntry | Digest]) -> None:
    """An entry writes, a digest deletes; tag owners worked out from what moved are those of all entries."""
    catalog, plain, owners = Entries(), dict[Digest, CatalogEntry](), dict[str, Digest]()
    for step in script:
        if isinstance(step, CatalogEntry):
            catalog[step.digest] = plain[step.digest] = step
        else:
            catalog.pop(step, None)
            plain.pop(step, None)
        for tag in catalog.take_moved_tags():
            owner = tags.owner_of(catalog.tagged(tag))
            if owner is None:
                owners.pop(tag, None)
            else:
                owners[tag] = owner
        expected = tags.owners(plain.values())
        assert owners.keys() == expected.keys()
        # Two archives of one order would be a forgery; either may own the tag then.
        assert all(plain[owners[tag]].order == plain[digest].order for tag, digest in expected.items())
    assert catalog == plain
    for origin in NODES:
        assert catalog.published_by(origin) == sum(entry.origin == origin for entry in plain.values())
        for name in ("app.tar", "other.tar"):
            found = [entry for entry in plain.values() if (entry.origin, entry.name) == (origin, name)]
            assert sorted(catalog.named(origin, name), key=str) == sorted(found, key=str)
    assert sorted(catalog.ended, key=str) == sorted((entry for entry in plain.values() if not entry.active), key=str)
    assert catalog.summary.sums == Entries(plain).summary.sums
    for digest in DIGESTS:
        clash = catalog.clash_of(Fingerprint(digest[-1] * 32), Digest("sha256:" + "f" * 64))
        assert clash == plain.get(digest)


keys = st.builds(FileKey, st.just(1), st.integers(1, 3), st.just(5), st.just(7))
files = st.builds(KnownFile, st.sampled_from(["a", "b", "c"]), keys, st.sampled_from(DIGESTS), st.booleans())


@given(st.lists(files | st.sampled_from(["a", "b", "c"]), max_size=20))
def test_files(script: list[KnownFile | str]) -> None:
    """A file writes, a name deletes."""
    known, plain = KnownFiles(), dict[str, KnownFile]()
    for step in script:
        if isinstance(step, KnownFile):
            plain.pop(step.name, None)
            known[step.name] = plain[step.name] = step
        else:
            known.pop(step, None)
            plain.pop(step, None)
    assert known == plain
    for file in plain.values():
        assert known.with_key(file.key) == next(each for each in plain.values() if each.key == file.key)
        assert known.with_digest(file.digest) == tuple(each for each in plain.values() if each.digest == file.digest)


states = st.one_of(
    st.just(Queued()),
    st.just(Ready()),
    st.just(Waiting(1.0, Problem("x"))),
    st.just(Held(Problem("x"))),
    st.builds(Transferring, st.sampled_from(NODES)),
)
rows = st.builds(
    Delivery, st.sampled_from(DIGESTS), st.sampled_from(NODES), states, stored=st.booleans(), version=st.integers(1, 9)
)


@given(st.lists(rows | st.sampled_from(NODES), max_size=30))
def test_rows(script: list[Delivery | NodeId]) -> None:
    """A row writes, a node's ID drops its rows; a book read anew from the rows says the same."""
    state = NodeState(NODES[0], "a", Policy())
    for step in script:
        if isinstance(step, Delivery):
            state.write_row(step)
        else:
            state.drop_rows(step)
    written = [row for node_rows in state.rows.values() for row in node_rows.values()]
    for _ in range(2):
        for digest in DIGESTS:
            assert set(state.book.holders_of(digest)) == {
                row.node for row in written if row.digest == digest and row.stored
            }
        for node in NODES:
            fed = [row for row in written if isinstance(row.state, Transferring) and row.state.source == node]
            assert state.book.feeding(node) == len(fed)
        aside = {row.digest for row in written if row.node == NODES[0] and isinstance(row.state, Waiting | Held)}
        assert set(state.book.aside) == aside
        state.read_rows()


marks = st.dictionaries(st.text(max_size=3), st.integers(1, 5), max_size=20)


@given(marks, marks)
def test_summaries_tell_apart_just_what_differs(one: dict[str, int], other: dict[str, int]) -> None:
    """Equal replicas have equal sums by whatever way they came there; each difference lies in a part that is told."""
    first, second = Summary(), Summary()
    for key, mark in one.items():
        first.put(key, mark)
    for key, mark in (one | other).items():
        second.put(key, 9)
        second.put(key, mark)
    for key in other:
        if key not in one:
            second.drop(key)
        else:
            second.put(key, one[key])
    assert first.sums == second.sums
    assert first.unlike(second.sums) == ()
    for key, mark in other.items():
        second.put(key, mark)
    told = {key for key, _ in (*first.marks_in(first.unlike(second.sums)), *second.marks_in(first.unlike(second.sums)))}
    assert {key for key in other if one.get(key) != other[key]} <= told
