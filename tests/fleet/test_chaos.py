"""A short form of ``./dev chaos``: the plan is repeatable, and a small fleet under all troubles ends well."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos.plan import Kind, Scale, make_plan
from tests.chaos.run import run_chaos
from tests.chaos.world import STEPPED

SMALL = Scale(nodes=5, archives=6, seconds=30.0, troubles=18)
SEEDS = (1, 7)


def test_a_seed_brings_the_same_troubles_again() -> None:
    assert make_plan(3, SMALL) == make_plan(3, SMALL)
    assert make_plan(3, SMALL) != make_plan(4, SMALL)


def test_plans_hold_every_archive_once_and_every_kind_of_trouble() -> None:
    plan = make_plan(5, Scale(nodes=12, archives=30, seconds=600.0, troubles=300))
    assert sorted(step.archive for step in plan if step.kind is Kind.DROP) == list(range(30))
    assert {step.kind for step in plan} == set(Kind)
    assert [step.at_s for step in plan] == sorted(step.at_s for step in plan)


def test_a_stepped_clock_is_off_by_what_its_file_says(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("-86400\n")
    told = subprocess.run(
        [sys.executable, "-P", "-c", "import time; print(time.time(), time.time_ns())"],
        env={**os.environ, "PYTHONPATH": str(STEPPED), "DSYNC_TEST_CLOCK": str(tmp_path / "clock")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    day_ago = time.time() - 86_400
    assert abs(float(told[0]) - day_ago) < 600
    assert abs(int(told[1]) / 1e9 - day_ago) < 600


@pytest.mark.fleet
@pytest.mark.real("root", "namespaces", "ip", "tc", "rsync", "podman")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_small_fleet_survives(seed: int) -> None:
    said: list[str] = []
    faults = await run_chaos(seed, SMALL, loading=1, say=said.append, peace_s=120.0)
    assert faults == [], "\n".join(said)
