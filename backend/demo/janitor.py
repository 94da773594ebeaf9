"""The demo's janitor, a program of its own: waits until the demo is gone, however it went, then clears up after it.

``python -m backend.demo.janitor``. It reads a pipe whose other end only the demo has. As root it is started in a mount
namespace of its own, in which the runtimes run too: nothing that they mount is seen outside, and an empty directory
stands over ``/var/lib`` and ``/var/tmp``, where podman would keep caches of this machine.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from backend.adapters.processes import ProcessStat, all_processes, read_variable
from backend.demo.leftovers import recall
from backend.demo.words import text

MARK = "DSYNC_DEMO"
"""Variable in the environment of every daemon: its run's directory. What a daemon starts inherits it."""
RUNTIME_MARK = "DSYNC_DEMO_RUNTIME"
"""The same for container runtimes, which end after those that use them."""
HIDDEN = ("/var/lib", "/var/tmp")
POLL_S = 0.05
REMOVE_IMAGES_WITHIN_S = 60.0

_OCTAL = re.compile(r"\\([0-7]{3})")
"""How mountinfo writes blanks and the like: proc_pid_mountinfo(5)."""

_NOT_THERE = re.compile("no such image|image not known", re.I)

_BY_THEMSELVES = ((None, 15.0), (signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0))
"""Daemons end when their lifeline does."""
_WHEN_TOLD = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 10.0))


def main(argv: Sequence[str] | None = None) -> int:
    """Say ``ready`` on stdout, wait for the demo's end, clear up; 1 where something could not be removed."""
    arguments = _parsed(argv)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if arguments.private:
        _hide_machine(arguments.directory)
    print("ready", flush=True)
    while os.read(arguments.lifeline, 4096):
        pass
    return 0 if clear_up(arguments.directory, arguments.also, arguments.private, arguments.keep) else 1


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m backend.demo.janitor", description=__doc__)
    parser.add_argument("--lifeline", type=int, required=True, metavar="FD")
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--also", type=Path, action="append", default=[], metavar="DIRECTORY")
    parser.add_argument("--private", action="store_true", help="the mount namespace is this program's own")
    parser.add_argument("--keep", action="store_true", help="leave the directories")
    return parser.parse_args(argv)


def clear_up(directory: Path, also: Sequence[Path], private: bool, keep: bool) -> bool:
    """End every marked process, undo what was left outside, remove the directories; False where one stays."""
    end_marked(MARK, str(directory), _BY_THEMSELVES)
    leftovers = recall(directory)
    for loaded in leftovers.loaded:
        # References first: an image without any goes with its last one, one that has lost its own by its ID.
        _remove_images((*loaded.command, "image", "rm", "--", *loaded.references))
        _remove_images((*loaded.command, "image", "rm", "--", *loaded.images))
    end_marked(RUNTIME_MARK, str(directory), _WHEN_TOLD)
    for lock in leftovers.locks:
        Path(lock).unlink(missing_ok=True)
    for path in (directory, *also):
        if private:
            _unmount_below(path)
        if not keep:
            shutil.rmtree(path, ignore_errors=True)
    left = [] if keep else [path for path in (directory, *also) if path.exists()]
    for path in left:
        _complain("demo.not-removed", path=path)
    return not left


def end_marked(variable: str, value: str, steps: Sequence[tuple[signal.Signals | None, float]]) -> None:
    """End all processes whose environment has the mark: each step's signal once, then its patience in seconds."""
    for number, patience_s in steps:
        signalled: set[int] = set()
        deadline = time.monotonic() + patience_s
        while (found := list(marked(variable, value))) and time.monotonic() < deadline:
            for process in found:
                if number is not None and process.pid not in signalled:
                    signalled.add(process.pid)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process.pid, number)
            time.sleep(POLL_S)


def marked(variable: str, value: str) -> Iterator[ProcessStat]:
    """Yield the running processes whose environment has the mark."""
    for process in all_processes():
        if process.running and process.pid != os.getpid() and read_variable(process.pid, variable) == value:
            yield process


def _hide_machine(directory: Path) -> None:
    for number, hidden in enumerate(HIDDEN):
        # Where the demo's own directory lies below, it must stay in sight.
        if Path(hidden).is_dir() and not directory.is_relative_to(hidden):
            place = directory / "hidden" / str(number)
            place.mkdir(parents=True)
            subprocess.run(["mount", "--bind", str(place), hidden], check=True, timeout=30)


def _unmount_below(directory: Path) -> None:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [_OCTAL.sub(lambda found: chr(int(found[1], 8)), line.split()[4]) for line in lines]
    for point in sorted((point for point in points if Path(point).is_relative_to(directory)), reverse=True):
        subprocess.run(["umount", "--lazy", point], check=False, timeout=30)


def _remove_images(command: Sequence[str]) -> None:
    try:
        ended = subprocess.run(command, capture_output=True, check=False, timeout=REMOVE_IMAGES_WITHIN_S)
    except (OSError, subprocess.SubprocessError) as error:
        _complain("demo.images-left", why=error)
        return
    said = ended.stderr.decode("utf-8", "replace").splitlines()
    # One that was never loaded is not missed.
    words = [line for line in said if not _NOT_THERE.search(line)]
    if ended.returncode != 0 and words:
        _complain("demo.images-left", why="; ".join(words))


def _complain(key: str, /, **params: object) -> None:
    # The terminal may be gone.
    with contextlib.suppress(OSError):
        print(text(key, **params), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
