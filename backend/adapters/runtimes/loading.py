"""Running a loader as a child that outlives this daemon, and reading what its failure means."""

import asyncio
import os
import re
import shutil
import stat
import sys
from pathlib import Path

import msgspec

from backend.adapters.children import Child
from backend.adapters.runtimes import unpacking
from backend.adapters.runtimes.client import Client, detail_of
from backend.adapters.runtimes.converting import conversion
from backend.model.archive import CatalogEntry, Compression, Layout
from backend.model.errors import (
    DiskFullError,
    DsyncError,
    LayoutUnsupportedError,
    LoadRefusedError,
    LoadTimeoutError,
    LocalError,
    StoreError,
)
from backend.model.plain import plain
from backend.ports.runtime import LoadLock

PROJECT_ROOT = str(Path(__file__).parents[3])
"""Where the helper finds this project, however this process did."""

_FULL = re.compile(r"no space left on device|disk quota exceeded", re.I)
_SICK = re.compile(
    r"cannot connect to the docker daemon|is the docker daemon running|error during connect|connection refused"
    r"|permission denied while trying to connect|dial unix|cannot connect to podman|server is shutting down",
    re.I,
)
# What the runtimes say of an archive that they could read and do not want: the same try gives the same
# answer.
_REFUSED = re.compile(
    r"payload does not match any of the supported image formats|error processing tar file|invalid tar header"
    r"|unexpected eof|invalid manifest|manifest\.json|docker-import-|wrong diff id|invalid diffid"
    r"|invalid checksum digest|invalid image json|failed to register layer|does not match"
    r"|unsupported|unrecognized image format"
    r"|image operating system .* cannot be used|cannot load .* image on",
    re.I,
)


class LoadPlan(msgspec.Struct, frozen=True):
    """How one kind of runtime takes an archive.

    ``arguments``: those of the client that reads the archive from its stdin. ``by_path``: whether a plain
    archive is given as ``--input`` instead, because the client would copy its stdin first. ``takes_oci``:
    whether a layout without ``manifest.json`` will do. ``root``: where it keeps images, for errors of a
    full disk ("" unknown).
    """

    arguments: tuple[str, ...]
    by_path: bool
    takes_oci: bool
    root: str


async def run_load(
    client: Client, plan: LoadPlan, path: Path, entry: CatalogEntry, lock: LoadLock, timeout_s: float
) -> None:
    """Load ``path`` by a child that inherits ``lock`` and does not die with this process.

    Raises what ``Runtime.load`` raises. Ended and gone with its group when this returns, raises or is
    cancelled.
    """
    descriptor = _open_archive(path)
    if entry.layout is Layout.OCI and not plan.takes_oci:
        # Told before gigabytes are sent: "open …/blobs/json: no such file" is all that docker 20.10 says (tried).
        os.close(descriptor)
        raise LayoutUnsupportedError(
            name=plain(entry.name),
            runtime=client.kind,
            layout=entry.layout.value,
            command=await conversion(path, entry),
        )
    try:
        child = await _start(client, plan, descriptor, entry, lock)
    finally:
        os.close(descriptor)
    async with child:
        try:
            async with asyncio.timeout(timeout_s):
                code = await child.wait()
        except TimeoutError as error:
            raise LoadTimeoutError(runtime=client.kind, timeout_s=f"{timeout_s:g}") from error
    if code != 0:
        raise failure_of(client, plan, entry, code, child.stderr)


async def _start(client: Client, plan: LoadPlan, descriptor: int, entry: CatalogEntry, lock: LoadLock) -> Child:
    command = [*client.command, *plan.arguments]
    packed = entry.compression is not Compression.NONE
    if packed:
        helper = [sys.executable, "-P", "-m", unpacking.__name__]
        command = [*helper, entry.compression.value, str(entry.unpacked_bytes), *command]
    elif plan.by_path:
        # By descriptor: podman takes a colon in a path for the start of a reference (tried, 4.3), and what
        # is loaded is the file that was opened, whatever has come under its name since.
        command = [*command, "--input", f"/proc/self/fd/{descriptor}"]
    try:
        return await client.register.spawn(
            command,
            purpose="load",
            about=entry.digest,
            pass_fds=(lock.fileno(), descriptor),
            stdin=descriptor if packed or not plan.by_path else None,
            env={"PYTHONPATH": PROJECT_ROOT} if packed else None,
        )
    except OSError as error:
        raise client.sick(f"{error.filename or command[0]}: {error.strerror}") from error


def _open_archive(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(path=plain(str(path)), detail=error.strerror) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StoreError(path=plain(str(path)), detail="not a regular file")
    return descriptor


def failure_of(client: Client, plan: LoadPlan, entry: CatalogEntry, code: int, stderr: str) -> DsyncError:
    """Return the error that a loader's exit code and words amount to."""
    detail = detail_of(stderr)
    if code < 0:
        return LocalError(detail=f"{client.kind} load was ended by signal {-code}")
    if _FULL.search(stderr):
        return DiskFullError(
            path=plan.root or client.kind,
            needed_bytes=max(entry.unpacked_bytes, entry.size_bytes),
            free_bytes=free_bytes_of(plan.root) or 0,
        )
    if _SICK.search(stderr):
        return client.sick(detail)
    if code in (unpacking.BROKEN, unpacking.TOO_LONG):
        return LocalError(detail=detail)
    if _REFUSED.search(stderr):
        return LoadRefusedError(name=plain(entry.name), runtime=client.kind, detail=detail)
    return LocalError(detail=f"{client.kind} load ended with exit code {code}: {detail}")


def seen_from_here(root: str, machine: str) -> str:
    """Return where a runtime on ``machine`` keeps its images, "" where this process cannot see that.

    A path of another machine, or of a container that the runtime lives in, may be there on this one too.
    """
    return root if root and machine == os.uname().nodename and Path(root).is_dir() else ""


def free_bytes_of(root: str) -> int | None:
    """Return the room where a runtime keeps its images; None where that cannot be seen from here."""
    try:
        return shutil.disk_usage(root).free
    except OSError:
        return None
