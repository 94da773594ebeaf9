"""A real console on real daemons: the words that start it, and what it needs of the environment."""

import os
import sys
from pathlib import Path

from backend.demo.fleet import FleetNode
from tests.hygiene.sources import ROOT

PROGRAM = (sys.executable, "-P", "-m", "dsync_tui")


def environment(directory: Path) -> dict[str, str]:
    """All variables that a console is given; nobody's themes, nobody's language."""
    return {
        "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin",
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
    }


def console_of(node: FleetNode, *words: str) -> tuple[str, ...]:
    """The command that attaches a console to a node."""
    return (*PROGRAM, "--config", str(node.config), *words)
