"""Doubles in twice the digits, with the operations that texts are made of."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from losscli.numbers.double_double import exp_pair, log1p_of, log_of, log_pair, over, sum_of, times, total
from losscli.numbers.error_free import two_product
from losscli.numbers.special import erf, erfcx

TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


class Paired(NamedTuple):
    """A double or a column of doubles, and what its rounding lost."""

    near: Any
    lost: Any

    @staticmethod
    def of(number: Any) -> Paired:
        """A number, or an array (n,), as pairs; a double stands for itself, and pi for all its digits."""
        if isinstance(number, Paired):
            return number
        near = np.atleast_1d(np.asarray(number, dtype=np.float64))
        # All but pi is meant as the double that it is.
        return Paired(near, np.full_like(near, 1.2246467991473532e-16 if number is np.pi else 0.0))

    @staticmethod
    def where(test: Any, one: Paired, other: Paired) -> Paired:
        """Row by row the one number where the test holds, and else the other."""
        return Paired(np.where(test, one.near, other.near), np.where(test, one.lost, other.lost))

    @staticmethod
    def sum(terms: Sequence[Paired]) -> Paired:
        """The sum of several terms, with what their rounding loses."""
        return Paired(*sum_of(*terms))

    @staticmethod
    def call(name: str, x: Paired) -> Paired:
        """A function of the texts of gradients, by its name, to twice the digits of a double."""
        return Paired(*total(*FUNCTIONS[name](x)))

    @staticmethod
    def softmax(scores: Sequence[Paired]) -> list[Paired]:
        """The exponentials of several scores over their sum, without overflow."""
        top = Paired.of(functools.reduce(np.maximum, (score.near for score in scores)))
        powers = [Paired.call("exp", score - top) for score in scores]
        whole = Paired.sum(powers)
        return [power / whole for power in powers]

    def __neg__(self) -> Paired:
        return Paired(-self.near, -self.lost)

    def __abs__(self) -> Paired:
        return Paired.where(self.near < 0.0, -self, self)

    def __add__(self, other: Any) -> Paired:
        return Paired.sum((self, other))

    def __sub__(self, other: Paired) -> Paired:
        return self + -other

    def __mul__(self, other: Any) -> Paired:
        return Paired(*times(self, other))

    def __truediv__(self, other: Paired) -> Paired:
        return Paired(*over(self, other))

    def __pow__(self, other: Paired) -> Paired:
        if other.near.size == 1 and other.near[0] in (1.0, 2.0, 3.0) and other.lost[0] == 0.0:
            found = self
            for _ in range(int(other.near[0]) - 1):
                found = found * self
            return found
        near = np.power(self.near, other.near)
        # One step of Newton's for the logarithm.
        positive = _usual(near) & _usual(self.near) & (self.near > 0.0)
        base, value = (np.where(positive, x, 1.0) for x in (self.near, near))
        logs, back = times(log_of((base, np.where(positive, self.lost, 0.0))), other), log_pair(value)
        apart = total(logs[0], -back[0], logs[1], -back[1])[0]
        return Paired(*total(near, np.where(positive, near * apart, 0.0)))


def _usual(near: Any) -> Any:
    """Where a number is normal, so that digits may be lost."""
    return (np.abs(near) > 1e-290) & np.isfinite(near)


def _first_order(function: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[[Paired], Any]:
    """A function of the double, and its slope times what was lost: its own rounding stays in it."""

    def called(x: Paired) -> tuple[Any, Any]:
        return function(x.near), np.where(x.lost == 0.0, 0.0, slope(x.near) * x.lost)

    return called


def _exp(x: Paired) -> tuple[Any, Any]:
    return exp_pair(x.near, x.lost)


def _expm1(x: Paired) -> tuple[Any, Any]:
    power, power_lost = _exp(x)
    near, lost = total(power, -1.0, power_lost)
    low = np.clip(x.near, -1e-3, 1e-3)
    square, square_lost = two_product(low, low)
    cubes = low * square * (1 / 6 + low * (1 / 24 + low * (1 / 120 + low / 720)))
    series, rest = total(low, 0.5 * square, cubes, 0.5 * square_lost + x.lost * (1.0 + low))
    close = low == x.near
    return np.where(close, series, near), np.where(close, rest, lost)


def _log(x: Paired) -> tuple[Any, Any]:
    positive = (x.near > 0.0) & np.isfinite(x.near)
    near, lost = log_of((np.where(positive, x.near, 1.0), np.where(positive, x.lost, 0.0)))
    return np.where(positive, near, np.log(x.near)), np.where(positive, lost, 0.0)


def _log1p(x: Paired) -> tuple[Any, Any]:
    inside = (x.near > -1.0) & np.isfinite(x.near)
    near, lost = log1p_of((np.where(inside, x.near, 0.0), np.where(inside, x.lost, 0.0)))
    return np.where(inside, near, np.log1p(x.near)), np.where(inside, lost, 0.0)


def _sqrt(x: Paired) -> tuple[Any, Any]:
    near = np.sqrt(x.near)
    square, lost = two_product(near, near)
    return near, np.where(
        _usual(square), ((x.near - square) - lost + x.lost) / np.where(near == 0.0, 1.0, 2.0 * near), 0.0
    )


def _tanh(x: Paired) -> tuple[Any, Any]:
    # By exp(-2 |x|), and next to 0 by the series.
    power = Paired(*_exp(Paired(*(-2.0 * part for part in abs(x)))))
    one = Paired.of(1.0)
    found = (one - power) / (one + power)
    low = np.clip(x.near, -1e-3, 1e-3)
    square = low * low
    near, lost = total(low, -low * square * (1 / 3 - square * (2 / 15 - square * (17 / 315))), x.lost)
    close = np.abs(x.near) < 1e-3
    found = Paired.where(x.near < 0.0, -found, found)
    return np.where(close, near, found.near), np.where(close, lost, found.lost)


def _sigmoid(x: Paired) -> tuple[Any, Any]:
    one, power = Paired.of(1.0), Paired.call("exp", -abs(x))
    return Paired.where(x.near < 0.0, power, one) / (one + power)


def _softplus(x: Paired) -> tuple[Any, Any]:
    above = Paired.where(x.near > 0.0, x, Paired.of(0.0))
    return Paired.call("log1p", Paired.call("exp", -abs(x))) + above


def _erfc(x: Paired) -> tuple[Any, Any]:
    size = abs(x)
    power = Paired.call("exp", -(size * size))
    # erfcx falls more slowly than its argument rises, but for the part of its slope that exp(x²) has.
    scaled = erfcx(size.near)
    slope = 2.0 * size.near * scaled - TWO_OVER_ROOT_PI
    above = power * Paired(*total(scaled, np.where(size.lost == 0.0, 0.0, slope * size.lost)))
    return Paired.where(x.near < 0.0, Paired.of(2.0) - above, above)


FUNCTIONS: dict[str, Callable[[Paired], Any]] = {
    "sign": lambda x: (np.sign(x.near), np.zeros_like(x.near)),
    "sqrt": _sqrt,
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "erf": _first_order(erf, lambda x: TWO_OVER_ROOT_PI * np.exp(-x * x)),
    "erfc": _erfc,
}
