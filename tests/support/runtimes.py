"""A docker and a podman of the tests' own: private roots, no bridge, ended by pid. Loaded as a pytest
plugin.

All that can be put elsewhere lies in their roots. Two things can't: docker's empty /run/docker/plugins, and what
podman's root remembers of blobs in /var/lib/containers/cache.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import MISSING, program

START_S = 90.0
STOP_S = 60.0


class PartFailedError(Exception):
    """A part that is installed does not start here."""


def run(*argv: str, timeout_s: float = 60.0) -> str:
    """Run a command; its output. Raises CalledProcessError with the words of the command in ``stderr``."""
    return subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, check=True).stdout


def unmount_below(directory: Path) -> None:
    """Unmount what a runtime left mounted below ``directory``, innermost first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4] for line in lines]
    for point in sorted((point for point in points if Path(point).is_relative_to(directory)), reverse=True):
        subprocess.run(["umount", "--lazy", point], check=False, timeout=30)


def end_process(pid: int, wait_s: float) -> None:
    """End a process that is not our child: TERM, then KILL."""
    for number, patience_s in ((signal.SIGTERM, wait_s), (signal.SIGKILL, 5.0)):
        _signal(pid, number)
        deadline = time.monotonic() + patience_s
        while _runs(pid) and time.monotonic() < deadline:
            time.sleep(0.05)


class PrivateDocker:
    """A dockerd on a socket of its own. ``command`` is the client that reaches it."""

    def __init__(self) -> None:
        # A short path: a socket's may have 107 bytes.
        self._root = Path(tempfile.mkdtemp(prefix="dsync-docker-"))
        self.socket = self._root / "docker.sock"
        self.log = self._root / "dockerd.log"
        # Else the client would read what whoever runs the tests has set up.
        client = (program("docker") or "docker", "--config", str(self._root / "client"))
        self.command = (*client, "--host", f"unix://{self.socket}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers. Raises PartFailedError with its last words."""
        # Else it would read this machine's /etc/docker/daemon.json, and keep a key beside it.
        configuration = self._root / "daemon.json"
        configuration.write_text(json.dumps({"deprecated-key-path": str(self._root / "key.json")}))
        argv = [program("dockerd") or "dockerd", "--bridge=none", "--iptables=false", "--ip-forward=false"]
        argv += ["--config-file", str(configuration)]
        argv += ["--data-root", str(self._root / "data"), "--exec-root", str(self._root / "exec")]
        argv += ["--host", f"unix://{self.socket}", "--pidfile", str(self._root / "dockerd.pid")]
        setpriv = program("setpriv")
        if setpriv is not None:
            # A test run that is killed leaves no dockerd behind.
            argv = [setpriv, "--pdeathsig", "TERM", "--", *argv]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            answer = subprocess.run([*self.command, "version"], capture_output=True, timeout=30, check=False)
            if answer.returncode == 0:
                return
            time.sleep(0.1)
        words = "; ".join(self.log.read_text(errors="replace").splitlines()[-3:])
        self.stop()
        raise PartFailedError(f"dockerd does not start: {words}")

    @property
    def pid(self) -> int:
        """Of dockerd."""
        assert self._process is not None
        return self._process.pid

    def pause(self) -> None:
        """Let it hang: it takes connections and does not answer."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def stop(self) -> None:
        """End it and its containerd; its data stays for the next ``start``."""
        if self._process is None:
            return
        self._send(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        pid_file = self._root / "exec/containerd/containerd.pid"
        if pid_file.exists():
            end_process(int(pid_file.read_text()), STOP_S)
        unmount_below(self._root)

    def clear(self) -> None:
        """Remove all images."""
        found = run(*self.command, "image", "ls", "--all", "--quiet", "--no-trunc").split()
        for image_id in dict.fromkeys(found):
            # One may have gone with another.
            subprocess.run(
                [*self.command, "image", "rm", "--force", image_id], capture_output=True, timeout=60, check=False
            )

    def close(self) -> None:
        """End it and remove its data."""
        self.stop()
        shutil.rmtree(self._root)

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class PrivatePodman:
    """A podman root of its own, at most ``size_bytes`` large if that is given.

    ``fallback`` says why the slow storage driver is used, "" if it is not.
    """

    def __init__(self, size_bytes: int = 0) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="dsync-podman-"))
        if size_bytes:
            run("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(self._root))
        self._configuration = self._root / "containers.conf"
        # Locks, the runtime's state and networks are else this machine's: /dev/shm, /run/libpod, /etc/cni.
        self._configuration.write_text(
            f'[engine]\nlock_type = "file"\nevents_logger = "none"\ntmp_dir = "{self._root}/tmp"\n'
            f'[network]\nnetwork_config_dir = "{self._root}/networks"\n'
        )
        self.fallback = ""
        self.command = self._command("overlay")

    def start(self) -> None:
        """Find a storage driver that works here. Raises PartFailedError with podman's words; nothing is left then."""
        try:
            run(*self.command, "info")
        except subprocess.CalledProcessError as error:
            self.fallback = f"overlay: {error.stderr.strip()}"
            self.command = self._command("vfs")
        try:
            run(*self.command, "info")
        except subprocess.CalledProcessError as error:
            self.close()
            raise PartFailedError(f"{self.fallback}; vfs: {error.stderr.strip()}") from error

    def clear(self) -> None:
        """Remove all images."""
        run(*self.command, "image", "rm", "--all", "--force")

    def close(self) -> None:
        """Remove its data."""
        unmount_below(self._root)
        shutil.rmtree(self._root)

    def _command(self, driver: str) -> tuple[str, ...]:
        root, run, storage = self._root / "root", self._root / "run", self._root / "storage.conf"
        storage.write_text(f'[storage]\ndriver = "{driver}"\ngraphroot = "{root}"\nrunroot = "{run}"\n')
        own = ("env", f"CONTAINERS_CONF={self._configuration}", f"CONTAINERS_STORAGE_CONF={storage}")
        roots = ("--root", str(root), "--runroot", str(run))
        return (*own, program("podman") or "podman", *roots, "--storage-driver", driver)


@pytest.fixture(scope="session")
def private_docker() -> Iterator[PrivateDocker]:
    """One dockerd for the whole session; mark its tests ``real("root", "docker", "dockerd")``."""
    docker = PrivateDocker()
    try:
        docker.start()
    except PartFailedError as error:
        docker.close()
        pytest.skip(f"{MISSING}dockerd: {error}")
    yield docker
    docker.close()


@pytest.fixture(scope="session")
def private_podman() -> Iterator[PrivatePodman]:
    """One podman root for the whole session; mark its tests ``real("root", "podman")``."""
    podman = PrivatePodman()
    try:
        podman.start()
    except PartFailedError as error:
        pytest.skip(f"{MISSING}podman: {error}")
    yield podman
    podman.close()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
