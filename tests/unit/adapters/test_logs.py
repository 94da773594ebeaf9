"""Logging: a directory that cannot be written is a setting that is wrong."""

import logging
from pathlib import Path

import pytest

from backend.adapters.logs import begin_logging
from backend.model.errors import SettingsError


@pytest.mark.parametrize("what", ["a file in its way", "a folder in the file's way"])
def test_logs_that_cannot_be_written_name_the_setting(tmp_path: Path, what: str) -> None:
    directory = tmp_path / "logs"
    if what == "a file in its way":
        directory.write_text("")
    else:
        (directory / "dsync.log").mkdir(parents=True)
    before = list(logging.getLogger().handlers)
    with pytest.raises(SettingsError) as caught:
        begin_logging(directory, to_stderr=False)
    assert caught.value.params["key"] == "paths.logs"
    assert str(directory) in caught.value.params["file"]
    assert logging.getLogger().handlers == before
