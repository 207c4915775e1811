"""Numbers in twice the digits: a double, and what its rounding lost.

For sums that may come out near zero (a log-likelihood has no sign), where the roundings of the terms
would be all that remains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Context, Decimal
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from losscli.numbers.error_free import two_product, two_sum
from losscli.numbers.special import polynomial
from losscli.table.block import Floats, Mask

DoubleDouble: TypeAlias = tuple[Floats, Floats]


def quotient(x: Floats, y: Floats) -> DoubleDouble:
    """``x / y`` rounded, and what the rounding lost."""
    near = x / y
    back, lost = two_product(near, y)
    return near, np.where(np.isfinite(back) & (back != 0.0), ((x - back) - lost) / y, 0.0)


def times(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """The product of two pairs."""
    near, lost = two_product(x[0], y[0])
    return near, _none_where_infinite(near, lost + (x[0] * y[1] + x[1] * y[0]))


def over(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """The quotient of two pairs."""
    near = x[0] / y[0]
    back, lost = two_product(near, y[0])
    rest = (((x[0] - back) - lost) + (x[1] - near * y[1])) / y[0]
    return near, _none_where_infinite(back, rest)


def sum_of(*pairs: DoubleDouble) -> DoubleDouble:
    """The sum of pairs."""
    return _added([near for near, _ in pairs], sum(lost for _, lost in pairs))


def total(*terms: Floats | float) -> DoubleDouble:
    """The sum of the terms, rounded, and what the roundings lost (Neumaier's sum)."""
    return _added(terms, 0.0)


def _added(terms: Sequence[Any], low: Any) -> DoubleDouble:
    near = terms[0]
    for term in terms[1:]:
        near, lost = two_sum(near, term)
        low = low + lost
    # Once more, so that the first is the sum rounded.
    low = _none_where_infinite(near, low)
    whole = near + low
    return whole, _none_where_infinite(whole, (near - whole) + low)


def _none_where_infinite(near: Any, lost: Any) -> Any:
    """What was lost: nothing of what is infinite or no number."""
    if np.isfinite(lost).all():
        return lost
    return np.where(np.isfinite(near) & np.isfinite(lost), lost, 0.0)


LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fefa0000p-1"), float.fromhex("0x1.cf79abc9e3b39p-40")
STEP_HIGH, STEP_LOW = LN2_HIGH / 128.0, LN2_LOW / 128.0
_LOG_SERIES = [(-1.0) ** k / (k + 3) for k in range(7)]
_EXP_SERIES = [1.0 / math.factorial(k + 2) for k in range(5)]


@cache
def _logs_by_256ths() -> tuple[Floats, Floats, Floats]:
    """By j, 256 / j to 12 bits, and minus the log of it: its part above 2**-42, and the rest."""
    inverses = [round(2**20 / max(j, 181)) / 2**12 for j in range(364)]
    logs = [-Context(prec=50).ln(Decimal(inverse)) for inverse in inverses]
    high = [round(log * 2**42) / 2**42 for log in logs]
    low = [float(log - Decimal(one)) for log, one in zip(logs, high, strict=True)]
    return np.array(inverses), np.array(high), np.array(low)


def log_pair(x: Floats) -> DoubleDouble:
    """``log(x)`` for x > 0, with a relative error of some 2**-70."""
    mantissa, exponent = np.frexp(x)
    less = mantissa < math.sqrt(0.5)
    mantissa = np.where(less, 2.0 * mantissa, mantissa)
    power = (exponent - less).astype(np.float64)
    place = np.rint(256.0 * mantissa).astype(np.intp)
    inverse, log, log_low = (table[place] for table in _logs_by_256ths())
    # mantissa * inverse - 1 is exact in two parts, and below 1/300; its log by the series.
    high = rounded_to(mantissa, 2.0**-26)
    first, second = high * inverse - 1.0, (mantissa - high) * inverse
    rest = first + second
    rest_lost = (first - rest) + second
    high = rounded_to(rest, 2.0**-34)
    half = 0.5 * high * high
    beyond = rest * rest * rest * polynomial(_LOG_SERIES, rest) - 0.5 * (rest + high) * (rest - high)
    near = rest - half
    low = ((rest - near) - half) + (beyond + rest_lost * (1.0 - rest))
    main = power * LN2_HIGH + log
    whole = main + near
    low += ((main - whole) + near) + (power * LN2_LOW + log_low)
    near = whole + low
    return near, (whole - near) + low


@cache
def _powers_by_128ths() -> tuple[Floats, Floats]:
    """2**(j / 128) to 26 bits, and the rest."""
    powers = [Context(prec=50).power(2, Decimal(j) / 128) for j in range(128)]
    high = [round(power * 2**26) / 2**26 for power in powers]
    return np.array(high), np.array(
        [float(power - Decimal(one)) for power, one in zip(powers, high, strict=True)]
    )


def exp_pair(x: Floats, lost: Floats | float = 0.0) -> DoubleDouble:
    """``exp(x + lost)``, as good as `log_pair` for normal numbers; of others nothing is lost."""
    inside = (x > -708.0) & (x < 709.7)
    every = bool(inside.all())
    near = x if every else np.where(inside, x, 0.0)
    steps = np.rint(near * (128.0 / math.log(2.0)))
    count = steps.astype(np.int64)
    power, power_low = (table[count & 127] for table in _powers_by_128ths())
    first, second = near - steps * STEP_HIGH, steps * STEP_LOW - lost
    rest = first - second
    high = rounded_to(rest, 2.0**-34)
    # exp(rest) - 1 less high, which times power is exact.
    small = (rest - high) + (((first - rest) - second) + rest * rest * polynomial(_EXP_SERIES, rest))
    main = power * high
    whole = power + main
    low = ((power - whole) + main) + (power_low + (power * small + power_low * (high + small)))
    scale = ((count >> 7) + 1023 << 52).view(np.float64)
    near = whole + low
    near, low = near * scale, ((whole - near) + low) * scale
    if every:
        return near, low
    ends = np.exp(x)
    ends = np.where(np.isfinite(ends), ends + ends * lost, ends)
    return np.where(inside, near, ends), np.where(inside, low, 0.0)


def rounded_to(x: Floats, unit: float) -> Floats:
    """The nearest multiple of a power of two, for x below 2**51 of it."""
    shift = 1.5 * 2.0**52 * unit
    return (x + shift) - shift


_STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400,
             43867 / 244188, -174611 / 125400]  # fmt: skip
"""B(2k) / (2k (2k - 1)): the coefficients of Stirling's series."""

_PSI = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132]
"""B(2k) / (2k): the coefficients of the digamma function's series."""

_LGAMMA1P = [
    0.42278433509846713, 0.3224670334241132, -0.0673523010531981, 0.020580808427784546,
    -0.007385551028673986, 0.0028905103307415234, -0.001192753911703261, 0.0005096695247430425,
    -0.00022315475845357939, 9.945751278180853e-05, -4.492623673813314e-05, 2.050721277567069e-05,
    -9.439488275268397e-06, 4.374866789907488e-06, -2.039215753801366e-06, 9.55141213040742e-07,
    -4.492469198764566e-07, 2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08,
    -2.2711094608943164e-08, 1.0838659214896955e-08, -5.183475041970047e-09, 2.4836745438024785e-09,
    -1.1921401405860912e-09, 5.731367241678862e-10, -2.7595228851242334e-10, 1.330476437424449e-10,
    -6.4229645638381e-11,
]  # fmt: skip
"""(1 - Euler's gamma), then (-1)^k (zeta(k) - 1) / k from k = 2 on: lgamma(1 + t) + log1p(t), over t."""

EULER = 0.5772156649015329
HALF_LOG_2PI, HALF_LOG_2PI_LOST = 0.9189385332046728, -3.8782941580672414e-17


def factorial_gap(y: Floats) -> Floats:
    """``lgamma(y + 1) - (y * log(y) - y)``, at least 0, for y >= 0: log y! beyond its main part."""
    far = np.maximum(y, 8.0)
    inverse = 1.0 / far
    series = inverse * polynomial(_STIRLING, inverse * inverse)
    gap: Floats = 0.5 * np.log(far) + (HALF_LOG_2PI + series)
    near = y < 8.0
    if near.any():
        gap[near] = _factorial_gap_below_8(y[near])
    return gap


def _factorial_gap_below_8(y: Floats) -> Floats:
    # log of the factors above the nearest whole number's distance t, exactly; and log gamma(1 + t).
    whole = np.rint(y)
    t = y - whole
    factors, lost = np.ones_like(y), np.zeros_like(y)
    for k in range(1, 9):
        factor = np.where(k <= whole, t + k, 1.0)
        factor_lost = np.where(k <= whole, t - (factor - k), 0.0)
        before = factors
        factors, rounding = two_product(before, factor)
        lost = lost * factor + rounding + before * factor_lost
    logs = log_pair(factors)
    lower = log_pair(np.where(y > 0.0, y, 1.0))
    main = two_product(y, lower[0])
    gamma = lgamma1p(t)
    small = (logs[1] + lost / factors) - (main[1] + y * lower[1])
    return total(logs[0], -main[0], y, gamma, small)[0]


def lgamma1p(t: Floats) -> Floats:
    """``lgamma(1 + t)`` for t from -1/2 to 1/2."""
    return t * polynomial(_LGAMMA1P, t) - np.log1p(t)


def log_of(x: DoubleDouble) -> DoubleDouble:
    """The log of a pair above 0."""
    high, low = log_pair(x[0])
    low = low + x[1] / x[0]
    near = high + low
    return near, (high - near) + low


def log1p_of(x: DoubleDouble) -> DoubleDouble:
    """``log(1 + x)`` of a pair from 0 on."""
    return log_of(total(1.0, *x))


def log_of_exps(terms: Sequence[DoubleDouble]) -> DoubleDouble:
    """``-log(sum(exp(-term)))`` of the terms, of which some may be infinite; infinite where all are."""
    least = np.full_like(terms[0][0], np.inf), np.zeros_like(terms[0][0])
    for near, lost in terms:
        lower = (near < least[0]) | ((near == least[0]) & (lost < least[1]))
        least = np.where(lower, near, least[0]), np.where(lower, lost, least[1])
    some = np.isfinite(least[0])
    total_of = np.where(some, 0.0, 1.0), np.zeros_like(least[0])
    for near, lost in terms:
        finite = np.isfinite(near)
        gap = total(
            *(np.where(finite, part, 0.0) for part in (least[0], -near, least[1], -lost)),
        )
        # Farther off, nothing is added to the nearest.
        counted = finite & (gap[0] > -750.0)
        part = exp_pair(np.where(counted, gap[0], 0.0), np.where(counted, gap[1], 0.0))
        total_of = sum_of(total_of, (np.where(counted, part[0], 0.0), np.where(counted, part[1], 0.0)))
    logs = log_of(total_of)
    return sum_of(least, (-logs[0], -logs[1]))


def root_of(x: DoubleDouble) -> DoubleDouble:
    """The square root of a pair from 0 on."""
    near = np.sqrt(x[0])
    square, lost = two_product(near, near)
    rest = ((x[0] - square) - lost + x[1]) / np.where(near > 0.0, 2.0 * near, 1.0)
    return near, np.where(np.isfinite(near), rest, 0.0)


def lgamma_pair(x: DoubleDouble) -> DoubleDouble:
    """``lgamma(x)`` of a pair above 0: exact at 1 and 2, elsewhere to some 19 digits behind the point below 16."""
    low = x[0] < 16.0
    # Up to 16 by the factors between, from there on by Stirling's series.
    far = total(x[0], np.where(low, 16.0, 0.0), x[1])
    half = sum_of(far, (np.full_like(x[0], -0.5), np.zeros_like(x[0])))
    main = times(half, log_of(far))
    found = total(main[0], -far[0], HALF_LOG_2PI, main[1] - far[1] + HALF_LOG_2PI_LOST, stirling(far[0]))
    if not low.any():
        return found
    near = np.where(low, x[0], 1.0), np.where(low, x[1], 0.0)
    logs = log_of(near)
    product = np.ones_like(near[0]), np.zeros_like(near[0])
    for k in range(1, 16):
        product = times(product, total(near[0], float(k), near[1]))
    factors = sum_of(logs, log_of(product))
    found = total(found[0], np.where(low, -factors[0], 0.0), found[1], np.where(low, -factors[1], 0.0))
    # Next to 1, 2 and 3 by the series about 1, since at the first two it is 0.
    whole = np.clip(np.rint(x[0]), 1.0, 3.0)
    apart, lost = x[0] - whole, x[1]
    close = np.abs(apart) < 1e-3
    middle = lgamma1p(np.where(close, apart, 0.0)) - EULER * lost
    one, two = (total(near[0], -step, near[1]) for step in (1.0, 2.0))
    product = times(one, two)
    factor = tuple(
        np.where(whole == 2.0, a, np.where(whole == 3.0, b, c))
        for a, b, c in zip(one, product, (1.0, 0.0), strict=True)
    )
    found_close = total(middle, *log_of((np.where(close, factor[0], 1.0), np.where(close, factor[1], 0.0))))
    return np.where(close, found_close[0], found[0]), np.where(close, found_close[1], found[1])


SMALL_STEP = 1e-4
"""Below it three slopes are enough."""


def lgamma_drop(x: DoubleDouble, step: Floats) -> DoubleDouble:
    """``lgamma(x) - lgamma(x + step)`` for x from 1 on and a step from 0 on."""
    small = step < SMALL_STEP
    near = np.where(small, step, 0.0)
    # The factors one by one, and from 16 on the slopes of Stirling's series.
    drop = sum(np.log1p(near / (x[0] + k)) for k in range(16))
    inverse = 1.0 / (x[0] + 16.0)
    square = inverse * inverse
    slope = -np.log(inverse) - 0.5 * inverse - square * polynomial(_PSI, square)
    second = inverse + square * (0.5 + inverse * (1 / 6 - square / 30))
    third = -square * (1.0 + inverse * (1.0 + 0.5 * inverse))
    drop -= near * (slope + near * (second / 2.0 + near * third / 6.0))
    above = lgamma_pair(total(x[0], step, x[1]))
    far = sum_of(lgamma_pair(x), (-above[0], -above[1]))
    return np.where(small, drop, far[0]), np.where(small, 0.0, far[1])


def gamma_gap(x: DoubleDouble) -> DoubleDouble:
    """``lgamma(x) - (x * log(x) - x)`` of a pair above 0."""
    logs = log_of(x)
    far = total(
        -0.5 * logs[0], HALF_LOG_2PI, HALF_LOG_2PI_LOST - 0.5 * logs[1], stirling(np.maximum(x[0], 16.0))
    )
    low = x[0] < 16.0
    if not low.any():
        return far
    small = tuple(part[low] for part in x)
    whole = lgamma_pair((small[0], small[1]))
    main = times((small[0], small[1]), (logs[0][low], logs[1][low]))
    near = total(whole[0], -main[0], small[0], whole[1] - main[1] + small[1])
    for found, value in zip(far, near, strict=True):
        found[low] = value
    return far


def stirling(x: Floats) -> Floats:
    """What Stirling's series adds for x from 16 on: 1 / (12 x) - …"""
    inverse = 1.0 / x
    series: Floats = inverse * polynomial(_STIRLING, inverse * inverse)
    return series


def scaled_exp(x: Floats, root_of_scale: Floats) -> DoubleDouble:
    """exp(x) times the square of ``root_of_scale``, a power of two, and what the rounding lost."""
    root, root_lost = exp_pair(0.5 * x)
    rounded, lost = two_product(root * root_of_scale, root * root_of_scale)
    more = 2.0 * root * root_lost * (root_of_scale * root_of_scale)
    return rounded, np.where(np.isfinite(rounded), lost + more, 0.0)


def log_of_sum(x: Floats, eps: float, counted: Mask) -> tuple[Floats, Floats, DoubleDouble]:
    """x + eps, what its rounding lost, and its log in twice the digits, 0 in rows that are not counted."""
    # Beside a large factor even what the rounding of the sum loses would show.
    total, lost = two_sum(x, eps)
    positive = np.where(counted, total, 1.0)
    high, low = log_pair(positive)
    return total, lost, (high, low + lost / positive)


def negative(x: DoubleDouble) -> DoubleDouble:
    """The number of the other sign."""
    return -x[0], -x[1]


def exactly(x: Floats) -> DoubleDouble:
    """A column of doubles that lacks nothing."""
    return x, np.zeros_like(x)
