"""The composition root: the only place that knows every room."""

import argparse
import asyncio
import json
import os
import secrets
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from backend.adapters.inspecting.inspector import FileInspector
from backend.api.plans import PlannedFile, PlannedImage
from backend.api.wire import ErrorBody
from backend.daemon import Daemon, DaemonOptions
from backend.demo.command import add_demo_arguments, demo_of
from backend.model.errors import DsyncError, UsageError
from backend.peering.identity import check_identity
from backend.peering.keys import load_or_create_key
from backend.settings import load_settings
from backend.texts import Call, Texts, language_of, message_of, remedy_of
from backend.texts.parsing import argparse_speaks

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


def version() -> str:
    """The installed version, or that of a checkout that was never installed."""
    try:
        return metadata.version("dsync-tui")
    except metadata.PackageNotFoundError:
        return "0+checkout"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the back end's programs; exit codes as for ``dsync-tui``."""
    texts = Texts(language_of(os.environ))
    with argparse_speaks(texts):
        arguments = _parser().parse_args(argv)
    texts = Texts(texts.language, Call(config=str(getattr(arguments, "config", None) or "")))
    try:
        return int(arguments.run(arguments))
    except DsyncError as error:
        problem = error.problem()
        print(f"dsync-tui: {texts.message_of(problem)}", file=sys.stderr)
        remedy = texts.remedy_of(problem)
        if remedy:
            print(f"  {remedy}", file=sys.stderr)
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    daemon = commands.add_parser("daemon", help="run one node until it is told to stop")
    daemon.add_argument("--config", type=Path, metavar="FILE")
    daemon.add_argument("--beneath", action="store_true", help="a console started it")
    daemon.add_argument("--lifeline", type=int, metavar="FD", help="stop when the other end of this pipe is closed")
    daemon.set_defaults(run=_daemon)
    key = commands.add_parser("key", help="print this node's public key and ID, making the key at first")
    key.add_argument("--config", type=Path, metavar="FILE")
    key.add_argument("--json", action="store_true")
    key.set_defaults(run=_key)
    check = commands.add_parser("check", help="find what a daemon with these settings would refuse to start with")
    check.add_argument("--config", type=Path, metavar="FILE")
    check.set_defaults(run=_check)
    inspect = commands.add_parser("inspect", help="print what an archive holds, as the control API's plan takes it")
    inspect.add_argument("file", type=Path, metavar="FILE")
    inspect.set_defaults(run=_inspect)
    demo = commands.add_parser("demo", help="a fleet on this machine")
    add_demo_arguments(demo)
    demo.set_defaults(run=demo_of)
    return parser


def _daemon(arguments: argparse.Namespace) -> int:
    settings = load_settings(arguments.config)
    options = DaemonOptions(
        version=version(),
        epoch=secrets.token_hex(8),
        beneath=arguments.beneath,
        lifeline=arguments.lifeline,
        as_root=os.geteuid() == 0,
    )
    return asyncio.run(Daemon(settings, options).run())


def _key(arguments: argparse.Namespace) -> int:
    settings = load_settings(arguments.config)
    key = load_or_create_key(settings.paths.keys)
    if arguments.json:
        print(json.dumps({"name": settings.node.name, "id": key.node_id, "key": key.public_line}))
    else:
        print(f"{key.public_line} {settings.node.name}")
        print(key.node_id, file=sys.stderr)
    return EXIT_DONE


def _check(arguments: argparse.Namespace) -> int:
    """Change nothing; print the ErrorBody of what is refused, as JSON on stdout, and nothing where all is well."""
    try:
        check_identity(load_settings(arguments.config))
    except DsyncError as error:
        _print_refused(error)
        return EXIT_USAGE
    return EXIT_DONE


def _print_refused(error: DsyncError) -> None:
    problem = error.problem()
    body = ErrorBody(problem.code, problem.params, message_of(problem), remedy_of(problem) or None)
    print(msgspec.json.encode(body).decode())


def _inspect(arguments: argparse.Namespace) -> int:
    """Print a PlannedFile, or the ErrorBody that says why it is none; both as JSON on stdout."""
    path: Path = arguments.file
    try:
        facts = asyncio.run(FileInspector().inspect(path))
    except DsyncError as error:
        _print_refused(error)
        return EXIT_FAILED
    images = [PlannedImage(image.config, image.tags, image.platform, image.manifests) for image in facts.images]
    hashes = facts.hashes
    file = PlannedFile(path.name, hashes.fingerprint, hashes.digest, hashes.size_bytes, facts.unpacked_bytes, images)
    print(msgspec.json.encode(file).decode())
    return EXIT_DONE
