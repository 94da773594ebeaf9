"""The error tree, with a code, parameters and retryability in each type.

::

    DsyncError
    ├── UsageError                 wrong input by the operator; exit code 2
    │   ├── SettingsError          names file, key, value and what was expected
    │   └── MalformedRequestError  the control API cannot read what it was sent
    ├── NotReachedError            no daemon reached; exit code 3
    │   ├── SilentError            one has the socket and says nothing
    │   └── ForbiddenError         this user may not use the socket
    ├── RefusedError               the daemon said no; exit code 4
    │   ├── CountChangedError      a bulk action's target changed under it
    │   ├── ReadOnlyError          this user may look, not act
    │   ├── ArchiveUnknownError    no archive goes by that name
    │   │   └── ArchiveRejectedError  a file that was never published does
    │   ├── ArchiveAmbiguousError  several do
    │   ├── NodeUnknownError       no node of the roster goes by that name
    │   ├── NodeUnreachableError   the node is there and does not answer
    │   ├── JobUnknownError        no action goes by that id
    │   ├── KeyReusedError         an idempotency key came again with another action
    │   └── ApiVersionError        console and daemon share no version of the control API
    ├── ArchiveError               the archive itself; never retried
    │   ├── TruncatedError
    │   ├── NotAnImageError
    │   ├── HostileArchiveError    path tricks, bombs
    │   ├── LayoutUnsupportedError this runtime cannot take this layout
    │   ├── LoadRefusedError       the runtime read the archive and said no
    │   └── CollisionError         same MD5, other SHA-256
    ├── IntakeError                the file, for now; looked at again later
    │   ├── UnreadableError        no permission
    │   ├── VanishedError          gone while it was read
    │   ├── UnstableError          changed while it was read
    │   └── LeftAloneError         lies there under an archive's name and is never looked at
    │       ├── LinkError          a symbolic link
    │       ├── FolderError
    │       ├── SpecialFileError   a pipe, a socket, a device
    │       └── BadNameError       its name is not valid UTF-8
    ├── SourceError                the holder's fault: another holder at once
    │   ├── SourceGoneError        the holder no longer has those bytes (isolates nobody)
    │   ├── DigestMismatchError
    │   ├── OversizeError
    │   ├── TransferRefusedError   authentication, missing path
    │   ├── TransferFailedError    link, protocol, time-out
    │   └── SourceSlowError        it crawls
    ├── LocalError                 this node's own trouble
    │   ├── DiskFullError
    │   ├── StoreError
    │   ├── RuntimeSickError       holds loading only; uses up no retry
    │   ├── LoadTimeoutError
    │   ├── LoadVanishedError      the loader ended well and the image is not there
    │   ├── DoorError              an address of this node cannot be listened on
    │   ├── AlreadyRunningError    another daemon has the control socket
    │   ├── ToolMissingError       a program that this node needs is not installed
    │   ├── ToolOldError           a program is older than is safe (a warning: it is used all the same)
    │   └── LedgerError            the ledger cannot be used; what was not acknowledged is not there
    │       ├── LedgerBusyError    another daemon has it
    │       └── LedgerNewerError   a newer version wrote it
    ├── NoHolderError              no node has the archive any more
    ├── FleetError                 the demo's fleet does not stand
    └── PeerError                  the peer channel
        ├── UnknownKeyError        who calls has a key that no node of the roster has
        ├── OtherKeyError          who answers in a node's place has another key than it
        ├── KeyRefusedError        the other end does not take this node's key
        ├── SlowPeerError          a node of the roster that does not log in in time
        ├── ProtocolError
        │   ├── UnsoundError       well-formed, and it cannot be
        │   └── FloodError         far more than a sound node asks
        └── VersionError
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

import msgspec

from backend.model.ids import Hashes


class Retry(StrEnum):
    """What a failure means for the delivery that met it."""

    NEVER = "never"
    """Final: the same try gives the same answer."""
    LATER = "later"
    """Worth another try after the next wait."""
    ELSEWHERE = "elsewhere"
    """This source is at fault: another holder at once, a wait only when none is left."""
    HOLD = "hold"
    """This node is sick: hold the delivery, use up no retry."""


class Problem(msgspec.Struct, frozen=True):
    """An error as a value: what is persisted, sent to peers and shown. Text is made from code and parameters."""

    code: str
    params: dict[str, str] = {}
    retry: Retry = Retry.NEVER


class DsyncError(Exception):
    """Root of the tree. ``params`` are plain strings that the texts' templates name."""

    code: ClassVar[str] = "internal"
    retry: ClassVar[Retry] = Retry.LATER

    def __init__(self, **params: object) -> None:
        """Keep ``params`` as strings."""
        self.params: Mapping[str, str] = {key: str(value) for key, value in params.items()}
        super().__init__(self.code, dict(self.params))

    def problem(self) -> Problem:
        """Return this error as a value."""
        return Problem(code=self.code, params=dict(self.params), retry=self.retry)


class UsageError(DsyncError):
    """Wrong usage. Params: what."""

    code = "usage"
    retry = Retry.NEVER


class SettingsError(UsageError):
    """A setting is wrong. Params: file, key, value, expected."""

    code = "settings-invalid"


class MalformedRequestError(UsageError):
    """The control API cannot read what it was sent. Params: detail."""

    code = "request-malformed"


class NotReachedError(DsyncError):
    """No daemon answers. Params: socket, why."""

    code = "daemon-not-reached"
    retry = Retry.NEVER


class SilentError(NotReachedError):
    """A daemon has the socket and does not answer. Params: socket, wait_s, pid."""

    code = "daemon-silent"


class ForbiddenError(NotReachedError):
    """This user may not use the socket. Params: socket."""

    code = "daemon-forbidden"


class RefusedError(DsyncError):
    """The daemon refused an action. Params: what, why."""

    code = "refused"
    retry = Retry.NEVER


class CountChangedError(RefusedError):
    """A bulk action met another number of targets than its operator saw. Params: expected, found."""

    code = "count-changed"


class ReadOnlyError(RefusedError):
    """This user may look, not act. Params: user."""

    code = "read-only"


class ArchiveUnknownError(RefusedError):
    """No archive goes by that name. Params: name, near (names like it, "" where there are none)."""

    code = "archive-unknown"


class ArchiveRejectedError(ArchiveUnknownError):
    """A file of this node's store goes by that name, which was rejected and never published. Params: name."""

    code = "archive-rejected"


class ArchiveAmbiguousError(RefusedError):
    """Several archives go by that name. Params: name, candidates."""

    code = "archive-ambiguous"


class NodeUnknownError(RefusedError):
    """No node goes by that name. Params: name, near (names like it, "" where there are none), known."""

    code = "node-unknown"


class NodeUnreachableError(RefusedError):
    """The node is in the roster and does not answer. Params: node; why, where something is known of its channel."""

    code = "node-unreachable"


class JobUnknownError(RefusedError):
    """No action of this daemon's life goes by that id. Params: job."""

    code = "job-unknown"


class KeyReusedError(RefusedError):
    """An idempotency key came again with another action. Params: key."""

    code = "key-reused"


class ApiVersionError(RefusedError):
    """Console and daemon share no version of the control API. Params: ours, theirs."""

    code = "api-version"


class ArchiveError(DsyncError):
    """The archive itself is at fault. ``hashes``: the file's, where it could be read to its end."""

    code = "archive-bad"
    retry = Retry.NEVER
    hashes: Hashes | None = None


class TruncatedError(ArchiveError):
    """The archive ends too early. Params: name, detail."""

    code = "archive-truncated"


class NotAnImageError(ArchiveError):
    """No image inside. Params: name, detail."""

    code = "archive-not-an-image"


class HostileArchiveError(ArchiveError):
    """Path tricks or a bomb. Params: name, detail."""

    code = "archive-hostile"


class LayoutUnsupportedError(ArchiveError):
    """This runtime cannot take this layout. Params: name, runtime, layout, command (one that converts it)."""

    code = "layout-unsupported"


class LoadRefusedError(ArchiveError):
    """The runtime read the archive and refused it. Params: name, runtime, detail (its own words)."""

    code = "load-refused"


class CollisionError(ArchiveError):
    """Same MD5 and another SHA-256 than a known archive. Params: name, fingerprint, known."""

    code = "fingerprint-collision"


class IntakeError(DsyncError):
    """A file cannot be taken now; it is looked at again."""

    code = "intake-failed"
    retry = Retry.LATER


class UnreadableError(IntakeError):
    """No permission to read. Params: name, detail."""

    code = "file-unreadable"


class VanishedError(IntakeError):
    """Gone while it was read. Params: name."""

    code = "file-vanished"


class UnstableError(IntakeError):
    """Changed while it was read. Params: name."""

    code = "file-unstable"


class LeftAloneError(IntakeError):
    """What lies in the store and is never taken, whatever is in it. Params: name."""

    code = "left-alone"
    retry = Retry.NEVER


class LinkError(LeftAloneError):
    """A symbolic link. Params: name."""

    code = "file-is-link"


class FolderError(LeftAloneError):
    """A folder with an archive's name. Params: name."""

    code = "file-is-folder"


class SpecialFileError(LeftAloneError):
    """A pipe, a socket or a device. Params: name."""

    code = "file-is-special"


class BadNameError(LeftAloneError):
    """A name that is not valid UTF-8. Params: name, path (its whole path as bash's ``$'…'`` has it)."""

    code = "file-name-bad"


class SourceError(DsyncError):
    """The holder that was asked is at fault. Params: source, detail."""

    code = "source-failed"
    retry = Retry.ELSEWHERE


class SourceGoneError(SourceError):
    """The holder no longer has those bytes. Params: source, detail."""

    code = "source-gone"


class DigestMismatchError(SourceError):
    """Other bytes than announced arrived. Params: source, expected, found."""

    code = "digest-mismatch"


class OversizeError(SourceError):
    """The source sent more than it announced. Params: source, size_bytes."""

    code = "transfer-oversize"


class TransferRefusedError(SourceError):
    """The data door refused the ticket or the path. Params: source, detail."""

    code = "transfer-refused"


class TransferFailedError(SourceError):
    """Link, protocol or time-out. Params: source, detail, exit_code."""

    code = "transfer-failed"


class SourceSlowError(SourceError):
    """The source gives far too little. Params: source, rate_bps."""

    code = "source-slow"


class LocalError(DsyncError):
    """This node's own trouble. Params: detail."""

    code = "local-failure"
    retry = Retry.LATER


class DiskFullError(LocalError):
    """No room. Params: path, needed_bytes, free_bytes; floor_bytes where so many of those needed are to stay free."""

    code = "disk-full"
    retry = Retry.HOLD


class StoreError(LocalError):
    """The store cannot be used. Params: path, detail."""

    code = "store-unusable"


class RuntimeSickError(LocalError):
    """The runtime does not answer. Params: runtime, detail; where known, command (asks it by hand) and restart."""

    code = "runtime-sick"
    retry = Retry.HOLD


class LoadTimeoutError(LocalError):
    """Loading took too long and was ended. Params: runtime, timeout_s."""

    code = "load-timeout"


class LoadVanishedError(LocalError):
    """The loader ended well and the runtime does not list the image. Params: runtime, image."""

    code = "load-vanished"


class DoorError(LocalError):
    """An address of this node cannot be listened on. Params: address, detail."""

    code = "door-unusable"


class ToolMissingError(LocalError):
    """A program that this node needs is not installed. Params: tool, package."""

    code = "tool-missing"


class ToolOldError(LocalError):
    """A program is older than is safe; told by health, never raised. Params: tool, found, needed."""

    code = "tool-old"


class AlreadyRunningError(LocalError):
    """Another daemon has the control socket. Params: socket, pid ("?" where it does not say)."""

    code = "daemon-already-running"
    retry = Retry.NEVER


class LedgerError(LocalError):
    """The ledger cannot be used. Params: path, detail."""

    code = "ledger-unusable"


class LedgerBusyError(LedgerError):
    """Another process has the ledger. Params: path, pid ("?" where it does not say)."""

    code = "ledger-busy"
    retry = Retry.NEVER


class LedgerNewerError(LedgerError):
    """A newer version wrote the ledger. Params: path, found, known (schema numbers)."""

    code = "ledger-newer"
    retry = Retry.NEVER


class NoHolderError(DsyncError):
    """No node holds the archive any more. Params: name."""

    code = "no-holder"
    retry = Retry.LATER


class FleetError(DsyncError):
    """A node of the demo's fleet does not start, or ended by itself. Params: node, detail."""

    code = "fleet-failed"
    retry = Retry.NEVER


class PeerError(DsyncError):
    """The peer channel. Params: peer, detail."""

    code = "peer-failed"
    retry = Retry.LATER


class UnknownKeyError(PeerError):
    """Who calls has a key that is not in the roster. Params: peer, key."""

    code = "peer-unknown-key"
    retry = Retry.NEVER


class OtherKeyError(PeerError):
    """Who answers at a node's address has another key than the roster pins for it. Params: peer, address, key."""

    code = "peer-other-key"
    retry = Retry.NEVER


class KeyRefusedError(PeerError):
    """The other end does not take this node's key, as caller or as called. Params: peer, key (this node's)."""

    code = "peer-key-refused"
    retry = Retry.NEVER


class SlowPeerError(PeerError):
    """Who calls from an address of the roster's has not logged in in time. Params: peer."""

    code = "peer-slow"


class ProtocolError(PeerError):
    """A malformed, huge or unexpected message. Params: peer, detail."""

    code = "peer-protocol"


class UnsoundError(ProtocolError):
    """What a peer said is well-formed, and cannot be. Params: peer, detail."""

    code = "peer-unsound"
    retry = Retry.NEVER


class FloodError(ProtocolError):
    """A peer asks far more than a sound node would. Params: peer, detail."""

    code = "peer-floods"
    retry = Retry.NEVER


class VersionError(PeerError):
    """No protocol version in common. Params: peer, ours, theirs."""

    code = "peer-version"
