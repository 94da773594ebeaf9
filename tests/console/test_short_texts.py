"""Labels, figures, sparklines, filters: the small pure parts."""

import pytest

from dsync_tui.console import figures
from dsync_tui.console.bandwidth import MIB, STEPS_BPS, as_argument, next_limit
from dsync_tui.console.filters import is_subsequence, parse_filter
from dsync_tui.console.history import RateHistory
from dsync_tui.console.labels import (
    fitting_label,
    full_label,
    labels_across,
    labels_down,
    middle_cut,
    shortened,
    stacked,
)
from dsync_tui.console.spark import bar, samples_of, sparkline
from dsync_tui.naming import familiar
from tests.support.console_fleets import archive_row


@pytest.mark.parametrize(
    ("tag", "shown"),
    [
        ("docker.io/library/nginx:1", "nginx:1"),
        ("docker.io/grafana/loki:3", "grafana/loki:3"),
        ("registry.example:5000/a/b:1", "registry.example:5000/a/b:1"),
    ],
)
def test_tags_are_shown_as_people_write_them(tag: str, shown: str) -> None:
    assert familiar(tag) == shown


def test_labels_lose_their_path_before_their_name() -> None:
    cuts = [fitting_label("registry.example/team/api:2.9", room) for room in (29, 28, 12, 11, 7, 6)]
    assert cuts == ["registry.example/team/api:2.9", "team/api:2.9", "team/api:2.9", "api:2.9", "api:2.9", "ap⋯2.9"]


def test_labels_of_archives() -> None:
    assert full_label(archive_row(1, "registry.example/team/api:2.9")) == "registry.example/team/api:2.9"
    assert shortened("registry.example/team/api:2.9") == "api:2.9"
    assert full_label(archive_row(1, "")) == "app-1.tar"
    several = archive_row(1, tags=("docker.io/library/a:1", "docker.io/library/b:1", "docker.io/library/c:1"))
    assert full_label(several) == "a:1 +2"


@pytest.mark.parametrize(
    ("label", "width", "cut"),
    [
        ("api:2.9", 7, "api:2.9"),
        ("telemetry-collector:0.14.2", 10, "tele⋯.14.2"),
        ("migration:1", 6, "mig⋯:1"),
        ("abcdefgh", 5, "ab⋯gh"),
        ("abcdefgh", 2, "ab"),
        ("abcdefgh", 1, "a"),
    ],
)
def test_long_labels_keep_head_and_tail(label: str, width: int, cut: str) -> None:
    assert middle_cut(label, width) == cut
    assert len(cut) <= width


@pytest.mark.parametrize("height", range(2, 15))
def test_different_labels_stay_different_downwards(height: int) -> None:
    labels = [f"telemetry-{kind}-collector:1.{n}" for kind in ("alpha", "beta") for n in range(4)] + ["a:1", "a:1"]
    prints = [f"{number:08x}"[::-1] for number in range(len(labels))]
    cut = labels_down(labels, prints, height)
    assert all(len(label) <= height for label in cut)
    assert cut[-1] == cut[-2] or height < 3, "the same tag may stand twice"
    if height > 3:
        assert len(set(cut)) == len(set(labels))


def test_labels_that_share_a_long_head_drop_it() -> None:
    cut = labels_down(["platform-service-a-x:1", "platform-service-b-x:1"], ["11111111", "22222222"], 7)
    assert cut[0] != cut[1]


def test_labels_across_put_the_tag_on_a_line_of_its_own() -> None:
    assert stacked("postgres:16.4", 8, 3) == ["postgres", ":16.4"]
    assert stacked("api:2.9", 8, 3) == ["api:2.9"]
    assert stacked("telemetry-collector:0.14.2", 8, 3)[-1] == ":0.14.2"
    assert stacked("broken.tar", 6, 3) == ["broken", ".tar"]
    for lines in range(1, 6):
        for room in range(5, 24):
            broken = stacked("telemetry-collector:0.14.2-alpine3.20", room, lines)
            assert len(broken) <= lines
            assert all(len(line) <= room for line in broken)


def test_labels_across_can_be_told_apart() -> None:
    labels = ["very-long-common-name-a:1", "very-long-common-name-b:1"]
    one, other = labels_across(labels, ["1" * 8, "2" * 8], 6, 2)
    assert one != other


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (400 * MIB, "400 MiB"),
        (1288490189, "1.2 GiB"),
        (1 << 50, "1.0 PiB"),
    ],
)
def test_sizes(size_bytes: int, shown: str) -> None:
    assert figures.size(size_bytes) == shown


def test_shares_are_never_rounded_into_a_better_truth() -> None:
    assert figures.percent(0.9999) == "99.9%"
    assert figures.percent(1.0) == "100%"
    assert figures.tenth_percent(0.999) == " 99%"
    assert figures.tenth_percent(1.7) == "100%"


@pytest.mark.parametrize(
    ("left_s", "shown"), [(0, "0:00"), (0.2, "0:01"), (42, "0:42"), (117, "1:57"), (3723, "1:02:03"), (-5, "0:00")]
)
def test_countdowns(left_s: float, shown: str) -> None:
    assert figures.countdown(left_s) == shown


@pytest.mark.parametrize(
    ("age_s", "shown"), [(0, "0s"), (99, "99s"), (100, "1m"), (7200, "2h"), (172800, "2d"), (-3, "0s")]
)
def test_ages(age_s: float, shown: str) -> None:
    assert figures.age(age_s) == shown


@pytest.mark.parametrize(("count", "shown"), [(9999, "9999"), (12345, "12.3k"), (1_500_000, "1.5M")])
def test_tallies(count: int, shown: str) -> None:
    assert figures.tally(count) == shown


def test_rates_of_columns_leave_nothing_for_nothing() -> None:
    assert figures.mebibytes(0) == ""
    assert figures.mebibytes(1.5 * MIB) == "1.5"
    assert figures.mebibytes(182 * MIB) == "182"
    assert figures.clock(250) == "00:04:10"


@pytest.mark.parametrize("ascii_only", [False, True])
def test_sparklines_are_as_wide_as_asked(ascii_only: bool) -> None:
    for count in (0, 1, 7, 100):
        line = sparkline(list(range(count)), 12, ascii_only)
        assert len(line) == 12
        assert line.isascii() or not ascii_only
    assert samples_of(12, ascii_only) == (12 if ascii_only else 24)


def test_sparklines_rise_with_the_rate() -> None:
    assert sparkline([0, 0, 8, 8], 2, False) == "⣀⣿"
    assert sparkline([0, 1, 4, 8], 4, True) == "_.+@"
    assert sparkline([0, 0], 1, False) == "⣀"


@pytest.mark.parametrize("ascii_only", [False, True])
def test_bars_are_as_wide_as_asked_and_full_only_when_done(ascii_only: bool) -> None:
    for percent in range(-10, 120, 3):
        done, rest = bar(percent / 100, 10, ascii_only)
        assert len(done) + len(rest) == 10
    assert bar(0.999, 10, ascii_only)[0] != bar(1.0, 10, ascii_only)[0]


def test_filters_are_read_as_they_are_typed() -> None:
    assert not parse_filter("")
    assert not parse_filter("!")
    assert not parse_filter("-f")
    assert parse_filter("eu-w !ready").matches("EU-W-1 waiting")
    assert not parse_filter("eu-w !ready").matches("eu-w-1 ready")
    assert parse_filter("-f ew1").matches("eu-w-0001")
    assert is_subsequence("", "x")
    assert not is_subsequence("ba", "ab")


def test_history_fills_seconds_without_news_and_forgets_the_oldest() -> None:
    history = RateHistory(length_s=5)
    history.note(100.0, 7)
    history.pass_time(102.9)
    assert history.latest(9) == [7, 7, 7]
    history.note(103.0, 9)
    assert history.latest(2) == [7, 9]
    history.pass_time(1_000_000.0)
    assert history.latest(9) == [9] * 5
    history.pass_time(50.0)
    assert history.latest(0) == []
    assert history.latest(9) == [9] * 5


def test_bandwidth_goes_by_steps_and_ends_without_a_limit() -> None:
    assert next_limit(0, 1) is None
    assert next_limit(0, -1) == STEPS_BPS[-1]
    assert next_limit(STEPS_BPS[-1], 1) == 0
    assert next_limit(STEPS_BPS[0], -1) is None
    assert next_limit(15 * MIB, 1) == 20 * MIB
    assert next_limit(15 * MIB, -1) == 10 * MIB
    assert as_argument(20 * MIB) == "20MiB/s"
    assert as_argument(0) == "0"
