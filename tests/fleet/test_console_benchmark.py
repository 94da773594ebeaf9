"""The console's benchmark measures every figure that is demanded; how quick this machine is, is not judged."""

import argparse

import pytest

from benchmarks import console

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(240)]
SIZES = ("--nodes", "60", "--archives", "80", "--size", "100x30")
COUNTS = ("--keys", "10", "--changes", "4", "--seconds", "1", "--minutes", "0.05")

DEMANDED = {
    "start to first matrix",
    "CPU, idle",
    *(f"{what}, {load}" for load in ("uniform", "all visible") for what in ("CPU", "output", "memory (RSS)")),
    *(f"change to paint, {load}, worst" for load in ("uniform", "all visible")),
    *(f"key to paint, {load}, p{percent}" for load in ("uniform", "all visible") for percent in (50, 95, 99)),
    "screen switch, worst",
    "screen switch, worst first look",
    "output, slow link at 2 Hz, all visible",
    "memory grown, all visible",
}
ENDINGS = {
    "daemon gone, shown",
    "daemon back, resynced",
    "terminal closed, console gone",
    "processes left of it",
    "consoles that the daemon still counts",
}


def test_every_figure_of_the_console_is_measured() -> None:
    parser = argparse.ArgumentParser()
    console.BENCHMARK.describe(parser)
    figures = {figure.what: figure for figure in console.BENCHMARK.run(parser.parse_args([*SIZES, *COUNTS]))}
    demanded = {what.removeprefix("100x30  ") for what, each in figures.items() if each.demanded}
    assert demanded == DEMANDED | ENDINGS
    measured = {what: figure.measured for what, figure in figures.items()}
    assert None not in measured.values()
    assert measured["processes left of it"] == 0
    assert measured["consoles that the daemon still counts"] == 0
    for load in ("idle", "uniform", "all visible"):
        assert (measured[f"100x30  output, {load}"] or 0) > 0
