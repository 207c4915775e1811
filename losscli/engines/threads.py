"""The engine of one machine: blocks, or pieces of files, measured side by side on threads.

NumPy and Arrow let go of the interpreter's lock while they work, so threads share the memory and
copy nothing.  What is returned does not depend on who finished first: tallies merge to the same
bits in any order, and of several errors the one of the lowest row counts.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Protocol, TypeVar

import numpy as np

from losscli.block import Batch, Block, Column, Ints, Want
from losscli.errors import DataError
from losscli.memory import half_of_free
from losscli.pairing.dense import NotDense, Table, held_side, promising
from losscli.pairing.key import Paired, Parts, Troubles, part_bits, parted
from losscli.pairing.keyplan import KeyPlan
from losscli.pairing.ordered import NotInOrder, in_order
from losscli.pairing.position import Segment, align, segments
from losscli.pairing.runs import grouped
from losscli.plan import Plan, Tally
from losscli.rows import RowTable
from losscli.sources import Part, Source
from losscli.sources.inputs import row_name
from losscli.spill import Spill

T = TypeVar("T")
R = TypeVar("R")

BATCH_ROWS = 1 << 16
RUN_ROWS = 1 << 19  # rows parted at a time, where a file knows its rows: fewer and larger pieces
LONG_PART = 1 << 21  # rows of a part that is too large to be held as a whole

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

    ``memory`` is how many bytes of rows may be held while they wait for their partners.
    """
    _keep_memory()
    if plan.keys is not None:
        return _measure_keyed(plan, sources, plan.keys, jobs, memory or half_of_free(), advance, sink)
    wants = [[Want(slot.index, slot.kind) for slot in slots] for slots in plan.sides]
    pieces = segments(sources, wants)
    outcome = Outcome(_tally(sink))
    with _pool(jobs) as pool:
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


def _tally(sink: Sink | None) -> Tally:
    """An empty tally that hands on the single rows of those merged into it."""
    if sink is None:
        return Tally()
    sink.restart()
    return Tally(sink=sink.add)


def column(source: Source, want: Want, *, jobs: int) -> Iterator[Column]:
    """One column of a source, from the first row to the last, in pieces."""
    with _pool(jobs) as pool, ExitStack() as stack:
        row = 0
        for batch in _decoded(source, source.parts([want]), BATCH_ROWS, pool, jobs, stack):
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


def _measure_keyed(
    plan: Plan,
    sources: Sequence[Source],
    keys: KeyPlan,
    jobs: int,
    memory: int,
    advance: Advance,
    sink: Sink | None,
) -> Outcome:
    """Rows paired by key: by one of two short ways where the keys allow it, else by their hash."""
    reader = _KeyedReader(plan, sources, keys, jobs, memory, advance, sink)
    again = all(source.size is not None for source in sources)  # not for standard input or a pipe
    if again and (found := reader.in_order()) is not None:
        return found
    side = held_side(keys, sources)
    if side is not None and (found := reader.dense(side)) is not None:
        return found
    return reader.by_hash()


@dataclass(frozen=True, slots=True)
class _KeyedReader:
    """The three ways to read two files whose rows are paired by key."""

    plan: Plan
    sources: Sequence[Source]
    keys: KeyPlan
    jobs: int
    memory: int
    advance: Advance
    sink: Sink | None

    def wants(self, side: int) -> list[Want]:
        """The columns of the plan, and behind them the keys."""
        wants = [Want(slot.index, slot.kind) for slot in self.plan.sides[side]]
        return wants + [slot.want for slot in self.keys.sides[side]]

    def in_order(self) -> Outcome | None:
        """Both files from front to back, a batch at a time; None where they are not in the order of the keys."""
        tally = _tally(self.sink)
        paired: list[Paired] = []

        def blocks(sides: Sequence[Iterator[Batch]]) -> Iterator[Block]:
            for found in in_order(sides, self.keys, self.plan.chunk_rows):
                if isinstance(found, Block):
                    yield found
                else:
                    paired.append(found)

        with _pool(self.jobs) as pool, ExitStack() as stack:
            sides = [
                _decoded(
                    source, self.counted(source.parts(self.wants(at))), BATCH_ROWS, pool, self.jobs, stack
                )
                for at, source in enumerate(self.sources)
            ]
            try:
                for measured in bounded(pool, self.plan.measure, blocks(sides), ahead=2 * self.jobs):
                    tally.merge(measured)
                    self.advance(measured.read, 0)
            except (NotInOrder, DataError):
                return None
        return Outcome(tally, None, paired[0]) if paired[0].pairs else None

    def dense(self, side: int) -> Outcome | None:
        """One file as a table, the other one against it; None where the keys do not lie close together."""
        tally, alone, read = _tally(self.sink), [], 0
        limit = self.memory // 2
        try:
            with _pool(self.jobs) as pool:
                if not promising(self.sources[side], self.wants(side)):
                    return None

                def each(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
                    return list(bounded(pool, work, items, ahead=2 * self.jobs))

                table = Table(self.read(side, lambda batch: batch, pool), self.keys, side, limit, each)
                batches = self.read(1 - side, lambda batch: batch, pool)

                def placed() -> Iterator[tuple[Batch, int]]:
                    row = 0
                    for batch in batches:
                        yield batch, row
                        row += batch.rows

                def measure(piece: tuple[Batch, int]) -> tuple[int, Tally, Ints]:
                    measured = Tally()
                    blocks, left = table.paired(*piece, self.plan.chunk_rows)
                    for block in blocks:
                        measured.merge(self.plan.measure(block))
                    return piece[0].rows, measured, left

                for rows, measured, left in bounded(pool, measure, placed(), ahead=2 * self.jobs):
                    read += rows
                    tally.merge(measured)
                    self.advance(rows, 0)
                    if len(left):
                        alone.append(left)
                        limit -= 2 * left.nbytes
                        if limit < 0:
                            return None
        except (NotDense, DataError):
            return None
        paired = table.outcome(read, tally.read, alone)
        return None if paired is None else Outcome(tally, None, paired)

    def by_hash(self) -> Outcome:
        """All rows by their part, then part by part: both need threads, and neither an order."""
        slots = max(len(side) for side in self.plan.sides)
        bits = part_bits(self.sources, slots, self.memory, self.jobs)
        tally, stops = _tally(self.sink), []
        with _pool(self.jobs) as pool, Spill() as spill:
            # The other half is for what is decoded, matched and measured at the moment.
            parts = Parts(self.keys, spill, bits, self.memory // 2)
            for side in range(len(self.sources)):
                try:
                    work = partial(parted, plan=self.keys, side=side, bits=bits)
                    for found in self.read(side, work, pool, RUN_ROWS):
                        parts.add(side, found)
                except DataError as error:
                    stops.append(error)
            if stops:
                # Of both files the one with the lower row, and what concerns a whole file before all.
                return Outcome(tally, min(stops, key=lambda stop: stop.row or 0))

            def measure(part: int) -> tuple[Troubles, Tally]:
                measured = Tally()
                troubles, blocks = parts.matched(part, self.plan.chunk_rows)
                for block in blocks:
                    measured.merge(self.plan.measure(block))
                return troubles, measured

            for troubles, measured in bounded(pool, measure, range(len(parts)), ahead=2 * self.jobs):
                parts.troubles.merge(troubles)
                tally.merge(measured)
                self.advance(measured.read, 0)
            refusal, paired = parts.outcome(
                tally.read, [partial(row_name, source) for source in self.sources]
            )
        # What is wrong with keys goes before what is wrong with the values beside them.
        return Outcome(tally if refusal is None else Tally(), refusal, paired)

    def counted(self, parts: Iterable[Part]) -> Iterator[Part]:
        for part in parts:
            self.advance(0, part.size)
            yield part

    def read(
        self, side: int, work: Callable[[Batch], R], pool: ThreadPoolExecutor | None, rows: int = 1
    ) -> Iterator[R]:
        """What ``work`` makes of each batch of a file, in order; batches are joined until they have ``rows``."""
        source = self.sources[side]
        parts = self.counted(source.parts(self.wants(side)))
        long = [LONG_PART] if source.rows is not None else []
        if max(getattr(source, "part_rows", lambda: long)(), default=0) < LONG_PART:

            def decoded(part: Part) -> list[R]:
                return [work(batch) for batch in grouped(part.batches(BATCH_ROWS), rows)]

            for found in bounded(pool, decoded, parts, ahead=self.jobs + 1):
                yield from found
            return
        with ExitStack() as stack:
            batches = _decoded(source, parts, BATCH_ROWS, pool, self.jobs, stack)
            yield from bounded(pool, work, batches, ahead=2 * self.jobs)


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
            _decoded(source, counted(parts), plan.chunk_rows, pool, jobs, stack)
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


def _decoded(
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
    reader = stack.enter_context(_pool(1, at_least=True))
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
def _pool(jobs: int, *, at_least: bool = False) -> Iterator[ThreadPoolExecutor | None]:
    if jobs == 1 and not at_least:
        yield None
        return
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="losscli")
    try:
        yield pool
    finally:
        # On an interrupt, what is under way is left to end with the process: nobody waits for it.
        pool.shutdown(wait=False, cancel_futures=True)


def default_jobs() -> int:
    """As many as the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _keep_memory() -> None:
    # glibc takes a large block that is freed as a sign to keep blocks up to that size: without it
    # every temporary of a kernel would be mapped, page by page, and unmapped again.
    held = np.empty(1 << 22)
    del held
