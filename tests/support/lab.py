"""Hosts with slow links on one machine: network namespaces round a bridge, each link shaped by ``tc tbf``.

Needs root. Nothing outside the namespaces is touched; all that was made goes with ``close``.
"""

import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

MIB = 1 << 20
NETWORK = "10.77.0"
FIRST_HOST = 10
_BRIDGE = "br0"
_OTHER_BRIDGE = "br1"
_INNER = "eth0"
_BURST_BYTES = 128 * 1024
_LATENCY = "400ms"


@dataclass(frozen=True, slots=True)
class Host:
    """One namespace. ``port``: the bridge's end of its link."""

    namespace: str
    address: str
    port: str

    @property
    def enter(self) -> tuple[str, ...]:
        """Words that run a program on this host, in the same process."""
        return ("ip", "netns", "exec", self.namespace)


class Lab:
    """``count`` hosts. ``rate_bps``: bytes a second of each uplink and of each downlink, 0 for no limit."""

    def __init__(self, count: int, rate_bps: int = 0) -> None:
        """Touch nothing yet."""
        mark = f"dsync{os.getpid() % 10000}{secrets.token_hex(2)}"
        self._hub = f"{mark}-hub"
        self.hosts = tuple(
            Host(f"{mark}-{number}", f"{NETWORK}.{FIRST_HOST + number}", f"port{number}") for number in range(count)
        )
        self._rate_bps = rate_bps

    def __enter__(self) -> "Lab":
        """Lay all links. Raises CalledProcessError."""
        try:
            self._lay()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take everything down."""
        self.close()

    def close(self) -> None:
        """Take everything down; processes on the hosts are their owners' to end."""
        for namespace in (self._hub, *(host.namespace for host in self.hosts)):
            with contextlib.suppress(subprocess.CalledProcessError):
                _run("ip", "netns", "delete", namespace)

    def _lay(self) -> None:
        _run("ip", "netns", "add", self._hub)
        for bridge in (_BRIDGE, _OTHER_BRIDGE):
            _ip(self._hub, [f"link add {bridge} type bridge", f"link set {bridge} up"])
        for host in self.hosts:
            _run("ip", "netns", "add", host.namespace)
            _ip(
                self._hub,
                [
                    f"link add {host.port} type veth peer name {_INNER} netns {host.namespace}",
                    f"link set {host.port} master {_BRIDGE}",
                    f"link set {host.port} up",
                ],
            )
            _ip(
                host.namespace,
                ["link set lo up", f"addr add {host.address}/24 dev {_INNER}", f"link set {_INNER} up"],
            )
            if self._rate_bps:
                self.shape(host, self._rate_bps)

    def shape(self, host: Host, rate_bps: int) -> None:
        """Give a host's uplink and downlink a rate in bytes a second."""
        rule = ("root", "tbf", "rate", f"{rate_bps}bps", "burst", str(_BURST_BYTES), "latency", _LATENCY)
        _run("tc", "-n", host.namespace, "qdisc", "replace", "dev", _INNER, *rule)
        _run("tc", "-n", self._hub, "qdisc", "replace", "dev", host.port, *rule)

    def cut(self, *hosts: Host) -> None:
        """Pull the plugs: packets vanish, as with a dead switch; nothing is refused."""
        _ip(self._hub, [f"link set {host.port} down" for host in hosts])

    def mend(self, *hosts: Host) -> None:
        """Put the plugs in again."""
        _ip(self._hub, [f"link set {host.port} up" for host in hosts])

    def split(self, one: tuple[Host, ...], other: tuple[Host, ...]) -> None:
        """Let hosts of one half not reach those of the other."""
        lines = [f"link set {host.port} master {_BRIDGE}" for host in one]
        _ip(self._hub, [*lines, *(f"link set {host.port} master {_OTHER_BRIDGE}" for host in other)])

    def join(self) -> None:
        """End a split."""
        _ip(self._hub, [f"link set {host.port} master {_BRIDGE}" for host in self.hosts])

    def sent_bytes(self, host: Host) -> int:
        """All that the host has sent over its uplink, headers included."""
        path = f"/sys/class/net/{_INNER}/statistics/tx_bytes"
        return int(_run("ip", "netns", "exec", host.namespace, "cat", path))

    @contextlib.contextmanager
    def cut_off(self, *hosts: Host) -> Iterator[None]:
        """Cut hosts off while inside."""
        self.cut(*hosts)
        try:
            yield
        finally:
            self.mend(*hosts)


def _ip(namespace: str, lines: list[str]) -> None:
    _run("ip", "-n", namespace, "-batch", "-", text="\n".join(lines) + "\n")


def _run(*words: str, text: str = "") -> str:
    return subprocess.run(words, input=text, capture_output=True, text=True, timeout=60, check=True).stdout
