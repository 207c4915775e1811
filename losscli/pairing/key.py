"""Rows of two or three files paired by key: each key stands once in each file, or the run ends in an error.

The hash of its key chooses the part of a row: rows can only match rows of the same part, so parts are matched
and measured side by side.  Parts lie in memory up to a limit, and in the spill file beyond it.  No result
depends on the order of rows, on how batches were cut, or on which thread finished first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losscli.pairing.bad_keys import NAMED, BadKeys, KeyFaults, KeyTally
from losscli.pairing.blocks import PairedSide, blocks_of_pairs
from losscli.pairing.keyplan import KeyPlan
from losscli.pairing.match import match
from losscli.pairing.runs import NO_ROWS, Run, SpilledRun, gathered, run_of
from losscli.table.block import Batch, Block, Ints, picked, take
from losscli.table.hashes import hashed

if TYPE_CHECKING:
    from losscli.errors import DataError
    from losscli.reading.source import Source
    from losscli.table.hashes import HashShare
    from losscli.table.spill import Spill


@dataclass(slots=True)
class KeyedBatch:
    """The rows of one batch that have a key, the places of those that have none, and what stopped the reading.

    Of a share of the rows both are those of the share; ``rows`` is how many the batch has.
    """

    rows: int
    run: Run
    missing: Ints
    stop: DataError | None = None


def keyed_batch(
    batch: Batch, plan: KeyPlan, side: int, bits: int, share: HashShare | None = None
) -> KeyedBatch:
    """The rows of a batch, or of a share of all rows, by their part.  The key columns come behind those of the plan."""
    keys, missing, read, stop = plan.keys(batch, side)
    lacking = np.zeros(0, np.int64)
    if stop is not None:
        return KeyedBatch(read, Run(NO_ROWS, [0]), lacking, stop)
    columns = batch.columns[: -len(keys)]
    numbers = np.arange(read)
    kept = None if share is None else share.holds(hashed(keys))
    if missing is not None and missing.any():
        if share is None or share.first:
            lacking = np.flatnonzero(missing)
        kept = ~missing if kept is None else kept & ~missing
    if kept is not None:
        numbers = np.flatnonzero(kept)
        keys = [picked(words, numbers) for words in keys]
        columns = tuple(take(column, numbers) for column in columns)
    return KeyedBatch(read, run_of(keys, numbers, columns, bits), lacking)


class KeyedParts:
    """All rows of all sides, by part; in the spill file once they take more than ``limit`` bytes."""

    def __init__(self, plan: KeyPlan, spill: Spill, bits: int, limit: int) -> None:
        self.plan = plan
        self.bits = bits
        self.passed = [0] * len(plan.sides)  # rows of the files
        self.tally = KeyTally.none(len(plan.sides))  # of all of them, or of those of a share
        self._runs: list[list[Run | SpilledRun]] = [[] for _ in plan.sides]
        self._spill = spill
        self._limit = limit
        self._nbytes = 0  # of the runs in memory
        self.spilled = False  # whether runs lie in the spill file

    def add(self, side: int, batch: KeyedBatch) -> None:
        """Add the next batch of a side, in the order of the file."""
        before = self.passed[side]
        self.passed[side] += batch.rows
        if batch.stop is not None:
            raise batch.stop if batch.stop.row is not None else batch.stop.with_row(self.passed[side] + 1)
        self.tally.read[side] += len(batch.run.rows) + len(batch.missing)
        if len(batch.missing):
            first = [(before + int(row) + 1, "") for row in batch.missing[:NAMED]]
            self.tally.faults.missing[side].merge(BadKeys(len(batch.missing), first))
        batch.run.first_row = before
        self._runs[side].append(batch.run)
        self._nbytes += batch.run.rows.nbytes
        if self._nbytes > self._limit:
            self._put_aside()

    def _put_aside(self) -> None:
        self.spilled = True
        for runs in self._runs:
            runs[:] = [run.put_aside(self._spill) if isinstance(run, Run) else run for run in runs]
        self._nbytes = 0

    def __len__(self) -> int:
        return 1 << self.bits

    def matched(self, part: int, chunk_rows: int) -> tuple[KeyFaults, Iterator[Block]]:
        """What is wrong with the keys of a part, and its rows in pairs.

        Of three sides, each of the others is matched with the last one.
        """
        *others, labels = rows = [gathered(runs, part) for runs in self._runs]
        last = len(others)
        faults = KeyFaults.none(len(rows))
        partners: list[Ints] = []  # for each row of the last side, that of another side or -1
        for side, other in enumerate(others):
            matched = match(other.keys, labels.keys, self.bits)
            faults.repeated[side].add(other, matched.repeats[0], self.plan)
            faults.alone[side, last].add(other, matched.alone[0], self.plan)
            faults.alone[last, side].add(labels, matched.alone[1], self.plan)
            partners.append(matched.partners[1])
            if side == 0:  # the others say the same of the last side
                faults.repeated[last].add(labels, matched.repeats[1], self.plan)
        everywhere = np.logical_and.reduce([places >= 0 for places in partners])
        places = None
        if not everywhere.all():
            places = np.flatnonzero(everywhere)
            partners = [found[places] for found in partners]
        sides = [
            PairedSide(side.columns, side.numbers, at)
            for side, at in zip(rows, [*partners, places], strict=True)
        ]
        return faults, blocks_of_pairs(sides, len(partners[0]), chunk_rows)


# ---------------------------------------------------------------------- how many parts


PART_BYTES = 1 << 23  # of both sides
ONE_PART_BYTES = 1 << 21  # up to here all rows are one part
MOST_BITS = 10


def part_bits(sources: Sequence[Source], columns: int, limit: int, jobs: int, shares: int = 1) -> int:
    """How many bits of the hash choose the part: a part must fit memory, and each thread needs two of them.

    ``shares``: the rows are those of one of so many shares of all.

    More parts would cost time: each takes the same number of NumPy calls, and between calls the threads wait for
    the interpreter's lock.
    """
    expected = sum(_expected_bytes(source, columns) for source in sources) // shares
    if expected <= ONE_PART_BYTES:
        return 0
    wanted = min(PART_BYTES, max(1 << 16, limit // (8 * jobs)))
    least = min(4, (2 * jobs - 1).bit_length())
    return min(MOST_BITS, max(least, (expected // wanted).bit_length()))


def _expected_bytes(source: Source, columns: int) -> int:
    """About what the rows of a file take in memory."""
    if source.rows is not None:
        return source.rows * (16 + 9 * columns)
    if source.size is None:
        return 1 << 32
    return source.size * (1 if source.path.endswith(("csv", "tsv", "txt", "arrow", "ipc")) else 6)
