"""The one way to start a child process, and how a restarted daemon finds what the last one left.

A child leads a session and process group of its own, so that it and all that it starts can be ended as one.
It is known in two ways:

- a **mark** in its environment, ``DSYNC_CHILD=<token> <purpose> <about>``, there from the first instruction
  on. The token is a random word kept in this node's run directory, so that no other node's children (same
  machine, or a container that we can see into) are taken for ours;
- a **record**, a small file that names pid and start time, written right after the start.

The order (start, then record) leaves a gap in which a killed daemon leaves a child without a record. The
mark closes it: recovery scans /proc/*/environ for the token. Writing the intent first would not: an intent
without a pid tells that a child may exist, not which. Holding the child at a gate until it is recorded
would take a helper process of our own for each start. Records stay, because a child may overwrite its
environment (setproctitle) or run as a user whose environment we may not read.

No code of ours runs between fork and exec (``preexec_fn`` may deadlock in a process with threads): limits
and the parent-death signal are set by ``prlimit`` and ``setpriv``, which replace themselves by the child.
"""

import asyncio
import errno
import logging
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from backend.adapters.pipes import Pipe, Reading
from backend.adapters.processes import ProcessStat, all_processes, boot_id, read_stat, read_variable
from backend.model.errors import LocalError
from backend.ports.children import ChildRecord

MARK = "DSYNC_CHILD"
GRACE_S = 2.0
POLL_S = 0.02
INPUT_LIMIT_BYTES = 4096  # PIPE_BUF: fits into any pipe, so that writing never blocks

_log = logging.getLogger("dsync.children")


class _RecordFile(msgspec.Struct, frozen=True):
    """What a record's file holds. Of another boot, pid and start time mean nothing."""

    boot: str
    child: ChildRecord


class Child:
    """A running child. Leave it by ``async with``, or call ``end``: then its whole group is gone."""

    def __init__(
        self,
        register: "ChildRegister",
        popen: "subprocess.Popen[bytes]",
        record: ChildRecord,
        stdout: Pipe,
        stderr: Pipe,
    ) -> None:
        """Watch for the end of ``popen``; only ``ChildRegister.spawn`` calls this."""
        self.record = record
        self.returncode: int | None = None
        self._register = register
        self._popen = popen
        self._stdout = stdout
        self._stderr = stderr
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._descriptor: int | None = None
        self._watch()

    @property
    def pid(self) -> int:
        """Process ID; also the ID of the group and session."""
        return self.record.pid

    @property
    def stdout(self) -> str:
        """What was kept of the standard output (see ``Reading``). Hostile: not made plain."""
        return self._stdout.text

    @property
    def stdout_cut(self) -> bool:
        """Tell whether more came than was kept."""
        return self._stdout.cut

    @property
    def stderr(self) -> str:
        """What was kept of the standard error. Hostile: not made plain."""
        return self._stderr.text

    @property
    def stderr_cut(self) -> bool:
        """Tell whether more came than was kept."""
        return self._stderr.cut

    def lines(self) -> AsyncIterator[str]:
        """Pieces of the standard output (needs ``stdout=Reading.LINES``), split at ``\\n`` and ``\\r``,
        none empty.
        """
        return self._stdout.lines()

    def error_lines(self) -> AsyncIterator[str]:
        """Pieces of the standard error (needs ``stderr=Reading.LINES``)."""
        return self._stderr.lines()

    async def wait(self) -> int:
        """Wait until the child itself has ended; its exit code, negative for a signal. Cancelling ends
        nothing.
        """
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def end(self, grace_s: float = GRACE_S) -> None:
        """End the whole group: TERM, KILL after ``grace_s`` seconds; returns once it is gone.

        When the call is cancelled the group gets its KILL at once.
        """
        await self._register.end(self.record, grace_s)
        await self._ended.wait()
        self._stdout.close()
        self._stderr.close()

    async def __aenter__(self) -> "Child":
        """Return the child."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the group."""
        await self.end()

    def _watch(self) -> None:
        try:
            self._descriptor = os.pidfd_open(self.pid)
        except OSError:  # kernels before 5.3
            self._loop.call_later(POLL_S, self._poll)
            return
        self._loop.add_reader(self._descriptor, self._on_exit)

    def _poll(self) -> None:
        if not self._on_exit():
            self._loop.call_later(POLL_S, self._poll)

    def _on_exit(self) -> bool:
        """Collect the exit code. Reaping frees the pid only when no member of the group is left
        (setpgid(2)).
        """
        if self._popen.poll() is None:
            return False
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
        self.returncode = self._popen.returncode
        self._stdout.writer_gone()
        self._stderr.writer_gone()
        self._register.left(self.record)
        self._ended.set()
        return True


class ChildRegister:
    """This node's children, in ``<run>/children``. Implements the port ``Children``."""

    def __init__(self, run_directory: Path) -> None:
        """Keep records below ``run_directory``; nothing is touched before the first use."""
        self._directory = run_directory / "children"
        self._token = ""

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        purpose: str,
        about: str,
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        file_limit_bytes: int | None = None,
        die_with_parent: bool = False,
        stdin: bytes | int | None = None,
        cwd: Path | None = None,
        stdout: Reading = Reading.TAIL,
        stderr: Reading = Reading.TAIL,
        stdout_limit_bytes: int = 64 * 1024,
        stderr_limit_bytes: int = 16 * 1024,
    ) -> Child:
        """Start ``argv`` (never through a shell), with ``LC_ALL=C`` and ``env`` over this process's
        environment.

        ``file_limit_bytes``: no file that it writes may grow beyond (RLIMIT_FSIZE). ``die_with_parent``:
        KILL when the *thread* that called ``spawn`` ends (prctl(2), PR_SET_PDEATHSIG): call it from the
        event loop's thread. What the child itself starts does not get that signal: recovery ends it by the
        mark. ``stdin``: a descriptor, or at most 4 KiB (a password) that come through a pipe; else
        /dev/null.

        Raises FileNotFoundError when there is no such program, other OSErrors when it cannot be started,
        LocalError when the run directory cannot be used.
        """
        command = _command(argv, env, file_limit_bytes, die_with_parent)
        mark = f"{self._own_token()} {_word(purpose)} {about}"
        environment = {**os.environ, **(env or {}), "LC_ALL": "C", MARK: mark}
        standard_input = _open_input(stdin)
        try:
            popen, out, error = _start(command, environment, standard_input, tuple(pass_fds), cwd)
        finally:
            if isinstance(stdin, bytes):
                os.close(standard_input)
        # Not reaped yet, so it has a stat line even when it has ended already.
        stat = read_stat(popen.pid)
        record = ChildRecord(popen.pid, stat.start_ticks if stat else 0, purpose, about)
        self._write(record)
        return Child(
            self,
            popen,
            record,
            Pipe(out, stdout, stdout_limit_bytes),
            Pipe(error, stderr, stderr_limit_bytes),
        )

    def survivors(self) -> list[ChildRecord]:
        """Children that are still alive, recorded or marked; forgets the records of the others."""
        processes = [stat for stat in all_processes() if stat.running and stat.pid != os.getpid()]
        found = []
        known = set()
        for path, record in self._records():
            if record is not None and _members(record, processes, self._is_marked):
                found.append(record)
                known.add(record.pid)
            else:
                path.unlink(missing_ok=True)
        marked: dict[int, ChildRecord] = {}
        for stat in processes:
            mark = self._mark_of(stat.pid)
            if mark is None or stat.session in known or stat.group in known:
                continue
            former = marked.get(stat.session)
            if former is None or stat.start_ticks < former.start_ticks:
                marked[stat.session] = ChildRecord(stat.session, stat.start_ticks, *mark)
        return found + list(marked.values())

    async def end(self, record: ChildRecord, grace_s: float = GRACE_S) -> None:
        """End the child's group: TERM, KILL after ``grace_s`` seconds; returns once it is gone.

        When the call is cancelled the group gets its KILL at once.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        try:
            self._signal(record, signal.SIGTERM)
            while self._alive(record):
                if loop.time() >= deadline:
                    self._signal(record, signal.SIGKILL)
                await asyncio.sleep(POLL_S)
        except asyncio.CancelledError:
            self._signal(record, signal.SIGKILL)
            raise
        self._path(record).unlink(missing_ok=True)

    async def wait(self, record: ChildRecord) -> None:
        """Wait until the child and all of its group are gone."""
        while self._alive(record):  # noqa: ASYNC110 (not our child: nothing tells us)
            await asyncio.sleep(POLL_S)
        self._path(record).unlink(missing_ok=True)

    def left(self, record: ChildRecord) -> None:
        """A child of this process has ended and was reaped: forget it, unless members of its group live
        on.
        """
        if not self._alive(record):
            self._path(record).unlink(missing_ok=True)

    def _alive(self, record: ChildRecord) -> bool:
        stat = read_stat(record.pid)
        if stat is not None and stat.running and stat.start_ticks == record.start_ticks:
            return True
        if stat is None and not _group_exists(record.pid):
            return False
        return bool(self._living_members(record))

    def _living_members(self, record: ChildRecord) -> list[ProcessStat]:
        processes = [found for found in all_processes() if found.running and found.pid != os.getpid()]
        return _members(record, processes, self._is_marked)

    def _signal(self, record: ChildRecord, number: signal.Signals) -> None:
        stat = read_stat(record.pid)
        if stat is None and not _group_exists(record.pid):
            return
        try:
            if stat is not None and stat.start_ticks == record.start_ticks and stat.group == record.pid:
                # In one go, so that no member can start another between our looking and our killing.
                os.killpg(record.pid, number)
        except ProcessLookupError:
            pass
        for member in self._living_members(record):
            if member.group != record.pid or stat is None:
                _kill(member, number)

    def _mark_of(self, pid: int) -> tuple[str, str] | None:
        """Return purpose and about from the mark of ``pid``, if it is ours."""
        value = read_variable(pid, MARK)
        token, _, rest = (value or "").partition(" ")
        if not token or token != self._own_token():
            return None
        purpose, _, about = rest.partition(" ")
        return purpose, about

    def _is_marked(self, pid: int) -> bool:
        return self._mark_of(pid) is not None

    def _own_token(self) -> str:
        if not self._token:
            try:
                self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._token = _read_or_make_token(self._directory / "token")
            except OSError as error:
                raise LocalError(detail=f"{self._directory}: {error.strerror}") from error
        return self._token

    def _path(self, record: ChildRecord) -> Path:
        return self._directory / f"{record.pid}-{record.start_ticks}.json"

    def _write(self, record: ChildRecord) -> None:
        path = self._path(record)
        fresh = path.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(_RecordFile(boot_id(), record)))
            fresh.replace(path)
        except OSError as error:
            # The mark finds the child as well: no reason to refuse work.
            _log.warning("child %d could not be recorded: %s", record.pid, error.strerror)

    def _records(self) -> list[tuple[Path, ChildRecord | None]]:
        """Return all records with their files; None for one that cannot be used."""
        boot = boot_id()
        found: list[tuple[Path, ChildRecord | None]] = []
        for path in sorted(self._directory.glob("*-*.*")):
            try:
                content = msgspec.json.decode(path.read_bytes(), type=_RecordFile)
            except (OSError, msgspec.MsgspecError):
                found.append((path, None))
                continue
            found.append((path, content.child if content.boot == boot and path.suffix == ".json" else None))
        return found


def _members(
    record: ChildRecord, processes: Iterable[ProcessStat], is_marked: Callable[[int], bool]
) -> list[ProcessStat]:
    """Return those of the running ``processes`` that belong to the record's group or session.

    Once the leader is gone its number may belong to a stranger: then only the mark counts.
    """
    leader = read_stat(record.pid)
    ours = leader is not None and leader.start_ticks == record.start_ticks
    return [stat for stat in processes if record.pid in (stat.group, stat.session) and (ours or is_marked(stat.pid))]


def _kill(member: ProcessStat, number: signal.Signals) -> None:
    """Signal one process, unless its number has passed to another since we looked."""
    stat = read_stat(member.pid)
    if stat is None or stat.start_ticks != member.start_ticks:
        return
    try:
        os.kill(member.pid, number)
    except ProcessLookupError:
        pass


def _group_exists(group: int) -> bool:
    """Tell whether any process, a zombie too, is in ``group``."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _start(
    command: Sequence[str],
    environment: Mapping[str, str],
    standard_input: int,
    pass_fds: tuple[int, ...],
    cwd: Path | None,
) -> tuple["subprocess.Popen[bytes]", int, int]:
    """Start the child; the reading ends of its stdout and stderr."""
    out, out_writer = os.pipe()
    error, error_writer = os.pipe()
    try:
        popen = subprocess.Popen(
            command,
            stdin=standard_input,
            stdout=out_writer,
            stderr=error_writer,
            env=environment,
            pass_fds=pass_fds,
            cwd=cwd,
            start_new_session=True,
        )
    except BaseException:
        os.close(out)
        os.close(error)
        raise
    finally:
        os.close(out_writer)
        os.close(error_writer)
    return popen, out, error


def _open_input(data: bytes | int | None) -> int:
    if data is None:
        return subprocess.DEVNULL
    if isinstance(data, int):
        return data
    if len(data) > INPUT_LIMIT_BYTES:
        raise ValueError(f"at most {INPUT_LIMIT_BYTES} bytes fit, got {len(data)}")
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    return reader


def _command(
    argv: Sequence[str], env: Mapping[str, str] | None, file_limit_bytes: int | None, die_with_parent: bool
) -> list[str]:
    path = (env or {}).get("PATH")
    command = [_program(argv[0], path), *argv[1:]]
    if file_limit_bytes is not None:
        command = [_program("prlimit"), f"--fsize={file_limit_bytes}", "--", *command]
    if die_with_parent:
        command = [_program("setpriv"), "--pdeathsig", "KILL", "--", *command]
    return command


def _program(name: str, path: str | None = None) -> str:
    """Find a program now: behind ``setpriv`` its absence would be an exit code like any other."""
    found = shutil.which(name, path=path)
    if found is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    return found


def _word(purpose: str) -> str:
    if not purpose.isalnum():
        raise ValueError(f"a purpose is one word, not {purpose!r}")
    return purpose


def _read_or_make_token(path: Path) -> str:
    """Return the run directory's token; of several makers the first wins."""
    if not path.exists():
        fresh = path.with_name(f"token.{secrets.token_hex(8)}")
        fresh.write_text(secrets.token_hex(16))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
