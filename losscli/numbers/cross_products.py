"""First and second sums of two columns at once, exact: Σx, Σy, Σx², Σy² and Σxy.

Both columns are cut into digits of 23 bits, at the same powers of two for all rows of a tile.  A
product of two digits has so few bits that hundreds of them add up in a double without rounding, in
whatever order: so BLAS may multiply the digits of a tile with one another, which takes about two thirds
of the time of three sums of exact products and two of columns.
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

DIGIT = 23  # bits
DIGITS = 4  # of a column at most: three hold sizes that differ by a factor of 2^15, four by one of 2^38
ROW = 1 << 9  # rows that BLAS adds up: so many products of two digits, each up to 2^22, stay within 2^53
ROWS = TILE // 2  # at a time: their digits stay in the cache
FARTHEST = 400  # with exponents up to this, no power of two on the way leaves the range of a double


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
        """The sums over the rows of both."""
        return CrossProducts(*(mine.merge(theirs) for mine, theirs in zip(self, other, strict=True)))


def _by_products(x: Floats, y: Floats) -> CrossProducts:
    product = ExactSum.of_products
    return CrossProducts(ExactSum.of(x), ExactSum.of(y), product(x, x), product(y, y), product(x, y))


def _by_digits(x: Floats, y: Floats) -> CrossProducts | None:
    """The sums of some times ROW rows, or of fewer than that; None where the digits do not hold a column."""
    spare = scratch.buffers[-1, : len(x)]
    columns: list[range] = []  # the exponents of the digits of each
    for column in (x, y):
        exponents = _exponents(bounds_of(column, spare))
        if exponents is None:
            return None
        columns.append(exponents)
    exponents_of_both = [exponent for exponents in columns for exponent in exponents]
    digits = scratch.buffers[: len(exponents_of_both), : len(x)]
    of_x, of_y = slice(len(columns[0])), slice(len(columns[0]), None)
    for column, exponents, places in zip((x, y), columns, (of_x, of_y), strict=True):
        _cut(column, exponents, digits[places], spare)
    units = np.ldexp(1.0, [-exponent for exponent in exponents_of_both])[:, np.newaxis]
    runs = digits.reshape(len(digits), -1, min(ROW, len(x)))
    sums = _added(np.add.reduce(runs, axis=-1) * units)
    products = np.empty((len(digits), len(digits)), np.int64)
    for at, digit in enumerate(runs):
        products[at, at:] = products[at:, at] = _added(np.vecdot(digit, runs[at:]) * (units[at] * units[at:]))
    (low_x, *_), (low_y, *_) = columns
    return CrossProducts(
        _first(sums[of_x], low_x),
        _first(sums[of_y], low_y),
        _second(products[of_x, of_x], low_x + low_x),
        _second(products[of_y, of_y], low_y + low_y),
        _second(products[of_x, of_y], low_x + low_y),
    )


def _exponents(bounds: Bounds | None) -> range | None:
    """The exponents of the digits of a column, the last digit first; None if it is too wide, too large or too small."""
    if bounds is None:
        return None
    # A double next above 2^(e-1) is a multiple of 2^(e-53), and the first digit has one bit for the sign.
    count = -(-(bounds.high - bounds.low + 53 + 1) // DIGIT)
    low = bounds.high + 1 - DIGIT * count
    if count > DIGITS or bounds.high > FARTHEST or low < -FARTHEST:
        return None
    return range(low, bounds.high + 1, DIGIT)


def _cut(column: Floats, exponents: range, digits: Floats, left: Floats) -> None:
    """Write the digits of a column; ``left`` holds what they leave of it."""
    for place in range(len(exponents) - 1, 0, -1):
        # Adding 1.5 * 2^(52+unit) rounds to a multiple of 2^unit, and taking it away again is exact.
        constant, digit = math.ldexp(1.5, 52 + exponents[place]), digits[place]
        np.add(column, constant, out=digit)
        digit -= constant
        column = np.subtract(column, digit, out=left if place > 1 else digits[0])


def _added(sums: Floats) -> Ints:
    """Whole numbers of runs of rows, added: as integers they can be beyond 2^53."""
    added: Ints = sums.astype(np.int64).sum(axis=-1)
    return added


def _first(digits: Ints, low: int) -> ExactSum:
    total = sum(digit << DIGIT * place for place, digit in enumerate(digits.tolist()))
    return ExactSum(total << (low - LOWEST))


def _second(products: Ints, low: int) -> ExactSum:
    total = sum(
        product << DIGIT * (one + other)
        for one, row in enumerate(products.tolist())
        for other, product in enumerate(row)
    )
    return ExactSum(total << (low - 2 * LOWEST), 2)
