"""Port ``Runtime``: docker, podman and the one in memory behave alike."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from backend.adapters.children import ChildRegister
from backend.adapters.locks import LoadLocks
from backend.adapters.runtimes.docker import DockerRuntime
from backend.adapters.runtimes.podman import PodmanRuntime
from backend.model.archive import CatalogEntry, Layout
from backend.model.errors import LocalError, RuntimeSickError
from backend.ports import runtime as port
from backend.ports.fake_runtime import FakeLoadLocks, FakeRuntime
from tests.support.runtimes import PrivateDocker, PrivatePodman
from tests.support.tiny import tiny_archive

APP = "docker.io/library/app:1"
HOSTILE = (
    "-rf",
    "--all",
    "a b",
    "$(reboot)",
    "`id`",
    "app:1;reboot",
    "../app:1",
    "APP:1",
    "app:1\nweb:1",
    "app@sha256:1",
    "",
)


class House:
    """A runtime with its locks. ``keeps_untagged``: an image stays when its last tag is removed."""

    def __init__(self, runtime: port.Runtime, locks: port.LoadLocks, kind: str) -> None:
        self.runtime = runtime
        self.locks = locks
        self.kind = kind
        self.keeps_untagged = kind == "podman"

    async def load(self, path: Path, entry: CatalogEntry) -> None:
        lock = await self.locks.acquire((await self.runtime.probe()).endpoint)
        try:
            await self.runtime.load(path, entry, lock)
        finally:
            self.locks.release(lock)

    async def where(self, reference: str) -> str | None:
        """Where a tag, or what this runtime makes of it in a load, points."""
        names = [reference, *self.runtime.shadows(reference)]
        found = (await self.runtime.look([], names)).tags
        return next((found[name] for name in reversed(names) if found[name] is not None), None)


@pytest.fixture(
    params=[
        "fake docker",
        "fake podman",
        pytest.param("docker", marks=pytest.mark.real("root", "docker", "dockerd")),
        pytest.param("podman", marks=pytest.mark.real("root", "podman")),
    ]
)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    if request.param.startswith("fake"):
        kind = request.param.removeprefix("fake ")
        yield House(FakeRuntime(kind), FakeLoadLocks(), kind)
        return
    register, locks = ChildRegister(tmp_path / "run"), LoadLocks(tmp_path / "locks")
    if request.param == "docker":
        docker: PrivateDocker = request.getfixturevalue("private_docker")
        yield House(DockerRuntime(register, docker.command), locks, "docker")
        docker.clear()
    else:
        podman: PrivatePodman = request.getfixturevalue("private_podman")
        yield House(PodmanRuntime(register, podman.command), locks, "podman")
        podman.clear()
    assert register.survivors() == []


async def test_it_says_what_it_is(house: House) -> None:
    info = await house.runtime.probe()
    assert info.kind == house.kind
    assert info.version
    assert info.endpoint
    again = await house.runtime.probe()
    assert (again.kind, again.version, again.endpoint) == (info.kind, info.version, info.endpoint)
    assert again.free_bytes
    assert again.root == info.root


async def test_an_empty_runtime_holds_nothing(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("app:1",)})
    view = await house.runtime.look(entry.images, entry.tags)
    assert (view.present, view.tags) == ({}, {APP: None})
    assert (await house.runtime.look([], [])).present == {}


async def test_a_loaded_image_is_there_under_its_tag(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("app:1",)})
    await house.load(tmp_path / "app.tar", entry)
    (image,) = entry.images
    view = await house.runtime.look([image], [APP, "docker.io/library/none:1"])
    assert list(view.present) == [image.config]
    assert await house.where(APP) == view.present[image.config]
    assert view.tags["docker.io/library/none:1"] is None


async def test_some_there_and_some_not(house: House, tmp_path: Path) -> None:
    there = tiny_archive(tmp_path / "there.tar", {"a": ("app:1",)})
    absent = tiny_archive(tmp_path / "absent.tar", {"b": ("app:2",)})
    await house.load(tmp_path / "there.tar", there)
    view = await house.runtime.look([*absent.images, *there.images], [*absent.tags])
    assert list(view.present) == [there.images[0].config]
    assert view.tags == {"docker.io/library/app:2": None}


async def test_identity_takes_the_layers_too(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("app:1",)})
    await house.load(tmp_path / "app.tar", entry)
    liar = msgspec.structs.replace(entry.images[0], diff_ids=("sha256:" + "0" * 64,))
    assert (await house.runtime.look([liar], [])).present == {}


async def test_loading_twice_is_no_error(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("app:1",)})
    await house.load(tmp_path / "app.tar", entry)
    await house.load(tmp_path / "app.tar", entry)
    assert len((await house.runtime.look(entry.images, [])).present) == 1


async def test_a_load_moves_the_tag_even_to_an_older_image(house: House, tmp_path: Path) -> None:
    v1 = tiny_archive(tmp_path / "1.tar", {"one": ("app:1",)})
    v2 = tiny_archive(tmp_path / "2.tar", {"two": ("app:1",)})
    await house.load(tmp_path / "2.tar", v2)
    await house.load(tmp_path / "1.tar", v1)
    view = await house.runtime.look([*v1.images, *v2.images], [])
    assert len(view.present) == 2
    assert await house.where(APP) == view.present[v1.images[0].config]


async def test_several_images_with_names_of_all_forms(house: House, tmp_path: Path) -> None:
    contents = {
        "a": ("app:1", "quay.io/team/app:1"),
        "b": ("team/web:2", "localhost/web:2", "registry.test:5000/web:2"),
        "c": (),
    }
    entry = tiny_archive(tmp_path / "all.tar", contents)
    await house.load(tmp_path / "all.tar", entry)
    view = await house.runtime.look(entry.images, entry.tags)
    assert len(view.present) == 3
    for image in entry.images:
        for tag in image.tags:
            assert await house.where(tag) == view.present[image.config]


@pytest.mark.parametrize("layout", [Layout.DOCKER, Layout.BOTH])
async def test_layouts(house: House, tmp_path: Path, layout: Layout) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("app:1",), "b": ("app:2",)}, layout=layout)
    await house.load(tmp_path / "app.tar", entry)
    view = await house.runtime.look(entry.images, [])
    assert len(view.present) == 2
    assert await house.where(APP) == view.present[entry.images[0].config]


async def test_a_tag_is_made_moved_and_removed(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("app:1",), "b": ("app:2",)})
    await house.load(tmp_path / "app.tar", entry)
    view = await house.runtime.look(entry.images, [])
    first, second = (view.present[image.config] for image in entry.images)
    for reference in ("docker.io/library/new:1", "localhost/new:1", "quay.io/team/new:1"):
        await house.runtime.tag(first, reference)
        assert (await house.runtime.look([], [reference])).tags == {reference: first}
        await house.runtime.tag(second, reference)
        assert (await house.runtime.look([], [reference])).tags == {reference: second}
        await house.runtime.untag(reference)
        assert (await house.runtime.look([], [reference])).tags == {reference: None}
    assert len((await house.runtime.look(entry.images, [])).present) == 2


async def test_tags_of_one_name_in_two_domains_are_two_tags(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("quay.io/a:1",), "b": ("quay.io/b:1",)})
    await house.load(tmp_path / "app.tar", entry)
    view = await house.runtime.look(entry.images, [])
    first, second = (view.present[image.config] for image in entry.images)
    await house.runtime.tag(first, "docker.io/library/app:1")
    await house.runtime.tag(second, "localhost/app:1")
    names = ["docker.io/library/app:1", "localhost/app:1"]
    assert (await house.runtime.look([], names)).tags == dict(zip(names, (first, second), strict=True))
    await house.runtime.untag("docker.io/library/app:1")
    assert (await house.runtime.look([], names)).tags == dict(zip(names, (None, second), strict=True))


async def test_removing_what_is_not_there_is_no_error(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("quay.io/app:1",)})
    await house.load(tmp_path / "app.tar", entry)
    await house.runtime.untag("quay.io/none:1")
    view = await house.runtime.look(entry.images, ["quay.io/app:1", "quay.io/none:1"])
    assert view.tags == {"quay.io/app:1": entry.images[0].config, "quay.io/none:1": None}


async def test_the_last_tag_of_an_image(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("quay.io/app:1",)})
    await house.load(tmp_path / "app.tar", entry)
    await house.runtime.untag("quay.io/app:1")
    assert len((await house.runtime.look(entry.images, [])).present) == int(house.keeps_untagged)


async def test_an_absent_image_cannot_be_tagged(house: House) -> None:
    with pytest.raises(LocalError) as caught:
        await house.runtime.tag("sha256:" + "0" * 64, APP)
    assert not isinstance(caught.value, RuntimeSickError)


async def test_hostile_names_are_refused_and_reach_nobody(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("app:1",)})
    await house.load(tmp_path / "app.tar", entry)
    view = await house.runtime.look(entry.images, HOSTILE)
    assert view.tags == dict.fromkeys(HOSTILE)
    (image_id,) = view.present.values()
    for reference in HOSTILE:
        with pytest.raises(LocalError, match="not a reference"):
            await house.runtime.tag(image_id, reference)
        with pytest.raises(LocalError, match="not a reference"):
            await house.runtime.untag(reference)
    assert len((await house.runtime.look(entry.images, [])).present) == 1


async def test_many_names_in_one_question(house: House, tmp_path: Path) -> None:
    tags = tuple(f"quay.io/app:{number}" for number in range(210))
    entry = tiny_archive(tmp_path / "app.tar", {"a": tags})
    await house.load(tmp_path / "app.tar", entry)
    view = await house.runtime.look(entry.images, [*tags, "quay.io/app:none"])
    (image_id,) = view.present.values()
    assert view.tags == {**dict.fromkeys(tags, image_id), "quay.io/app:none": None}


async def test_several_questions_at_once_are_answered_each_for_itself(house: House, tmp_path: Path) -> None:
    there = tiny_archive(tmp_path / "there.tar", {"a": ("app:1",), "b": ("app:2",)})
    absent = tiny_archive(tmp_path / "absent.tar", {"c": ("app:3",)})
    await house.load(tmp_path / "there.tar", there)
    first, second = there.images
    liar = msgspec.structs.replace(first, diff_ids=("sha256:" + "0" * 64,))
    asked = [
        port.Question([liar], there.tags),
        port.Question(there.images, [*there.tags, *house.runtime.shadows(APP)]),
        port.Question(absent.images, absent.tags),
        port.Question([], []),
        port.Question([second], []),
    ]
    views = await house.runtime.look_at_all(asked)
    assert views == [await house.runtime.look(question.images, question.tags) for question in asked]
    configs = [list(view.present) for view in views]
    assert configs == [[], [first.config, second.config], [], [], [second.config]]
    assert await house.runtime.look_at_all([]) == []


async def test_hundreds_of_questions_of_which_few_find_something(house: House, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("app:1",)})
    await house.load(tmp_path / "app.tar", entry)
    name = "registry.test:5000/" + "a-long-name/" * 15
    absent = [
        port.Question(entry.images if number % 100 == 7 else [], [f"{name}app:{number}"]) for number in range(500)
    ]
    views = await house.runtime.look_at_all(absent)
    assert [number for number, view in enumerate(views) if view.present] == [7, 107, 207, 307, 407]
    assert {tag for view in views for tag in view.tags.values()} == {None}
