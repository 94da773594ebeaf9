"""``./dev fuzz``: the long form."""

import argparse
import asyncio
import faulthandler
import os
import secrets
import sys
import time

from tests.fuzz.run import walk
from tests.fuzz.walk import STEP_WITHIN_S, Walked, WrongStepError

_TOLD_EVERY = 500
_PICTURE_VARIABLES = ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR", "COLORTERM", "TEXTUAL", "LC_ALL", "LC_MESSAGES")


def main() -> int:
    """Walk once; 0 when nothing was wrong."""
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="repeat a walk")
    parser.add_argument("--steps", type=int, default=20_000)
    chosen = parser.parse_args()
    for name in _PICTURE_VARIABLES:
        os.environ.pop(name, None)
    os.environ["TERM"] = "xterm-256color"
    began = time.monotonic()
    print(f"seed {chosen.seed}: {chosen.steps} steps", flush=True)

    def tell(walked: Walked) -> None:
        # A loop that stands still for good shows where, and ends. Textual has both streams while it runs.
        faulthandler.dump_traceback_later(2 * STEP_WITHIN_S, file=2, exit=True)
        if walked.steps % _TOLD_EVERY == 0:
            print(
                f"{time.monotonic() - began:7.1f} s  {walked.steps} steps, {walked.lives} consoles",
                file=sys.__stdout__,
                flush=True,
            )

    try:
        walked = asyncio.run(walk(chosen.seed, chosen.steps, tell=tell))
    except WrongStepError as error:
        print(f"WRONG: {error}")
        print(f"repeat it: ./dev fuzz --seed {chosen.seed} --steps {chosen.steps}")
        return 1
    faulthandler.cancel_dump_traceback_later()
    print(f"consoles: {walked.lives}, left: {dict(walked.ways_out)}, frames: {walked.frames}")
    for screen, count in walked.screens.most_common():
        print(f"{count:7d} steps ended on {screen}")
    print(f"seed {chosen.seed}: {walked.steps} steps in {time.monotonic() - began:.0f} s, all well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
