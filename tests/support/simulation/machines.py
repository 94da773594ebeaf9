"""The machines of the fleet: what survives a crash and what does not."""

from collections import Counter
from dataclasses import dataclass, field

from backend.logic.state import NodeState, Policy
from backend.model.archive import FileKey, Image
from backend.model.commands import SaveValue
from backend.model.events import Note
from backend.model.ids import Digest, Fingerprint, NodeId
from backend.model.messages import CommandResult
from backend.model.runtime import RuntimeView


@dataclass
class SimRuntime:
    """Image configs, tags, and how often each archive was loaded. Classic store: an image's ID is its config digest.

    ``room_bytes``: what its disk still takes, None for one without end; ``tries``: loads begun.
    """

    present: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    loads: list[Digest] = field(default_factory=list)
    sick: bool = False
    room_bytes: int | None = None
    tries: int = 0

    def look(self, images: tuple[Image, ...], wanted: tuple[str, ...]) -> RuntimeView:
        """Answer as the port's ``look``."""
        return RuntimeView(
            present={image.config: image.config for image in images if image.config in self.present},
            tags={tag: self.tags.get(tag) for tag in wanted},
        )

    def remove(self, config: str) -> None:
        """``rmi -f``: the image and all its tags."""
        self.present.discard(config)
        self.tags = {tag: image for tag, image in self.tags.items() if image != config}


@dataclass
class Incoming:
    """An unfinished fetch. ``right``: all bytes so far are those of the archive."""

    key: FileKey
    bytes_done: float = 0.0
    right: bool = True


@dataclass
class Faults:
    """What is wrong with a machine.

    ``lies``: serves other bytes than it says, ``lies_about``: of these archives; ``slow_bps``: serves at this rate at
    most; ``mute``: never answers a request; ``disk_bytes``: the store's size, None for one without end, of which others
    take ``foreign_bytes``; ``clock_s``: how far its clock is off.
    """

    lies: bool = False
    lies_about: set[Digest] = field(default_factory=set)
    slow_bps: float | None = None
    mute: bool = False
    disk_bytes: int | None = None
    foreign_bytes: int = 0
    clock_s: float = 0.0


@dataclass
class SimNode:
    """One machine. ``values`` stands for the ledger's named values; its tables are read from the state's."""

    name: str
    id: NodeId
    policy: Policy
    state: NodeState
    runtime: SimRuntime | None
    store: dict[str, tuple[FileKey, Digest]] = field(default_factory=dict)
    incoming: dict[Fingerprint, Incoming] = field(default_factory=dict)
    serving: dict[str, Digest] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    alive: bool = True
    life: int = 0
    works: dict[Digest, int] = field(default_factory=dict)
    fetches: list[tuple[Digest, NodeId]] = field(default_factory=list)
    uplink_bytes: Counter[Digest] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)
    results: list[CommandResult] = field(default_factory=list)

    @property
    def used_bytes(self) -> int:
        """What lies on the store's disk."""
        stored = sum(key.size_bytes for key, _ in self.store.values())
        return stored + int(sum(one.bytes_done for one in self.incoming.values()))

    @property
    def free_bytes(self) -> int:
        """What may still be written."""
        if self.faults.disk_bytes is None:
            return 1 << 50
        return max(0, self.faults.disk_bytes - self.faults.foreign_bytes - self.used_bytes)

    def save(self, value: SaveValue) -> None:
        """Persist a named value."""
        self.values[value.key] = value.value

    def codes(self) -> list[str]:
        """The codes of what people were told, oldest first."""
        return [note.code for note in self.notes]
