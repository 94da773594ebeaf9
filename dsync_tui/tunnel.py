"""The control socket of another machine, through its sshd."""

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from backend.model.errors import NotReachedError, UsageError
from backend.model.plain import plain
from backend.texts import told
from dsync_tui.attach import answers

DEFAULT_SOCKET = "/run/dsync/control.sock"
OPEN_WITHIN_S = 60.0
"""People type passwords in that time."""
AGAIN_WITHIN_S = 15.0
"""Nobody is asked for one when the way is opened again."""
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
_POLL_S = 0.05
# Nothing in it that ssh could take for an option, or for two forwardings.
_ADDRESS = re.compile(
    r"""ssh://
    (?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.@+-]*)@)?
    (?:\[(?P<ipv6>[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?)\]|(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*))
    (?::(?P<port>[0-9]{1,5}))?
    (?P<socket>/[^:]*)?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class SshHost:
    """Where to go. ``port`` None and ``user`` "": as ssh's own configuration says, which is read from the file
    ``config``, or where ssh looks for it (``~/.ssh/config``).
    """

    host: str
    user: str = ""
    port: int | None = None
    socket: str = DEFAULT_SOCKET
    config: Path | None = None

    def command(self, local_socket: Path, unattended: bool = False) -> list[str]:
        """The ssh command that forwards ``local_socket`` for as long as its standard input stays open.

        ``cat`` rather than ``-N``: it ends when this process ends, in whatever way. ``unattended``: it asks nobody for
        anything.
        """
        return [
            "ssh",
            *(["-F", str(self.config)] if self.config is not None else []),
            "-T",
            *(["-p", str(self.port)] if self.port is not None else []),
            *(["-l", self.user] if self.user else []),
            *("-o", "ExitOnForwardFailure=yes"),
            *("-o", "ServerAliveInterval=5"),
            *("-o", "ServerAliveCountMax=3"),
            *("-o", "ControlMaster=no"),
            *("-o", "ControlPath=none"),
            *("-o", "StreamLocalBindMask=0177"),
            *(("-o", "BatchMode=yes", "-o", f"ConnectTimeout={AGAIN_WITHIN_S:g}") if unattended else ()),
            *("-L", f"{local_socket}:{self.socket}"),
            "--",
            self.host,
            "cat",
        ]


def parse_host(value: str, config: Path | None = None) -> SshHost:
    """Read ``ssh://[user@]host[:port][/path/to/control.sock]``. Raises UsageError."""
    found = _ADDRESS.fullmatch(value)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or port == 0 or (port or 1) > 65535:
        raise UsageError(**told("what", "cli.usage.host", value=value))
    path = found["socket"] or "/"
    socket = DEFAULT_SOCKET if path == "/" else path
    return SshHost(found["ipv6"] or found["name"], found["user"] or "", port, socket, config)


class Tunnel:
    """A way to another machine's control socket that opens again by itself. ``path``: its end here."""

    def __init__(self, host: SshHost, folder: Path) -> None:
        """Nothing is opened yet; ``folder`` is for this way alone."""
        self.path = folder / "s"
        self._host = host
        self._ssh: _Ssh | None = None
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="tunnel", daemon=True)
        self._why = ""

    @property
    def why(self) -> str:
        """Why there is no way now, in ssh's words; "" while there is one."""
        return self._why

    def open(self) -> None:
        """Open it, and keep it open. Raises NotReachedError."""
        self._ssh = ssh = _Ssh(self._host.command(self.path), own_session=False)
        _wait_for(self.path, ssh, self._host)
        self._keeper.start()

    def close(self) -> None:
        """End it; no error where it was never open."""
        self._closing.set()
        if self._ssh is not None:
            self._ssh.end()
        if self._keeper.is_alive():
            self._keeper.join()
        if self._ssh is not None:
            # The keeper may just have started another one.
            self._ssh.end()
            self._ssh.forget()

    def _keep(self) -> None:
        pause_s = _SHORTEST_PAUSE_S
        while not self._closing.is_set():
            ssh = self._ssh
            if ssh is not None:
                ssh.wait()
                if self._closing.is_set():
                    return
                self._why = ssh.said() or "ssh"
                self._ssh = None
                ssh.forget()
            if self._closing.wait(pause_s):
                return
            pause_s = _SHORTEST_PAUSE_S if self._again() else min(_LONGEST_PAUSE_S, pause_s * 2)

    def _again(self) -> bool:
        """Try to open the way anew; tell whether it stands."""
        # ssh takes no name that is there already, and one that was killed leaves its own.
        self.path.unlink(missing_ok=True)
        try:
            self._ssh = ssh = _Ssh(self._host.command(self.path, unattended=True), own_session=True)
        except OSError as error:
            self._why = error.strerror or str(error)
            return False
        deadline = time.monotonic() + AGAIN_WITHIN_S
        while not self._closing.wait(_POLL_S) and ssh.running:
            if self._stands():
                self._why = ""
                return True
            if time.monotonic() > deadline:
                ssh.end()
        return False

    def _stands(self) -> bool:
        try:
            return answers(self.path)
        except NotReachedError:
            return False


@contextmanager
def tunnel(host: SshHost) -> Iterator[Tunnel]:
    """Keep a way to another machine's control socket open. Raises NotReachedError."""
    if shutil.which("ssh") is None:
        raise NotReachedError(socket=host.socket, **told("why", "cli.reach.no-ssh"))
    with tempfile.TemporaryDirectory(prefix="dsync-") as folder:
        way = Tunnel(host, Path(folder))
        try:
            way.open()
            yield way
        finally:
            way.close()


class _Ssh:
    """One ssh. ``own_session``: it has no terminal, so that it can neither ask nor be interrupted from there."""

    def __init__(self, command: list[str], own_session: bool) -> None:
        """Start it. Raises OSError."""
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # until ``forget``
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._words,
                start_new_session=own_session,
            )
        except OSError:
            self._words.close()
            raise

    @property
    def running(self) -> bool:
        """Tell whether it has not ended."""
        return self._child.poll() is None

    def said(self) -> str:
        """What it has said."""
        self._words.seek(0, os.SEEK_SET)
        lines = self._words.read(8192).decode("utf-8", "replace").split("\n")
        return plain("; ".join(line.strip() for line in lines if line.strip()), 500)

    def wait(self) -> None:
        """Wait for its end."""
        self._child.wait()

    def end(self) -> None:
        """End it; no error where it has ended."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.terminate()
        try:
            self._child.wait(2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def forget(self) -> None:
        """Let go of what it has said, once it has ended."""
        self._words.close()


def _wait_for(local: Path, ssh: _Ssh, host: SshHost) -> None:
    deadline = time.monotonic() + OPEN_WITHIN_S
    while not answers(local):
        if not ssh.running:
            raise NotReachedError(
                socket=host.socket, **told("why", "cli.reach.tunnel", host=host.host, words=ssh.said())
            )
        if time.monotonic() > deadline:
            raise NotReachedError(
                socket=host.socket, **told("why", "cli.reach.tunnel-slow", host=host.host, wait_s=OPEN_WITHIN_S)
            )
        time.sleep(_POLL_S)
