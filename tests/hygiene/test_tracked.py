"""Tracked files speak of the project only: no paths of one machine, no package mirrors, no secrets."""

import re

from tests.hygiene.sources import ROOT, tracked_files

# Put together here, so that this file does not find itself.
FORBIDDEN = {
    "a path of one machine": re.compile("|".join(["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/[a-z]", "/Us" + "ers/"])),
    "a package mirror": re.compile(
        "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "--(?:extra-)?index" + "-url", "/opt/" + "pypi"])
    ),
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE" + " KEY-----"),
    "a conflict marker": re.compile("^<<<<" + "<<< |^>>>>" + ">>> ", re.MULTILINE),
}


def test_no_tracked_text_names_what_is_not_the_project_s() -> None:
    found = []
    for path in tracked_files():
        content = path.read_bytes()
        if b"\x00" in content:
            continue
        text = content.decode("utf-8", "replace")
        for what, pattern in FORBIDDEN.items():
            found += [f"{path.relative_to(ROOT)}: {what}: {hit[0]}" for hit in pattern.finditer(text)]
    assert found == []


def test_nothing_that_a_run_leaves_behind_is_tracked() -> None:
    left = [
        path
        for path in tracked_files()
        if path.suffix in (".pyc", ".db-wal", ".part") or path.name == "snapshot_report.html"
    ]
    assert left == []


def test_no_tracked_file_is_huge() -> None:
    huge = [str(path.relative_to(ROOT)) for path in tracked_files() if path.stat().st_size > 1024 * 1024]
    assert huge == []
