"""A daemon to attach to: the one that runs, else one started beneath this console."""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

from backend.api.failures import not_reached
from backend.model.errors import NotReachedError
from backend.model.plain import plain
from backend.settings import Settings
from backend.texts import told
from dsync_tui.backend_process import backend_command

UNIT = "dsync.service"
START_WITHIN_S = 30.0
_POLL_S = 0.05
_CONNECT_S = 5.0
_LAST_WORDS_BYTES = 4096


def answers(path: Path) -> bool:
    """Tell whether somebody listens on a socket. Raises NotReachedError where that cannot be found out."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_S)
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError as error:
            raise not_reached(path, error, _CONNECT_S) from error
        return True


def listening_pid(path: Path) -> int | None:
    """The process that listens on a socket of this machine; None where nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_S)
        try:
            probe.connect(str(path))
        except OSError:
            return None
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("iII", credentials)[0])


def ensure_daemon(settings: Settings, config: Path | None) -> bool:
    """Make sure that a daemon answers; True where one had to be started. Raises NotReachedError.

    One is started only where this user may write all that it needs and no service manager has one.
    """
    path = settings.control_socket
    if answers(path):
        return False
    hindrance = _hindrance(settings)
    if hindrance:
        raise NotReachedError(socket=path, **hindrance)
    _start(path, config)
    return True


def _hindrance(settings: Settings) -> dict[str, str]:
    roots = (settings.paths.state, settings.paths.logs, settings.paths.run, settings.paths.keys)
    for root in (*roots, settings.paths.mirrors, settings.store.directory):
        if not _writable(root):
            return told("why", "cli.reach.not-writable", path=root)
    return told("why", "cli.reach.unit", unit=UNIT) if _unit_active() else {}


def _writable(root: Path) -> bool:
    """Tell whether ``root`` may be written, or made where it is not there yet."""
    while not root.exists() and root != root.parent:
        root = root.parent
    return root.is_dir() and os.access(root, os.W_OK | os.X_OK)


def _unit_active() -> bool:
    # sd_booted(3): the directory is there where systemd is the service manager.
    systemctl = shutil.which("systemctl")
    if systemctl is None or not Path("/run/systemd/system").is_dir():
        return False
    try:
        asked = subprocess.run([systemctl, "is-active", "--quiet", UNIT], timeout=_CONNECT_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def _start(path: Path, config: Path | None) -> None:
    # Its words go to a file that nobody else sees: a pipe would break once this console is gone.
    with tempfile.TemporaryFile() as words:
        child = subprocess.Popen(
            backend_command("daemon", config, "--beneath"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
            cwd="/",
            start_new_session=True,
        )
        deadline = time.monotonic() + START_WITHIN_S
        while not answers(path):
            if child.poll() is not None:
                raise NotReachedError(socket=path, **told("why", "cli.reach.ended", words=_last_words(words)))
            if time.monotonic() > deadline:
                child.terminate()
                child.wait()
                raise NotReachedError(socket=path, **told("why", "cli.reach.slow", wait_s=START_WITHIN_S))
            time.sleep(_POLL_S)


def _last_words(words: IO[bytes]) -> str:
    size_bytes = words.seek(0, os.SEEK_END)
    words.seek(max(0, size_bytes - _LAST_WORDS_BYTES))
    lines = [line for line in words.read().decode("utf-8", "replace").splitlines() if line.strip()]
    said = next((line for line in lines if line.startswith("dsync-tui: ")), lines[-1] if lines else "")
    return plain(said.removeprefix("dsync-tui: "), 500)
