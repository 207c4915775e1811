"""Exact sums of a column by slice: many sums side by side, as arrays of integers.

A double is cut into limbs of 44 bits at fixed powers of two, and each limb is added, as an integer, to
the lane of its row's slice.  Limbs that no value reaches are not kept.  Rows that cannot be cut so
(infinite, NaN, next to the ends of the range) go to an `ExactSum` of their slice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Self

import numpy as np

from losscli.numbers.error_free import two_product
from losscli.numbers.exact import ExactSum
from losscli.numbers.tiles import LOWEST, TILE, Bounds, bounds_of, scratch

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints, Mask

LIMB = 44
ROOM = 1 << 18  # numbers of up to LIMB + 1 bits that a lane takes in before it carries
SAFE_HIGH, SAFE_LOW = 960, -990  # between these powers of two no constant overflows or is subnormal


@dataclass(frozen=True, slots=True)
class GroupedSums:
    """Σ of ``factors`` factors for each slice: ``limbs[k][s]`` counts units of 2**(LIMB * k)."""

    factors: int = 1
    limbs: Mapping[int, Ints] = field(default_factory=dict)
    others: Mapping[int, ExactSum] = field(default_factory=dict)
    terms: int = 0  # added since the lanes last carried

    @classmethod
    def of(cls, column: Floats, codes: Ints, slices: int, factors: int = 1) -> Self:
        """The sums of a column by the code of each row."""
        lanes = cls(factors)
        for start in range(0, len(column), TILE):
            tile = slice(start, start + TILE)
            lanes = lanes.merge(cls._of_tile(column[tile], codes[tile], slices)._as(factors))
        return lanes

    @classmethod
    def _of_tile(cls, column: Floats, codes: Ints, slices: int) -> Self:
        others = {}
        with np.errstate(all="ignore"):
            bounds = bounds_of(column, scratch.buffers[0, : len(column)])
            if bounds is None or bounds.high > SAFE_HIGH or bounds.low - 53 < SAFE_LOW:
                size = np.abs(column)
                far = ~((size < 2.0**SAFE_HIGH) & ((size >= 2.0 ** (SAFE_LOW + 53)) | (size == 0.0)))
                for code in np.unique(codes[far]).tolist():
                    others[code] = ExactSum.of(column[far & (codes == code)])
                column = np.where(far, 0.0, column)
                bounds = bounds_of(column, scratch.buffers[0, : len(column)])
            assert bounds is not None
            limbs = _cut(column, codes, slices, bounds)
        return cls(1, limbs, others, 1)

    @classmethod
    def of_products(cls, x: Floats, y: Floats, codes: Ints, slices: int) -> Self:
        """The sums of x*y by code, the products not rounded."""
        rounded, error, exact = _products(x, y)
        lanes = cls.of(np.where(exact, rounded, 0.0), codes, slices)
        lanes = lanes.merge(cls.of(np.where(exact, error, 0.0), codes, slices))._as(2)
        return lanes if exact.all() else lanes.merge(cls._one_by_one((x, y), ~exact, codes))

    @classmethod
    def of_triples(cls, w: Floats, x: Floats, y: Floats, codes: Ints, slices: int) -> Self:
        """The sums of w*x*y by code, the products not rounded."""
        near, lost, exact = _products(w, x)
        parts = []
        for part in (near, lost):
            rounded, error, fits = _products(part, y)
            exact &= fits
            parts += [rounded, error]
        lanes = cls(3)
        for part in parts:
            lanes = lanes.merge(cls.of(np.where(exact, part, 0.0), codes, slices)._as(3))
        return lanes if exact.all() else lanes.merge(cls._one_by_one((w, x, y), ~exact, codes))

    @classmethod
    def _one_by_one(cls, factors: Sequence[Floats], far: Mask, codes: Ints) -> Self:
        """The sums over the rows whose products are out of range."""
        of = ExactSum.of_products if len(factors) == 2 else ExactSum.of_triples
        return cls(len(factors), {}, {
            code: of(*(factor[here] for factor in factors))
            for code in np.unique(codes[far]).tolist()
            for here in [far & (codes == code)]
        })  # fmt: skip

    def _as(self, factors: int) -> Self:
        others = {c: held.scaled(factors) for c, held in self.others.items()}
        return type(self)(factors, self.limbs, others, self.terms)

    def merge(self, other: Self) -> Self:
        if self.factors != other.factors:
            factors = max(self.factors, other.factors)
            self, other = self._as(factors), other._as(factors)
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

    def placed(self, places: Ints, slices: int) -> Self:
        """The same sums at other places, no two at the same."""
        limbs = {}
        for limb, lane in self.limbs.items():
            limbs[limb] = np.zeros(slices, dtype=np.int64)
            limbs[limb][places[: len(lane)]] = lane
        others = {int(places[code]): held for code, held in self.others.items()}
        return type(self)(self.factors, limbs, others, self.terms)

    def at(self, code: int) -> ExactSum:
        """The exact sum of one slice."""
        units = 0
        for place, lane in self.limbs.items():
            if code < len(lane):
                units += int(lane[code]) << (LIMB * place - LOWEST * self.factors)
        held = ExactSum(units, self.factors)
        return held.merge(self.others[code]) if code in self.others else held

    def part(self, first: int, last: int) -> Self:
        """The sums of some neighbouring slices, counted from 0."""
        limbs = {place: lane[first:last] for place, lane in self.limbs.items()}
        others = {code - first: held for code, held in self.others.items() if first <= code < last}
        return type(self)(self.factors, limbs, others, self.terms)

    def units(self, slices: int) -> tuple[list[int], Fraction]:
        """The sums of all slices, as whole numbers of one unit."""
        exponent = LIMB * min(self.limbs, default=0)
        if self.others:
            exponent = min(exponent, LOWEST * self.factors)
        found = [0] * slices
        for place, lane in self.limbs.items():
            shift = LIMB * place - exponent
            for at, limb in enumerate(lane.tolist()):
                found[at] += limb << shift
        for code, held in self.others.items():
            found[code] += held.units << LOWEST * self.factors - exponent
        return found, Fraction(2) ** exponent

    @property
    def carried(self) -> Self:
        """The same sums, with every limb but the highest between 0 and 2**LIMB."""
        return type(self)(self.factors, _carried(self.limbs), self.others, 1)


def _products(x: Floats, y: Floats) -> tuple[Floats, Floats, Mask]:
    """x*y rounded, what the rounding lost, and where both are exact."""
    rounded, error = two_product(x, y)
    with np.errstate(all="ignore"):
        size = np.abs(rounded)
        # Where the product or its last bit leaves the range, or a factor would overflow when split.
        exact: Mask = (size < 2.0**900) & ((size > 2.0**-900) | (x == 0.0) | (y == 0.0))
        exact &= (np.abs(x) < 2.0**900) & (np.abs(y) < 2.0**900)
    return rounded, error, exact


def added(one: Ints, other: Ints) -> Ints:
    """The sum of two arrays, the shorter one continued with zeros."""
    if len(one) < len(other):
        one, other = other, one
    total = one.copy()
    total[: len(other)] += other
    return total


def _cut(column: Floats, codes: Ints, slices: int, bounds: Bounds) -> dict[int, Ints]:
    """The limbs of a tile, carried."""
    shifted, spare = scratch.buffers[:2, : len(column)]
    rows = np.bincount(codes, minlength=slices)
    limbs: dict[int, Ints] = {}
    rest = column
    highest, lowest = -(-bounds.high // LIMB) - 1, (bounds.low - 53) // LIMB
    for place in range(highest, lowest - 1, -1):
        # Adding 1.5 * 2^52 units rounds a value to a multiple of the unit, which then stands in the last
        # bits; the bits of the constant are taken off once a slice, and int64 wraps to the right number.
        constant = math.ldexp(1.5, 52 + LIMB * place)
        np.add(rest, constant, out=shifted)
        lane = rows * -int(np.float64(constant).view(np.int64))
        np.add.at(lane, codes, shifted.view(np.int64))
        limbs[place] = lane
        if place > lowest:
            shifted -= constant
            rest = np.subtract(rest, shifted, out=spare)
    return _carried(limbs)


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
