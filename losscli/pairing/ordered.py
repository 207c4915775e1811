"""Two files in the order of their keys, paired as they are read: one batch of each is in memory.

ShortcutFailed is raised at the first sign that the files are not in that order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from losscli.pairing import Paired, ShortcutFailed
from losscli.pairing.blocks import PairedSide, blocks_of_pairs
from losscli.pairing.keyplan import KeyPlan
from losscli.pairing.match import KeyWords, rows_of
from losscli.table.block import AnyColumn, Batch, Block, Ints, Mask, Words
from losscli.table.keys import differ


class _Side:
    """The batches of one file, whose keys must rise from row to row."""

    def __init__(self, batches: Iterator[Batch], plan: KeyPlan, side: int) -> None:
        self.read = 0
        self.left = 0  # rows of the current batch that are not taken yet
        self._batches = batches
        self._plan = plan
        self._side = side
        self._keys: list[Words] = []
        self._columns: tuple[AnyColumn, ...] = ()
        self._at = 0

    def more(self) -> bool:
        """Read on until there are rows to take; False at the end of the file."""
        while not self.left:
            batch = next(self._batches, None)
            if batch is None:
                return False
            self._load(batch)
        return True

    def _load(self, batch: Batch) -> None:
        keys = self._plan.complete_keys(batch, self._side)
        if keys is None:
            raise ShortcutFailed
        if not batch.rows:
            return
        signed = [kind in ("int", "float") for kind in self._plan.types]
        last = [words[:, -1:] for words in self._keys]
        if last and not _above([words[:, :1] for words in keys], last, signed).all():
            raise ShortcutFailed
        if not _above([words[:, 1:] for words in keys], [words[:, :-1] for words in keys], signed).all():
            raise ShortcutFailed
        self._keys, self._columns, self._at = keys, batch.columns[: -len(keys)], 0
        self.left = batch.rows
        self.read += batch.rows

    @property
    def keys(self) -> list[Words]:
        """The keys of the rows that are left of the current batch."""
        return [words[:, self._at :] for words in self._keys]

    def take(self, rows: int, places: Ints | None = None) -> PairedSide:
        """The next rows, or those at some places among them; the others are passed over."""
        columns = tuple(column.slice(self._at, self._at + rows) for column in self._columns)
        taken = PairedSide(columns, self.read - self.left, places)
        self._at += rows
        self.left -= rows
        return taken


def _above(one: KeyWords, other: KeyWords, signed: Sequence[bool]) -> Mask:
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
    """Blocks in the order of the keys, and at the end the counts of rows.

    Raises ShortcutFailed where keys do not rise, are missing, or lack a partner that they need.
    """
    first, second = both = [_Side(batches, plan, side) for side, batches in enumerate(sides)]
    only, pairs = [0, 0], 0
    while all(side.more() for side in both):
        rows = min(first.left, second.left, chunk_rows)
        places: Sequence[Ints | None] = (None, None)
        if _equal(first.keys, second.keys, rows):
            counts, paired = [rows, rows], rows
        elif plan.unmatched == "drop":
            counts, places = _merged(first, second, plan)
            paired = len(places[0])
        else:
            raise ShortcutFailed
        taken = [side.take(count, at) for side, count, at in zip(both, counts, places, strict=True)]
        yield from blocks_of_pairs(taken, paired, chunk_rows)
        pairs += paired
        only = [alone + count - paired for alone, count in zip(only, counts, strict=True)]
    for at, side in enumerate(both):
        while side.more():
            if plan.unmatched == "error":
                raise ShortcutFailed
            only[at] += side.left
            side.take(side.left)
    yield Paired((first.read, second.read), (only[0], only[1]), pairs)


def _equal(one: KeyWords, other: KeyWords, rows: int) -> bool:
    return not any(
        differ(mine[:, :rows], theirs[:, :rows]).any() for mine, theirs in zip(one, other, strict=True)
    )


def _merged(first: _Side, second: _Side, plan: KeyPlan) -> tuple[list[int], tuple[Ints, Ints]]:
    """How many rows of each side have keys up to the last that both know, and the places of the pairs among them."""
    keys = first.keys[0], second.keys[0]
    if plan.types != ("int",) or any(len(words) > 1 for words in keys):
        raise ShortcutFailed  # only keys of one word are compared as fast as they are read
    one, other = (words[0].view(np.int64) for words in keys)
    last = min(one[-1], other[-1])
    counts = [int(np.searchsorted(key, last, side="right")) for key in (one, other)]
    one, other = one[: counts[0]], other[: counts[1]]
    places = np.minimum(np.searchsorted(other, one), max(len(other) - 1, 0))
    found = np.flatnonzero(other[places] == one) if len(other) else np.zeros(0, np.int64)
    return counts, (found, places[found])
