"""What is read from the kernel about processes."""

import os
import subprocess
import sys

from benchmarks.process import descendants, memory, name_of, peak_rss_mb


def test_the_most_memory_counts_also_what_was_given_back() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "block = bytearray(64_000_000); del block; print('done', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"done\n"
        assert peak_rss_mb(child.pid) > 64
        assert memory(child.pid).rss_mb < 64
    finally:
        child.communicate()


def test_descendants_are_found_over_generations() -> None:
    shell = subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE)
    assert shell.stdout is not None
    sleeper = int(shell.stdout.readline())
    try:
        assert {shell.pid, sleeper} <= set(descendants(os.getpid()))
        assert descendants(shell.pid) == [sleeper]
        assert descendants(sleeper) == []
    finally:
        os.kill(sleeper, 9)
        shell.communicate()


def test_of_a_process_that_is_gone_nothing_is_told() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert (name_of(gone.pid), peak_rss_mb(gone.pid), descendants(gone.pid)) == ("", 0.0, [])
