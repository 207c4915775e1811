"""First and second sums of two columns at once, exact: Σx, Σy, Σx², Σy² and Σxy.

Both columns are cut into digits of 21 bits, at the same powers of two for all rows of a tile.  A
product of two digits has so few bits that thousands of them add up in a double without rounding, in
whatever order: so BLAS may multiply the digits of a tile with one another, and with ones, which takes
less than half the time of three sums of exact products and two of columns.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.numbers.exact import ExactSum
from losscli.numbers.tiles import LOWEST, TILE, bounds_of, scratch

if TYPE_CHECKING:
    from losscli.numbers.tiles import Bounds
    from losscli.table.block import Floats, Ints

DIGITS = 4  # of each column
DIGIT = 21  # bits: ROW products of two digits, each up to 2^20, stay within 2^53
ROW = 1 << 13  # rows that BLAS adds up
BITS = DIGIT * DIGITS - 1  # of a column; the first digit has one for the sign
FARTHEST = 400  # with exponents up to this, no power of two on the way leaves the range of a double

PLACES = tuple(range(DIGITS))
"""The last digit of a column is an integer times 2^low, one at place p times 2^(low + DIGIT * p)."""
ONES = (
    DIGITS  # the place of ones among the columns that BLAS takes: digits of x before it, those of y behind it
)


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
        cuts = [*range(0, whole, TILE), whole, len(x)]
        found = cls()
        # Overflow and NaN are noticed: such a tile goes by exact products.
        with np.errstate(all="ignore"):
            for start, end in pairwise(cuts):
                if start < end:
                    tile = x[start:end], y[start:end]
                    found = found.merge(_by_digits(*tile) or _by_products(*tile))
        return found

    def merge(self, other: CrossProducts) -> CrossProducts:
        """The sums over the rows of both."""
        return CrossProducts(*(mine.merge(theirs) for mine, theirs in zip(self, other, strict=True)))


def _by_products(x: Floats, y: Floats) -> CrossProducts:
    product = ExactSum.of_products
    return CrossProducts(ExactSum.of(x), ExactSum.of(y), product(x, x), product(y, y), product(x, y))


def _by_digits(x: Floats, y: Floats) -> CrossProducts | None:
    """The sums of some times ROW rows, or of fewer than that; None where the digits do not hold a column."""
    digits, spare = scratch.buffers[: 2 * DIGITS + 1, : len(x)], scratch.buffers[-1, : len(x)]
    units, lows = np.ones(len(digits)), []
    for column, places in ((x, slice(ONES)), (y, slice(ONES + 1, None))):
        low = _low(bounds_of(column, spare))
        if low is None:
            return None
        lows.append(low)
        units[places] = np.ldexp(1.0, [-low - DIGIT * place for place in PLACES])
        _cut(column, low, digits[places], spare)
    digits[ONES] = 1.0
    # By run of rows, then by column.  NumPy takes a slower function for a matrix times its own transpose.
    runs = digits.reshape(len(digits), -1, min(ROW, len(x))).transpose(1, 0, 2)
    of_x = _added(runs[:, :ONES], runs, units[:ONES], units)
    of_y = _added(runs[:, ONES + 1 :], runs[:, ONES:], units[ONES + 1 :], units[ONES:])
    return CrossProducts(
        _first(of_x[:, ONES], lows[0]),
        _first(of_y[:, 0], lows[1]),
        _second(of_x[:, :ONES], lows[0] + lows[0]),
        _second(of_y[:, 1:], lows[1] + lows[1]),
        _second(of_x[:, ONES + 1 :], lows[0] + lows[1]),
    )


def _low(bounds: Bounds | None) -> int | None:
    """The exponent of the last digit of a column; None if the column is too wide, too large or too small."""
    # A double next above 2^(e-1) is a multiple of 2^(e-53).
    if bounds is None or bounds.low - 53 < bounds.high - BITS:
        return None
    low = bounds.high - BITS
    return low if bounds.high <= FARTHEST and low >= -FARTHEST else None


def _cut(column: Floats, low: int, digits: Floats, left: Floats) -> None:
    """Write the digits of a column; ``left`` holds what they leave of it."""
    for place in PLACES[:0:-1]:
        # Adding 1.5 * 2^(52+unit) rounds to a multiple of 2^unit, and taking it away again is exact.
        constant, digit = math.ldexp(1.5, 52 + low + DIGIT * place), digits[place]
        np.add(column, constant, out=digit)
        digit -= constant
        column = np.subtract(column, digit, out=left if place > 1 else digits[0])


def _added(one: Floats, other: Floats, units: Floats, other_units: Floats) -> Ints:
    """The sums over all rows of each column of the one times each of the other, in units of their digits."""
    sums = np.matmul(one, other.transpose(0, 2, 1)) * np.multiply.outer(units, other_units)
    added: Ints = sums.astype(np.int64).sum(axis=0)  # as integers they can be added beyond 2^53
    return added


def _first(digits: Ints, low: int) -> ExactSum:
    total = sum(digit << DIGIT * place for digit, place in zip(digits.tolist(), PLACES, strict=True))
    return ExactSum(total << (low - LOWEST))


def _second(products: Ints, low: int) -> ExactSum:
    places = [one + other for one in PLACES for other in PLACES]
    total = sum(
        digit << DIGIT * place for digit, place in zip(products.ravel().tolist(), places, strict=True)
    )
    return ExactSum(total << (low - 2 * LOWEST), 2)
