"""Numerics that losses share: differences of near-equal terms, products beyond the range, logs of fractions."""

from __future__ import annotations

import decimal
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Literal

import numpy as np

from losscli.loss.declare import Column
from losscli.loss.domains import surely_finite
from losscli.numbers.error_free import two_difference, two_sum
from losscli.numbers.special import polynomial


def margin_missed(margin: float, rival: Column, own: Column) -> Column:
    """``max(0, margin + rival - own)``, accurate to the last digits where the three nearly cancel."""
    near, lost = two_difference(rival, own)
    total, left = two_sum(near, margin)
    # Beyond the greatest double nothing was lost, and the two-sum of infinities is no number.
    total = np.where(np.isfinite(total), total + (left + lost), total)
    return np.maximum(total, 0.0) + 0.0  # no -0


def halves(label: Column, pred: Column) -> Column:
    """Half the absolute error, for rows where the whole would exceed the greatest double."""
    return np.abs(0.5 * pred - 0.5 * label)


def error_in(unit: Column | float, label: Column, pred: Column) -> Column:
    """``(pred - label) / unit``, also where the difference alone exceeds the greatest double."""
    error = pred - label
    if surely_finite(error):
        error /= unit
        return error
    far = np.isinf(error)
    error /= unit
    error[far] = (0.5 * pred[far] - 0.5 * label[far]) / np.broadcast_to(unit, far.shape)[far] * 2.0
    return error


def absolute_error(label: Column, pred: Column) -> tuple[Column, Column]:
    """``abs(pred - label)`` rounded, and exactly what the rounding lost."""
    error, lost = two_difference(pred, label)
    lost *= np.sign(error)
    return np.abs(error, out=error), lost


def product(*factors: Column | float, over: Column | None = None) -> Column:
    """The product of the factors over a positive number, where no step overflows or vanishes unless the result does."""
    mantissa, exponent = np.frexp(factors[0])
    for factor in factors[1:]:
        part, more = np.frexp(factor)
        mantissa, exponent = mantissa * part, exponent + more
    with np.errstate(all="ignore"):
        if over is not None:
            part, less = np.frexp(over)
            # A quarter of the least double is 0; a part that is 0 stays so.
            mantissa, exponent = mantissa / np.where(mantissa == 0.0, 1.0, part), exponent - less
        return np.ldexp(mantissa, exponent)


EXACT_BITS = 1 << 13
"""A common denominator of more bits is not formed: the sum is then rounded to so many."""


def sum_fractions(fractions: Iterable[Fraction]) -> Fraction:
    """The sum, exact where the common denominator has at most EXACT_BITS bits, else to some 2000 digits.

    The exact sum of a hundred thousand fractions with different denominators would have a million digits.
    """
    terms = list(fractions)
    common = 1
    for fraction in terms:
        common = math.lcm(common, fraction.denominator)
        if common.bit_length() > EXACT_BITS:
            common = 1 << EXACT_BITS
            break
    # Each is cut at the same place, so that the sum does not depend on the order.
    return Fraction(sum(f.numerator * common // f.denominator for f in terms), common)


def sqrt_fraction(square: Fraction) -> Fraction:
    """The square root to 64 binary digits; rounded to a double it is within an ulp."""
    if square == 0:
        return Fraction(0)
    number, by = square.numerator, square.denominator
    shift = max(0, 130 - number.bit_length() + by.bit_length())
    shift += shift % 2
    return Fraction(math.isqrt((number << shift) // by), 1 << shift // 2)


def entropy(parts: Iterable[int]) -> Fraction:
    """The entropy, in nats, of shares that are proportional to these numbers, to 25 digits or more."""
    counts = Counter(part for part in parts if part)
    whole = sum(part * count for part, count in counts.items())
    # No term is negative, so none cancel, however small a share is.
    with _digits(50):
        terms = (decimal.Decimal(part * count) * _surprise(part, whole) for part, count in counts.items())
        return Fraction(sum(terms, decimal.Decimal(0))) / whole


def _surprise(part: int, whole: int) -> decimal.Decimal:
    """log(whole / part), also where the part is all but the whole."""
    rest = decimal.Decimal(whole - part) / part
    if rest < decimal.Decimal("1e-20"):
        return rest - rest**2 / 2 + rest**3 / 3
    return (1 + rest).ln()


def sum_of_logs(terms: Mapping[int, int]) -> Fraction:
    """The sum of c * x * log(x) over the terms x: c, to 25 digits or more; x is positive where c is not 0.

    The terms may cancel, though not to zero: digits are added until enough of them are left.
    """
    terms = {x: factor for x, factor in terms.items() if factor}
    digits = 50
    while True:
        with _digits(digits):
            total = size = decimal.Decimal(0)
            for x, factor in terms.items():
                term = decimal.Decimal(factor) * decimal.Decimal(x) * decimal.Decimal(x).ln()
                total += term
                size += abs(term)
            if size == 0 or abs(total).scaleb(digits - 30) > size:
                return Fraction(total)
        digits *= 2


# ------------------------------------------------------------------------------------------------
# Gaps: a function less its tangent.  Each vanishes like a square.
# ------------------------------------------------------------------------------------------------

_ATANH = [1.0 / (2 * k + 3) for k in range(28)]
_EXP = [1.0 / math.factorial(k + 2) for k in range(20)]


def _atanh_beyond(v: Column) -> Column:
    """(atanh(v) - v) / v**3 for abs(v) <= 1/2: 1/3 + v²/5 + v⁴/7 …"""
    return polynomial(_ATANH, np.minimum(v * v, 0.25))


def log1p_gap(u: Column) -> Column:
    """``u - log1p(u)``, at least 0, for u > -1."""
    # With v = u / (2 + u), log1p(u) is 2 atanh(v), and the difference begins with u v.
    v = u / (2.0 + u)
    near = v * (u - 2.0 * (v * v) * _atanh_beyond(v))
    return np.where(np.abs(v) <= 0.5, near, u - np.log1p(u))


def expm1_gap(x: Column) -> Column:
    """``expm1(x) - x``, at least 0."""
    near = np.clip(x, -1.0, 1.0)
    return np.where(near == x, near * near * polynomial(_EXP, near), np.expm1(x) - x)


def log_ratio(x: Column, y: Column) -> Column:
    """``log(x / y)`` for x >= 0 and y > 0, also where the quotient is near 1 or beyond the range."""
    quotient = x / y
    wide = (quotient > 1e300) | (quotient < 1e-300)
    logs = np.log(quotient)
    near = (quotient > 0.5) & (quotient < 1.5)
    logs[near] = np.log1p((x[near] - y[near]) / y[near])
    logs[wide] = np.log(x[wide]) - np.log(y[wide])
    return logs


def ratio_gap(x: Column, y: Column) -> Column:
    """``x / y - 1 - log(x / y)``, at least 0, for x > 0 and y > 0."""
    near = (x < 3.0 * y) & (y < 3.0 * x)
    gap = log1p_gap(np.where(near, (x - y) / y, 0.0))
    far = ~near
    gap[far] = x[far] / y[far] - 1.0 - log_ratio(x[far], y[far])
    return gap


def entropy_gap(x: Column, y: Column, apart: Column | None = None) -> Column:
    """``x * log(x / y) - x + y`` of numbers from 0 on: at least 0, y at x = 0, and infinite where only y is 0.

    ``apart`` is x - y, where it is known better than from the two.
    """
    # The sum of the greatest doubles overflows; a power of two changes no bit.
    scale = np.where((x > 2.0**900) & (y > 2.0**900), 2.0**-64, 1.0)
    x, y = x * scale, y * scale
    above, below = x > 3.0 * y, x < y / 3.0
    apart = x - y if apart is None else apart * scale
    v = apart / np.maximum(x + y, 5e-324)
    # log(x / y) is 2 atanh(v): its first term leaves v (x - y), and the rest is of third order.
    gap = v * apart + (2.0 * x * v) * (v * v * _atanh_beyond(v))
    with np.errstate(all="ignore"):
        big, small = x[above], y[above]
        # log - 1 first: the product alone could overflow.
        gap[above] = big * (log_ratio(big, small) - 1.0) + small
    small, big = x[below], y[below]
    # A quotient that vanishes has a product that vanishes: any finite log will do.
    gap[below] = (big - small) + small * np.log(np.maximum(small / big, 1e-300))
    return gap / scale


def log1p_gap_share(u: Column) -> Column:
    """``(u - log1p(u)) / u**2`` for u >= 0, which is 1/2 at 0."""
    by = 2.0 + u
    # With v = u / (2 + u) the gap is u v - 2 v**3 (1/3 + v²/5 …), and v / u is 1 / (2 + u).
    near = (1.0 - 2.0 * _atanh_beyond(u / by) * (u / by) / by) / by
    u = np.maximum(u, 1.0)
    return np.where(by <= 4.0, near, (1.0 - np.log1p(u) / u) / u)


def expm1_gap_share(x: Column) -> Column:
    """``(expm1(x) - x) / x**2`` for abs(x) <= 1, which is 1/2 at 0."""
    return polynomial(_EXP, np.clip(x, -1.0, 1.0))


def share(part: Column, whole: Column) -> Column:
    """``part / whole``, and 0 where the whole is 0 or the quotient is not finite: no correction."""
    with np.errstate(all="ignore"):
        quotient = np.where(whole == 0.0, 0.0, part / whole)
    return np.where(np.isfinite(quotient), quotient, 0.0)


def log_distance(one: Column, other: Column, shift: float = 0.0) -> Column:
    """``abs(log(one + shift) - log(other + shift))``, accurate also where the two are close."""
    # log1p(x) of x >= 0 passes a relative error of x on unmagnified, so the lesser one is the divisor.
    base, base_lost = two_sum(np.minimum(one, other), shift)
    gap, gap_lost = two_difference(np.maximum(one, other), np.minimum(one, other))
    with np.errstate(all="ignore"):
        ratio = gap / base
        near = np.log1p(ratio)
        near += (share(gap_lost, gap) - share(base_lost, base)) * share(ratio, 1.0 + ratio)
        far = np.log(gap) - np.log(base)
    return np.where(np.isinf(ratio), far, near)


def log_parts(size: Column) -> tuple[Column, Column]:
    """``size`` > 0 as 2**k times a number near 1: k, and the log of that number, at most 0.35."""
    mantissa, exponent = np.frexp(size)
    low = mantissa < math.sqrt(0.5)
    return exponent - 1.0 * low, np.log(np.where(low, 2.0 * mantissa, mantissa))


def exp_fraction(power: Fraction, log: Fraction) -> Fraction:
    """``2**power * exp(log)``, to 40 digits."""
    with _digits(60):
        return Fraction((_decimal(power) * decimal.Decimal(2).ln() + _decimal(log)).exp())


def log_fraction(value: Fraction, *, base: Literal["e", "10"] = "e") -> Fraction:
    """The logarithm of a positive fraction, to 20 digits or more."""
    with _digits(400) as context:
        quotient = _decimal(value)
        context.prec = 60
        return Fraction(quotient.ln() if base == "e" else quotient.log10())


def _digits(count: int) -> AbstractContextManager[decimal.Context]:
    """Decimal arithmetic of so many digits, with exponents as far as they go."""
    return decimal.localcontext(decimal.Context(prec=count, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN))


def _decimal(value: Fraction) -> decimal.Decimal:
    return decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator)


def power_fraction(base: Fraction, exponent: float) -> float:
    """A fraction from 0 on to a power above 0, rounded once."""
    if base == 0:
        return 0.0
    with _digits(40 + max(0, math.frexp(exponent)[1])):
        return float((decimal.Decimal(exponent) * _decimal(base).ln()).exp())


def mixing(one: Column, other: Column) -> Column:
    """``one*log(one/mean) + other*log(other/mean)`` with their mean, for numbers from 0 on: never below 0.

    Where the two are close the terms cancel: there, with r = (one - other)/(one + other), it is the sum times
    the series r**2/2 + r**4/12 + … + r**(2k)/(2k(2k - 1)).
    """
    both = one + other
    whole = np.where(both == 0.0, 1.0, both)
    square = ((one - other) / whole) ** 2
    close = np.zeros_like(square)
    for k in range(26, 0, -1):
        close = (close + 1.0 / (2 * k * (2 * k - 1))) * square
    more, less = 2.0 * np.maximum(one, other) / whole, 2.0 * np.minimum(one, other) / whole
    far = 0.5 * (more * np.log(np.maximum(more, 1.0)) + less * np.log(np.where(less == 0.0, 1.0, less)))
    return both * np.where(square < 0.25, close, far)
