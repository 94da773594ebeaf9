"""What real clients save, as the inspector reads it, ends where it belongs in the other runtime too."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from backend.adapters.children import ChildRegister
from backend.adapters.inspecting.inspector import FileInspector
from backend.adapters.locks import LoadLocks
from backend.adapters.runtimes.docker import DockerRuntime
from backend.adapters.runtimes.podman import PodmanRuntime
from backend.demo.archives import make_archive
from backend.engine.loader import Loader, LoadJob, LoadOutcome, TagsBefore
from backend.logic import tags
from backend.model.archive import CatalogEntry, Layout, Order, Selector
from backend.model.errors import LayoutUnsupportedError
from backend.model.ids import NodeId
from backend.ports.runtime import Runtime
from tests.support.runtimes import PrivateDocker, PrivatePodman, run
from tests.support.tiny import tiny_archive

pytestmark = pytest.mark.real("root", "docker", "dockerd", "podman")
NODE = NodeId("SHA256:a")
CONTENTS: dict[str, tuple[str, ...]] = {"a": ("app:1", "team/app:1"), "b": ("quay.io/web:2",)}


async def inspected(path: Path) -> CatalogEntry:
    facts = await FileInspector().inspect(path)
    order = Order(1, NODE)
    return CatalogEntry(
        digest=facts.hashes.digest,
        fingerprint=facts.hashes.fingerprint,
        name=path.name,
        size_bytes=facts.hashes.size_bytes,
        origin=NODE,
        order=order,
        selector=Selector(order),
        images=facts.images,
        layout=facts.layout,
        compression=facts.compression,
        unpacked_bytes=facts.unpacked_bytes,
    )


async def settle(runtime: Runtime, directory: Path, entry: CatalogEntry) -> LoadOutcome:
    async def on_began(before: TagsBefore) -> None:
        assert set(entry.tags) <= set(before)

    loader = Loader(runtime, LoadLocks(directory))
    outcome = await loader.settle(LoadJob(entry, directory / entry.name), on_began)
    assert tags.satisfied(entry, tags.owners([entry]), outcome.view)
    return outcome


class Pair:
    """A docker and a podman."""

    def __init__(self, directory: Path, docker: PrivateDocker, podman: PrivatePodman) -> None:
        register = ChildRegister(directory / "run")
        self.directory = directory
        self.docker = docker
        self.podman = podman
        self.by_docker = DockerRuntime(register, docker.command)
        self.by_podman = PodmanRuntime(register, podman.command)

    def clear(self) -> None:
        self.docker.clear()
        self.podman.clear()


@pytest.fixture
def pair(tmp_path: Path, private_docker: PrivateDocker, private_podman: PrivatePodman) -> Iterator[Pair]:
    pair = Pair(tmp_path, private_docker, private_podman)
    yield pair
    pair.clear()


async def test_what_docker_saves(pair: Pair) -> None:
    tiny_archive(pair.directory / "in.tar", CONTENTS)
    run(*pair.docker.command, "load", "--input", str(pair.directory / "in.tar"))
    saved = pair.directory / "saved.tar"
    run(*pair.docker.command, "save", "--output", str(saved), "app:1", "team/app:1", "quay.io/web:2")
    entry = await inspected(saved)
    assert set(entry.tags) == {"docker.io/library/app:1", "docker.io/team/app:1", "quay.io/web:2"}
    assert not (await settle(pair.by_docker, pair.directory, entry)).loaded
    assert (await settle(pair.by_podman, pair.directory, entry)).loaded
    assert not (await settle(pair.by_podman, pair.directory, entry)).loaded
    pair.clear()
    assert (await settle(pair.by_docker, pair.directory, entry)).loaded


async def test_what_podman_saves_for_docker(pair: Pair) -> None:
    """Its short names carry localhost/, which to docker is a domain: the same tag on both."""
    tiny_archive(pair.directory / "in.tar", CONTENTS)
    run(*pair.podman.command, "load", "--input", str(pair.directory / "in.tar"))
    saved = pair.directory / "saved.tar"
    names = ("localhost/app:1", "quay.io/web:2")
    run(*pair.podman.command, "save", "--multi-image-archive", "--output", str(saved), *names)
    entry = await inspected(saved)
    assert set(entry.tags) == set(names)
    assert not (await settle(pair.by_podman, pair.directory, entry)).loaded
    assert (await settle(pair.by_docker, pair.directory, entry)).loaded
    pair.clear()
    assert (await settle(pair.by_podman, pair.directory, entry)).loaded


async def test_what_podman_saves_as_oci(pair: Pair) -> None:
    tiny_archive(pair.directory / "in.tar", {"a": ("app:1",)})
    run(*pair.podman.command, "load", "--input", str(pair.directory / "in.tar"))
    saved = pair.directory / "saved.tar"
    run(*pair.podman.command, "save", "--format", "oci-archive", "--output", str(saved), "localhost/app:1")
    entry = await inspected(saved)
    assert (entry.layout, entry.tags) == (Layout.OCI, ("localhost/app:1",))
    pair.clear()
    assert (await settle(pair.by_podman, pair.directory, entry)).loaded
    with pytest.raises(LayoutUnsupportedError):
        await settle(pair.by_docker, pair.directory, entry)


@pytest.mark.parametrize("layout", list(Layout))
async def test_the_demos_own_archives(pair: Pair, layout: Layout) -> None:
    path = pair.directory / "demo.tar"
    make_archive(path, "dsync-demo/app:1", 1_000_000, seed=1, layout=layout)
    entry = await inspected(path)
    assert entry.tags == ("docker.io/dsync-demo/app:1",)
    assert (await settle(pair.by_podman, pair.directory, entry)).loaded
    if layout is not Layout.OCI:
        assert (await settle(pair.by_docker, pair.directory, entry)).loaded


async def test_an_index_of_several_platforms_takes_the_one_that_fits(pair: Pair) -> None:
    """The other platform's image never arrives, and is not missed."""
    path = pair.directory / "app.tar"
    make_archive(path, "app:1", 100_000, seed=1, layout=Layout.BOTH)
    entry = await inspected(path)
    (image,) = entry.images
    foreign = msgspec.structs.replace(
        image, config="sha256:" + "1" * 64, diff_ids=("sha256:" + "2" * 64,), platform="linux/s390x", manifests=()
    )
    both = msgspec.structs.replace(entry, images=(foreign, image))
    assert (await settle(pair.by_podman, pair.directory, both)).loaded
    assert not (await settle(pair.by_podman, pair.directory, both)).loaded
