"""Ctrl-C, termination and hang-up: an exit code at once, not a word, nothing left behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# A second is promised; more is allowed here, since a test may share its cores.
AT_ONCE = 20.0


def ready(process):
    """Wait until the entry point has set its handlers: before that, the interpreter itself is starting."""
    wanted = 1 << (signal.SIGHUP - 1) | 1 << (signal.SIGTERM - 1) | 1 << (signal.SIGINT - 1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        caught = next((line.split()[1] for line in lines if line.startswith("SigCgt")), "0")
        if int(caught, 16) & wanted == wanted:
            return
        assert process.poll() is None
        time.sleep(0.002)
    raise AssertionError("the handlers were never set")


def ended(process, number):
    """What it said, once the signal has been sent."""
    process.send_signal(number)
    out, err = process.communicate(timeout=AT_ONCE)
    assert err.decode() == ""
    assert process.returncode == 128 + number
    return out


@pytest.fixture
def endless():
    """The reading end of a pipe through which rows come without an end."""
    source = subprocess.Popen(["sh", "-c", "echo pred,label; exec yes 1.25,2.5"], stdout=subprocess.PIPE)
    yield source.stdout
    source.stdout.close()
    source.kill()
    source.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_imports_ends_the_run_without_a_word(losscli, number):
    moments = random.Random(22)
    for _ in range(10):
        # A run that would last: standard input is open and never ends.
        process = losscli.start("eval", "-", "-l", "mse", stdin=subprocess.PIPE)
        ready(process)
        time.sleep(moments.uniform(0.0, 0.2))
        assert ended(process, number) == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("jobs", ["1", "4"])
def test_a_signal_while_measuring_an_endless_stream(losscli, endless, tmp_path, number, jobs):
    process = losscli.start("eval", "-", "-l", "mse", "-j", jobs, "-o", "out.json", stdin=endless)
    time.sleep(1.0)
    ready(process)
    assert ended(process, number) == b""
    assert list(tmp_path.iterdir()) == []


def test_a_signal_while_waiting_for_a_pipe_that_nobody_writes(losscli, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    process = losscli.start("eval", "pipe.csv", "-l", "mse")
    ready(process)
    time.sleep(0.5)
    assert ended(process, signal.SIGINT) == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_measuring_a_large_file(losscli, tmp_path, number):
    lines = b"pred,label\n" + b"0.1234567890123456,0.6543210987654321\n" * 1_500_000
    (tmp_path / "large.csv").write_bytes(lines)
    moments = random.Random(23)
    for _ in range(4):
        process = losscli.start(
            "eval", "large.csv", "-l", "mse", "-l", "r2", "-j", "1", "--chunk-rows", "100"
        )
        ready(process)
        time.sleep(moments.uniform(0.3, 1.0))
        assert ended(process, number) == b""
    (tmp_path / "large.csv").unlink()


def test_a_signal_while_writing_leaves_no_temporary(tmp_path):
    writes = (
        "import sys, signal\n"
        "from losscli import __main__\n"
        "from losscli.report import writing\n"
        "signal.signal(signal.SIGTERM, __main__.end)\n"
        "print('ready', flush=True)\n"
        "while True: writing.write_file(sys.argv[1], b'a' * 300_000)\n"
    )
    moments = random.Random(24)
    for _ in range(15):
        process = subprocess.Popen(
            [sys.executable, "-c", writes, str(tmp_path / "out.json")], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.03))
        process.terminate()
        process.communicate(timeout=AT_ONCE)
        assert process.returncode == 143
        assert {path.name for path in tmp_path.iterdir()} <= {"out.json"}


def test_a_signal_that_was_ignored_at_the_start_stays_ignored(losscli, endless):
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = losscli.start("eval", "-", "-l", "mse", stdin=endless, preexec_fn=ignore)
    time.sleep(1.0)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    assert ended(process, signal.SIGTERM) == b""
