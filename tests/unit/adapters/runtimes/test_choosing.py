"""Which runtime a node uses, and why. The clients are tiny scripts that answer as the real ones do."""

import shlex
import stat
import sys
from pathlib import Path

import pytest

from backend.adapters.children import ChildRegister
from backend.adapters.runtimes.choosing import Chooser
from backend.adapters.runtimes.docker import DockerRuntime
from backend.adapters.runtimes.podman import PodmanRuntime
from backend.model.errors import UsageError
from backend.texts import remedy_of

DOCKER = {
    "--version": "Docker version 28.2.2, build e6534b4",
    "info": '{"ID": "ABCD:EFGH", "ServerVersion": "28.2.2", "DockerRootDir": "/var/lib/docker"}',
}
PODMAN = {
    "--version": "podman version 4.3.1",
    "info": '{"store": {"graphRoot": "/var/lib/containers/storage"}, "version": {"Version": "4.3.1"}}',
}
DEAD = {"--version": "Docker version 28.2.2, build e6534b4"}


class Machine:
    """A machine with some clients on PATH."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._directory = directory / "bin"
        self._directory.mkdir()
        monkeypatch.setenv("PATH", f"{self._directory}:/usr/bin:/bin")
        self.chooser = Chooser(ChildRegister(directory / "run"), which=self.which)

    def which(self, name: str) -> str | None:
        path = self._directory / name
        return str(path) if path.exists() else None

    def install(self, name: str, answers: dict[str, str]) -> str:
        path = self._directory / name
        path.write_text(
            f"#!{sys.executable} -ES\nimport sys\nanswers = {answers!r}\n"
            "answer = next((answers[word] for word in sys.argv if word in answers), None)\n"
            "if answer is None: sys.exit('Cannot connect to the Docker daemon')\nprint(answer)\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


async def test_the_settings_come_first(machine: Machine) -> None:
    machine.install("docker", DOCKER)
    machine.install("podman", PODMAN)
    choice = await machine.chooser.choose("podman", known_kind="docker")
    assert isinstance(choice.runtime, PodmanRuntime)
    assert (choice.kind, choice.why, choice.problem) == ("podman", "runtime-by-setting", None)
    assert choice.params == {"runtime": "podman 4.3.1", "command": "podman"}


async def test_none_is_none(machine: Machine) -> None:
    machine.install("docker", DOCKER)
    choice = await machine.chooser.choose("none", known_kind="docker")
    assert choice.runtime is None
    assert (choice.kind, choice.why) == ("none", "runtime-none-by-setting")


async def test_then_the_ledger_even_if_that_runtime_is_down(machine: Machine) -> None:
    machine.install("docker", DEAD)
    machine.install("podman", PODMAN)
    choice = await machine.chooser.choose("auto", known_kind="docker")
    assert isinstance(choice.runtime, DockerRuntime)
    assert (choice.why, choice.info) == ("runtime-by-ledger", None)
    assert choice.problem is not None
    assert choice.problem.code == "runtime-sick"
    assert "Cannot connect" in choice.problem.params["detail"]
    remedy = remedy_of(choice.problem)
    assert remedy.startswith("restart it: systemctl restart docker, or see by hand what it says: docker info; ")


@pytest.mark.parametrize(("kind", "flags"), [("podman", []), ("podman", ["--root", "/a b"]), ("docker", ["-H", "x"])])
async def test_what_to_try_fits_the_runtime_and_its_command(machine: Machine, kind: str, flags: list[str]) -> None:
    """Podman has no daemon, and another docker than the machine's own is not restarted with it."""
    machine.install(kind, DEAD)
    choice = await machine.chooser.choose(kind, [kind, *flags])
    assert choice.problem is not None
    remedy = remedy_of(choice.problem)
    assert remedy.startswith(f"see by hand what it says: {shlex.join([kind, *flags, 'info'])}; ")
    assert "where runtime.command is wrong" in remedy
    assert "systemctl" not in remedy


async def test_then_the_first_that_answers(machine: Machine) -> None:
    machine.install("docker", DEAD)
    machine.install("podman", PODMAN)
    choice = await machine.chooser.choose("auto", known_kind="none")
    assert isinstance(choice.runtime, PodmanRuntime)
    assert choice.why == "runtime-answered"
    machine.install("docker", DOCKER)
    choice = await machine.chooser.choose("auto")
    assert isinstance(choice.runtime, DockerRuntime)
    assert choice.info is not None
    assert choice.info.endpoint == "docker:ABCD:EFGH"


async def test_then_the_first_client_as_sick(machine: Machine) -> None:
    machine.install("docker", DEAD)
    choice = await machine.chooser.choose("auto")
    assert isinstance(choice.runtime, DockerRuntime)
    assert (choice.kind, choice.why) == ("docker", "runtime-first-client")
    assert choice.problem is not None


async def test_none_only_without_clients(machine: Machine) -> None:
    choice = await machine.chooser.choose("auto")
    assert choice.runtime is None
    assert (choice.kind, choice.why) == ("none", "runtime-none-no-client")


async def test_podman_under_dockers_name_is_podman(machine: Machine) -> None:
    machine.install("docker", PODMAN)
    choice = await machine.chooser.choose("auto")
    assert isinstance(choice.runtime, PodmanRuntime)
    assert choice.command == ("docker",)


async def test_a_given_command_tells_its_kind(machine: Machine) -> None:
    client = machine.install("my-client", PODMAN)
    choice = await machine.chooser.choose("auto", [client, "--root", "/x"], known_kind="docker")
    assert choice.kind == "podman"
    assert choice.why == "runtime-by-command"
    absent = await machine.chooser.choose("auto", ["/no/such/client"])
    assert (absent.kind, absent.info) == ("docker", None)


async def test_a_kind_without_an_adapter_is_refused(machine: Machine) -> None:
    with pytest.raises(UsageError, match="k3s"):
        await machine.chooser.choose("k3s")
