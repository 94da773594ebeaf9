"""Plausible values to write into a ledger."""

from backend.model.archive import (
    CatalogEntry,
    FileKey,
    Image,
    KnownFile,
    Layer,
    Order,
    RejectedFile,
    Selector,
)
from backend.model.delivery import Attempt, Delivery, Loading, Ready, State
from backend.model.errors import DigestMismatchError, Problem, Retry, TruncatedError
from backend.model.ids import Digest, Fingerprint, NodeId, Trace

ALPHA = NodeId("SHA256:alphaAlphaAlphaAlphaAlphaAlphaAlphaAlphaAlp")
BETA = NodeId("SHA256:betaBetaBetaBetaBetaBetaBetaBetaBetaBetaBet")


def digest(number: int) -> Digest:
    """A digest that shows its number."""
    return Digest(f"sha256:{number:064x}")


def fingerprint(number: int) -> Fingerprint:
    """A fingerprint that shows its number."""
    return Fingerprint(f"{number:032x}")


def entry(number: int, name: str = "app.tar") -> CatalogEntry:
    """An entry with images, layers and a selector."""
    order = Order(count=number, node=ALPHA)
    image = Image(
        config=f"sha256:{number + 1000:064x}",
        diff_ids=(f"sha256:{number + 2000:064x}",),
        tags=("docker.io/library/app:1",),
        platform="linux/amd64",
    )
    return CatalogEntry(
        digest=digest(number),
        fingerprint=fingerprint(number),
        name=name,
        size_bytes=20_000_000_000 + number,
        origin=ALPHA,
        order=order,
        selector=Selector(order=order, nodes=(ALPHA, BETA)),
        images=(image,),
        layers=(Layer(digest=f"sha256:{number + 2000:064x}", offset_bytes=512, length_bytes=1024),),
        published_at=1_800_000_000.25,
    )


def row(number: int, node: NodeId = ALPHA, version: int = 1, state: State | None = None) -> Delivery:
    """A row of ``node``."""
    return Delivery(
        digest=digest(number),
        node=node,
        state=state if state is not None else Ready(),
        version=version,
        stored=True,
        attempts=2,
        retries=1,
        note="overtaken" if number % 2 else None,
        source=BETA,
        transport="rsync",
        bytes_received=2**40,
        updated_at=1_800_000_000.125,
        trace=Trace("0123456789ab"),
    )


def loading_row(number: int) -> Delivery:
    """A row that carries data in its state."""
    return row(number, state=Loading(tags_before={"docker.io/library/app:1": None, "app:2": "sha256:ab"}))


def file(name: str, number: int = 1, placed: bool = False) -> KnownFile:
    """A known file."""
    return KnownFile(name=name, key=key(number), digest=digest(number), placed=placed)


def key(number: int) -> FileKey:
    """A file key; the times do not fit into 53 bits of a float."""
    return FileKey(device=65024, inode=number, size_bytes=2**33, mtime_ns=1_800_000_000_123_456_789)


def rejected(name: str, number: int = 1) -> RejectedFile:
    """A rejected file."""
    return RejectedFile(
        name=name,
        key=key(number),
        problem=TruncatedError(name=name, detail="ends at byte 17").problem(),
        fingerprint=fingerprint(number),
        digest=digest(number),
        seen_at=1_800_000_000.5,
    )


def attempt(number: int, of: int = 1, failed: bool = False) -> Attempt:
    """A try at delivery ``of``."""
    problem: Problem | None = None
    if failed:
        problem = DigestMismatchError(source="beta", expected="sha256:a", found="sha256:b").problem()
        assert problem.retry is Retry.ELSEWHERE
    return Attempt(
        digest=digest(of),
        number=number,
        source=BETA,
        transport="rsync",
        began_at=1_800_000_000.0 + number,
        ended_at=1_800_000_009.0 + number,
        bytes_received=number * 1000,
        problem=problem,
    )
