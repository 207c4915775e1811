"""Two sides in the order of their keys, paired as they are read: nothing is held but a batch of each.

This is a short way for files that are in order and fit; at the first sign that they are not, `NotInOrder` is
raised, what was measured is thrown away, and `key` pairs the rows in its own way and names what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from losscli.pairing import Paired
from losscli.pairing.keyplan import KeyPlan, as_key
from losscli.pairing.match import Keys, rows_of
from losscli.table.block import AnyColumn, Batch, Block, Ints, Mask, Words, take
from losscli.table.keys import differ


class NotInOrder(Exception):
    """The short way ends here."""


class _Side:
    """The batches of one side, their keys rising all the way."""

    def __init__(self, batches: Iterator[Batch], plan: KeyPlan) -> None:
        self.read = 0
        self.left = 0  # rows of the batch at hand that are not paired yet
        self._batches = batches
        self._plan = plan
        self._last: list[Words] | None = None
        self._keys: list[Words] = []
        self._columns: tuple[AnyColumn, ...] = ()
        self._at = 0

    def more(self) -> bool:
        """Have rows at hand; False when all have been taken."""
        while not self.left:
            batch = next(self._batches, None)
            if batch is None:
                return False
            self._take_in(batch)
        return True

    def _take_in(self, batch: Batch) -> None:
        if batch.stop is not None:
            raise NotInOrder
        count = len(batch.columns) - len(self._plan.types)
        keys = []
        for kind, column in zip(self._plan.types, batch.columns[count:], strict=True):
            key, bad = as_key(column, kind)
            if bad is not None or (key.missing is not None and key.missing.any()):
                raise NotInOrder
            keys.append(key.words)
        if not batch.rows:
            return
        signed = [kind in ("int", "float") for kind in self._plan.types]
        before = [words[:, :-1] for words in keys]
        if not _above([words[:, 1:] for words in keys], before, signed).all():
            raise NotInOrder
        if self._last is not None and not _above([w[:, :1] for w in keys], self._last, signed).all():
            raise NotInOrder
        self._last = [words[:, -1:] for words in keys]
        self._keys, self._columns, self._at = keys, batch.columns[:count], 0
        self.left = batch.rows
        self.read += batch.rows

    @property
    def keys(self) -> list[Words]:
        """The keys at hand."""
        return [words[:, self._at :] for words in self._keys]

    @property
    def first_row(self) -> int:
        return self.read - self.left

    def columns(self, rows: int) -> tuple[AnyColumn, ...]:
        return tuple(column.slice(self._at, self._at + rows) for column in self._columns)

    def pass_by(self, rows: int) -> None:
        self._at += rows
        self.left -= rows


def _above(one: Keys, other: Keys, signed: Sequence[bool]) -> Mask:
    """Where a key comes after the other: by its first column, then its next; text by its bytes."""
    rows = rows_of(one)
    above, same = np.zeros(rows, np.bool_), np.ones(rows, np.bool_)
    for mine, theirs, numeric in zip(one, other, signed, strict=True):
        for at in range(max(len(mine), len(theirs))):
            left = mine[at] if at < len(mine) else np.zeros(rows, np.uint64)
            right = theirs[at] if at < len(theirs) else np.zeros(rows, np.uint64)
            if numeric:
                greater = left.view(np.int64) > right.view(np.int64)
            else:
                greater = left.byteswap() > right.byteswap()
            above |= same & greater
            same &= left == right
    return above


def in_order(sides: Sequence[Iterator[Batch]], plan: KeyPlan, chunk_rows: int) -> Iterator[Block | Paired]:
    """Blocks in the order of the keys, and at the end how many rows there were.

    Raises NotInOrder where keys do not rise, are missing, or have no partner that they must have.
    """
    first, second = (_Side(batches, plan) for batches in sides)
    merging = plan.unmatched == "drop"
    only, pairs = [0, 0], 0
    while True:
        more = first.more(), second.more()
        if not all(more):
            break
        rows = min(first.left, second.left, chunk_rows)
        if not _equal(first.keys, second.keys, rows):
            if not merging:
                raise NotInOrder
            block = _merged(first, second, plan, only)
            if block is not None:
                pairs += block.rows
                yield from _cut(block, chunk_rows)
            continue
        places = (
            np.arange(first.first_row, first.first_row + rows),
            np.arange(second.first_row, second.first_row + rows),
        )
        yield Block(0, rows, (first.columns(rows), second.columns(rows)), places)
        pairs += rows
        first.pass_by(rows)
        second.pass_by(rows)
    for at, side in enumerate((first, second)):
        while side.more():
            if not merging:
                raise NotInOrder
            only[at] += side.left
            side.pass_by(side.left)
    yield Paired((first.read, second.read), (only[0], only[1]), pairs)


def _equal(one: Keys, other: Keys, rows: int) -> bool:
    return not any(
        differ(mine[:, :rows], theirs[:, :rows]).any() for mine, theirs in zip(one, other, strict=True)
    )


def _merged(first: _Side, second: _Side, plan: KeyPlan, only: list[int]) -> Block | None:
    """The pairs among the keys up to the lower of the two last ones at hand."""
    if plan.types != ("int",) or any(len(side.keys[0]) > 1 for side in (first, second)):
        raise NotInOrder  # only numbers of one word are compared as quickly as they are read
    one, other = (side.keys[0][0].view(np.int64) for side in (first, second))
    last = min(one[-1], other[-1])
    ends = [int(np.searchsorted(keys, last, side="right")) for keys in (one, other)]
    one, other = one[: ends[0]], other[: ends[1]]
    places = np.minimum(np.searchsorted(other, one), max(len(other) - 1, 0))
    found: Ints = np.flatnonzero(other[places] == one) if len(other) else np.zeros(0, np.int64)
    places = places[found]
    block = None
    if len(found):
        columns = (
            tuple(take(column, found) for column in first.columns(ends[0])),
            tuple(take(column, places) for column in second.columns(ends[1])),
        )
        block = Block(0, len(found), columns, (found + first.first_row, places + second.first_row))
    for at, side in enumerate((first, second)):
        only[at] += ends[at] - len(found)
        side.pass_by(ends[at])
    return block


def _cut(block: Block, chunk_rows: int) -> Iterator[Block]:
    numbers = [block.places_of(side) for side in range(len(block.sides))]
    for start in range(0, block.rows, chunk_rows):
        stop = min(start + chunk_rows, block.rows)
        sides = tuple(tuple(column.slice(start, stop) for column in side) for side in block.sides)
        yield Block(0, stop - start, sides, tuple(places[start:stop] for places in numbers))
