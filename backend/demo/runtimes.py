"""The nodes' container runtimes: podman roots or dockerds of their own, a docker that they share, or none."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backend.demo.own_dockerds import own_dockerds
from backend.demo.podman_roots import podman_roots
from backend.demo.wishes import Means, Wish, ways
from backend.demo.words import text
from backend.demo.workshop import UnavailableError, Workshop
from backend.model.errors import UsageError
from backend.model.runtime import RuntimeInfo


@dataclass(frozen=True, slots=True)
class NodeRuntime:
    """One node's: settings for its plan, what it is for people, and a command with which they may look into it."""

    settings: Mapping[str, object]
    shown: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class Runtimes:
    """``nodes``: in the nodes' order. ``shared``: command of a docker that is not the demo's, () where there is none.

    ``without``: why better means could not be had, one line each.
    """

    nodes: tuple[NodeRuntime, ...]
    shared: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


async def make_runtimes(workshop: Workshop, wish: Wish, names: Sequence[str]) -> Runtimes:
    """Make the best runtimes that can be had for nodes of these names.

    Raises UsageError where just those that were asked for can't be, OSError.
    """
    tried, lines = ways(wish, workshop.as_root)
    without = [text("demo.without", runtime=means.value, why=text(why)) for means, why in lines]
    for means in tried:
        try:
            runtimes = await _make(workshop, means, wish, names)
        except UnavailableError as error:
            line = text("demo.without", runtime=means.value, why=error)
            if len(tried) == 1:
                raise UsageError(what=line) from None
            without.append(line)
        else:
            # With runtimes of the nodes' own nobody misses others.
            return runtimes if means in (Means.PODMAN, Means.DOCKERD) else replace(runtimes, without=tuple(without))
    raise AssertionError("none can always be had")


async def _make(workshop: Workshop, means: Means, wish: Wish, names: Sequence[str]) -> Runtimes:
    if means is Means.GIVEN:
        return await _shared(workshop, wish.kind, wish.command, names)
    if means is Means.DOCKER:
        return await _shared(workshop, "docker", (), names)
    if means is Means.NONE:
        return Runtimes((NodeRuntime({"runtime.kind": "none"}, text("demo.runtime.none")),) * len(names))
    kind, make = ("podman", podman_roots) if means is Means.PODMAN else ("docker", own_dockerds)
    info, commands = await make(workshop, names)
    return Runtimes(tuple(_own(kind, info, command, workshop.enter) for command in commands))


def _own(kind: str, info: RuntimeInfo, command: tuple[str, ...], enter: tuple[str, ...]) -> NodeRuntime:
    # Whoever only looks needs nothing of what is mounted there.
    client = command[len(enter) :] if command[: len(enter)] == enter else command
    settings = {"runtime.kind": kind, "runtime.command": list(command)}
    return NodeRuntime(settings, text("demo.runtime.own", runtime=info), shlex.join((*client, "images")))


async def _shared(workshop: Workshop, kind: str, command: Sequence[str], names: Sequence[str]) -> Runtimes:
    choice = await workshop.ask(kind, command)
    settings = {
        "runtime.kind": choice.kind,
        "runtime.command": list(choice.command),
        "runtime.shared": len(names) > 1,
    }
    shown = text("demo.runtime.shared", runtime=choice.info or choice.kind)
    node = NodeRuntime(settings, shown, shlex.join((*choice.command, "images")))
    return Runtimes((node,) * len(names), shared=choice.command)
