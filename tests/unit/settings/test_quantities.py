"""Sizes, rates and ages as people write them."""

import pytest

from backend.settings import Expected, format_rate, format_size, parse_rate, parse_size
from backend.settings.quantities import format_age, parse_age


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("0", 0), ("0B", 0), ("1GiB", 1024**3), ("1 GB", 10**9), ("1.5KiB", 1536), ("0.1GB", 10**8), ("7B", 7)],
)
def test_sizes(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "1", "GiB", "-1B", "1GIB", "1e3B", "1_000B", "99999999TiB", "1,5GB", "٣B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(Expected):
        parse_size(text)


@pytest.mark.parametrize(("text", "rate_bps"), [("0", 0), ("80MiB/s", 80 * 1024**2), ("1.5 MB / s", 1_500_000)])
def test_rates(text: str, rate_bps: int) -> None:
    assert parse_rate(text) == rate_bps


@pytest.mark.parametrize("text", ["", "80", "80MiB", "80MiB/m", "1023B/s", "MiB/s", "/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(Expected, match="a rate such as"):
        parse_rate(text)


def test_texts_are_short_and_exact() -> None:
    assert format_size(1024**3) == "1GiB"
    assert format_size(1025) == "1025B"
    assert format_rate(0) == "0"
    assert format_rate(80 * 1024**2) == "80MiB/s"
    assert format_age(parse_age("14d")) == "2w"
    assert format_age(parse_age("36h")) == "36h"
