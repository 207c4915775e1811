"""Pairs of rows that two columns put in a different order, counted in n log n steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from losscli.numbers.whole_weights import Whole
    from losscli.table.block import Ints


def inversions(ranks: Ints, first: Whole | None, second: Whole | None) -> int:
    """What the pairs of rows weigh of which the earlier has the higher rank, ``first`` of it by ``second`` of the later.

    Rows are dealt by the bits of their ranks from the highest on: two rows of which the earlier has the higher rank
    part where their bits differ, the earlier with a 1.
    """
    rows = len(ranks)
    if rows < 2:
        return 0
    size = 1 << (rows - 1).bit_length()
    # Of equal ranks the earlier comes first; what fills up the last power of two comes last.
    places = np.arange(size, dtype=np.int64)
    places[np.argsort(ranks * size + places[:rows])] = np.arange(rows)
    weights = None if first is None or second is None else [_filled(w, size) for w in (first, second)]
    return _by_bits(places, weights)


def _filled(weight: Whole, size: int) -> Whole:
    found = np.zeros(size, weight.dtype)
    found[: len(weight)] = weight
    return found


def _by_bits(places: Ints, weights: Any) -> int:
    """The inversions of a permutation of so many places as a power of two has."""
    total, block = 0, len(places)
    while block > 1:
        half = block >> 1
        high = (places & half) != 0
        low_at, high_at = np.flatnonzero(~high), np.flatnonzero(high)
        if weights is None:
            # As many of the lower half stand before each of them as it has been counted: the others are inversions.
            before = int((low_at & (block - 1)).sum())
            total += before - len(places) // block * (half * (half - 1) // 2)
        else:
            first, second = weights
            upto = np.where(high, first, first * 0).cumsum()
            starts = np.concatenate((upto[:1] * 0, upto[block - 1 :: block][:-1]))
            here = upto[low_at] - np.repeat(starts, half)
            total += int((here * second[low_at]).sum())
            weights = [_dealt(held, low_at, high_at, half) for held in weights]
        places = _dealt(places, low_at, high_at, half)
        block = half
    return total


def _dealt(held: Any, low_at: Ints, high_at: Ints, half: int) -> Any:
    """In each block the rows of the lower half first, in their order."""
    found = np.empty((len(held) // (2 * half), 2, half), held.dtype)
    found[:, 0, :] = held[low_at].reshape(-1, half)
    found[:, 1, :] = held[high_at].reshape(-1, half)
    return found.reshape(-1)
