"""Counts in bins for pictures: of one number, of two, of scores by class, and of labels below quantiles.

The edges of bins are multiples of a power of two: the least for which a limited number of bins holds all values.
It depends on the values alone, so any order and any cut of the rows gives the same counts, and counts merge by
addition.  Rows are counted without their weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints

FINE = 1025
"""The most bins of one number: enough for steps of 1/1024 from 0 to 1, and a bin for 1."""

COARSE = 64
"""The most bins of each of two numbers."""


def power_of(values: Floats, limit: int) -> int:
    """The least exponent k for which the values lie in at most ``limit`` bins of width 2**k."""
    low, high = float(values.min()), float(values.max())
    size = math.frexp(max(abs(low), abs(high)))[1]
    # The places of finer bins would be integers that a double cannot count exactly.
    power = max(size - 44, -1060)
    apart = high - low
    if apart:
        power = max(power, (math.frexp(apart)[1] if math.isfinite(apart) else 1024) - 13)
    ends = np.array([low, high])
    while int(np.subtract(*codes_of(ends, power)[::-1])) >= limit:
        power += 1
    return power


def codes_of(values: Floats, power: int) -> Ints:
    """The bin of each value: floor(value / 2**power)."""
    scaled = np.floor(np.ldexp(values, -power))
    # A negative value that underflows when it is scaled still lies below zero.
    scaled[(scaled == 0.0) & (values < 0.0)] = -1.0
    found: Ints = scaled.astype(np.int64)
    return found


@dataclass(frozen=True, slots=True)
class Axis:
    """Bins side by side, each 2**power wide; the first is number ``low``."""

    power: int
    low: int
    count: int

    @classmethod
    def of(cls, values: Floats, limit: int) -> tuple[Self, Ints]:
        """The axis with at most ``limit`` bins for some finite values, and the bin of each."""
        power = power_of(values, limit)
        codes = codes_of(values, power)
        low = int(codes.min())
        return cls(power, low, int(codes.max()) - low + 1), codes - low

    def coarser(self, power: int) -> tuple[Axis, Ints]:
        """The axis of a larger power, and the new place of each bin."""
        places = (np.arange(self.count) + self.low) >> (power - self.power)
        low = int(places[0])
        return Axis(power, low, int(places[-1]) - low + 1), places - low

    def joined(self, other: Axis, limit: int) -> tuple[Axis, Ints, Ints]:
        """The axis that covers both, and the new places of the bins of each."""
        power = max(self.power, other.power)
        while True:
            one, mine = self.coarser(power)
            two, theirs = other.coarser(power)
            low = min(one.low, two.low)
            count = max(one.low + one.count, two.low + two.count) - low
            if count <= limit:
                return Axis(power, low, count), mine + (one.low - low), theirs + (two.low - low)
            power += 1

    @property
    def edges(self) -> Floats:
        """The ends of the bins, one more than there are bins."""
        with np.errstate(over="ignore"):
            found: Floats = np.ldexp((np.arange(self.count + 1) + self.low).astype(float), self.power)
        return found


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many rows lie in each bin."""

    axis: Axis
    counts: Ints

    @classmethod
    def of(cls, values: Floats) -> Self | None:
        """The counts of values (n,) that are finite; None where none is."""
        values = values[np.isfinite(values)]
        if not len(values):
            return None
        axis, codes = Axis.of(values, FINE)
        return cls(axis, np.bincount(codes, minlength=axis.count))

    def merge(self, other: Self) -> Self:
        """The counts of both, in bins that are wide enough for both."""
        axis, mine, theirs = self.axis.joined(other.axis, FINE)
        counts = np.bincount(mine, self.counts, axis.count) + np.bincount(theirs, other.counts, axis.count)
        return type(self)(axis, counts.astype(np.int64))


@dataclass(frozen=True, slots=True)
class Grid:
    """How many rows lie in each bin of two numbers; the counts have shape (bins of x, bins of y)."""

    x: Axis
    y: Axis
    counts: Ints

    @classmethod
    def of(cls, x: Floats, y: Floats) -> Self | None:
        """The counts of pairs (n,) that are finite; None where none is."""
        finite = np.isfinite(x) & np.isfinite(y)
        if not finite.any():
            return None
        one, first = Axis.of(x[finite], COARSE)
        two, second = Axis.of(y[finite], COARSE)
        counts = np.bincount(first * two.count + second, minlength=one.count * two.count)
        return cls(one, two, counts.reshape(one.count, two.count))

    def merge(self, other: Self) -> Self:
        """The counts of both, in bins that are wide enough for both."""
        x, mine_x, theirs_x = self.x.joined(other.x, COARSE)
        y, mine_y, theirs_y = self.y.joined(other.y, COARSE)
        counts = np.zeros((x.count, y.count), np.int64)
        np.add.at(counts, (mine_x[:, None], mine_y[None, :]), self.counts)
        np.add.at(counts, (theirs_x[:, None], theirs_y[None, :]), other.counts)
        return type(self)(x, y, counts)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of the rows of label 0, and of those of label 1."""

    negative: Histogram | None
    positive: Histogram | None

    @classmethod
    def of(cls, label: Floats, score: Floats) -> Self:
        """The scores (n,) of rows by their label: positive above 0, and else negative."""
        return cls(Histogram.of(score[label <= 0.0]), Histogram.of(score[label > 0.0]))

    def merge(self, other: Self) -> Self:
        """The scores of both, by label."""
        return type(self)(_both(self.negative, other.negative), _both(self.positive, other.positive))

    def aligned(self) -> tuple[Axis, Ints, Ints] | None:
        """The counts of both classes on one axis; None where there is only one class."""
        if self.negative is None or self.positive is None:
            return None
        axis, mine, theirs = self.negative.axis.joined(self.positive.axis, FINE)
        negative = np.bincount(mine, self.negative.counts, axis.count).astype(np.int64)
        positive = np.bincount(theirs, self.positive.counts, axis.count).astype(np.int64)
        return axis, negative, positive


def _both(one: Histogram | None, other: Histogram | None) -> Histogram | None:
    return other if one is None else one if other is None else one.merge(other)


@dataclass(frozen=True, slots=True)
class Coverage:
    """At each quantile level, how many labels do not exceed the predicted quantile."""

    levels: tuple[float, ...]
    below: Ints
    rows: int

    @classmethod
    def of(cls, label: Floats, pred: Floats, levels: tuple[float, ...]) -> Self:
        """How many labels (n,) lie at or below each quantile of ``pred`` (n, levels)."""
        return cls(levels, np.count_nonzero(label[:, None] <= pred, axis=0), len(label))

    def merge(self, other: Self) -> Self:
        """The counts of both, which are of the same levels."""
        return type(self)(self.levels, self.below + other.below, self.rows + other.rows)


Binned = Histogram | Grid | Scores | Coverage
