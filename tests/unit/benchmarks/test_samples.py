"""What is told of several measurements."""

import pytest

from benchmarks.samples import median, percentile, spread


def test_the_median_stands_in_the_middle() -> None:
    assert median([9.0, 1.0, 2.0]) == 2.0
    assert median([1.0, 2.0, 4.0, 9.0]) == 3.0
    assert median([]) is None


@pytest.mark.parametrize(("percent", "expected"), [(1, 1.0), (50, 10.0), (95, 19.0), (96, 20.0), (100, 20.0)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(20, 0, -1)], percent) == expected


def test_of_nothing_nothing_is_told() -> None:
    assert percentile([], 95) is None
    assert spread([]) == "no sample"


def test_the_spread_names_both_ends() -> None:
    assert spread([2.0, 0.5, 1200.0]) == "median of 3, 0.50 to 1,200"
