"""Texts of the command line, by ``cli.<command>.<what>``; those of ``--help`` stand in ``cli_help.py``."""

from collections.abc import Mapping

from backend.texts.entry import Text

CLI: Mapping[str, Text] = {
    "cli.error": Text("dsync-tui: {message}"),
    "cli.remedy": Text("try: {remedy}"),
    "cli.interrupted": Text("dsync-tui: interrupted"),
    # --- wrong usage -----------------------------------------------------------------------------
    "cli.usage.no-terminal": Text("the console needs a terminal; without one: dsync-tui status"),
    "cli.usage.which": Text("{command} needs an ARCHIVE, --node NODE or --all"),
    "cli.usage.unknown-arguments": Text("unknown arguments: {arguments}"),
    "cli.usage.watch-json": Text("--watch is for people, --json for programs: not both"),
    "cli.usage.node-or-all": Text("--node NODE or --all: not both"),
    "cli.usage.host": Text(
        "{value} is no host: expected ssh://user@node, with :port and /path/to/control.sock if need be"
    ),
    "cli.usage.not-a-file": Text("{path} is no regular file"),
    "cli.usage.folder": Text("{path} is no regular file, but a folder: name a file in it"),
    "cli.usage.file-or-archive": Text(
        "{name} is both a file here and a known archive: say ./{name:quoted} for the file, or the fingerprint "
        "({fingerprint}) for the archive"
    ),
    "cli.usage.file-unreadable": Text("{path} cannot be read: {why}"),
    "cli.usage.file-changed": Text("{path} changed while it was sent; nothing was taken"),
    "cli.usage.unknown-code": Text("{code} is no code[; there is: {near}]; dsync-tui explain lists them all"),
    # --- reaching a daemon -----------------------------------------------------------------------
    "cli.reach.not-writable": Text("this user may not write {path}, so none can be started here"),
    "cli.reach.unit": Text("its unit {unit} is active and does not answer: systemctl status {unit}"),
    "cli.reach.ended": Text("the one that was started ended[: {words}]"),
    "cli.reach.slow": Text("the one that was started does not answer within {wait_s:seconds}"),
    "cli.reach.no-ssh": Text("there is no ssh program"),
    "cli.reach.tunnel": Text("ssh to {host} ended[: {words}]"),
    "cli.reach.tunnel-slow": Text("ssh to {host} opened no way within {wait_s:seconds}"),
    "cli.reach.started": Text("started a daemon beneath this console"),
    # --- status ----------------------------------------------------------------------------------
    "cli.status.head": Text("{node}: nodes: {nodes}, archives: {archives}, deliveries: {counts}"),
    "cli.status.count": Text("{count} {state}"),
    "cli.status.empty": Text("no archive yet: put one into the store, or dsync-tui sync FILE"),
    "cli.status.well": Text("all deliveries have ended well"),
    "cli.status.away": Text("{state}: {nodes}[ and {more} more]"),
    "cli.status.away-remedy": Text("dsync-tui health says why; dsync-tui nodes list"),
    "cli.status.lost": Text("no answer: {why}; trying again"),
    "cli.status.more": Text("{count} more: dsync-tui status --full"),
    "cli.status.rejected": Text("rejected: {reason}"),
    # --- columns of tables -----------------------------------------------------------------------
    "cli.column.archive": Text("ARCHIVE"),
    "cli.column.fingerprint": Text("FINGERPRINT"),
    "cli.column.tags": Text("TAGS"),
    "cli.column.size": Text("SIZE"),
    "cli.column.state": Text("STATE"),
    "cli.column.deliveries": Text("DELIVERIES"),
    "cli.column.node": Text("NODE"),
    "cli.column.does": Text("DOES"),
    "cli.column.progress": Text("DONE"),
    "cli.column.why": Text("WHY"),
    "cli.column.address": Text("ADDRESS"),
    "cli.column.kind": Text("KIND"),
    "cli.column.runtime": Text("RUNTIME"),
    "cli.column.free": Text("FREE"),
    "cli.column.seen": Text("LAST SEEN"),
    "cli.column.check": Text("CHECK"),
    "cli.column.detail": Text("DETAIL"),
    "cli.column.key": Text("KEY"),
    "cli.column.value": Text("VALUE"),
    "cli.column.origin": Text("ORIGIN"),
    "cli.column.code": Text("CODE"),
    "cli.column.says": Text("SAYS"),
    # --- other commands --------------------------------------------------------------------------
    "cli.size": Text("{size_bytes:bytes}"),
    "cli.action.node": Text("{node}: {outcome}[: {why}]"),
    "cli.sync.sending": Text("sending {name}"),
    "cli.sync.waiting": Text(
        "{name} is in the store of {node}; waiting until it is published or rejected (Ctrl-C leaves it there)"
    ),
    "cli.sync.rejected": Text("rejected (it stays in the store, and is not published): {why}"),
    "cli.sync.no-file-either": Text("there is no file {path} here either"),
    "cli.clean.nothing": Text("nothing to clean"),
    "cli.health.good": Text("{node}: good"),
    "cli.health.bad": Text("{node}: {count} of {all} checks failed"),
    "cli.health.seen": Text("{detail}[: {error}]"),
    "cli.health.check-good": Text("good"),
    "cli.health.check-bad": Text("FAILED"),
    "cli.stop.draining": Text("waiting for what runs to end; interrupting this does not stop it"),
    "cli.stop.done": Text("stopped"),
    "cli.stop.slow": Text("it was told to stop and still runs after {wait_s:seconds}"),
    "cli.config.good": Text("{file}: good"),
    "cli.config.defaults": Text("no settings file: defaults"),
    "cli.config.without-effect": Text("{key} is read and checked, but has no effect in this version"),
    "cli.explain.message": Text("says: {message}"),
    "cli.explain.cause": Text("perhaps: {cause}"),
    "cli.explain.remedy": Text("try: {remedy}"),
    "cli.demo.ending": Text("ending the fleet"),
    "cli.demo.starting": Text("starting a fleet on this machine; it ends with the console"),
}
