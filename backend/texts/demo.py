"""Texts of the demo: its ``--help`` and what it says on stderr."""

from collections.abc import Mapping

from backend.texts.entry import Text

DEMO: Mapping[str, Text] = {
    "demo.help": Text("a fleet of real daemons on this machine, with real archives; it ends with the command"),
    "demo.help.files": Text("archives to drop into the first node's store, instead of made ones"),
    "demo.help.nodes": Text("how many nodes (default: {nodes})"),
    "demo.help.headless": Text("without a console: until a signal comes"),
    "demo.help.once": Text("until every delivery has ended; exit code 0 where all ended well"),
    "demo.help.json": Text("print the full status document at the end"),
    "demo.help.timeout": Text("with --once: wait at most so long for the deliveries (default: {timeout_s})"),
    "demo.help.keep": Text("leave the nodes' directories at the end"),
    "demo.help.runtime": Text(
        "podman or dockerd: each node one of its own; docker: this machine's for all; none (default: the first that "
        "can be had; with DOCKER_HOST or --config: the one that is named there)"
    ),
    "demo.help.config": Text("settings whose [runtime] the nodes use, and share"),
    "demo.bad-nodes": Text("--nodes {value}: expected a number from 1 to {most}"),
    "demo.bad-timeout": Text("--timeout {value}: expected a number of seconds above 0"),
    "demo.file-missing": Text("there is no file {path}"),
    "demo.file-directory": Text("{path} is a directory; the demo takes image archives"),
    "demo.file-special": Text("{path} is no regular file"),
    "demo.file-unreadable": Text("{path} cannot be read: {why}"),
    "demo.without": Text("no {runtime}: {why}"),
    "demo.why.not-root": Text("it needs root"),
    "demo.why.many": Text("these are too many nodes for a dockerd each"),
    "demo.why.files": Text("FILEs are not loaded into this machine's docker unless DOCKER_HOST or --config name it"),
    "demo.why.no-client": Text("no client of it"),
    "demo.why.no-program": Text("there is no program {program}"),
    "demo.why.no-namespace": Text("no mount namespace can be had for it: {why}"),
    "demo.runtime.none": Text("none, archives end as stored"),
    "demo.runtime.own": Text("{runtime} of its own"),
    "demo.runtime.shared": Text("{runtime}, shared by all nodes"),
    "demo.starting": Text("starting {count} nodes in {path}"),
    "demo.standing": Text("{count} nodes are up after {took_s:seconds}"),
    "demo.node": Text("{node}: runtime {runtime}\n  store     {store}\n  settings  {config}[\n  images    {look}]"),
    "demo.dropped": Text("{name} ({size_bytes:bytes}) is in the store of {node}"),
    "demo.until": Text("this runs until Ctrl-C; to look: dsync-tui --config {config}"),
    "demo.timed-out": Text("not every delivery has ended within {timeout_s:seconds}"),
    "demo.ended": Text("every delivery has ended after {waited_s:seconds}"),
    "demo.closing": Text("ending the fleet"),
    "demo.kept": Text("everything is left in {path}"),
    "demo.not-removed": Text("{path} could not be removed"),
    "demo.images-left": Text("the demo's images could not be removed from the shared runtime: {why}"),
}
