"""Names for the strings that identify things, so that one cannot be passed for another."""

from typing import NewType

import msgspec

NodeId = NewType("NodeId", str)
"""Fingerprint of a node's ed25519 key as OpenSSH prints it: ``SHA256:<base64 without padding>``."""

Digest = NewType("Digest", str)
"""``sha256:<64 hex>`` of an archive's bytes: what integrity rests on."""

Fingerprint = NewType("Fingerprint", str)
"""MD5 of an archive's bytes as 32 hex digits: the key that people and status files see."""

Trace = NewType("Trace", str)
"""Correlates all events, log lines and attempts of one delivery: 12 hex digits."""

JobId = NewType("JobId", str)
"""One operator's action, unique per fleet: results are matched to it."""


class Hashes(msgspec.Struct, frozen=True):
    """Both hashes of one read."""

    fingerprint: Fingerprint
    digest: Digest
    size_bytes: int
