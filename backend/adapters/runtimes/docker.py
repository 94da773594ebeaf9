"""Docker by its command line client, with its classic store and with containerd's."""

import re
from collections.abc import Sequence

import msgspec

from backend.adapters.children import ChildRegister
from backend.adapters.runtimes.base import CommandLineRuntime
from backend.adapters.runtimes.client import Client
from backend.adapters.runtimes.loading import LoadPlan, free_bytes_of, seen_from_here
from backend.model.plain import plain
from backend.model.runtime import RuntimeInfo

CONTAINERD_STORE = ["driver-type", "io.containerd.snapshotter.v1"]
"""In ``DriverStatus`` of ``docker info`` where images lie in containerd's store (docs.docker.com,
"containerd image store").
"""

_ABSENT = re.compile(r"no such image", re.I)


class _Info(msgspec.Struct, frozen=True):
    """The part of ``docker info`` that counts."""

    id: str = msgspec.field(default="", name="ID")
    server_version: str = msgspec.field(default="", name="ServerVersion")
    docker_root_dir: str = msgspec.field(default="", name="DockerRootDir")
    name: str = msgspec.field(default="", name="Name")
    driver_status: list[list[str]] | None = msgspec.field(default=None, name="DriverStatus")


class DockerRuntime(CommandLineRuntime):
    """Implements the port ``Runtime``."""

    def __init__(
        self,
        register: ChildRegister,
        command: Sequence[str] = ("docker",),
        load_timeout_s: float = 1800.0,
        ask_timeout_s: float = 60.0,
    ) -> None:
        """Drive docker by ``command``; times in seconds."""
        super().__init__(Client(register, "docker", command, ask_timeout_s), load_timeout_s)

    async def probe(self) -> RuntimeInfo:
        """Ask for version and identity.

        The endpoint is the daemon's own ID, which it keeps in its data root: two sockets of one daemon
        share it.
        """
        info = await self._info()
        endpoint = info.id or "\0".join(self._client.command)
        root = seen_from_here(info.docker_root_dir, info.name)
        version = plain(info.server_version, 40)
        return RuntimeInfo("docker", version, f"docker:{endpoint}", free_bytes_of(root), root)

    def shadows(self, reference: str) -> tuple[str, ...]:
        """Docker files a reference under its full name only."""
        return ()

    async def _info(self) -> _Info:
        answer = await self._client.ask("info", "--format", "{{json .}}")
        if answer.code != 0:
            raise self._client.sick(answer.detail or f"exit code {answer.code}")
        try:
            info = msgspec.json.decode(answer.stdout, type=_Info)
        except msgspec.MsgspecError as error:
            raise self._client.sick(f"an answer that is not understood: {error}") from error
        if not info.server_version:
            raise self._client.sick(answer.detail or "no server version in its answer")
        return info

    async def _plan(self) -> LoadPlan:
        info = await self._info()
        return LoadPlan(
            arguments=("load", "--quiet"),
            by_path=False,
            takes_oci=CONTAINERD_STORE in (info.driver_status or []),
            root=plain(info.docker_root_dir),
        )

    def _is_absent(self, line: str) -> bool:
        return _ABSENT.search(line) is not None

    def _untag_arguments(self, reference: str) -> tuple[str, ...]:
        return ("image", "rm", "--no-prune", "--", reference)
