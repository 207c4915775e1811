"""The sum of doubles, or of products of doubles, as an integer: no bit is lost.

A tile of rows is summed in one of two ways, to the same integer.  `_sum_of_digits` cuts all rows at
the same powers of two and lets NumPy add the pieces as int64; it needs bounds on the values.
`_sum_by_integers` takes mantissas and exponents apart and serves whatever the first cannot.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.numbers.error_free import error_of_product

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints

LOWEST = -1074  # exponent of the smallest positive double

TILE = 1 << 17  # rows summed at a time
BUFFERS = 10  # tiles that a thread may write at a time
ROW = 1 << 13  # numbers that one int64 takes in; 2^51 times that must be a multiple of 2^64
DIGIT = 49  # bits of a digit: ROW of them, each up to 2^49, stay below 2^62
SMALL_TILE = 1 << 14  # by integers: the many arrays on the way fit the cache, and malloc keeps their pages
DIGITS_AT_MOST = 8  # a wider tile is quicker by integers

# Between these exponents no constant overflows and no remainder is subnormal (some libraries make
# the processor flush subnormals to zero, which would go unnoticed).
SAFE_HIGH = 1023 - 53 + DIGIT
SAFE_LOW = -1022


class _Scratch(threading.local):
    """Buffers of one thread: fresh ones would cost more in page faults than the sums themselves."""

    def __init__(self) -> None:
        space = np.empty(BUFFERS * TILE + 8)
        start = -(space.ctypes.data // 8) % 8  # at a cache line, where writing is a fifth quicker
        self.buffers = space[start : start + BUFFERS * TILE].reshape(BUFFERS, TILE)


scratch = _Scratch()


class TileSum(NamedTuple):
    """A sum in units of 2^-1074 once for each factor; how many terms were +inf, -inf and NaN, which it lacks."""

    units: int = 0
    positive: int = 0
    negative: int = 0
    nan: int = 0

    def merge(self, other: TileSum) -> TileSum:
        """The sum of both, which are of as many factors."""
        return TileSum(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def sum_of_products(*factors: Floats) -> TileSum:
    """The sum of the products of one to three columns of float64, without rounding."""
    rows = len(factors[0])
    for column in factors:
        if column.shape != (rows,) or column.dtype != np.float64:
            raise ValueError("exact sums need columns of float64, all of one length")
    fast = FAST[len(factors) - 1]
    units, others = 0, TileSum()
    # Overflow and NaN in a fast path are noticed, and the tile then goes by integers.
    with np.errstate(all="ignore"):
        for start in range(0, rows, TILE):
            # By identity, so that a column times itself is still seen to be that.
            cut = {id(column): column[start : start + TILE] for column in factors}
            tiles = [cut[id(column)] for column in factors]
            found = fast(*tiles)
            if found is not None:
                units += found
                continue
            for first in range(0, len(tiles[0]), SMALL_TILE):
                others = others.merge(_sum_by_integers(*(t[first : first + SMALL_TILE] for t in tiles)))
    return others._replace(units=others.units + units)


# ------------------------------------------------------------------------------------------------
# By digits
# ------------------------------------------------------------------------------------------------


class Bounds(NamedTuple):
    """Each value is zero or has a size from 2^(low-1), included, to 2^high, excluded."""

    high: int
    low: int
    zeros: bool


_ALL_ZERO = Bounds(0, 0, True)


def bounds_of(x: Floats, spare: Floats) -> Bounds | None:
    """The sizes of a tile; None if it holds an infinity or NaN."""
    greatest, least = float(x.max()), float(x.min())
    if not (math.isfinite(greatest) and math.isfinite(least)):
        return None
    if least < 0.0:
        x = np.abs(x, out=spare)
        greatest, least = max(greatest, -least), float(x.min())
    if greatest == 0.0:
        return _ALL_ZERO
    zeros = least == 0.0
    if zeros:
        # As an unsigned integer zero less one is the greatest of all, and -0.0 less one exceeds
        # every finite value: the minimum is that of the others.
        bits = np.subtract(x.view(np.uint64), np.uint64(1), out=spare.view(np.uint64))
        least = float((bits.min() + np.uint64(1)).view(np.float64))
    return Bounds(math.frexp(greatest)[1], math.frexp(least)[1], zeros)


def _sum_fast(x: Floats) -> int | None:
    """The sum of a tile in units of 2^-1074, or None if it is out of the range of `_sum_of_digits`."""
    one, other = scratch.buffers[:2, : len(x)]
    bounds = bounds_of(x, one)
    if bounds is None:
        return None
    if bounds is _ALL_ZERO:
        return 0
    low = bounds.low - 53
    if bounds.high > SAFE_HIGH or low < SAFE_LOW or bounds.high - low > DIGIT * DIGITS_AT_MOST:
        return None
    return _sum_of_digits(x, bounds.high, low, one, other) << (low - LOWEST)


def _sum_of_digits(x: Floats, high: int, low: int, one: Floats, other: Floats) -> int:
    """The sum, in units of 2^low, of multiples of 2^low up to 2^high; ``x`` may be one of the buffers."""
    # Adding 1.5 * 2^(52+unit) rounds a value to a multiple of 2^unit, which then stands in the last
    # bits: as integers, the shifted value and the constant differ by value / 2^unit.
    total, unit = 0, max(high - DIGIT, low)
    constant = math.ldexp(1.5, 52 + unit)
    shifted = np.add(x, constant, out=other if x is one else one)
    while True:
        total += _sum_of_rows(shifted.view(np.int64), unit) << (unit - low)
        if unit == low:
            return total
        below = max(unit - 1 - DIGIT, low)
        lower = math.ldexp(1.5, 52 + below)
        if below == low:
            # The remainder x - (shifted - constant) is needed only with the next constant added:
            # one pass less, since the sum of both constants and the first subtraction are exact.
            shifted -= constant + lower
            np.subtract(x, shifted, out=shifted)
        else:
            shifted -= constant
            x = np.subtract(x, shifted, out=shifted)
            shifted = np.add(x, lower, out=other if x is one else one)
        unit, constant = below, lower


def _sum_of_rows(bits: Ints, unit: int) -> int:
    """The sum of the digits in ``bits``; int64 wraps on the way and is right at the end of each row."""
    rows, rest = divmod(len(bits), ROW)
    total = 0
    if rows:
        # ROW times the constant, whose last 51 bits are zero, has wrapped to nothing.
        total = sum(np.add.reduce(bits[: rows * ROW].reshape(rows, ROW), axis=1).tolist())
    if rest:
        constant = (52 + 1023 + unit) << 52 | 1 << 51
        excess = int(np.add.reduce(bits[rows * ROW :])) - rest * constant
        total += (excess + (1 << 63)) % (1 << 64) - (1 << 63)
    return total


# ------------------------------------------------------------------------------------------------
# Products by digits
# ------------------------------------------------------------------------------------------------


class _Term(NamedTuple):
    """Multiples of 2^low up to 2^high."""

    values: Floats
    high: int
    low: int


def _products_fast(x: Floats, y: Floats) -> int | None:
    """The sum of products of a tile in units of 2^-2148, or None where an error term may be lost."""
    product, error, *spare = scratch.buffers[2:, : len(x)]
    return _sum_of_terms(_two_product(x, y, product, error, spare), 2, spare)


def _triples_fast(w: Floats, x: Floats, y: Floats) -> int | None:
    """As `_products_fast`, in units of 2^-3222: both parts of w*x, times y."""
    rounded, rest, product, error, *spare = scratch.buffers[:, : len(x)]
    outer = _two_product(w, x, rounded, rest, spare)
    if outer is None:
        return None
    terms = _two_product(rounded, y, product, error, spare)
    total = _sum_of_terms(terms, 3, spare)
    if not terms or total is None or len(outer) == 1:
        return total
    # |rest| is at most 2^-53 |rounded|, and a multiple of 2^-106 times its power of two.
    high, low = terms[0].high - 53, terms[0].low - 106
    if low < SAFE_LOW:
        return None
    np.multiply(rest, y, out=product)
    more = [_Term(product, high, low)]
    if error_of_product(rest, y, product, error, spare):
        more.append(_Term(error, high - 53, low))
    tail = _sum_of_terms(more, 3, spare)
    return None if tail is None else total + tail


def _two_product(
    x: Floats, y: Floats, product: Floats, error: Floats, spare: list[Floats]
) -> list[_Term] | None:
    """The rounded products and their errors (where there are any); None if they may not be exact."""
    np.multiply(x, y, out=product)
    bounds = bounds_of(product, spare[0])
    if bounds is None:
        return None
    # A product must not be zero unless a factor is.
    if bounds.zeros and np.count_nonzero(product != 0.0) != np.count_nonzero((x != 0.0) & (y != 0.0)):
        return None
    if bounds is _ALL_ZERO:
        return []
    if bounds.high > SAFE_HIGH or bounds.low - 106 < SAFE_LOW:
        return None
    # With 2^e next above a product, it is a multiple of 2^(e-53); its error is one of 2^(e-106).
    terms = [_Term(product, bounds.high, bounds.low - 53)]
    if error_of_product(x, y, product, error, spare):
        if math.isnan(error.max()):  # a factor next to the greatest double, rounded up by the split
            return None
        terms.append(_Term(error, bounds.high - 54, bounds.low - 106))
    return terms


def _sum_of_terms(terms: list[_Term] | None, factors: int, spare: list[Floats]) -> int | None:
    if terms is None or any(term.high - term.low > DIGIT * DIGITS_AT_MOST for term in terms):
        return None
    total = 0
    for values, high, low in terms:
        total += _sum_of_digits(values, high, low, spare[0], spare[1]) << (low - LOWEST * factors)
    return total


# ------------------------------------------------------------------------------------------------
# By integers
# ------------------------------------------------------------------------------------------------


def _sum_by_integers(*factors: Floats) -> TileSum:
    """The sum of products of any doubles, by limbs of their mantissas."""
    usual = np.logical_and.reduce([np.isfinite(factor) for factor in factors])
    # Signs stand for finite factors, whose own product may overflow or vanish.
    odd = [np.where(np.isfinite(f), np.sign(f), f)[~usual] for f in factors]
    terms = np.multiply.reduce(odd)
    width = (27, 27, 18)[len(factors) - 1]  # the sums of products of limbs stay below 2^60
    limbs, exponents = [np.ones(1, np.int64)], np.zeros(int(usual.sum()), np.int64)
    for factor in factors:
        mantissas, shifts = np.frexp(factor[usual])
        exponents += shifts
        digits = _limbs(np.ldexp(mantissas, 53).astype(np.int64), width)
        limbs = [
            np.add.reduce([limbs[i] * digits[k - i] for i in range(len(limbs)) if 0 <= k - i < len(digits)])
            for k in range(len(limbs) + len(digits) - 1)
        ]
    least = int(exponents.min(initial=0))
    exponents -= least
    total = 0
    for place, limb in enumerate(limbs):
        for part, digit in enumerate(_limbs(limb, 32) if len(factors) > 1 else [limb]):
            total += _by_exponent(digit, exponents) << (width * place + 32 * part)
    # Bits below the smallest unit are zeros that subnormal mantissas were filled up with.
    shift = least - 53 * len(factors) - LOWEST * len(factors)
    return TileSum(
        total << shift if shift >= 0 else total >> -shift,
        int(np.count_nonzero(terms == np.inf)),
        int(np.count_nonzero(terms == -np.inf)),
        int(np.count_nonzero(np.isnan(terms))),
    )


def _limbs(numbers: Ints, width: int) -> list[Ints]:
    """Integers of up to 62 bits in base 2^width; the last limb has the sign."""
    limbs = []
    for _ in range(width, 54 if width < 32 else 62, width):
        limbs.append(numbers & ((1 << width) - 1))
        numbers = numbers >> width
    return [*limbs, numbers]


def _by_exponent(digits: Ints, exponents: Ints) -> int:
    """The sum of digits times two to their exponents; SMALL_TILE digits below 2^37 sum exactly."""
    total = 0
    sums = np.bincount(exponents, digits)
    for exponent in np.flatnonzero(sums).tolist():
        total += int(sums[exponent]) << exponent
    return total


FAST: tuple[Callable[..., int | None], ...] = (_sum_fast, _products_fast, _triples_fast)
"""The quick way for products of so many factors: the sum of a tile, or None where it may lose a bit."""
