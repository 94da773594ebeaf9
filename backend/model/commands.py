"""What is to be done: the imperative commands that the logic gives and the engine carries out."""

from typing import TypeAlias

import msgspec

from backend.model.archive import CatalogEntry, FileKey, KnownFile, RejectedFile
from backend.model.delivery import Attempt, Delivery
from backend.model.events import Note
from backend.model.ids import Digest, Fingerprint, JobId, NodeId
from backend.model.messages import CommandResult, Message, Ticket


class SaveEntry(msgspec.Struct, frozen=True):
    """Persist a catalog entry."""

    entry: CatalogEntry


class SaveRow(msgspec.Struct, frozen=True):
    """Persist a delivery row: this node's own, or a replica."""

    row: Delivery


class DropRows(msgspec.Struct, frozen=True):
    """Forget a node's replica rows."""

    node: NodeId


class SaveFile(msgspec.Struct, frozen=True):
    """Persist a known file by name; a rejection under that name is forgotten."""

    file: KnownFile


class SaveRejected(msgspec.Struct, frozen=True):
    """Persist a rejected file by name; a known file under that name is forgotten."""

    file: RejectedFile


class ForgetFile(msgspec.Struct, frozen=True):
    """Forget a known or rejected file by name."""

    name: str


class SaveAlias(msgspec.Struct, frozen=True):
    """Persist another name under which the same bytes were dropped."""

    digest: Digest
    name: str


class SaveAttempt(msgspec.Struct, frozen=True):
    """Append to a delivery's timeline."""

    attempt: Attempt


class SaveValue(msgspec.Struct, frozen=True):
    """Persist a small named value (``count``, ``paused``, ``bandwidth_bps``, …)."""

    key: str
    value: str


class Send(msgspec.Struct, frozen=True):
    """Say something to one peer."""

    node: NodeId
    message: Message


class Broadcast(msgspec.Struct, frozen=True):
    """Say something to every peer with a standing channel, except to ``but``."""

    message: Message
    but: tuple[NodeId, ...] = ()


class KeepChannels(msgspec.Struct, frozen=True):
    """Dial these peers only, from now on; channels that the others dial stay."""

    nodes: tuple[NodeId, ...]


class LookAtRuntime(msgspec.Struct, frozen=True):
    """Ask the runtime for an entry's images and tags; answered by ``RuntimeLooked``."""

    entry: CatalogEntry


class Fetch(msgspec.Struct, frozen=True):
    """Fetch with a ticket; answered by ``FetchEnded``."""

    entry: CatalogEntry
    source: NodeId
    ticket: Ticket


class Verify(msgspec.Struct, frozen=True):
    """Check the incoming file and place it; answered by ``Verified`` or ``VerifyFailed``."""

    entry: CatalogEntry
    source: NodeId


class Load(msgspec.Struct, frozen=True):
    """Bring images and tags into the runtime; answered by ``LoadBegan`` and ``LoadEnded``.

    ``file`` is None where nothing is stored (only tags are put right). ``owners``: tag -> owning entry for the entry's
    tags that another archive owns. ``tags_before``: from a load that a crash cut off.
    """

    entry: CatalogEntry
    file: str | None
    owners: tuple[CatalogEntry, ...]
    force: bool
    tags_before: dict[str, str | None] | None


class NodeChanged(msgspec.Struct, frozen=True):
    """Something about a node is seen otherwise from now on that no row and no report tells."""

    node: NodeId


class StopWork(msgspec.Struct, frozen=True):
    """End whatever runs for a delivery; its answer, if it still comes, is ignored."""

    digest: Digest


class MakeTicket(msgspec.Struct, frozen=True):
    """Link a stored file for serving and admit ``node``; answered by ``TicketMade``."""

    digest: Digest
    node: NodeId
    address: str
    file: str
    key: FileKey


class DropTicket(msgspec.Struct, frozen=True):
    """Forget ``node``'s ticket for an archive."""

    digest: Digest
    node: NodeId


class RemoveStored(msgspec.Struct, frozen=True):
    """Remove a file of the store; answered by ``FileVanished``."""

    name: str
    key: FileKey


class DiscardIncoming(msgspec.Struct, frozen=True):
    """Remove an unfinished fetch, once what runs for its delivery has ended."""

    digest: Digest
    fingerprint: Fingerprint


class Remark(msgspec.Struct, frozen=True):
    """Tell people."""

    note: Note


class Answer(msgspec.Struct, frozen=True):
    """The result of an operator's action that came in on this node."""

    job: JobId
    result: CommandResult


Change: TypeAlias = (
    SaveEntry | SaveRow | DropRows | SaveFile | SaveRejected | ForgetFile | SaveAlias | SaveAttempt | SaveValue
)
"""Commands that are persisted, in their order, before any other is carried out."""

Act: TypeAlias = (
    Send
    | Broadcast
    | KeepChannels
    | LookAtRuntime
    | Fetch
    | Verify
    | Load
    | NodeChanged
    | StopWork
    | MakeTicket
    | DropTicket
    | RemoveStored
    | DiscardIncoming
    | Remark
    | Answer
)
"""Commands that reach into the world."""

Cmd: TypeAlias = Change | Act
