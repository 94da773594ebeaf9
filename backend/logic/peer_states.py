"""The other nodes of the roster as they are seen from here."""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum

from backend.model.ids import Digest, NodeId
from backend.model.messages import Hello
from backend.model.node import NodeReport, RosterNode

UNREPORTED = NodeReport()


class Stage(StrEnum):
    """How far an isolated node is on its way back."""

    PAUSE = "pause"
    PROBING = "probing"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Isolation:
    """A node that this one does not trust for now. ``until``: epoch seconds of the next step.

    ``misbehaved``: not only as a source. ``good``: probes in a row that came back; ``number`` the last one's,
    ``asked_at`` when it was sent, None once it came back.
    """

    stage: Stage
    until: float
    misbehaved: bool
    good: int = 0
    number: int = 0
    asked_at: float | None = None


@dataclass(slots=True)
class PeerState:
    """What is known of one node of the roster. All times but ``last_seen`` are the steady clock's.

    ``up``: a channel stands; ``since``: when it last came or went. ``last_seen``: epoch seconds of the latest sign of
    life, for people; ``heard_at``: the same for timers. ``told_by``: peers in touch with it -> when it gave the latest
    sign of life that they know of. ``synced``: replicas were compared since the channel stands; ``asked_at``: when this
    node asked it last to close a gap.

    ``rate_bps``: bytes a second of its transfers, the latest counting most. ``failures``: when it failed and with which
    archive, as far as it was counted; ``pause_s``: how long it was isolated last, ``trusted_at`` when that ended;
    ``refused_at``: when something of its was refused last. ``asked_in_vain_at``: when people were told last that it
    asked for what is not known here. ``requests`` and ``costly``: what it asked since ``window_at``.
    """

    node: RosterNode
    up: bool = False
    since: float = 0.0
    last_seen: float = 0.0
    heard_at: float = 0.0
    address: str = ""
    hello: Hello | None = None
    report: NodeReport = UNREPORTED
    watching: bool = False
    told_by: dict[NodeId, float] = field(default_factory=dict)
    synced: bool = False
    asked_at: float = 0.0
    rate_bps: float | None = None
    failures: list[tuple[float, Digest | None]] = field(default_factory=list)
    pause_s: float = 0.0
    trusted_at: float = 0.0
    refused_at: float = 0.0
    asked_in_vain_at: float = float("-inf")
    window_at: float = 0.0
    requests: int = 0
    costly: int = 0

    @property
    def in_touch(self) -> bool:
        """Tell whether it is up as far as is known here, if only through others."""
        return self.up or bool(self.told_by)


class Peers(MutableMapping[NodeId, PeerState]):
    """States by node. Each is made when it is first looked at: in a large fleet most never are."""

    def __init__(self, roster: Mapping[NodeId, RosterNode] | None = None, me: NodeId | None = None) -> None:
        """``roster`` is shared, not copied; ``me``, if it stands there, is left out."""
        self.roster: Mapping[NodeId, RosterNode] = roster if roster is not None else {}
        self._me = me
        self._states: dict[NodeId, PeerState] = {}

    def __getitem__(self, node: NodeId) -> PeerState:
        state = self._states.get(node)
        if state is None:
            if node == self._me:
                raise KeyError(node)
            state = self._states[node] = PeerState(self.roster[node])
        return state

    def __contains__(self, node: object) -> bool:
        return node in self.roster and node != self._me

    def __iter__(self) -> Iterator[NodeId]:
        return (node for node in self.roster if node != self._me)

    def __len__(self) -> int:
        return len(self.roster) - (self._me in self.roster)

    def __setitem__(self, node: NodeId, state: PeerState) -> None:
        self.roster = {**self.roster, node: state.node}
        self._states[node] = state

    def __delitem__(self, node: NodeId) -> None:
        self.roster = {other: one for other, one in self.roster.items() if other != node}
        self._states.pop(node, None)
