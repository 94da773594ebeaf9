"""The store on a real directory: rights, links that lead astray, durability, full disks, replaced directories."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from backend.adapters.store import PROBE_AGE_S, RECEIVED_PREFIX, DirectoryStore
from backend.model.errors import DiskFullError, StoreError
from backend.model.ids import Fingerprint
from backend.ports.store import PROBE_PREFIX

ONE = Fingerprint("1" * 32)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
async def store(tmp_path: Path) -> DirectoryStore:
    made = DirectoryStore(tmp_path / "data" / "store")
    await made.prepare()
    return made


def fetch(store: DirectoryStore, data: bytes = b"data") -> Path:
    path = store.incoming_path(ONE)
    path.write_bytes(data)
    return path


# --- rooms ------------------------------------------------------------------------------------


async def test_rooms_have_their_modes(store: DirectoryStore) -> None:
    assert mode_of(store.directory) == 0o755
    assert mode_of(store.directory / ".incoming") == 0o700
    assert mode_of(store.directory / ".serving") == 0o755
    assert mode_of(store.incoming_path(ONE).parent) == 0o700
    assert sorted(path.name for path in store.directory.iterdir()) == [".incoming", ".serving"]


async def test_an_operator_s_directory_keeps_its_mode_and_the_rooms_lose_wrong_ones(tmp_path: Path) -> None:
    for folder, mode in ((tmp_path, 0o750), (tmp_path / ".incoming", 0o777), (tmp_path / ".serving", 0o700)):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    await DirectoryStore(tmp_path).prepare()
    assert mode_of(tmp_path) == 0o750
    assert mode_of(tmp_path / ".incoming") == 0o700
    assert mode_of(tmp_path / ".serving") == 0o755


async def test_the_store_may_be_a_link_and_its_rooms_may_not(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "store").symlink_to(elsewhere)
    store = DirectoryStore(tmp_path / "store")
    await store.prepare()
    assert (elsewhere / ".incoming").is_dir()
    (elsewhere / ".incoming").rmdir()
    (elsewhere / ".incoming").symlink_to(tmp_path)
    with pytest.raises(StoreError):
        await store.prepare()
    with pytest.raises(StoreError):
        store.incoming_path(ONE)


async def test_a_directory_that_was_replaced_goes_on(store: DirectoryStore) -> None:
    """A disk was mounted over it, or somebody moved it away and made it anew."""
    store.directory.rename(store.directory.with_name("old"))
    assert store.key_of("app.tar") is None
    store.directory.mkdir()
    (store.directory / "app.tar").write_bytes(b"new")
    key = store.key_of("app.tar")
    assert key is not None
    assert store.serve("app.tar", key, "ticket")
    fetch(store)
    await store.place(ONE, "other.tar")
    await store.recover()
    assert sorted(await store.list()) == ["app.tar", "other.tar"]
    assert mode_of(store.directory / ".incoming") == 0o700


async def test_a_directory_that_is_gone_is_an_error_with_its_name(store: DirectoryStore) -> None:
    store.directory.rename(store.directory.with_name("old"))
    for call in (store.free_bytes, store.leftovers, lambda: store.incoming_path(ONE)):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.params == {"path": str(store.directory), "detail": "No such file or directory"}


async def test_a_start_removes_whatever_was_served(store: DirectoryStore) -> None:
    serving = store.directory / ".serving"
    (serving / "deep").mkdir()
    (serving / "deep" / "file").write_bytes(b"x")
    outside = store.directory.parent / "outside"
    outside.write_bytes(b"x")
    (serving / "link").symlink_to(outside)
    await store.prepare()
    assert list(serving.iterdir()) == []
    assert outside.read_bytes() == b"x"


# --- links that lead astray -------------------------------------------------------------------


async def test_only_regular_files_are_candidates(store: DirectoryStore, tmp_path: Path) -> None:
    (tmp_path / "real.tar").write_bytes(b"x")
    (store.directory / "link.tar").symlink_to(tmp_path / "real.tar")
    (store.directory / "folder.tar").mkdir()
    os.mkfifo(store.directory / "pipe.tar")
    assert await store.list() == {}
    assert [store.key_of(name) for name in ("link.tar", "folder.tar", "pipe.tar")] == [None] * 3
    assert store.quiet("pipe.tar")


@pytest.mark.parametrize("make", [Path.symlink_to, lambda path, target: path.mkdir()], ids=["a link", "a directory"])
async def test_incoming_data_must_be_a_file(
    store: DirectoryStore, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "outside").write_bytes(b"outside")
    make(store.incoming_path(ONE), tmp_path / "outside")
    with pytest.raises(StoreError):
        store.check_incoming(ONE)
    with pytest.raises(StoreError):
        await store.place(ONE, "app.tar")
    assert await store.list() == {}
    assert (tmp_path / "outside").read_bytes() == b"outside"


async def test_the_incoming_folder_must_be_no_link(store: DirectoryStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "data").write_bytes(b"outside")
    (store.directory / ".incoming" / ONE).symlink_to(outside)
    for call in (store.incoming_path, store.check_incoming):
        with pytest.raises(StoreError):
            call(ONE)
    await store.discard_incoming(ONE)
    assert (outside / "data").read_bytes() == b"outside"
    assert not (store.directory / ".incoming" / ONE).is_symlink()


async def test_discarding_follows_no_link(store: DirectoryStore, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_bytes(b"precious")
    fetch(store)
    (store.directory / ".incoming" / ONE / "astray").symlink_to(victim)
    await store.discard_incoming(ONE)
    assert (victim / "file").read_bytes() == b"precious"


# --- placing ----------------------------------------------------------------------------------


async def test_a_placed_file_is_everybody_s_to_read_and_ours_to_write(store: DirectoryStore) -> None:
    fetch(store).chmod(0o6777)
    await store.place(ONE, "app.tar")
    found = (store.directory / "app.tar").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o644, os.geteuid())


@pytest.mark.real("root")
async def test_a_file_of_another_owner_becomes_ours(store: DirectoryStore) -> None:
    os.chown(fetch(store), 12345, 12345)
    await store.place(ONE, "app.tar")
    found = (store.directory / "app.tar").stat()
    assert (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid())


async def test_bytes_and_names_are_durable_in_their_order(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes before the name in the store, that name before the other one goes."""
    steps = []
    fetch(store)

    def noted(what: str, real: Callable[..., None]) -> Callable[..., None]:
        def call(*words: object, **more: object) -> None:
            name = what
            if what == "fsync" and isinstance(words[0], int):
                name += " file" if stat.S_ISREG(os.fstat(words[0]).st_mode) else " directory"
            steps.append(name)
            real(*words, **more)

        return call

    for name in ("fsync", "link", "unlink"):
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    await store.place(ONE, "app.tar")
    assert steps == ["fsync file", "link", "fsync directory", "unlink", "fsync directory"]


async def test_what_the_disk_did_not_take_is_not_kept(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel tells of it once: a later look would find all well, in memory."""
    fetch(store)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _refusing(errno.EIO))
        with pytest.raises(StoreError, match="Input/output error"):
            await store.flush_incoming(ONE)
    with pytest.raises(StoreError):
        store.check_incoming(ONE)
    assert await store.incoming_bytes() == {ONE: 0}


@pytest.mark.parametrize("step", ["fsync", "link", "unlink"])
async def test_a_placing_that_fails_at_any_step_can_be_repeated(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    fetch(store)
    with monkeypatch.context() as patch:
        patch.setattr(os, step, _refusing(errno.EIO))
        with pytest.raises(StoreError, match="Input/output error"):
            await store.place(ONE, "app.tar")
    assert (await store.place(ONE, "app.tar"))[0] == "app.tar"
    assert {name: (store.directory / name).read_bytes() for name in await store.list()} == {"app.tar": b"data"}
    assert await store.incoming_bytes() == {}


async def test_bytes_that_no_disk_took_are_not_kept(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel tells of a lost write once; a second fsync would succeed, and reading show what is nowhere."""
    path = fetch(store)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _refusing(errno.EIO))
        with pytest.raises(StoreError, match="Input/output error"):
            await store.flush_incoming(ONE)
    assert not path.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_is_told_as_such(store: DirectoryStore, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    fetch(store)
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", _refusing(number))
        with pytest.raises(DiskFullError) as caught:
            await store.place(ONE, "app.tar")
    assert caught.value.params["path"] == str(store.directory)
    assert int(caught.value.params["free_bytes"]) >= 0


async def test_room_in_incoming_that_runs_out_is_told_as_such(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "mkdir", _refusing(errno.ENOSPC))
    with pytest.raises(DiskFullError):
        store.incoming_path(ONE)


def _refusing(number: int) -> Callable[..., None]:
    def refuse(*words: object, **more: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


# --- receiving --------------------------------------------------------------------------------


async def test_a_full_disk_while_receiving_leaves_nothing(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stream() -> object:
        yield b"data"

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", _refusing(errno.ENOSPC))
        with pytest.raises(DiskFullError):
            await store.receive(stream())  # type: ignore[arg-type]
    assert list((store.directory / ".incoming").iterdir()) == []


async def test_what_a_killed_daemon_left_is_named_and_what_runs_is_not(store: DirectoryStore) -> None:
    left = store.directory / ".incoming" / f"{RECEIVED_PREFIX}dead"
    left.write_bytes(b"12345")
    fetch(store)
    old, fresh = (store.directory / f"{PROBE_PREFIX}{name}.probe" for name in ("old", "fresh"))
    old.write_bytes(b"")
    fresh.write_bytes(b"")
    os.utime(old, (0, fresh.stat().st_mtime - PROBE_AGE_S - 5))
    seen = []

    async def stream() -> object:
        yield b"x"
        seen.append(store.leftovers())
        yield b"y"

    await store.receive(stream())  # type: ignore[arg-type]
    assert seen == [[(left, 5), (old, 0)]]


# --- leases -----------------------------------------------------------------------------------


async def test_where_leases_are_not_to_be_had_quiet_alone_counts(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS, or somebody else's file without CAP_LEASE."""
    monkeypatch.setattr("backend.adapters.store.read_lease_granted", lambda descriptor: None)
    await store.prepare()
    (store.directory / "app.tar").write_bytes(b"x")
    with (store.directory / "app.tar").open("ab"):
        assert store.quiet("app.tar")


# --- whose room it is -------------------------------------------------------------------------


def test_what_lies_on_the_same_file_system_takes_room_from_the_store(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    assert store.shares_disk_with(str(tmp_path.parent))
    assert store.shares_disk_with(str(tmp_path / "none"))


def test_another_file_system_takes_none(tmp_path: Path) -> None:
    assert not DirectoryStore(tmp_path).shares_disk_with("/proc")


def test_subvolumes_of_one_pool_have_devices_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They share its size (btrfs), or at least what is free (ZFS)."""
    pool = {"f_blocks": 1000, "f_frsize": 4096, "f_bavail": 500}
    for theirs, shared in (({}, True), ({"f_bavail": 499}, True), ({"f_blocks": 900}, True)):
        changed = {str(tmp_path): pool, "/proc": pool | theirs}
        monkeypatch.setattr(os, "statvfs", lambda path, changed=changed: SimpleNamespace(**changed[str(path)]))
        assert DirectoryStore(tmp_path).shares_disk_with("/proc") is shared
    changed = {str(tmp_path): pool, "/proc": pool | {"f_blocks": 900, "f_bavail": 499}}
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(**changed[str(path)]))
    assert not DirectoryStore(tmp_path).shares_disk_with("/proc")
