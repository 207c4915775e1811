"""What losscli costs beside itself: a further row, loss, core; whole processes, run in rounds, medians.

    python tests/bench/own.py FOLDER [--rounds 5] [--scale 1.0]

Ratios of CPU or wall seconds above those of starting up, and what all processes hold together at most.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import FOUR, MILLION, Case, Goal, Run, arguments, files, losscli, measure, peak_memory, print_goals

SHARED = ("mse", "rmse", "bias", "error_std", "r2", "nrmse")
"""Losses of which several rest on the same sums."""
ROWS = (10 * MILLION, 50 * MILLION)
SUFFIXES = ("snappy.parquet", "csv")


def commands(folder: Path, suffix: str, scale: float) -> dict[str, list[str]]:
    """The calls that are compared, by name."""
    few, many = (files(folder, Case("numbers", suffix, rows), max(1, round(rows * scale))) for rows in ROWS)
    small = files(folder, Case("numbers", suffix, 1000), 1000)

    def call(paths: Sequence[Path], losses: Sequence[str], *more: str) -> list[str]:
        words = [
            *losscli(),
            "eval",
            *map(str, paths),
            "--pred",
            "pred",
            "--label",
            "label",
            "-f",
            "csv",
            *more,
        ]
        return words + [word for loss in losses for word in ("--loss", loss)]

    return {
        "start": call(small, FOUR[:1]),
        "few rows": call(few, FOUR[:1]),
        "one": call(many, FOUR[:1]),
        "one core": call(many, FOUR[:1], "--jobs", "1"),
        "two cores": call(many, FOUR[:1], "--jobs", "2"),
        "four": call(many, FOUR),
        "shared": call(many, SHARED),
    }


def goals(suffix: str, runs: Mapping[str, Sequence[Run]], peaks: Mapping[str, float]) -> list[Goal]:
    wall = {name: statistics.median(run.wall for run in made) for name, made in runs.items()}
    cpu = {name: statistics.median(run.cpu for run in made) for name, made in runs.items()}
    one = max(cpu["one"] - cpu["start"], 1e-9)
    # Of the four losses rmse is the root of mse, and costs nothing.
    further = (cpu["four"] - cpu["one"]) / 2 / one
    cores = (wall["one core"] - wall["start"]) / max(wall["two cores"] - wall["start"], 1e-9)
    most = 0.05 if suffix == "csv" else 0.3
    least = 1.7 if suffix == "csv" else 1.55
    return [
        Goal(peaks["one"], f"{suffix}: MB of 50M rows", "230 at most"),
        Goal(peaks["one"] / max(peaks["few rows"], 1e-9), f"{suffix}: of that of 10M", "1.15 at most"),
        Goal(further, f"{suffix}: CPU of a further loss, of that of the first", f"{most} at most"),
        Goal(wall["shared"] / wall["one"], f"{suffix}: {', '.join(SHARED)} together, of one", "1.5 at most"),
        Goal(cores, f"{suffix}: two cores, of one", f"{least} at least"),
    ]


def run(folder: Path, suffix: str, rounds: int, scale: float) -> list[Goal]:
    """Run the calls of one format, print their table and return the ratios."""
    calls = commands(folder, suffix, scale)
    runs: dict[str, list[Run]] = {name: [] for name in calls}
    peaks = {name: peak_memory(words, folder) for name, words in calls.items()}
    for at in range(rounds + 1):
        for name, words in calls.items():
            made = measure(words, folder)
            if at or not rounds:  # the first round warms the page cache
                runs[name].append(made)
    print(f"\n{suffix}\n{'':12} {'wall s':>8} {'cpu s':>8} {'peak MB':>8}")
    for name, held in runs.items():
        wall, cpu = (statistics.median(getattr(r, w) for r in held) for w in ("wall", "cpu"))
        print(f"{name:12} {wall:8.3f} {cpu:8.2f} {peaks[name]:8.0f}", flush=True)
    step = statistics.median(r.wall for r in runs["one"]) - statistics.median(
        r.wall for r in runs["few rows"]
    )
    print(f"{step / (ROWS[1] - ROWS[0]) / scale * 1e9:6.1f}  ns for a further row")
    return goals(suffix, runs, peaks)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of rows")
    asked = parser.parse_args()
    for suffix in SUFFIXES:
        print_goals(run(asked.folder.resolve(), suffix, asked.rounds, asked.scale))


if __name__ == "__main__":
    main()
