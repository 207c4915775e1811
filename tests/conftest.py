"""What several test modules use: the command in a process of its own and in this one, and files to measure."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SUPPORT = ROOT / "tests" / "support"
# A package of its own, whose folder would stand on the path of every test if it were looked through here.
collect_ignore = ["support/example_package"]
HANG = 60.0  # seconds after which a run is taken for one that never ends


with suppress(ImportError):  # which the lowest versions are tested without
    from hypothesis import settings

    # No test is timed: a machine with other work takes as long as it takes.
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")

if threading.current_thread() is threading.main_thread():
    for _number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        # Whoever starts the suite may ignore a signal (nohup, a job runner), and a process that is started
        # inherits that. A handler that does nothing ignores it here just so, and is the default in children.
        if signal.getsignal(_number) is signal.SIG_IGN:
            signal.signal(_number, lambda number, frame: None)


def pytest_addoption(parser):
    parser.addoption(
        "--run-all",
        action="store_true",
        help="also the full cross products, of which a usual run takes a part",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "run_all: part of a run with `--run-all` only")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--run-all"):
        return
    left = [item for item in items if item.get_closest_marker("run_all")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if not item.get_closest_marker("run_all")]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Each process takes half of the tests as they stand, so that tests side by side share what was set up for them."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(scope="session")
def run_all(request) -> bool:
    """Whether the full cross products are tried."""
    return request.config.getoption("--run-all")


@dataclass(frozen=True)
class Ran:
    """What a run left: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    def block(self) -> Ran:
        """The same run, after checking that what it said is one error block and nothing else."""
        lines = self.err.splitlines()
        assert self.err.endswith("\n")
        assert re.match(r"error: \S", lines[0]), self.err
        rest = lines[1:]
        if rest and rest[-1].startswith("hint:  "):
            rest.pop()
        assert len(rest) <= 1, self.err
        assert all(re.match(r" {7}\S", line) for line in rest), self.err
        assert "Traceback" not in self.err
        return self


def command() -> list[str]:
    """How the command line is started: its script where it is installed, else the module."""
    script = shutil.which("losscli", path=os.path.dirname(sys.executable))
    return [script] if script else [sys.executable, "-m", "losscli"]


class Runner:
    """Runs the command in a process of its own, in a folder that is empty at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen] = []

    def __call__(self, *args, input=None, env=None, cwd=None, stdout=subprocess.PIPE, timeout=HANG) -> Ran:
        done = subprocess.run(
            [*command(), *map(str, args)], input=b"" if input is None else input, env=environment(env),
            cwd=cwd or self.folder, stdout=stdout, stderr=subprocess.PIPE, timeout=timeout, check=False,
        )  # fmt: skip
        return Ran(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())

    def shell(self, script, *args, env=None, cwd=None, timeout=HANG) -> Ran:
        """A shell script in which ``"$@"`` is the command."""
        done = subprocess.run(
            ["sh", "-c", script, "sh", *command(), *map(str, args)], env=environment(env), timeout=timeout,
            cwd=cwd or self.folder, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *args, **options) -> subprocess.Popen:
        """The command, started and not waited for."""
        options = {
            "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
            "cwd": self.folder, "env": environment(None),
        } | options  # fmt: skip
        process = subprocess.Popen([*command(), *map(str, args)], **options)
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


def environment(changes: dict[str, str | None] | None) -> dict[str, str]:
    """The environment of this process with changes; None takes a name out."""
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "TERM")}
    for name, value in (changes or {}).items():
        env.pop(name, None)
        if value is not None:
            env[name] = value
    return env


@pytest.fixture(scope="session")
def reader(tmp_path_factory) -> dict[str, str]:
    """The environment of a reader: the command on the path, a terminal of 80 columns, no colour."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "losscli"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m losscli "$@"\n')
    script.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOSSCLI_")}
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**inherited, "PATH": path, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def losscli(tmp_path):
    """The command in a process of its own, with the test's folder as its own."""
    runner = Runner(tmp_path)
    yield runner
    runner.end()


@pytest.fixture
def here(tmp_path, monkeypatch, capsysbinary):
    """The command in this process: everything but the entry point, and two orders of magnitude faster."""
    from losscli.cli import main

    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)

    def run(*args) -> Ran:
        capsysbinary.readouterr()
        code = main([str(arg) for arg in args])
        out, err = capsysbinary.readouterr()
        return Ran(code, out.decode(), err.decode())

    return run


@pytest.fixture
def few_resamples(monkeypatch):
    """A tenth of the resamples, for tests of what holds of each of them alike."""
    from losscli.report import by_bootstrap
    from losscli.statistics import bootstrap

    def forgotten():
        bootstrap.schemes.cache_clear()
        bootstrap.turns.cache_clear()

    for module in (bootstrap, by_bootstrap):
        monkeypatch.setattr(module, "REPLICATES", 199)
    forgotten()
    yield
    forgotten()


@pytest.fixture
def text(tmp_path):
    """Write a file in the test's folder: its name, and its text or its lines."""

    def write(name, content):
        content = content if isinstance(content, (str, bytes)) else "".join(f"{line}\n" for line in content)
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write


@pytest.fixture
def parquet(tmp_path):
    """Write a Parquet file in the test's folder: its name, and its columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def write(name, columns, **options):
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        pq.write_table(table, tmp_path / name, **options)
        return name

    return write


@pytest.fixture
def pair(text):
    """Two files of three rows, the errors 0, -1 and 3."""
    return text("preds.csv", ["pred", "1", "2", "4"]), text("labels.csv", ["label", "1", "3", "1"])
