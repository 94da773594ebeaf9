"""Strangers, thieves and nodes of the roster that turned: refused for a reason that is told, and nothing written."""

import json
import os
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import asyncssh
import msgspec
import pytest
import pytest_asyncio

from backend.model.ids import Digest, NodeId
from backend.model.messages import Gone, Granted, Release, Request, Rows, Ticket
from backend.model.plain import plain
from backend.peering.keys import load_or_create_key
from tests.support import ledger_values as made_up
from tests.support.data_plane import opened, real_rig
from tests.support.fleet import (
    Archive,
    Fleet,
    FleetNode,
    archives,
    build,
    command,
    known,
    log_of,
    logged,
    reached,
    until,
    visible,
    with_settings,
)
from tests.support.fleet_intruder import Burglar, Intruder, entry_of, intruder
from tests.support.fleet_runtimes import HeldClient
from tests.support.peer_caller import logged_in
from tests.support.runtimes import PrivatePodman

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("root", "rsync", "podman"),
    pytest.mark.asyncio(loop_scope="module"),
]


TURNED = ("eve", "judas", "mallory", "oscar", "trudy")


@dataclass
class Rig:
    """``origin`` has no runtime, ``pod`` has podman; of the nodes that ``TURNED`` no daemon runs: attackers have their
    keys. Each test has its own: whoever misbehaves is isolated.
    """

    fleet: Fleet
    directory: Path
    pod: HeldClient
    seeds: list[int] = field(default_factory=lambda: list(range(799, 700, -1)))

    def __getitem__(self, name: str) -> FleetNode:
        return self.fleet[name]

    def archive(self, name: str, *tags: str) -> Archive:
        return build(self.directory / name, *tags, seed=self.seeds.pop())

    def burglar(self, name: str) -> Burglar:
        return Burglar(self.directory / name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    directory = tmp_path_factory.mktemp("attackers")
    podman = PrivatePodman()
    podman.start()
    pod = HeldClient(directory / "pod-client", "podman", podman.command)
    fleet = Fleet(
        directory / "nodes",
        [with_settings("origin"), with_settings("pod", pod.settings), *map(with_settings, TURNED)],
        keep=True,
    )
    try:
        fleet.prepare()
        for name in ("origin", "pod"):
            await fleet[name].start()
        await fleet.connected()
        yield Rig(fleet, directory, pod)
    finally:
        await fleet.close()
        podman.close()


def _files(node: FleetNode) -> dict[str, bytes]:
    """Everything below the store, hidden rooms too, by path."""
    return {str(path.relative_to(node.store)): path.read_bytes() for path in node.store.rglob("*") if path.is_file()}


async def test_a_stranger_at_the_peer_door_is_refused_and_told_of(rig: Rig) -> None:
    before = _files(rig["origin"])
    stranger = load_or_create_key(rig.directory / "stranger")
    with pytest.raises(asyncssh.PermissionDenied):
        async with logged_in(stranger, rig["origin"].peer_port):
            pass
    with pytest.raises(asyncssh.PermissionDenied):
        async with logged_in(stranger, rig["origin"].peer_port, _id_of(rig, "pod")):
            pass
    await until(lambda: logged(rig["origin"], "stranger-refused"), "the origin tells of the stranger")
    line = logged(rig["origin"], "stranger-refused", stranger.node_id)[0]
    assert "a stranger at 127.0.0.1 was refused: 127.0.0.1 came with a key that the roster does not name" in line
    assert " code=peer-unknown-key" in line
    assert _files(rig["origin"]) == before


def _id_of(rig: Rig, name: str) -> NodeId:
    return load_or_create_key(rig[name].directory / "keys").node_id


async def test_a_node_that_asks_for_what_does_not_exist_is_told_so(rig: Rig) -> None:
    before = _files(rig["origin"])
    async with intruder(rig.fleet, "eve", rig["origin"]) as eve:
        hostile = Digest("../../../etc/shadow\n")
        for wanted in (hostile, made_up.digest(1), made_up.digest(2)):
            eve.say(Request(wanted))
            await eve.answer(Gone, wanted)
        await until(partial(_asked_in_vain, rig["origin"], hostile), "the origin tells of the first")
    assert _files(rig["origin"]) == before


def _asked_in_vain(node: FleetNode, digest: str) -> bool:
    said = f"eve asked for an archive that is not known here ({plain(digest)})"
    return bool(logged(node, "unknown-archive-requested", said))


async def test_a_ticket_opens_one_path_for_reading(rig: Rig) -> None:
    own, other = rig.archive("own.tar", "own:1"), rig.archive("other.tar", "other:1")
    for each in (own, other):
        each.drop(rig["origin"])
        await reached(each, "ready", [rig["pod"]])
    burglar = rig.burglar("ticket")
    async with intruder(rig.fleet, "oscar", rig["origin"]) as oscar:
        ticket = await oscar.ticket(own.digest)
        second = await oscar.ticket(other.digest)
        before = _files(rig["origin"])
        await _is_refused(burglar, ticket, "auth failed", "{door}/" + ticket.path, secret="wrong")
        for path in (second.path, "..", "../own.tar", "../.incoming/", "../../keys/node_ed25519", "*", "", "."):
            await burglar.run(ticket, "{door}/" + path, f"{burglar.loot}/")
            assert set(burglar.stolen) <= {own.path.read_bytes()}, path
            for stolen in burglar.loot.iterdir():
                stolen.unlink()
        for option in ("--list-only", "-r", "-a"):
            await _is_refused(burglar, ticket, "refuse", option, "{door}/", f"{burglar.loot}/")
        poison = rig.directory / "poison"
        poison.write_bytes(b"poison")
        for path in ("new", ticket.path, "../own.tar"):
            code, words = await burglar.run(ticket, str(poison), "{door}/" + path)
            assert code != 0, path
            assert "read only" in words or "refuse" in words, words
        assert burglar.stolen == []
        assert _files(rig["origin"]) == before
        # And it is a real ticket, all the while.
        code, words = await burglar.run(ticket, "{door}/" + ticket.path, f"{burglar.loot}/")
        assert (code, burglar.stolen) == (0, [own.path.read_bytes()]), words
        await _give_back(oscar, own, other)
    door_log = rig["origin"].directory / "logs/rsyncd.log"
    refused = f"auth failed on module dsync from UNDETERMINED (127.0.0.1) for {ticket.user}: password mismatch"
    for told in (refused, "module is read only"):
        await until(partial(_holds, door_log, told), f"the door's log tells: {told}")
    assert ticket.secret not in door_log.read_text() + log_of(rig["origin"])


async def _give_back(insider: Intruder, *archives: Archive) -> None:
    """Release slots, which a node that only vanishes keeps for a while; returns once that was heard."""
    for archive in archives:
        insider.say(Release(Digest(archive.digest)))
    insider.say(Request(made_up.digest(99)))
    await insider.answer(Gone, made_up.digest(99))


async def _is_refused(burglar: Burglar, ticket: Ticket, why: str, *words: str, secret: str | None = None) -> None:
    code, said = await burglar.run(ticket, *words, secret=secret)
    assert code != 0, words
    assert why in said, said
    assert burglar.stolen == [], words


async def test_a_holder_whose_door_refuses_is_named_with_the_reason(rig: Rig) -> None:
    """A target that is given a ticket that is none."""
    archive = rig.archive("lure.tar", "lure:1")
    served = real_rig(rig.directory / "lure")
    served.put("lure", archive.path.read_bytes())
    async with opened(served), intruder(rig.fleet, "trudy", rig["pod"]) as trudy:
        ticket = msgspec.structs.replace(served.admit("lure"), secret="w" * 43)
        entry = entry_of(trudy.id, archive, "lure.tar", 1000)
        trudy.publish(entry)
        for tries in (1, 2):
            # A refused ticket is asked for anew once: it may have gone stale.
            await until(partial(_asked, trudy, archive, tries), "pod asks for a ticket")
            trudy.say(Granted(entry.digest, ticket, archive.size_bytes))
        await reached(archive, "waiting", [rig["pod"]])
        await until(lambda: len(logged(rig["pod"], "attempt-failed", "lure.tar")) == 2, "pod tells of both tries")
    attempts = logged(rig["pod"], "attempt-failed", "lure.tar", "code=transfer-refused")
    assert "the data door of trudy refused: @ERROR: auth failed on module dsync" in attempts[0]
    assert len(attempts) == 2
    assert archive.sha256 not in visible(rig["pod"]).values()
    assert not (rig["pod"].store / ".incoming" / archive.fingerprint / "data").exists()


def _asked(insider: Intruder, archive: Archive, times: int) -> bool:
    return sum(isinstance(each, Request) and each.digest == archive.digest for each in insider.heard) >= times


async def test_nobody_tells_another_nodes_rows(rig: Rig) -> None:
    row = made_up.row(77, node=_id_of(rig, "pod"))
    async with intruder(rig.fleet, "judas", rig["origin"]) as judas:
        judas.say(Rows((row,), since=0, upto=1))
        await until(lambda: logged(rig["origin"], "peer-misbehaved", "judas"), "the origin refuses the row")
    (line,) = logged(rig["origin"], "peer-misbehaved", "judas")
    assert "what judas said was refused: judas said what cannot be: rows that are not their node's" in line
    assert " WARNING " in line
    assert row.digest not in {found.digest for found in await archives(rig["origin"])}


NAMES = {
    "../../../../../../../../tmp/dsync-escaped.tar": "tmpdsync-escaped.tar",
    "[@click=app.quit]quit[/].tar": "[@click=app.quit]quit[].tar",
    "clear\x1b[2J\x1b]0;owned\x07.tar": "clear[2J]0;owned.tar",
    "two\nlines 2026-01-01 CRITICAL dsync.events all is well.tar": "two",
    "reversed\u202erat.tar": "reversedrat.tar",
    ".hidden.tar": "hidden.tar",
    "x" * 1000 + ".tar": "x" * 196 + ".tar",
    "..": "",
}
"""A published name, and with what the name in a store begins."""


async def test_names_from_a_peer_end_harmlessly_in_the_store_and_on_every_screen(rig: Rig) -> None:
    served = real_rig(rig.directory / "door")
    told: list[tuple[str, Archive]] = []
    async with opened(served), intruder(rig.fleet, "mallory", rig["origin"]) as mallory:
        for count, name in enumerate(NAMES, start=2000):
            archive = rig.archive(f"n{count}.tar", f"n{count}:1")
            served.put(archive.fingerprint, archive.path.read_bytes())
            ticket = served.admit(archive.fingerprint)
            tag, origin = f"docker.io/library/n{count}:1", _id_of(rig, "origin")
            mallory.publish(entry_of(mallory.id, archive, name, count, tag, only=origin))
            await mallory.answer(Request, archive.digest)
            mallory.say(Granted(Digest(archive.digest), ticket, archive.size_bytes))
            await reached(archive, "stored", [rig["origin"]])
            told.append((name, archive))
        await _an_over_long_name_is_refused(rig, mallory)
    for name, archive in told:
        places = [place for place, digest in visible(rig["origin"]).items() if digest == archive.sha256]
        assert len(places) == 1, name
        assert places[0].startswith(NAMES[name]), (name, places)
        assert len(places[0].encode()) <= 255
        assert _is_plain(places[0]), places
    assert not _exists("/tmp/dsync-escaped.tar")
    await _every_screen_is_plain(rig["origin"], [archive for _, archive in told])
    log = log_of(rig["origin"])
    assert "clear\\x1b[2J\\x1b]0;owned\\x07.tar is stored" in log
    assert "reversed\\u202erat.tar is stored" in log
    assert not [line for line in log.split("\n") if line.startswith("lines 2026-01-01")]


def _exists(path: str) -> bool:
    return os.path.lexists(path)


async def _an_over_long_name_is_refused(rig: Rig, mallory: Intruder) -> None:
    archive = rig.archive("long.tar", "long:1")
    mallory.publish(entry_of(mallory.id, archive, "y" * 5000, 3000))
    await until(lambda: logged(rig["origin"], "entry-refused"), "the over-long name is refused")
    assert "an entry from mallory was refused: name" in logged(rig["origin"], "entry-refused")[0]
    assert await known(rig["origin"], archive.digest) is None


def _is_plain(text: str) -> bool:
    return not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for char in text)


async def _every_screen_is_plain(node: FleetNode, shown: list[Archive]) -> None:
    """Status and log tell of each archive, and of nothing that a terminal would act on."""
    for words in (["status"], ["status", "--full"], ["nodes", "list"]):
        called = await command(node, *words)
        assert called.out
        assert all(_is_plain(line) for line in (called.out + called.err).split("\n")), words
    document = await command(node, "status", "--json")
    # For programs names are exact; JSON escapes what a terminal would act on.
    assert not [char for char in document.out if unicodedata.category(char) == "Cc" and char != "\n"]
    assert {each["digest"] for each in json.loads(document.out)["archives"]} >= {each.digest for each in shown}
    log = log_of(node) + node.log.read_text()
    assert all(_is_plain(line) for line in log.split("\n"))


def _holds(path: Path, text: str) -> bool:
    return text in path.read_text()


async def test_names_of_dropped_files_are_shown_plainly_and_travel(rig: Rig) -> None:
    names = ("[@click=app.quit]a.tar", "b\x1b[31m.tar", "c\u202egpj.tar", "d\n e.tar", "f" * 251 + ".tar")
    dropped = []
    for number, name in enumerate(names):
        archive = rig.archive(f"d{number}.tar", f"d{number}:1")
        archive.drop(rig["origin"], name)
        dropped.append(archive)
    for archive in dropped:
        await reached(archive, "ready", [rig["pod"]])
        places = [place for place, digest in visible(rig["pod"]).items() if digest == archive.sha256]
        assert len(places) == 1
        assert _is_plain(places[0]), places
    hidden = rig.archive("hidden.tar", "hidden:1")
    hidden.drop(rig["origin"], ".hidden.tar")
    for node in (rig["origin"], rig["pod"]):
        await _every_screen_is_plain(node, dropped)
    mirror = rig["pod"].directory / "mirrors/docker-loaded.log"
    for archive in dropped:
        await until(partial(_holds, mirror, archive.fingerprint), "the mirror follows")
    lines = mirror.read_text().split("\n")
    assert all(_is_plain(line) for line in lines)
    assert all(len(line.split(" ")[0]) == 32 for line in lines if line), "a name made a line of its own"
    assert await known(rig["origin"], hidden.digest) is None
