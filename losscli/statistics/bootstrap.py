"""Intervals by the bootstrap: groups of rows are drawn again and again.

A resample draws as many groups (`groups`) as have rows, with replacement, and merges their states; its value is that
of the loss over the rows so drawn (Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x: clusters).

The interval is BCa (Efron 1987, doi:10.1080/01621459.1987.10478410; Efron & Tibshirani 1993, ch. 14): its ends are
resamples, chosen so that neither a bias of the resamples nor the skewness of the value shifts it.  The bias is read
off the share of resamples below the value; the skewness off the values without one group each (the jackknife).

Sums are exact, and the draws are the raw words of PCG64, whose stream NumPy promises to keep.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.numbers.exact import ExactSum
from losscli.numbers.grouped_sums import NotResampled
from losscli.statistics.distributions import normal_quantile, normal_upper
from losscli.statistics.intervals import ONE_GROUP, Estimate, one_side, root, tail_note

if TYPE_CHECKING:
    from losscli.statistics.intervals import IntervalSpec
    from losscli.statistics.spread import Spread

Name: TypeAlias = frozenset[tuple[str, str]]
"""Which part of a measure; empty for the whole."""

PartValues: TypeAlias = Mapping[Name, float | None]

REPLICATES = 1999
"""Resamples: with one more, the ends of the usual levels are whole places among them."""

ONE_SIDED = Fraction(1, 40)
"""With a smaller share of the resamples on one side of the value, and than the interval leaves out there, they
lie beside it, and there is no interval."""

SLACK = 1e-9
"""Of a place among the resamples: what the normal distribution and its inverse may be off by, and far more."""

FEW = 20
"""With fewer groups than these an interval carries a note."""

AT_ONCE = 100
"""Resamples merged at a time."""

Drawings: TypeAlias = NDArray[Any]
"""Whole numbers of groups, a row for each resample."""


# ---------------------------------------------------------------------- draws


def draws(groups: int, seed: int) -> Drawings:
    """How often each of some groups is in each resample: (REPLICATES, groups).

    The g-th of a resample is the group ⌊⌊word / 2³²⌋ · groups / 2³²⌋, the words being those of PCG64(seed).
    """
    stream, found = np.random.PCG64(seed), np.empty((REPLICATES, groups), np.int16)
    for start in range(0, REPLICATES, AT_ONCE):
        rows = min(AT_ONCE, REPLICATES - start)
        raw = stream.random_raw(rows * groups)
        places = ((raw >> np.uint64(32)) * np.uint64(groups) >> np.uint64(32)).astype(np.int64)
        first = np.repeat(np.arange(rows) * groups, groups)
        counts = np.bincount(first + places, minlength=rows * groups)
        found[start : start + rows] = counts.reshape(rows, groups)
    return found


@lru_cache(maxsize=2)  # the losses of one slice come one after the other
def schemes(groups: int, seed: int) -> Drawings:
    """The counts of the resamples, of all groups as they are, and of all without one each, in this order."""
    every = np.ones((1, groups), np.int16)
    found: Drawings = np.concatenate((draws(groups, seed), every, every - np.eye(groups, dtype=np.int16)))
    return found


@lru_cache(maxsize=2)
def turns(groups: int, seed: int) -> Drawings:
    """Which groups are turned in each flip, 1 or 0: the upper bits of the words of PCG64((seed, 1))."""
    raw = np.random.PCG64((seed, 1)).random_raw(REPLICATES * groups)
    return (raw >> np.uint64(63)).astype(np.int16).reshape(REPLICATES, groups)


def resamples(state: Any, counts: Drawings) -> Iterator[Any]:
    """The state of every resample, from that of all groups."""
    for start in range(0, len(counts), AT_ONCE):
        some = counts[start : start + AT_ONCE].astype(np.float64)
        yield from state.resampled(some).split(len(some))


# ---------------------------------------------------------------------- intervals


class NoInterval(Exception):
    """Why the resamples give no interval."""


@dataclass(frozen=True, slots=True)
class Replicates:
    """The values of the resamples; one that is not defined counts as beyond both ends.

    ``bias`` and ``acceleration`` are z₀ and a of Efron's: how many standard deviations the value is above the
    median of the resamples, and how fast the standard deviation grows with the value.
    """

    values: list[float]  # from the least to the greatest
    lost: int
    below: Fraction  # the share of the resamples below the value, a tie or a lost one as half
    acceleration: float

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Replicates:
        """From the values under `schemes`: of the resamples, of the whole, and of all groups but one each."""
        drawn, whole, without = values[:REPLICATES], values[REPLICATES], values[REPLICATES + 1 :]
        held = sorted(value for value in drawn if value is not None)
        below = Fraction(1, 2)
        if whole is not None:
            less, more = bisect_left(held, whole), len(held) - bisect_right(held, whole)
            below += Fraction(less - more, 2 * REPLICATES)
        return cls(held, len(drawn) - len(held), below, acceleration(without))

    @property
    def bias(self) -> float:
        """Exactly opposite where all values are."""
        if self.below <= Fraction(1, 2):
            return normal_quantile(float(self.below)) if self.below else -math.inf
        return -normal_quantile(float(1 - self.below)) if self.below < 1 else math.inf

    def interval(self, spec: IntervalSpec) -> dict[str, Any]:
        """The k-th least and the k-th greatest, k being the share that is to lie beyond, of all and one more.

        An end that lies beyond all resamples is the outermost of them.
        """
        side = one_side(spec.level)
        few = min(self.below, 1 - self.below)
        if few < min(side, ONE_SIDED):
            where = "above" if self.below < Fraction(1, 2) else "below"
            raise NoInterval(
                f"{100 * float(1 - few):.4g}% of the resamples lie {where} the value: they are biased"
            )
        z = normal_quantile(float(side))
        least = self._place(z, self.bias, self.acceleration)
        greatest = self._place(z, -self.bias, -self.acceleration)
        if self.lost and min(least, greatest) < 1:
            raise NoInterval(f"not defined in {self.lost} of {REPLICATES} resamples")
        most = len(self.values)
        low = self.values[min(max(least, 1), most) - 1]
        high = self.values[-min(max(greatest, 1), most)]
        return {"low": low, "high": high, "level": spec.level, "method": "bootstrap"}

    def _place(self, z: float, bias: float, acceleration: float) -> int:
        """The place of an end among the defined resamples, from its own side; 0 or less is beyond them."""
        share = normal_upper(-pushed(z, bias, acceleration))
        return math.floor((REPLICATES + 1) * share + SLACK) - self.lost

    def notes(self, spec: IntervalSpec) -> list[str]:
        """What is to be said of the interval."""
        said = []
        if self.lost:
            said.append(
                f"not defined in {self.lost} of {REPLICATES} resamples, which "
                f"{'counts' if self.lost == 1 else 'count'} as beyond both ends"
            )
        z = normal_quantile(float(one_side(spec.level)))
        ends = ((self.bias, self.acceleration), (-self.bias, -self.acceleration))
        if any(not 1 <= self._place(z, *end) <= len(self.values) for end in ends):
            said.append("an end lies beyond all resamples, of which the outermost is shown")
        return said

    @property
    def stderr(self) -> float:
        """The standard deviation of the resamples, n - 1 below."""
        column = np.array(self.values)
        total, squares = ExactSum.of(column), ExactSum.of_products(column, column)
        n = len(self.values)
        return root(max((squares.fraction - total.fraction**2 / n) / (n - 1), Fraction(0)))

    def chance(self, against: Callable[[float], bool], *, above: bool = False) -> float:
        """The one-sided p-value of what the least resamples speak against, or, ``above``, the greatest.

        It is the least share beyond an end with which the interval's end on that side leaves them out.
        """
        place = sum(map(against, self.values)) + self.lost + 1
        if place == 1:
            return 1 / (REPLICATES + 1)  # not even the outermost speaks against it
        if place > REPLICATES:
            return 1.0
        sign = -1.0 if above else 1.0
        u = normal_quantile((place - SLACK) / (REPLICATES + 1))
        z = pulled(u, sign * self.bias, sign * self.acceleration)
        return max(normal_upper(-z), 1 / (REPLICATES + 1))


def acceleration(values: Sequence[float | None]) -> float:
    """A sixth of the skewness of the values without one group each, turned round; 0 where they do not vary.

    It is worked out in integers, so that it is the same for all orders and exactly opposite for opposite values.
    A value that is not defined is left out.
    """
    ratios = [value.as_integer_ratio() for value in values if value is not None]
    unit = max((below for _, below in ratios), default=1)
    units = [above * (unit // below) for above, below in ratios]
    total = sum(units)
    apart = [len(units) * one - total for one in units]
    squares, cubes = sum(one**2 for one in apart), sum(one**3 for one in apart)
    if not squares:
        return 0.0
    skewness = root(Fraction(cubes**2, squares**3))
    return (skewness if cubes < 0 else -skewness) / 6.0


def pushed(z: float, bias: float, acceleration: float) -> float:
    """Where the end at ``z`` of a normal value lies among the resamples (Efron 1987, eq. 3.8)."""
    moved = bias + z
    scale = 1.0 - acceleration * moved
    return bias + (moved / scale if scale > 0.0 else math.copysign(math.inf, moved))


def pulled(u: float, bias: float, acceleration: float) -> float:
    """The inverse of `pushed`."""
    moved = u - bias
    scale = 1.0 + acceleration * moved
    return (moved / scale if scale > 0.0 else math.copysign(math.inf, moved)) - bias


def few_groups(groups: int) -> list[str]:
    """What is to be said where there are few groups."""
    return [f"only {groups} groups were resampled"] if groups < FEW else []


UNRULY = "no interval: states of this kind are not resampled"


@dataclass(frozen=True, slots=True)
class Resampled:
    """The values of a measure over all resamples, by part; or why there are none."""

    spec: IntervalSpec
    groups: int
    values: Mapping[Name, Replicates]
    why: str | None = None

    @classmethod
    def of(
        cls,
        groups: int,
        units: Sequence[Any],
        spec: IntervalSpec,
        finish: Callable[[Sequence[Any]], PartValues],
    ) -> Resampled:
        """``units``: of every unit the state over the groups; ``finish``: the values of states of the units."""
        if groups < 2:
            return cls(spec, groups, {}, ONE_GROUP)
        counts = schemes(groups, spec.seed)
        values: dict[Name, list[float | None]] = {}
        try:
            for at, states in enumerate(zip(*(resamples(unit, counts) for unit in units), strict=True)):
                for name, value in finish(states).items():
                    values.setdefault(name, [None] * len(counts))[at] = value
        except NotResampled as why:
            return cls(spec, groups, {}, str(why) or UNRULY)
        return cls(spec, groups, {name: Replicates.of(held) for name, held in values.items()})

    def estimate(self, name: Mapping[str, str], state: Any, spread: Spread | None) -> Estimate:
        """The interval of one part; ``state`` and ``spread`` are of the rows themselves."""
        if self.why is not None:
            return Estimate(note=self.why)
        held = self.values[frozenset(name.items())]
        try:
            ci = held.interval(self.spec)
        except NoInterval as why:
            return Estimate(note=f"no interval: {why}")
        said = [tail_note(state, spread), *few_groups(self.groups), *held.notes(self.spec)]
        return Estimate(held.stderr, ci, "; ".join(note for note in said if note) or None)
