"""Every command, in the order of ``--help``."""

from dsync_tui.commands import (
    cancel,
    clean,
    config,
    demo,
    explain,
    health,
    key,
    limit,
    load,
    nodes,
    plan,
    retry,
    status,
    stop,
    sync,
    withdraw,
)
from dsync_tui.commands.command import Command

COMMANDS: tuple[Command, ...] = (
    status.COMMAND,
    sync.COMMAND,
    plan.COMMAND,
    retry.COMMAND,
    cancel.COMMAND,
    load.COMMAND,
    withdraw.COMMAND,
    clean.COMMAND,
    health.COMMAND,
    limit.COMMAND,
    nodes.COMMAND,
    config.COMMAND,
    explain.COMMAND,
    key.COMMAND,
    stop.COMMAND,
    demo.COMMAND,
)
