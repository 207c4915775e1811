"""Losses that keep every row, in a process whose address space is limited to --memory above that of a small file.

    python tests/bench/kept.py FOLDER [LOSS ...] [--rounds 5] [--scale 1.0]

A loss that needs more ends with an error; its value is that of a process without a limit.  Where peers have the loss,
those installed measure it in memory, in the same rounds, and the ratio is to the fastest of them.
"""

from __future__ import annotations

import importlib.util
import resource
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench import MILLION, Case, Run, arguments, command, files, losscli, measure

MEMORY = 256 * MILLION
SCORES = Case("chances", "snappy.parquet", 50 * MILLION, peers=())
NUMBERS = Case("numbers", "snappy.parquet", 10 * MILLION, peers=())
TIMES = replace(SCORES, rows=10 * MILLION)
BESIDE = {"peers": ("duckdb", "polars"), "wanted": 1.5}
LOSSES = {
    "auc": (replace(SCORES, losses=("auc",), **BESIDE), ("--pred", "prob")),
    "average_precision": (SCORES, ("--pred", "prob")),
    "medae": (replace(NUMBERS, rows=50 * MILLION, losses=("medae",), **BESIDE), ("--pred", "pred")),
    "spearman": (NUMBERS, ("--pred", "pred")),
    "kendall": (NUMBERS, ("--pred", "pred")),
    "concordance": (TIMES, ("--pred", "prob", "--label", "time=id,event=label")),
}
HELD, FREE = "with a limit", "without"


def address_space(words: list[str], folder: Path) -> int:
    """The most that a command maps, as seen every few milliseconds."""
    most, process = 0, subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd=folder)
    while process.poll() is None:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        most = max(most, *(int(line.split()[1]) << 10 for line in lines if line.startswith("VmPeak")), 0)
        time.sleep(0.002)
    return most


@contextmanager
def limited(most: int) -> Iterator[None]:
    """Children started within may map no more than so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def run(folder: Path, losses: Sequence[str], rounds: int, scale: float) -> dict[str, float]:
    """Measure losses with the limit, without it and by their peers, print times and peaks and return the values."""
    return {loss: run_loss(loss, folder, rounds, scale) for loss in losses or LOSSES}


def run_loss(loss: str, folder: Path, rounds: int, scale: float) -> float:
    """Measure one loss and return its value."""
    case, columns = LOSSES[loss]
    peers = [peer for peer in case.peers if importlib.util.find_spec(peer)]

    def call(rows: int) -> list[str]:
        paths = map(str, files(folder, case, rows))
        return [*losscli(), "eval", *paths, *columns, "--jobs", "2", "-f", "csv", "-l", loss]

    most = address_space(call(1000), folder) + MEMORY
    rows = max(2, round(case.rows * scale))
    held = [*call(rows), "--memory", str(MEMORY)]
    others = {who: command(who, case, *files(folder, case, rows)) for who in peers}
    others = {FREE: call(rows)} | others

    def once() -> dict[str, Run]:
        with limited(most):
            found = {HELD: measure(held, folder)}
        return found | {who: measure(words, folder) for who, words in others.items()}

    first = once()  # also warms the page cache
    (value,) = first[HELD].values
    assert first[FREE].values == (value,), loss
    for who in peers:
        (theirs,) = first[who].values
        assert abs(value - theirs) <= 1e-9 * abs(theirs), f"{loss}: losscli {value!r}, {who} {theirs!r}"
    runs = [once() for _ in range(rounds)] or [first]
    print(f"\n{loss}, {rows:,} rows" + (f", wanted {case.wanted:.2f}" if case.wanted else ""))
    print(f"{'':12} {'wall s':>8} {'cpu s':>8} {'peak MB':>8} {'ratio':>6}")
    for who in runs[0]:
        wall, cpu = (statistics.median(getattr(each[who], what) for each in runs) for what in ("wall", "cpu"))
        peak = max(each[who].peak_mb for each in runs)
        fastest = [min((each[peer].wall for peer in peers), default=each[FREE].wall) for each in runs]
        ratio = statistics.median(each[who].wall / least for each, least in zip(runs, fastest, strict=True))
        print(f"{who:12} {wall:8.2f} {cpu:8.1f} {peak:8.0f} {ratio:6.2f}", flush=True)
    return value


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("losses", nargs="*", metavar="LOSS", help=f"of {', '.join(LOSSES)} (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of rows")
    asked = parser.parse_args()
    run(asked.folder.resolve(), asked.losses, asked.rounds, asked.scale)
