"""The engine of one machine: blocks, or pieces of files, measured side by side on threads.

NumPy and Arrow let go of the interpreter's lock while they work, so threads share the memory and
copy nothing.  What is returned does not depend on who finished first: tallies merge to the same
bits in any order, and of several errors the one of the lowest row counts.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from losscli.errors import DataError
from losscli.measure.memory import half_of_free
from losscli.measure.plan import Plan, Tally
from losscli.pairing.position import Segment, align, segments
from losscli.table.block import AnyColumn, Batch, ColumnRequest

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from losscli.measure.rows import RowTable
    from losscli.pairing import Paired
    from losscli.reading.source import Part, Source

T = TypeVar("T")
R = TypeVar("R")

BATCH_ROWS = 1 << 16
SMALL_BYTES = 1 << 20
"""Inputs of which each is smaller are measured before threads would have started."""

Advance = Callable[[int, int], None]
"""Told of rows measured and bytes read since it was last called."""


@dataclass(slots=True)
class Outcome:
    """The tally of the rows that could be read, and what stopped the reading, if anything did."""

    tally: Tally
    stop: DataError | None = None
    paired: Paired | None = None  # by key


class Sink(Protocol):
    """What takes single rows in: in their order by position, in any order by key."""

    def add(self, rows: RowTable) -> None: ...

    def restart(self) -> None:
        """Another way to pair the rows begins: forget those of the last one."""


def run(
    plan: Plan,
    sources: Sequence[Source],
    *,
    jobs: int,
    advance: Advance,
    memory: int | None = None,
    sink: Sink | None = None,
) -> Outcome:
    """Measure all rows of the sources, paired by position or by key.

    ``memory`` is how many bytes may be held: of rows that wait for their partners, and of tables of classes.
    """
    _keep_memory()
    memory = memory or half_of_free()
    if plan.keys is not None:
        # Imported here, as much of what is imported only where a call needs it: it starts faster.
        from losscli.measure.engines.keyed import measure_keyed

        return measure_keyed(plan, sources, plan.keys, jobs, memory, advance, sink)
    wants = [plan.wants(side) for side in range(len(plan.sides))]
    pieces = segments(sources, wants)
    outcome = Outcome(empty_tally(sink, memory))
    with workers(jobs) as pool:
        if len(pieces) > 1:
            measured = bounded(
                pool, lambda piece: _measure_piece(plan, sources, piece), pieces, ahead=2 * jobs
            )
            for part, piece in zip(measured, pieces, strict=False):
                outcome.tally.merge(part.tally)
                advance(part.tally.read, sum(p.size for side in piece.sides for p in side))
                if part.stop is not None:
                    outcome.stop = part.stop
                    break
        else:
            outcome.stop = _measure_stream(plan, sources, pieces[0], pool, jobs, outcome.tally, advance)
    return outcome


def empty_tally(sink: Sink | None, memory: int) -> Tally:
    """An empty tally that hands on the single rows of those merged into it, and keeps to some memory."""
    if sink is None:
        return Tally(memory=memory)
    sink.restart()
    return Tally(sink=sink.add, memory=memory)


def column(source: Source, want: ColumnRequest, *, jobs: int) -> Iterator[AnyColumn]:
    """One column of a source, from the first row to the last, in pieces."""
    with workers(jobs) as pool, ExitStack() as stack:
        row = 0
        for batch in decoded_batches(source, source.parts([want]), BATCH_ROWS, pool, jobs, stack):
            row += batch.rows
            yield batch.columns[0]
            if batch.stop is not None:
                raise batch.stop if batch.stop.row is not None else batch.stop.with_row(row + 1)


def _measure_piece(plan: Plan, sources: Sequence[Source], piece: Segment) -> Outcome:
    """One segment from its bytes to its tally in one thread, each batch while the cache holds it."""
    outcome = Outcome(Tally())
    sides = [_batches(parts, plan.chunk_rows) for parts in piece.sides]
    try:
        for block in align(sources, sides, piece.first_row, plan.chunk_rows):
            outcome.tally.merge(plan.measure(block))
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
        blocks = align(sources, sides, piece.first_row, plan.chunk_rows)
        try:
            for measured in bounded(pool, plan.measure, blocks, ahead=2 * jobs):
                tally.merge(measured)
                advance(measured.read, 0)
        except DataError as error:
            return error
    return None


def decoded_batches(
    source: Source,
    parts: Iterable[Part],
    chunk_rows: int,
    pool: ThreadPoolExecutor | None,
    jobs: int,
    stack: ExitStack,
) -> Iterator[Batch]:
    """One side's batches in order, decoded ahead of the measuring where there are threads for it."""
    if pool is None:
        return _batches(parts, chunk_rows)
    if source.rows is None:  # small parts, cut from text: decoded side by side
        ready = bounded(
            pool, lambda part: list(part.batches(max(chunk_rows, BATCH_ROWS))), parts, ahead=jobs + 1
        )
        return (batch for batches in ready for batch in batches)
    # Parts of any size: one thread of their own runs through them, a few batches ahead.
    reader = stack.enter_context(workers(1, at_least=True))
    batches = _batches(parts, chunk_rows)
    return _until_none(bounded(reader, lambda _: next(batches, None), count(), ahead=2 * jobs))


def _until_none(batches: Iterator[Batch | None]) -> Iterator[Batch]:
    for batch in batches:
        if batch is None:
            return
        yield batch


def _batches(parts: Iterable[Part], chunk_rows: int) -> Iterator[Batch]:
    for part in parts:
        yield from part.batches(chunk_rows)


def bounded(
    pool: ThreadPoolExecutor | None, work: Callable[[T], R], items: Iterable[T], *, ahead: int
) -> Iterator[R]:
    """The results in order, at most ``ahead`` items under way at a time.

    An error met while taking the next item is raised behind the results of the items before it.
    """
    source = iter(items)
    if pool is None:
        for item in source:
            yield work(item)
        return
    # Executor.map would take all items first, and so hold the file.
    waiting: deque[Future[R]] = deque()
    stop: BaseException | None = None
    try:
        while True:
            while stop is None and len(waiting) < ahead:
                try:
                    waiting.append(pool.submit(work, next(source)))
                except StopIteration as end:
                    stop = end
                except DataError as error:
                    stop = error
            if not waiting:
                break
            yield waiting.popleft().result()
        if isinstance(stop, DataError):
            raise stop
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def workers(jobs: int, *, at_least: bool = False) -> Iterator[ThreadPoolExecutor | None]:
    """So many threads; none for one job, which is done where it is met, unless ``at_least`` one is wanted."""
    if jobs == 1 and not at_least:
        yield None
        return
    # Imported here: small files are measured without threads.
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(jobs, thread_name_prefix="losscli")
    try:
        yield pool
    finally:
        # On an interrupt, what is under way is left to end with the process: nobody waits for it.
        pool.shutdown(wait=False, cancel_futures=True)


def default_jobs(sources: Sequence[Source]) -> int:
    """As many as the cores that this process may use; one where the inputs are small."""
    if all(source.size is not None and source.size < SMALL_BYTES for source in sources):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _keep_memory() -> None:
    # glibc takes a large block that is freed as a sign to keep blocks up to that size: without it
    # every temporary of a kernel would be mapped, page by page, and unmapped again.
    held = np.empty((1 << 22) - (1 << 12))
    del held
