"""``ready`` is the truth: whatever happens in which order, a runtime's tags are what the publish order says.

The tests share a fleet; each says which tags it leaves where, and how many loads that may have cost. The last one lets
several sweeps pass and looks at all of that once more: nothing is loaded over and over.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.fleet import (
    Archive,
    Fleet,
    FleetNode,
    act,
    archives,
    build,
    cell,
    known,
    mirrored_loads,
    reached,
    until,
    visible,
    with_settings,
)
from tests.support.fleet_runtimes import HeldClient
from tests.support.runtimes import PrivateDocker, PrivatePodman

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("root", "rsync", "docker", "dockerd", "podman"),
    pytest.mark.asyncio(loop_scope="module"),
]

SWEEPS = 2
"""So many sweeps must pass without another load."""


@dataclass
class Expected:
    """What a test leaves: the tag's image, and how often each runtime may have been given the archive's bytes.

    ``name``: the copy's in the stores of the nodes with runtimes.
    """

    archive: Archive
    reference: str
    name: str
    loads: dict[str, int]


@dataclass
class Trio:
    """``dock`` has docker and sweeps every other second, ``pod`` has podman and never sweeps, ``bare`` has no runtime.

    ``late`` has a podman of its own and is started by the test that needs it.
    """

    fleet: Fleet
    directory: Path
    runtimes: dict[str, HeldClient]
    expected: list[Expected] = field(default_factory=list)
    seed: int = 100

    def __getitem__(self, name: str) -> FleetNode:
        return self.fleet[name]

    @property
    def dock(self) -> HeldClient:
        return self.runtimes["dock"]

    @property
    def pod(self) -> HeldClient:
        return self.runtimes["pod"]

    def nodes(self, *names: str) -> list[FleetNode]:
        return [self.fleet[name] for name in names or ("dock", "pod")]

    def archive(self, name: str, *tags: str, base: Archive | None = None) -> Archive:
        """Make an archive with an image that no other has."""
        self.seed += 1
        return build(self.directory / name, *tags, seed=self.seed, base=base)

    async def ready(self, archive: Archive, at: str = "bare") -> Archive:
        """Drop it and wait until it is ready wherever there is a runtime."""
        archive.drop(self[at])
        await reached(archive, "ready", self.nodes())
        return archive

    def leaves(self, archive: Archive, reference: str, dock: int = 1, pod: int = 1, name: str = "") -> None:
        """Assert how things stand, and let the last test look again: for each archive that owns tags."""
        expected = Expected(archive, reference, name or archive.name, {"dock": dock, "pod": pod})
        self.expected.append(expected)
        self.check(expected)

    def check(self, expected: Expected) -> None:
        """Ask runtimes, records and mirrors."""
        full = f"docker.io/library/{expected.reference}"
        for name, loads in expected.loads.items():
            said = (self.runtimes[name].image_of(full), self.runtimes[name].loads(expected.name))
            assert said == (expected.archive.config, loads), (name, expected.reference)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trio(
    tmp_path_factory: pytest.TempPathFactory, private_docker: PrivateDocker, private_podman: PrivatePodman
) -> AsyncIterator[Trio]:
    directory = tmp_path_factory.mktemp("truth")
    second = PrivatePodman()
    second.start()
    dock = HeldClient(directory / "dock-client", "docker", private_docker.command)
    pod = HeldClient(directory / "pod-client", "podman", private_podman.command)
    late = HeldClient(directory / "late-client", "podman", second.command)
    never = {"retry.sweep_s": 3600.0}
    plans = [
        with_settings("dock", dock.settings, {"retry.sweep_s": 2.0}),
        with_settings("pod", pod.settings, never),
        with_settings("bare", never),
        with_settings("late", late.settings, never),
    ]
    fleet = Fleet(directory / "nodes", plans, keep=True)
    trio = Trio(fleet, directory, {"dock": dock, "pod": pod, "late": late})
    try:
        fleet.prepare()
        await asyncio.gather(*(fleet[name].start() for name in ("dock", "pod", "bare")))
        await fleet.connected()
        yield trio
    finally:
        await fleet.close()
        second.close()
        private_docker.clear()
        private_podman.clear()


async def test_a_node_that_joins_late_loads_only_what_is_not_overtaken(trio: Trio) -> None:
    v1 = await trio.ready(trio.archive("join1.tar", "join:1"), at="dock")
    v2 = await trio.ready(trio.archive("join2.tar", "join:1"))
    await trio["late"].start()
    await reached(v2, "ready", trio.nodes("late"))
    await reached(v1, "stored", trio.nodes("late"), note="overtaken")
    late = trio.runtimes["late"]
    assert late.image_of("docker.io/library/join:1") == v2.config
    assert (late.loads(v1.name), late.loads(v2.name)) == (0, 1)
    await until(partial(_sees_ready, trio["dock"], v2, "late"), "dock learns that late is ready")
    await trio["late"].stop()
    trio.leaves(v2, "join:1")


async def _sees_ready(node: FleetNode, archive: Archive, of: str) -> bool:
    found = await cell(node, archive.digest, of)
    return found is not None and found.state == "ready"


async def test_the_newer_publication_wins_whatever_was_made_first(trio: Trio) -> None:
    v1, v2 = trio.archive("late1.tar", "late:1"), trio.archive("late2.tar", "late:1")
    await trio.ready(v2)
    await trio.ready(v1)
    trio.leaves(v1, "late:1")
    assert trio.dock.loads(v2.name) == trio.pod.loads(v2.name) == 1


async def test_an_older_archive_that_arrives_after_the_newer_takes_no_tag(trio: Trio) -> None:
    v1, v2 = trio.archive("cut1.tar", "cut:1"), trio.archive("cut2.tar", "cut:1")
    await asyncio.gather(trio["pod"].stop(), trio["bare"].stop())
    v1.drop(trio["dock"])
    await reached(v1, "ready", trio.nodes("dock"))
    await trio["dock"].stop()
    await asyncio.gather(trio["pod"].start(), trio["bare"].start())
    # One publication more than dock has made meanwhile, so that v2 is the newer one whoever has the higher ID.
    filler = trio.archive("filler.tar", "filler:1")
    filler.drop(trio["bare"])
    await reached(filler, "ready", trio.nodes("pod"))
    v2.drop(trio["bare"])
    await reached(v2, "ready", trio.nodes("pod"))
    await trio["dock"].start()
    await reached(v1, "stored", trio.nodes("pod"), note="overtaken")
    for each, reference in ((filler, "filler:1"), (v2, "cut:1")):
        await reached(each, "ready", trio.nodes())
        trio.leaves(each, reference)
    assert (trio.dock.loads(v1.name), trio.pod.loads(v1.name)) == (1, 0)


async def test_what_is_removed_or_moved_behind_our_back_comes_back_by_the_sweep(trio: Trio) -> None:
    gone = await trio.ready(trio.archive("gone.tar", "gone:1"))
    moved = await trio.ready(trio.archive("moved.tar", "moved:1"))
    await until(partial(_mirrored, trio["dock"], gone, 1), "the mirror tells of the first load")
    trio.dock.by_hand("image", "rm", "--force", "gone:1")
    trio.dock.by_hand("image", "tag", moved.config, "gone:2")
    await until(partial(_mirrored, trio["dock"], gone, 2), "the sweep loads it again")
    assert trio.dock.image_of("gone:1") == gone.config
    # A tag that was put elsewhere by hand needs no load.
    trio.dock.by_hand("image", "tag", moved.config, "gone:1")
    await until(lambda: trio.dock.image_of("gone:1") == gone.config, "the sweep puts the tag right")
    trio.leaves(gone, "gone:1", dock=2)
    trio.leaves(moved, "moved:1")
    assert trio.dock.image_of("gone:2") == moved.config, "a tag of the operator's own was touched"


def _mirrored(node: FleetNode, archive: Archive, times: int) -> bool:
    return mirrored_loads(node, archive) == times


async def test_sync_asks_again_and_loads_what_is_gone(trio: Trio) -> None:
    archive = await trio.ready(trio.archive("asked.tar", "asked:1"))
    trio.pod.by_hand("image", "rm", "--force", archive.config.removeprefix("sha256:"))
    assert not trio.pod.has_image(archive.config)
    # From another node, as an operator does who sits elsewhere.
    assert await act(trio["bare"], "sync", archive.digest, nodes=["pod"]) == 1
    await until(lambda: trio.pod.image_of("docker.io/library/asked:1") == archive.config, "sync loads it again")
    trio.leaves(archive, "asked:1", pod=2)


async def test_the_same_image_under_a_new_tag_moves_no_layer(trio: Trio) -> None:
    first = await trio.ready(trio.archive("plain.tar", "plain:1"))
    retagged = build(trio.directory / "stable.tar", "plain:stable", seed=trio.seed)
    assert (retagged.config, retagged.digest == first.digest) == (first.config, False)
    await trio.ready(retagged)
    for found in await reached(retagged, "ready", trio.nodes()):
        assert (found.attempts, found.bytes_received) == (0, 0), "it was sent although the image is there"
    trio.leaves(retagged, "plain:stable", dock=0, pod=0)
    trio.leaves(first, "plain:1")


async def test_a_new_file_over_the_old_name_takes_its_place_everywhere(trio: Trio) -> None:
    v1 = await trio.ready(trio.archive("over.tar", "over:1"))
    v2 = build(trio.directory / "over-2.tar", "over:1", seed=trio.seed + 1000, base=v1)
    v2.drop(trio["bare"], "over.tar")
    await reached(v2, "ready", trio.nodes())
    for node in trio.nodes("dock", "pod", "bare"):
        found = await known(node, v1.digest)
        assert found is not None
        assert found.state == "superseded", node.name
        # Copies that daemons placed go; the operator's own file was replaced by the operator.
        await until(partial(_keeps_only, node, v2, v1), f"{node.name} keeps the successor only")
    trio.leaves(v2, "over:1", name=f"over.tar.{v2.fingerprint[:8]}")
    assert trio.dock.loads("over.tar") == trio.pod.loads("over.tar") == 1


def _keeps_only(node: FleetNode, kept: Archive, gone: Archive) -> bool:
    held = list(visible(node).values())
    return (held.count(kept.sha256), held.count(gone.sha256)) == (1, 0)


async def test_pruning_costs_each_image_one_load(trio: Trio) -> None:
    old = await trio.ready(trio.archive("prune1.tar", "prune:1"))
    new = await trio.ready(trio.archive("prune2.tar", "prune:1"))
    trio.leaves(new, "prune:1")
    trio.dock.by_hand("image", "prune", "--all", "--force")
    for each in trio.expected:
        await until(partial(_points_at, trio.dock, each), f"the sweep loads {each.archive.name} again")
    # All that earlier tests left is loaded once more; of an image and its retag one, whichever the sweep takes first.
    by_retag = trio.dock.loads("stable.tar")
    extra = {"plain.tar": 1 - by_retag, "stable.tar": by_retag}
    for each in trio.expected:
        each.loads["dock"] += extra.get(each.archive.name, 1)
    # The overtaken one has lost its images for good: its cell says so.
    await reached(old, "stored", trio.nodes("dock"), note="overtaken")
    assert (trio.dock.loads(old.name), trio.dock.has_image(old.config)) == (1, False)


def _points_at(runtime: HeldClient, expected: Expected) -> bool:
    return runtime.image_of(expected.reference) == expected.archive.config


async def test_nothing_is_loaded_over_and_over(trio: Trio) -> None:
    # Without the tests before it there would be nothing to look at.
    if not trio.expected:
        trio.leaves(await trio.ready(trio.archive("only.tar", "only:1")), "only:1")
    before = {name: runtime.loads() for name, runtime in trio.runtimes.items()}
    active = sum(found.state == "active" for found in await archives(trio["dock"]))
    for name in ("dock", "pod"):
        runtime, node = trio.runtimes[name], trio[name]
        asked = len(runtime.record("look")) + (SWEEPS + 1) * active

        async def asked_often(node: FleetNode = node, runtime: HeldClient = runtime, asked: int = asked) -> bool:
            if node.name == "pod":
                await act(node, "sync", nodes=["pod"])
            return len(runtime.record("look")) >= asked

        await until(asked_often, f"{name} asks its runtime often", within_s=100, poll_s=0.5)
    assert {name: runtime.loads() for name, runtime in trio.runtimes.items()} == before
    for expected in trio.expected:
        trio.check(expected)
        await reached(expected.archive, "ready", trio.nodes())
