"""Doubles of every kind, and their sums in rational arithmetic."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Floats = NDArray[np.float64]


SMALLEST, GREATEST = math.ulp(0.0), sys.float_info.max


NORMAL = sys.float_info.min  # the smallest double with all its bits


finite = st.floats(allow_nan=False, allow_infinity=False)


ENDS = [
    0.0,
    SMALLEST,
    NORMAL,
    NORMAL - SMALLEST,
    1e-160,
    1.0,
    1.0 + 2**-52,
    1.0 - 2**-53,
    2.0**53,
    2.0**53 + 2.0,
]


ENDS += [1e160, GREATEST, *(2.0**power for power in (970, 1018, 1019, 1020, -916, -917, -969, -970))]


ends = st.sampled_from([*ENDS, *(-value for value in ENDS)])


near = st.builds(lambda m, e: math.ldexp(m, e), st.integers(-(2**53), 2**53), st.integers(-60, -40))


def array(values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64)


def true_sum(*factors: Floats) -> Fraction:
    """The sum of products, term by term in rational arithmetic."""
    rows = zip(*(factor.tolist() for factor in factors), strict=True)
    # By power of two, since adding fractions one by one would take hours for long columns.
    sums: dict[int, int] = {}
    for row in rows:
        numerator, power = 1, 0
        for factor in row:
            above, below = factor.as_integer_ratio()
            numerator, power = numerator * above, power + below.bit_length() - 1
        sums[power] = sums.get(power, 0) + numerator
    return sum((Fraction(total, 1 << power) for power, total in sums.items()), Fraction(0))


def samples(rows: int, kind: str, seed: int = 0) -> Floats:
    draw = np.random.default_rng(seed + rows)
    normal = draw.standard_normal(rows)
    if kind == "squared errors":
        return normal**2
    if kind == "errors":
        return normal
    if kind == "with zeros":
        return np.where(draw.random(rows) < 0.3, draw.choice([0.0, -0.0], rows), normal)
    if kind == "zero or one":
        return draw.integers(0, 2, rows).astype(np.float64)
    if kind == "float32":
        return normal.astype(np.float32).astype(np.float64)
    if kind == "wide":
        return np.ldexp(normal, draw.integers(-100, 100, rows))
    if kind == "tiny":
        return normal * 1e-160
    if kind == "huge":
        return normal * 1e160
    if kind == "subnormal":
        return normal * 2.0**-1040
    if kind == "at the end":
        return draw.choice([GREATEST, -GREATEST, GREATEST / 2, 2.0**1023], rows)
    assert kind == "any bits"
    values = draw.integers(0, 2**64, rows, dtype=np.uint64).view(np.float64)
    return np.where(np.isfinite(values), values, 1.0)


KINDS = ["squared errors", "errors", "with zeros", "zero or one", "float32", "wide", "tiny", "huge"]


KINDS += ["subnormal", "at the end", "any bits"]
