"""What must be so in the end, and what must never be seen on the way."""

import asyncio
import hashlib
import json
import subprocess
from pathlib import Path

from backend.model.references import full_reference
from tests.chaos.world import Suffering, World
from tests.support.fleet_states import catalog, until

LOOK_S = 0.02


class Watchman:
    """Looks into the stores all the time: no file under a visible name may ever be of another size than a whole one."""

    def __init__(self, world: World) -> None:
        """``world``'s archives are the only whole files."""
        self._stores = [sufferer.node.store for sufferer in world.nodes]
        self._whole = {(made.path.name, made.size_bytes) for made in world.archives}
        self.faults: set[str] = set()
        self.looks = 0

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            for store in self._stores:
                self._look(store)
            self.looks += 1
            await asyncio.sleep(LOOK_S)

    def _look(self, store: Path) -> None:
        for path in store.iterdir():
            if path.name.startswith((".", "dsync-health-")) or path.name.endswith(".tmp"):
                continue
            try:
                size_bytes = path.stat().st_size
            except FileNotFoundError:
                continue
            if not any(path.name.startswith(name) and size_bytes == whole for name, whole in self._whole):
                self.faults.add(f"{store.parent.name}: {path.name} was seen with {size_bytes} bytes")


async def all_well(world: World, within_s: float) -> list[str]:
    """Wait until every delivery has ended happily everywhere; what is wrong then."""
    expected = len(world.dropped)
    catalogs = []
    faults: list[str] = []
    for sufferer in world.nodes:
        try:
            document = await until(
                sufferer.node,
                lambda told: (
                    len([a for a in told.archives if a.state == "active"]) == expected
                    and all(
                        len(a.deliveries) == len(world.nodes)
                        and all(d.state in ("ready", "stored") for d in a.deliveries)
                        for a in told.archives
                    )
                ),
                "all deliveries have ended well",
                within_s,
            )
        except AssertionError as error:
            faults.append(str(error))
            continue
        catalogs.append(catalog(document))
    if any(each != catalogs[0] for each in catalogs):
        faults.append("the catalogs differ")
    for sufferer in world.nodes:
        faults += await asyncio.to_thread(_wrong_files, world, sufferer)
        if sufferer.loads is not None:
            faults += await asyncio.to_thread(_wrong_loads, world, sufferer)
    return faults


def _wrong_files(world: World, sufferer: Suffering) -> list[str]:
    wanted = {_sha256(world.archives[number].path): number for number in world.dropped}
    held: set[str] = set()
    faults = []
    for path in sufferer.node.store.iterdir():
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(".tmp"):
            digest = _sha256(path)
            held.add(digest)
            if digest not in wanted:
                faults.append(f"{sufferer.node.name}: {path.name} has other bytes than any archive")
    missing = [world.archives[number].path.name for digest, number in wanted.items() if digest not in held]
    return faults + [f"{sufferer.node.name}: has no copy of {name}" for name in sorted(missing)]


def _wrong_loads(world: World, sufferer: Suffering) -> list[str]:
    name = sufferer.node.name
    assert sufferer.loads is not None
    loads = [Path(line).name for line in sufferer.loads.read_text().splitlines()]
    faults = [
        f"{name}: {loaded} was loaded {loads.count(loaded)} times" for loaded in set(loads) if loads.count(loaded) > 1
    ]
    listed = subprocess.run(
        [*sufferer.podman, "images", "--all", "--no-trunc", "--format", "json"], capture_output=True, check=True
    ).stdout
    here = {tag: image["Id"] for image in json.loads(listed) for tag in image.get("Names") or ()}
    for tag, config in _rightful_tags(world).items():
        if here.get(tag) != config:
            faults.append(f"{name}: {tag} points at {here.get(tag)} instead of {config}")
    return faults


def _rightful_tags(world: World) -> dict[str, str]:
    """Tag -> image, for tags that one archive alone names: who of two owns it, publish order decided."""
    images: dict[str, list[str]] = {}
    for number in world.dropped:
        made = world.archives[number]
        for tag in made.tags:
            images.setdefault(full_reference(tag), []).append(made.config.removeprefix("sha256:"))
    return {tag: found[0] for tag, found in images.items() if len(found) == 1}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
