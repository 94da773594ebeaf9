"""``python -m benchmarks [NAME [ARGUMENTS]]``: run one benchmark, or all; exit code 1 where a figure is missed."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.benchmark import Benchmark
from benchmarks.figures import Figure, table
from benchmarks.registry import BENCHMARKS


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", allow_abbrev=False, description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document a benchmark instead of its table")
    commands = parser.add_subparsers(metavar="NAME", dest="name")
    for benchmark in BENCHMARKS:
        described = commands.add_parser(benchmark.name, help=benchmark.help, description=benchmark.help)
        benchmark.describe(described)
    arguments = parser.parse_args(argv)
    met = True
    for benchmark in BENCHMARKS:
        if arguments.name in (None, benchmark.name):
            met = _run(benchmark, _arguments_of(benchmark, arguments), as_json=arguments.json) and met
    return 0 if met else 1


def _arguments_of(benchmark: Benchmark, arguments: argparse.Namespace) -> argparse.Namespace:
    """What was given, where it is the one that was named; else its defaults."""
    if arguments.name == benchmark.name:
        return arguments
    parser = argparse.ArgumentParser()
    benchmark.describe(parser)
    return parser.parse_args([])


def _run(benchmark: Benchmark, arguments: argparse.Namespace, *, as_json: bool) -> bool:
    figures = benchmark.run(arguments)
    sys.stdout.write((_document(benchmark, figures) if as_json else _page(benchmark, figures)) + "\n")
    sys.stdout.flush()
    return all(figure.met for figure in figures)


def _page(benchmark: Benchmark, figures: Sequence[Figure]) -> str:
    return f"{table(benchmark.title, figures)}\n{_machine()}\n"


def _document(benchmark: Benchmark, figures: Sequence[Figure]) -> str:
    rows = [{**asdict(figure), "met": figure.met} for figure in figures]
    return json.dumps({"name": benchmark.name, "machine": _machine(), "figures": rows})


def _machine() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load at the end {load:.1f}"


if __name__ == "__main__":
    sys.exit(main())
