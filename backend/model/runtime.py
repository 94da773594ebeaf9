"""What a container runtime says of itself and of what it holds."""

import msgspec


class RuntimeInfo(msgspec.Struct, frozen=True):
    """Which runtime answered. ``endpoint`` keys the load lock: two daemons on one endpoint share it.

    ``root``: where it keeps images, "" where that cannot be seen from here, as on another machine; ``free_bytes``: room
    there, None where that cannot be seen.
    """

    kind: str
    version: str
    endpoint: str
    free_bytes: int | None = None
    root: str = ""

    def __str__(self) -> str:
        """E.g. ``docker 20.10.24``."""
        return f"{self.kind} {self.version}".strip()


class RuntimeView(msgspec.Struct, frozen=True):
    """An answer of the runtime.

    ``present``: config digest (as in ``Image.config``) -> the runtime's own image ID, for those images asked for whose
    identity (config digest, or a manifest digest of the archive, and the ordered diff_ids) the runtime confirms.
    ``tags``: full reference -> the runtime's image ID, None where the tag does not exist.
    """

    present: dict[str, str]
    tags: dict[str, str | None]
