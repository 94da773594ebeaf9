"""The steps that ``+`` and ``-`` take a node's bandwidth limit through. Pure."""

MIB = 1024 * 1024
STEPS_BPS: tuple[int, ...] = tuple(mib * MIB for mib in (1, 2, 5, 10, 20, 40, 80, 160, 320, 640))
"""Limits in bytes a second; past the last there is none."""


def next_limit(present_bps: int, direction: int) -> int | None:
    """The next limit up (1) or down (-1) from ``present_bps`` (0: none); None where there is no further one."""
    if direction > 0:
        if present_bps == 0:
            return None
        return next((step for step in STEPS_BPS if step > present_bps), 0)
    if present_bps == 0:
        return STEPS_BPS[-1]
    return next((step for step in reversed(STEPS_BPS) if step < present_bps), None)


def as_argument(limit_bps: int) -> str:
    """The limit as the daemon reads it."""
    return f"{limit_bps // MIB}MiB/s" if limit_bps else "0"
