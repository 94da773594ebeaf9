"""What is shown, as files: CSV, JSON and a picture; harmless to spreadsheets, and never over another file."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from dsync_tui.console.exporting import as_csv, as_json, file_name, write_new
from dsync_tui.console.keys import VIEWS
from dsync_tui.console.screens.confirm import Question
from tests.support.console import console, pressed, screen_text, settle, toast
from tests.support.console_fleets import START, archive_row, bad_health, node_row, snapshot

SIZE = (120, 36)


def files(folder: Path, suffix: str = "") -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(suffix)]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_all_names_that_occur_have_a_column() -> None:
    assert rows_of(as_csv([{"a": 1, "b": None}, {"a": 2.5, "c": 'x,"y"'}])) == [
        {"a": "1", "b": "", "c": ""},
        {"a": "2.5", "b": "", "c": 'x,"y"'},
    ]
    assert as_csv([]).strip() == ""


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_what_a_spreadsheet_would_run_is_quoted(value: str) -> None:
    (row,) = rows_of(as_csv([{"name": value, "count": -1}]))
    assert not row["name"].startswith(("=", "+", "-", "@", "\t"))
    assert row["count"] == "-1", "a number stays one"


def test_control_characters_are_escaped_in_csv_and_json() -> None:
    assert "\x1b" not in as_csv([{"name": "a\x1b[2Jb"}])
    assert "\x1b" not in as_json([{"name": "a\x1b[2Jb"}])
    assert json.loads(as_json([{"name": "a\nb", "none": None}])) == [{"name": "a\nb", "none": None}]


def test_no_file_is_written_over(tmp_path: Path) -> None:
    first = write_new(tmp_path, "x.csv", "1")
    second = write_new(tmp_path, "x.csv", "2")
    assert (first.name, first.read_text(), second.name, second.read_text()) == ("x.csv", "1", "x-1.csv", "2")


def test_names_sort_by_time() -> None:
    assert re.fullmatch(r"dsync-nodes-\d{8}-\d{6}\.csv", file_name("nodes", START, "csv"))


@pytest.mark.parametrize("view", VIEWS)
async def test_every_view_can_be_exported(view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = console()
    made.link.healths["master"] = bad_health("master")
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, str(VIEWS.index(view) + 1), "e")
        assert isinstance(made.app.screen, Question)
        await pilot.click("#answer-json")
        await settle(made, pilot)
        (path,) = files(tmp_path)
        assert toast(made) == f"written: {path}"
        records = json.loads(path.read_text())
        shown, _ = made.app.home.view.shown()
        assert len(records) == shown > 0
        await pressed(made, pilot, "e")
        await pilot.click("#answer-csv")
        await settle(made, pilot)
        (table,) = files(tmp_path, ".csv")
        assert len(rows_of(table.read_text())) == shown


async def test_the_matrix_goes_out_as_words_under_the_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "slash", *"worker", "enter", "e", "right", "enter")
        (path,) = files(tmp_path)
        rows = rows_of(path.read_text())
        assert [row["node"] for row in rows] == ["worker-01", "worker-02", "worker-03"]
        (column,) = [name for name in rows[0] if name.startswith("nginx:1.27-alpine (")]
        assert [row[column] for row in rows] == ["transferring", "transferring", "verifying"]
        (refused,) = [name for name in rows[0] if name.startswith("broken.tar")]
        assert {row[refused] for row in rows} == {"rejected"}


async def test_a_picture_is_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "e")
        await pilot.click("#answer-svg")
        await settle(made, pilot)
        (path,) = files(tmp_path)
        picture = path.read_text()
        assert picture.startswith("<svg")
        assert "edge-oslo" in picture
        assert "Export" not in picture, "the question is gone before the picture is taken"


@pytest.mark.parametrize("when", ["before", "while"])
async def test_a_folder_that_cannot_be_written_says_so(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that the console was started in may be gone."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        if when == "before":
            gone.rmdir()
        await pressed(made, pilot, "e")
        if when == "while":
            gone.rmdir()
        await pressed(made, pilot, "right", "enter")
        assert "could not be written" in toast(made)
        assert made.at_home()


@pytest.mark.parametrize("keys", [["escape"], ["enter"]])
async def test_an_export_can_be_left(keys: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "e", *keys)
        assert made.at_home()
        assert not files(tmp_path)


async def test_hostile_names_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = console(snapshot([node_row("=cmd|' /C calc'!A0")], [archive_row(1, "@SUM(1)\x1b[2J:1")], ["."]))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "e", "right", "enter")
        (path,) = files(tmp_path)
        text = path.read_text()
        assert "\x1b" not in text
        assert [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith(("=", "@"))] == []


async def test_the_mouse_can_be_left_to_the_terminal_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        written: list[str] = []
        assert made.app._driver is not None
        monkeypatch.setattr(made.app._driver, "write", written.append)
        await pressed(made, pilot, "m")
        assert "\x1b[?1003l" in "".join(written)
        assert "the mouse is the terminal's" in toast(made)
        await pressed(made, pilot, "m")
        assert "\x1b[?1003h" in "".join(written)
        assert "nodes 8" in screen_text(made)
