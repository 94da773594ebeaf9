"""Archives of several images: a column each where that is asked for, and what becomes of cursor, marks and cells."""

import pytest

from backend.api.wire import Delta, ImagePart, Snapshot
from dsync_tui.console.frame import Arrangement, arrange
from dsync_tui.console.labels import full_label, part_label, shortened
from dsync_tui.console.matrix import Matrix
from dsync_tui.console.screens.matrix import MatrixView
from dsync_tui.console.store import FleetStore
from tests.support.console import Console, console, pressed, screen_text, settle, toast
from tests.support.console_fleets import START, archive_row, digest_of, node_row, snapshot

SIZE = (120, 36)
PARTS = (
    ImagePart("sha256:" + "a" * 64, ("registry.example/shop/web:3",)),
    ImagePart("sha256:" + "b" * 64, ("registry.example/shop/db:16", "registry.example/shop/db:latest")),
    ImagePart("sha256:" + "c" * 64),
)


def fleet() -> Snapshot:
    """Three nodes; the middle one of three archives holds three images."""
    tags = tuple(tag for part in PARTS for tag in part.tags)
    return snapshot(
        [node_row(name) for name in ("a", "b", "c")],
        [archive_row(1), archive_row(2, tags=tags, images=3, parts=PARTS), archive_row(3)],
        ["...", "X4.", "o.."],
    )


def matrix_of(made: Console) -> Matrix:
    view = made.app.home.views["matrix"]
    assert isinstance(view, MatrixView)
    return view.matrix


def test_labels_say_how_many_there_are_and_which_is_which() -> None:
    archive = fleet().archives[1]
    assert full_label(archive) == "registry.example/shop/web:3 +2"
    assert [shortened(part_label(archive, part)) for part in range(3)] == ["web:3", "db:16 +1", "c" * 12]
    assert full_label(archive_row(1, "app:1", images=2)) == "app:1 +1", "an image without a tag counts too"


def test_one_tag_for_two_platforms_is_told_apart_by_them() -> None:
    parts = tuple(ImagePart(f"sha256:{n}", ("app:1",), platform) for n, platform in enumerate(("linux/amd64", "arm")))
    archive = archive_row(1, "app:1", images=2, parts=parts)
    assert [shortened(part_label(archive, part)) for part in range(2)] == ["app:1 linux/amd64", "app:1 arm"]


def test_an_expanded_archive_has_its_columns_side_by_side() -> None:
    store = FleetStore()
    store.apply(fleet())
    frame = arrange(store, Arrangement(expanded=frozenset({digest_of(2), digest_of(1), "sha256:gone"})))
    assert [(store.archive(column).order, part) for column, part in zip(frame.columns, frame.parts, strict=True)] == [
        (3, None),
        (2, 0),
        (2, 1),
        (2, 2),
        (1, None),
    ]
    archive = store.archive_index[digest_of(2)]
    assert (frame.column_of[archive], frame.spans) == (1, {archive: 3})
    assert (frame.archives, frame.of_columns) == (3, 3)


async def test_i_expands_and_the_cursor_stays_on_its_image() -> None:
    made = console(fleet())
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "l", "i")
        matrix = matrix_of(made)
        assert (len(matrix.layout_of.columns), matrix.position) == (5, (0, 1))
        text = screen_text(made)
        for label in ("web:3", "db:16 +1", "c" * 8):
            assert label in text
        await pressed(made, pilot, "l")
        assert matrix.cursor_part == 1
        made.link.say(Delta(sequence=2, at=START, archives=[archive_row(4)]))
        await settle(made, pilot)
        assert (matrix.position, matrix.cursor_part) == ((0, 3), 1), "it moved along with a new archive"
        await pressed(made, pilot, "i")
        assert len(matrix.layout_of.columns) == 4
        assert (matrix.position, matrix.cursor) == ((0, 2), (0, 1))


async def test_a_change_of_an_expanded_archive_changes_all_of_its_columns() -> None:
    made = console(fleet())
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "l", "i", "j", "j")
        made.link.say(Delta(sequence=2, at=START, cells=[(digest_of(2), "SHA256:b", "v")]))
        await settle(made, pilot)
        (line,) = [line for line in screen_text(made).splitlines() if line[3:5] == "b "]
        assert line.count("⟳") == 3


async def test_what_is_done_on_an_image_is_done_on_its_archive() -> None:
    made = console(fleet())
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "l", "i", "l", "r")
        (action,) = made.link.actions
        assert (action.archives, action.nodes) == ([digest_of(2)], ["a"])
        await pressed(made, pilot, "v")
        assert matrix_of(made).column_marks.chosen == {digest_of(2)}
        assert matrix_of(made).position == (0, 4), "past the archive's other images"


async def test_an_archive_of_one_image_says_so() -> None:
    made = console(fleet())
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "i")
        assert toast(made) == "this archive has one image"
        assert len(matrix_of(made).layout_of.columns) == 3


@pytest.mark.parametrize(("zoom", "totals"), [([], ["2/3", "1/3", "3/3"]), (["w"], ["6", "✗", "∙"])])
async def test_totals_stand_above_the_columns_and_follow_what_happens(zoom: list[str], totals: list[str]) -> None:
    made = console(fleet())
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, *zoom)
        assert totals_line(made) == ["ALL", "3", "6/9", *totals]
        made.link.say(Delta(sequence=2, at=START, cells=[(digest_of(3), "SHA256:a", ".")]))
        await settle(made, pilot)
        assert totals_line(made)[2:4] == ["7/9", "3/3" if not zoom else "∙"]


def totals_line(made: Console) -> list[str]:
    (line,) = [line for line in screen_text(made).splitlines() if line.strip().startswith("ALL")]
    return line.partition("  from")[0].replace("╎", " ").split()[:6]
