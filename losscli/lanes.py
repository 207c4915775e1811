"""Exact sums of a column by slice: many sums side by side, as arrays of integers.

A double is cut into limbs of 32 bits at fixed powers of two, and each limb is added, as an integer, to
the lane of its row's slice.  Limbs that no value reaches are not kept.  Rows that cannot be cut so
(infinite, NaN, next to the ends of the range) go to an `ExactSum` of their slice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from losscli.exact import LOWEST, ExactSum

if TYPE_CHECKING:
    from losscli.block import Floats, Ints, Mask

LIMB = 32
ROOM = 1 << 28  # numbers of up to LIMB + 1 bits that a lane takes in before it carries
SAFE_HIGH, SAFE_LOW = 960, -990  # between these powers of two no constant overflows or is subnormal


@dataclass(frozen=True, slots=True)
class LaneSums:
    """Σ of ``factors`` factors for each slice: ``limbs[k][s]`` counts units of 2**(LIMB * k)."""

    factors: int = 1
    limbs: Mapping[int, Ints] = field(default_factory=dict)
    others: Mapping[int, ExactSum] = field(default_factory=dict)
    terms: int = 0  # added since the lanes last carried

    @classmethod
    def of(cls, column: Floats, codes: Ints, slices: int, factors: int = 1) -> Self:
        """The sums of a column by the code of each row."""
        limbs: dict[int, Ints] = {}
        plain = _cut(column, codes, slices, limbs)
        others = {}
        if not plain.all():
            for code in np.unique(codes[~plain]).tolist():
                others[code] = ExactSum.of(column[~plain & (codes == code)])
        lanes = cls(1, limbs, others, len(column))
        return lanes if factors == 1 else lanes._as(factors)

    @classmethod
    def of_products(cls, x: Floats, y: Floats, codes: Ints, slices: int) -> Self:
        """The sums of x*y by code, the products not rounded."""
        rounded, error, exact = two_product(x, y)
        lanes = cls.of(np.where(exact, rounded, 0.0), codes, slices)
        lanes = lanes.merge(cls.of(np.where(exact, error, 0.0), codes, slices))._as(2)
        if exact.all():
            return lanes
        others = {
            code: ExactSum.of_products(x[here], y[here])
            for code in np.unique(codes[~exact]).tolist()
            for here in [~exact & (codes == code)]
        }
        return lanes.merge(cls(2, {}, others))

    def _as(self, factors: int) -> Self:
        others = {c: _with_factors(held, factors) for c, held in self.others.items()}
        return type(self)(factors, self.limbs, others, self.terms)

    def merge(self, other: Self) -> Self:
        limbs = dict(self.limbs)
        for place, lane in other.limbs.items():
            limbs[place] = added(limbs[place], lane) if place in limbs else lane
        others = dict(self.others)
        for code, held in other.others.items():
            others[code] = others[code].merge(held) if code in others else held
        terms = self.terms + other.terms
        if terms > ROOM:
            return type(self)(self.factors, _carried(limbs), others, 1)
        return type(self)(self.factors, limbs, others, terms)

    def at(self, code: int) -> ExactSum:
        """The exact sum of one slice."""
        units = 0
        for place, lane in self.limbs.items():
            if code < len(lane):
                units += int(lane[code]) << (LIMB * place - LOWEST * self.factors)
        held = ExactSum(units, self.factors)
        return held.merge(self.others[code]) if code in self.others else held


def two_product(x: Floats, y: Floats) -> tuple[Floats, Floats, Mask]:
    """x*y rounded, what the rounding lost, and where both are exact (Dekker 1971, doi:10.1007/BF01397083)."""
    with np.errstate(all="ignore"):
        rounded = x * y
        size = np.abs(rounded)
        # Where the product or its last bit leaves the range, or a factor would overflow when split.
        exact: Mask = (size < 2.0**900) & ((size > 2.0**-900) | (x == 0.0) | (y == 0.0))
        exact &= (np.abs(x) < 2.0**900) & (np.abs(y) < 2.0**900)
        x_high, x_low = _halves(x)
        y_high, y_low = _halves(y)
        error = ((x_high * y_high - rounded) + x_high * y_low + x_low * y_high) + x_low * y_low
    return rounded, error, exact


def added(one: Ints, other: Ints) -> Ints:
    """The sum of two arrays, the shorter one continued with zeros."""
    if len(one) < len(other):
        one, other = other, one
    total = one.copy()
    total[: len(other)] += other
    return total


def _cut(column: Floats, codes: Ints, slices: int, limbs: dict[int, Ints]) -> Mask:
    """Add the limbs of every value that can be cut; where that is."""
    size = np.abs(column)
    plain: Mask = (size < 2.0**SAFE_HIGH) & ((size >= 2.0 ** (SAFE_LOW + 53)) | (size == 0.0))  # NaN is not
    rest = column.copy() if plain.all() else np.where(plain, column, 0.0)
    high = float(np.abs(rest).max(initial=0.0))
    if high == 0.0:
        return plain
    place = (math.frexp(high)[1] + 1) // LIMB
    while True:
        constant = math.ldexp(1.5, 52 + LIMB * place)
        shifted = rest + constant
        digits = shifted.view(np.int64) - np.float64(constant).view(np.int64)
        lane = limbs.setdefault(place, np.zeros(slices, dtype=np.int64))
        np.add.at(lane, codes, digits)
        shifted -= constant
        rest -= shifted
        if not rest.any():
            return plain
        place -= 1


def _halves(x: Floats) -> tuple[Floats, Floats]:
    far = x * 134217729.0  # 2**27 + 1
    high = far - (far - x)
    return high, x - high


def _carried(limbs: Mapping[int, Ints]) -> dict[int, Ints]:
    """The same sums, with every limb but the highest between 0 and 2**LIMB."""
    if not limbs:
        return {}
    carried: dict[int, Ints] = {}
    carry: Ints = np.zeros(0, dtype=np.int64)
    for place in range(min(limbs), max(limbs) + 1):
        lane = added(limbs.get(place, np.zeros(0, dtype=np.int64)), carry)
        carry = lane >> LIMB
        carried[place] = lane & ((1 << LIMB) - 1)
    carried[max(limbs) + 1] = carry
    return carried


def _with_factors(held: ExactSum, factors: int) -> ExactSum:
    """The same sum, in the units of sums of more factors."""
    shift = -LOWEST * (factors - held.factors)
    return ExactSum(held.units << shift, factors, held.positive, held.negative, held.nan)
