"""What the kernel tells of a process: processor time and memory. Linux only."""

import re
from dataclasses import dataclass
from pathlib import Path

_KIB = 1024
_MB = 1_000_000


def cpu_s(pid: int) -> float:
    """Processor time of all threads so far, in seconds (/proc/PID/task/*/schedstat counts nanoseconds)."""
    total_ns = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total_ns += int((task / "schedstat").read_text().split()[0])
    return total_ns / 1e9


@dataclass(frozen=True, slots=True)
class Memory:
    """In MB of 1,000,000 bytes. ``pss``: pages that several processes share count by their share."""

    rss_mb: float
    pss_mb: float


def memory(pid: int) -> Memory:
    """Memory in use now (/proc/PID/smaps_rollup)."""
    told = dict(re.findall(r"^(\w+): +(\d+) kB$", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE))
    return Memory(int(told["Rss"]) * _KIB / _MB, int(told["Pss"]) * _KIB / _MB)


def peak_rss_mb(pid: int) -> float:
    """The most memory that a process ever had, in MB of 1,000,000 bytes (VmHWM); 0 for one that is gone."""
    told = re.search(r"^VmHWM:\s+(\d+) kB$", _status(pid), re.MULTILINE)
    return int(told[1]) * _KIB / _MB if told is not None else 0.0


def name_of(pid: int) -> str:
    """A process's name as the kernel has it; "" for one that is gone."""
    told = re.search(r"^Name:\s+(.*)$", _status(pid), re.MULTILINE)
    return told[1] if told is not None else ""


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def descendants(pid: int) -> list[int]:
    """Processes that a process started, and those that they started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        told = re.search(r"^PPid:\s+(\d+)$", _status(int(entry.name)), re.MULTILINE) if entry.name.isdigit() else None
        if told is not None:
            children.setdefault(int(told[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def session_members(session: int) -> list[int]:
    """Processes that belong to a session, zombies left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(entry.name))
    return found
