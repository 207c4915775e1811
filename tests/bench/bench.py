"""Speed beside the peers: whole processes, run in rounds, medians, ratios to the fastest peer.

    python tests/bench/bench.py FOLDER [CASE ...] [--rounds 5] [--scale 1.0]

Clocks drift, so only ratios of one run count.  CPU seconds are the system's own figures for a process and its
children; peak memory is looked at in a run of its own, as what all of them hold together.  Values are compared
with the peers' before any time is believed.  DuckDB's command line is shown where it is installed; the ratio of a
case is to the faster of its Python module and polars.  Without a CASE all are run, and what `own.py` measures;
at the end each ratio stands beside the one that is wanted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from peers import query

HERE = Path(__file__).resolve().parent
SHELL = "duckdb shell"


@dataclass(frozen=True)
class Case:
    """One question put to losscli and to its peers."""

    kind: str
    suffix: str
    rows: int
    losses: tuple[str, ...] = ("mse",)
    peers: tuple[str, ...] = ("duckdb", "polars")
    wanted: float | None = None  # the ratio to the fastest peer that is aimed at


ALL = ("duckdb", "polars", "sklearn")
KEYED = ("ids", "wide", "names")  # rows are paired by `id`, in another order on each side
FOUR = ("mse", "mae", "rmse", "huber")
MILLION = 1_000_000
CASES = {
    "csv-10M": Case("numbers", "csv", 10 * MILLION, peers=ALL, wanted=1.1),
    "csv-10M-four": Case("numbers", "csv", 10 * MILLION, FOUR, wanted=1.0),
    "parquet-10M": Case("numbers", "snappy.parquet", 10 * MILLION, wanted=1.0),
    "parquet-10M-zstd": Case("numbers", "zstd.parquet", 10 * MILLION, wanted=1.0),
    "parquet-10M-four": Case("numbers", "snappy.parquet", 10 * MILLION, FOUR, wanted=1.0),
    "csv-50M": Case("numbers", "csv", 50 * MILLION, wanted=1.2),
    "parquet-50M": Case("numbers", "snappy.parquet", 50 * MILLION, wanted=1.15),
    "parquet-50M-four": Case("numbers", "snappy.parquet", 50 * MILLION, FOUR, wanted=1.25),
    "log-loss-20M": Case("chances", "snappy.parquet", 20 * MILLION, ("log_loss",), peers=ALL, wanted=1.15),
    "auc-10M": Case("chances", "snappy.parquet", 10 * MILLION, ("auc",), peers=ALL, wanted=1.0),
    "median-10M": Case("numbers", "snappy.parquet", 10 * MILLION, ("medae",), wanted=1.0),
    "cross-entropy-5M": Case(
        "classes", "snappy.parquet", 5 * MILLION, ("cross_entropy",), peers=ALL, wanted=1.1
    ),
    "key-integers-10M": Case("ids", "snappy.parquet", 10 * MILLION, wanted=0.9),
    "key-wide-integers-10M": Case("wide", "snappy.parquet", 10 * MILLION, wanted=1.0),
    "key-text-10M": Case("names", "snappy.parquet", 10 * MILLION, wanted=0.9),
    "key-text-csv-10M": Case("names", "csv", 10 * MILLION, wanted=1.0),
    "groups-10M": Case("groups", "snappy.parquet", 10 * MILLION, wanted=1.2),
    "groups-csv-10M": Case("groups", "csv", 10 * MILLION, wanted=1.1),
    "slices-2M": Case("many groups", "snappy.parquet", 2 * MILLION, wanted=1.5),
    "start": Case("numbers", "csv", 1000, peers=("imports",), wanted=1.15),
    "help": Case("help", "csv", 1000, peers=("typer",)),
}
GROUPED = ("groups", "many groups")  # every loss of each group
NO_WORK = ("imports", "typer")
"""Peers that measure nothing."""


@dataclass(frozen=True)
class Run:
    """One finished process."""

    wall: float
    cpu: float
    peak_mb: float
    values: tuple[float, ...]


def files(folder: Path, case: Case, rows: int) -> tuple[Path, Path]:
    """The files of a case, made by another process: a child's peak memory begins at that of its parent."""
    kind = "numbers" if case.kind == "help" else case.kind
    words = [sys.executable, str(HERE / "data.py"), str(folder), kind, case.suffix, str(rows)]
    preds, labels = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return Path(preds), Path(labels)


def losscli() -> list[str]:
    """The command, as a user starts it."""
    script = Path(sys.executable).with_name("losscli")
    return [str(script)] if script.exists() else [sys.executable, "-m", "losscli"]


def shell_of_duckdb() -> str | None:
    """DuckDB's command line, beside this Python or on the path."""
    beside = Path(sys.executable).with_name("duckdb")
    return str(beside) if beside.exists() else shutil.which("duckdb")


def command(name: str, case: Case, preds: Path, labels: Path) -> list[str]:
    if name == SHELL:
        asked = query(case.kind, str(preds), str(labels), list(case.losses))
        return [shell_of_duckdb() or "duckdb", "-csv", "-noheader", "-c", asked]
    if name != "losscli":
        return [
            sys.executable,
            str(HERE / "peers.py"),
            name,
            case.kind,
            str(preds),
            str(labels),
            *case.losses,
        ]
    if case.kind == "help":
        return [*losscli(), "--help"]
    words = [*losscli(), "eval", str(preds), str(labels), "-f", "csv"]
    words += ["--pred", {"chances": "prob", "classes": "p?"}.get(case.kind, "pred")]
    if case.kind in KEYED:
        words += ["--on", "id"]
    if case.kind in GROUPED:
        words += ["--by", "group"]
    return words + [word for loss in case.losses for word in ("--loss", loss)]


def measure(words: list[str], folder: Path) -> Run:
    """Run a command in the folder of its data, as its user would: not in a project with settings of its own."""
    began = time.perf_counter()
    # Modules are compiled when they are installed: in a working copy, at the first run.
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings, cwd=folder
    )
    assert process.stdout is not None
    assert process.stderr is not None
    out, errors = process.stdout.read(), process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}:\n{errors.decode()}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, values_of(out.decode()))


def peak_memory(words: list[str], folder: Path) -> float:
    """What a process and its children hold together at most, in MB; nothing where the system does not say."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _held(process.pid))
        time.sleep(0.004)
    return peak / 1024


def _held(process: int) -> int:
    """The memory of a process and its children in KiB, of shared pages their share."""
    try:
        kept = Path(f"/proc/{process}/smaps_rollup").read_text()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # it has just ended
        return 0
    own = sum(int(line.split()[1]) for line in kept.splitlines() if line.startswith("Pss:"))
    return own + sum(_held(int(child)) for child in children)


def values_of(out: str) -> tuple[float, ...]:
    """The values that losscli or a peer prints."""
    lines = out.strip().splitlines()
    if lines[0].startswith("Usage:"):
        return ()
    if lines[0].startswith("loss,"):
        heads = lines[0].split(",")
        rows = lines[2:] if "slice" in heads else lines[1:]  # by slice, peers print the slices alone
        return tuple(float(row.split(",")[heads.index("value")]) for row in rows)
    return tuple(float(value) for line in lines for value in line.split(","))


def compare(ours: Sequence[float], theirs: Sequence[float], of: str) -> None:
    """AssertionError where a peer has other values."""
    for mine, other in zip(ours, theirs, strict=True):
        # Peers add doubles one after another: their own error is far above that of one rounding.
        assert abs(mine - other) <= 1e-9 * abs(other), f"{of}: {other!r}, losscli {mine!r}"


class Goal(NamedTuple):
    """A ratio or an amount that was measured, of what it is, and what is wanted."""

    figure: float
    said: str
    wanted: str = ""

    def __str__(self) -> str:
        return f"{self.figure:6.2f}  {self.said}" + (f" (wanted {self.wanted})" if self.wanted else "")


def run_case(name: str, case: Case, folder: Path, rounds: int, scale: float) -> Goal:
    """Run one case, print its table and return losscli's wall time over that of the fastest peer."""
    preds, labels = files(folder, case, max(1, round(case.rows * scale)))
    shell = (SHELL,) if "duckdb" in case.peers and shell_of_duckdb() else ()
    words = {who: command(who, case, preds, labels) for who in ("losscli", *case.peers, *shell)}
    first = {who: measure(call, folder) for who, call in words.items()}  # also warms the page cache
    for who in (*case.peers, *shell):
        if who not in NO_WORK:
            compare(first["losscli"].values, first[who].values, f"{name}, {who}")
    peaks = {who: peak_memory(call, folder) for who, call in words.items()}
    runs: dict[str, list[Run]] = {who: [] for who in words}
    for _ in range(rounds):
        for who, call in words.items():
            runs[who].append(measure(call, folder))
    if not rounds:
        runs = {who: [run] for who, run in first.items()}
    fastest = min(case.peers, key=lambda who: statistics.median(r.wall for r in runs[who]))
    ratio = statistics.median(
        mine.wall / theirs.wall for mine, theirs in zip(runs["losscli"], runs[fastest], strict=True)
    )
    print(f"\n{name}")
    print(f"{'':12} {'wall s':>8} {'cpu s':>8} {'peak MB':>8} {'ratio':>6}")
    for who, made in runs.items():
        wall, cpu = (statistics.median(getattr(r, what) for r in made) for what in ("wall", "cpu"))
        over = statistics.median(a.wall / b.wall for a, b in zip(made, runs[fastest], strict=True))
        print(f"{who:12} {wall:8.3f} {cpu:8.2f} {peaks[who]:8.0f} {over:6.2f}", flush=True)
    return Goal(ratio, f"{name}, of {fastest}", f"{case.wanted:.2f} at most" if case.wanted else "")


def print_goals(goals: Sequence[Goal]) -> None:
    """The figures, each beside the one that is wanted."""
    print("", *goals, sep="\n", flush=True)


def arguments(said: str | None) -> argparse.ArgumentParser:
    """What every bench is told."""
    parser = argparse.ArgumentParser(description=said, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the data files are kept")
    parser.add_argument("--rounds", type=int, default=5)
    return parser


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)} (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of rows")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    goals = [run_case(name, CASES[name], folder, asked.rounds, asked.scale) for name in asked.cases or CASES]
    if not asked.cases:
        import own  # it imports this module

        for suffix in own.SUFFIXES:
            goals += own.run(folder, suffix, asked.rounds, asked.scale)
    print_goals(goals)


if __name__ == "__main__":
    main()
