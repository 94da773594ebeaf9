"""The loader with a real docker and a real podman: what an operator sees afterwards, and what failures say."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from backend.adapters.children import ChildRegister
from backend.adapters.locks import LoadLocks
from backend.adapters.runtimes.base import CommandLineRuntime
from backend.adapters.runtimes.docker import DockerRuntime
from backend.adapters.runtimes.podman import PodmanRuntime
from backend.engine.loader import Loader, LoadJob, LoadOutcome, TagsBefore
from backend.model.archive import CatalogEntry, Compression, Layout
from backend.model.errors import (
    DiskFullError,
    LayoutUnsupportedError,
    LoadRefusedError,
    LoadTimeoutError,
    LoadVanishedError,
    LocalError,
    RuntimeSickError,
    StoreError,
)
from tests.support.runtimes import PrivateDocker, PrivatePodman, run
from tests.support.tiny import tiny_archive

APP = "docker.io/library/app:1"
DOCKER = pytest.param("docker", marks=pytest.mark.real("root", "docker", "dockerd"))
PODMAN = pytest.param("podman", marks=pytest.mark.real("root", "podman"))


class Machine:
    """A machine with one real runtime. ``client`` is the command that an operator would type."""

    def __init__(self, kind: str, client: tuple[str, ...], directory: Path) -> None:
        self.kind = kind
        self.client = client
        self.directory = directory
        self.register = ChildRegister(directory / "run")
        self.locks = LoadLocks(directory / "locks")
        self.runtime = self.runtime_by(client)
        self.began: list[TagsBefore] = []

    def runtime_by(
        self, client: tuple[str, ...], load_timeout_s: float = 60.0, ask_timeout_s: float = 30.0
    ) -> CommandLineRuntime:
        make = DockerRuntime if self.kind == "docker" else PodmanRuntime
        return make(self.register, client, load_timeout_s, ask_timeout_s)

    def archive(self, name: str, contents: dict[str, tuple[str, ...]], **how: object) -> CatalogEntry:
        return tiny_archive(self.directory / name, contents, **how)  # type: ignore[arg-type]

    async def settle(
        self, entry: CatalogEntry, *others: CatalogEntry, runtime: CommandLineRuntime | None = None
    ) -> LoadOutcome:
        async def on_began(before: TagsBefore) -> None:
            self.began.append(before)

        loader = Loader(runtime or self.runtime, self.locks)
        return await loader.settle(LoadJob(entry, self.directory / entry.name, others), on_began)

    def by_hand(self, *arguments: str) -> str:
        return run(*self.client, *arguments)

    def type_in(self, line: str) -> None:
        """What an operator does with a command that an error gives."""
        subprocess.run(["sh", "-c", line], cwd=self.directory, check=True, timeout=60)

    def id_of(self, reference: str) -> str | None:
        """As an operator's own client answers; None where it knows no such image."""
        try:
            answer = self.by_hand("image", "inspect", "--format", "{{.Id}}", reference)
        except subprocess.CalledProcessError:
            return None
        return "sha256:" + answer.strip().removeprefix("sha256:")

    def wrapper(self, code: str) -> tuple[str, ...]:
        """A client that runs ``code`` for a load, with the real command in ``client``, and is the real one else."""
        script = self.directory / "wrapper.py"
        script.write_text(
            "import os, subprocess, sys, time\n"
            f"client = {list(self.client)!r} + sys.argv[1:]\n"
            "if 'load' in sys.argv[1:]:\n"
            + "".join(f"    {line}\n" for line in code.splitlines())
            + "os.execvp(client[0], client)\n"
        )
        return (sys.executable, str(script))


@pytest.fixture(params=[DOCKER, PODMAN])
async def machine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Machine]:
    part: PrivateDocker | PrivatePodman = request.getfixturevalue(f"private_{request.param}")
    machine = Machine(request.param, part.command, tmp_path)
    yield machine
    part.clear()
    assert machine.register.survivors() == []


@pytest.fixture
async def docker_machine(private_docker: PrivateDocker, tmp_path: Path) -> AsyncIterator[Machine]:
    machine = Machine("docker", private_docker.command, tmp_path)
    yield machine
    private_docker.clear()


async def test_an_archive_ends_loaded_under_its_full_name(machine: Machine) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1", "team/app:1", "quay.io/app:1")})
    outcome = await machine.settle(entry)
    assert outcome.loaded
    for name in (APP, "app:1", "docker.io/team/app:1", "team/app:1", "quay.io/app:1"):
        assert machine.id_of(name) == entry.images[0].config
    assert set(outcome.view.tags.values()) - {None} == {entry.images[0].config}


async def test_podman_is_left_without_the_names_that_its_load_made(machine: Machine) -> None:
    await machine.settle(machine.archive("app.tar", {"a": ("app:1",)}))
    if machine.kind == "podman":
        listed = machine.by_hand("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
        assert listed == [APP]
    else:
        assert machine.by_hand("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split() == ["app:1"]


async def test_version_one_after_version_two(machine: Machine) -> None:
    v1 = machine.archive("1.tar", {"one": ("app:1",), "aside": ("side:1",)}, count=1)
    v2 = machine.archive("2.tar", {"two": ("app:1",)}, count=2)
    await machine.settle(v2)
    outcome = await machine.settle(v1, v2)
    assert outcome.loaded
    assert machine.id_of("app:1") == v2.images[0].config
    assert machine.id_of("side:1") == v1.images[1].config
    assert not (await machine.settle(v2)).loaded
    assert not (await machine.settle(v1, v2)).loaded


async def test_a_person_loads_the_older_one_by_hand(machine: Machine) -> None:
    v1 = machine.archive("1.tar", {"one": ("app:1",)}, count=1)
    v2 = machine.archive("2.tar", {"two": ("app:1",)}, count=2)
    await machine.settle(v2)
    machine.by_hand("load", "--quiet", "--input", str(machine.directory / v1.name))
    outcome = await machine.settle(v2)
    assert not outcome.loaded
    assert machine.id_of(APP) == v2.images[0].config


async def test_a_retag_of_the_same_image(machine: Machine) -> None:
    first = machine.archive("1.tar", {"same": ("app:1",)}, count=1)
    second = machine.archive("2.tar", {"same": ("app:stable",)}, count=2)
    await machine.settle(first)
    assert not (await machine.settle(second)).loaded
    assert machine.id_of("app:1") == machine.id_of("app:stable") == first.images[0].config


@pytest.mark.parametrize("how", [("image", "rm", "--force"), ("image", "prune", "--all", "--force")])
async def test_images_removed_behind_our_back(machine: Machine, how: tuple[str, ...]) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1",)})
    await machine.settle(entry)
    target = ("app:1",) if how[1] == "rm" else ()
    machine.by_hand(*how, *target)
    assert (await machine.runtime.look(entry.images, [APP])).present == {}
    outcome = await machine.settle(entry)
    assert outcome.loaded
    assert machine.id_of("app:1") == entry.images[0].config


async def test_a_tag_removed_behind_our_back(machine: Machine) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1", "keep:1")})
    await machine.settle(entry)
    await machine.runtime.untag(APP)
    assert not (await machine.settle(entry)).loaded
    assert machine.id_of("app:1") == entry.images[0].config


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("compression", list(Compression))
async def test_every_layout_in_every_packing(machine: Machine, layout: Layout, compression: Compression) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1",)}, layout=layout, compression=compression)
    if machine.kind == "docker" and layout is Layout.OCI:
        with pytest.raises(LayoutUnsupportedError):
            await machine.settle(entry)
        return
    assert (await machine.settle(entry)).loaded
    assert machine.id_of("app:1") == entry.images[0].config


@pytest.mark.real("root", "docker", "dockerd", "skopeo")
@pytest.mark.parametrize("name", ["app.tar", "a b:c.tar"])
async def test_the_command_that_an_oci_layout_gets_really_converts_it(docker_machine: Machine, name: str) -> None:
    machine = docker_machine
    entry = machine.archive(name, {"a": ("app:1", "team/app:1")}, layout=Layout.OCI)
    with pytest.raises(LayoutUnsupportedError) as caught:
        await machine.settle(entry)
    params = caught.value.params
    assert (params["name"], params["runtime"], params["layout"]) == (name, "docker", "oci-layout")
    assert params["command"].count("skopeo copy") == 1
    machine.type_in(params["command"])
    (converted,) = machine.directory.glob("*.docker.tar")
    machine.by_hand("load", "--quiet", "--input", str(converted))
    assert machine.id_of("app:1") == machine.id_of("team/app:1") == entry.images[0].config


@pytest.mark.real("root", "docker", "dockerd", "skopeo")
async def test_several_images_of_an_oci_layout_become_several_files(docker_machine: Machine) -> None:
    machine = docker_machine
    contents: dict[str, tuple[str, ...]] = {"a": ("app:1",), "b": ("app:2", "team/app:2")}
    entry = machine.archive("app.tar", contents, layout=Layout.OCI)
    with pytest.raises(LayoutUnsupportedError) as caught:
        await machine.settle(entry)
    machine.type_in(caught.value.params["command"])
    for converted in machine.directory.glob("*.docker-*.tar"):
        machine.by_hand("load", "--quiet", "--input", str(converted))
    assert machine.id_of("app:1") == entry.images[0].config
    assert machine.id_of("app:2") == machine.id_of("team/app:2") == entry.images[1].config


@pytest.mark.parametrize("name", ["-rf.tar", "a:1.tar", "a b;reboot.tar", "$(id)\n.tar", "ä🎈.tar", "we@ird%.tar"])
async def test_odd_file_names(machine: Machine, name: str) -> None:
    entry = machine.archive(name, {"a": ("app:1",)})
    assert (await machine.settle(entry)).loaded


@pytest.mark.parametrize("compression", [Compression.NONE, Compression.GZIP])
async def test_a_truncated_archive_is_refused_in_the_runtimes_words(machine: Machine, compression: Compression) -> None:
    old = machine.archive("whole.tar", {"old": ("app:1",)})
    await machine.settle(old)
    entry = machine.archive("app.tar", {"a": ("app:1",)}, compression=compression)
    path = machine.directory / "app.tar"
    path.write_bytes(path.read_bytes()[: entry.size_bytes // 3])
    with pytest.raises(LocalError if compression is Compression.GZIP else LoadRefusedError) as caught:
        await machine.settle(entry)
    detail = caught.value.params["detail"]
    assert "unpacking failed" in detail if compression is Compression.GZIP else "unexpected EOF" in detail
    assert machine.id_of("app:1") == old.images[0].config


async def test_a_packed_archive_that_grows_too_long_is_stopped(machine: Machine) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1",)}, compression=Compression.GZIP)
    bomb = machine.archive("bomb.tar", {"b" * 4_000_000: ("app:1",)}, compression=Compression.GZIP)
    (machine.directory / bomb.name).replace(machine.directory / entry.name)
    with pytest.raises(LocalError, match="longer than"):
        await machine.settle(entry)
    assert machine.id_of("app:1") is None


async def test_another_archive_under_the_path_is_not_taken_for_ours(machine: Machine) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1",)})
    machine.archive("app.tar", {"b": ("app:1",)})
    with pytest.raises(LoadVanishedError) as caught:
        await machine.settle(entry)
    assert caught.value.params["image"] == APP


async def test_a_path_that_is_gone_or_no_file(machine: Machine) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1",)})
    path = machine.directory / "app.tar"
    path.rename(machine.directory / "else.tar")
    with pytest.raises(StoreError, match="No such file"):
        await machine.settle(entry)
    path.symlink_to("else.tar")
    with pytest.raises(StoreError):
        await machine.settle(entry)
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="regular file"):
        await machine.settle(entry)


@pytest.mark.real("root", "podman")
async def test_a_full_disk_is_told_with_what_is_needed(tmp_path: Path) -> None:
    podman = PrivatePodman(size_bytes=8_000_000)
    try:
        podman.start()
        machine = Machine("podman", podman.command, tmp_path)
        entry = machine.archive("app.tar", {"a" * 12_000_000: ("app:1",)})
        with pytest.raises(DiskFullError) as caught:
            await machine.settle(entry)
        params = caught.value.params
        assert int(params["needed_bytes"]) == entry.size_bytes
        assert int(params["free_bytes"]) < entry.size_bytes
        assert params["path"].startswith("/")
        assert (await machine.runtime.look(entry.images, [APP])).present == {}
    finally:
        podman.close()


async def test_a_load_that_takes_too_long_is_ended_with_all_that_it_started(machine: Machine) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1",)})
    hanging = machine.wrapper("subprocess.run(['sleep', '60'])")
    with pytest.raises(LoadTimeoutError) as caught:
        await machine.settle(entry, runtime=machine.runtime_by(hanging, load_timeout_s=1.0))
    assert caught.value.params == {"runtime": machine.kind, "timeout_s": "1"}
    assert machine.register.survivors() == []
    assert (await machine.settle(entry)).loaded


async def test_a_client_that_does_not_answer_is_sick(machine: Machine) -> None:
    script = machine.directory / "mute.py"
    script.write_text("import time; time.sleep(60)")
    mute = machine.runtime_by((sys.executable, str(script)), ask_timeout_s=0.5)
    with pytest.raises(RuntimeSickError, match="no answer within"):
        await mute.probe()
    assert machine.register.survivors() == []


@pytest.mark.parametrize("client", [("no-such-client",), ("/no/such/client",), ("false",), ("echo", "{}")])
async def test_a_client_that_is_none_is_sick(machine: Machine, client: tuple[str, ...]) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1",)})
    wrong = machine.runtime_by(client)
    calls: list[Callable[[], object]] = [
        wrong.probe,
        lambda: wrong.look(entry.images, entry.tags),
        lambda: machine.settle(entry, runtime=wrong),
    ]
    for call in calls:
        with pytest.raises(RuntimeSickError):
            await call()  # type: ignore[misc]


@pytest.mark.real("root", "docker", "dockerd")
async def test_a_daemon_that_is_away_is_sick(docker_machine: Machine) -> None:
    machine = docker_machine
    entry = machine.archive("app.tar", {"a": ("app:1",)})
    away = machine.runtime_by((machine.client[0], "--host", f"unix://{machine.directory}/none.sock"))
    for call in (
        away.probe,
        lambda: away.look(entry.images, entry.tags),
        lambda: away.tag(entry.images[0].config, APP),
        lambda: away.untag(APP),
    ):
        with pytest.raises(RuntimeSickError, match="Cannot connect to the Docker daemon"):
            await call()


@pytest.mark.real("root", "docker", "dockerd")
async def test_a_daemon_that_hangs_is_sick(docker_machine: Machine, private_docker: PrivateDocker) -> None:
    impatient = docker_machine.runtime_by(docker_machine.client, ask_timeout_s=0.5)
    private_docker.pause()
    try:
        with pytest.raises(RuntimeSickError, match="no answer within"):
            await impatient.probe()
    finally:
        private_docker.resume()
    assert (await docker_machine.runtime.probe()).kind == "docker"


@pytest.mark.real("root", "docker", "dockerd")
async def test_a_daemon_that_ends_in_the_midst_of_a_load_is_sick_and_refuses_nothing(
    docker_machine: Machine, private_docker: PrivateDocker
) -> None:
    machine = docker_machine
    entry = machine.archive("app.tar", {"a": ("app:1",)})
    half, go = machine.directory / "half", machine.directory / "go"
    slow = machine.wrapper(
        "data = sys.stdin.buffer.read()\n"
        "real = subprocess.Popen(client, stdin=subprocess.PIPE)\n"
        "real.stdin.write(data[:len(data) // 2]); real.stdin.flush()\n"
        f"open({str(half)!r}, 'w').close()\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
        "real.stdin.close()\n"
        "sys.exit(real.wait())"
    )
    settling = asyncio.gather(machine.settle(entry, runtime=machine.runtime_by(slow)))
    await until(half.exists)
    private_docker.stop()
    go.touch()
    try:
        with pytest.raises(RuntimeSickError):
            await settling
    finally:
        private_docker.start()
    assert (await machine.settle(entry)).loaded


DAEMON = """
import asyncio, sys
from pathlib import Path
from backend.adapters.children import ChildRegister
from backend.adapters.locks import LoadLocks
from backend.adapters.runtimes.docker import DockerRuntime
from backend.adapters.runtimes.podman import PodmanRuntime
from backend.engine.loader import Loader, LoadJob
from tests.support.tiny import tiny_archive
kind, directory, *client = sys.argv[1:]
directory = Path(directory)
async def on_began(before):
    print(before, flush=True)
async def main():
    entry = tiny_archive(directory / "app.tar", {"a": ("app:1",)})
    make = DockerRuntime if kind == "docker" else PodmanRuntime
    runtime = make(ChildRegister(directory / "run"), client)
    loader = Loader(runtime, LoadLocks(directory / "locks"))
    await loader.settle(LoadJob(entry, directory / "app.tar"), on_began)
asyncio.run(main())
"""


async def test_the_loader_of_a_killed_daemon_goes_on_and_keeps_the_lock(machine: Machine) -> None:
    """The restarted daemon waits for it, and then loads nothing twice."""
    entry = machine.archive("app.tar", {"a": ("app:1",)})
    began, go = machine.directory / "began", machine.directory / "go"
    slow = machine.wrapper(
        f"open({str(began)!r}, 'w').close()\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    )
    argv = [sys.executable, "-c", DAEMON, machine.kind, str(machine.directory), *slow]
    daemon = await asyncio.create_subprocess_exec(*argv, cwd=Path(__file__).parents[2])
    await until(began.exists)
    daemon.send_signal(signal.SIGKILL)
    await daemon.wait()
    (record,) = machine.register.survivors()
    assert (record.purpose, record.about) == ("load", entry.digest)
    settling = asyncio.gather(machine.settle(entry))
    await asyncio.sleep(0.3)
    assert not settling.done()
    assert machine.id_of("app:1") is None
    go.touch()
    (outcome,) = await asyncio.wait_for(settling, 60)
    assert not outcome.loaded
    assert machine.id_of("app:1") == entry.images[0].config
    await machine.register.wait(record)
    assert machine.register.survivors() == []


async def test_a_cancelled_load_ends_its_child(machine: Machine) -> None:
    entry = machine.archive("app.tar", {"a": ("app:1",)})
    began = machine.directory / "began"
    slow = machine.wrapper(f"open({str(began)!r}, 'w').close()\nsubprocess.run(['sleep', '60'])")
    settling = asyncio.gather(machine.settle(entry, runtime=machine.runtime_by(slow)))
    await until(began.exists)
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    assert machine.register.survivors() == []
    assert (await machine.settle(entry)).loaded


async def until(condition: Callable[[], bool], deadline_s: float = 60.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 (a file of another process)
            await asyncio.sleep(0.01)
