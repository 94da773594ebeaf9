"""Whatever happens to a runtime between loads: once all is settled, every tag points at its owner's image."""

import asyncio
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.engine.loader import Loader, LoadJob, TagsBefore
from backend.logic import tags
from backend.model.archive import CatalogEntry
from backend.model.errors import DsyncError, LoadRefusedError
from backend.model.ids import Digest
from backend.ports.fake_runtime import FakeLoadLocks, FakeRuntime
from tests.support.entries import archive, images

PATH = Path("/store/app.tar")
NAMES = ["docker.io/library/app:1", "docker.io/library/app:2", "localhost/app:1", "quay.io/app:1"]


class Node:
    """A node's catalog, runtime and loader."""

    def __init__(self, kind: str) -> None:
        self.runtime = FakeRuntime(kind)
        self.locks = FakeLoadLocks()
        self.loader = Loader(self.runtime, self.locks)
        self.entries: dict[Digest, CatalogEntry] = {}
        self.persisted: dict[Digest, TagsBefore] = {}

    @property
    def owners(self) -> dict[str, Digest]:
        return tags.owners(self.entries.values())

    async def settle(self, entry: CatalogEntry) -> None:
        owning = {self.owners[tag] for tag in entry.tags} - {entry.digest}

        async def on_began(before: TagsBefore) -> None:
            self.persisted[entry.digest] = before

        if not tags.needed_images(entry, self.owners):
            return
        others = tuple(self.entries[digest] for digest in sorted(owning))
        job = LoadJob(entry, PATH, others, tags_before=self.persisted.pop(entry.digest, None))
        try:
            outcome = await self.loader.settle(job, on_began)
        except DsyncError:
            self.persisted.pop(entry.digest, None)
            return
        self.persisted.pop(entry.digest, None)
        assert tags.satisfied(entry, self.owners, outcome.view)

    async def load_by_hand(self, entry: CatalogEntry) -> None:
        lock = await self.locks.acquire("fake")
        await self.runtime.load(PATH, entry, lock)
        self.locks.release(lock)

    async def crash_in_load(self, entry: CatalogEntry) -> None:
        """The daemon is killed, its loader goes on: nobody puts the tags right."""
        names = [*entry.tags, *(name for tag in entry.tags for name in self.runtime.shadows(tag))]
        self.persisted[entry.digest] = (await self.runtime.look([], names)).tags
        await self.load_by_hand(entry)
        self.loader = Loader(self.runtime, self.locks)


async def live(kind: str, published: list[CatalogEntry], data: st.DataObject) -> None:
    node = Node(kind)
    to_come = list(data.draw(st.permutations(published), label="order of news"))
    steps = ["news", "settle", "fail", "remove", "by hand", "crash"]
    while to_come:
        step = data.draw(st.sampled_from(steps), label="step")
        if step == "news" or not node.entries:
            entry = to_come.pop()
            node.entries[entry.digest] = entry
            continue
        entry = node.entries[data.draw(st.sampled_from(sorted(node.entries)), label="which")]
        if step == "remove" and node.runtime.images:
            node.runtime.remove(data.draw(st.sampled_from(sorted(node.runtime.images)), label="image"))
        elif step == "by hand":
            await node.load_by_hand(entry)
        elif step == "crash":
            await node.crash_in_load(entry)
        elif step in ("settle", "fail"):
            if step == "fail":
                node.runtime.failure = LoadRefusedError(name="", runtime="", detail="")
                node.runtime.failing_after = data.draw(st.integers(0, 3), label="images before it fails")
            await node.settle(entry)
            node.runtime.failure = None
    order = data.draw(st.permutations(list(node.entries.values())), label="last order")
    # Twice: docker takes an image without tags along when its last, overtaken tag is removed.
    for entry in (*order, *order):
        await node.settle(entry)
    for tag, owner in node.owners.items():
        (rightful,) = [image.config for image in node.entries[owner].images if tag in image.tags]
        assert node.runtime.tags.get(tag) == rightful
    loads = len(node.runtime.loads)
    for entry in node.entries.values():
        await node.settle(entry)
    assert len(node.runtime.loads) == loads, "a healing loop that never ends"


@given(
    st.sampled_from(["docker", "podman"]),
    st.lists(
        st.dictionaries(
            st.sampled_from("abcde"), st.frozensets(st.sampled_from(NAMES), max_size=3), min_size=1, max_size=3
        ),
        min_size=1,
        max_size=4,
    ).map(lambda contents: [archive(count, *images(content.items())) for count, content in enumerate(contents, 1)]),
    st.data(),
)
def test_every_tag_ends_at_its_owner(kind: str, published: list[CatalogEntry], data: st.DataObject) -> None:
    asyncio.run(live(kind, published, data))
