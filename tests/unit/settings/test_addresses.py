"""Addresses and networks as people write them."""

import pytest

from backend.settings import Address, Expected, parse_address
from backend.settings.addresses import parse_network


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.168.1.100", "192.168.1.100", None),
        ("192.168.1.100:8730", "192.168.1.100", 8730),
        ("host", "host", None),
        ("a-b.example_1.org:1", "a-b.example_1.org", 1),
        ("fd00::1", "fd00::1", None),
        ("[fd00::1]", "fd00::1", None),
        ("[fd00::1]:65535", "fd00::1", 65535),
        ("::", "::", None),
    ],
)
def test_addresses_are_read_and_written_back(text: str, host: str, port: int | None) -> None:
    address = parse_address(text)
    assert address == Address(host, port)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "a b",
        "host:",
        "host:0",
        "host:x",
        "host:65536",
        "host:٣",
        "[fd00::1",
        "[host]:1",
        "[::1]x",
        "1.2.3",
        "1.2.3.256",
        "-a",
        "a..b",
        "a/b",
        "a:b:c",
        "h\n",
        "a" * 254,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Expected):
        parse_address(text)


def test_networks_have_no_host_bits() -> None:
    assert parse_network("10.0.0.0/8") == "10.0.0.0/8"
    assert parse_network("fd00::/64") == "fd00::/64"
    with pytest.raises(Expected, match="CIDR"):
        parse_network("10.0.0.1/8")
