"""The loader against a runtime in memory: what it loads, what it persists first, what it puts back."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from backend.engine.loader import Loader, LoadJob, LoadOutcome, TagsBefore
from backend.model.archive import CatalogEntry, Image
from backend.model.errors import LoadRefusedError, LoadVanishedError, LocalError, RuntimeSickError
from backend.model.runtime import RuntimeView
from backend.ports.fake_runtime import FakeLoadLocks, FakeRuntime
from backend.ports.tasks import TaskOwner
from tests.support.entries import archive, image

PATH = Path("/store/app.tar")
APP = "docker.io/library/app:1"
WEB = "docker.io/library/web:1"
SHADOW = "localhost/app:1"


V1 = archive(1, image("v1", APP))
V2 = archive(2, image("v2", APP))
BOTH = archive(1, image("app1", APP), image("web1", WEB))
"""Of its tags V2 owns one."""


class Bench:
    """A loader with its runtime; ``began`` collects what would be persisted."""

    def __init__(self, kind: str = "docker") -> None:
        self.runtime = FakeRuntime(kind)
        self.locks = FakeLoadLocks()
        self.loader = Loader(self.runtime, self.locks)
        self.began: list[TagsBefore] = []

    async def settle(self, job: LoadJob) -> LoadOutcome:
        loads_before = self.runtime.loads.count(job.entry.digest)

        async def on_began(before: TagsBefore) -> None:
            assert self.runtime.loads.count(job.entry.digest) == loads_before
            self.began.append(before)

        return await self.loader.settle(job, on_began)

    async def load(self, entry: CatalogEntry) -> None:
        """As a person would, past the loader."""
        lock = await self.locks.acquire("fake")
        await self.runtime.load(PATH, entry, lock)
        self.locks.release(lock)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_absent_images_are_loaded_and_confirmed(bench: Bench) -> None:
    outcome = await bench.settle(LoadJob(V1, PATH))
    assert outcome.loaded
    assert not outcome.missing
    assert outcome.view.present == {"sha256:v1": "sha256:v1"}
    assert outcome.view.tags == {APP: "sha256:v1"}
    assert bench.began == [{APP: None}]


async def test_what_is_there_is_not_loaded_again(bench: Bench) -> None:
    await bench.load(V1)
    outcome = await bench.settle(LoadJob(V1, PATH))
    assert not outcome.loaded
    assert outcome.view.tags == {APP: "sha256:v1"}
    assert bench.runtime.loads == [V1.digest]
    assert bench.began == []


async def test_force_loads_what_is_there(bench: Bench) -> None:
    await bench.load(V1)
    assert (await bench.settle(LoadJob(V1, PATH, force=True))).loaded
    assert bench.began == [{APP: "sha256:v1"}]


async def test_force_loads_nothing_that_is_overtaken(bench: Bench) -> None:
    outcome = await bench.settle(LoadJob(V1, PATH, others=(V2,), force=True))
    assert not outcome.loaded
    assert bench.runtime.loads == []


async def test_a_retag_takes_no_load(bench: Bench) -> None:
    await bench.load(V1)
    retag = archive(2, image("v1", "docker.io/library/app:stable"))
    outcome = await bench.settle(LoadJob(retag, None))
    assert not outcome.loaded
    assert not outcome.missing
    assert bench.runtime.tags == {APP: "sha256:v1", "docker.io/library/app:stable": "sha256:v1"}


async def test_without_a_copy_absent_images_are_missing(bench: Bench) -> None:
    outcome = await bench.settle(LoadJob(V1, None))
    assert outcome.missing
    assert not outcome.loaded
    assert bench.began == []


async def test_a_late_older_archive_leaves_the_newer_tag(bench: Bench) -> None:
    await bench.settle(LoadJob(V2, PATH))
    outcome = await bench.settle(LoadJob(BOTH, PATH, others=(V2,)))
    assert outcome.loaded
    assert bench.runtime.tags == {APP: "sha256:v2", WEB: "sha256:web1"}
    assert outcome.view.tags == bench.runtime.tags


async def test_a_tag_whose_owner_is_yet_to_come_goes_back(bench: Bench) -> None:
    await bench.load(archive(0, image("v0", APP)))
    await bench.settle(LoadJob(BOTH, PATH, others=(V2,)))
    assert bench.runtime.tags == {APP: "sha256:v0", WEB: "sha256:web1"}


async def test_or_is_removed_where_it_was_not(bench: Bench) -> None:
    await bench.settle(LoadJob(BOTH, PATH, others=(V2,)))
    assert bench.runtime.tags == {WEB: "sha256:web1"}


async def test_a_moved_tag_is_put_right_without_a_load(bench: Bench) -> None:
    await bench.settle(LoadJob(V2, PATH))
    await bench.load(V1)
    assert bench.runtime.tags[APP] == "sha256:v1"
    outcome = await bench.settle(LoadJob(V2, PATH))
    assert not outcome.loaded
    assert bench.runtime.tags == {APP: "sha256:v2"}


async def test_images_removed_behind_our_back_are_loaded_again(bench: Bench) -> None:
    await bench.settle(LoadJob(V1, PATH))
    bench.runtime.remove("sha256:v1")
    outcome = await bench.settle(LoadJob(V1, PATH))
    assert outcome.loaded
    assert outcome.view.tags == {APP: "sha256:v1"}


async def test_a_load_that_ends_well_and_leaves_nothing_is_told(bench: Bench) -> None:
    bench.runtime.forgets = True
    with pytest.raises(LoadVanishedError) as caught:
        await bench.settle(LoadJob(V1, PATH))
    assert caught.value.params == {"runtime": "docker 0", "image": APP}


@pytest.mark.parametrize("kind", ["docker", "podman"])
async def test_after_a_failed_load_the_tags_stand_as_before(kind: str) -> None:
    bench = Bench(kind)
    await bench.settle(LoadJob(archive(0, image("v0", APP)), PATH))
    stood = dict(bench.runtime.tags)
    bench.runtime.failure, bench.runtime.failing_after = LoadRefusedError(name="1.tar", runtime="", detail=""), 1
    with pytest.raises(LoadRefusedError):
        await bench.settle(LoadJob(BOTH, PATH))
    assert bench.runtime.tags == stood
    # The lock is free again, and the next try is a whole one.
    assert (await bench.settle(LoadJob(BOTH, PATH))).loaded
    assert bench.runtime.tags == {APP: "sha256:app1", WEB: "sha256:web1"}


async def test_a_cancelled_load_puts_tags_back_and_frees_the_lock(bench: Bench) -> None:
    await bench.settle(LoadJob(archive(0, image("v0", APP)), PATH))
    bench.runtime.gate.clear()
    owner = TaskOwner("test")
    task = owner.start(bench.settle(LoadJob(V1, PATH)), "settle")
    for _ in range(20):
        await asyncio.sleep(0)
    assert bench.runtime.loading
    await owner.close()
    assert task.cancelled()
    assert bench.runtime.tags == {APP: "sha256:v0"}
    bench.runtime.gate.set()
    assert (await bench.settle(LoadJob(V1, PATH))).loaded


async def test_a_crashed_try_is_mended_from_what_was_persisted(bench: Bench) -> None:
    """The load went through while nobody was there: the tag of a newer archive stands wrong."""
    await bench.load(archive(0, image("v0", APP)))
    await bench.load(BOTH)
    outcome = await bench.settle(LoadJob(BOTH, PATH, others=(V2,), tags_before={APP: "sha256:v0", WEB: None}))
    assert not outcome.loaded
    assert bench.runtime.tags == {APP: "sha256:v0", WEB: "sha256:web1"}
    # Persisted anew before anything is changed, for the next crash.
    assert bench.began == [{APP: "sha256:v0", WEB: None}]


async def test_tags_that_a_dead_runtime_kept_from_being_put_back_are_put_back_later(bench: Bench) -> None:
    await bench.load(archive(0, image("v0", APP)))

    class Dying(FakeRuntime):
        async def look(self, images: Sequence[Image], tags: Sequence[str]) -> RuntimeView:
            self.sick = bool(self.loads)
            return await super().look(images, tags)

    dying = Dying()
    dying.images, dying.tags = dict(bench.runtime.images), dict(bench.runtime.tags)
    loader = Loader(dying, bench.locks)

    async def on_began(before: TagsBefore) -> None:
        bench.began.append(before)

    with pytest.raises(RuntimeSickError):
        await loader.settle(LoadJob(BOTH, PATH, others=(V2,)), on_began)
    assert dying.tags[APP] == "sha256:app1"
    dying.loads.clear()
    dying.sick = False
    await loader.settle(LoadJob(BOTH, PATH, others=(V2,)), on_began)
    assert dying.tags == {APP: "sha256:v0", WEB: "sha256:web1"}


async def test_where_a_tag_was_may_be_gone(bench: Bench) -> None:
    """The image that a tag pointed at before a crash was pruned: no tag is better than a wrong one."""
    await bench.load(BOTH)
    await bench.settle(LoadJob(BOTH, PATH, others=(V2,), tags_before={APP: "sha256:gone", WEB: None}))
    assert bench.runtime.tags == {WEB: "sha256:web1"}


async def test_a_sick_runtime_is_told_and_nothing_is_held(bench: Bench) -> None:
    bench.runtime.sick = True
    with pytest.raises(RuntimeSickError):
        await bench.settle(LoadJob(V1, PATH))
    bench.runtime.sick = False
    assert (await bench.settle(LoadJob(V1, PATH))).loaded


async def test_a_refusal_to_tag_our_own_image_is_told(bench: Bench) -> None:
    await bench.load(V1)

    class Stubborn(FakeRuntime):
        async def tag(self, image_id: str, reference: str) -> None:
            raise LocalError(detail="no")

    stubborn = Stubborn()
    stubborn.images = dict(bench.runtime.images)

    async def on_began(before: TagsBefore) -> None:
        pass

    with pytest.raises(LocalError):
        await Loader(stubborn, bench.locks).settle(LoadJob(V1, PATH), on_began)


async def test_two_archives_wait_for_each_other(bench: Bench) -> None:
    """The runtime in memory asserts that no two loads run at a time."""
    outcomes = await asyncio.gather(
        *(bench.settle(LoadJob(archive(count, image(str(count))), PATH)) for count in range(5))
    )
    assert all(outcome.loaded for outcome in outcomes)


async def test_short_names_of_podman_end_in_full(bench: Bench) -> None:
    bench = Bench("podman")
    outcome = await bench.settle(LoadJob(V1, PATH))
    assert bench.runtime.tags == {APP: "sha256:v1"}
    assert outcome.view.tags == {APP: "sha256:v1", SHADOW: None}
    assert bench.began == [{APP: None, SHADOW: None}]


async def test_what_a_person_built_under_podmans_short_name_stays(bench: Bench) -> None:
    bench = Bench("podman")
    bench.runtime.images["sha256:own"] = image("own")
    bench.runtime.tags[SHADOW] = "sha256:own"
    await bench.settle(LoadJob(V1, PATH))
    assert bench.runtime.tags == {APP: "sha256:v1", SHADOW: "sha256:own"}


async def test_an_archive_that_names_podmans_short_name_owns_it(bench: Bench) -> None:
    bench = Bench("podman")
    named = archive(3, image("x", APP), image("y", SHADOW))
    await bench.settle(LoadJob(named, PATH))
    assert bench.runtime.tags == {APP: "sha256:x", SHADOW: "sha256:y"}


async def test_an_archive_without_tags(bench: Bench) -> None:
    bare = archive(1, image("bare"))
    outcome = await bench.settle(LoadJob(bare, PATH))
    assert outcome.loaded
    assert outcome.view == msgspec.structs.replace(outcome.view, tags={})
