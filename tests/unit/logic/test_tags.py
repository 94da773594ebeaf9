"""Tags belong to the newest active archive that names them."""

from backend.logic.tags import (
    MoveTag,
    RemoveTag,
    corrections,
    missing_images,
    needed_images,
    overtaken_tags,
    owned_tags,
    owners,
    satisfied,
    undo,
)
from backend.model.runtime import RuntimeView
from tests.support.entries import archive, image

APP = "docker.io/library/app:1"
WEB = "docker.io/library/web:1"


V1 = archive(1, image("v1", APP))
V2 = archive(2, image("v2", APP))


def test_the_newest_owns_whatever_the_order_of_arrival() -> None:
    assert owners([V1, V2]) == owners([V2, V1]) == {APP: V2.digest}


def test_withdrawing_the_newer_gives_its_tags_back() -> None:
    withdrawn = archive(2, image("v2", APP), withdrawn=True)
    assert owners([V1, withdrawn]) == {APP: V1.digest}
    assert overtaken_tags(withdrawn, owners([V1, withdrawn])) == (APP,)
    assert overtaken_tags(withdrawn, owners([withdrawn])) == (), "nobody else has it"


def test_an_overtaken_archive_needs_no_image() -> None:
    held = owners([V1, V2])
    assert needed_images(V1, held) == ()
    assert needed_images(V2, held) == V2.images
    assert owned_tags(V1, held) == ()
    assert [overtaken_tags(each, held) for each in (V1, V2)] == [(APP,), ()]
    assert satisfied(V1, held, RuntimeView({}, {}))


def test_an_archive_without_tags_is_always_needed() -> None:
    bare = archive(1, image("bare"))
    assert needed_images(bare, {}) == bare.images
    assert not satisfied(bare, {}, RuntimeView({}, {}))
    assert satisfied(bare, {}, RuntimeView({"sha256:bare": "sha256:id"}, {}))


def test_of_several_images_those_with_an_owned_tag_are_needed() -> None:
    both = archive(1, image("app", APP), image("web", WEB), image("bare"))
    held = owners([both, V2])
    assert [found.config for found in needed_images(both, held)] == ["sha256:web", "sha256:bare"]


def test_ready_takes_presence_and_tags() -> None:
    held = owners([V2])
    present = {"sha256:v2": "sha256:id"}
    assert satisfied(V2, held, RuntimeView(present, {APP: "sha256:id"}))
    assert not satisfied(V2, held, RuntimeView({}, {APP: "sha256:id"}))
    assert not satisfied(V2, held, RuntimeView(present, {APP: "sha256:other"}))
    assert not satisfied(V2, held, RuntimeView(present, {APP: None}))
    assert not satisfied(V2, held, RuntimeView(present, {}))


def test_one_platform_of_several_is_enough() -> None:
    index = ("sha256:index",)
    multi = archive(
        1,
        image("amd", APP, platform="linux/amd64", manifests=index),
        image("arm", APP, platform="linux/arm64", manifests=index),
    )
    held = owners([multi])
    view = RuntimeView({"sha256:amd": "sha256:id"}, {APP: "sha256:id"})
    assert satisfied(multi, held, view)
    assert missing_images(multi, held, RuntimeView({}, {})) == multi.images


def test_two_images_of_one_platform_are_both_needed() -> None:
    index = ("sha256:index",)
    two = archive(
        1,
        image("a", APP, platform="linux/amd64", manifests=index),
        image("b", WEB, platform="linux/amd64", manifests=index),
    )
    view = RuntimeView({"sha256:a": "1", "sha256:b": "2"}, {})
    del view.present["sha256:b"]
    assert missing_images(two, owners([two]), view) == two.images[1:]


def test_a_late_older_archive_gives_the_tag_back_to_its_owner() -> None:
    held = owners([V1, V2])
    after = RuntimeView({"sha256:v1": "1", "sha256:v2": "2"}, {APP: "1"})
    assert corrections(V1, held, {APP: "2"}, after, {V2.digest: V2}) == (MoveTag(APP, "2"),)


def test_a_tag_whose_owner_is_not_here_goes_back_to_where_it_was() -> None:
    held = owners([V1, V2])
    after = RuntimeView({"sha256:v1": "1"}, {APP: "1"})
    assert corrections(V1, held, {APP: "0"}, after, {V2.digest: V2}) == (MoveTag(APP, "0"),)


def test_a_tag_that_was_nowhere_and_whose_owner_is_not_here_is_removed() -> None:
    held = owners([V1, V2])
    after = RuntimeView({"sha256:v1": "1"}, {APP: "1"})
    assert corrections(V1, held, {APP: None}, after, {V2.digest: V2}) == (RemoveTag(APP),)


def test_a_removal_touches_only_what_the_load_set() -> None:
    held = owners([V1, V2])
    after = RuntimeView({"sha256:v1": "1"}, {APP: "a person's"})
    assert corrections(V1, held, {APP: None}, after, {V2.digest: V2}) == ()


def test_an_owned_tag_that_points_elsewhere_is_moved() -> None:
    after = RuntimeView({"sha256:v2": "2"}, {APP: "9"})
    assert corrections(V2, owners([V2]), {APP: "9"}, after, {}) == (MoveTag(APP, "2"),)
    missing = RuntimeView({"sha256:v2": "2"}, {APP: None})
    assert corrections(V2, owners([V2]), {APP: None}, missing, {}) == (MoveTag(APP, "2"),)


def test_moves_come_before_removals() -> None:
    both = archive(1, image("x", APP, WEB))
    held = owners([both, archive(2, image("v2", APP))])
    after = RuntimeView({"sha256:x": "x"}, {APP: "x", WEB: None})
    found = corrections(both, held, {APP: None, WEB: None}, after, {})
    assert found == (MoveTag(WEB, "x"), RemoveTag(APP))


def test_references_that_the_load_set_beside_the_tags_go_back() -> None:
    shadow = "localhost/app:1"
    now = RuntimeView({"sha256:v2": "2"}, {APP: None, shadow: "2"})
    fresh = corrections(V2, owners([V2]), {APP: None, shadow: None}, now, {}, also=(shadow,))
    assert fresh == (MoveTag(APP, "2"), RemoveTag(shadow))
    built_here = corrections(V2, owners([V2]), {APP: None, shadow: "own"}, now, {}, also=(shadow,))
    assert built_here == (MoveTag(APP, "2"), MoveTag(shadow, "own"))


def test_such_a_reference_goes_back_even_where_an_archive_owns_it() -> None:
    """Who owns it may not be among the archives at hand: only the owner's own load moves it."""
    shadow = "localhost/app:1"
    other = archive(1, image("other", APP, shadow))
    now = RuntimeView({"sha256:v2": "2", "sha256:other": "o"}, {APP: "2", shadow: "2"})
    held = owners([V2, other])
    assert held[shadow] == other.digest
    found = corrections(V2, held, {APP: "2", shadow: "elsewhere"}, now, {other.digest: other}, also=(shadow,))
    assert found == (MoveTag(shadow, "elsewhere"),)


def test_a_failed_load_leaves_the_tags_as_they_were() -> None:
    now = RuntimeView({"sha256:new": "new"}, {"a": "new", "b": "new", "c": "same", "d": "a person's"})
    before = {"a": "old", "b": None, "c": "same", "d": None}
    assert undo(before, now) == (MoveTag("a", "old"), RemoveTag("b"))
