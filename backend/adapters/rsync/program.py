"""The rsync program on this machine: is it there, is it new enough, and how is it kept from outliving us."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence

from backend.adapters.children import Child, ChildRegister
from backend.adapters.pipes import Reading
from backend.adapters.rsync.options import INHERITED_VARIABLES
from backend.model.errors import Problem, ToolMissingError, ToolOldError

NEEDED_VERSION = (3, 5, 0)
"""33 CVEs were fixed up to here, five of them on daemon paths that we use (rsync NEWS, 3.5.0)."""

_VERSION = re.compile(r"\brsync\s+version\s+v?(\d+)\.(\d+)\.(\d+)", re.ASCII)


class RsyncProgram:
    """Starts rsync so that all of it ends with us.

    rsync forks: a daemon for each connection, a client into generator and receiver. When we are killed the
    parent-death signal reaches the first process only, and the others may go on for the whole time-out, writing or
    holding a connection (tried with a stalled source). In a PID namespace of their own they end with their first
    process, by the kernel's hand.
    """

    def __init__(self, spawner: ChildRegister, environment: Mapping[str, str] = os.environ) -> None:
        """Start children by ``spawner``; ``environment`` is the one that they inherit."""
        self._spawner = spawner
        self._environment = environment
        self._enclosure: tuple[str, ...] | None = None

    async def start(
        self,
        options: Sequence[str],
        *,
        purpose: str,
        about: str,
        file_limit_bytes: int | None = None,
        stdin: bytes | None = None,
        stdout: Reading = Reading.TAIL,
    ) -> Child:
        """Start ``rsync OPTIONS``, to die with this process. Raises ToolMissingError, OSError, LocalError."""
        if shutil.which("rsync", path=self._environment.get("PATH")) is None:
            raise ToolMissingError(tool="rsync", package="rsync")
        inherited = [name for name in INHERITED_VARIABLES if name in self._environment]
        scrub = ["env", *(word for name in inherited for word in ("-u", name))] if inherited else []
        return await self._spawner.spawn(
            [*scrub, *await self.enclosure(), "rsync", *options],
            purpose=purpose,
            about=about,
            # popt would read option aliases from the operator's ~/.popt.
            env={"HOME": "/nonexistent"},
            file_limit_bytes=file_limit_bytes,
            die_with_parent=True,
            stdin=stdin,
            stdout=stdout,
        )

    async def enclosure(self) -> tuple[str, ...]:
        """Return the words that put a command into a PID namespace; none where the kernel does not let us.

        Without it the connections of a killed daemon last until they end by themselves, or until this node's
        next daemon finds them by their mark.
        """
        if self._enclosure is None:
            rights = () if os.geteuid() == 0 else ("--user", "--map-current-user")
            words = ("unshare", *rights, "--pid", "--fork", "--kill-child", "--")
            self._enclosure = words if await self._works([*words, "true"]) else ()
        return self._enclosure

    async def version(self) -> tuple[int, int, int] | None:
        """Ask rsync for its version; None when there is no rsync, or none that answers."""
        try:
            child = await self._spawner.spawn(
                ["rsync", "--version"], purpose="ask", about="version", stdout=Reading.HEAD, stdout_limit_bytes=4096
            )
        except OSError:
            return None
        async with child:
            await child.wait()
        found = _VERSION.search(child.stdout)
        return (int(found[1]), int(found[2]), int(found[3])) if found else None

    async def _works(self, command: Sequence[str]) -> bool:
        try:
            child = await self._spawner.spawn(command, purpose="ask", about="namespace")
        except OSError:
            return False
        async with child:
            return await child.wait() == 0


def rsync_problem(version: tuple[int, int, int] | None) -> Problem | None:
    """Return what health has to say about a version: missing, too old, or None."""
    if version is None:
        return ToolMissingError(tool="rsync", package="rsync").problem()
    if version < NEEDED_VERSION:
        found, needed = (".".join(map(str, numbers)) for numbers in (version, NEEDED_VERSION))
        return ToolOldError(tool="rsync", found=found, needed=needed).problem()
    return None
