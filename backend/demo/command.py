"""``demo``: its arguments, and the run that they ask for."""

import argparse
import asyncio
import os

from backend.demo.options import add_demo_arguments, options_of
from backend.demo.run import run_demo

__all__ = ["add_demo_arguments", "demo_of"]


def demo_of(arguments: argparse.Namespace) -> int:
    """Run a fleet; the exit code. Raises DsyncError, OSError."""
    return asyncio.run(run_demo(options_of(arguments, os.environ)))
