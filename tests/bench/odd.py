"""What files cost that no fast path was made for, beside plain ones: seconds a byte read, start-up left out.

    python tests/bench/odd.py FOLDER [CASE ...] [--rounds 5] [--rows 4000000]

Bytes are those of the text before it was compressed, or of the values that are read.  The goal is that none
costs more than twice the plain case of its format.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import HERE, Run, arguments, losscli, measure

CSV = ("quoted", "gz", "zst", "1000-csv-files")
PARQUET = (
    "unequal-groups", "one-group", "small-groups", "nullable", "repeating", "dictionary", "float32", "weights",
    "200-columns", "1000-parquet-files",
)  # fmt: skip
SAME = ("parquet", "unequal-groups", "one-group", "small-groups", "csv", "quoted", "gz", "zst")
"""Cases that hold the same rows, and so have the same value to the bit."""


@dataclass(frozen=True)
class Made:
    """What the command is given, and how many bytes it reads."""

    words: tuple[str, ...]
    size: int


def files(folder: Path, cases: Sequence[str], rows: int) -> dict[str, Made]:
    """The files of cases, made by another process: a child's peak memory begins at that of its parent."""
    words = [sys.executable, str(HERE / "odd_data.py"), str(folder), str(rows), *cases]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    made = map(json.loads, told)
    return {case: Made(tuple(given), size) for case, (given, size) in zip(cases, made, strict=True)}


def command(made: Made) -> list[str]:
    return [
        *losscli(),
        "eval",
        *made.words,
        "--pred",
        "pred",
        "--label",
        "label",
        "--loss",
        "mse",
        "-f",
        "csv",
    ]


def run(folder: Path, cases: Sequence[str], rows: int, rounds: int) -> dict[str, float]:
    """The cost of a byte of each odd case over that of the plain one; printed as a table."""
    chosen = list(cases) or [*PARQUET, *CSV]
    plain = {name: "csv" if name in CSV else "parquet" for name in chosen}
    formats = dict.fromkeys(plain.values())
    starts = [f"{format}-start" for format in formats]
    names = [*starts, *formats, *chosen]
    made = files(folder, names, rows)
    runs: dict[str, list[Run]] = {name: [measure(command(made[name]), folder)] for name in names}
    assert len({runs[name][0].values for name in SAME if name in runs}) == 1, "the same rows have other bits"
    for _ in range(rounds):
        for name in names:
            runs[name].append(measure(command(made[name]), folder))
    runs = {name: held[1:] or held for name, held in runs.items()}  # the first ones warmed the page cache
    walls = {name: statistics.median(each.wall for each in held) for name, held in runs.items()}
    costs = {
        name: (walls[name] - walls[f"{plain.get(name, name)}-start"]) / made[name].size
        for name in names
        if name not in starts
    }
    print(f"\n{'':18} {'wall s':>8} {'cpu s':>8} {'peak MB':>8} {'MB read':>8} {'ns/byte':>8} {'ratio':>6}")
    ratios = {}
    for name in names:
        cpu, peak = (statistics.median(getattr(r, what) for r in runs[name]) for what in ("cpu", "peak_mb"))
        line = f"{name:18} {walls[name]:8.3f} {cpu:8.2f} {peak:8.0f} {made[name].size / 1e6:8.1f}"
        if name in plain:
            base = costs[plain[name]]
            ratios[name] = costs[name] / base if base > 0.0 else float("nan")
            line += f" {1e9 * costs[name]:8.2f} {ratios[name]:6.2f}"
        elif name not in starts:
            line += f" {1e9 * costs[name]:8.2f}"
        print(line, flush=True)
    return ratios


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument(
        "cases", nargs="*", metavar="CASE", help=f"of {', '.join([*PARQUET, *CSV])} (default: all)"
    )
    parser.add_argument("--rows", type=int, default=4_000_000)
    asked = parser.parse_args()
    run(asked.folder.resolve(), asked.cases, asked.rows, asked.rounds)


if __name__ == "__main__":
    main()
