"""The back end's programs, each in a process of its own."""

import sys
from pathlib import Path


def backend_command(program: str, config: Path | None, *arguments: str) -> list[str]:
    """The command line of ``python -m backend PROGRAM``.

    ``-P``: a ``backend`` folder that happens to lie in the present directory is never run.
    """
    settings = ["--config", str(config.absolute())] if config is not None else []
    return [sys.executable, "-P", "-m", "backend", program, *settings, *arguments]
