"""Settings under any input: what is written reads back equal, and no text ends in anything but a complaint."""

import base64
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.model.errors import SettingsError
from backend.settings import (
    Address,
    NodeSettings,
    RuntimeKind,
    Settings,
    format_rate,
    format_size,
    parse_rate,
    parse_settings,
    parse_size,
    write_settings,
)
from backend.settings.fields import declared
from backend.settings.schema import (
    GROUPS,
    AlertsGroup,
    ConsoleGroup,
    ControlGroup,
    LimitsGroup,
    NodeGroup,
    PathsGroup,
    RetryGroup,
    RuntimeGroup,
    StoreGroup,
)
from backend.settings.shapes import BandwidthWindow, Keep, KeepMode
from backend.settings.toml import inline

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True)
PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20)
PATHS = PRINTABLE.filter(lambda text: "\x00" not in text).map(lambda text: Path("/") / text.lstrip("/"))
SHORT_PATHS = NAMES.map(lambda name: Path("/") / name)
SECONDS = st.floats(0.001, 86400) | st.integers(1, 86400).map(float)
RATES = st.just(0) | st.integers(1024, 2**50)
HOSTS = NAMES.filter(lambda name: any(char.isalpha() for char in name) and ".." not in name).map(
    lambda name: "h" + name.replace(".-", "").replace("-.", "")
) | st.ip_addresses().map(str)
PORTS = st.integers(1, 65535)
LABELS = st.dictionaries(NAMES, st.text(st.characters(categories=("L", "N", "P")), max_size=10), max_size=3)
KEEPS = st.sampled_from([Keep(), Keep(KeepMode.LOADED)]) | st.integers(1, 9999).map(
    lambda hours: Keep(KeepMode.AGE, hours * 3600)
)


@st.composite
def rosters(draw: st.DrawFn) -> tuple[NodeSettings, ...]:
    names = draw(st.lists(NAMES, unique=True, max_size=4))
    return tuple(
        NodeSettings(
            name=name,
            address=Address(f"h{index}.example", draw(st.none() | PORTS)),
            key=_key(index),
            admin=draw(st.booleans()),
            publish=draw(st.booleans() | st.lists(PRINTABLE, max_size=3).map(tuple)),
            labels=draw(LABELS),
            bandwidth_bps=draw(RATES),
        )
        for index, name in enumerate(names)
    )


def _key(index: int) -> str:
    blob = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + index.to_bytes(32, "big")
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


@st.composite
def windows(draw: st.DrawFn) -> tuple[BandwidthWindow, ...]:
    edges = sorted(draw(st.lists(st.integers(0, 1439), unique=True, max_size=6)))
    if len(edges) < 2:
        return ()
    pairs = zip(edges, edges[1:] + edges[:1], strict=True)
    return tuple(BandwidthWindow(start, end, draw(RATES)) for start, end in pairs)


ALL_SETTINGS = st.builds(
    Settings,
    node=st.builds(
        NodeGroup, name=NAMES, address=st.none() | st.builds(Address, HOSTS, st.none() | PORTS), labels=LABELS
    ),
    store=st.builds(
        StoreGroup,
        directory=PATHS,
        settle_s=SECONDS,
        keep=KEEPS,
        replicas=st.integers(1, 1000),
        min_free_bytes=st.integers(0, 2**63 - 1),
    ),
    paths=st.builds(PathsGroup, state=PATHS, logs=PATHS, run=SHORT_PATHS, keys=PATHS, mirrors=PATHS),
    runtime=st.builds(
        RuntimeGroup,
        kind=st.sampled_from([RuntimeKind.AUTO, RuntimeKind.DOCKER, RuntimeKind.PODMAN]),
        command=st.lists(PRINTABLE.filter(bool), max_size=3).map(tuple),
        timeout_s=SECONDS,
        ask_timeout_s=SECONDS,
    ),
    limits=st.builds(
        LimitsGroup,
        serve=st.integers(1, 1000),
        fetch=st.integers(1, 1000),
        bandwidth_bps=RATES,
        schedule=windows(),
    ),
    retry=st.builds(
        RetryGroup,
        waits_s=st.lists(SECONDS, max_size=5).map(tuple),
        jitter=st.floats(0, 0.999),
        sweep_s=SECONDS,
    ),
    control=st.builds(ControlGroup, socket=st.none() | SHORT_PATHS, group=PRINTABLE),
    console=st.builds(ConsoleGroup, theme=NAMES, keys=st.dictionaries(PRINTABLE, NAMES, max_size=3)),
    alerts=st.builds(AlertsGroup, urls=st.lists(PRINTABLE, max_size=3).map(tuple)),
    nodes=rosters(),
)

TOML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(ALL_SETTINGS)
def test_what_is_written_reads_back_equal(settings: Settings) -> None:
    written = write_settings(settings)
    again = parse_settings(written, "written")
    assert again == settings
    assert write_settings(again) == written


@given(st.text())
def test_any_text_is_settings_or_a_complaint(text: str) -> None:
    outcome = _outcome(text)
    if isinstance(outcome, SettingsError):
        named = {name for name in outcome.params if not name.startswith("expected.")}
        assert named == {"file", "key", "value", "expected"}


@given(st.data())
def test_any_value_of_any_setting_is_taken_or_complained_of(data: st.DataObject) -> None:
    group = data.draw(st.sampled_from(sorted(GROUPS)))
    field = data.draw(st.sampled_from(declared(GROUPS[group])))
    value = data.draw(TOML_VALUES.filter(_is_toml))
    outcome = _outcome(f"[{group}]\n{field.name} = {inline(value)}\n")
    if isinstance(outcome, SettingsError):
        # A value that is good by itself may still clash with another group's (two doors on one port).
        assert outcome.params["key"].split(".")[0] in (group, "paths", "rsync", "peer")
        assert outcome.params["expected"]
    else:
        assert f"{group}.{field.name}" in outcome.origins


@given(st.data())
def test_any_value_of_any_node_of_the_roster_is_taken_or_complained_of(data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(declared(NodeSettings)))
    value = data.draw(TOML_VALUES.filter(_is_toml) | st.text(max_size=20).map("ssh-ed25519 {}".format))
    given_values = {"name": "b", "address": "10.0.0.2"} | {field.name: value}
    lines = [f"{name} = {inline(of_it)}" for name, of_it in given_values.items()]
    outcome = _outcome("\n".join(["[[nodes]]", *lines]))
    if isinstance(outcome, SettingsError):
        assert outcome.params["key"].startswith("nodes[0]")
        assert outcome.params["expected"]
    else:
        assert f"nodes[0].{field.name}" in outcome.origins


def _outcome(text: str) -> Settings | SettingsError:
    try:
        return parse_settings(text, "any")
    except SettingsError as error:
        return error


def _is_toml(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_is_toml, value))
    if isinstance(value, dict):
        return all(map(_is_toml, value.values()))
    return value is not None


@given(st.integers(0, 2**63 - 1))
def test_sizes_have_an_exact_text(size_bytes: int) -> None:
    assert parse_size(format_size(size_bytes)) == size_bytes


@given(RATES)
def test_rates_have_an_exact_text(rate_bps: int) -> None:
    assert parse_rate(format_rate(rate_bps)) == rate_bps
