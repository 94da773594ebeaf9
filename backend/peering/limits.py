"""The figures of a peer network, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLimits:
    """Times in seconds, sizes in bytes. ``lost_after_s`` plus a tick is how soon a lost channel is seen."""

    heartbeat_s: float = 3.0
    lost_after_s: float = 9.0
    tick_s: float = 0.25
    """How often heartbeats and deadlines are looked at: a lost channel is seen within 10 s."""

    dial_timeout_s: float = 8.0
    """From the first packet to a subsystem that answers."""
    login_timeout_s: float = 8.0
    hello_timeout_s: float = 5.0
    decide_timeout_s: float = 10.0
    """How long the higher node waits until the lower one has chosen the channel that stays."""
    settle_s: float = 1.0
    """How long the lower node prefers a channel that it dials itself, or one that still stands."""
    courtesy_s: float = 0.5
    """The higher node dials this much later: the lower one's channel would win anyway."""

    redial_first_s: float = 0.2
    redial_longest_s: float = 5.0
    redial_refused_s: float = 30.0
    """After a wrong key or version: only a person mends that."""
    steady_s: float = 5.0
    """A channel that stood this long is redialled at once when it is lost."""
    dials_at_once: int = 32
    """A handshake costs milliseconds of CPU: a mesh of hundreds must not start all of them together."""

    strangers_at_once: int = 128
    """Connections before their login, of all addresses."""
    strangers_per_address: int = 16
    """And of one address that is no host of the roster."""

    window_bytes: int = 512 * 1024
    """SSH's receive window: what a peer may send ahead of us."""
    queue_bytes: int = 32 * 1024 * 1024
    queue_messages: int = 10_000
    """What may wait for a slow peer before its channel is closed, to begin again with a resynchronisation."""
    messages_per_s: float = 2_000.0
    message_burst: float = 4_000.0
    bytes_per_s: float = 32.0 * 1024 * 1024
    byte_burst: float = 64.0 * 1024 * 1024
    """What one peer may say before it has to wait."""
    backlog_high: int = 4_000
    backlog_low: int = 1_000
    """Reading from peers stops at so many events in the engine's queue, and goes on at so few."""
