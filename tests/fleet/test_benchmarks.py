"""The benchmarks of transfers measure what they say, on small archives; how quick this machine is, is not judged."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import fan_out, memory, notice, transfer
from benchmarks.benchmark import Benchmark
from benchmarks.figures import Figure

pytestmark = [pytest.mark.fleet, pytest.mark.real("rsync")]


def measured(benchmark: Benchmark, directory: Path, *words: str) -> dict[str, Figure]:
    parser = argparse.ArgumentParser()
    benchmark.describe(parser)
    figures: Sequence[Figure] = benchmark.run(parser.parse_args(["--directory", str(directory), *words]))
    assert all(figure.measured is not None for figure in figures)
    assert list(directory.iterdir()) == []
    return {figure.what: figure for figure in figures}


def of(figures: dict[str, Figure], what: str) -> float:
    value = figures[what].measured
    assert value is not None
    return value


def test_a_transfer_is_measured_beside_plain_rsync(tmp_path: Path) -> None:
    figures = measured(transfer.BENCHMARK, tmp_path, "--mb", "3", "--rounds", "2")
    plain, wire = of(figures, "plain rsync of 3 MB"), of(figures, "wire phase")
    assert of(figures, "of plain rsync's rate") == pytest.approx(plain / wire)
    assert of(figures, "drop to stored") > transfer.SETTLE_S + wire
    demanded = {what for what, figure in figures.items() if figure.demanded}
    assert {what.partition(",")[0] for what in demanded} == {
        "rate of the wire phase",
        "of plain rsync's rate",
        "beyond rsync",
    }


def test_peaks_of_memory_are_the_daemons(tmp_path: Path) -> None:
    figures = measured(memory.BENCHMARK, tmp_path, "--small-mb", "1", "--large-mb", "2")
    for who in ("source's daemon", "target's daemon"):
        assert of(figures, f"{who}, 1 MB") > 20
        difference = of(figures, f"{who}, 2 MB") - of(figures, f"{who}, 1 MB")
        assert of(figures, f"{who}, difference") == pytest.approx(difference)


def test_a_disk_without_room_is_told_before_it_is_filled(tmp_path: Path) -> None:
    with pytest.raises(memory.NoRoomError, match="are free"):
        measured(memory.BENCHMARK, tmp_path, "--small-mb", "1000000000")


def test_requests_come_after_the_settle_time(tmp_path: Path) -> None:
    figures = measured(notice.BENCHMARK, tmp_path, "--samples", "3", "--large-samples", "0")
    requested = of(figures, "request at the source, beyond 3 s to settle")
    assert 0 < requested < of(figures, "stored on the target, beyond 3 s to settle")


def test_a_fan_out_ends_with_its_last_copy(tmp_path: Path) -> None:
    figures = measured(fan_out.BENCHMARK, tmp_path, "--mb", "1", "--targets", "2", "--rounds", "1")
    assert 0 < of(figures, "to 2 nodes, the first of them") <= of(figures, "to 2 nodes, all of them")
