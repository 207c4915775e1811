"""Standard errors and intervals of losses, from exact second moments kept in the same pass.

A row of any weight is one observation: the standard error of a mean m of n rows l with weights w is the root of
n/(n−1) Σw²(l−m)² / (Σw)², and the interval is by Student's t of n−1.  Kept are the sums of u², w·u and w², where u = w·l is rounded once; the rest is done in
fractions.  A function of means (`rmse`) goes by the delta method.  Losses kept in other states have no interval here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from losscli.errors import UsageError
from losscli.loss.declare import Loss, Undefined
from losscli.loss.spec import parse
from losscli.numbers.exact import round_fraction
from losscli.numbers.sums import Sums
from losscli.statistics.distributions import t_quantile, wilson
from losscli.statistics.spread import Spread
from losscli.text import read_number

if TYPE_CHECKING:
    pass

HEAVY_TAIL = "heavy tail"

STEPS = [Fraction(1, 1 << bits) for bits in (7, 11, 15, 20)]
"""How far, relative to a mean, a function of means is followed to find its slope, the widest first."""

NEAR = Fraction(1, 1 << 40)
"""How far two estimates of a slope may differ, relative to it, where the step is not too wide."""

STENCILS = (
    (Fraction(3, 4), Fraction(-3, 20), Fraction(1, 60)),
    (Fraction(4, 5), Fraction(-1, 5), Fraction(4, 105), Fraction(-1, 280)),
)
"""Central differences of orders 6 and 8 (Fornberg 1988, doi:10.1090/S0025-5718-1988-0935077-0, table 1): what
the difference of the values 1, 2, … steps to either side counts."""

PARAMS = {"none": (), "normal": ("level", "horizon"), "bootstrap": ("level", "seed", "cluster")}
"""The intervals, and the parameters that each takes."""

MOST_LEVEL = 0.999
"""The most that the resamples of the bootstrap can tell."""


@dataclass(frozen=True, slots=True)
class IntervalSpec:
    """The value of `--ci`.

    ``seed`` and ``cluster`` (a column, whose equal values are drawn together) are of the bootstrap;
    ``horizon`` is of a comparison over time: how many steps ahead the predictions were made.
    """

    method: str
    level: float = 0.95
    seed: int = 0
    cluster: str | None = None
    horizon: int | None = None

    @classmethod
    def parse(cls, text: str) -> IntervalSpec | None:
        """The value of ``--ci``; None for ``none``."""
        spec = parse(text)
        name = spec.name.casefold()
        if name not in PARAMS:
            raise UsageError(
                f"no interval is called `{spec.name}`", hint="they are none, normal and bootstrap"
            )
        given = dict(spec.params)
        if unknown := next((key for key in given if key not in PARAMS[name]), None):
            takes = ", ".join(f"`{key}`" for key in PARAMS[name]) or "no parameters"
            raise UsageError(f"`{spec.name}` has no parameter `{unknown}`", hint=f"it takes {takes}")
        level = read_number(given.get("level", "0.95"))
        if level is None or not 0.0 < level < 1.0:
            raise UsageError(f"`level={given['level']}` in `{text}` is not in (0, 1)")
        if name == "bootstrap" and level > MOST_LEVEL:
            raise UsageError(
                f"`level={given['level']}` in `{text}` is above {MOST_LEVEL}, the most of a bootstrap"
            )
        seed = _whole(given, "seed", text, least=0)
        horizon = _whole(given, "horizon", text, least=1)
        if given.get("cluster") == "":
            raise UsageError(f"`cluster=` in `{text}` names no column")
        return None if name == "none" else cls(name, level, seed or 0, given.get("cluster"), horizon)


def _whole(given: Mapping[str, str], name: str, text: str, *, least: int) -> int | None:
    if name not in given:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", given[name], re.ASCII) or int(given[name]) < least:
        raise UsageError(f"`{name}={given[name]}` in `{text}` is not a whole number from {least} on")
    return int(given[name])


def one_side(level: float) -> Fraction:
    """What lies beyond either end of an interval of a level, as the decimal that it was written as."""
    return (1 - Fraction(repr(level))) / 2


def too_few(groups: int, level: float) -> bool:
    """Whether so few groups cannot tell anything at a level.

    Of n groups, two of the 2ⁿ flips differ by as much as all groups together: no p-value lies below 2¹⁻ⁿ.  And no
    resample lies beyond the least and the greatest group, which have the median of the groups' law between them
    in all but 2¹⁻ⁿ of samples.
    """
    return Fraction(2, 2**groups) > 2 * one_side(level)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A standard error and an interval, or neither and why."""

    stderr: float | None = None
    ci: dict[str, Any] | None = None
    note: str | None = None


def estimate(
    loss: Loss, params: dict[str, Any], value: float, state: Any, spread: Spread | None, spec: IntervalSpec
) -> Estimate:
    """What is known of how far a value may lie from that of all rows there could be."""
    if spread is None or not isinstance(state, Sums):
        return Estimate(note="no interval: the loss is no function of means of rows")
    if state.rows < 2:
        return Estimate(note="no interval: one row tells nothing of the spread")
    if not spread.finite:
        return Estimate(note="no interval: a weighted row exceeds the largest double")
    if beyond_doubles(state, spread):
        return Estimate(note=NO_DOUBLE)
    covariance = spread.covariance(state.totals, state.weight)
    slope = slopes(loss, params, state.means, covariance)
    if slope is None:
        return Estimate(note="no interval: the value is at an end of its range, where it has no slope")
    error = standard_error(covariance, slope, state.rows)
    if not math.isfinite(error):
        return Estimate(note=ERROR_TOO_LARGE)
    if is_rate(loss, state, spread):
        squares = state.weight.fraction if spread.squares is None else spread.squares.fraction
        trials = round_fraction(state.weight.fraction**2 / squares)
        return Estimate(error, _ci(*wilson(value, trials, spec.level), spec.level, "wilson"))
    return _by_t(value, error, state.rows, spec, tail_note(state, spread))


def estimate_mean(value: float, state: Sums, spread: Spread, spec: IntervalSpec) -> Estimate:
    """What is known of how far the mean of some values may lie from that of all there could be."""
    if state.rows < 2:
        return Estimate(note=ONE_GROUP)
    if not spread.finite:
        return Estimate(note="no interval: a weighted group exceeds the largest double")
    error = standard_error(spread.covariance(state.totals, state.weight), [Fraction(1)], state.rows)
    if not math.isfinite(error):
        return Estimate(note=ERROR_TOO_LARGE)
    return _by_t(value, error, state.rows, spec, tail_note(state, spread))


def _by_t(value: float, error: float, count: int, spec: IntervalSpec, note: str | None) -> Estimate:
    """The interval by Student's t of ``count`` - 1."""
    half = t_quantile(1.0 - float(one_side(spec.level)), count - 1) * error
    if not math.isfinite(value - half) or not math.isfinite(value + half):
        return Estimate(note="no interval: its ends exceed the largest double")
    return Estimate(error, _ci(value - half, value + half, spec.level, "normal"), note)


ONE_GROUP = "no interval: one group of rows tells nothing of the spread"
ERROR_TOO_LARGE = "no interval: the standard error exceeds the largest double"
NO_DOUBLE = "no interval: the square of a row is beyond the range of a double"


def beyond_doubles(state: Sums, spread: Spread) -> bool:
    """Whether the sums hold squares beyond the range of a double, which the spread lacks."""
    return any(total.factors > (1 if spread.squares is None else 2) for total in state.totals)


def tail_note(state: Any, spread: Spread | None) -> str | None:
    """What is to be said where one row holds far more of the squared deviations than rows of that number show."""
    if spread is None or not isinstance(state, Sums) or len(state.totals) > 1 or not spread.finite:
        return None
    if beyond_doubles(state, spread):
        return None
    variance = spread.covariance(state.totals, state.weight)[0][0]
    return HEAVY_TAIL if spread.heavy(state.means[0], variance, state.weight) else None


def is_rate(loss: Loss, state: Sums, spread: Spread) -> bool:
    """Whether every row is 0 or 1, by declaration and by the sums: l² = l only there."""
    if not loss.rate:
        return False
    crossed = spread.crossed[0] if spread.crossed else state.totals[0]
    return spread.products[0].fraction == crossed.fraction


def slopes(
    loss: Loss, params: dict[str, Any], means: Sequence[Fraction], covariance: list[list[Fraction]]
) -> list[Fraction] | None:
    """How the value moves with each mean; None where it has no slope there."""
    if loss.is_mean:
        return [Fraction(1)]
    own = {name: value for name, value in params.items() if name in loss.own_params}
    found = []
    for at, mean in enumerate(means):
        if covariance[at][at] == 0:
            found.append(Fraction(0))  # it does not vary
            continue

        def value(moved: Fraction, at: int = at) -> Fraction | None:
            try:
                value = loss.function(*means[:at], moved, *means[at + 1 :], **own)
            except (ValueError, ArithmeticError):
                return None  # no rows have such means
            if isinstance(value, Undefined) or (isinstance(value, float) and not math.isfinite(value)):
                return None
            return Fraction(value)

        along = _slope(value, mean, abs(mean) or Fraction(root(covariance[at][at])))
        if along is None:
            return None
        found.append(along)
    return found


BITS = 1024
"""Binary digits that a slope keeps."""


def _slope(value: Callable[[Fraction], Fraction | None], at: Fraction, scale: Fraction) -> Fraction | None:
    """The slope of a function at a place, by the widest step at which two orders of differences agree.

    A wide step loses the fewest digits to rounding, and a kink or an end of the domain within it shows.  With the
    last step the slope is as near as it can be.
    """
    found = None
    for step in STEPS:
        apart = []
        for times in range(1, len(STENCILS[-1]) + 1):
            below, above = value(at - times * step * scale), value(at + times * step * scale)
            if below is None or above is None:
                break
            apart.append(above - below)
        else:
            rough, fine = (
                sum((factor * d for factor, d in zip(stencil, apart, strict=False)), Fraction(0))
                / (step * scale)
                for stencil in STENCILS
            )
            found = fine
            if abs(fine - rough) <= NEAR * abs(fine):
                break
            continue
        found = None
    return None if found is None else _shortened(found)


def _shortened(number: Fraction) -> Fraction:
    """A fraction cut to `BITS` digits: that of a slope has thousands more than the steps give it."""
    shift = BITS - number.numerator.bit_length() + number.denominator.bit_length()
    if shift < 0:
        return number
    return Fraction((number.numerator << shift) // number.denominator, 1 << shift)


def standard_error(covariance: list[list[Fraction]], slope: Sequence[Fraction], rows: int) -> float:
    """Of a function of means over n rows: with n − 1 below, as of a sample."""
    return root(quadratic(covariance, slope) * Fraction(rows, rows - 1))


def quadratic(matrix: list[list[Fraction]], vector: Sequence[Fraction]) -> Fraction:
    """The vector times the matrix times the vector; 0 where rounding in its parts makes it negative."""
    # Over common denominators, or those of the sum would grow with each of its terms.
    under = math.lcm(*(one.denominator for one in vector))
    below = math.lcm(*(one.denominator for row in matrix for one in row))
    factors = [int(one * under) for one in vector]
    total = sum(
        a * b * int(matrix[j][k] * below) for j, a in enumerate(factors) for k, b in enumerate(factors)
    )
    return max(Fraction(total, under * under * below), Fraction(0))


def root(square: Fraction) -> float:
    """The square root, also where the square itself is no double."""
    if square == 0:
        return 0.0
    power = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    try:
        return math.ldexp(math.sqrt(square / Fraction(4) ** power), power)
    except OverflowError:
        return math.inf


def _ci(low: float, high: float, level: float, method: str) -> dict[str, Any]:
    return {"low": low, "high": high, "level": level, "method": method}
