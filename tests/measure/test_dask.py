"""Work on a Dask cluster: a scheduler and two workers, each a process, over the loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import nullcontext

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tables import table

from conftest import SUPPORT, environment
from losscli.report.evaluate import evaluated
from losscli.report.options import EvalOptions

ROWS = 3000
PARTS = 7


class Cluster:
    """A scheduler with two workers, and what is to befall these (`dask_worker`)."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "scheduler.json"
        (folder / "started").touch()
        self.processes = [self._start("dask_scheduler", "--port", "0", "--scheduler-file", self.file)]
        self.worker("one")
        self.worker("two")
        wait_for(lambda: (folder / "ready-one").exists() and (folder / "ready-two").exists())

    def worker(self, name):
        given = ("--scheduler-file", self.file, "--nthreads", "1", "--no-nanny", "--name", name)
        preload = ("--preload", SUPPORT / "dask_worker.py")
        self.processes.append(
            self._start("dask_worker", *given, *preload, WORKER=name, TRIALS=str(self.folder))
        )

    def _start(self, module, *words, **env):
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", "--no-dashboard"]
        return subprocess.Popen(
            [*command, *map(str, words)], env=environment(env), cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def engine(self):
        return f"dask:file={self.file},parts={PARTS}"

    @property
    def started(self):
        return len((self.folder / "started").read_bytes())

    def end(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


def wait_for(what, seconds=30):
    """Wait until something holds."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    pytest.importorskip("distributed")
    found = Cluster(tmp_path_factory.mktemp("cluster"))
    yield found
    found.end()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two files whose rows are paired by position: CSV, of which nobody knows how many rows it has, and Parquet."""
    folder = tmp_path_factory.mktemp("rows")
    random = np.random.default_rng(5)
    table(folder, {"pred": random.random(ROWS).round(6).tolist(), "key": list(range(ROWS))}, "preds.csv")
    labels = {
        "key": list(range(ROWS)),
        "label": random.integers(0, 2, ROWS).tolist(),
        "weight": random.integers(0, 4, ROWS).tolist(),
        "side": random.choice(["x", "y", "z"], ROWS).tolist(),
    }
    pq.write_table(pa.table(labels), folder / "labels.parquet", row_group_size=700)
    return folder


@pytest.fixture
def run(here, folder, monkeypatch):
    """The command in this process, which has loaded Dask once, in the folder of the files."""
    monkeypatch.chdir(folder)
    return here


FILES = ("preds.csv", "labels.parquet", "--pred", "pred", "--label", "label")


@pytest.mark.parametrize(
    "words",
    [
        ["-l", "brier,f1,r2", "--by", "side", "--ci", "normal", "--constant"],
        ["-l", "auc,medae,mse", "--weight", "weight", "--worst", "3", "--rows-out", "rows.csv"],
        ["-l", "brier,f1", "--on", "key"],
    ],
    ids=["states that merge on workers", "rows that are sent here", "rows paired by key"],
)
def test_a_cluster_gives_the_bits_of_this_process(run, cluster, folder, words):
    here = run("eval", *FILES, *words, "--json")
    rows = (folder / "rows.csv").read_bytes() if "--rows-out" in words else None
    before = cluster.started
    there = run("eval", *FILES, *words, "--json", "--engine", cluster.engine)
    reading = f"warning: rows are paired by key, so each of {PARTS} parts reads both inputs, about "
    assert there.err.startswith(reading) if "--on" in words else there.err == ""
    assert (there.out, there.code) == (here.out, 0)
    assert rows is None or (folder / "rows.csv").read_bytes() == rows
    assert cluster.started - before == (2 * PARTS if "--constant" in words else PARTS)


@pytest.mark.parametrize("named", ["scheduler", "variable", "nothing"])
def test_the_scheduler_is_the_one_named_or_one_of_this_machine_alone(run, cluster, monkeypatch, named):
    address, asked = json.loads(cluster.file.read_text())["address"], {}
    monkeypatch.setattr(
        "losscli.measure.engines.dask.FAN", 2
    )  # the outcomes of seven parts are merged thrice
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    if named == "variable":
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    # Starting workers takes seconds: those that run are taken for them.
    monkeypatch.setattr("distributed.LocalCluster", lambda **how: asked.update(how) or nullcontext(address))
    engine = f"dask:parts={PARTS}" + (f",scheduler={address}" if named == "scheduler" else "")
    here = run("eval", *FILES, "-l", "brier,f1", "--by", "side", "--json")
    there = run("eval", *FILES, "-l", "brier,f1", "--by", "side", "--json", "--engine", engine)
    assert (there.out, there.err, there.code) == (here.out, "", 0)
    bound = {key: asked[key] for key in ("host", "dashboard_address") if key in asked}
    local = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    assert bound == (local if named == "nothing" else {})


def test_progress_is_told_of_each_part_that_is_done(cluster, folder, monkeypatch):
    monkeypatch.chdir(folder)
    told = []
    options = EvalOptions(*FILES[:2], pred="pred", label="label", loss="brier", engine=cluster.engine)
    evaluated(options, lambda sources: lambda rows, size: told.append(rows))
    assert (len(told), sum(told)) == (PARTS, ROWS)


def test_a_scheduler_without_workers_is_an_error(here, pair, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("losscli.measure.engines.dask.WORKERS_SECONDS", 0.1)
    own = {"host": "127.0.0.1", "protocol": "tcp", "dashboard_address": "127.0.0.1:0", "processes": False}
    with distributed.LocalCluster(n_workers=0, **own) as empty:
        ran = here(
            "eval", *pair, "-l", "mse", "--engine", f"dask:scheduler={empty.scheduler_address}"
        ).block()
    assert (ran.code, f"the Dask scheduler at `{empty.scheduler_address}` has no workers" in ran.err) == (
        2,
        True,
    )


def test_a_worker_that_is_killed_within_its_part_changes_no_bit(run, cluster):
    here = run("eval", *FILES, "-l", "brier", "--json")
    before = cluster.started
    (cluster.folder / "die").touch()
    there = run("eval", *FILES, "-l", "brier", "--json", "--engine", cluster.engine)
    assert (there.code, there.err) == (0, "")
    assert there.out == here.out
    assert cluster.started - before > PARTS
    (gone,) = (at for at, process in enumerate(cluster.processes) if process.poll() is not None)
    assert cluster.processes.pop(gone).wait() == -signal.SIGKILL


def test_ctrl_c_drops_the_parts_that_have_not_begun(losscli, run, cluster, folder):
    before = cluster.started
    (cluster.folder / "slow").touch()
    process = losscli.start("eval", *FILES, "-l", "brier", "--engine", cluster.engine, cwd=folder)
    wait_for(lambda: cluster.started > before)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert process.stdout.read() == process.stderr.read() == b""
    (cluster.folder / "slow").unlink()
    # The next call waits for those that have begun, and for no others.
    assert run("eval", *FILES, "-l", "brier", "--engine", cluster.engine).code == 0
    assert cluster.started - before < 2 * PARTS


def test_the_lowest_bad_row_is_named_as_in_this_process(run, cluster, folder):
    lines = (folder / "preds.csv").read_text().splitlines()
    lines[2500], lines[1200] = "x,2499", "1.5,1199"
    (folder / "bad.csv").write_text("\n".join(lines))
    words = ("eval", "bad.csv", *FILES[1:], "-l", "brier")
    here, there = (run(*words, *more) for more in ((), ("--engine", cluster.engine)))
    assert "bad.csv, column `pred`, row 1200" in here.err
    assert (there.code, there.err) == (here.code, here.err) == (3, here.err)


def test_a_file_that_one_worker_does_not_see_is_named_with_the_worker(run, cluster, folder):
    (cluster.folder / "blind-two").write_text("labels.parquet")
    (cluster.folder / "blind-one").write_text("labels.parquet")
    ran = run("eval", *FILES, "-l", "brier", "--engine", cluster.engine).block()
    assert ran.code == 3
    assert f"{folder / 'labels.parquet'}: the worker tcp://127.0.0.1:" in ran.err
    assert "sees no such file" in ran.err


def test_without_a_scheduler_there_is_an_error_within_seconds(here, pair):
    began = time.monotonic()
    ran = here("eval", *pair, "-l", "mse", "--engine", "dask:scheduler=tcp://127.0.0.1:9").block()
    assert (ran.code, "no Dask scheduler answers at `tcp://127.0.0.1:9`" in ran.err) == (2, True)
    assert time.monotonic() - began < 60


def test_without_the_package_the_error_names_what_to_install(losscli, pair, text):
    text("distributed.py", ["raise ImportError"])
    ran = losscli(
        "eval", *pair, "-l", "mse", "--engine", "dask", env={"PYTHONPATH": str(losscli.folder)}
    ).block()
    assert ran.code == 2
    assert "`dask` needs the package `distributed`" in ran.err
    assert "pip install 'losscli[dask]'" in ran.err


@pytest.mark.parametrize(
    "words, wanted",
    [
        (["preds.csv", "labels.csv", "--engine", "dusk"], "no engine is called `dusk`"),
        (["preds.csv", "labels.csv", "--engine", "dask:port=1"], "the engine `dask` has no parameter `port`"),
        (
            ["preds.csv", "labels.csv", "--engine", "dask:parts=0"],
            "`parts=0` of the engine `dask` is no number",
        ),
        (
            ["preds.csv", "labels.csv", "--engine", "dask:file=labels.csv"],
            "labels.csv is no file of a Dask scheduler",
        ),
        (["preds.csv", "labels.csv", "--engine", "dask:file=a,scheduler=b"], "both name a scheduler"),
    ],
)
def test_a_call_that_no_engine_can_serve_is_refused(here, text, words, wanted):
    text("preds.csv", ["id,pred", "1,1", "2,2", "3,4"])
    text("labels.csv", ["id,label", "1,1", "2,3", "3,1"])
    ran = here("eval", *words, "-l", "mse").block()
    assert (ran.code, wanted in ran.err) == (2, True)


def test_standard_input_is_refused(losscli, pair):
    words = ("eval", "-", "labels.csv", "-l", "mse", "--engine", "dask")
    ran = losscli(*words, input=(losscli.folder / "preds.csv").read_bytes()).block()
    assert (ran.code, "standard input can be read by this process alone" in ran.err) == (2, True)


def test_a_scheduler_that_is_lost_ends_the_run_with_2(losscli, cluster, folder):
    before = cluster.started
    (cluster.folder / "slow").touch()
    for blind in cluster.folder.glob("blind-*"):
        blind.unlink()
    process = losscli.start("eval", *FILES, "-l", "brier", "--engine", cluster.engine, cwd=folder)
    wait_for(lambda: cluster.started > before)
    cluster.processes[0].kill()
    _, said = process.communicate()
    assert process.returncode == 2
    assert said.startswith(b"error: the Dask scheduler went away")
