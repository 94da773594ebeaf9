"""Words that may stand in rsync's files and URLs."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.adapters.rsync.options import source_url
from backend.adapters.rsync.words import check_guest, check_ticket, normal_address
from backend.model.messages import Ticket

GOOD = Ticket(port=873, module="dsync", path="0123abcd", user="n1", secret="0123456789")


def test_a_good_ticket_passes() -> None:
    assert check_ticket("10.0.0.1", GOOD) is None
    assert check_ticket("worker-01.example.org", GOOD) is None
    assert check_ticket("fd00::1", GOOD) is None


@pytest.mark.parametrize(
    "change",
    [
        {"user": "x@evil/"},
        {"user": "-e"},
        {"user": "a:b"},
        {"user": ""},
        {"user": "n1\n"},
        {"module": "../etc"},
        {"module": "a/b"},
        {"path": "../secret"},
        {"path": "a/../b"},
        {"path": "/etc/passwd"},
        {"path": "*"},
        {"path": ".hidden"},
        {"path": "a//b"},
        {"path": ""},
        {"path": "a b"},
        {"secret": "short"},
        {"secret": "two\nlines-long"},
        {"port": 0},
        {"port": 65536},
    ],
)
def test_a_ticket_that_leads_elsewhere_is_malformed(change: dict[str, object]) -> None:
    wrong = check_ticket("10.0.0.1", msgspec.structs.replace(GOOD, **change))
    assert wrong == f"malformed {next(iter(change))} in ticket"


@pytest.mark.parametrize("host", ["", "a/b", "a@b", "-oProxy", "10.0.0.1:22", "[::1]", "a b"])
def test_a_host_that_is_none_is_malformed(host: str) -> None:
    assert check_ticket(host, GOOD) == "malformed host"


@given(st.builds(Ticket, port=st.integers(), module=st.text(), path=st.text(), user=st.text(), secret=st.text()))
def test_what_passes_makes_a_url_of_exactly_its_parts(ticket: Ticket) -> None:
    if check_ticket("10.0.0.1", ticket) is None:
        url = source_url("10.0.0.1", ticket)
        assert url.count("@") == 1
        assert url.split("/")[2:4] == [f"{ticket.user}@10.0.0.1:{ticket.port}", ticket.module]
        assert ".." not in url.split("/")


@pytest.mark.parametrize(
    ("user", "secret", "path"),
    [
        ("a:b", "0123456789", "p"),
        ("@group", "0123456789", "p"),
        ("a\nb:0123456789", "0123456789", "p"),
        ("..", "0123456789", "p"),
        ("u", "has blanks in it", "p"),
        ("u", "0123456789\nroot:0123456789", "p"),
        ("u", "", "p"),
        ("u", "0123456789", "a*"),
        ("u", "0123456789", "[a]"),
        ("u", "0123456789", "a\n+ /**"),
        ("u", "0123456789", "../a"),
    ],
)
def test_guests_that_would_say_more_are_refused(user: str, secret: str, path: str) -> None:
    with pytest.raises(ValueError, match=r"data door|a secret is"):
        check_guest(user, secret, [path])


def test_addresses_compare_as_the_daemon_sees_them() -> None:
    assert normal_address("::ffff:10.0.0.1") == "10.0.0.1"
    assert normal_address("FD00:0::1") == "fd00::1"
    assert normal_address("worker-01") is None
