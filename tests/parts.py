"""Real parts that tests start: is each to be had here, and if not, why not?"""

import os
import re
import shutil
import subprocess

from backend.model.plain import plain

MISSING = "real part missing: "
"""Each skip for want of a part begins with this, so that CI can tell it from any other."""


def demanded() -> bool:
    """Return whether this run must have every part (CI)."""
    return os.environ.get("DSYNC_CI") == "1"


def missing(part: str) -> str | None:
    """Return why ``part`` can't be had here, or None if it can.

    ``root`` and ``namespaces`` are rights; every other part is a program on PATH (``/usr/sbin`` included).
    """
    if part == "root":
        return None if os.geteuid() == 0 else "needs root"
    if part == "namespaces":
        return _without_namespaces()
    if part == "rsync":
        return _old_rsync()
    return None if program(part) else f"no program {part} on PATH"


def program(name: str) -> str | None:
    """Return the path of the program ``name``, also where only root's PATH has it."""
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def _old_rsync() -> str | None:
    path = program("rsync")
    if path is None:
        return "no program rsync on PATH"
    # 3.2 is the first with zstd and the refuse-options wildcards that the data door's settings use.
    words = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    found = re.search(r"version (\d+)\.(\d+)", words)
    if found is None:
        return f"rsync does not tell its version: {plain(words, 80)}"
    if (int(found[1]), int(found[2])) < (3, 2):
        return f"rsync {found[1]}.{found[2]} is older than 3.2"
    return None


def _without_namespaces() -> str | None:
    unshare = program("unshare")
    if unshare is None:
        return "no program unshare on PATH"
    tried = subprocess.run(
        [unshare, "--net", "--mount", "true"], capture_output=True, text=True, timeout=60, check=False
    )
    return None if tried.returncode == 0 else f"unshare --net --mount: {plain(tried.stderr.strip(), 200)}"
