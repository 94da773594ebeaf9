"""A file on this machine, as the back end reads it: what a plan is asked about. Its bytes go nowhere."""

import asyncio
import subprocess
from pathlib import Path

import msgspec

from backend.api.failures import error_of
from backend.api.plans import PlannedFile
from backend.api.wire import ErrorBody
from backend.model.errors import FolderError, UnreadableError
from dsync_tui.backend_process import backend_command


async def planned_file(path: Path) -> PlannedFile:
    """Read an archive; takes as long as both of its hashes do. Raises DsyncError: what is wrong with the file."""
    process = _begun(path)
    try:
        said, _ = await asyncio.to_thread(process.communicate)
    finally:
        # The thread sees the end of it, also where the console goes at the same time: a process of asyncio's would then
        # outlive its loop, and complain into the terminal.
        process.kill()
    try:
        if process.returncode == 0:
            return msgspec.json.decode(said, type=PlannedFile)
        refused = msgspec.json.decode(said, type=ErrorBody)
    except msgspec.MsgspecError as error:
        raise UnreadableError(name=path.name, detail=f"exit code {process.returncode}") from error
    raise error_of(refused)


def _begun(path: Path) -> "subprocess.Popen[bytes]":
    if path.is_dir():
        raise FolderError(name=path.name)
    return subprocess.Popen(
        backend_command("inspect", None, "--", str(path)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
