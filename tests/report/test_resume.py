"""Runs that were cut short and go on from their state, by `--resume`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.cli import main
from losscli.errors import DataError, UsageError
from losscli.report import resume
from losscli.report.evaluate import evaluate
from losscli.report.merge import merge
from losscli.report.save_state import StateFile
from losscli.report.state_document import digest_of
from support.reports import known

ROWS = 3000


def table(rows=ROWS):
    rng = np.random.default_rng(19)
    label = rng.normal(size=rows)
    return pa.table(
        {
            "y": label,
            "p": label + rng.normal(size=rows),
            "w": rng.exponential(size=rows),
            "g": [f"g{at % 40}" for at in range(rows)],
            "kind": np.array(["ant", "bee", "cow"])[rng.integers(0, 3, rows)],
        }
    )


def written(path, rows, **options):
    if path.suffix == ".csv":
        rows.to_pandas().to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        rows.to_pandas().to_json(path, orient="records", lines=True)
    else:
        pq.write_table(rows, path, **options)
    return str(path)


class Stopped(Exception):
    """A run that was cut short."""


@pytest.fixture
def short_runs(monkeypatch):
    """Runs whose state is written after each block, and that end at the given writings."""
    monkeypatch.setattr(resume, "SECONDS", 0.0)
    monkeypatch.setattr(resume, "SHARE", 0)
    monkeypatch.setattr("losscli.reading.csv_rows.PART_BYTES", 1 << 14)
    monkeypatch.setattr("losscli.reading.jsonl.PART_BYTES", 1 << 14)
    write = StateFile.write

    def cut_short(after, *args, **options):
        writings = 0

        def counted(state, measured, sources, reached=None):
            nonlocal writings
            write(state, measured, sources, reached)
            writings += reached is not None
            if writings == after:
                raise Stopped

        with monkeypatch.context() as patched:
            patched.setattr(StateFile, "write", counted)
            with pytest.raises(Stopped):
                evaluate(*args, **options)

    return cut_short


OPTIONS = {"pred": "p", "label": "y", "chunk_rows": 128, "resume": True}

CALLS = {
    "sums": {"loss": "mse,r2", "weight": "w", "by": ["kind", "p:bins=3"], "ci": "normal"},
    "the bootstrap": {"loss": "mse", "ci": "bootstrap"},
    "groups": {"loss": "mae", "group": "g"},
    "a filter": {"loss": "mae", "where": "kind == 'bee'", "nan": "propagate"},
}

SUFFIXES = ("csv", "jsonl", "parquet", "groups.parquet", "pieces.parquet")


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize(
    ("name", "suffix", "jobs"),
    [
        *(("sums", suffix, jobs) for suffix in SUFFIXES for jobs in (1, 3)),
        *((name, "csv", 1) for name in CALLS if name != "sums"),
    ],
)
def test_a_run_cut_short_and_run_again_has_the_bits_of_one_run(
    name, suffix, jobs, tmp_path, short_runs, monkeypatch
):
    if "pieces" in suffix:
        monkeypatch.setattr("losscli.pairing.position.SEGMENT_ROWS", 300)
    more = {"row_group_size": 170} if "s.p" in suffix else {}
    path = written(tmp_path / f"rows.{suffix}", table(), **more)
    options = OPTIONS | CALLS[name] | {"jobs": jobs}
    state = str(tmp_path / "state")
    for after in (1, 4):
        short_runs(after, path, state_out=state, **options)
    with open(state) as file:
        reached = json.load(file)["reached"]
    assert 0 < reached["row"] < ROWS
    resumed = evaluate(path, state_out=state, **options)
    whole = evaluate(path, **options | {"resume": False})
    assert known(resumed) == known(whole)
    assert resumed.rows == whole.rows
    assert known(merge([state])) == known(whole)
    assert known(evaluate(path, state_out=state, **options)) == known(whole)


@pytest.mark.parametrize("name", ["sums", "groups"])
def test_a_part_goes_on_too(name, tmp_path, short_runs):
    path, states = written(tmp_path / "rows.csv", table()), []
    options = OPTIONS | CALLS[name]
    for part in (1, 2, 3):
        states.append(str(tmp_path / f"{part}.state"))
        parted = {"state_out": states[-1], "shard": f"{part}/3"}
        short_runs(4, path, **parted, **options)
        with pytest.raises(DataError, match="has reached row"):
            merge([states[-1]], partial=True)
        evaluate(path, **parted, **options)
    assert known(merge(states)) == known(evaluate(path, **options | {"resume": False}))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_two_files_and_two_folders_go_on_too(suffix, tmp_path, short_runs):
    for side in "py":
        (tmp_path / side).mkdir()
        for at, start in enumerate(range(0, ROWS, 800)):
            written(tmp_path / side / f"{at}.{suffix}", table().select([side]).slice(start, 800))
        written(tmp_path / f"{side}.{suffix}", table().select([side]))
    for ending in ("", f".{suffix}"):
        paths = [f"{tmp_path}/{side}{ending}" for side in "py"]
        state = f"{tmp_path}/state{ending}"
        options = OPTIONS | {"loss": "mse,r2"}
        short_runs(3, *paths, state_out=state, **options)
        short_runs(5, *paths, state_out=state, **options)
        whole = evaluate(*paths, **options | {"resume": False})
        assert known(evaluate(*paths, state_out=state, **options)) == known(whole)


def keyed(folder, suffix="csv", rows=ROWS):
    """Two files whose rows are paired by key, in different orders; some rows of each are alone."""
    whole = table(rows).append_column("k", pa.array([f"key {at}" for at in range(rows)]))
    order = np.random.default_rng(3).permutation(rows)
    preds, labels = (
        whole.select(["k", "p", "kind"]).slice(7),
        whole.select(["k", "y", "w", "g"]).take(order[5:]),
    )
    return [written(folder / f"{name}.{suffix}", one) for name, one in (("preds", preds), ("labels", labels))]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("more", [{}, {"shard": "2/3"}, {"jobs": 3}])
def test_rows_paired_by_key_go_on_part_by_part(name, more, tmp_path, short_runs):
    paths = keyed(tmp_path)
    options = OPTIONS | CALLS[name] | {"on": "k", "unmatched": "drop"} | more
    state, other = str(tmp_path / "state"), str(tmp_path / "other")
    for reached in (1, 3):
        short_runs(reached // 2 + 1, *paths, state_out=state, **options)
        with open(state) as file:
            assert json.load(file)["reached"]["part"]["index"] == reached
        with pytest.raises(DataError, match=f"has reached part {reached}/4"):
            merge([state])
    resumed = [evaluate(*paths, state_out=state, **options) for _ in range(2)]
    whole = evaluate(*paths, state_out=other, **options | {"resume": False})
    for one in resumed:
        assert one.rows == whole.rows
        assert known(one) == known(whole)
    assert known(merge([state], partial=True)) == known(merge([other], partial=True))


@pytest.mark.parametrize("wrong", ["a key twice", "a key alone", "a bad value", "a bad row"])
def test_what_is_wrong_with_rows_paired_by_key_is_said_as_in_one_run(wrong, tmp_path, short_runs):
    paths = [tmp_path / name for name in ("preds.csv", "labels.csv")]
    lines = [[f"{at},{at / 8}" for at in range(200)] for _ in paths]
    lines[1].reverse()
    lines[0][150:152] = {
        "a key twice": ["150,1", "150,2"], "a key alone": ["new,1", "newer,2"], "a bad value": ["150,x", "151,y"],
        "a bad row": ["150,1,1", "151,1"],
    }[wrong]  # fmt: skip
    for path, name, rows in zip(paths, "py", lines, strict=True):
        path.write_text("\n".join([f"k,{name}", *rows]) + "\n")
    options = OPTIONS | {"loss": "mse", "on": "k"}
    said = []
    for more in ({"resume": False}, {"state_out": str(tmp_path / "state")}):
        with pytest.raises(DataError) as refused:
            evaluate(*map(str, paths), **options | more)
        said.append(asdict(refused.value))
    assert said[0] == said[1]


def test_a_bad_row_behind_the_state_is_named_as_in_one_run(tmp_path, short_runs):
    lines = ["p,y", *(f"{at},{at + 1}" for at in range(3000)), "x,1", "1,2"]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    options = OPTIONS | {"loss": "mse", "state_out": str(tmp_path / "state")}
    short_runs(6, str(path), **options)
    for _ in range(2):
        with pytest.raises(DataError, match="not a number") as refused:
            evaluate(str(path), **options)
        assert refused.value.row == 3001


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"loss": "mae"}, "its losses are not those"),
        ({"weight": "w"}, "its columns are not those"),
        ({"nan": "drop"}, "its rows are not those"),
        ({"shard": "1/2"}, "another part"),
        ({"dialect": "null=-"}, "another dialect"),
        ({"size": 1}, "another size"),
        ({"bytes": 1}, "other bytes"),
    ],
)
def test_a_state_of_other_inputs_or_of_another_call_is_refused(change, what, tmp_path, short_runs):
    path = written(tmp_path / "rows.csv", table())
    options = OPTIONS | {"loss": "mse", "state_out": str(tmp_path / "state")}
    short_runs(5, path, **options)
    with open(path, "r+b") as file:
        if "size" in change:
            file.seek(0, os.SEEK_END)
            file.write(b"1,2,3,g1,bee\n")
        if "bytes" in change:
            file.seek(30)
            file.write(b"1")
    if "dialect" in change:
        from losscli.reading.source import Dialect

        change = {"dialect": Dialect(null=("-",))}
    with pytest.raises(DataError, match=what) as refused:
        evaluate(path, **options | {key: change[key] for key in change if key not in ("size", "bytes")})
    assert refused.value.file == options["state_out"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"state_out": None}, "state_out"),
        ({"worst": 3}, "single rows"),
        ({"constant": True}, "best constant"),
    ],
)
def test_what_cannot_go_on_is_a_usage_error(change, what, tmp_path):
    path = written(tmp_path / "rows.csv", table())
    with pytest.raises(UsageError, match=what):
        evaluate(path, path, **OPTIONS | {"loss": "mse", "state_out": str(tmp_path / "state")} | change)


def test_standard_input_cannot_go_on(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "rows.csv", table())
    with open("rows.csv") as file:
        monkeypatch.setattr("sys.stdin", file)
        assert main(["eval", "-", "-p", "p", "-y", "y", "-l", "mse", "--state-out", "s", "--resume"]) == 2
    assert "cannot be known again" in capfd.readouterr().err


def test_a_file_that_is_no_state_is_not_written_over(tmp_path):
    path, other = (written(tmp_path / f"{name}.csv", table()) for name in ("rows", "other"))
    with pytest.raises(DataError, match="JSON"):
        evaluate(path, state_out=other, **OPTIONS | {"loss": "mse"})
    with open(other) as file:
        assert file.readline().startswith("y,p")


KILLED = """
import sys
from losscli.cli import main
from losscli.report import resume
resume.SECONDS, resume.SHARE = 0.0, 0
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("by_key", [False, True])
def test_a_run_killed_at_any_moment_has_the_same_bits_when_it_is_run_again(by_key, tmp_path, capfd):
    state = tmp_path / "state"
    if by_key:
        inputs = [*keyed(tmp_path, rows=60_000), "--on", "k", "--unmatched", "drop"]
    else:
        inputs = [written(tmp_path / "rows.csv", table(60_000))]
    words = [
        "eval",
        *inputs,
        "-p",
        "p",
        "-y",
        "y",
        "-l",
        "mse,r2",
        "--by",
        "kind",
        "--chunk-rows",
        "500",
        "-f",
        "json",
    ]
    resumed = [*words, "--state-out", str(state), "--resume"]
    seen = b""
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, *resumed], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while process.poll() is None and (not state.exists() or state.read_bytes() == seen):
                time.sleep(0.001)
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
        seen = state.read_bytes()
        assert json.loads(seen)["digest"] == digest_of(json.loads(seen))
    assert main(words) == 0
    whole = capfd.readouterr().out
    assert main(resumed) == 0
    out, err = capfd.readouterr()
    assert "going on from there" in err
    assert out == whole
