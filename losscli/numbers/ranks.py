"""Rows that are compared with each other in pairs: inversions, ties and ranks, counted exactly in n log n steps.

A pair weighs the product of its rows' weights, which are whole multiples of a power of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn

import numpy as np

from losscli.errors import DataError
from losscli.numbers.exact import ExactSum
from losscli.numbers.pieces import Rows
from losscli.numbers.values import Values
from losscli.numbers.whole_weights import WeightUnit, Whole

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints
    from losscli.table.spill import Spill

EXACT = 53
"""Bits of a whole number that a double holds."""
BITS = 31
"""Of a product that are added up together."""


class Pairs(NamedTuple):
    """Twice what pairs of rows weigh: in all, and those tied in the first column, in the second, in both, or at odds.

    A row and itself are a pair that is tied in both.
    """

    every: int
    tied_first: int
    tied_second: int
    tied_both: int
    at_odds: int

    @property
    def untied(self) -> int:
        """Twice what the pairs weigh that are tied in neither."""
        return self.every - self.tied_first - self.tied_second + self.tied_both

    @property
    def excess(self) -> int:
        """Twice what the pairs in the same order weigh more than those at odds."""
        return self.untied - 2 * self.at_odds


class RiskPairs(NamedTuple):
    """What comparable pairs weigh: in all, those of equal predictions, and those whose predictions fall."""

    every: int
    tied: int
    falling: int


class Ranks(NamedTuple):
    """The rank of each row among the different values of a column, from 0 on, and what the rows of each rank weigh."""

    places: Ints
    weights: Whole

    @classmethod
    def of(cls, column: Floats | Ints, weight: Whole | None) -> Ranks:
        order = np.argsort(column)
        ascending = column[order]
        new = np.concatenate(([False], ascending[1:] != ascending[:-1]))
        ranks = np.cumsum(new)
        places = np.empty_like(ranks)
        places[order] = ranks
        if weight is None:
            return cls(places, np.bincount(ranks))
        ends = np.append(np.flatnonzero(new) - 1, len(column) - 1)
        upto = weight[order].cumsum()[ends]
        return cls(places, np.diff(upto, prepend=upto[:1] * 0))

    @property
    def squares(self) -> int:
        """The sum of the squares of the weights: twice what the pairs weigh that are tied."""
        return weighted_products(self.weights, self.weights)


@dataclass(frozen=True, eq=False)
class Ranked(Values):
    """Rows that are ranked by their columns, all at once in memory."""

    TIMES: ClassVar = 10

    def put_aside(self, spill: Spill) -> NoReturn:
        """Ranks are not worked out from a file."""
        rows = sum(int(piece.starts[-1]) for piece in self.pieces)
        raise DataError(
            "the rows of a rank correlation do not fit into memory",
            f"they are compared with each other: the {rows} read so far take about {self.TIMES * self.bytes_held} bytes",
            "give more `--memory`",
        )

    @cached_property
    def _whole(self) -> Rows:
        """All rows."""
        columns = zip(*(piece.columns for piece in self.pieces), strict=True)
        weights = [piece.weight for piece in self.pieces if piece.weight is not None]
        return Rows(tuple(map(np.concatenate, columns)), np.concatenate(weights) if weights else None)

    @cached_property
    def _rows(self) -> tuple[tuple[Floats, ...], Whole | None]:
        """All rows: their columns, and their weights in units."""
        columns, weight = self._whole
        if weight is None:
            return columns, None
        return columns, WeightUnit.of([weight], self.weight).multiples(weight)

    @property
    def total(self) -> int:
        """What all rows weigh, in units."""
        (first, *_), weight = self._rows
        return len(first) if weight is None else int(weight.sum())

    @cached_property
    def ranks(self) -> tuple[Ranks, ...]:
        """The ranks by each column."""
        columns, weight = self._rows
        return tuple(Ranks.of(column, weight) for column in columns)

    def pairs(self) -> Pairs:
        """What pairs of rows weigh by how their first two columns order them."""
        first, second, *_ = self.ranks
        _, weight = self._rows
        keys = first.places * len(second.weights) + second.places
        order = np.argsort(keys)
        both = Ranks.of(keys, weight)
        held = None if weight is None else weight[order]
        at_odds = inversions(second.places[order], held, held)
        return Pairs(self.total**2, first.squares, second.squares, both.squares, 2 * at_odds)

    def comparable(self) -> RiskPairs:
        """What pairs weigh that are comparable: an event of the first is known to come before that of the second.

        The columns are the time, a prediction of it, and whether the event was seen then; else it comes later.
        """
        (_, _, event), weight = self._rows
        time, pred, _ = self.ranks
        seen = event == 1.0
        later = np.ones(len(event), np.int64) if weight is None else weight
        earlier = np.where(seen, later, later * 0)
        moments = 2 * time.places + ~seen
        order = np.argsort(moments * len(pred.weights) + pred.places)
        falling = inversions(pred.places[order], earlier[order], later[order])
        return RiskPairs(
            _in_turn(np.zeros_like(moments), moments, earlier, later),
            _in_turn(pred.places, moments, earlier, later),
            falling,
        )

    def correlation(self) -> tuple[int, int, int]:
        """The sums of products and of squares of mid-ranks about their mean, for the first two columns."""
        first, second, *_ = self.ranks
        _, weight = self._rows
        one, other = (self._midranks(ranks) for ranks in (first, second))
        both = one[first.places] * other[second.places]
        return (
            weighted_sum(both, weight),
            weighted_sum(one * one, first.weights),
            weighted_sum(other * other, second.weights),
        )

    def moment(self, column: int) -> Fraction:
        """The exact sum of the first column times twice the mid-ranks by a column, about their mean."""
        (first, *_), weight = self._whole
        midranks, places = self._midranks(self.ranks[column]), self.ranks[column].places
        total, power = Fraction(0), 0
        while True:
            last = bool((abs(midranks) < 1 << EXACT).all())
            part = midranks if last else midranks & ((1 << EXACT) - 1)
            numbers = part.astype(np.float64)[places]
            found = (
                ExactSum.of_products(first, numbers)
                if weight is None
                else ExactSum.of_triples(weight, first, numbers)
            )
            total += found.fraction * Fraction(2) ** power
            if last:
                return total
            midranks, power = midranks >> EXACT, power + EXACT

    def _midranks(self, ranks: Ranks) -> Whole:
        """Twice the mean rank of the rows of each rank, less the mean of all."""
        return 2 * ranks.weights.cumsum() - ranks.weights - self.total


def weighted_sum(numbers: Whole, weight: Whole | None) -> int:
    """The sum of numbers times weights; of int64 none exceeds 2^62, nor do the weights together exceed 2^31."""
    # In two halves: neither's sum leaves 63 bits.
    high, low = numbers >> BITS, numbers & ((1 << BITS) - 1)
    if weight is not None:
        high, low = high * weight, low * weight
    return (int(high.sum()) << BITS) + int(low.sum())


def weighted_products(one: Whole, other: Whole) -> int:
    """The sum of products of weights, which together exceed 2^31 in neither where they are int64."""
    return int((one * other).sum())


def _in_turn(groups: Ints, moments: Ints, first: Whole, second: Whole) -> int:
    """What the pairs of rows of one group weigh of which one comes at an earlier moment, ``first`` of it."""
    keys = groups * (int(moments.max()) + 1) + moments
    order = np.argsort(keys)
    upto = second[order].cumsum()
    ends = [
        np.append(np.flatnonzero(held[1:] != held[:-1]), len(held) - 1)
        for held in (groups[order], keys[order])
    ]
    of_group, of_key = (upto[end][np.searchsorted(end, np.arange(len(upto)))] for end in ends)
    return int((first[order] * (of_group - of_key)).sum())


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
