"""What operators' words mean."""

import msgspec
import pytest

from backend.control.selection import archive_named, archives_named, node_named, nodes_named, rejected_named
from backend.model.archive import Order
from backend.model.errors import (
    ArchiveAmbiguousError,
    ArchiveRejectedError,
    ArchiveUnknownError,
    NodeUnknownError,
    NotAnImageError,
)
from backend.model.ids import Digest, Fingerprint
from tests.support.engine import FakeEngine, digest_of, entry_of, node_id


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    engine.add(entry_of(0xABCDE1, name="web.tar", tags=("docker.io/library/web:1", "registry.local:5000/team/web:1")))
    engine.add(entry_of(0xABCDE2, name="api.tar", tags=("docker.io/library/api:latest",)))
    engine.state.aliases[digest_of(0xABCDE2)] = ["copy-of-api.tar"]
    return engine


@pytest.mark.parametrize(
    "word",
    [
        digest_of(0xABCDE1),
        "abcde1" + "f" * 26,
        "ABCDE1" + "F" * 26,
        "Abcde1FF",
        "abcde1",
        "abcde1ff",
        "sha256:abcde10",
        "web.tar",
        "web:1",
        "library/web:1",
        "docker.io/library/web:1",
        "registry.local:5000/team/web:1",
    ],
)
def test_ways_to_name_an_archive(engine: FakeEngine, word: str) -> None:
    assert archive_named(engine.state, word).name == "web.tar"


@pytest.mark.parametrize("word", ["api", "api:latest", "copy-of-api.tar"])
def test_tags_without_version_and_aliases(engine: FakeEngine, word: str) -> None:
    assert archive_named(engine.state, word).name == "api.tar"


@pytest.mark.parametrize("word", ["", "abcde", "nothing", "web", "web:2", "sha256:", "[@click=x]", "../web.tar"])
def test_what_names_nothing_is_refused(engine: FakeEngine, word: str) -> None:
    with pytest.raises(ArchiveUnknownError):
        archive_named(engine.state, word)


def test_a_refusal_names_what_is_like_it(engine: FakeEngine) -> None:
    with pytest.raises(ArchiveUnknownError) as caught:
        archive_named(engine.state, "web")
    assert "web.tar" in caught.value.params["near"]
    assert "web:1" in caught.value.params["near"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("wbe.tar", "web.tar"),
        ("/some/path/store/api.tar", "api.tar, copy-of-api.tar"),
        ("Trunk", "trunc.tar"),
        ("WEB.TAR", "web.tar"),
        ("//", ""),
    ],
)
def test_what_may_have_been_meant(engine: FakeEngine, word: str, near: str) -> None:
    engine.reject("trunc.tar", NotAnImageError(name="trunc.tar", detail="").problem())
    engine.add(entry_of(0xABCDE3, name="copy-of-api.tar"))
    with pytest.raises(ArchiveUnknownError) as caught:
        archive_named(engine.state, word)
    assert caught.value.params["near"] == near


@pytest.mark.parametrize("word", ["bad.tar", "file:bad.tar", "EEEEEE"])
def test_a_rejected_file_is_told_from_what_is_unknown(engine: FakeEngine, word: str) -> None:
    engine.reject("bad.tar", NotAnImageError(name="bad.tar", detail="").problem())
    with pytest.raises(ArchiveRejectedError) as caught:
        archive_named(engine.state, word)
    assert caught.value.params["name"] == "bad.tar"


def test_a_tag_means_the_archive_that_owns_it(engine: FakeEngine) -> None:
    tags = ("docker.io/library/web:1",)
    newer = engine.add(entry_of(0xABCDE5, name="newer.tar", tags=tags))
    newest = entry_of(0xABCDE6, name="newest.tar", tags=tags, superseded_by=Order(0xABCDE9, node_id(0)))
    engine.add(newest)
    assert archive_named(engine.state, "web:1") == newer
    engine.add(msgspec.structs.replace(newer, withdrawn_at=Order(0xABCDE8, node_id(0))))
    assert archive_named(engine.state, "web:1").name == "web.tar"


def test_a_tag_that_only_ended_archives_name_must_be_theirs_alone(engine: FakeEngine) -> None:
    ended = Order(0xABCDE9, node_id(0))
    only = engine.add(entry_of(1, name="one.tar", tags=("docker.io/library/old:1",), superseded_by=ended))
    assert archive_named(engine.state, "old:1") == only
    engine.add(entry_of(2, name="two.tar", tags=("docker.io/library/old:1",), superseded_by=ended))
    with pytest.raises(ArchiveAmbiguousError):
        archive_named(engine.state, "old:1")


def test_an_alias_that_is_in_use_comes_before_a_name_that_ended(engine: FakeEngine) -> None:
    engine.add(entry_of(3, name="copy-of-api.tar", superseded_by=Order(0xABCDE9, node_id(0))))
    assert archive_named(engine.state, "copy-of-api.tar").name == "api.tar"


def test_an_ambiguous_prefix_names_its_candidates(engine: FakeEngine) -> None:
    twin = entry_of(7, name="twin.tar", fingerprint=Fingerprint("abcde1" + "1" * 26))
    engine.add(twin)
    with pytest.raises(ArchiveAmbiguousError) as caught:
        archive_named(engine.state, "abcde1")
    assert caught.value.params["candidates"] == "twin.tar (abcde111), web.tar (abcde1ff)"
    assert archive_named(engine.state, "abcde11").name == "twin.tar"


def test_of_several_under_one_name_the_active_one_is_meant(engine: FakeEngine) -> None:
    old = engine.state.entries[digest_of(0xABCDE1)]
    engine.add(msgspec.structs.replace(old, superseded_by=Order(old.order.count + 5, node_id(0))))
    newer = engine.add(entry_of(9, name="web.tar"))
    assert archive_named(engine.state, "web.tar") == newer
    assert archive_named(engine.state, "abcde1").digest == old.digest


def test_a_prefix_must_be_unique_among_ended_archives_too(engine: FakeEngine) -> None:
    ended = entry_of(7, fingerprint=Fingerprint("abcde1" + "1" * 26), superseded_by=Order(50, node_id(0)))
    engine.add(ended)
    with pytest.raises(ArchiveAmbiguousError):
        archive_named(engine.state, "abcde1")


def test_a_name_beats_a_prefix(engine: FakeEngine) -> None:
    named = engine.add(entry_of(11, name="abcde1"))
    assert archive_named(engine.state, "abcde1") == named


def test_several_words_for_one_archive_name_it_once(engine: FakeEngine) -> None:
    assert [entry.name for entry in archives_named(engine.state, ["web.tar", "web:1", "api"])] == ["web.tar", "api.tar"]


def test_a_digest_is_looked_up_whole(engine: FakeEngine) -> None:
    assert archive_named(engine.state, Digest(digest_of(0xABCDE2))).name == "api.tar"


def test_rejected_files_by_name_key_and_fingerprint() -> None:
    engine = FakeEngine()
    engine.reject("bad.tar", NotAnImageError(name="bad.tar", detail="").problem())
    for word in ("bad.tar", "file:bad.tar", "e" * 32, "eeeeee"):
        assert [file.name for file in rejected_named(engine.state, word)] == ["bad.tar"]
    assert rejected_named(engine.state, "eeee") == []
    assert rejected_named(engine.state, "") == []


def test_nodes_by_name_and_id() -> None:
    engine = FakeEngine()
    assert node_named(engine.state, "node-0") == node_id(0)
    assert node_named(engine.state, node_id(2)) == node_id(2)
    assert nodes_named(engine.state, ["node-2", node_id(2), "node-1"]) == (node_id(2), node_id(1))
    assert nodes_named(engine.state, None) is None
    with pytest.raises(NodeUnknownError) as caught:
        node_named(engine.state, "node-7")
    assert caught.value.params["known"] == "node-0, node-1, node-2"


@pytest.mark.parametrize(
    ("nodes", "word", "near"),
    [
        (3, "NODE-2", "node-2"),
        (3, "node-2, Node-1", "node-1, node-2"),
        (3, "node-7", ""),
        (12, "nod-11", "node-11, node-1, node-10"),
        (12, "x", ""),
    ],
)
def test_nodes_that_may_have_been_meant(nodes: int, word: str, near: str) -> None:
    with pytest.raises(NodeUnknownError) as caught:
        node_named(FakeEngine(nodes).state, word)
    assert caught.value.params["near"] == near
