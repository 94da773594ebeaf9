"""Settings files: what is read, and what an operator reads when something is wrong."""

from pathlib import Path

import pytest

from backend.model.errors import SettingsError
from backend.settings import Settings, load_settings, parse_settings
from backend.settings.schema import Compress, RuntimeKind
from backend.settings.shapes import Keep, KeepMode

KEY_A = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
KEY_B = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"

EVERYTHING = f"""
[node]
name = "worker-01"
address = "[fd00::1]:8730"
labels = {{ zone = "a" }}
[store]
directory = "/srv/images"
settle_s = 0.5
keep = "14d"
replicas = 3
min_free = "512MiB"
[paths]
state = "/srv/state"
logs = "/srv/logs"
run = "/srv/run"
keys = "/srv/keys"
mirrors = "/srv/mirrors"
[runtime]
kind = "docker"
command = ["docker", "-H", "unix:///run/other.sock"]
timeout_s = 60
ask_timeout_s = 5
[peer]
listen = "127.0.0.1:9000"
heartbeat_s = 1
lost_after_s = 4
[rsync]
listen = "127.0.0.1:9001"
networks = ["10.0.0.0/24"]
compress = "off"
timeout_s = 30
max_connections = 5
[limits]
serve = 1
fetch = 2
bandwidth = "80MiB/s"
schedule = [{{ from = "22:00", to = "06:00", bandwidth = "0" }}]
[retry]
waits_s = [1, 2.5]
jitter = 0
sweep_s = 10
[control]
socket = "/srv/run/other.sock"
group = "ops"
[discovery]
mdns = true
networks = ["10.0.0.0/8"]
authorise = "network"
[console]
theme = "light"
language = "de"
keys = {{ sync = "S" }}
[alerts]
urls = ["json://localhost"]
[metrics]
listen = "127.0.0.1:9002"
[[nodes]]
name = "worker-02"
address = "192.168.1.102"
key = "{KEY_A} someone@somewhere"
admin = true
publish = ["app:*"]
labels = {{ zone = "b" }}
platform = "linux/arm64"
bandwidth = "1MB/s"
[[nodes]]
name = "edge"
address = "192.168.1.103"
kind = "ssh"
user = "root"
port = 2222
identity = "/srv/keys/id"
store = "/srv/store"
[[nodes]]
name = "box"
address = "192.168.1.104:8873"
kind = "rsyncd"
module = "images"
user = "push"
password_file = "/srv/keys/box"
"""


def _complaint(text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "dsync.toml")
    return dict(caught.value.params)


def test_an_empty_file_is_all_defaults() -> None:
    settings = parse_settings("", "dsync.toml")
    assert settings == Settings(node=settings.node)
    assert settings.store.directory == Path("/data/docker-tar")
    assert settings.store.min_free_bytes == 1024**3
    assert settings.retry.waits_s == (60.0, 120.0, 180.0)
    assert settings.control_socket == Path("/run/dsync/control.sock")
    assert str(settings.peer.listen) == "0.0.0.0:8730"


def test_every_setting_is_read() -> None:
    settings = parse_settings(EVERYTHING, "dsync.toml")
    assert settings.node.address is not None
    assert (settings.node.address.host, settings.node.address.port) == ("fd00::1", 8730)
    assert settings.store.keep == Keep(KeepMode.AGE, 14 * 86400)
    assert settings.runtime.kind is RuntimeKind.DOCKER
    assert settings.runtime.command == ("docker", "-H", "unix:///run/other.sock")
    assert settings.rsync.compress is Compress.OFF
    assert settings.limits.bandwidth_bps == 80 * 1024**2
    assert settings.control_socket == Path("/srv/run/other.sock")
    assert settings.console.keys == {"sync": "S"}
    agent, edge, box = settings.nodes
    assert agent.key == KEY_A, "the comment is dropped"
    assert (agent.peer_port, edge.peer_port, box.peer_port) == (8730, 2222, 8873)
    assert agent.publish == ("app:*",)


def test_an_agent_s_key_may_come_from_its_key_file_instead() -> None:
    text = "[[nodes]]\nname = 'a'\naddress = '10.0.0.1'\n[[nodes]]\nname = 'b'\naddress = '10.0.0.2'\n"
    assert [node.key for node in parse_settings(text, "dsync.toml").nodes] == ["", ""]


def test_the_roster_may_name_this_node_itself() -> None:
    text = f'[node]\nname = "a"\n[[nodes]]\nname = "a"\naddress = "10.0.0.1"\nkey = "{KEY_A}"\n'
    assert parse_settings(text, "dsync.toml").nodes[0].name == "a"


@pytest.mark.parametrize(
    ("text", "place", "key", "value", "expected"),
    [
        ("[store]\nsettel_s = 1", "dsync.toml:2", "store.settel_s", "1", 'did you mean "settle_s"?'),
        ("\n[stroe]", "dsync.toml:2", "stroe", "{}", 'did you mean "store"?'),
        ("[store]\nsettle_s = '3'", "dsync.toml:2", "store.settle_s", '"3"', "a number of seconds"),
        ("[store]\nsettle_s = true", "dsync.toml:2", "store.settle_s", "true", "a number of seconds"),
        ("[store]\nsettle_s = nan", "dsync.toml:2", "store.settle_s", "nan", "a number of seconds"),
        ("[store]\nmin_free = '1 gig'", "dsync.toml:2", "store.min_free", '"1 gig"', 'such as "1GiB"'),
        ("[store]\nkeep = '14x'", "dsync.toml:2", "store.keep", '"14x"', 'an age such as "14d"'),
        ("store = 3", "dsync.toml:1", "store", "3", "a table: [store]"),
        ("[store]\ndirectory = 'x'", "dsync.toml:2", "store.directory", '"x"', "an absolute path"),
        ("[limits]\nbandwidth = '80'", "dsync.toml:2", "limits.bandwidth", '"80"', '"80MiB/s"'),
        ("[limits]\nbandwidth = '5B/s'", "dsync.toml:2", "limits.bandwidth", '"5B/s"', "at least 1KiB/s"),
        ("[limits]\nserve = 0", "dsync.toml:2", "limits.serve", "0", "a whole number from 1"),
        ("[retry]\nwaits_s = [60, -1]", "dsync.toml:2", "retry.waits_s[1]", "-1", "a number of seconds"),
        ("[retry]\njitter = 1", "dsync.toml:2", "retry.jitter", "1", "a fraction"),
        ("[peer]\nlisten = '0.0.0.0'", "dsync.toml:2", "peer.listen", '"0.0.0.0"', "with a port"),
        ("[peer]\nlisten = '::1:99'", "dsync.toml:2", "peer.listen", '"::1:99"', "with a port"),
        ("[peer]\nlisten = '1.2.3:1'", "dsync.toml:2", "peer.listen", '"1.2.3:1"', "an address"),
        ("[peer]\nlisten = 'a:99999'", "dsync.toml:2", "peer.listen", '"a:99999"', "a port from 1 to 65535"),
        ("[peer]\nlost_after_s = 3", "dsync.toml:2", "peer.lost_after_s", "3.0", "more than peer.heartbeat_s"),
        ("[rsync]\nnetworks = ['10.0.0.1/8']", "dsync.toml:2", "rsync.networks[0]", '"10.0.0.1/8"', "CIDR"),
        ("[runtime]\nkind = 'lxc'", "dsync.toml:2", "runtime.kind", '"lxc"', 'one of "auto", "docker"'),
        ("[runtime]\nkind = 'k3s'", "dsync.toml:2", "runtime.kind", '"k3s"', "not supported yet"),
        ("[runtime]\ncommand = 'docker'", "dsync.toml:2", "runtime.command", '"docker"', "a list of words"),
        ("[node]\nname = '[@click=x]'", "dsync.toml:2", "node.name", '"[@click=x]"', "letters, digits"),
        ("[node]\nlabels = { a = 1 }", "dsync.toml:2", "node.labels.a", "1", "a printable string"),
        ("[discovery]\nmdns = 'yes'", "dsync.toml:2", "discovery.mdns", '"yes"', "true or false"),
        ("[console]\nkeys = { sync = '' }", "dsync.toml:2", "console.keys.sync", '""', "a key such as"),
        ("[[nodes]]\naddress = 'a'", "dsync.toml:1", "nodes[0].name", "(absent)", "must have it"),
        ("nodes = 1", "dsync.toml:1", "nodes", "1", "in double brackets"),
    ],
)
def test_a_complaint_names_place_key_value_and_what_was_expected(
    text: str, place: str, key: str, value: str, expected: str
) -> None:
    told = _complaint(text)
    assert (told["file"], told["key"], told["value"]) == (place, key, value)
    assert expected in told["expected"]


@pytest.mark.parametrize("text", ["[store]\nsettle_s = {}", "[retry]\nwaits_s = [60, {}]"])
def test_a_number_beyond_all_floats_is_a_complaint(text: str) -> None:
    assert "up to ten years" in _complaint(text.format(hex(2**1100)))["expected"]


def test_a_value_that_can_be_read_and_is_nested_too_deep_to_be_shown_is_a_complaint() -> None:
    """How deep that is depends on the stack: some of these depths are it, wherever the test is called from."""
    for depth in range(1, 1000, 5):
        assert _complaint(f"[store]\nsettle_s = {'[' * depth}{']' * depth}")["expected"]


@pytest.mark.parametrize(
    ("extra", "key", "expected"),
    [
        ("name = 'a'\naddress = '10.0.0.2'\nkey = 'B'", "nodes[1].name", "nodes[0] has it"),
        ("name = 'b'\naddress = '10.0.0.1'\nkey = 'B'", "nodes[1].address", "nodes[0] has it"),
        ("name = 'b'\naddress = '10.0.0.2'\nkey = 'A'", "nodes[1].key", "nodes[0] has it"),
        ("name = 'b'\naddress = '10.0.0.2'\nkey = 'B'\nmodule = 'x'", "nodes[1].module", "kind is rsyncd"),
        ("name = 'b'\naddress = '10.0.0.2'\nkind = 'rsyncd'", "nodes[1].module", "rsync module"),
        ("name = 'b'\naddress = '10.0.0.2:22'\nkind = 'ssh'", "nodes[1].address", "no port here"),
        ("name = 'b'\naddress = '10.0.0.2'\nkey = 'ssh-rsa AAAA'", "nodes[1].key", "ed25519"),
        ("name = 'b'\naddress = '10.0.0.2'\nkey = 'ssh-ed25519 AAAA'", "nodes[1].key", "ed25519"),
        ("name = 'b'\naddress = '10.0.0.2'\nkey = 'ssh-ed25519 AAAA…'", "nodes[1].key", "ed25519"),
    ],
)
def test_roster_entries_must_fit_each_other_and_their_kind(extra: str, key: str, expected: str) -> None:
    extra = extra.replace("'A'", f"'{KEY_A}'").replace("'B'", f"'{KEY_B}'")
    first = f"[[nodes]]\nname = 'a'\naddress = '10.0.0.1'\nkey = '{KEY_A}'\n"
    told = _complaint(f"{first}[[nodes]]\n{extra}\n")
    assert told["key"] == key
    assert expected in told["expected"]


@pytest.mark.parametrize(
    ("schedule", "key", "expected"),
    [
        ('[{ from = "8:00", to = "20:00", bandwidth = "0" }]', "[0].from", "a time of day"),
        ('[{ from = "08:00", to = "24:00", bandwidth = "0" }]', "[0].to", "a time of day"),
        ('[{ from = "08:00", bandwidth = "0" }]', "[0]", "to as well"),
        ('[{ from = "08:00", to = "09:00" }]', "[0].bandwidth", "a rate"),
        ('[{ from = "08:00", to = "08:00", bandwidth = "0" }]', "[0]", "two different times"),
        ('[{ from = "08:00", to = "09:00", bandwidth = "0", on = "mon" }]', "[0].on", "only from, to"),
        (
            '[{ from = "22:00", to = "06:00", bandwidth = "0" },'
            ' { from = "05:00", to = "07:00", bandwidth = "1MiB/s" }]',
            "[1]",
            "do not overlap",
        ),
    ],
)
def test_schedules_are_checked(schedule: str, key: str, expected: str) -> None:
    told = _complaint(f"[limits]\nschedule = {schedule}\n")
    assert told["key"] == f"limits.schedule{key}"
    assert expected in told["expected"]


def test_a_schedule_reaches_over_midnight() -> None:
    limits = parse_settings(
        '[limits]\nbandwidth = "10MiB/s"\n'
        'schedule = [{ from = "22:00", to = "06:00", bandwidth = "0" },'
        ' { from = "06:00", to = "08:00", bandwidth = "1MiB/s" }]',
        "dsync.toml",
    ).limits
    at = {hour: limits.bandwidth_at(hour * 60) for hour in (0, 5, 6, 7, 8, 21, 22, 23)}
    mib = 1024**2
    assert at == {0: 0, 5: 0, 6: mib, 7: mib, 8: 10 * mib, 21: 10 * mib, 22: 0, 23: 0}


def test_a_socket_path_that_the_kernel_would_refuse_is_told_before() -> None:
    told = _complaint(f'[paths]\nrun = "/{"x" * 120}"')
    assert told["key"] == "paths.run"
    assert "at most 107 bytes" in told["expected"]


def test_a_secret_is_not_repeated_in_a_complaint() -> None:
    told = _complaint('[alerts]\nurls = ["json://user:pass@host", 3]')
    assert told["key"] == "alerts.urls[1]"
    assert "pass" not in str(told)


@pytest.mark.parametrize("text", ["[store", "a = ", "a = 1\na = 2", "x = " + "9" * 5000, "a = " + "[" * 20000])
def test_what_is_no_toml_is_told_as_such(text: str) -> None:
    assert _complaint(text)["expected"] == "valid TOML"


def test_a_huge_number_is_a_complaint_like_any_other() -> None:
    assert _complaint("[limits]\nserve = 0x" + "f" * 6000)["key"] == "limits.serve"


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as absent:
        load_settings(tmp_path / "absent.toml")
    assert absent.value.params["file"] == str(tmp_path / "absent.toml")
    assert absent.value.params["value"] == "No such file or directory"
    (tmp_path / "latin.toml").write_bytes(b"[node]\nname = '\xe4'")
    with pytest.raises(SettingsError) as latin:
        load_settings(tmp_path / "latin.toml")
    assert latin.value.params["expected"] == "TOML in UTF-8"


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "dsync.toml"
    path.write_text('[node]\nname = "a"\n')
    settings = load_settings(path)
    assert settings.node.name == "a"
    assert settings.origins == {"node.name": f"{path}:2"}
