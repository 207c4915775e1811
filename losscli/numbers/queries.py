"""Rows by query, in the order of their scores: for losses of rankings, which give a value for each query at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from losscli.numbers.error_free import two_product
from losscli.numbers.grouped_sums import GroupedSums
from losscli.numbers.values import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from losscli.table.block import Floats, Ints, Mask


class Ties(NamedTuple):
    """Rows of a query that share a score and differ in what counts; any other row is a tie of its own."""

    of: Ints  # the tie of each row
    first: Ints  # the place of its first row
    size: Ints


class ExactTotals(NamedTuple):
    """A sum for each query, not rounded: whole numbers of a power of two; and which are infinite."""

    units: list[int]
    exponent: int
    infinite: Mask

    def rounded(self) -> Floats:
        """The nearest doubles."""
        return self.over(ExactTotals([1] * len(self.units), 0, np.zeros_like(self.infinite)))

    def over(self, other: ExactTotals) -> Floats:
        """The quotients, rounded once; NaN where the divisor is 0."""
        shift = self.exponent - other.exponent
        above, below = max(shift, 0), max(-shift, 0)
        found = np.array([
            _quotient(one << above, two << below) for one, two in zip(self.units, other.units, strict=True)
        ])  # fmt: skip
        found[self.infinite] = np.inf
        return found


def _quotient(one: int, other: int) -> float:
    if not other:
        return np.nan
    try:
        return one / other
    except OverflowError:
        return np.inf


@dataclass(frozen=True, eq=False)
class Rankings:
    """The rows of several queries, those of each with the greatest score first, of equal ones the least label."""

    label: Floats
    pred: Floats
    starts: Ints  # where each query begins, and where the last one ends

    @classmethod
    def of(cls, label: Sequence[float], pred: Sequence[float], sizes: Sequence[int] | None = None) -> Self:
        """Of rows by query, ``sizes`` of each; without these all are of one query."""
        ends = np.cumsum([0, *(sizes if sizes is not None else [len(label)])])
        return cls._sorted(np.array(label, dtype=np.float64), np.array(pred, dtype=np.float64), ends)

    @classmethod
    def _sorted(cls, label: Floats, pred: Floats, starts: Ints) -> Self:
        queries = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        order = np.lexsort((label, -pred, queries))
        return cls(label[order], pred[order], starts)

    @property
    def count(self) -> int:
        """How many queries there are."""
        return len(self.starts) - 1

    @cached_property
    def sizes(self) -> Ints:
        """How many rows each query has."""
        return np.diff(self.starts)

    @cached_property
    def query(self) -> Ints:
        """The query of each row."""
        return np.repeat(np.arange(self.count), self.sizes)

    @cached_property
    def place(self) -> Ints:
        """The place of each row in its query, from 0 on."""
        return np.arange(len(self.label)) - self.starts[self.query]

    @cached_property
    def perfect(self) -> Self:
        """The same rows, those with the greatest labels first."""
        return self._sorted(self.label, self.label, self.starts)

    def ties(self, counting: Floats) -> Ties:
        """The ties of rows that differ in ``counting``."""
        fresh = np.ones(len(self.pred), np.bool_)
        fresh[1:] = (self.pred[1:] != self.pred[:-1]) | (self.place[1:] == 0)
        of = fresh.cumsum() - 1
        first = np.flatnonzero(fresh)
        if len(first) < len(self.pred):
            alike = np.minimum.reduceat(counting, first) == np.maximum.reduceat(counting, first)
            fresh |= alike[of]
            of, first = fresh.cumsum() - 1, np.flatnonzero(fresh)
        return Ties(of, first, np.diff(first, append=len(self.pred)))

    def alone(self) -> Ties:
        """Each row as a tie of its own: in the order in which they stand, the least label of equal scores first."""
        every = np.arange(len(self.pred))
        return Ties(every, every, np.ones_like(every))

    def number(self, mask: Mask) -> Ints:
        """How many rows of each query a mask holds."""
        return np.bincount(self.query[mask], minlength=self.count)

    def total(self, column: Floats) -> ExactTotals:
        """The exact sum of a column over the rows of each query."""
        return _totals(GroupedSums.of(column, self.query, self.count), self.count)

    def total_of(self, *pairs: tuple[Floats, Floats]) -> ExactTotals:
        """The exact sum of the products of pairs of columns over the rows of each query."""
        sums = (GroupedSums.of_products(*pair, self.query, self.count) for pair in pairs)
        return _totals(reduce(GroupedSums.merge, sums), self.count)


def _totals(sums: GroupedSums, groups: int) -> ExactTotals:
    infinite = np.zeros(groups, np.bool_)
    infinite[[code for code, held in sums.others.items() if not held.finite]] = True
    return ExactTotals(*sums.units(groups), infinite)


def mean_of_ties(values: Floats, ties: Ties) -> Floats:
    """The mean of the values in each row's tie; that of the row itself where it has none."""
    large = np.flatnonzero(ties.size > 1)
    if not len(large):
        return values
    rows = np.flatnonzero((ties.size > 1)[ties.of])
    codes = np.repeat(np.arange(len(large)), ties.size[large])
    means = _totals(GroupedSums.of(values[rows], codes, len(large)), len(large)).rounded() / ties.size[large]
    found = values.copy()
    found[rows] = means[codes]
    return found


def chance_of_first(relevant: Mask, ties: Ties) -> Floats:
    """The chance that a row's place is that of the first relevant row of its tie, in a random order of the tie.

    Of n rows of which r are relevant it is r/n at the first place, and times (n - r - t) / (n - 1 - t) from the t-th to
    the one behind it.  The products are made in pairs of doubles, by doubling: of 1, 2, 4 … factors.
    """
    size = ties.size[ties.of]
    of_tie = np.add.reduceat(relevant.astype(np.int64), ties.first) if len(size) else size
    at = np.arange(len(size)) - ties.first[ties.of]
    above = np.where(at == 0, of_tie[ties.of], np.maximum(size - of_tie[ties.of] - at + 1, 0)).astype(float)
    below = (size - at).astype(float)
    chance = above / below
    back, back_lost = two_product(chance, below)
    lost = ((above - back) - back_lost) / below
    step = 1
    while step < int(ties.size.max(initial=0)):
        later = np.flatnonzero(at >= step)
        near, rest = two_product(chance[later], chance[later - step])
        rest += chance[later] * lost[later - step] + lost[later] * chance[later - step]
        chance[later], lost[later] = near, rest
        step *= 2
    found: Floats = chance + lost
    return found


def pairs_that_rise(keys: Ints, query: Ints, queries: int) -> Ints:
    """How many pairs of rows of each query have the lesser key in the first of the two.

    They are counted by the highest bit in which the keys of a pair differ.
    """
    counts = np.zeros(queries, np.int64)
    for bit in range(int(keys.max(initial=0)).bit_length() - 1, -1, -1):
        # Rows stand by query and by the bits above this one, and otherwise in their order.
        fresh = np.ones(len(keys), np.bool_)
        fresh[1:] = (query[1:] != query[:-1]) | (keys[1:] >> bit + 1 != keys[:-1] >> bit + 1)
        first = np.flatnonzero(fresh)
        sizes = np.diff(first, append=len(keys))
        ones = keys >> bit & 1
        ones_before = ones.cumsum() - ones
        ones_before -= np.repeat(ones_before[first], sizes)
        zeros_before = np.arange(len(keys)) - np.repeat(first, sizes) - ones_before
        counts += np.bincount(query, ones * zeros_before, minlength=queries).astype(np.int64)
        zeros = np.repeat(np.add.reduceat(1 - ones, first), sizes)
        places = np.repeat(first, sizes) + np.where(ones == 1, zeros + ones_before, zeros_before)
        order = np.empty_like(places)
        order[places] = np.arange(len(places))
        keys, query = keys[order], query[order]
    return counts


class Queries(Values):
    """All rows of queries: their labels, their scores, and weights, which say how often a row stands there."""

    @cached_property
    def rankings(self) -> Rankings:
        """The rows of each query in the order of their scores."""
        groups = len(self.rows) if isinstance(self.rows, np.ndarray) else 1
        if not self.pieces:
            nothing = np.zeros(0)
            return Rankings(nothing, nothing, np.zeros(groups + 1, np.int64))
        rows, starts = self.by_group(groups)
        label, pred = (np.array(column) for column in rows.columns)
        if rows.weight is not None:
            times = np.asarray(rows.weight).astype(np.int64)
            label, pred = label.repeat(times), pred.repeat(times)
            starts = np.concatenate((np.zeros(1, np.int64), times.cumsum()))[starts]
        return Rankings._sorted(label, pred, starts)
