"""A runtime's client with a record and with brakes: ``held_client.py DIRECTORY CLIENT…``, a program of its own.

In the directory: ``record`` gets a line for each probe, question and load; a file ``hold-<point>`` lets every client
that comes to that point wait until the file is gone (points: before-load, after-load, before-look); ``fail-load`` holds
the words with which each load fails instead.
"""

# ruff: noqa: PTH110, PTH115, PTH119, PTH123
# It starts for every question that a daemon asks: importing pathlib would double what that costs.

import os
import sys
import time

LONGEST_HOLD_S = 150.0
"""Longer than a test may take: what a failed test left ends by itself."""
POLL_S = 0.01


def main(directory: str, client: list[str]) -> int:
    """Do what the client would; its exit code."""
    if "load" in client:
        return _load(directory, client)
    if "info" in client:
        _note(directory, "probe", "-")
    if "inspect" in client:
        _note(directory, "look", "-")
        _hold(directory, "before-look", "-")
    os.execvp(client[0], client)


def _load(directory: str, client: list[str]) -> int:
    import subprocess

    name = os.path.basename(os.readlink(_input(client)))
    _hold(directory, "before-load", name)
    try:
        with open(f"{directory}/fail-load") as file:
            words = file.read()
    except FileNotFoundError:
        pass
    else:
        _note(directory, "refused", name)
        print(words, file=sys.stderr)
        return 1
    _note(directory, "load", name)
    # The lock's descriptor goes to the client too, as it would without us.
    code = subprocess.run(client, close_fds=False, check=False).returncode
    _note(directory, "loaded" if code == 0 else "failed", name)
    _hold(directory, "after-load", name)
    return code


def _input(client: list[str]) -> str:
    return client[client.index("--input") + 1] if "--input" in client else "/proc/self/fd/0"


def _hold(directory: str, point: str, name: str) -> None:
    brake = f"{directory}/hold-{point}"
    if not os.path.exists(brake):
        return
    _note(directory, point, name)
    deadline = time.monotonic() + LONGEST_HOLD_S
    while os.path.exists(brake):
        if time.monotonic() > deadline:
            sys.exit("held for too long")
        time.sleep(POLL_S)


def _note(directory: str, what: str, name: str) -> None:
    descriptor = os.open(f"{directory}/record", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(descriptor, f"{time.time():.3f} {what} {name}\n".encode())
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
