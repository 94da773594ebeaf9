"""What both ends of an SSH connection have in common: one key, one way to log in, nothing forwarded."""

from typing import Any

from backend.peering.limits import PeerLimits

_REKEY_BYTES = 1 << 30
_REKEY_S = 3600.0


def shared_options(limits: PeerLimits) -> dict[str, Any]:
    """Keyword arguments for asyncssh's ``connect`` and ``listen`` alike.

    ``config`` None: no file of the user's or the machine's SSH is read. Heartbeats are the channel's own, so
    asyncssh's keepalive stays off; what is sent is small and often packed already, so compression as well.
    """
    return {
        "config": None,
        "public_key_auth": True,
        "host_based_auth": False,
        "kbdint_auth": False,
        "password_auth": False,
        "gss_host": None,
        "gss_kex": False,
        "gss_auth": False,
        "x509_trusted_certs": None,
        "compression_algs": None,
        "signature_algs": ["ssh-ed25519"],
        "login_timeout": limits.login_timeout_s,
        "keepalive_interval": 0,
        "rekey_bytes": _REKEY_BYTES,
        "rekey_seconds": _REKEY_S,
        "x11_forwarding": False,
        "agent_forwarding": False,
        "encoding": None,
        "window": limits.window_bytes,
    }
