"""Gaps, and numbers in twice the digits, against 400 digits."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from definition import MP, ulps_off

from losscli.losses import stable
from losscli.numbers import double_double
from losscli.numbers.error_free import two_product

RNG = np.random.default_rng(3)
ROWS = 600


def wide(low: float, high: float) -> Any:
    """Sizes spread evenly over powers of ten."""
    return 10.0 ** RNG.uniform(low, high, ROWS)


def beside(column: Any) -> Any:
    """Numbers at relative distances of 1e-16 to 10 from others."""
    return column * (1.0 + RNG.choice([-1.0, 1.0], ROWS) * np.minimum(wide(-16.0, 1.0), 10.0)).clip(1e-3)


def worst(found: Any, definition: Callable[..., Any], *columns: Any) -> float:
    wanted = (definition(*(MP.mpf(float(x)) for x in cells)) for cells in zip(*columns, strict=True))
    return max(ulps_off(float(one), other) for one, other in zip(found, wanted, strict=True))


def entropy(x: Any, y: Any) -> Any:
    return (x * MP.log(x / y) if x else 0) - x + y


def factorial(y: Any) -> Any:
    return MP.loggamma(y + 1) - (y * MP.log(y) - y if y else 0)


GAPS = [
    (stable.log1p_gap, lambda u: u - MP.log1p(u), [np.concatenate((wide(-200, 300), -wide(-17, 0), RNG.uniform(-1, 4, ROWS)))]),
    (stable.expm1_gap, lambda x: MP.expm1(x) - x, [np.concatenate((wide(-200, 2.8), -wide(-200, 300), RNG.uniform(-3, 3, ROWS)))]),
    (stable.log_ratio, lambda x, y: MP.log(x / y), [one := wide(-307, 307), beside(one)]),
    (stable.log_ratio, lambda x, y: MP.log(x / y), [wide(-323, 308), wide(-323, 308)]),
    (stable.entropy_gap, entropy, [one, beside(one)]),
    (stable.entropy_gap, entropy, [np.append(wide(-323, 308)[1:], 0.0), wide(-323, 308)]),
    (double_double.factorial_gap, factorial, [np.concatenate((wide(-320, 300), RNG.uniform(0, 12, ROWS), np.arange(20.0)))]),
]  # fmt: skip


@pytest.mark.parametrize("gap, definition, columns", GAPS, ids=lambda given: getattr(given, "__name__", ""))
def test_a_gap_is_right_to_four_ulp_however_much_its_terms_cancel(
    gap: Any, definition: Any, columns: Any
) -> None:
    with np.errstate(all="ignore"):
        assert worst(gap(*columns), definition, *columns) <= 4.0


def test_a_gap_of_nothing_is_zero() -> None:
    numbers = np.array([5e-324, 0.1, 1.0, 1e16, 1.7976931348623157e308])
    assert stable.entropy_gap(numbers, numbers).tolist() == [0.0] * 5
    assert stable.log1p_gap(np.zeros(1)).tolist() == [0.0]
    assert stable.expm1_gap(np.zeros(1)).tolist() == [0.0]


def off(pair: double_double.DoubleDouble, definition: Callable[..., Any], *columns: Any) -> float:
    """How far a pair lies from a number, relative to it."""
    worst = 0.0
    for high, low, cells in zip(*pair, zip(*columns, strict=True), strict=True):
        wanted = definition(*(MP.mpf(float(x)) for x in cells))
        if wanted:
            worst = max(worst, float(abs((MP.mpf(float(high)) + MP.mpf(float(low)) - wanted) / wanted)))
    return worst


def test_pairs_hold_more_than_twenty_digits() -> None:
    x, y = wide(-100, 100), wide(-100, 100)
    near_one = 1.0 + RNG.choice([-1.0, 1.0], ROWS) * wide(-15, -0.4)
    assert off(two_product(x, y), lambda a, b: a * b, x, y) < 1e-31
    assert off(double_double.quotient(x, y), lambda a, b: a / b, x, y) < 1e-31
    for numbers in (x, near_one, wide(-323, 308)):
        assert off(double_double.log_pair(numbers), MP.log, numbers) < 1e-19
    powers = RNG.uniform(-600.0, 709.0, ROWS)
    assert off(double_double.exp_pair(powers), MP.exp, powers) < 1e-20


def test_a_total_keeps_what_its_roundings_lose() -> None:
    big, small = np.array([1e16]), np.array([1.0 + 2.0**-52])
    high, low = double_double.total(big, small, -big)
    assert (high + low).tolist() == [1.0 + 2.0**-52]
    with np.errstate(invalid="ignore"):
        infinite = double_double.total(np.array([np.inf]), small)
    assert [part.tolist() for part in infinite] == [[np.inf], [0.0]]


def test_a_fraction_to_a_power_is_rounded_once() -> None:
    assert stable.power_fraction(Fraction(1, 4), 0.5) == 0.5
    assert stable.power_fraction(Fraction(0), 3.0) == 0.0
    assert stable.power_fraction(1 - Fraction(1, 10**30), 1e30) == pytest.approx(np.exp(-1.0), rel=2e-16)
    assert stable.power_fraction(Fraction(1, 2), 1e300) == 0.0
    assert stable.power_fraction(Fraction(1, 2), 5e-324) == 1.0
