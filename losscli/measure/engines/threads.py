"""The engine of one machine: blocks, or pieces of files, measured side by side on threads.

The outcome does not depend on which thread finished first: tallies merge to the same bits in any order, and of
several errors the one with the lowest row is raised.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from losscli.errors import DataError
from losscli.measure.engines import forked
from losscli.measure.engines.pool import (
    BATCH_ROWS,
    Advance,
    Journal,
    Outcome,
    Sink,
    batches_of,
    decoded_batches,
    empty_tally,
    settled,
)
from losscli.measure.engines.work import refuse_params
from losscli.measure.fold import fold
from losscli.measure.memory import half_of_free
from losscli.measure.plan import Plan
from losscli.measure.tally import Tally
from losscli.pairing.position import Segment, align, row_segments, segments, within
from losscli.reading.source import parts_from
from losscli.table.block import AnyColumn, Block, ColumnRequest
from losscli.table.workers import bounded, workers

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from losscli.measure.engines.work import Work
    from losscli.reading.source import Part, Source
    from losscli.table.workers import Spread

SMALL_BYTES = 1 << 20
"""Inputs that are all smaller are measured before threads would have started."""
SMALL_ARRAYS = 1 << 24
"""The same of arrays whose rows are not kept: threads would hand over the interpreter's lock more than they work."""


def on_threads(work: Work, params: Mapping[str, str]) -> Outcome:
    """The work on threads of this process."""
    refuse_params("threads", params, ())
    plan, _, sources, jobs, memory, advance, sink, journal = work
    return run(plan, sources, jobs=jobs, advance=advance, memory=memory, sink=sink, journal=journal)


def run(
    plan: Plan,
    sources: Sequence[Source],
    *,
    jobs: int,
    advance: Advance,
    memory: int | None,
    sink: Sink | None = None,
    journal: Journal | None = None,
) -> Outcome:
    """Measure all rows of the sources, paired by position or by key.

    ``memory`` is how many bytes may be held: of rows that wait for their partners, and of tables of classes.
    ``journal`` holds and keeps what was measured of rows paired by position.
    """
    outcome = measured(plan, sources, jobs=jobs, advance=advance, memory=memory, sink=sink, journal=journal)
    return settled(outcome, plan, sources, jobs)


def measured(
    plan: Plan,
    sources: Sequence[Source],
    *,
    jobs: int,
    advance: Advance,
    memory: int | None,
    sink: Sink | None = None,
    journal: Journal | None = None,
) -> Outcome:
    """The rows of a plan, not added up: a part of all where the plan says so."""
    _keep_memory()
    outcome = Outcome(empty_tally(plan, sink, memory))
    if journal is not None:
        outcome.take_in(journal.before)
        if journal.complete:
            return outcome
    if plan.keys is None:
        _by_position(plan, sources, jobs, outcome, advance, journal)
        return outcome
    # Imported here: calls that pair by position start faster.
    from losscli.measure.engines.keyed import measure_keyed, measure_parts

    work = partial(measure_keyed, sources, plan.keys, jobs, memory or half_of_free(), advance, sink)
    return work(plan) if journal is None else measure_parts(plan, sources, work, outcome, journal)


def _by_position(
    plan: Plan,
    sources: Sequence[Source],
    jobs: int,
    outcome: Outcome,
    advance: Advance,
    journal: Journal | None,
) -> None:
    """Add rows paired by position to an outcome, up to what stops the reading."""
    wants = [plan.wants(side) for side in range(len(plan.sides))]
    forking = journal is None and forked.possible(plan, sources, jobs, outcome.tally)
    pieces, rows = segments(sources, wants), plan.rows_to_read
    cut = journal is None and (forking or rows is not None) and len(pieces) == 1
    if cut and (count := found_rows(sources, jobs, forking=forking)) is not None:
        wanted = range(count) if rows is None else range(rows.start, min(rows.stop, count))
        pieces = row_segments(sources, wants, wanted)
    if not pieces:  # a part without rows
        return
    ends = [*(piece.first_row for piece in pieces[1:]), sys.maxsize if rows is None else rows.stop]
    if rows is not None:
        kept = [
            (piece, end)
            for piece, end in zip(pieces, ends, strict=True)
            if piece.first_row < rows.stop and end > rows.start
        ]
        pieces, ends = [piece for piece, _ in kept], [end for _, end in kept]
    work = partial(_measure_piece, plan, sources)

    def done(piece: Segment, rows: int) -> None:
        advance(rows, sum(part.size for side in piece.sides for part in side))

    if forking and len(pieces) > 1:
        forked.measure_pieces(work, pieces, min(jobs, len(pieces)), outcome, done)
        return
    with workers(jobs) as pool:
        if len(pieces) == 1:
            outcome.stop = _measure_stream(
                plan, sources, pieces[0], pool, jobs, outcome.tally, advance, journal
            )
            return
        measured = bounded(pool, work, pieces, ahead=2 * jobs)
        for part, piece, end in zip(measured, pieces, ends, strict=False):
            outcome.take_in(part)
            done(piece, part.tally.read)
            if outcome.stop is not None:
                return
            if journal is not None and piece is not pieces[-1]:
                journal.keep(Outcome(outcome.tally), end)


def found_rows(sources: Sequence[Source], jobs: int, *, forking: bool = False) -> int | None:
    """How many rows all sources have, where they can be cut between any; None where they cannot, or have not as many.

    What is wrong with unequal files is said by those who read them in order: a bad row may come first.
    """
    with workers(1 if forking else jobs) as pool:
        spread: Spread = partial(forked.spread, jobs) if forking else pool.map if pool is not None else map
        counts = set()
        for source in sources:
            counts.add(source.find_rows(spread))
            if None in counts or len(counts) > 1:
                return None
    return counts.pop()


def column(source: Source, want: ColumnRequest, *, jobs: int) -> Iterator[AnyColumn]:
    """One column of a source, from the first row to the last, in pieces."""
    with workers(jobs) as pool, ExitStack() as stack:
        row = 0
        for batch in decoded_batches(source, source.parts([want]), BATCH_ROWS, pool, jobs, stack):
            row += batch.rows
            yield batch.columns[0]
            if batch.stop is not None:
                raise batch.stop if batch.stop.row is not None else batch.stop.with_row(row + 1)


def count_rows(source: Source, want: ColumnRequest, *, jobs: int) -> tuple[int, DataError | None]:
    """How many rows of a column can be read, and what stops the reading; it is read where nothing else tells."""
    known = source.find_rows() if source.rows is None else source.rows
    if known is not None:
        return known, None
    rows = 0
    try:
        for piece in column(source, want, jobs=jobs):
            rows += len(piece)
    except DataError as error:
        return rows, error
    return rows, None


def _measure_piece(plan: Plan, sources: Sequence[Source], piece: Segment) -> Outcome:
    """One segment from its bytes to its tally in one thread, each batch while the cache holds it."""
    outcome = Outcome(Tally())
    sides = [batches_of(parts, plan.chunk_rows) for parts in piece.sides]
    try:
        blocks = align(sources, sides, piece.first_row, plan.chunk_rows)
        for block in within(blocks, plan.rows_to_read):
            outcome.tally.merge(fold(plan, block))
    except DataError as error:
        outcome.stop = error
    return outcome


def _measure_stream(
    plan: Plan,
    sources: Sequence[Source],
    piece: Segment,
    pool: ThreadPoolExecutor | None,
    jobs: int,
    tally: Tally,
    advance: Advance,
    journal: Journal | None,
) -> DataError | None:
    """One long segment: its parts are decoded ahead, in order, and its blocks measured as they come."""

    def counted(parts: Iterable[Part]) -> Iterator[Part]:
        for part in parts:
            advance(0, part.size)
            yield part

    rows = plan.rows_to_read
    first = piece.first_row if rows is None else max(rows.start, piece.first_row)
    with ExitStack() as stack:
        sides = []
        for source, parts in zip(sources, piece.sides, strict=True):
            asked = parts_from(counted(parts), first, piece.first_row)
            sides.append(decoded_batches(source, asked, plan.chunk_rows, pool, jobs, stack))
        blocks = within(align(sources, sides, first, plan.chunk_rows), rows)
        try:
            for measured, end in bounded(pool, partial(_folded, plan), blocks, ahead=2 * jobs):
                tally.merge(measured)
                advance(measured.read, 0)
                if journal is not None:
                    journal.keep(Outcome(tally), end)
        except DataError as error:
            return error
    return None


def _folded(plan: Plan, block: Block) -> tuple[Tally, int]:
    """The tally of a block, and how many rows there are up to its end."""
    return fold(plan, block), block.first_row + block.rows


def default_jobs(sources: Sequence[Source], plan: Plan | None = None) -> int:
    """As many as the cores that this process may use; one where the inputs are small, for the plan if it is known."""
    passing = plan is not None and plan.keys is None and not plan.keeps_rows
    small = (SMALL_ARRAYS if passing and source.in_memory else SMALL_BYTES for source in sources)
    if all(
        source.size is not None and source.size < size for source, size in zip(sources, small, strict=True)
    ):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _keep_memory() -> None:
    # When a large block is freed, glibc keeps blocks up to that size. Otherwise every temporary array of a
    # kernel would be mapped, page by page, and unmapped again.
    held = np.empty((1 << 22) - (1 << 12))
    del held
