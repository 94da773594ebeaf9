"""What ``--help`` says, by ``help.<command>`` and ``help.<command>.<argument>``."""

from collections.abc import Mapping

from backend.texts.entry import Text

CLI_HELP: Mapping[str, Text] = {
    "help.program": Text("An image archive dropped on one node, ready on every node. Without a command: the console."),
    "help.exit-codes": Text(
        "exit codes: 0 done, 1 the answer is not well, 2 wrong usage or settings, 3 no daemon reached, 4 refused"
    ),
    "help.option.config": Text("settings file (default: /etc/dsync/dsync.toml, if it is there)"),
    "help.option.host": Text("ask the daemon of another machine through its sshd: ssh://user@node"),
    "help.option.ssh-config": Text("for --host: ssh's settings, as ssh -F takes them (default: ~/.ssh/config)"),
    "help.option.daemon": Text("run the daemon here, without a console"),
    "help.option.ascii": Text("console: ASCII glyphs only"),
    "help.option.slow-link": Text("console: paint twice a second only"),
    "help.option.version": Text("print the version"),
    "help.option.json": Text("one JSON document on stdout"),
    "help.option.node-one": Text("of this node"),
    "help.option.node": Text("on this node (may be given several times)"),
    "help.status": Text("how archives and nodes stand; 1 where something failed, waits, is held or was rejected"),
    "help.status.archive": Text("only this archive: name, tag, or at least 6 digits of its fingerprint"),
    "help.status.full": Text("also the deliveries that have ended well"),
    "help.status.watch": Text("paint anew each second"),
    "help.sync": Text("deliver an archive anew where it is not well, or send a file"),
    "help.sync.what": Text(
        "a file to send (./FILE where an archive has that name too), or an archive: name, tag, or at least 6 digits of "
        "its fingerprint"
    ),
    "help.sync.to": Text("to this node (may be given several times); for a new file: only there"),
    "help.sync.no-wait": Text("a file: do not wait until it is published or rejected"),
    "help.plan": Text("what a file, or a sync, would move before it moves; the file stays where it is"),
    "help.plan.what": Text(
        "a file of this machine (./FILE where an archive has that name too), or an archive: name, tag, or at least 6 "
        "digits of its fingerprint"
    ),
    "help.plan.to": Text("to this node (may be given several times)"),
    "help.retry": Text("try waiting, failed and cancelled deliveries again"),
    "help.retry.archive": Text("of this archive"),
    "help.retry.all": Text("of all archives"),
    "help.cancel": Text("end open deliveries"),
    "help.cancel.archive": Text("of this archive"),
    "help.load": Text("load again from the store"),
    "help.load.archive": Text("this archive"),
    "help.withdraw": Text("end an archive for the fleet: nobody is sent it again, and its tags go to the next newest"),
    "help.withdraw.archive": Text("this archive"),
    "help.withdraw.purge": Text("also remove its stored copies on every node, files dropped in by hand among them"),
    "help.clean": Text("remove temporary files and unfinished transfers that nobody needs"),
    "help.clean.dry-run": Text("list them only"),
    "help.health": Text("six checks of a node"),
    "help.health.all": Text("of every node"),
    "help.limit": Text("limit each transfer's rate, until it is changed again"),
    "help.limit.rate": Text('such as "20MiB/s"; "0": no limit'),
    "help.stop": Text("stop the daemon"),
    "help.stop.drain": Text("let what runs end first"),
    "help.config": Text("settings"),
    "help.config.check": Text("check the settings file; list all settings and where each comes from"),
    "help.nodes": Text("nodes of the fleet"),
    "help.nodes.list": Text("list them"),
    "help.explain": Text("what an error code means, and what to do"),
    "help.explain.code": Text("such as disk-full; without one: all codes"),
    "help.key": Text("print this node's public key and ID, for the others' settings"),
    "help.demo": Text("a real fleet on this machine, to look at (demo --help)"),
}
