"""What all console tests share: an environment that changes no picture, and no report left behind."""

from collections.abc import Generator
from pathlib import Path

import pytest

PICTURE_VARIABLES = ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR", "COLORTERM", "TEXTUAL", "LC_ALL", "LC_MESSAGES")


@pytest.fixture(autouse=True)
def _same_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures depend on none of these; ``TERM`` and ``LANG`` are what CI has."""
    for name in PICTURE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Take away the snapshot report: it holds the whole environment. The failing test names its snapshot file."""
    yield
    Path(session.config.getoption("snapshot_report")).unlink(missing_ok=True)
