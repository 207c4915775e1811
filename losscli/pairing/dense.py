"""Integer keys that lie close together: a table from key to row, without hashing or comparing.

The smaller side is kept as the table, and the other one is only read.  Where the keys do not fit, ShortcutFailed
is raised or `outcome` is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.pairing import Paired, ShortcutFailed
from losscli.pairing.blocks import PairedSide, blocks_of_pairs
from losscli.table.block import AnyColumn, Batch, Block, ColumnRequest, Ints
from losscli.table.columns import concatenated, nbytes

if TYPE_CHECKING:
    from losscli.pairing.keyplan import KeyPlan
    from losscli.reading.source import Source

GAPS = 4  # places of the table for each key, at most
FIRST_ROWS = 1024
SMALL = 1 << 16  # places that a table may have in any case

ForEach: TypeAlias = Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]]
"""Calls a function on each of several items, side by side."""


def table_side(plan: KeyPlan, sources: Sequence[Source]) -> int | None:
    """The side to make a table of; None where keys are of other types, or a file can be read only once."""
    if plan.types != ("int",) or any(source.size is None for source in sources):
        return None
    rows = [source.rows for source in sources]
    sizes = [source.size or 0 for source in sources] if None in rows else [count or 0 for count in rows]
    return 0 if sizes[0] < sizes[1] else 1


def promising(plan: KeyPlan, source: Source, wants: Sequence[ColumnRequest], side: int) -> bool:
    """Whether the first keys lie close enough together: no proof, but most other files need not be read."""
    for part in source.parts(wants[-1:]):
        for batch in part.batches(FIRST_ROWS):
            key = _key(batch, plan, side)
            return not len(key) or int(key.max()) - int(key.min()) < 2**40
    return True


def _key(batch: Batch, plan: KeyPlan, side: int) -> Ints:
    keys = plan.complete_keys(batch, side)
    if keys is None or len(keys[0]) > 1:  # an integer beyond 64 bits takes more words
        raise ShortcutFailed
    key: Ints = keys[0][0].view(np.int64)
    return key


class DenseTable:
    """The rows of one side, looked up by their keys; threads share it."""

    def __init__(
        self, batches: Iterator[Batch], plan: KeyPlan, side: int, limit: int, for_each: ForEach
    ) -> None:
        keys, columns, size = [], [], 0
        self._plan, self._side = plan, side
        for batch in batches:
            key = _key(batch, plan, side)
            if not batch.rows:
                continue
            keys.append(key)
            columns.append(batch.columns[:-1])
            size += key.nbytes + sum(nbytes(column) for column in columns[-1])
            # While it is concatenated, each column is there twice.
            if 2 * size > limit:
                raise ShortcutFailed
        if not keys:
            raise ShortcutFailed
        self.rows = sum(len(key) for key in keys)
        low, high = min(int(key.min()) for key in keys), max(int(key.max()) for key in keys)
        size = high - low + 1
        if size > max(GAPS * self.rows, SMALL) or self.rows >= 2**31:
            raise ShortcutFailed
        self._size = np.uint64(size)
        self._low = np.array([low], np.int64).view(np.uint64)[0]
        self._rows: NDArray[np.int32] = np.full(size, -1, np.int32)
        starts = accumulate((len(key) for key in keys), initial=0)
        for_each(self._lay, zip(keys, starts, strict=False))
        if np.count_nonzero(self._rows >= 0) != self.rows:
            raise ShortcutFailed  # a key is repeated
        del keys
        self._columns: tuple[AnyColumn, ...] = tuple(for_each(concatenated, zip(*columns, strict=True)))
        self._taken = np.zeros(self.rows, np.bool_)

    def _lay(self, piece: tuple[Ints, int]) -> None:
        key, row = piece
        places = (key.view(np.uint64) - self._low).view(np.int64)
        self._rows[places] = np.arange(row, row + len(key), dtype=np.int32)

    def paired(self, batch: Batch, first_row: int, chunk_rows: int) -> tuple[list[Block], Ints]:
        """The pairs of a batch of the other side, and its keys that have no partner."""
        key = _key(batch, self._plan, 1 - self._side)
        offset = key.view(np.uint64) - self._low
        inside = offset < self._size
        alone = np.zeros(0, np.int64)
        if inside.all():
            places = self._rows.take(offset.view(np.int64))
        else:
            places = np.where(inside, self._rows.take(np.where(inside, offset, 0).view(np.int64)), -1)
        rows = None
        if len(places) and places.min() < 0:
            if self._plan.unmatched == "error":
                raise ShortcutFailed
            there = places >= 0
            alone, rows = key[~there], np.flatnonzero(there)
            places = places[rows]
        self._taken[places] = True
        sides = [PairedSide(self._columns, 0, places), PairedSide(batch.columns[:-1], first_row, rows)]
        if self._side == 1:
            sides.reverse()
        return list(blocks_of_pairs(sides, len(places), chunk_rows)), alone

    def outcome(self, read: int, pairs: int, alone: Sequence[Ints]) -> Paired | None:
        """How many rows found a partner; None where a key is repeated, or lacks a partner that it needs."""
        taken = int(np.count_nonzero(self._taken))
        # No row of the table was met twice where as many were met as there are pairs.
        if taken != pairs or (taken != self.rows and self._plan.unmatched == "error") or not pairs:
            return None
        unpaired = np.sort(np.concatenate([*alone, np.zeros(0, np.int64)]))
        if (unpaired[1:] == unpaired[:-1]).any():
            return None
        counts, only = (self.rows, read), (self.rows - taken, len(unpaired))
        if self._side == 1:
            counts, only = counts[::-1], only[::-1]
        return Paired(counts, only, pairs)
