"""Real parts: skipped by name here, demanded in CI. Proved by running pytest on small files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hygiene.sources import ROOT
from tests.parts import missing

ABSENT = """
import pytest

@pytest.mark.real("no-such-program")
def test_needs_it(): ...

def test_other(): ...
"""
SKIPPED_INSIDE = """
import pytest

@pytest.mark.real("sh")
def test_gives_up(): pytest.skip("the wind")
"""
UNRELATED = """
import pytest

def test_of_nothing_real(): pytest.skip("later")
"""


def _run(folder: Path, code: str, ci: str) -> subprocess.CompletedProcess[str]:
    path = folder / "test_small.py"
    path.write_text(code)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c"]
    return subprocess.run(
        [*command, str(ROOT / "pyproject.toml"), "--rootdir", str(folder), str(path)],
        cwd=ROOT,
        env={**os.environ, "DSYNC_CI": ci, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_missing_part_is_a_named_skip(tmp_path: Path) -> None:
    done = _run(tmp_path, ABSENT, ci="")
    assert done.returncode == 0
    assert "real part missing: no-such-program: no program no-such-program on PATH" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout


def test_a_missing_part_fails_ci(tmp_path: Path) -> None:
    done = _run(tmp_path, ABSENT, ci="1")
    assert done.returncode == 1
    assert "1 passed, 1 error" in done.stdout


def test_any_other_skip_of_a_real_test_fails_ci_too(tmp_path: Path) -> None:
    assert _run(tmp_path, SKIPPED_INSIDE, ci="").returncode == 0
    done = _run(tmp_path, SKIPPED_INSIDE, ci="1")
    assert done.returncode == 1
    assert "CI may not skip" in done.stdout


def test_a_skip_of_nothing_real_is_no_matter(tmp_path: Path) -> None:
    assert _run(tmp_path, UNRELATED, ci="1").returncode == 0


@pytest.mark.real("root")
def test_rights_are_parts_too() -> None:
    assert missing("root") is None
    assert missing("sh") is None
    assert missing("no-such-program") == "no program no-such-program on PATH"
