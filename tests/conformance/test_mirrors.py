"""Port ``Mirrors``: files and their fake keep the same, line by line; the files have the formats that scripts read."""

from pathlib import Path

import pytest

from backend.adapters.mirrors import FileMirrors
from backend.model.errors import StoreError
from backend.model.ids import Fingerprint
from backend.ports.fake_mirrors import FakeMirrors
from backend.ports.mirrors import Mirrors, RetryLine, StatusLine

MD5 = Fingerprint("0123456789abcdef0123456789abcdef")


class Kept:
    """Mirrors, and what a reader finds of them."""

    def __init__(self, mirrors: Mirrors, directory: Path) -> None:
        self.mirrors = mirrors
        self.directory = directory

    def status(self) -> list[tuple[str, str, int]]:
        if isinstance(self.mirrors, FakeMirrors):
            return [(line.node, line.outcome, line.at) for line in self.mirrors.statuses[MD5]]
        text = (self.directory / "docker-sync-status" / f"{MD5}.status").read_text()
        words = [line.rsplit(":", 2) for line in text.splitlines()]
        return [(node, outcome, int(at)) for node, outcome, at in words]

    def loaded(self) -> list[tuple[str, int, str]]:
        if isinstance(self.mirrors, FakeMirrors):
            return [(str(fingerprint), at, name) for fingerprint, at, name in self.mirrors.loaded]
        words = [line.split(" ", 2) for line in (self.directory / "docker-loaded.log").read_text().splitlines()]
        return [(fingerprint, int(at), name) for fingerprint, at, name in words]

    def retries(self) -> list[tuple[str, str, int, int]]:
        if isinstance(self.mirrors, FakeMirrors):
            return [(line.fingerprint, line.node, line.attempt, line.due_at) for line in self.mirrors.retries]
        words = [line.split(" ") for line in (self.directory / "docker-sync-retry.queue").read_text().splitlines()]
        return [(fingerprint, node, int(attempt), int(due)) for fingerprint, node, attempt, due in words]


@pytest.fixture(params=["fake", "real"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    directory = tmp_path / "log"
    return Kept(FakeMirrors() if request.param == "fake" else FileMirrors(directory), directory)


async def test_a_status_is_replaced(kept: Kept) -> None:
    await kept.mirrors.write_status(MD5, (StatusLine("10.0.0.1", "pending", 1), StatusLine("[fd00::1]", "failed", 2)))
    await kept.mirrors.write_status(MD5, (StatusLine("10.0.0.1", "success", 3), StatusLine("[fd00::1]", "success", 4)))
    assert kept.status() == [("10.0.0.1", "success", 3), ("[fd00::1]", "success", 4)]


async def test_loads_are_added(kept: Kept) -> None:
    await kept.mirrors.append_loaded(MD5, 5, "app one.tar")
    await kept.mirrors.append_loaded(MD5, 6, "app.tar")
    assert kept.loaded() == [(MD5, 5, "app one.tar"), (MD5, 6, "app.tar")]


async def test_retries_are_replaced(kept: Kept) -> None:
    await kept.mirrors.write_retries((RetryLine(MD5, "10.0.0.1", 1, 60), RetryLine(MD5, "worker", 2, 120)))
    assert kept.retries() == [(MD5, "10.0.0.1", 1, 60), (MD5, "worker", 2, 120)]
    await kept.mirrors.write_retries(())
    assert kept.retries() == []


async def test_what_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where a directory should be")
    fake = FakeMirrors()
    fake.broken = True
    for mirrors in (fake, FileMirrors(tmp_path / "log")):
        with pytest.raises(StoreError):
            await mirrors.write_status(MD5, ())
        with pytest.raises(StoreError):
            await mirrors.append_loaded(MD5, 1, "app.tar")
        with pytest.raises(StoreError):
            await mirrors.write_retries(())


async def test_hostile_names_make_no_second_line_or_word(tmp_path: Path) -> None:
    mirrors = FileMirrors(tmp_path)
    await mirrors.append_loaded(MD5, 1, "a\nffffffffffffffffffffffffffffffff 1 b\x1b[2J.tar")
    await mirrors.write_status(MD5, (StatusLine("two words\nx:success:1", "failed", 1),))
    assert (tmp_path / "docker-loaded.log").read_text().count("\n") == 1
    assert (tmp_path / "docker-sync-status" / f"{MD5}.status").read_text() == "two_words\\nx:success:1:failed:1\n"


async def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    (tmp_path / "docker-loaded.log").symlink_to(victim)
    (tmp_path / "docker-sync-retry.queue").symlink_to(victim)
    mirrors = FileMirrors(tmp_path)
    with pytest.raises(StoreError):
        await mirrors.append_loaded(MD5, 1, "app.tar")
    await mirrors.write_retries((RetryLine(MD5, "worker", 1, 60),))
    assert victim.read_text() == "as it was"
    assert not (tmp_path / "docker-sync-retry.queue").is_symlink()
