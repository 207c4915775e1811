"""Rows paired by key: in the order of the keys, against a table, or part by part of their hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from losscli.errors import DataError
from losscli.measure.engines import forked
from losscli.measure.engines.pool import (
    BATCH_ROWS,
    Advance,
    Journal,
    Outcome,
    Sink,
    decoded_batches,
    empty_tally,
    key_error,
)
from losscli.measure.fold import fold
from losscli.measure.plan import Plan
from losscli.measure.tally import Tally
from losscli.pairing import Paired, ShortcutFailed
from losscli.pairing.bad_keys import KeyTally
from losscli.pairing.dense import DenseTable, promising, table_side
from losscli.pairing.key import KeyedParts, keyed_batch, part_bits
from losscli.pairing.keyplan import KeyPlan
from losscli.pairing.ordered import in_order
from losscli.reading.source import Part, Source
from losscli.table.block import Batch, Block, ColumnRequest, Ints
from losscli.table.hashes import HashShare
from losscli.table.spill import Spill
from losscli.table.workers import bounded, workers

T = TypeVar("T")
R = TypeVar("R")

RUN_ROWS = 1 << 17  # rows parted at a time, where a file knows its rows: few pieces, which a cache holds
LONG_PART = 1 << 21  # rows of a part that is too large to be held as a whole


def measure_keyed(
    sources: Sequence[Source],
    keys: KeyPlan,
    jobs: int,
    memory: int,
    advance: Advance,
    sink: Sink | None,
    plan: Plan,
) -> Outcome:
    """Rows paired by key: by one of two short ways where the keys allow it, else by their hash.

    A share of the rows is told by the hash of their keys as well.
    """
    reader = _KeyedReader(plan, sources, keys, jobs, memory, advance, sink)
    if len(sources) > 2 or plan.share is not None:
        return reader.by_hash()
    again = all(source.size is not None for source in sources)  # not for standard input or a pipe
    if again and (found := reader.in_order()) is not None:
        return found
    side = table_side(keys, sources)
    if side is not None and (found := reader.dense(side)) is not None:
        return found
    return reader.by_hash()


def measure_parts(
    plan: Plan,
    sources: Sequence[Source],
    work: Callable[[Plan], Outcome],
    outcome: Outcome,
    journal: Journal,
) -> Outcome:
    """Share by share of the keys, each of which reads all rows; the journal keeps those that are done."""
    shares = list((plan.share or HashShare(0, 1)).cut(journal.parts))
    for done, share in enumerate(shares[plan.reached :], plan.reached + 1):
        outcome.take_in(work(plan._replace(share=share)))
        if outcome.stop is not None or outcome.keys is None:
            break
        outcome.paired = outcome.keys.paired
        # What is wrong with keys is said of all parts together.
        if done < journal.parts and key_error(outcome.keys, plan, sources) is None:
            journal.keep(outcome, done)
    return outcome


@dataclass(frozen=True, slots=True)
class _KeyedReader:
    """The three ways to read files whose rows are paired by key; three files go by the last."""

    plan: Plan
    sources: Sequence[Source]
    keys: KeyPlan
    jobs: int
    memory: int
    advance: Advance
    sink: Sink | None

    def wants(self, side: int) -> list[ColumnRequest]:
        """The columns of the plan, and behind them the keys."""
        wants = self.plan.wants(side)
        return wants + [slot.want for slot in self.keys.sides[side]]

    def in_order(self) -> Outcome | None:
        """Both files from front to back, a batch at a time; None where they are not in the order of the keys."""
        tally = empty_tally(self.plan, self.sink, self.memory)
        paired: list[Paired] = []

        def blocks(sides: Sequence[Iterator[Batch]]) -> Iterator[Block]:
            for found in in_order(sides, self.keys, self.plan.chunk_rows):
                if isinstance(found, Block):
                    yield found
                else:
                    paired.append(found)

        with workers(self.jobs) as pool, ExitStack() as stack:
            sides = [
                decoded_batches(
                    source, self.counted(source.parts(self.wants(at))), BATCH_ROWS, pool, self.jobs, stack
                )
                for at, source in enumerate(self.sources)
            ]
            try:
                for measured in bounded(pool, partial(fold, self.plan), blocks(sides), ahead=2 * self.jobs):
                    tally.merge(measured)
                    self.advance(measured.read, 0)
            except (ShortcutFailed, DataError):
                return None
        return Outcome(tally, None, paired[0]) if paired[0].pairs else None

    def dense(self, side: int) -> Outcome | None:
        """One file as a table, the other one against it; None where the keys do not lie close together."""
        tally, alone, read = empty_tally(self.plan, self.sink, self.memory), [], 0
        limit = self.memory // 2
        try:
            with workers(self.jobs) as pool:
                if not promising(self.keys, self.sources[side], self.wants(side), side):
                    return None

                def each(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
                    return list(bounded(pool, work, items, ahead=2 * self.jobs))

                table = DenseTable(self.read(side, lambda batch: batch, pool), self.keys, side, limit, each)
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
                        measured.merge(fold(self.plan, block))
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
        except (ShortcutFailed, DataError):
            return None
        paired = table.outcome(read, tally.read, alone)
        return None if paired is None else Outcome(tally, None, paired)

    def by_hash(self) -> Outcome:
        """All rows by their part, then part by part: both need threads, and neither an order."""
        slots = max(len(self.plan.wants(side)) for side in range(len(self.sources)))
        share = self.plan.share
        bits = part_bits(self.sources, slots, self.memory, self.jobs, 1 if share is None else share.shares)
        tally, stops = empty_tally(self.plan, self.sink, self.memory), []
        with Spill() as spill:
            # The other half is for what is decoded, matched and measured at the moment.
            parts = KeyedParts(self.keys, spill, bits, self.memory // 2)
            with workers(self.jobs) as pool:
                for side in range(len(self.sources)):
                    try:
                        work = partial(keyed_batch, plan=self.keys, side=side, bits=bits, share=share)
                        for found in self.read(side, work, pool, RUN_ROWS):
                            parts.add(side, found)
                    except DataError as error:
                        stops.append(error)
            if stops:
                # Of both files the one with the lower row, and what concerns a whole file before all.
                return Outcome(tally, min(stops, key=lambda stop: stop.row or 0))
            outcome = Outcome(tally, keys=parts.tally)
            self.measure_parts(parts, outcome)
        return outcome

    def measure_parts(self, parts: KeyedParts, outcome: Outcome) -> None:
        """Match and measure all rows part by part; parts in the spill file are read by one process alone."""

        def measure(part: int) -> Outcome:
            measured = Tally()
            faults, blocks = parts.matched(part, self.plan.chunk_rows)
            for block in blocks:
                measured.merge(fold(self.plan, block))
            return Outcome(measured, keys=KeyTally([0] * len(self.sources), faults, measured.read))

        if not parts.spilled and forked.possible(self.plan, self.sources, self.jobs, outcome.tally):
            forked.measure_pieces(
                measure, range(len(parts)), self.jobs, outcome, lambda _, rows: self.advance(rows, 0)
            )
            return
        with workers(self.jobs) as pool:
            for found in bounded(pool, measure, range(len(parts)), ahead=2 * self.jobs):
                outcome.take_in(found)
                self.advance(found.tally.read, 0)

    def counted(self, parts: Iterable[Part]) -> Iterator[Part]:
        for part in parts:
            self.advance(0, part.size)
            yield part

    def read(
        self, side: int, work: Callable[[Batch], R], pool: ThreadPoolExecutor | None, rows: int = BATCH_ROWS
    ) -> Iterator[R]:
        """What ``work`` makes of each batch of a file, of up to ``rows`` rows, in order."""
        source = self.sources[side]
        parts = self.counted(source.parts(self.wants(side)))
        if max(source.part_rows(), default=0) < LONG_PART:

            def decoded(part: Part) -> list[R]:
                return [work(batch) for batch in part.batches(rows)]

            for found in bounded(pool, decoded, parts, ahead=self.jobs + 1):
                yield from found
            return
        with ExitStack() as stack:
            batches = decoded_batches(source, parts, rows, pool, self.jobs, stack)
            yield from bounded(pool, work, batches, ahead=2 * self.jobs)
