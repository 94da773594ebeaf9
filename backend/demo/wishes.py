"""Which runtime the nodes shall have: what was asked for, in the order in which it is tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MOST_DOCKERDS = 8
"""A dockerd with its containerd takes some 100 MB of memory."""


class Means(StrEnum):
    """A way for nodes to have a runtime."""

    GIVEN = "given"
    """What the settings or DOCKER_HOST name; all nodes share it."""
    PODMAN = "podman"
    """A podman root for each node."""
    DOCKERD = "dockerd"
    """A dockerd for each node."""
    DOCKER = "docker"
    """This machine's docker, shared by all nodes."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Wish:
    """``means``: None for whatever works. ``kind`` and ``command``: a runtime that was given, "" where none was.

    ``files``: the archives are the operator's own, not made ones.
    """

    nodes: int
    means: Means | None = None
    kind: str = ""
    command: tuple[str, ...] = ()
    files: bool = False


def given_by(environment: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return kind and command of the docker that ``DOCKER_HOST`` names, ("", ()) where it names none."""
    host = environment.get("DOCKER_HOST", "")
    return ("docker", ("docker", "--host", host)) if host else ("", ())


def ways(wish: Wish, as_root: bool) -> tuple[list[Means], list[tuple[Means, str]]]:
    """Return what to try, best first, and what is not tried, each with the key of the text that says why."""
    if wish.means is not None:
        return [wish.means], []
    if wish.kind == "none":
        return [Means.NONE], []
    if wish.kind:
        return [Means.GIVEN], []
    without: dict[Means, str] = {}
    if not as_root:
        without[Means.PODMAN] = without[Means.DOCKERD] = "demo.why.not-root"
    elif wish.nodes > MOST_DOCKERDS:
        without[Means.DOCKERD] = "demo.why.many"
    if wish.files:
        # Images of an operator's own would stay in this machine's docker, which was not offered.
        without[Means.DOCKER] = "demo.why.files"
    order = (Means.PODMAN, Means.DOCKERD, Means.DOCKER, Means.NONE)
    return [means for means in order if means not in without], list(without.items())
