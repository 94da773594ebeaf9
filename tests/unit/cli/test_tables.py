"""Tables: columns, the matrix, what is shown of large fleets."""

import io

from rich.console import Console

from dsync_tui.language import texts_of_terminal
from dsync_tui.tables.columns import aligned, cut
from dsync_tui.tables.matrix import matrix_fits, matrix_lines, matrix_table
from dsync_tui.tables.status import LISTED_DELIVERIES, is_well, status_lines, troubled
from tests.support.documents import archive, delivery, document

TEXTS = texts_of_terminal()


def test_columns_align_by_terminal_cells() -> None:
    assert list(aligned(["A", "B"], [["雪", "x"], ["abc", "y"]])) == ["A    B", "雪   x", "abc  y"]
    assert list(aligned(["A"], [["a\x1b\n"]])) == ["A", "a\\x1b\\n"]
    assert (cut("abcdef", 4), cut("雪雪雪", 5), cut("ab", 4)) == ("abc⋯", "雪雪⋯", "ab")


def test_the_matrix_shows_words_progress_blanks_and_rejections() -> None:
    shown = document(
        [
            archive("a.tar", [delivery("node-0"), delivery("node-1", "transferring", progress=0.42)]),
            archive("b.tar", [delivery("node-0", "failed")]),
            archive("bad.tar", [], "rejected", reason="no image"),
        ]
    )
    assert list(matrix_lines(shown, TEXTS)) == [
        "NODE    a.tar  b.tar   bad.tar",
        "node-0  ready  failed  rejected",
        "node-1  42%            rejected",
    ]
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(matrix_table(shown, TEXTS))
    lines = [line.split() for line in console.export_text().split("\n")]
    assert lines[:3] == [
        ["NODE", "a.tar", "b.tar", "bad.tar"],
        ["node-0", "ready", "failed", "rejected"],
        ["node-1", "42%", "rejected"],
    ]


def test_markup_in_names_is_text() -> None:
    shown = document([archive("[red]x[/].tar", [delivery("node-0")])])
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(matrix_table(shown, TEXTS))
    assert "[red]x[/].tar" in console.export_text()


def test_a_matrix_is_for_what_fits() -> None:
    small = document([archive("a.tar", [])])
    wide = document([archive(f"{number}.tar", []) for number in range(20)])
    tall = document([archive("a.tar", [])], nodes=2001)
    assert [matrix_fits(each, 80) for each in (small, wide, tall, document([]))] == [True, False, False, False]


def test_well_means_nothing_needs_a_look() -> None:
    for state, well in {"ready": True, "queued": True, "transferring": True, "held": False, "failed": False}.items():
        assert is_well(document([archive("a", [delivery("node-0", state)])])) is well
    assert not is_well(document([archive("a", [], "rejected", reason="x")]))


def test_an_archive_that_was_replaced_has_ended_well_whatever_became_of_it() -> None:
    shown = document([archive("a", [delivery("node-0", "failed")], "superseded")])
    assert is_well(shown)
    assert troubled(shown).archives[0].deliveries == []


def test_of_many_deliveries_as_many_as_people_read_are_listed() -> None:
    rows = [delivery(f"node-{number}", "failed", error="full") for number in range(LISTED_DELIVERIES + 5)]
    shown = document([archive("a.tar", rows)])
    lines = list(status_lines(shown, TEXTS, full=False))
    assert lines[-1] == "5 more: dsync-tui status --full"
    assert len(list(status_lines(shown, TEXTS, full=True))) == len(lines) + 4


def test_notes_and_due_times_are_told() -> None:
    rows = [
        delivery("node-0", "cancelled", note="operator"),
        delivery("node-1", "waiting", due_at="2027-01-15T08:00:00Z", error="link down", remedy="wait"),
    ]
    shown = document([archive("a.tar", rows)])
    lines = list(status_lines(shown, TEXTS, full=False))
    assert lines[-2].endswith("ended by an operator")
    assert lines[-1].endswith("2027-01-15T08:00:00Z; link down; try: wait")
    assert [row.node for row in troubled(shown).archives[0].deliveries] == ["node-1"]


def test_who_runs_under_a_tag_can_be_told_from_those_that_lost_it() -> None:
    tags = ["docker.io/library/app:1"]
    shown = document(
        [
            archive("one.tar", [delivery("node-0", "stored")], fingerprint="1" * 32, tags=tags, overtaken_tags=tags),
            archive("two.tar", [delivery("node-0", "stored")], fingerprint="2" * 32, tags=tags, overtaken_tags=tags),
            archive(
                "two.tar",
                [delivery("node-0", "cancelled")],
                "superseded",
                fingerprint="3" * 32,
                tags=tags,
                overtaken_tags=tags,
            ),
            archive("four.tar", [delivery("node-0")], fingerprint="4" * 32, tags=tags),
        ],
        nodes=1,
    )
    lines = list(status_lines(shown, TEXTS, full=True))
    assert [line.split()[:6] for line in lines[3:7]] == [
        ["one.tar", "(app:1)", "1" * 12, "1", "B", "overtaken"],
        ["two.tar", "(app:1)", "2" * 12, "1", "B", "overtaken"],
        ["two.tar", "(app:1)", "3" * 12, "1", "B", "superseded"],
        ["four.tar", "(app:1)", "4" * 12, "1", "B", "active"],
    ]
    assert [line.partition("  ")[0] for line in lines[9:13]] == [
        "one.tar (app:1)",
        "two.tar #22222222 (app:1)",
        "two.tar #33333333 (app:1)",
        "app:1",
    ]
    heads = next(matrix_lines(shown, TEXTS)).split()
    assert heads == ["NODE", "one.tar", "two.tar", "#22222222", "two.tar", "#33333333", "app:1"]


def test_heads_that_a_cut_would_make_alike_keep_their_fingerprints() -> None:
    names = [f"a-name-that-is-far-too-long-{number}.tar" for number in (1, 2)]
    shown = document([archive(name, [], fingerprint=name[28] * 32) for name in names])
    heads = next(matrix_lines(shown, TEXTS)).split()[1:]
    assert heads == ["a-name-⋯", "#11111111", "a-name-⋯", "#22222222"]
