"""Ports ``DataDoor`` and ``Transport``: fakes and rsync behave alike."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from backend.model.errors import (
    OversizeError,
    Retry,
    SourceGoneError,
    TransferFailedError,
    TransferRefusedError,
)
from tests.support.data_plane import Rig, fake_rig, opened, real_rig

DATA = random.Random(1).randbytes(3_000_000)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real("rsync"))])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    made = fake_rig(tmp_path) if request.param == "fake" else real_rig(tmp_path)
    made.put("a1", DATA)
    async with opened(made):
        yield made


async def test_a_fresh_file_comes_whole(rig: Rig) -> None:
    result = await rig.fetch(rig.job(rig.admit("a1"), len(DATA)))
    assert rig.target.read_bytes() == DATA
    assert len(DATA) <= result.bytes_received < len(DATA) * 1.01
    assert result.bytes_saved == 0


async def test_the_last_report_tells_the_whole(rig: Rig) -> None:
    await rig.fetch(rig.job(rig.admit("a1"), len(DATA)))
    done = [report.bytes_done for report in rig.reports]
    assert done == sorted(done)
    assert (rig.reports[-1].bytes_done, rig.reports[-1].bytes_received) == (len(DATA), len(DATA))


async def test_a_cut_off_fetch_goes_on_where_it_ended(rig: Rig) -> None:
    rig.target.write_bytes(DATA[:2_000_000])
    result = await rig.fetch(rig.job(rig.admit("a1"), len(DATA)))
    assert rig.target.read_bytes() == DATA
    assert result.bytes_saved == 2_000_000
    assert 1_000_000 <= result.bytes_received < 1_100_000
    assert rig.reports[0].bytes_done >= 2_000_000
    assert rig.reports[-1].bytes_received == 1_000_000


async def test_a_complete_file_is_not_fetched_again(rig: Rig) -> None:
    rig.target.write_bytes(DATA)
    result = await rig.fetch(rig.job(rig.admit("a1"), len(DATA)))
    assert rig.target.read_bytes() == DATA
    assert result.bytes_saved == len(DATA)
    assert result.bytes_received < 100_000


async def test_wrong_bytes_at_the_target_are_put_right(rig: Rig) -> None:
    rig.target.write_bytes(b"x" * 1_000_000)
    await rig.fetch(rig.job(rig.admit("a1"), len(DATA)))
    assert rig.target.read_bytes() == DATA


async def test_a_wrong_secret_is_refused(rig: Rig) -> None:
    ticket = msgspec.structs.replace(rig.admit("a1"), secret="not-the-secret")
    with pytest.raises(TransferRefusedError, match="auth failed") as caught:
        await rig.fetch(rig.job(ticket, len(DATA)))
    assert caught.value.params["source"] == "worker-01"
    assert caught.value.retry is Retry.ELSEWHERE
    assert not rig.target.exists()


async def test_a_dismissed_user_is_refused(rig: Rig) -> None:
    rig.admit("a1")
    ticket = rig.admit("a1")
    rig.door.dismiss(ticket.user)
    with pytest.raises(TransferRefusedError, match="auth failed"):
        await rig.fetch(rig.job(ticket, len(DATA)))


async def test_another_module_is_refused(rig: Rig) -> None:
    ticket = msgspec.structs.replace(rig.admit("a1"), module="other")
    with pytest.raises(TransferRefusedError, match="Unknown module"):
        await rig.fetch(rig.job(ticket, len(DATA)))


async def test_a_path_that_is_not_served_is_gone(rig: Rig) -> None:
    with pytest.raises(SourceGoneError, match="No such file"):
        await rig.fetch(rig.job(rig.admit("a2"), len(DATA)))


async def test_a_path_of_another_user_is_gone(rig: Rig) -> None:
    rig.put("b1", DATA)
    rig.admit("b1")
    ticket = msgspec.structs.replace(rig.admit("a1"), path="b1")
    with pytest.raises(SourceGoneError, match="No such file"):
        await rig.fetch(rig.job(ticket, len(DATA)))
    assert not rig.target.exists()


async def test_admitting_again_replaces_secret_and_paths(rig: Rig) -> None:
    rig.put("b1", DATA)
    former = rig.admit("a1", user="u")
    ticket = rig.admit("b1", "a1", user="u", secret="another-secret")
    await rig.fetch(rig.job(ticket, len(DATA)))
    await rig.fetch(rig.job(msgspec.structs.replace(ticket, path="a1"), len(DATA)))
    with pytest.raises(TransferRefusedError):
        await rig.fetch(rig.job(former, len(DATA)))


async def test_more_than_was_announced_is_stopped(rig: Rig) -> None:
    with pytest.raises(OversizeError) as caught:
        await rig.fetch(rig.job(rig.admit("a1"), 1_000_000))
    assert caught.value.params == {"source": "worker-01", "size_bytes": "1000000"}
    assert rig.target.stat().st_size <= 1_000_000


async def test_less_than_was_announced_is_another_file(rig: Rig) -> None:
    with pytest.raises(SourceGoneError, match="3000000 bytes"):
        await rig.fetch(rig.job(rig.admit("a1"), 4_000_000))


async def test_a_closed_door_is_no_refusal(rig: Rig) -> None:
    ticket = rig.admit("a1")
    await rig.door.close()
    with pytest.raises(TransferFailedError, match="Connection refused") as caught:
        await rig.fetch(rig.job(ticket, len(DATA)))
    assert caught.value.params["exit_code"] == "10"


async def test_a_door_opens_again_on_its_port_with_its_guests(rig: Rig) -> None:
    ticket = rig.admit("a1")
    assert await rig.door.answering()
    await rig.door.close()
    assert not await rig.door.answering()
    await rig.door.close()
    await rig.door.open()
    await rig.door.open()
    assert rig.door.port == ticket.port
    await rig.fetch(rig.job(ticket, len(DATA)))


async def test_cancelling_ends_a_fetch(rig: Rig) -> None:
    rig.put("big", DATA * 4)
    job = rig.job(rig.admit("big"), 4 * len(DATA), bandwidth_bps=1_000_000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await rig.fetch(job)


async def test_dismissing_unknown_users_is_no_error(rig: Rig) -> None:
    ticket = rig.admit("a1")
    rig.door.dismiss("nobody")
    await rig.fetch(rig.job(ticket, len(DATA)))
    assert rig.target.read_bytes() == DATA
