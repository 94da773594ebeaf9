"""What a benchmark is. Each is one file that gives a ``BENCHMARK``; ``benchmarks.registry`` names them all."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure


@dataclass(frozen=True, slots=True)
class Benchmark:
    """``describe`` adds its arguments, ``run`` measures, printing nothing on stdout, and returns its table's rows.

    ``title`` stands above the table. ``run`` may tell on stderr how far it is, and raises what it can't measure with.
    """

    name: str
    title: str
    help: str
    describe: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Sequence[Figure]]


def no_arguments(parser: argparse.ArgumentParser) -> None:
    """For benchmarks without arguments of their own."""
