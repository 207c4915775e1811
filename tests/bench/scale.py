"""What many machines would give, from what is measured on this one: parts a second, bytes of a state, and the serial tail.

    OPENBLAS_NUM_THREADS=1 python tests/bench/scale.py FOLDER [--rows 20000000] [--parts 16] [--tasks 2000]

Parts of two Parquet files are measured one after another, which gives what a core reads, the bytes of a state and the
seconds of a merge; a Dask scheduler with two workers gives tasks a second, and what a call takes besides. Then the seconds
of 10¹² rows on W workers with 4·W parts:

    max(rows / (W · rows a second of a core), tasks / tasks a second) + levels · FAN · merge + tail

where parts and their merges are tasks, outcomes are merged FAN at a time on so many levels, and the tail is a call with
hardly any rows: connecting, comparing the machines, gathering and finishing. More workers help until the scheduler takes
as long as the reading.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil, sqrt
from pathlib import Path
from typing import Any

from bench import FOUR, MILLION, Case, arguments, files
from losscli import evaluate
from losscli.measure.call import Call
from losscli.measure.engines.dask import FAN
from losscli.measure.engines.parts import far_inputs, fold_part, merged, parts_of
from losscli.measure.engines.work import Work
from losscli.measure.loss_request import requests_of
from losscli.report.options import EvalOptions

ROWS = 10**12
WORKERS = (10, 100, 1000)
PARTS_A_WORKER = 4  # as many as `parts_of` makes
TASKS_A_PART = 1 + 1 / (FAN - 1)  # the part, and its share of the merges


@dataclass(frozen=True)
class Measured:
    """What was measured here."""

    rows_a_second: float  # of one core
    bytes_a_row: float  # of the columns that are read
    part_bytes: int  # of a part that is sent
    state_bytes: int  # of an outcome that is sent back
    merge: float  # seconds of one outcome more
    tail: float = 0.0  # seconds of a call with hardly any rows
    tasks_a_second: float = 1.0  # that do nothing
    parts_a_second: float = 1.0  # of hardly any rows, on two workers, with the call around them

    def seconds(self, workers: int) -> dict[str, float]:
        """What takes how long with so many workers."""
        outcomes = parts = PARTS_A_WORKER * workers
        levels = 0
        while outcomes > FAN:
            outcomes, levels = ceil(outcomes / FAN), levels + 1
        return {
            "reading": ROWS / (workers * self.rows_a_second),
            "scheduler": parts * TASKS_A_PART / self.tasks_a_second,
            "merging": levels * FAN * self.merge,
            "tail": self.tail,
        }

    @property
    def most_workers(self) -> float:
        """Beyond them the scheduler takes longer than the reading."""
        return sqrt(ROWS * self.tasks_a_second / (self.rows_a_second * PARTS_A_WORKER * TASKS_A_PART))


def total(seconds: Mapping[str, float]) -> float:
    """Reading and scheduling go on at the same time; merging and the tail wait for them."""
    return max(seconds["reading"], seconds["scheduler"]) + seconds["merging"] + seconds["tail"]


def nothing(at: int) -> int:
    """A task without work."""
    return at


def timed(what: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> tuple[float, Any]:
    """The seconds that something takes, and what it gives."""
    began = clock()
    found = what()
    return clock() - began, found


def numbers(folder: Path, rows: int) -> list[str]:
    return [str(path) for path in files(folder, Case("numbers", "snappy.parquet", rows), rows)]


def in_this_process(paths: list[str], parts: int) -> Measured:
    """What parts take one after another, in CPU seconds."""
    options = EvalOptions(*paths, pred="pred", label="label", loss=FOUR)
    call = Call.opened(options)
    plan = call.plan(requests_of(list(FOUR), grouped=False))
    work = Work(plan, call.inputs, call.sources, 1, None, lambda rows, size: None, None, None)
    made = parts_of(work, far_inputs(work), 1, parts)
    fold_part(made[0])  # loads what is loaded once
    seconds, outcomes = timed(lambda: [pickle.dumps(fold_part(part)) for part in made], time.process_time)
    merging, _ = timed(lambda: merged([pickle.loads(outcome) for outcome in outcomes]), time.process_time)
    rows = call.sources[0].rows or 0
    read = sum(source.bytes_of(plan.wants(side)) or 0 for side, source in enumerate(call.sources))
    return Measured(
        rows / seconds,
        read / rows,
        len(pickle.dumps(made[0])),
        max(map(len, outcomes)),
        merging / len(outcomes),
    )


def run(folder: Path, rows: int, parts: int, tasks: int, *, processes: bool = True) -> Measured:
    """Measure, print what 10¹² rows would take, and return what was measured."""
    from distributed import Client, LocalCluster

    paths, few = numbers(folder, rows), numbers(folder, 1000)
    evaluate(*paths, pred="pred", label="label", loss=FOUR)  # warms the page cache
    found = in_this_process(paths, parts)
    how = {
        "threads_per_worker": 1,
        "host": "127.0.0.1",
        "protocol": "tcp",
        "dashboard_address": "127.0.0.1:0",
    }
    with LocalCluster(2, processes=processes, **how) as cluster, Client(cluster) as client:

        def through(paths: list[str], parts: int) -> float:
            engine = f"dask:scheduler={cluster.scheduler_address},parts={parts}"
            return timed(lambda: evaluate(*paths, pred="pred", label="label", loss=FOUR, engine=engine))[0]

        def empty() -> float:
            return timed(lambda: client.gather(client.map(nothing, range(tasks), pure=False)))[0]

        through(few, 2)
        empty()
        tail = through(few, 1)
        found = replace(
            found,
            tail=tail,
            tasks_a_second=tasks / empty(),
            parts_a_second=parts / through(few, parts),
        )
        whole = through(paths, parts)
    show(found, rows / whole)
    return found


def show(found: Measured, reached: float) -> None:
    """Print what was measured, and what it would give."""
    print(
        f"{found.rows_a_second / 1e6:12,.1f} million rows a second on one core, {found.bytes_a_row:.1f} bytes each"
    )
    print(f"{reached / 1e6:12,.1f} million rows a second through Dask, on two workers of this machine")
    print(f"{found.tasks_a_second:12,.0f} tasks a second that do nothing")
    print(f"{found.parts_a_second:12,.0f} parts a second of hardly any rows, the call included")
    print(f"{found.part_bytes:12,} bytes of a part, {found.state_bytes:,} of its state")
    print(f"{found.merge * 1e6:12,.0f} µs for the merge of a state")
    print(f"{found.tail:12.2f} s for a call with hardly any rows")
    names = ("reading", "scheduler", "merging", "tail")
    print(
        f"\n10¹² rows\n{'workers':>8}"
        + "".join(f"{name + ' s':>12}" for name in names)
        + f"{'all s':>12}{'GB/s':>8}"
    )
    for workers in WORKERS:
        seconds = found.seconds(workers)
        bandwidth = ROWS * found.bytes_a_row / total(seconds) / 1e9
        print(
            f"{workers:8,}"
            + "".join(f"{seconds[name]:12,.2f}" for name in names)
            + f"{total(seconds):12,.1f}{bandwidth:8,.1f}"
        )
    print(f"the scheduler takes as long as the reading with {found.most_workers:,.0f} workers", flush=True)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=20 * MILLION)
    parser.add_argument("--parts", type=int, default=16)
    parser.add_argument("--tasks", type=int, default=2000)
    asked = parser.parse_args()
    run(asked.folder.resolve(), asked.rows, asked.parts, asked.tasks)


if __name__ == "__main__":
    main()
