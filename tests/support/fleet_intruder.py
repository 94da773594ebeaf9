"""A node of the roster that an attacker runs: it has the right key, and does what no daemon would."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import asyncssh
import msgspec

from backend.adapters.children import ChildRegister
from backend.demo.fleet import Fleet
from backend.demo.node import FleetNode
from backend.model.archive import CatalogEntry, Image, Layout, Order, Selector
from backend.model.delivery import Delivery, Stored
from backend.model.ids import Digest, Fingerprint, NodeId
from backend.model.messages import Entries, Granted, Hello, Message, Request, Rows, Ticket
from backend.peering.keys import NodeKey, load_or_create_key
from backend.peering.wire import BEAT, FrameReader
from backend.ports.tasks import TaskOwner
from tests.support.fleet import Archive, until
from tests.support.peer_caller import RawPeer, raw_peer
from tests.support.peer_fleet import hello

M = TypeVar("M", bound=Message)

_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
BEAT_EVERY_S = 0.3


class Intruder:
    """A channel to one daemon."""

    def __init__(self, key: NodeKey, peer: RawPeer) -> None:
        self.id = key.node_id
        self._peer = peer
        self._versions = 0
        self.heard: list[Message] = []

    def say(self, message: Message) -> None:
        """Say anything."""
        self._peer.say(message)

    def publish(self, entry: CatalogEntry) -> None:
        """Tell of an archive, and claim to hold a copy."""
        self._versions += 1
        row = Delivery(entry.digest, self.id, Stored(), version=self._versions, stored=True)
        self.say(Entries((entry,)))
        self.say(Rows((row,), since=self._versions - 1, upto=self._versions))

    async def answer(self, kind: type[M], digest: str) -> M:
        """Wait for a message of ``kind`` about an archive."""
        found: list[M] = []

        def there() -> bool:
            found[:] = [each for each in self.heard if isinstance(each, kind) and getattr(each, "digest", "") == digest]
            return bool(found)

        await until(there, f"the daemon says {kind.__name__}")
        return found[-1]

    async def ticket(self, digest: str) -> Ticket:
        """Ask for a slot as an honest node does."""
        self.say(Request(Digest(digest)))
        return (await self.answer(Granted, digest)).ticket

    async def listen(self) -> None:
        """Hear all that is said until cancelled."""
        frames = FrameReader("the daemon")
        while data := await self._peer.reader.read(65536):
            frames.feed(data)
            while (payload := frames.next()) is not None:
                if payload:
                    self.heard.append(_decoder.decode(payload))

    async def beat(self) -> None:
        """Stay alive until cancelled."""
        while True:
            self._peer.write(BEAT)
            await asyncio.sleep(BEAT_EVERY_S)


@contextlib.asynccontextmanager
async def intruder(fleet: Fleet, name: str, target: FleetNode) -> AsyncIterator[Intruder]:
    """Log in at ``target`` as the node ``name``, whose daemon does not run."""
    asyncssh.set_log_level("ERROR")
    key = load_or_create_key(fleet[name].directory / "keys")
    tasks = TaskOwner("intruder")
    async with raw_peer(key, target.peer_port) as peer:
        made = Intruder(key, peer)
        made.say(hello(name))
        tasks.start(made.listen(), "listen")
        tasks.start(made.beat(), "beat")
        try:
            await until(lambda: any(isinstance(each, Hello) for each in made.heard), "the daemon greets")
            yield made
        finally:
            await tasks.close()


def entry_of(
    origin: NodeId, archive: Archive, name: str, count: int, *tags: str, only: NodeId | None = None
) -> CatalogEntry:
    """What the origin of ``archive`` would tell of it, under any name; for one node ``only`` if that is given."""
    order = Order(count, origin)
    made = archive.made
    assert made is not None
    return CatalogEntry(
        digest=Digest(archive.digest),
        fingerprint=Fingerprint(archive.fingerprint),
        name=name,
        size_bytes=archive.size_bytes,
        origin=origin,
        order=order,
        selector=Selector(order, (only,) if only is not None else None),
        images=(Image(made.config, made.diff_ids, tags, "linux/amd64"),),
        layout=Layout.BOTH,
        unpacked_bytes=archive.size_bytes,
    )


class Burglar:
    """A plain rsync client at a data door."""

    def __init__(self, directory: Path) -> None:
        self.loot = directory / "loot"
        self.loot.mkdir(parents=True)
        self._register = ChildRegister(directory / "run")

    async def run(self, ticket: Ticket, *words: str, secret: str | None = None) -> tuple[int, str]:
        """Run rsync, ``{door}`` in ``words`` being the ticket's door; exit code and all that it said."""
        door = f"rsync://{ticket.user}@127.0.0.1:{ticket.port}/{ticket.module}"
        child = await self._register.spawn(
            ["rsync", *(word.format(door=door) for word in words)],
            purpose="burglar",
            about="",
            env={"RSYNC_PASSWORD": secret or ticket.secret},
        )
        async with child:
            async with asyncio.timeout(30):
                code = await child.wait()
        return code, child.stdout + child.stderr

    @property
    def stolen(self) -> list[bytes]:
        """All files that were got."""
        return [path.read_bytes() for path in self.loot.rglob("*") if path.is_file()]
