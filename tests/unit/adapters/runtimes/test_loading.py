"""What a loader's exit code and last words mean. The words were taken from docker 20.10, 28.2 and podman 4.3."""

from pathlib import Path

import pytest

from backend.adapters.children import ChildRegister
from backend.adapters.runtimes import unpacking
from backend.adapters.runtimes.client import Client
from backend.adapters.runtimes.loading import LoadPlan, failure_of
from backend.model.archive import CatalogEntry, Image, Order, Selector
from backend.model.errors import DiskFullError, DsyncError, LoadRefusedError, LocalError, Retry, RuntimeSickError
from backend.model.ids import Digest, Fingerprint, NodeId

ORDER = Order(1, NodeId("a"))
ENTRY = CatalogEntry(
    digest=Digest("sha256:0"),
    fingerprint=Fingerprint("0"),
    name="app\x1b[31m.tar",
    size_bytes=10,
    origin=NodeId("a"),
    order=ORDER,
    selector=Selector(ORDER),
    images=(Image("sha256:1", ()),),
    unpacked_bytes=100,
)
PODMAN_REFUSAL = """Error: payload does not match any of the supported image formats:
 * oci: initializing source oci:trunc.tar:: open trunc.tar/index.json: not a directory
 * docker-archive: loading tar component manifest.json: unexpected EOF
"""
PODMAN_FULL = """Error: payload does not match any of the supported image formats:
 * docker-archive: writing blob: adding layer with blob "sha256:35": processing tar \
file(write /srv/7001/part-00001.bin: no space left on device): exit status 1
"""


def meaning(stderr: str, code: int = 1, kind: str = "docker") -> DsyncError:
    plan = LoadPlan(arguments=("load",), by_path=False, takes_oci=False, root="/")
    client = Client(ChildRegister(Path("/nowhere")), kind, (kind,), 1.0)
    return failure_of(client, plan, ENTRY, code, stderr)


@pytest.mark.parametrize(
    "stderr",
    [
        "Error processing tar file(exit status 1): unexpected EOF",
        "Error processing tar file(exit status 1): archive/tar: invalid tar header",
        "open /var/lib/docker/tmp/docker-import-902523699/repositories: no such file or directory",
        "open /var/lib/docker/tmp/docker-import-902523699/blobs/json: no such file or directory",
        'invalid diffID for layer 0: expected "sha256:8", got "sha256:9"',
        PODMAN_REFUSAL,
    ],
)
def test_what_the_runtime_refuses_is_not_tried_again(stderr: str) -> None:
    error = meaning(stderr)
    assert type(error) is LoadRefusedError
    assert error.retry is Retry.NEVER
    assert error.params["name"] == "app\\x1b[31m.tar"


@pytest.mark.parametrize(
    "stderr",
    [
        "Cannot connect to the Docker daemon at unix:///nope. Is the docker daemon running?",
        'error during connect: Post "http://%2Frun%2Fdocker.sock/v1.41/images/load?quiet=1": EOF',
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
    ],
)
def test_a_runtime_that_does_not_answer_is_sick(stderr: str) -> None:
    error = meaning(stderr)
    assert type(error) is RuntimeSickError
    assert error.retry is Retry.HOLD


@pytest.mark.parametrize(
    "stderr",
    ["Error processing tar file(exit status 1): write /blobs/sha256/35: no space left on device", PODMAN_FULL],
)
def test_a_full_disk_goes_before_the_words_around_it(stderr: str) -> None:
    error = meaning(stderr)
    assert type(error) is DiskFullError
    assert error.params["needed_bytes"] == "100"


def test_what_nobody_knows_is_tried_again() -> None:
    error = meaning("something new\n", code=3)
    assert type(error) is LocalError
    assert error.retry is Retry.LATER
    assert error.params["detail"] == "docker load ended with exit code 3: something new"


def test_a_killed_loader_is_tried_again() -> None:
    error = meaning("", code=-9)
    assert type(error) is LocalError
    assert error.params["detail"] == "docker load was ended by signal 9"


@pytest.mark.parametrize("code", [unpacking.BROKEN, unpacking.TOO_LONG])
def test_what_cannot_be_unpacked_is_the_files_fault_for_now(code: int) -> None:
    error = meaning("unpacking failed: x\n", code=code)
    assert type(error) is LocalError
    assert "unpacking" in error.params["detail"]


def test_the_runtimes_words_are_bounded_and_plain() -> None:
    error = meaning("\x1b[31m" + "x" * 100_000 + "\nlast \u202ewords\n")
    detail = error.params["detail"]
    assert len(detail) < 600
    assert "\x1b" not in detail
    assert "\u202e" not in detail
    assert detail.endswith("last \\u202ewords")


def test_what_a_client_says_twice_is_told_once() -> None:
    error = meaning("Cannot connect to the Docker daemon\nCannot connect to the Docker daemon\n")
    assert error.params["detail"] == "Cannot connect to the Docker daemon"
