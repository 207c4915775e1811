"""Integer keys that lie close together: a table from the key to its row, and nothing to hash or compare.

The smaller side is held, the other one is only read.  This is a short way for keys that fit; where they do
not, `NotDense` is raised or `paired` is None, what was measured is thrown away, and `key` pairs the rows in
its own way and names what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.pairing import Paired
from losscli.pairing.runs import concatenated, nbytes
from losscli.table.block import AnyColumn, Batch, Block, ColumnRequest, Ints, KeyColumn, take

if TYPE_CHECKING:
    from losscli.pairing.keyplan import KeyPlan
    from losscli.reading.source import Source

GAPS = 4  # places of the table for each key, at most
FIRST_ROWS = 1024
SMALL = 1 << 16  # places that a table may have in any case

Rows = NDArray[np.int32]


Each: TypeAlias = Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]]
"""Does some work on each of several things, side by side."""


class NotDense(Exception):
    """The short way ends here."""


def held_side(plan: KeyPlan, sources: Sequence[Source]) -> int | None:
    """The side to hold; None where the short way is none: other keys, or files that can be read only once."""
    if plan.types != ("int",) or any(source.size is None for source in sources):
        return None
    rows = [source.rows for source in sources]
    sizes = [source.size or 0 for source in sources] if None in rows else [count or 0 for count in rows]
    return 0 if sizes[0] < sizes[1] else 1


def promising(source: Source, wants: Sequence[ColumnRequest]) -> bool:
    """Whether the first keys lie close enough together; it is no proof, but spares most files the reading."""
    for part in source.parts(wants[-1:]):
        for batch in part.batches(FIRST_ROWS):
            key = _key(batch)
            return not len(key) or int(key.max()) - int(key.min()) < 2**40
    return True


def _key(batch: Batch) -> Ints:
    column = batch.columns[-1]
    assert isinstance(column, KeyColumn)
    if batch.stop is not None or (column.missing is not None and column.missing.any()):
        raise NotDense
    if len(column.words) > 1:
        raise NotDense  # an integer beyond 64 bits
    key: Ints = column.words[0].view(np.int64)
    return key


class DenseTable:
    """One side, found by its keys; threads share it."""

    def __init__(self, batches: Iterator[Batch], plan: KeyPlan, side: int, limit: int, each: Each) -> None:
        keys, columns, held = [], [], 0
        self._plan, self._side = plan, side
        for batch in batches:
            key = _key(batch)
            if not batch.rows:
                continue
            keys.append(key)
            columns.append(batch.columns[:-1])
            held += key.nbytes + sum(nbytes(column) for column in columns[-1])
            # Joined, each column is there twice for a moment.
            if 2 * held > limit:
                raise NotDense
        if not keys:
            raise NotDense
        self.rows = sum(len(key) for key in keys)
        low, high = min(int(key.min()) for key in keys), max(int(key.max()) for key in keys)
        size = high - low + 1
        if size > max(GAPS * self.rows, SMALL) or self.rows >= 2**31:
            raise NotDense
        self._size = np.uint64(size)
        self._low = np.array([low], np.int64).view(np.uint64)[0]
        self._rows: Rows = np.full(size, -1, np.int32)
        starts = accumulate((len(key) for key in keys), initial=0)
        each(self._lay, zip(keys, starts, strict=False))
        if np.count_nonzero(self._rows >= 0) != self.rows:
            raise NotDense  # a key stands there twice
        del keys
        self._columns: tuple[AnyColumn, ...] = tuple(each(concatenated, zip(*columns, strict=True)))
        self._taken = np.zeros(self.rows, np.bool_)

    def _lay(self, piece: tuple[Ints, int]) -> None:
        key, row = piece
        places = (key.view(np.uint64) - self._low).view(np.int64)
        self._rows[places] = np.arange(row, row + len(key), dtype=np.int32)

    def paired(self, batch: Batch, first_row: int, chunk_rows: int) -> tuple[list[Block], Ints]:
        """The pairs of a batch of the other side, and its keys that have no partner."""
        key = _key(batch)
        offset = key.view(np.uint64) - self._low
        inside = offset < self._size
        alone = np.zeros(0, np.int64)
        if inside.all():
            places = self._rows.take(offset.view(np.int64))
        else:
            places = np.where(inside, self._rows.take(np.where(inside, offset, 0).view(np.int64)), -1)
        rows = None
        if len(places) and places.min() < 0:
            there = places >= 0
            alone, rows = key[~there], np.flatnonzero(there)
            if self._plan.unmatched == "error":
                raise NotDense
            places = places[rows]
        self._taken[places] = True
        blocks = []
        for start in range(0, len(places), chunk_rows):
            here = places[start : start + chunk_rows]
            stop = start + len(here)
            if rows is None:
                mine = tuple(column.slice(start, stop) for column in batch.columns[:-1])
                numbers = np.arange(first_row + start, first_row + stop)
            else:
                mine = tuple(take(column, rows[start:stop]) for column in batch.columns[:-1])
                numbers = rows[start:stop] + first_row
            theirs = tuple(take(column, here) for column in self._columns)
            sides, numbers_of = (mine, theirs), (numbers, here.astype(np.int64))
            if self._side == 0:
                sides, numbers_of = sides[::-1], numbers_of[::-1]
            blocks.append(Block(0, len(here), sides, numbers_of))
        return blocks, alone

    def outcome(self, read: int, pairs: int, alone: Sequence[Ints]) -> Paired | None:
        """How many rows found a partner; None where a key came twice or had to have a partner."""
        taken = int(np.count_nonzero(self._taken))
        # Each row of the table was met at most once where as many were met as there are pairs.
        if taken != pairs or (taken != self.rows and self._plan.unmatched == "error") or not pairs:
            return None
        left = np.concatenate([*alone, np.zeros(0, np.int64)])
        left.sort()
        if (left[1:] == left[:-1]).any():
            return None
        only = self.rows - taken, len(left)
        counts = self.rows, read
        if self._side == 1:
            counts, only = counts[::-1], only[::-1]
        return Paired(counts, only, pairs)
