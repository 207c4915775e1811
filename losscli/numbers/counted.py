"""What rows weigh by their values rounded to some binary digits: states of order statistics that merge.

A value is rounded to the nearest number of so many significant binary digits.  Which bin that is depends on the value
alone, so that the counts of any parts of the rows add up.  All that is not known is the order of the rows within a bin.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from itertools import accumulate
from operator import or_
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from losscli.numbers.bins import Bins
from losscli.numbers.cells import BELOW
from losscli.numbers.grouped_sums import NotResampled, grouped
from losscli.numbers.order import Steps
from losscli.numbers.values import middle
from losscli.numbers.whole_weights import FEW, WeightUnit, Whole

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints

INFINITE = 0x7FF << 52
"""The bits of infinity; those of finite numbers above 0 are whole numbers below it, in the same order."""
BYTES_A_BIN = 200
MOST_CELLS = 1 << 16
"""Where more bins hold rows they are not resampled: it would take too long."""


def bins_of(values: Floats, digits: int) -> Ints:
    """The bin of each value: its place among all numbers of so many binary digits, from the least to the greatest."""
    cut, zero = _scale(digits)
    bits = np.abs(values).view(np.int64)
    places = (bits + (1 << cut - 1)) >> cut
    # A finite value is not rounded to infinity.
    places -= (places == INFINITE >> cut) & (bits != INFINITE)
    found: Ints = np.where(values < 0.0, zero - places, zero + places)
    return found


def values_of_bins(bins: Ints, digits: int, side: int = 0) -> Floats:
    """The numbers that bins stand for; with ``side`` -1 or 1, one that no value in the bin lies below, or above."""
    cut, zero = _scale(digits)
    places = bins - zero
    # Beyond the last double of the bin: an error may have been rounded to that one.
    keys = (places << cut) + side * ((1 << cut - 1) + 1)
    # The outermost bin of finite numbers reaches up to the greatest, and that of infinity has no width.
    outermost = (INFINITE >> cut) - 1
    keys = np.where(places * side == outermost, side * (INFINITE - 1), keys)
    keys = np.where(np.abs(places) > outermost, places << cut, keys)
    sizes = np.abs(keys).view(np.float64)
    found: Floats = np.where(keys < 0, -sizes, sizes)
    return found


def _scale(digits: int) -> tuple[int, int]:
    """The bits of a double that are rounded off, and the bin of 0."""
    cut = 53 - digits
    return cut, 1 << 63 - cut


@dataclass(frozen=True, eq=False)
class Counted(Bins):
    """What the rows weigh by their bins."""

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 2) -> Self:
        """The state of no rows."""
        return super().empty(weighted=weighted, columns=columns)

    @property
    def bytes_held(self) -> int:
        """About how many bytes the bins take, once they are finished too."""
        return BYTES_A_BIN * len(self.keys)

    @cached_property
    def _weights(self) -> tuple[list[int], int]:
        """What the rows of each of the `keys` weigh, in units of 2 to an exponent, and that exponent."""
        units, exponent = grouped(self.sums.weight).units(len(self.keys))
        bits = reduce(or_, units, 0)
        spare = max((bits & -bits).bit_length() - 1, 0)
        return [unit >> spare for unit in units], exponent + spare

    def resampled(self, counts: Floats) -> Self:
        if len(self.keys) > 0 and len(np.unique(self.keys & BELOW)) > MOST_CELLS:
            raise NotResampled(
                f"no interval: rows in more than {MOST_CELLS} bins are not resampled; a smaller `approx` has fewer"
            )
        return super().resampled(counts)

    @classmethod
    def from_json(cls, held: Mapping[str, Any], groups: int | None = None) -> Self:
        found = super().from_json(held, groups)
        if min(found._weights[0], default=1) <= 0:
            raise ValueError("bins without a weight")
        return found


# ---------------------------------------------------------------------- in the order of a score


@dataclass(frozen=True, eq=False)
class CountedScores(Counted):
    """What the rows of two kinds weigh by the bins of their scores: cell 2b is of kind 0 in bin b, 2b + 1 of kind 1."""

    @classmethod
    def of(
        cls, columns: Sequence[Any], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The rows by the bin of their score, in the first column, and by their kind, 0 or 1, in the second."""
        bins, kinds = columns
        return super().of((2 * bins + np.asarray(kinds, np.int64),), weight, names, codes, groups)

    @property
    def support(self) -> Fraction:
        """What the rows of kind 1, the positives, weigh."""
        _, up = self._by_bin[1]
        return int(up.sum()) * Fraction(2) ** self._weights[1]

    @cached_property
    def _by_bin(self) -> tuple[Ints, tuple[Whole, Whole]]:
        """The bins that hold rows, and by kind what these weigh."""
        units, exponent = self._weights
        dtype = WeightUnit(exponent, np.int64 if sum(units) < FEW else object).dtype
        cells, weights = self.keys & BELOW, np.array(units, dtype)
        bins, at = np.unique(cells >> 1, return_inverse=True)
        by_kind = []
        for kind in (0, 1):
            own = cells & 1 == kind
            by_kind.append(np.zeros(len(bins), dtype))
            by_kind[kind][at[own]] = weights[own]
        held = (by_kind[0] + by_kind[1]) > 0
        return bins[held], (by_kind[0][held], by_kind[1][held])

    def middle(self, digits: int) -> SteppedOrder:
        """The rows of a bin as ties."""
        bins, weights = self._by_bin
        # Thresholds at the upper ends of bins: what is above them is known.
        return SteppedOrder(values_of_bins(bins, digits, 1), weights)

    def extremes(self, digits: int) -> Iterator[SteppedOrder]:
        """In every bin the positives below the negatives; then above them."""
        bins, weights = self._by_bin
        values = np.repeat(values_of_bins(bins, digits, 1), 2)
        for first in (1, 0):
            steps = []
            for kind, held in enumerate(weights):
                steps.append(np.zeros(len(values), held.dtype))
                steps[kind][first ^ kind :: 2] = held
            some = (steps[0] + steps[1]) > 0
            yield SteppedOrder(values[some], (steps[0][some], steps[1][some]))


class SteppedOrder(NamedTuple):
    """Rows of two kinds in the order of a value: ascending values, and by kind what the rows at each weigh."""

    values: Floats
    weights: tuple[Whole, Whole]

    def totals_of(self, kinds: int) -> tuple[int, ...]:
        """What the rows of each of so many kinds weigh."""
        return tuple(int(held.sum()) for held in self.weights[:kinds])

    def steps(self, kinds: int) -> Iterator[Steps]:
        """All values with the weights of so many kinds."""
        yield Steps(self.values, self.weights[:kinds])

    def marks(self, most: int) -> Floats:
        """Values, ascending: all, or at most so many that the weights of each kind are spread evenly over."""
        if len(self.values) <= most:
            return self.values
        places = []
        for held in self.weights:
            upto = held.cumsum().astype(np.float64)
            places.append(upto.searchsorted(np.linspace(0.0, upto[-1], most // len(self.weights))))
        found: Floats = self.values[np.unique(np.concatenate(places))]
        return found

    def totals_up_to(self, values: Floats, kinds: int) -> tuple[list[int], ...]:
        """By kind, what the rows weigh that are not above each of some of the values."""
        at = self.values.searchsorted(values)
        return tuple([int(total) for total in held.cumsum()[at]] for held in self.weights[:kinds])


# ---------------------------------------------------------------------- quantiles


@dataclass(frozen=True, eq=False)
class CountedValues(Counted):
    """What the rows weigh by the bins of a value; further columns are not kept."""

    @classmethod
    def of(
        cls, columns: Sequence[Any], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The rows by the bin of their value, which the first column holds."""
        return super().of(columns[:1], weight, names, codes, groups)

    @cached_property
    def _by_bin(self) -> tuple[Ints, list[int]]:
        """The bins that hold rows, and what the rows up to each weigh."""
        units, _ = self._weights
        held = np.flatnonzero([unit > 0 for unit in units])
        return (self.keys & BELOW)[held], list(accumulate(units[at] for at in held.tolist()))

    def middle(self, digits: int) -> SteppedValues:
        """Each row at the number that its bin stands for."""
        bins, upto = self._by_bin
        return SteppedValues(values_of_bins(bins, digits), upto)

    def extremes(self, digits: int) -> Iterator[SteppedValues]:
        """Each row at the lower end of its bin; then at the upper."""
        bins, upto = self._by_bin
        for side in (-1, 1):
            yield SteppedValues(values_of_bins(bins, digits, side), upto)


class SteppedValues(NamedTuple):
    """Ascending values, and what the rows up to each weigh."""

    values: Floats
    upto: Sequence[int]

    def ends(self, level: Fraction) -> tuple[float, float]:
        """The least value that so much of the weight does not exceed, and the greatest that would do as well."""
        target = level * self.upto[-1]
        at = bisect_left(self.upto, target)
        following = at + (self.upto[at] == target and at + 1 < len(self.upto))
        return float(self.values[at]), float(self.values[following])

    def quantile(self, level: Fraction) -> float:
        """The middle of the two `ends` of a quantile."""
        return middle(*self.ends(level))
