"""First and second sums of two columns at once, exact: Σx, Σy, Σx², Σy² and Σxy.

Both columns are cut into digits of 21 bits, at the same powers of two for all rows of a tile.  A
product of two digits has so few bits that thousands of them add up in a double without rounding, in
whatever order: so BLAS may multiply the digits of a tile with one another, which takes two thirds of
the time of three sums of exact products.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.numbers.exact import ExactSum
from losscli.numbers.tiles import LOWEST, TILE, scratch

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints

DIGITS = 4  # of each column
DIGIT = 21  # bits: ROW products of two digits, each up to 2^20, stay within 2^53
ROW = 1 << 13  # rows that BLAS adds up
BITS = DIGIT * DIGITS - 1  # of a column; the first digit has one for the sign
FARTHEST = 400  # with exponents up to this, no power of two on the way leaves the range of a double
ROWS = TILE // 2  # at a time: twelve columns of so many fit the buffers of a thread

PLACES = tuple(range(DIGITS))
"""The last digit of a column is an integer times 2^low, one at place p times 2^(low + DIGIT * p)."""


class CrossProducts(NamedTuple):
    """What is summed of two columns."""

    x: ExactSum = ExactSum.empty()
    y: ExactSum = ExactSum.empty()
    xx: ExactSum = ExactSum.empty(2)
    yy: ExactSum = ExactSum.empty(2)
    xy: ExactSum = ExactSum.empty(2)

    @classmethod
    def of(cls, x: Floats, y: Floats) -> CrossProducts:
        """The sums of two columns of float64, without any rounding."""
        whole = len(x) - len(x) % ROW
        cuts = [*range(0, whole, ROWS), whole, len(x)]
        found = cls()
        # Overflow and NaN are noticed: such a tile goes by exact products.
        with np.errstate(all="ignore"):
            for start, end in pairwise(cuts):
                if start < end:
                    tile = x[start:end], y[start:end]
                    found = found.merge(_by_digits(*tile) or _by_products(*tile))
        return found

    def merge(self, other: CrossProducts) -> CrossProducts:
        return CrossProducts(*(mine.merge(theirs) for mine, theirs in zip(self, other, strict=True)))


def _by_products(x: Floats, y: Floats) -> CrossProducts:
    product = ExactSum.of_products
    return CrossProducts(ExactSum.of(x), ExactSum.of(y), product(x, x), product(y, y), product(x, y))


def _by_digits(x: Floats, y: Floats) -> CrossProducts | None:
    """The sums of some times ROW rows, or of fewer than that; None where the digits do not hold a column."""
    row = min(ROW, len(x))
    space = scratch.buffers.reshape(-1)
    # By run of rows, then by digit: where BLAS wants them.
    digits = space[: 2 * DIGITS * len(x)].reshape(-1, 2 * DIGITS, row)
    left, spare = space[2 * DIGITS * len(x) :][: 4 * len(x)].reshape(2, -1, 2, row)
    left[:, 0], left[:, 1] = x.reshape(-1, row), y.reshape(-1, row)
    lows = _lows(left, digits.reshape(-1, 2, DIGITS, row)[:, :, 0], spare)
    if lows is None:
        return None
    for place in PLACES[:0:-1]:
        # Adding 1.5 * 2^(52+unit) rounds to a multiple of 2^unit, and taking it away again is exact.
        constants = np.ldexp(1.5, np.array(lows) + (52 + DIGIT * place))[:, np.newaxis]
        digit = digits[:, place::DIGITS]
        np.add(left, constants, out=digit)
        digit -= constants
        np.subtract(left, digit, out=left if place > 1 else digits[:, ::DIGITS])
    # As integers they can be added beyond 2^53.
    units = np.ldexp(1.0, [-low - DIGIT * place for low in lows for place in PLACES])
    first = (np.add.reduce(digits, axis=2) * units).astype(np.int64).sum(axis=0)
    gram = np.stack([np.dot(run, run.T) for run in digits])
    second = (gram * np.multiply.outer(units, units)).astype(np.int64).sum(axis=0)
    one, other = slice(DIGITS), slice(DIGITS, None)
    return CrossProducts(
        _first(first[one], lows[0]),
        _first(first[other], lows[1]),
        _second(second[one, one], lows[0] + lows[0]),
        _second(second[other, other], lows[1] + lows[1]),
        _second(second[one, other], lows[0] + lows[1]),
    )


def _lows(columns: Floats, sizes: Floats, spare: Floats) -> list[int] | None:
    """The exponent of the last digit of each column; None if a column is too wide, too large or too small."""
    np.abs(columns, out=sizes)
    greatest = np.maximum.reduce(sizes, axis=(0, 2)).tolist()
    # As an unsigned integer zero less one is the greatest of all: the minimum is that of the others.
    bits = np.subtract(sizes.view(np.uint64), np.uint64(1), out=spare.view(np.uint64))
    least = (np.minimum.reduce(bits, axis=(0, 2)) + np.uint64(1)).view(np.float64).tolist()
    lows = []
    for high, low in zip(greatest, least, strict=True):
        if not math.isfinite(high):
            return None
        top = math.frexp(high)[1]
        lows.append(top - BITS)
        # A double next above 2^(e-1) is a multiple of 2^(e-53).
        if high > 0.0 and math.frexp(low)[1] - 53 < top - BITS:
            return None
    return lows if max(lows) + BITS <= FARTHEST and min(lows) >= -FARTHEST else None


def _first(digits: Ints, low: int) -> ExactSum:
    total = sum(digit << DIGIT * place for digit, place in zip(digits.tolist(), PLACES, strict=True))
    return ExactSum(total << (low - LOWEST))


def _second(products: Ints, low: int) -> ExactSum:
    places = [one + other for one in PLACES for other in PLACES]
    total = sum(
        digit << DIGIT * place for digit, place in zip(products.ravel().tolist(), places, strict=True)
    )
    return ExactSum(total << (low - 2 * LOWEST), 2)
