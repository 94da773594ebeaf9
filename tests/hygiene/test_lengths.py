"""Length caps hold, and the script that holds them sees what it should."""

from pathlib import Path

from tests.hygiene.sources import ROOT
from tools.lengths import FILE_CAP_LINES, FUNCTION_CAP_LINES, over_cap, python_files


def test_no_file_or_function_is_over_its_cap() -> None:
    assert [line for path in python_files(ROOT) for line in over_cap(path)] == []


def test_a_long_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "long.py"
    path.write_text("x = 1\n" * (FILE_CAP_LINES + 1))
    assert list(over_cap(path)) == [f"{path}: 601 lines, at most 600"]
    path.write_text("x = 1\n" * FILE_CAP_LINES)
    assert list(over_cap(path)) == []


def test_a_long_function_is_told_wherever_it_hides(tmp_path: Path) -> None:
    path = tmp_path / "long.py"
    body = "        x = 1\n" * FUNCTION_CAP_LINES
    path.write_text(f"class A:\n    async def f(self):\n{body}")
    assert list(over_cap(path)) == [f"{path}:2: f has 51 lines, at most 50"]
