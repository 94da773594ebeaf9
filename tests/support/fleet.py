"""Fleets of real daemons under test: archives to drop, what each node says, and what each runtime says."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.api.client import new_key
from backend.api.wire import Action, ArchiveDocument, DeliveryDocument
from backend.demo.archives import MadeArchive, make_archive
from backend.demo.fleet import Fleet, FleetNode, NodePlan
from backend.model.archive import Layout
from tests.support.command_line import Called, call_with

WITHIN_S = 60.0
POLL_S = 0.02
QUICK: dict[str, object] = {
    "store.settle_s": 0.3,
    "store.min_free": "1MiB",
    "retry.waits_s": [1.0, 1.0, 1.0],
    "retry.jitter": 0.0,
    "peer.heartbeat_s": 1.0,
    "peer.lost_after_s": 3.0,
}
"""What the tests would wait for, shortened."""


def with_settings(name: str, *settings: Mapping[str, object]) -> NodePlan:
    """A node with short waits and further settings by dotted key."""
    merged = dict(QUICK)
    for each in settings:
        merged.update(each)
    return NodePlan(name, merged)


@dataclass(frozen=True)
class Archive:
    """An archive on disk. ``config`` is the image's config digest; ``digest`` as the fleet names it."""

    path: Path
    fingerprint: str
    digest: str
    size_bytes: int
    config: str = ""
    made: MadeArchive | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def sha256(self) -> bytes:
        """The digest's bytes."""
        return bytes.fromhex(self.digest.removeprefix("sha256:"))

    def drop(self, node: FleetNode, name: str | None = None) -> None:
        """Copy it into a node's store, complete from the first moment; over another file if one has the name."""
        target = node.store / (name or self.path.name)
        draft = node.store / f".draft-{self.fingerprint}"
        shutil.copyfile(self.path, draft)
        draft.replace(target)


def archive_of(path: Path, made: MadeArchive | None = None) -> Archive:
    """Describe a file."""
    data = path.read_bytes()
    config = made.config if made is not None else ""
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Archive(path, hashlib.md5(data).hexdigest(), digest, len(data), config, made)


def build(
    path: Path,
    *tags: str,
    seed: int,
    size_bytes: int = 200_000,
    layout: Layout = Layout.BOTH,
    base: Archive | None = None,
) -> Archive:
    """Make an archive with one image."""
    below = base.made if base is not None else None
    return archive_of(path, make_archive(path, tags, size_bytes, seed, layout=layout, base_layers_from=below))


async def until(condition: Callable[[], object], what: str, within_s: float = WITHIN_S, poll_s: float = POLL_S) -> None:
    """Poll until the condition (or what it awaits) is true. Fails, saying ``what``, when it never is."""
    answer: object = None
    try:
        async with asyncio.timeout(within_s):
            while True:
                found = condition()
                answer = (await found) if isinstance(found, Awaitable) else found
                if answer:
                    return
                await asyncio.sleep(poll_s)
    except TimeoutError:
        raise AssertionError(f"not within {within_s:g} s: {what}; last answer: {answer!r}") from None


async def archives(node: FleetNode) -> list[ArchiveDocument]:
    """All archives as a node knows them."""
    async with node.client() as client:
        return (await client.status(full=True)).archives


async def known(node: FleetNode, digest: str) -> ArchiveDocument | None:
    """One archive as a node knows it."""
    return next((found for found in await archives(node) if found.digest == digest and found.state != "rejected"), None)


async def cell(node: FleetNode, digest: str, of: str | None = None) -> DeliveryDocument | None:
    """A cell as ``node`` knows it: its own, or that of the node named ``of``."""
    found = await known(node, digest)
    if found is None:
        return None
    return next((each for each in found.deliveries if each.node == (of or node.name)), None)


async def reached(
    archive: Archive, state: str, nodes: Iterable[FleetNode], note: str | None = None
) -> list[DeliveryDocument]:
    """Wait until the archive's own cell of each node is in ``state``; those cells. Fails at once where one gave up."""
    return [await _reached(archive, state, node, note) for node in nodes]


async def _reached(archive: Archive, state: str, node: FleetNode, note: str | None) -> DeliveryDocument:
    found: DeliveryDocument | None = None

    async def there() -> bool:
        nonlocal found
        found = await cell(node, archive.digest)
        assert found is None or found.state != "failed" or state == "failed", (node.name, found.error)
        return found is not None and found.state == state

    try:
        await until(there, f"{archive.name} is {state} on {node.name}")
    except AssertionError as error:
        error.add_note(f"{found}\n{last_words(node)}")
        raise
    assert found is not None
    assert found.note == note, (node.name, found)
    return found


async def act(node: FleetNode, verb: str, *digests: str, nodes: list[str] | None = None, argument: str = "") -> int:
    """Do as an operator at ``node``; how many deliveries it was done for."""
    action = Action(new_key(), verb, list(digests) or None, nodes, argument=argument)  # type: ignore[arg-type]
    async with node.client() as client:
        result = await client.perform(action)
    assert result.ok, result
    return sum(each.count for each in result.nodes)


async def command(node: FleetNode, *words: str) -> Called:
    """Call ``dsync-tui`` with a node's settings, as an operator there does."""
    return await call_with(node.config, *words)


def log_of(node: FleetNode) -> str:
    """The daemon's log file, over all its lives."""
    path = node.directory / "logs" / "dsync.log"
    return path.read_text() if path.exists() else ""


def logged(node: FleetNode, code: str, *words: str) -> list[str]:
    """Lines of the event log with that code which hold all ``words``."""
    lines = [line for line in log_of(node).splitlines() if f"[{code}]" in line or f"[{code} " in line]
    return [line for line in lines if all(word in line for word in words)]


def last_words(node: FleetNode) -> str:
    """What helps to understand a failure."""
    return "\n".join(log_of(node).splitlines()[-25:])


def mirrored_loads(node: FleetNode, archive: Archive) -> int:
    """Lines of ``docker-loaded.log`` about an archive."""
    path = node.directory / "mirrors" / "docker-loaded.log"
    lines = path.read_text().splitlines() if path.exists() else []
    return sum(line.startswith(f"{archive.fingerprint} ") for line in lines)


def visible(node: FleetNode) -> dict[str, bytes]:
    """What an operator sees in the store: names with the digests' bytes."""
    return {
        entry.name: hashlib.sha256(Path(entry.path).read_bytes()).digest()
        for entry in os.scandir(node.store)
        if not entry.name.startswith(".")
    }


__all__ = ["Fleet", "FleetNode", "NodePlan"]
