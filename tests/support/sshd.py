"""A real sshd on the loopback address, with a host key, settings and a user's key of its own."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from backend.demo.loopback import HeldPorts
from benchmarks.process import descendants
from tests.parts import program

_UP_WITHIN_S = 60.0
_POLL_S = 0.05
_SEPARATION = Path("/run/sshd")
"""Where Debian's sshd locks its unprivileged part in; it starts only where that is there.

Made where it is missing, and left: another test's sshd may stand on it.
"""


class Sshd:
    """Use it as a context manager. ``client_config``: settings of ssh that know the key, and whom to expect."""

    def __init__(self, directory: Path) -> None:
        """Make keys and settings; start nothing."""
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self._ports = HeldPorts(1)
        (self.port,) = self._ports.ports
        self.client_config = directory / "ssh_config"
        self._make_keys()

    def _make_keys(self) -> None:
        folder = self._directory
        for name in ("host_key", "user_key"):
            words = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name))
            subprocess.run(words, check=True, timeout=_UP_WITHIN_S, stdin=subprocess.DEVNULL)
        (folder / "authorized").write_text((folder / "user_key.pub").read_text())
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {(folder / 'host_key.pub').read_text()}")
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host_key\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nPasswordAuthentication no\n"
            "PermitRootLogin prohibit-password\nKbdInteractiveAuthentication no\n"
        )
        self.client_config.write_text(
            f"IdentityFile {folder}/user_key\nIdentitiesOnly yes\nUserKnownHostsFile {folder}/known\n"
            "GlobalKnownHostsFile none\nStrictHostKeyChecking yes\nBatchMode yes\n"
        )

    def __enter__(self) -> "Sshd":
        if os.geteuid() == 0:
            _SEPARATION.mkdir(mode=0o755, exist_ok=True)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        self._ports.close()

    @property
    def host(self) -> str:
        """The beginning of what ``--host`` takes; the socket's path comes after it."""
        return f"ssh://{self.user}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it listens. Fails with its words where it does not."""
        log = self._directory / "sshd.log"
        words = (program("sshd") or "sshd", "-D", "-f", str(self._directory / "sshd_config"), "-E", str(log))
        self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _UP_WITHIN_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(_POLL_S)

    def kill(self) -> None:
        """End it with all its connections, as when the machine goes down."""
        if self._process is None:
            return
        for pid in (self._process.pid, *descendants(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(_UP_WITHIN_S)
        self._process = None
