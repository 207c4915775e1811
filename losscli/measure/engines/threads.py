"""The engine of one machine: blocks, or pieces of files, measured side by side on threads.

The outcome does not depend on which thread finished first: tallies merge to the same bits in any order, and of
several errors the one with the lowest row is raised.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from losscli.errors import DataError
from losscli.measure.engines import forked
from losscli.measure.engines.pool import (
    BATCH_ROWS,
    Advance,
    Outcome,
    Sink,
    batches_of,
    decoded_batches,
    empty_tally,
)
from losscli.measure.fold import fold
from losscli.measure.memory import half_of_free
from losscli.measure.plan import Plan
from losscli.measure.tally import Tally
from losscli.pairing.position import Segment, align, row_segments, segments, within
from losscli.table.block import AnyColumn, ColumnRequest
from losscli.table.workers import bounded, workers

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from losscli.reading.source import Part, Source

SMALL_BYTES = 1 << 20
"""Inputs that are all smaller are measured before threads would have started."""


def run(
    plan: Plan,
    sources: Sequence[Source],
    *,
    jobs: int,
    advance: Advance,
    memory: int | None,
    sink: Sink | None = None,
) -> Outcome:
    """Measure all rows of the sources, paired by position or by key.

    ``memory`` is how many bytes may be held: of rows that wait for their partners, and of tables of classes.
    """
    _keep_memory()
    memory = memory or half_of_free()
    if plan.keys is None:
        outcome = _by_position(plan, sources, jobs, memory, advance, sink)
    else:
        # Imported here: calls that pair by position start faster.
        from losscli.measure.engines.keyed import measure_keyed

        outcome = measure_keyed(plan, sources, plan.keys, jobs, memory, advance, sink)
    outcome.tally.add_up()
    outcome.tally.finish_with(jobs)
    return outcome


def _by_position(
    plan: Plan, sources: Sequence[Source], jobs: int, memory: int, advance: Advance, sink: Sink | None
) -> Outcome:
    wants = [plan.wants(side) for side in range(len(plan.sides))]
    # The process of a caller who has arrays is not forked: other libraries may have threads in it.
    ours = not any(source.in_memory for source in sources)
    forking = jobs > 1 and sink is None and ours and forked.possible(plan)
    pieces = segments(sources, wants)
    if forking and len(pieces) == 1 and (rows := _found_rows(sources, jobs)) is not None:
        pieces = row_segments(sources, wants, rows)
    if plan.rows is not None:
        ends = [piece.first_row for piece in pieces[1:]]
        pieces = [
            piece
            for piece, end in zip(pieces, [*ends, plan.rows.stop], strict=True)
            if piece.first_row < plan.rows.stop and end >= plan.rows.start
        ]
    outcome = Outcome(empty_tally(plan, sink, memory))
    work = partial(_measure_piece, plan, sources)

    def done(piece: Segment, rows: int) -> None:
        advance(rows, sum(part.size for side in piece.sides for part in side))

    if forking and len(pieces) > 1:
        outcome.stop = forked.measure_pieces(work, pieces, min(jobs, len(pieces)), outcome.tally, done)
        return outcome
    with workers(jobs) as pool:
        if len(pieces) == 1:
            outcome.stop = _measure_stream(plan, sources, pieces[0], pool, jobs, outcome.tally, advance)
            return outcome
        measured = bounded(pool, work, pieces, ahead=2 * jobs)
        for part, piece in zip(measured, pieces, strict=False):
            outcome.tally.merge(part.tally)
            done(piece, part.tally.read)
            if part.stop is not None:
                outcome.stop = part.stop
                break
    return outcome


def _found_rows(sources: Sequence[Source], jobs: int) -> int | None:
    """How many rows all sources have, where they can be cut between any; None where they cannot, or have not as many.

    What is wrong with unequal files is said by those who read them in order: a bad row may come first.
    """
    with workers(jobs) as pool:
        counts = set(bounded(pool, lambda source: source.find_rows(), sources, ahead=jobs))
        if pool is not None:
            pool.shutdown()  # and wait: a process is forked while no other thread runs
    return counts.pop() if len(counts) == 1 else None


def column(source: Source, want: ColumnRequest, *, jobs: int) -> Iterator[AnyColumn]:
    """One column of a source, from the first row to the last, in pieces."""
    with workers(jobs) as pool, ExitStack() as stack:
        row = 0
        for batch in decoded_batches(source, source.parts([want]), BATCH_ROWS, pool, jobs, stack):
            row += batch.rows
            yield batch.columns[0]
            if batch.stop is not None:
                raise batch.stop if batch.stop.row is not None else batch.stop.with_row(row + 1)


def count_rows(source: Source, want: ColumnRequest, *, jobs: int) -> int:
    """How many rows a source has; where it does not say, one column is read."""
    if source.rows is not None:
        return source.rows
    return sum(len(piece) for piece in column(source, want, jobs=jobs))


def _measure_piece(plan: Plan, sources: Sequence[Source], piece: Segment) -> Outcome:
    """One segment from its bytes to its tally in one thread, each batch while the cache holds it."""
    outcome = Outcome(Tally())
    sides = [batches_of(parts, plan.chunk_rows) for parts in piece.sides]
    try:
        blocks = align(sources, sides, piece.first_row, plan.chunk_rows)
        for block in within(blocks, plan.rows):
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
) -> DataError | None:
    """One long segment: its parts are decoded ahead, in order, and its blocks measured as they come."""

    def counted(parts: Iterable[Part]) -> Iterator[Part]:
        for part in parts:
            advance(0, part.size)
            yield part

    with ExitStack() as stack:
        sides = [
            decoded_batches(source, counted(parts), plan.chunk_rows, pool, jobs, stack)
            for source, parts in zip(sources, piece.sides, strict=True)
        ]
        blocks = within(align(sources, sides, piece.first_row, plan.chunk_rows), plan.rows)
        try:
            for measured in bounded(pool, partial(fold, plan), blocks, ahead=2 * jobs):
                tally.merge(measured)
                advance(measured.read, 0)
        except DataError as error:
            return error
    return None


def default_jobs(sources: Sequence[Source]) -> int:
    """As many as the cores that this process may use; one where the inputs are small."""
    if all(source.size is not None and source.size < SMALL_BYTES for source in sources):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _keep_memory() -> None:
    # When a large block is freed, glibc keeps blocks up to that size. Otherwise every temporary array of a
    # kernel would be mapped, page by page, and unmapped again.
    held = np.empty((1 << 22) - (1 << 12))
    del held
