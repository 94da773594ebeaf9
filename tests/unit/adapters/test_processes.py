"""Reading /proc."""

import os
import subprocess
import sys

from backend.adapters.processes import all_processes, boot_id, read_stat, read_variable


def test_this_process_is_found() -> None:
    stat = read_stat(os.getpid())
    assert stat is not None
    assert stat.group == os.getpgrp()
    assert stat.session == os.getsid(0)
    assert stat.running
    assert stat in {other for other in all_processes() if other.pid == os.getpid()} or stat.state != "R"


def test_a_name_with_brackets_and_blanks_confuses_nothing() -> None:
    code = "open('/proc/self/comm', 'w').write(') S 1 (x y'); print('', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        stat = read_stat(child.pid)
        assert stat is not None
        assert stat.group == os.getpgrp()
        child.communicate(b"\n")


def test_a_zombie_does_not_run() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    stat = read_stat(child.pid)
    assert stat is not None
    assert not stat.running
    child.wait()
    assert read_stat(child.pid) is None


def test_a_variable_of_the_start_is_read() -> None:
    environment = {**os.environ, "DSYNC_TEST": "a=b c"}
    with subprocess.Popen(
        [sys.executable, "-c", "print('', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert read_variable(child.pid, "DSYNC_TEST") == "a=b c"
        assert read_variable(child.pid, "DSYNC_TES") is None
        child.communicate(b"\n")


def test_the_boot_has_an_id() -> None:
    assert boot_id() == boot_id()
