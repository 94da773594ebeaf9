"""What a client says of its runtime. The clients are tiny scripts that answer as the real ones do."""

import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from backend.adapters.children import ChildRegister
from backend.adapters.runtimes.docker import DockerRuntime
from backend.adapters.runtimes.podman import PodmanRuntime
from tests.support.tiny import tiny_archive

HERE = os.uname().nodename
SCRIPT = """#!{python} -ES
import sys
with open({log!r}, "a") as log: print(next(word for word in sys.argv[1:] if word[:1] != "-"), file=log)
print({answer!r})
"""


class Lock:
    """Of standard input: any descriptor will do."""

    def fileno(self) -> int:
        return 0


class Bench:
    """A client that gives one answer to everything."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = directory / "calls"
        self.images = directory / "images"
        self.images.mkdir()

    def docker(self, root: Path, machine: str) -> DockerRuntime:
        info = {"ID": "AB:CD", "ServerVersion": "28.2.2", "DockerRootDir": str(root), "Name": machine}
        return DockerRuntime(ChildRegister(self._directory / "run"), (self._client(info),))

    def podman(self, root: Path, machine: str) -> PodmanRuntime:
        info = {"store": {"graphRoot": str(root)}, "version": {"Version": "4.3.1"}, "host": {"hostname": machine}}
        return PodmanRuntime(ChildRegister(self._directory / "run"), (self._client(info),))

    def _client(self, info: Mapping[str, object]) -> str:
        path = self._directory / "client"
        path.write_text(SCRIPT.format(python=sys.executable, log=str(self._log), answer=json.dumps(info)))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    @property
    def calls(self) -> list[str]:
        """The command of each call."""
        return self._log.read_text().split()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("kind", ["docker", "podman"])
async def test_where_images_lie_is_told_only_if_it_can_be_seen_from_here(bench: Bench, kind: str) -> None:
    """A runtime on another machine, or in a container, may name a path that there is here too."""
    make = bench.docker if kind == "docker" else bench.podman
    here = await make(bench.images, HERE).probe()
    assert here.root == str(bench.images)
    assert here.free_bytes
    for hidden in (make(bench.images, "elsewhere"), make(bench.images / "none", HERE), make(bench.images, "")):
        info = await hidden.probe()
        assert (info.root, info.free_bytes) == ("", None)
        assert info.endpoint.startswith(f"{kind}:")


async def test_podman_is_asked_once_for_what_probe_and_load_need(bench: Bench, tmp_path: Path) -> None:
    entry = tiny_archive(tmp_path / "app.tar", {"a": ("app:1",)})
    runtime = bench.podman(bench.images, HERE)
    await runtime.load(tmp_path / "app.tar", entry, Lock())
    assert bench.calls == ["info", "load"]
    await runtime.probe()
    await runtime.load(tmp_path / "app.tar", entry, Lock())
    assert bench.calls == ["info", "load", "info", "load"]
