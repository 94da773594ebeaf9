"""A walk in a directory of its own, which goes with it."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.hands import WalkedApp
from tests.fuzz.walk import Walk, Walked


async def walk(
    seed: int, steps: int, make_app: type[WalkedApp] = WalkedApp, tell: Callable[[Walked], None] = lambda _: None
) -> Walked:
    """Walk; what was seen. Raises WrongStepError."""
    # Short: Unix sockets lie below it.
    directory = Path(tempfile.mkdtemp(prefix="dsync-fuzz-", dir="/tmp"))
    try:
        return await Walk(seed, steps, directory, make_app, tell).run()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
