"""Archives of several images: a column each where that is asked for, and what becomes of cursor, marks and cells."""

import pytest

from backend.api.wire import ArchiveRow, Delta, ImagePart, Snapshot
from dsync_tui.console.frame import Arrangement, arrange
from dsync_tui.console.labels import full_label, labels_of, part_label, shortened
from dsync_tui.console.matrix import Matrix
from dsync_tui.console.matrix_paint import MatrixPainter
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


def lost(number: int, name: str, state: str = "active") -> ArchiveRow:
    """An archive whose only tag is another's."""
    return archive_row(
        number,
        "docker.io/library/app:1",
        name=name,
        fingerprint=str(number) * 32,
        state=state,
        overtaken_tags=("docker.io/library/app:1",),
    )


def same_tag() -> Snapshot:
    """Four archives that named ``app:1``, the newest of which owns it; two came under one file name."""
    return snapshot(
        [node_row("a")],
        [
            lost(1, "one.tar"),
            lost(2, "two.tar"),
            lost(3, "two.tar", "superseded"),
            archive_row(4, "docker.io/library/app:1"),
        ],
        [",", ",", "c", "."],
    )


async def test_a_tag_heads_the_column_of_its_owner_and_no_two_columns_read_the_same() -> None:
    made = console(same_tag())
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        matrix = matrix_of(made)
        heads = [" ".join(lines) for lines in matrix.shown().labels]
        assert heads == ["app:1", "two.tar #22222222", "one.tar", "two.tar #33333333"]
        painter = MatrixPainter(made.app.kit)
        styles = [painter.label(matrix.shown(), 0, offset)[0][0][1] for offset in range(4)]
        assert styles == ["strong", "dim", "dim", "dim"], "the cursor stands on the first"
        # The owner goes: the tag is another's again.
        back = archive_row(2, "docker.io/library/app:1", name="two.tar", fingerprint="2" * 32)
        gone = lost(4, "app-4.tar", "withdrawn")
        made.link.say(Delta(sequence=2, at=START, archives=[back, gone]))
        await settle(made, pilot)
        heads = [" ".join(lines) for lines in matrix.shown().labels]
        assert heads == ["app:1", "one.tar", "app-4.tar", "two.tar"]


async def test_a_filter_by_tag_finds_all_that_name_it() -> None:
    made = console(same_tag())
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "slash", *"app:1")
        assert len(matrix_of(made).layout_of.columns) == 4
        await pressed(made, pilot, "enter", "6")
        text = screen_text(made)
        for shown in ("app:1", "two.tar #22222222", "one.tar", "two.tar #33333333"):
            assert shown in text
        assert text.count("overtaken") == 2


def test_repositories_tell_archives_of_one_short_name_apart() -> None:
    rows = [archive_row(1, "registry.example/a/app:1"), archive_row(2, "registry.example/b/app:1"), archive_row(3)]
    assert [label.short for label in labels_of(rows)] == [
        "registry.example/a/app:1",
        "registry.example/b/app:1",
        "app-3:1.0",
    ]


def test_an_image_goes_by_a_tag_of_its_own() -> None:
    parts = (ImagePart("sha256:" + "a" * 64, ("app:1", "app:2")), ImagePart("sha256:" + "b" * 64, ("db:1",)))
    archive = archive_row(1, tags=("app:1", "app:2", "db:1"), overtaken_tags=("app:1", "db:1"), images=2, parts=parts)
    assert full_label(archive) == "app:2 +1"
    assert [part_label(archive, part) for part in range(2)] == ["app:2", "b" * 12]
