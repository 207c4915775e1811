"""Work in parts: a part is a value that any process folds, on any machine that sees the files, and outcomes merge.

A part is a run of rows where they are paired by position, and a share of the keys where by key: each part then reads
all rows, and keeps its own.  An engine decides where `fold_part` runs, and gives what it returns to `gathered`; on the
way `merged` may join the outcomes of neighbours.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli._version import __version__
from losscli.errors import DataError, UsageError
from losscli.measure.engines import threads
from losscli.measure.engines.pool import Outcome, empty_tally, settled
from losscli.measure.engines.work import Work
from losscli.measure.memory import half_of_free
from losscli.measure.plan import Plan
from losscli.measure.tally import Tally
from losscli.numbers.arithmetic import arithmetic
from losscli.numbers.states import GROWING
from losscli.pairing.position import SEGMENT_ROWS, common_cuts, refuse_unequal
from losscli.reading.fingerprint import ends_of
from losscli.reading.inputs import Inputs, is_uri
from losscli.reading.listing import listed
from losscli.table.hashes import HashShare

if TYPE_CHECKING:
    from losscli.reading.source import Source


class PlanPart(NamedTuple):
    """Some of the rows of a plan, and the files in which they are."""

    plan: Plan
    inputs: Inputs
    """By their full paths."""
    written: tuple[str, ...]
    """The paths as the call names them."""
    later: tuple[tuple[str, ...], ...]
    """The columns of each side that the head of the file does not show."""
    lines: tuple[Any, ...]
    """Where the rows of each side begin, where that was found."""
    memory: int | None


def fold_part(part: PlanPart) -> Outcome:
    """What is known of the rows of a part, with the error that ended the reading, if one did.

    UsageError where the rows that a loss needs at once do not fit into the memory of this process.
    """
    sources: Sequence[Source] = ()
    try:
        sources = part.inputs.opened()
        for source, names, lines in zip(sources, part.later, part.lines, strict=True):
            source.lines = lines
            for name in names:
                source.look_for(name)
        memory = part.memory or half_of_free() // (os.cpu_count() or 1)
        outcome = threads.measured(part.plan, sources, jobs=1, advance=lambda rows, size: None, memory=memory)
    except DataError as error:
        outcome = Outcome(Tally(), error)
    if outcome.tally.spill is not None:
        raise UsageError(
            "the rows of a part do not fit into the memory of a worker",
            f"losses that need every row at once may hold {memory >> 20} MiB of them there",
            "more parts are smaller: `parts=N`; `--memory` says how much a part may take",
        )
    if outcome.stop is not None:
        outcome.stop = _as_written(outcome.stop, part)
    outcome.tally.memory = None
    if part.plan.keys is not None:  # all rows were read, and no other process counts them
        outcome.file_rows = [source.rows_by_file() for source in sources]
    return outcome


def _as_written(error: DataError, part: PlanPart) -> DataError:
    """The error, with the paths that the user wrote."""
    for full, written in zip(part.inputs.paths, part.written, strict=True):
        message, detail, hint, file = (
            None if text is None else text.replace(full, written)
            for text in (error.message, error.detail, error.hint, error.file)
        )
        error = replace(error, message=message or "", detail=detail, hint=hint, file=file)
    return error


# ---------------------------------------------------------------------- what is needed of the machines


class Machine(NamedTuple):
    """What must be the same wherever parts of one plan are folded, and the arithmetic, of which a difference is said."""

    losscli: str
    python: str
    numpy: str
    files: tuple[tuple[str, int | None, str | None], ...]
    """Each file of the inputs, its size and the hash of its ends."""
    arithmetic: str


def machine(inputs: Inputs) -> Machine:
    """This machine, and what it sees of the inputs; files that are fetched are not looked at."""
    files = [
        (file.path, *ends_of(file.path))
        for path in inputs.paths
        if not is_uri(path)
        for file in listed(path, any_suffix=inputs.format is not None).files
    ]
    python = ".".join(platform.python_version_tuple()[:2])
    return Machine(__version__, python, np.__version__, tuple(files), arithmetic())


def refuse_other(here: Machine, there: Machine, who: str) -> None:
    """UsageError or DataError where another machine has other versions, or does not see the same files."""
    for what, ours, theirs in zip(("losscli", "Python", "NumPy"), here, there, strict=False):
        if ours != theirs:
            raise UsageError(
                f"{who} has {what} {theirs}, and this machine {ours}",
                "the same versions give the same bits",
                "install the same versions on all machines",
            )
    seen = {path: rest for path, *rest in there.files}
    for path, *ends in here.files:
        if seen.get(path) == ends:
            continue
        missing = seen.get(path, [None])[0] is None
        raise DataError(
            f"{who} sees {'no such file' if missing else 'another file of this name'}",
            "every worker reads the files itself, by the same paths",
            "put the files on storage that all machines share",
            file=path,
        )


# ---------------------------------------------------------------------- cutting


def far_inputs(work: Work) -> Inputs:
    """The inputs by their full paths; UsageError for one that only this process can read."""
    if work.journal is not None:
        raise UsageError(
            "`--resume` keeps what this process measures, and an engine measures in others",
            hint="`--shard I/N` makes parts that are run again one by one",
        )
    for source in work.sources:
        if source.in_memory:
            raise UsageError(
                f"`{source.path}` is in the memory of this process",
                "an engine reads the inputs in other processes",
                "leave `engine` out, or give a path",
            )
    for path, source in zip(work.inputs.paths, work.sources, strict=True):
        if path == "-" or not source.can_be_read_again:
            raise UsageError(
                f"{'standard input' if path == '-' else path} can be read by this process alone",
                "an engine reads the inputs in other processes",
                "save it to a file, or leave `--engine` out",
            )
    return work.inputs.at([path if is_uri(path) else os.path.abspath(path) for path in work.inputs.paths])


def parts_of(work: Work, inputs: Inputs, workers: int, parts: int | None = None) -> list[PlanPart]:
    """The parts of the work over its `far_inputs`: so many, or what suits the workers and the rows.

    Of rows paired by key each worker has one part, since each part reads all of them.
    """
    plan = work.plan
    if plan.keys is not None:
        plans = [plan._replace(share=own) for own in (plan.share or HashShare(0, 1)).cut(parts or workers)]
    else:
        rows = _all_rows(work) if plan.rows is None else plan.rows
        count = parts or max(1, min(4 * workers, len(rows) // SEGMENT_ROWS))
        runs = _runs(rows, count, common_cuts(work.sources))
        plans = [plan._replace(rows=own) for own in runs]
    later, lines = zip(*((source.later, source.lines) for source in work.sources), strict=True)
    first = PlanPart(plan, inputs, work.inputs.paths, later, lines, work.memory)
    return [first._replace(plan=own) for own in plans]


def _all_rows(work: Work) -> range:
    """The rows of the sources, which are counted where these do not know them.

    Where the sources do not end together, or cannot be read to their end, it is one row more than they have in
    common: the last part then finds the error, if none comes before it.
    """
    refuse_unequal(work.sources)
    if (rows := threads.found_rows(work.sources, work.jobs)) is not None:
        return range(rows)
    found = [
        threads.count_rows(source, work.plan.wants(side)[0], jobs=work.jobs)
        for side, source in enumerate(work.sources)
    ]
    together = len({rows for rows, _ in found}) == 1 and all(stop is None for _, stop in found)
    return range(min(rows for rows, _ in found) + (not together))


def _runs(rows: range, count: int, cuts: Sequence[int]) -> Iterator[range]:
    """Runs of about as many rows each, which end where row groups do, if some end near there."""
    ends = [rows.start + at * len(rows) // count for at in range(count + 1)]
    near = len(rows) // (2 * count)
    for at in range(1, count):
        closest = min(cuts, key=lambda cut: abs(cut - ends[at]), default=ends[at])
        ends[at] = closest if abs(closest - ends[at]) <= near else ends[at]
    for start, stop in pairwise(ends):
        if start < stop:
            yield range(start, stop)


# ---------------------------------------------------------------------- merging


def ships_rows(plan: Plan) -> bool:
    """Whether outcomes grow with the rows, so that each is merged where they can be put aside."""
    return any(unit.loss.state in GROWING for unit in plan.units)


def merged(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcomes of neighbouring parts as one."""
    whole = Outcome(Tally())
    for outcome in outcomes:
        whole.take_in(outcome)
    return whole


def gathered(work: Work, parts: Sequence[PlanPart], outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of all parts, which come in their order."""
    whole = Outcome(empty_tally(work.plan, work.sink, work.memory or half_of_free()))
    for outcome in outcomes:
        whole.take_in(outcome)
    for source, rows in zip(work.sources, whole.file_rows, strict=False):
        source.take_file_rows(rows)
    whole.warnings += _reading(work, len(parts))
    return settled(whole, work.plan, work.sources, work.jobs)


def _reading(work: Work, parts: int) -> Iterator[str]:
    """What parts that each read all rows have read together."""
    keys = work.plan.keys
    if keys is None or parts == 1:
        return
    sizes = [
        source.bytes_of([*work.plan.wants(side), *(slot.want for slot in keys.sides[side])])
        for side, source in enumerate(work.sources)
    ]
    inputs = "both" if len(sizes) == 2 else "all"
    amount = (
        "" if None in sizes else f", about {parts * sum(size or 0 for size in sizes) / 1e6:,.1f} MB together"
    )
    yield f"rows are paired by key, so each of {parts} parts reads {inputs} inputs{amount}"
