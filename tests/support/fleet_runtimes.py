"""A node's runtime as fleet tests want it: a real docker or podman behind a client that is recorded and can be held."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from tests.support import held_client
from tests.support.runtimes import run

Point: TypeAlias = Literal["before-load", "after-load", "before-look"]


class Noted(NamedTuple):
    """A line of the record: epoch seconds, what happened, and the archive's name in the store."""

    at: float
    what: str
    name: str


class HeldClient:
    """The client of one node; see ``tests/support/held_client.py``."""

    def __init__(self, directory: Path, kind: str, client: Iterable[str]) -> None:
        self._directory = directory
        self._client = tuple(client)
        self._kind = kind
        directory.mkdir(parents=True)
        (directory / "record").touch()

    @property
    def settings(self) -> dict[str, object]:
        """What a plan's settings need."""
        program = [sys.executable, "-E", "-S", held_client.__file__, str(self._directory)]
        return {"runtime.kind": self._kind, "runtime.command": [*program, *self._client]}

    def hold(self, point: Point) -> None:
        """From now on each client waits at that point."""
        (self._directory / f"hold-{point}").touch()

    def let_go(self, point: Point) -> None:
        """Let those that wait go on."""
        (self._directory / f"hold-{point}").unlink(missing_ok=True)

    def fail_loads(self, words: str) -> None:
        """From now on each load ends with these words and exit code 1."""
        draft = self._directory / "fail-load.draft"
        draft.write_text(words)
        draft.replace(self._directory / "fail-load")

    def mend_loads(self) -> None:
        """Let loads be real again."""
        (self._directory / "fail-load").unlink(missing_ok=True)

    def record(self, what: str, name: str | None = None) -> list[Noted]:
        """What was noted, of one archive or of all.

        ``what``: ``probe``, ``look``, ``load`` (begun), ``loaded``, ``failed``, ``refused`` (by us), or a point.
        """
        lines = (self._directory / "record").read_text().splitlines()
        noted = [Noted(float(at), word, rest) for at, word, rest in (line.split(" ", 2) for line in lines)]
        return [each for each in noted if each.what == what and name in (None, each.name)]

    def loads(self, name: str | None = None) -> int:
        """How often bytes went into the runtime."""
        return len(self.record("load", name))

    def by_hand(self, *arguments: str) -> str:
        """What an operator types, past the record; its output."""
        return run(*self._client, *arguments)

    def image_of(self, reference: str) -> str | None:
        """The runtime's own answer: the image ID that ``reference`` points at, None where it knows none."""
        try:
            answer = self.by_hand("image", "inspect", "--format", "{{.Id}}", reference)
        except subprocess.CalledProcessError:
            return None
        return "sha256:" + answer.strip().removeprefix("sha256:")

    def has_image(self, config: str) -> bool:
        """Tell whether the runtime holds the image with that config digest (the ID, in podman and classic docker)."""
        return self.image_of(config.removeprefix("sha256:")) is not None
