"""What settings say they expected, by ``expected.<what>``.

The readers of settings raise these as plain words (``backend.settings.reading.Expected``): who parses one value needs
no catalogue. ``phrases.phrased`` finds the entry that words were made from, so that another language can say them.
"""

from collections.abc import Mapping

from backend.texts.entry import Text

EXPECTED: Mapping[str, Text] = {
    # --- kinds of values -------------------------------------------------------------------------
    "expected.text": Text("a string"),
    "expected.name": Text(
        "a name of letters, digits, dots, dashes and underscores that begins and ends with a letter or digit"
    ),
    "expected.path": Text("an absolute path"),
    "expected.address-text": Text("an address as a string"),
    "expected.address": Text('an address such as "192.168.1.100", "host:8730" or "[fd00::1]:8730"'),
    "expected.brackets": Text("{expected} (IPv6 with a port needs brackets)"),
    "expected.listen": Text('an address with a port, such as "0.0.0.0:8730" or "[::]:8730"'),
    "expected.port": Text("a port from 1 to 65535 after the colon"),
    "expected.network": Text('a network in CIDR notation such as "10.0.0.0/24"'),
    "expected.network-text": Text("a network as a string"),
    "expected.networks": Text('a list of networks such as ["10.0.0.0/24"]'),
    "expected.seconds": Text("a number of seconds"),
    "expected.seconds-above": Text("a number of seconds above 0"),
    "expected.seconds-within": Text("a number of seconds from 0 up to ten years"),
    "expected.flag": Text("true or false"),
    "expected.size": Text('a size such as "1GiB", "500MB" or "0B"'),
    "expected.size-or-bytes": Text('a size such as "1GiB", or a number of bytes'),
    "expected.size-most": Text("{expected}, at most 8 EiB"),
    "expected.rate-text": Text("a rate"),
    "expected.rate": Text('a rate such as "80MiB/s", or "0" for no limit'),
    "expected.rate-least": Text("{expected} (at least 1KiB/s)"),
    "expected.time": Text('a time of day such as "08:00"'),
    "expected.time-text": Text("a time of day as a string"),
    "expected.age": Text('an age such as "14d", "36h" or "2w"'),
    "expected.keep": Text('"all", "loaded" or an age such as "14d"'),
    "expected.fraction": Text("a fraction from 0 up to, but not including, 1"),
    "expected.texts": Text("a list of strings"),
    "expected.words": Text('a list of words, such as ["docker", "-H", "unix:///run/other.sock"]'),
    "expected.word": Text("a word of the command as a string"),
    "expected.program": Text("a program as the first word"),
    "expected.waits": Text("a list of seconds such as [60, 120, 180]"),
    "expected.waits-most": Text("at most 20 waits"),
    "expected.labels": Text('a table of strings such as { zone = "a" }'),
    "expected.label": Text("a label of letters, digits, dots, dashes, underscores and slashes"),
    "expected.printable": Text("a printable string of at most 253 characters"),
    "expected.keys": Text('a table from action to key such as { sync = "s" }'),
    "expected.key": Text('a key such as "s", "ctrl+r" or "f5", or several with commas'),
    "expected.publish": Text('true, false or a list of tag patterns such as ["registry/app:*"]'),
    "expected.pattern": Text("a tag pattern as a string"),
    "expected.public-key": Text('an ed25519 public key as ssh-keygen prints it: "{example}"'),
    "expected.platform": Text('a platform such as "linux/amd64" or "linux/arm/v7"'),
    "expected.language": Text('a language such as "en" or "pt_BR", or "auto"'),
    "expected.whole": Text("a whole number from {low} to {high}"),
    "expected.choice": Text("one of {words}"),
    "expected.no-controls": Text("{expected}, without control characters"),
    # --- time windows ----------------------------------------------------------------------------
    "expected.windows": Text("a list of time windows"),
    "expected.window": Text('{ from = "08:00", to = "20:00", bandwidth = "20MiB/s" }'),
    "expected.window-keys": Text("only from, to and bandwidth, as in {example}"),
    "expected.window-part": Text("{field} as well, as in {example}"),
    "expected.window-times": Text("two different times in from and to"),
    "expected.window-apart": Text("windows that do not overlap"),
    # --- the file --------------------------------------------------------------------------------
    "expected.readable": Text("a readable TOML file"),
    "expected.bytes": Text("at most {count} bytes"),
    "expected.utf-8": Text("TOML in UTF-8"),
    "expected.toml": Text("valid TOML"),
    "expected.nodes": Text("[[nodes]] tables, in double brackets"),
    "expected.table": Text("a table: {name}"),
    "expected.value": Text("a value: each [[nodes]] table must have it"),
    "expected.known-near": Text('a known setting; did you mean "{near}"?'),
    "expected.known": Text("a known setting; known here: {names}"),
    "expected.logs-directory": Text("a directory for log files that the daemon may write"),
    # --- keys ------------------------------------------------------------------------------------
    "expected.key-directory": Text("a directory for the node's key"),
    "expected.key-directory-forbidden": Text(
        "a directory for the node's key, which this user (uid {uid}) may use: run this as the daemon's user"
    ),
    "expected.mode": Text("{mode}; run: {command}"),
    "expected.owner": Text("the daemon's user ({uid}) or root"),
    "expected.private": Text("a private key"),
    "expected.private-plain": Text("an ed25519 private key without a passphrase"),
    "expected.private-ed25519": Text("an ed25519 private key"),
    "expected.public": Text("an ed25519 public key: {example}"),
    "expected.public-readable": Text("a readable public key"),
    "expected.own-key": Text("this node's own key ({id}), or another name: this node is called {name}"),
    "expected.own-key-unmade": Text(
        "no key here: this node is called {name}, and its own key is yet to be made (run: dsync-tui key)"
    ),
    "expected.public-of": Text(
        "the public key of {node} (there run: dsync-tui key, with its --config where a machine has several nodes)"
    ),
    "expected.public-of-file": Text("{expected}, here or in {path}"),
    "expected.public-of-other": Text("{expected}: this one is the key of this node, which is called {name}"),
    # --- what holds between settings -------------------------------------------------------------
    "expected.runtime-supported": Text('"auto", "docker", "podman" or "none": {kind} is not supported yet'),
    "expected.no-command": Text('no command where runtime.kind is "none"'),
    "expected.lost-after": Text("more than peer.heartbeat_s ({seconds})"),
    "expected.other-port": Text("another port than peer.listen has"),
    "expected.socket-path": Text("a socket's path ({path}) of at most {count} bytes"),
    "expected.only-kind": Text("this only where kind is {kinds}"),
    "expected.no-port": Text("no port here: an ssh node has its own setting, port"),
    "expected.module": Text("the name of the rsync module to push into"),
    "expected.other-name": Text("another name: {other} has it"),
    "expected.other-key": Text("another key: {other} has it"),
    "expected.other-address": Text("another address: {other} has it"),
}
