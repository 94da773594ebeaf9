"""Wire types of a plan: what a file, or a sync, would move before it moves.

``POST /v1/plan`` takes a PlanRequest and answers a PlanDocument. It changes nothing, so that readers may ask too.
"""

import msgspec


class PlannedImage(msgspec.Struct, frozen=True):
    """An image of a file that no daemon has seen: config digest, full references, platform, digests of manifests."""

    config: str
    tags: tuple[str, ...] = ()
    platform: str = ""
    manifests: tuple[str, ...] = ()


class PlannedFile(msgspec.Struct, frozen=True):
    """A file on the asker's machine, as ``python -m backend inspect`` describes it."""

    name: str
    fingerprint: str
    digest: str
    size_bytes: int
    unpacked_bytes: int
    images: list[PlannedImage]


class PlanRequest(msgspec.Struct, frozen=True):
    """Either ``file``: what dropping it into the daemon's store would do; or ``archive``, named as in actions: what a
    sync would do. ``nodes``: names or IDs; None: all.
    """

    file: PlannedFile | None = None
    archive: str | None = None
    nodes: list[str] | None = None


class PlanStep(msgspec.Struct, frozen=True):
    """One node's part. ``does``: check, there, load, copy or moving (``backend.logic.planning.Does``).

    ``left_bytes`` would come in over the wire. ``code``, ``params`` and the English ``error``: what it would wait for
    first.
    """

    node: str
    does: str
    left_bytes: int = 0
    code: str | None = None
    params: dict[str, str] = {}
    error: str | None = None


class TakenTag(msgspec.Struct, frozen=True):
    """A tag that would change hands, and the name of the archive whose it is now."""

    tag: str
    owner: str


class PlanDocument(msgspec.Struct, frozen=True):
    """``plan --json``. ``verdict``: new, again, known or refused (``backend.logic.planning.Verdict``).

    ``known_as``: the archive's name in the fleet where it has one. ``supersedes``: names of archives that would end.
    ``moving_bytes`` would move at once, ``waiting_bytes`` once what hinders is gone.
    """

    verdict: str
    name: str
    known_as: str | None
    fingerprint: str
    digest: str
    size_bytes: int
    tags: list[str]
    supersedes: list[str]
    takes: list[TakenTag]
    steps: list[PlanStep]
    moving_bytes: int
    waiting_bytes: int
    code: str | None = None
    params: dict[str, str] = {}
    error: str | None = None
    remedy: str | None = None
