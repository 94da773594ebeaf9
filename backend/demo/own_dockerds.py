"""A dockerd for each node, with data, sockets and mounts of its own; no network, no settings of this machine's."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from backend.demo.janitor import RUNTIME_MARK
from backend.demo.words import text
from backend.demo.workshop import UnavailableError, Workshop
from backend.model.plain import plain
from backend.model.runtime import RuntimeInfo

STARTED_WITHIN_S = 90.0
POLL_S = 0.2
_LAST_WORDS_BYTES = 2000


async def own_dockerds(workshop: Workshop, names: Sequence[str]) -> tuple[RuntimeInfo, list[tuple[str, ...]]]:
    """Start them; what the first says of itself, and a client's command for each. Raises UnavailableError, OSError."""
    if not workshop.as_root:
        raise UnavailableError(text("demo.why.not-root"))
    for program in ("dockerd", "docker"):
        if shutil.which(program) is None:
            raise UnavailableError(text("demo.why.no-program", program=program))
    started = [_start(workshop, index, name) for index, name in enumerate(names)]
    infos = [await _answer(workshop, index, *one) for index, one in enumerate(started)]
    workshop.own(*(info.endpoint for info in infos))
    return infos[0], [_client(workshop, index) for index in range(len(names))]


def _start(workshop: Workshop, index: int, name: str) -> tuple["subprocess.Popen[bytes]", Path]:
    place = workshop.directory / "docker" / name
    run = _run_directory(workshop, index)
    for directory in (place, run):
        directory.mkdir(parents=True)
    # Else it would read this machine's /etc/docker/daemon.json.
    configuration = place / "daemon.json"
    configuration.write_text("{}\n")
    log = place / "dockerd.log"
    command = [*workshop.enter_or_fail(), "dockerd", "--bridge=none", "--iptables=false", "--ip-forward=false"]
    command += ["--config-file", str(configuration), "--data-root", str(place / "data")]
    command += ["--exec-root", str(run / "exec"), "--pidfile", str(run / "pid"), "--host", _address(workshop, index)]
    environment = {**os.environ, RUNTIME_MARK: str(workshop.directory)}
    with log.open("ab") as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment, start_new_session=True
        )
    workshop.processes.append(process)
    return process, log


async def _answer(workshop: Workshop, index: int, process: "subprocess.Popen[bytes]", log: Path) -> RuntimeInfo:
    deadline = asyncio.get_running_loop().time() + STARTED_WITHIN_S
    while True:
        if (_run_directory(workshop, index) / "sock").exists():
            try:
                choice = await workshop.ask("docker", _client(workshop, index))
            except UnavailableError:
                # It listens before it is ready.
                pass
            else:
                assert choice.info is not None
                return choice.info
        if process.poll() is not None or asyncio.get_running_loop().time() >= deadline:
            raise UnavailableError(_last_words(log))
        await asyncio.sleep(POLL_S)


def _run_directory(workshop: Workshop, index: int) -> Path:
    return workshop.short / "d" / str(index)


def _address(workshop: Workshop, index: int) -> str:
    return f"unix://{_run_directory(workshop, index)}/sock"


def _client(workshop: Workshop, index: int) -> tuple[str, ...]:
    return ("docker", "--host", _address(workshop, index))


def _last_words(log: Path) -> str:
    said = log.read_bytes()[-_LAST_WORDS_BYTES:].decode("utf-8", "replace")
    return plain("; ".join(said.strip().splitlines()[-2:]), 400) or "dockerd ended without a word"
