"""The demo's hold on its janitor: started first, told last."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.model.errors import FleetError
from backend.model.plain import plain

CLEARED_WITHIN_S = 90.0
_UNSHARE = ("unshare", "--mount", "--propagation", "private")


class JanitorProcess:
    """``enter``: words that let a command run in the janitor's mount namespace, () where it has none, for the reason
    ``why_not``.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self.enter: tuple[str, ...] = ()
        self.why_not = ""
        self.started = False
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1

    def start(self, directory: Path, also: Sequence[Path], keep: bool) -> None:
        """Start it; it removes ``directory`` and ``also`` once this process is gone. Raises FleetError, OSError."""
        self.why_not = _why_no_namespace()
        private = not self.why_not
        reader, writer = os.pipe()
        command = [*(_UNSHARE if private else ()), sys.executable, "-P", "-m", "backend.demo.janitor"]
        command += ["--lifeline", str(reader), "--directory", str(directory)]
        command += [word for path in also for word in ("--also", str(path))]
        command += [*(["--private"] if private else ()), *(["--keep"] if keep else ())]
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, pass_fds=(reader,), start_new_session=True
            )
        except OSError:
            os.close(writer)
            raise
        finally:
            os.close(reader)
        self._process, self._lifeline, self.started = process, writer, True
        assert process.stdout is not None
        with process.stdout as said:
            if said.readline() != b"ready\n":
                self.close()
                raise FleetError(node="janitor", detail=f"exit code {process.returncode}")
        if private:
            self.enter = ("nsenter", f"--mount=/proc/{process.pid}/ns/mnt", "--")

    def close(self) -> bool:
        """Let it clear up and wait for it; False where something is left. No error when it never was started."""
        process, self._process = self._process, None
        if process is None:
            return True
        os.close(self._lifeline)
        try:
            return process.wait(CLEARED_WITHIN_S) == 0
        except subprocess.TimeoutExpired:
            return False


def _why_no_namespace() -> str:
    if os.geteuid() != 0:
        return "not root"
    for tool in ("unshare", "nsenter"):
        if shutil.which(tool) is None:
            return f"no program {tool}"
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, text=True, timeout=30, check=False)
    if tried.returncode == 0:
        return ""
    return plain(tried.stderr.strip(), 200) or f"unshare: exit code {tried.returncode}"
