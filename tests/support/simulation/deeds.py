"""Commands become events: what hands, rsync, disks and runtimes would make of them."""

import itertools
from collections.abc import Callable
from math import inf

from backend.logic import tags
from backend.model import commands, events, messages
from backend.model.archive import CatalogEntry, FileKey
from backend.model.delivery import Progress
from backend.model.errors import (
    DigestMismatchError,
    DiskFullError,
    Problem,
    RuntimeSickError,
    SourceGoneError,
    TransferFailedError,
)
from backend.model.ids import Digest
from tests.support.simulation.clock import VirtualClock
from tests.support.simulation.flows import Flow, Flows
from tests.support.simulation.machines import Incoming, SimNode

LOOK_S = 0.05
TICKET_S = 0.005
LOAD_S = 2.0
CONNECT_S = 0.02

Post = Callable[[SimNode, events.Event], None]


class Deeds:
    """Carries out what concerns a node itself; what it says to others goes over the channels."""

    def __init__(
        self,
        clock: VirtualClock,
        flows: Flows,
        node_of: Callable[[str], SimNode],
        reaches: Callable[[SimNode, SimNode], bool],
        post: Post,
        hash_bps: float,
    ) -> None:
        """``reaches``: whether there is a line between two nodes; ``post`` lets a node decide at once.

        ``hash_bps``: how fast a node verifies (inf: always half a second).
        """
        self._clock = clock
        self._flows = flows
        self._node_of = node_of
        self._reaches = reaches
        self._post = post
        self._hash_bps = hash_bps
        self._inodes = itertools.count(1)
        self._running: dict[tuple[str, Digest], Flow] = {}

    def new_key(self, size_bytes: int) -> FileKey:
        """A file that was not there before."""
        return FileKey(1, next(self._inodes), size_bytes, int(self._clock.now * 1e9))

    def carry_out(self, node: SimNode, command: commands.Cmd) -> None:
        """Do it, or start it."""
        match command:
            case commands.LookAtRuntime(entry=entry):
                self._look(node, entry)
            case commands.MakeTicket():
                self._ticket(node, command)
            case commands.Fetch():
                self._fetch(node, command)
            case commands.Verify(entry=entry):
                took_s = 0.5 if self._hash_bps == inf else entry.size_bytes / self._hash_bps
                self._later(node, entry.digest, took_s, lambda: self._verified(node, entry))
            case commands.Load():
                self._load(node, command)
            case commands.RemoveStored(name=name, key=key):
                if node.store.get(name, (None,))[0] == key:
                    del node.store[name]
                    self._soon(node, events.FileVanished(name))
            case commands.DiscardIncoming(fingerprint=fingerprint):
                node.incoming.pop(fingerprint, None)
            case commands.StopWork(digest=digest):
                self.stop(node, digest)
            case commands.Remark(note=note):
                node.notes.append(note)
            case commands.Answer(result=result):
                node.results.append(result)
            case commands.SaveValue():
                node.save(command)
            case _:
                pass

    def stop(self, node: SimNode, digest: Digest) -> None:
        """End what runs for a delivery."""
        node.works[digest] = node.works.get(digest, 0) + 1
        flow = self._running.pop((node.id, digest), None)
        if flow is not None:
            self._flows.stop(flow)

    def _soon(self, node: SimNode, event: events.Event, delay_s: float = 0.0) -> None:
        life = node.life

        def happen() -> None:
            if node.alive and node.life == life:
                self._post(node, event)

        self._clock.after(delay_s, happen)

    def _later(self, node: SimNode, digest: Digest, delay_s: float, outcome: Callable[[], events.Event | None]) -> None:
        """An outcome that is made up when it falls due, from how the world is then; void once the work was stopped."""
        work, life = node.works.get(digest, 0), node.life

        def happen() -> None:
            if node.alive and node.life == life and node.works.get(digest, 0) == work:
                event = outcome()
                if event is not None:
                    self._post(node, event)

        self._clock.after(delay_s, happen)

    # --- serving and fetching ---------------------------------------------------------------------------------------

    def _ticket(self, node: SimNode, command: commands.MakeTicket) -> None:
        held = node.store.get(command.file)
        ticket = None
        if held is not None and held[0] == command.key:
            path = f"{command.digest}-{command.node}"
            node.serving[path] = held[1]
            ticket = messages.Ticket(873, "dsync", path, "u", "s")
        self._soon(node, events.TicketMade(command.digest, command.node, ticket), TICKET_S)

    def _fetch(self, node: SimNode, command: commands.Fetch) -> None:
        entry, source = command.entry, self._node_of(command.source)
        node.fetches.append((entry.digest, source.id))
        held = source.serving.get(command.ticket.path)

        def begin() -> events.Event | None:
            if held is None:
                return events.FetchEnded(entry.digest, 0, 0, SourceGoneError(source=source.name, detail="").problem())
            if not source.alive or not self._reaches(node, source):
                return events.FetchEnded(entry.digest, 0, 0, _broken(source))
            into = node.incoming.setdefault(entry.fingerprint, Incoming(self.new_key(entry.size_bytes)))
            if source.faults.lies or entry.digest in source.faults.lies_about:
                into.right = False
            saved = round(into.bytes_done)
            flow = self._flows.start(source, node, entry, into, lambda flow: self._fetched(flow, saved))
            self._running[node.id, entry.digest] = flow
            return None

        self._later(node, entry.digest, CONNECT_S, begin)

    def _fetched(self, flow: Flow, saved: int) -> None:
        self._running.pop((flow.target.id, flow.entry.digest), None)
        self._post(flow.target, events.FetchEnded(flow.entry.digest, round(flow.received_bytes), saved, None))

    def break_flows(self, one: SimNode, other: SimNode | None = None, only_where_cut: bool = False) -> None:
        """A node died, or the line between two: their transfers fail, and what has arrived stays."""
        for flow in self._flows.touching(one):
            if other is not None and other not in (flow.source, flow.target):
                continue
            if only_where_cut and self._reaches(flow.source, flow.target):
                continue
            self._flows.stop(flow)
            self._running.pop((flow.target.id, flow.entry.digest), None)
            if flow.target.alive:
                ended = events.FetchEnded(flow.entry.digest, round(flow.received_bytes), 0, _broken(flow.source))
                self._soon(flow.target, ended)

    def progressed(self, node: SimNode) -> events.FetchesProgressed | None:
        """How far a node's transfers are; what a full disk has stopped ends here too."""
        items = []
        for flow in self._flows.into(node):
            if node.free_bytes <= 0:
                self.stop(node, flow.entry.digest)
                full = DiskFullError(path="/store", needed_bytes=flow.entry.size_bytes, free_bytes=0).problem()
                self._soon(node, events.FetchEnded(flow.entry.digest, round(flow.received_bytes), 0, full))
                continue
            items.append(Progress(flow.entry.digest, 0, int(flow.into.bytes_done), int(flow.rate_bps)))
        return events.FetchesProgressed(tuple(items)) if items else None

    def _verified(self, node: SimNode, entry: CatalogEntry) -> events.Event | None:
        into = node.incoming.get(entry.fingerprint)
        if into is None:
            return None
        if not into.right:
            bad = DigestMismatchError(source="?", expected=entry.digest, found="sha256:" + "f" * 64)
            return events.VerifyFailed(entry.digest, bad.problem())
        self._post(node, events.HashesMatched(entry.digest, into.key))
        del node.incoming[entry.fingerprint]
        name = entry.name if entry.name not in node.store else f"{entry.name}.{entry.fingerprint[:8]}"
        node.store[name] = (into.key, entry.digest)
        return events.Verified(entry.digest, name, into.key)

    # --- the runtime ------------------------------------------------------------------------------------------------

    def _look(self, node: SimNode, entry: CatalogEntry) -> None:
        assert node.runtime is not None
        if node.runtime.sick:
            problem = RuntimeSickError(runtime="sim", detail="away").problem()
            self._soon(node, events.RuntimeLooked(entry.digest, None, problem), LOOK_S)
        else:
            view = node.runtime.look(entry.images, entry.tags)
            self._soon(node, events.RuntimeLooked(entry.digest, view), LOOK_S)

    def _load(self, node: SimNode, command: commands.Load) -> None:
        runtime, entry = node.runtime, command.entry
        assert runtime is not None

        def begin() -> events.Event:
            return events.LoadBegan(entry.digest, {tag: runtime.tags.get(tag) for tag in entry.tags})

        self._later(node, entry.digest, LOAD_S / 20, begin)
        self._later(node, entry.digest, LOAD_S, lambda: _loaded(node, command))


def _broken(source: SimNode) -> Problem:
    return TransferFailedError(source=source.name, detail="link", exit_code=12).problem()


def _loaded(node: SimNode, command: commands.Load) -> events.Event:
    runtime, entry = node.runtime, command.entry
    assert runtime is not None
    if runtime.sick:
        return events.LoadEnded(entry.digest, None, False, RuntimeSickError(runtime="sim", detail="").problem())
    owners = {tag: owner.digest for owner in command.owners for tag in owner.tags}
    for tag in entry.tags:
        owners.setdefault(tag, entry.digest)
    others = {owner.digest: owner for owner in command.owners}
    images = (*entry.images, *(image for owner in command.owners for image in owner.images))
    before = {tag: runtime.tags.get(tag) for tag in entry.tags}
    missing = tags.missing_images(entry, owners, runtime.look(images, entry.tags))
    loaded = (bool(missing) or command.force) and command.file in node.store
    runtime.tries += loaded
    if loaded and runtime.room_bytes is not None and runtime.room_bytes < entry.unpacked_bytes:
        full = DiskFullError(path="/images", needed_bytes=entry.unpacked_bytes, free_bytes=runtime.room_bytes)
        return events.LoadEnded(entry.digest, None, False, full.problem())
    if loaded:
        runtime.loads.append(entry.digest)
        for image in entry.images:
            runtime.present.add(image.config)
            runtime.tags.update(dict.fromkeys(image.tags, image.config))
    for change in tags.corrections(entry, owners, before, runtime.look(images, entry.tags), others):
        match change:
            case tags.MoveTag(reference=reference, image_id=image_id):
                runtime.tags[reference] = image_id
            case tags.RemoveTag(reference=reference):
                runtime.tags.pop(reference, None)
    return events.LoadEnded(entry.digest, runtime.look(entry.images, entry.tags), loaded, None)
