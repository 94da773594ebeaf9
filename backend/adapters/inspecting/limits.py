"""How much of an archive is believed. Each limit stands for memory, time or disk that a hostile file could cost."""

from dataclasses import dataclass

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one inspection; beyond any of them an archive is hostile.

    ``unpacked_ratio``: a packed archive may unpack to that many times its size, but always to
    ``unpacked_floor_bytes`` (images full of zeros pack 1,000 : 1) and never to more than ``unpacked_bytes``.
    The layers inside are not unpacked here: what they grow to is the runtime's to refuse.
    ``members``: tar members of all kinds. ``json_bytes``: one document (registries cap manifests at 4 MiB);
    ``json_total_bytes``: all that are kept at a time. ``header_bytes``: one PAX header or GNU long name.
    ``name_bytes`` and ``name_depth``: one path; ``names_bytes``: all names and long headers.
    ``descriptors``: what manifest.json, indexes and manifests refer to, all in all; ``index_depth``: indexes inside
    indexes; ``links``: symlinks behind one name.
    ``facts_bytes``: what is known of one archive in the end, because its catalog entry travels in one peer message.
    ``window_bytes``: history that zstd and xz may demand (their own command-line tools' defaults allow as much).
    """

    unpacked_ratio: int = 100
    unpacked_floor_bytes: int = GIB
    unpacked_bytes: int = 1024 * GIB
    members: int = 100_000
    json_bytes: int = 4 * MIB
    json_total_bytes: int = 32 * MIB
    header_bytes: int = 64 * KIB
    name_bytes: int = 4 * KIB
    name_depth: int = 32
    names_bytes: int = 16 * MIB
    descriptors: int = 8_192
    index_depth: int = 8
    links: int = 8
    facts_bytes: int = 512 * KIB
    window_bytes: int = 128 * MIB

    def unpacked_limit_bytes(self, size_bytes: int) -> int:
        """Return how far an archive of ``size_bytes`` may unpack."""
        return min(self.unpacked_bytes, max(self.unpacked_floor_bytes, self.unpacked_ratio * size_bytes))
