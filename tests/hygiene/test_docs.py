"""Documents that can fail: generated ones equal their source, commands in the README exist."""

import re
import subprocess
import tomllib

import pytest

from dsync_tui.commands.registry import COMMANDS
from tests.hygiene.sources import ROOT
from tools.gendocs import DOCUMENTS


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_generated_document_equals_its_source(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == DOCUMENTS[path](), "run ./dev docs"


def test_the_changelog_has_room_for_what_comes() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_commands_of_dev_in_documents_exist() -> None:
    helped = subprocess.run(["./dev", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    known = set(re.findall(r"^  ([a-z]+)", helped, re.MULTILINE))
    named = {
        command
        for name in ("README.md", "CONTRIBUTING.md", "docs/architecture.md")
        for command in re.findall(r"\./dev ([a-z]+)", (ROOT / name).read_text(encoding="utf-8"))
    }
    assert {"demo", "test"} <= named
    assert named <= known


def test_the_readme_names_every_command_and_no_other() -> None:
    rows = re.findall(r"^\| `dsync-tui ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(set(rows)) == sorted(command.name for command in COMMANDS)


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_dependency_has_its_reason_and_its_exact_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[<>=\[]", line)[0] for line in project["dependencies"]]
    reasons = (ROOT / "docs/decisions/0003-dependencies.md").read_text(encoding="utf-8")
    locked = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert [name for name in names if f"| {name} |" not in reasons] == []
    pinned = {line.partition("==")[0].lower() for line in locked.splitlines() if "==" in line}
    wanted = names + [re.split(r"[<>=\[]", line)[0] for line in project["optional-dependencies"]["dev"]]
    assert [name for name in wanted if name.lower() not in pinned] == []
