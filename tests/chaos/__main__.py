"""``./dev chaos``: the long form."""

import argparse
import asyncio
import secrets
import sys

from tests.chaos.plan import Scale
from tests.chaos.run import run_chaos


def main() -> int:
    """Run once; 0 when all was well."""
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="repeat a run")
    parser.add_argument("--minutes", type=float, default=10.0, help="of troubles")
    parser.add_argument("--nodes", type=int, default=12)
    parser.add_argument("--archives", type=int, default=30)
    parser.add_argument("--loading", type=int, default=3, help="nodes with a podman of their own")
    parser.add_argument("--keep", action="store_true", help="keep the daemons' logs where something was wrong")
    chosen = parser.parse_args()
    seconds = chosen.minutes * 60
    scale = Scale(chosen.nodes, chosen.archives, seconds, troubles=int(seconds / 2))
    print(f"seed {chosen.seed}: {scale}", flush=True)
    faults = asyncio.run(run_chaos(chosen.seed, scale, chosen.loading, _say, keep=chosen.keep))
    for fault in faults:
        print(f"WRONG: {fault}")
    print(f"seed {chosen.seed}: {'all well' if not faults else f'{len(faults)} faults'}")
    return 1 if faults else 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
