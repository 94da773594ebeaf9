"""What /proc tells of the processes of this machine: identity, group, session, environment."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

_PROC = Path("/proc")


class ProcessStat(msgspec.Struct, frozen=True):
    """One line of /proc/<pid>/stat (proc_pid_stat(5)). ``start_ticks``: clock ticks since boot."""

    pid: int
    state: str
    group: int
    session: int
    start_ticks: int

    @property
    def running(self) -> bool:
        """False for a zombie: it runs nothing, holds no file, and waits only for its parent to ask."""
        return self.state not in "ZXx"


def read_stat(pid: int) -> ProcessStat | None:
    """Return the process's identity, or None when there is no such process."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The command's name stands in brackets and may hold blanks and brackets of its own: count from the last
    # one.
    fields = text[text.rfind(")") + 2 :].split()
    if len(fields) < 20:
        return None
    return ProcessStat(
        pid=pid,
        state=fields[0],
        group=int(fields[2]),
        session=int(fields[3]),
        start_ticks=int(fields[19]),
    )


def all_processes() -> Iterator[ProcessStat]:
    """Yield every process that can be seen now."""
    for path in _PROC.iterdir():
        if path.name.isdigit():
            stat = read_stat(int(path.name))
            if stat is not None:
                yield stat


def read_variable(pid: int, name: str) -> str | None:
    """Return one variable of the environment with which ``pid`` was started.

    None where it is not set, or where the process may not be read (another user's, without root).
    """
    try:
        data = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    prefix = name.encode() + b"="
    for item in data.split(b"\0"):
        if item.startswith(prefix):
            return item[len(prefix) :].decode(errors="replace")
    return None


def boot_id() -> str:
    """Return this boot's random ID ("" where the kernel tells none): start ticks of another boot mean
    nothing.
    """
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
