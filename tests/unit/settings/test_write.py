"""What settings say of themselves: the written file, the explanation, and what has no effect yet."""

from backend.settings import explain, parse_settings, without_effect, write_settings
from tests.unit.settings.test_load import EVERYTHING


def test_writing_everything_reads_back_equal() -> None:
    settings = parse_settings(EVERYTHING, "dsync.toml")
    assert parse_settings(write_settings(settings), "again") == settings


def test_only_what_is_not_at_its_default_is_written() -> None:
    settings = parse_settings('[node]\nname = "a"\n[store]\nsettle_s = 3\n[limits]\nserve = 3\n', "dsync.toml")
    assert write_settings(settings) == '[node]\nname = "a"\n\n[limits]\nserve = 3\n'


def test_explain_names_every_key_with_its_origin() -> None:
    lines = explain(parse_settings(EVERYTHING, "dsync.toml"))
    told = {key: (value, origin) for key, value, origin in lines}
    assert len(told) == len(lines)
    assert told["store.min_free"] == ('"512MiB"', "dsync.toml:11")
    assert told["nodes[0].address"] == ('"192.168.1.102"', "dsync.toml:59")
    assert told["nodes[0].user"] == ('""', "default")
    assert told["alerts.urls"] == ("(hidden)", "dsync.toml:54")
    assert dict(explain_defaults())["store.settle_s"] == "3"


def explain_defaults() -> list[tuple[str, str]]:
    return [(key, value) for key, value, origin in explain(parse_settings("", "")) if origin == "default"]


def test_what_has_no_effect_yet_is_told_when_it_was_given() -> None:
    assert without_effect(parse_settings("", "")) == []
    assert "discovery.mdns" in without_effect(parse_settings("[discovery]\nmdns = true\n", "dsync.toml"))
    assert without_effect(parse_settings("[limits]\nserve = 1\n", "dsync.toml")) == []
