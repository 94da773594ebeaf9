"""A podman root for each node: images of its own, nothing of this machine's."""

import shutil
from collections.abc import Sequence

from backend.adapters.runtimes.podman import endpoint_of
from backend.demo.words import text
from backend.demo.workshop import UnavailableError, Workshop
from backend.model.runtime import RuntimeInfo

_DRIVERS = ("overlay", "vfs")
"""The second copies every layer into the next one's, and works everywhere."""


async def podman_roots(workshop: Workshop, names: Sequence[str]) -> tuple[RuntimeInfo, list[tuple[str, ...]]]:
    """Return what podman says of itself, and a command for each name. Raises UnavailableError, OSError."""
    if not workshop.as_root:
        raise UnavailableError(text("demo.why.not-root"))
    if shutil.which("podman") is None:
        raise UnavailableError(text("demo.why.no-program", program="podman"))
    why = ""
    for driver in _DRIVERS:
        try:
            choice = await workshop.ask("podman", _command(workshop, 0, names[0], driver))
        except UnavailableError as error:
            why = why or f"{driver}: {error}"
            continue
        assert choice.info is not None
        workshop.own(*(endpoint_of(str(workshop.directory / "podman" / name)) for name in names))
        return choice.info, [_command(workshop, index, name, driver) for index, name in enumerate(names)]
    raise UnavailableError(why)


def _command(workshop: Workshop, index: int, name: str, driver: str) -> tuple[str, ...]:
    # Podman refuses a run root of more than 50 characters, and without a directory for temporary files takes one of
    # this machine's.
    run = workshop.short / "p" / str(index)
    return (
        *workshop.enter_or_fail(),
        *("podman", "--remote=false", "--root", str(workshop.directory / "podman" / name)),
        *("--runroot", str(run), "--tmpdir", str(run / "t"), "--storage-driver", driver),
    )
