"""Reading rsync's figures; the samples are those of 3.5.0."""

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.adapters.rsync.progress import Meter

RESUMED = """
              0   0%    0.00kB/s    0:00:00
     1073741824 100%    1.02GB/s    0:00:00 (xfr#1, to-chk=0/1)
Number of files: 1 (reg: 1)
Total file size: 1073741824 bytes
Literal data: 973741824 bytes
Matched data: 0 bytes
Total bytes sent: 655460
Total bytes received: 973979641
sent 655460 bytes  received 973979641 bytes  116402452.00 bytes/sec
"""


def fed(meter: Meter, text: str) -> int:
    return sum(meter.feed(line, float(second)) for second, line in enumerate(text.splitlines(), 1))


def test_a_resumed_fetch() -> None:
    meter = Meter(1_073_741_824, 100_000_000, 0.0)
    assert fed(meter, RESUMED) == 2
    assert meter.bytes_done == 1_073_741_824
    assert meter.wire_bytes == 973_979_641
    assert meter.saved_bytes == 100_000_000
    assert meter.bytes_brought == 973_741_824


def test_what_was_there_counts_from_the_start() -> None:
    meter = Meter(1000, 400, 0.0)
    assert meter.feed("              0   0%    0.00kB/s    0:00:00", 1.0)
    assert (meter.bytes_done, meter.bytes_brought, meter.rate_bps) == (400, 0, 0)


def test_a_file_of_full_length_is_compared_from_its_start() -> None:
    meter = Meter(1000, 1000, 0.0)
    assert meter.bytes_done == 0
    meter.feed("  600  60%    1.00kB/s    0:00:00", 1.0)
    assert (meter.bytes_done, meter.bytes_brought) == (600, 0)


def test_what_rsync_sends_twice_counts_once() -> None:
    meter = Meter(1_073_741_824, 0, 0.0)
    meter.feed("     2147483648 200%    3.44GB/s    0:00:00 (xfr#2, to-chk=0/1)", 1.0)
    assert meter.bytes_done == 1_073_741_824


def test_thousands_separators_do_no_harm() -> None:
    meter = Meter(20_000_000, 0, 0.0)
    assert meter.feed("     10,000,000  50%    1.02GB/s    0:00:00", 1.0)
    assert meter.bytes_done == 10_000_000


def test_the_rate_is_smoothed_over_reports() -> None:
    meter = Meter(10_000, 0, 0.0)
    meter.advance(1000, 1.0)
    assert meter.rate_bps == 1000
    meter.advance(3000, 2.0)
    assert 1000 < meter.rate_bps < 2000


def test_no_time_no_rate() -> None:
    meter = Meter(10_000, 0, 5.0)
    meter.advance(1000, 5.0)
    assert (meter.bytes_done, meter.rate_bps) == (1000, 0)


def test_before_the_end_nothing_is_claimed() -> None:
    meter = Meter(10_000, 4000, 0.0)
    assert (meter.wire_bytes, meter.saved_bytes) == (None, 0)


REPORTS = st.builds(
    "{}{} {}% {}".format,
    st.sampled_from(["", " ", "\t"]),
    st.text("0123456789,", min_size=1, max_size=30),
    st.integers(0, 9999),
    st.text(max_size=20),
)


@given(st.lists(st.text(max_size=80) | REPORTS, max_size=8))
@settings(max_examples=50)
def test_hostile_output_cannot_leave_the_bounds(lines: list[str]) -> None:
    meter = Meter(1000, 10, 0.0)
    done = meter.bytes_done
    for second, line in enumerate(lines, 1):
        meter.feed(line, float(second))
        assert done <= meter.bytes_done <= 1000
        done = meter.bytes_done
        assert meter.rate_bps >= 0
