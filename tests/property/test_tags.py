"""Whatever the order in which archives are published, loaded and withdrawn: tags end at their owners' images."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backend.logic import tags
from backend.model.archive import CatalogEntry
from backend.model.ids import Digest
from backend.model.runtime import RuntimeView
from tests.support.entries import LATER, archive, images

TAGS = [f"docker.io/library/app:{number}" for number in range(4)]
FOREIGN = "docker.io/library/own:1"


class ToyRuntime:
    """A runtime in which loading moves tags, as Docker's does."""

    def __init__(self) -> None:
        self.images: set[str] = {"foreign"}
        self.tags: dict[str, str] = {FOREIGN: "foreign"}

    def view(self, entries: list[CatalogEntry]) -> RuntimeView:
        configs = {image.config for entry in entries for image in entry.images}
        return RuntimeView(
            {config: config for config in configs & self.images}, {tag: self.tags.get(tag) for tag in TAGS}
        )

    def load(self, entry: CatalogEntry) -> None:
        for image in entry.images:
            self.images.add(image.config)
            self.tags.update(dict.fromkeys(image.tags, image.config))

    def apply(self, found: tuple[tags.Correction, ...]) -> None:
        for correction in found:
            if isinstance(correction, tags.MoveTag):
                assert correction.image_id in self.images
                self.tags[correction.reference] = correction.image_id
            else:
                del self.tags[correction.reference]


def settle(runtime: ToyRuntime, entry: CatalogEntry, entries: dict[Digest, CatalogEntry]) -> int:
    """What the loader does; how many corrections it took."""
    held = tags.owners(entries.values())
    if not tags.needed_images(entry, held):
        return 0
    others = {digest: other for digest, other in entries.items() if digest != entry.digest}
    before = dict(runtime.view([*entries.values()]).tags)
    if tags.missing_images(entry, held, runtime.view([entry])):
        runtime.load(entry)
    found = tags.corrections(entry, held, before, runtime.view([*entries.values()]), others)
    runtime.apply(found)
    assert tags.satisfied(entry, held, runtime.view([entry]))
    return len(found)


def _archive(count: int, tag_sets: list[frozenset[str]]) -> CatalogEntry:
    return archive(count, *images((f"{count}-{index}", tag_set) for index, tag_set in enumerate(tag_sets)))


archives = st.lists(
    st.lists(st.frozensets(st.sampled_from(TAGS), max_size=3), min_size=1, max_size=3), min_size=1, max_size=5
).map(lambda contents: [_archive(count, tag_sets) for count, tag_sets in enumerate(contents, 1)])


@given(archives, st.data())
def test_tags_end_at_their_owners_images(published: list[CatalogEntry], data: st.DataObject) -> None:
    runtime = ToyRuntime()
    entries: dict[Digest, CatalogEntry] = {}
    to_come = data.draw(st.permutations(published), label="order of news")
    while to_come:
        step = data.draw(st.sampled_from(["news", "settle", "withdraw"]), label="step")
        if step == "news" or not entries:
            entry = to_come.pop()
            entries[entry.digest] = entry
            continue
        entry = entries[data.draw(st.sampled_from(sorted(entries)), label="which")]
        if step == "settle" and entry.active:
            settle(runtime, entry, entries)
        elif step == "withdraw":
            entries[entry.digest] = msgspec.structs.replace(entry, withdrawn_at=LATER)
    active = [entry for entry in entries.values() if entry.active]
    for entry in data.draw(st.permutations(active), label="last order"):
        settle(runtime, entry, entries)
    held = tags.owners(entries.values())
    for tag, owner in held.items():
        (rightful,) = [image.config for image in entries[owner].images if tag in image.tags]
        assert runtime.tags.get(tag) == rightful
    assert runtime.tags[FOREIGN] == "foreign"
    assert [settle(runtime, entry, entries) for entry in active] == [0] * len(active)


@given(archives, st.dictionaries(st.sampled_from(TAGS), st.just("foreign")))
def test_a_load_that_is_undone_changes_no_tag(published: list[CatalogEntry], before: dict[str, str]) -> None:
    runtime = ToyRuntime()
    runtime.tags.update(before)
    for entry in published:
        stood = dict(runtime.tags)
        tags_before = {tag: runtime.tags.get(tag) for tag in entry.tags}
        runtime.load(entry)
        runtime.apply(tags.undo(tags_before, runtime.view([entry])))
        assert runtime.tags == stood
