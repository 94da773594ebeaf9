"""Podman by its command line client.

How podman 4.3 names what it loads (tried): the tag ``app:1`` of a docker archive, and the reference name
``app:1`` of an OCI archive, become ``localhost/app:1``; a name with a domain stays as it is; an archive
that is both (Docker >= 25) is read as OCI and takes the full name from the annotation
``io.containerd.image.name``. A short name in a later command means ``localhost/…`` first, then
``docker.io/…``. So the loader gives the image its full reference and puts ``localhost/…`` (see ``shadows``)
back to what it was: then ``podman run app:1`` finds the owned tag.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from backend.adapters.children import ChildRegister
from backend.adapters.runtimes.base import CommandLineRuntime
from backend.adapters.runtimes.client import Client
from backend.adapters.runtimes.loading import LoadPlan, free_bytes_of, seen_from_here
from backend.model.plain import plain
from backend.model.runtime import RuntimeInfo

_DOCKER_HUB = "docker.io/"
_OFFICIAL = "library/"
_ABSENT = re.compile(r"image not known|tag not known|no such image|unable to find", re.I)


class _Store(msgspec.Struct, frozen=True):
    graph_root: str = msgspec.field(default="", name="graphRoot")


class _Version(msgspec.Struct, frozen=True):
    version: str = msgspec.field(default="", name="Version")


class _Host(msgspec.Struct, frozen=True):
    hostname: str = ""


class _Info(msgspec.Struct, frozen=True):
    """The part of ``podman info`` that counts."""

    store: _Store = msgspec.field(default_factory=_Store)
    version: _Version = msgspec.field(default_factory=_Version)
    host: _Host = msgspec.field(default_factory=_Host)


class PodmanRuntime(CommandLineRuntime):
    """Implements the port ``Runtime``."""

    def __init__(
        self,
        register: ChildRegister,
        command: Sequence[str] = ("podman",),
        load_timeout_s: float = 1800.0,
        ask_timeout_s: float = 60.0,
    ) -> None:
        """Drive podman by ``command``; times in seconds."""
        super().__init__(Client(register, "podman", command, ask_timeout_s), load_timeout_s)
        self._graph_root = ""

    async def probe(self) -> RuntimeInfo:
        """Ask for version and identity. The endpoint is the directory in which it keeps images."""
        info = await self._info()
        root = seen_from_here(info.store.graph_root, info.host.hostname)
        endpoint = endpoint_of(info.store.graph_root)
        return RuntimeInfo("podman", plain(info.version.version, 40), endpoint, free_bytes_of(root), root)

    def shadows(self, reference: str) -> tuple[str, ...]:
        """Return ``localhost/app:1`` for ``docker.io/library/app:1``."""
        if not reference.startswith(_DOCKER_HUB):
            return ()
        return (f"localhost/{reference.removeprefix(_DOCKER_HUB).removeprefix(_OFFICIAL)}",)

    async def _info(self) -> _Info:
        answer = await self._client.ask("info", "--format", "json")
        if answer.code != 0:
            raise self._client.sick(answer.detail or f"exit code {answer.code}")
        try:
            info = msgspec.json.decode(answer.stdout, type=_Info)
        except msgspec.MsgspecError as error:
            raise self._client.sick(f"an answer that is not understood: {error}") from error
        if not info.store.graph_root:
            raise self._client.sick(answer.detail or "no graph root in its answer")
        self._graph_root = info.store.graph_root
        return info

    async def _plan(self) -> LoadPlan:
        # Nothing depends on it but the words for a full disk: what the latest probe said will do. podman needs a
        # quarter of a second for this answer (tried, 4.3), and each load begins with a probe.
        root = self._graph_root or (await self._info()).store.graph_root
        return LoadPlan(arguments=("load", "--quiet"), by_path=True, takes_oci=True, root=plain(root))

    def _is_absent(self, line: str) -> bool:
        return _ABSENT.search(line) is not None

    def _untag_arguments(self, reference: str) -> tuple[str, ...]:
        # The image by its reference, then the one name of it that goes: without the second all of them
        # would go.
        return ("image", "untag", "--", reference, reference)


def endpoint_of(graph_root: str) -> str:
    """Return the endpoint of a podman that keeps its images in ``graph_root``."""
    return f"podman:{Path(graph_root).resolve()}"
