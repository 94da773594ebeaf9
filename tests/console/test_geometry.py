"""Where things stand in the matrix, at every size."""

import pytest

from dsync_tui.console.geometry import (
    COUNT_CELLS,
    DENSE_PITCH,
    NAME_FAIR,
    PITCH_MOST,
    SPREAD_LEAST,
    WIDE_LEAST,
    Geometry,
    Zoom,
    label_lines,
    measure,
)
from dsync_tui.console.labels import stacked

NAMES = ["master", "worker-01", "edge-berlin"]
FEW = ["api:2.9", "postgres:16.4"]
MANY = [f"api:2.{n}" for n in range(1000)]


def inside(geometry: Geometry) -> None:
    """Nothing stands outside of the window."""
    assert geometry.columns >= 0
    assert geometry.body >= 0
    if geometry.pitch and geometry.columns:
        assert geometry.left + geometry.columns * geometry.pitch <= geometry.width


@pytest.mark.parametrize("zoom", list(Zoom))
@pytest.mark.parametrize("labels", [[], FEW, MANY])
@pytest.mark.parametrize("width", [80, 100, 160, 300])
@pytest.mark.parametrize("height", [1, 5, 19, 31, 95])
def test_everything_stands_inside(zoom: Zoom, labels: list[str], width: int, height: int) -> None:
    inside(measure(width, height, NAMES, labels, zoom))


def test_few_columns_are_given_room() -> None:
    assert measure(120, 30, NAMES, FEW, Zoom.AUTO).pitch == PITCH_MOST
    assert measure(80, 19, NAMES, [*FEW, *FEW, "a", "b"], Zoom.AUTO).spread


def test_many_columns_are_dense() -> None:
    geometry = measure(120, 30, NAMES, MANY, Zoom.AUTO)
    assert geometry.pitch == DENSE_PITCH
    assert geometry.header >= len("api:2.9")


def test_zooms_can_be_asked_for() -> None:
    assert measure(120, 30, NAMES, FEW, Zoom.DENSE).pitch == DENSE_PITCH
    assert measure(120, 30, NAMES, MANY, Zoom.WIDE).pitch >= WIDE_LEAST


def test_without_cells_there_are_only_counts() -> None:
    geometry = measure(60, 15, NAMES, FEW, Zoom.AUTO, cells=False)
    assert geometry.pitch == 0
    assert geometry.columns == 0
    assert geometry.hit_column(59) is None


@pytest.mark.parametrize(("width", "counts", "rate"), [(79, 3, True), (52, 3, True), (45, 2, True), (40, 2, False)])
def test_names_have_room_before_all_counts_do(width: int, counts: int, rate: bool) -> None:
    geometry = measure(width, 10, [*NAMES, "a-long-name-of-a-node"], FEW, Zoom.AUTO, cells=False)
    assert (geometry.counts, geometry.rate) == (counts, rate)
    assert geometry.name >= NAME_FAIR
    assert geometry.left + COUNT_CELLS * counts <= width


def test_long_names_leave_room_for_cells() -> None:
    geometry = measure(80, 19, ["x" * 300], MANY, Zoom.AUTO)
    assert geometry.columns >= 10


def test_a_click_finds_its_column() -> None:
    geometry = measure(120, 30, NAMES, FEW, Zoom.AUTO)
    assert geometry.hit_column(0) is None
    for offset in range(geometry.columns):
        assert geometry.hit_column(geometry.column_x(offset)) == offset
    assert geometry.hit_column(geometry.column_x(geometry.columns)) is None


@pytest.mark.parametrize("label", [*FEW, "telemetry-collector:0.14.2", "broken.tar", "x" * 80])
def test_headers_have_the_lines_that_labels_need(label: str) -> None:
    for room in range(SPREAD_LEAST - 1, PITCH_MOST):
        lines = label_lines(label, room)
        assert len(stacked(label, room, max(lines, 2))) == lines
