"""Losses that keep every row, in a process whose address space is limited to --memory above that of a small file.

    python tests/bench/kept.py FOLDER [--scale 1.0]

A loss that needs more ends with an error; its value is that of a process without a limit.
"""

from __future__ import annotations

import resource
import subprocess
import time
from pathlib import Path

from bench import MILLION, Case, arguments, files, losscli, measure

MEMORY = 256 * MILLION
SCORES = Case("chances", "snappy.parquet", 50 * MILLION)
NUMBERS = Case("numbers", "snappy.parquet", 10 * MILLION)
TIMES = Case("chances", "snappy.parquet", 10 * MILLION)
LOSSES = {
    "auc": (SCORES, ("--pred", "prob")),
    "average_precision": (SCORES, ("--pred", "prob")),
    "medae": (SCORES, ("--pred", "prob")),
    "spearman": (NUMBERS, ("--pred", "pred")),
    "kendall": (NUMBERS, ("--pred", "pred")),
    "concordance": (TIMES, ("--pred", "prob", "--label", "time=id,event=label")),
}


def address_space(words: list[str], folder: Path) -> int:
    """The most that a command maps, as seen every few milliseconds."""
    most, process = 0, subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd=folder)
    while process.poll() is None:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        most = max(most, *(int(line.split()[1]) << 10 for line in lines if line.startswith("VmPeak")), 0)
        time.sleep(0.002)
    return most


def run(folder: Path, scale: float) -> dict[str, float]:
    """Measure each loss with the limit and without it, print the peaks and return the values."""
    found = {}

    def call(rows: int, loss: str, *more: str) -> list[str]:
        case, columns = LOSSES[loss]
        paths = map(str, files(folder, case, rows))
        return [*losscli(), "eval", *paths, *columns, "--jobs", "2", "-f", "csv", "-l", loss, *more]

    for loss, (case, _) in LOSSES.items():
        start = address_space(call(1000, loss), folder)
        rows = max(2, round(case.rows * scale))
        free = measure(call(rows, loss), folder)
        limits = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (start + MEMORY, limits[1]))  # of the child too
        try:
            held = measure(call(rows, loss, "--memory", str(MEMORY)), folder)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)
        assert held.values == free.values, loss
        (found[loss],) = held.values
        print(
            f"{loss:20} {held.peak_mb:5.0f} MB and {held.cpu:5.1f} s with a limit, "
            f"{free.peak_mb:5.0f} MB and {free.cpu:5.1f} s without",
            flush=True,
        )
    return found


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of rows")
    asked = parser.parse_args()
    run(asked.folder.resolve(), asked.scale)
