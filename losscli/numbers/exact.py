"""Sums of doubles, and of products of doubles, without any rounding.

An `ExactSum` is an integer in units of 2^-1074, the smallest double, or of that power once for each
factor of a product.  Integers add in any order to the same integer, so the same rows give the same
bits however they were cut, ordered and merged; rounding happens once, at the end.

The integers themselves are worked out in `tiles`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli.numbers.tiles import LOWEST, sum_of_products

if TYPE_CHECKING:
    from losscli.table.block import Floats

_HEX = re.compile(r"-?[0-9a-f]+", re.ASCII)


class ExactSum(NamedTuple):
    """``units * 2**(-1074 * factors)``, and how many terms were +inf, -inf and NaN."""

    units: int
    factors: int = 1
    positive: int = 0
    negative: int = 0
    nan: int = 0

    @classmethod
    def empty(cls, factors: int = 1) -> ExactSum:
        """The sum of no products of so many factors."""
        return cls(0, factors)

    @classmethod
    def of(cls, column: Floats) -> ExactSum:
        """Sum of a column."""
        units, *others = sum_of_products(column)
        return cls(units, 1, *others)

    @classmethod
    def of_products(cls, x: Floats, y: Floats) -> ExactSum:
        """Sum of x*y; the products are not rounded."""
        units, *others = sum_of_products(x, y)
        return cls(units, 2, *others)

    @classmethod
    def of_triples(cls, w: Floats, x: Floats, y: Floats) -> ExactSum:
        """Sum of w*x*y; the products are not rounded."""
        units, *others = sum_of_products(w, x, y)
        return cls(units, 3, *others)

    @classmethod
    def of_int(cls, number: int) -> ExactSum:
        """A whole number of any size."""
        return cls(number << -LOWEST)

    def merge(self, other: ExactSum) -> ExactSum:
        """The sum of both, in the units of the one of more factors."""
        factors = self.factors
        if factors != other.factors:
            factors = max(factors, other.factors)
            self, other = self.scaled(factors), other.scaled(factors)
        return ExactSum(
            self.units + other.units,
            factors,
            self.positive + other.positive,
            self.negative + other.negative,
            self.nan + other.nan,
        )

    def scaled(self, factors: int) -> ExactSum:
        """The same sum, in the units of sums of so many factors, which are not fewer."""
        return self._replace(units=self.units << -LOWEST * (factors - self.factors), factors=factors)

    @property
    def finite(self) -> bool:
        """Whether no term was infinite or NaN."""
        return not (self.positive or self.negative or self.nan)

    @property
    def fraction(self) -> Fraction:
        """The sum itself; a ValueError if a term was infinite or NaN."""
        if not self.finite:
            raise ValueError("a sum with infinite or NaN terms is no fraction")
        return Fraction(self.units, 1 << (-LOWEST * self.factors))

    def rounded(self) -> float:
        """The nearest double, half to even; infinite beyond the range."""
        return _divide(self.units, 1 << -LOWEST * self.factors) if self.finite else _infinite_or_sign(self)

    def to_json(self) -> dict[str, Any]:
        """``units`` in base 16 times two to the ``exponent``; the counts that are not zero."""
        zeros = max((self.units & -self.units).bit_length() - 1, 0)
        state: dict[str, Any] = {
            "units": f"{self.units >> zeros:x}",
            "exponent": zeros + LOWEST * self.factors,
            "factors": self.factors,
        }
        counts = {"positive": self.positive, "negative": self.negative, "nan": self.nan}
        return state | {name: count for name, count in counts.items() if count}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> ExactSum:
        """The sum that `to_json` wrote; a ValueError for what it cannot have written."""
        known = {"units", "exponent", "factors", "positive", "negative", "nan"}
        digits, exponent, factors = (state.get(name) for name in ("units", "exponent", "factors"))
        counts = [state.get(name, 0) for name in ("positive", "negative", "nan")]
        if not (
            state.keys() <= known
            and isinstance(digits, str)
            and _HEX.fullmatch(digits)
            and type(exponent) is int
            and type(factors) is int
            and 1 <= factors <= 3
            and all(type(count) is int and count >= 0 for count in counts)
            # No sum of 2^64 terms is larger; a forged exponent must not fill the memory.
            and 0 <= exponent - LOWEST * factors <= 2098 * factors + 64
        ):
            raise ValueError("this is not an exact sum")
        return cls(int(digits, 16) << (exponent - LOWEST * factors), factors, *counts)


def exact_quotient(numerator: ExactSum, denominator: ExactSum | int) -> float:
    """The double nearest to the quotient of two sums: rounded once, half to even.

    Infinite terms give what the division of infinities gives.  A denominator of zero is a
    ZeroDivisionError: what an empty mean is, the caller knows.
    """
    if not isinstance(denominator, ExactSum):
        denominator = ExactSum(int(denominator), 0)
    if not (numerator.finite and denominator.finite):
        return _infinite_or_sign(numerator) / _infinite_or_sign(denominator)
    shift = -LOWEST * (numerator.factors - denominator.factors)
    return _divide(numerator.units << max(-shift, 0), denominator.units << max(shift, 0))


def round_fraction(fraction: Fraction) -> float:
    """The nearest double, half to even; infinite beyond the range."""
    return _divide(fraction.numerator, fraction.denominator)


def decimal(value: float) -> Fraction:
    """The shortest decimal that reads back as a double: what was written where it came from text.

    >>> decimal(0.8) - decimal(0.6)
    Fraction(1, 5)
    """
    return Fraction(repr(float(value)))


def _divide(numerator: int, denominator: int) -> float:
    # Python rounds the quotient of two integers correctly, subnormal ones included.
    try:
        return numerator / denominator
    except OverflowError:
        return -math.inf if (numerator < 0) != (denominator < 0) else math.inf


def _infinite_or_sign(total: ExactSum) -> float:
    if total.nan or (total.positive and total.negative):
        return math.nan
    if total.positive or total.negative:
        return math.inf if total.positive else -math.inf
    return float((total.units > 0) - (total.units < 0))
