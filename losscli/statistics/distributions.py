"""Chances and quantiles of the few distributions that intervals and comparisons need.

They are functions of plain numbers; `intervals` and `compare` choose among them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

LARGE = 1e6
"""Beyond so many degrees of freedom, or trials, an expansion is nearer than the continued fraction."""


def normal_quantile(chance: float) -> float:
    """The number that a standard normal variable is below with this chance."""
    return NormalDist().inv_cdf(chance)


def normal_upper(z: float) -> float:
    """The chance of a value above ``z``."""
    return math.erfc(z / math.sqrt(2.0)) / 2.0


def t_upper(t: float, freedom: float) -> float:
    """The chance of a value of Student's t above ``t``."""
    if freedom > LARGE:
        # Wallace (1959), doi:10.1214/aoms/1177706092: the error falls with the square of `freedom`.
        scale = freedom * math.log1p(t * t / freedom) if abs(t) < 1e150 else math.inf
        return normal_upper(math.copysign(math.sqrt(scale), t) * (1.0 - 1.0 / (4.0 * freedom)))
    tail = beta_share(freedom / (freedom + t * t) if abs(t) < 1e150 else 0.0, freedom / 2.0, 0.5) / 2.0
    return tail if t >= 0.0 else 1.0 - tail


@lru_cache(maxsize=1024)
def t_quantile(chance: float, freedom: float) -> float:
    """The value of Student's t that is exceeded with the chance ``1 - chance``; ``chance`` is at least 1/2."""
    low, high = 0.0, 1.0
    while t_upper(high, freedom) > 1.0 - chance:
        low, high = high, 2.0 * high
    while (middle := (low + high) / 2.0) not in (low, high):
        if t_upper(middle, freedom) > 1.0 - chance:
            low = middle
        else:
            high = middle
    return high


def beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_share(1.0 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    tiny = 1e-300
    c, d = 1.0, 1.0 / (_not_zero(1.0 - (a + b) * x / (a + 1.0), tiny))
    total, step = d, 0
    while True:
        step += 1
        for term in (
            step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step)),
            -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1)),
        ):
            d = 1.0 / _not_zero(1.0 + term * d, tiny)
            c = _not_zero(1.0 + term / c, tiny)
            total *= c * d
        if abs(c * d - 1.0) < 1e-16 or step > 100_000:
            return math.exp(front) * total / a


def _not_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


def mcnemar_mid_p(one: int, other: int) -> float:
    """McNemar's mid-p of two counts of discordant rows (Fagerland et al. 2013, doi:10.1186/1471-2288-13-91)."""
    trials, fewer = one + other, min(one, other)
    if one == other:
        return 1.0
    if trials > LARGE:
        return 2.0 * normal_upper(abs(one - other) / math.sqrt(trials))
    at = math.exp(
        math.lgamma(trials + 1)
        - math.lgamma(fewer + 1)
        - math.lgamma(trials - fewer + 1)
        - trials * math.log(2)
    )
    below = beta_share(0.5, trials - fewer, fewer + 1)
    return min(1.0, 2.0 * below - at)


def wilson(share: float, trials: float, level: float) -> tuple[float, float]:
    """The ends of Wilson's interval for a rate (1927, doi:10.1080/01621459.1927.10502953)."""
    z = normal_quantile(0.5 + level / 2.0)
    spread = z * z / trials
    middle = (share + spread / 2.0) / (1.0 + spread)
    half = z / (1.0 + spread) * math.sqrt(share * (1.0 - share) / trials + spread / trials / 4.0)
    # At the ends of the range the interval reaches them exactly; the difference would miss by an ulp.
    return (0.0 if share == 0.0 else middle - half), (1.0 if share == 1.0 else middle + half)
