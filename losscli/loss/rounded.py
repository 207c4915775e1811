"""Doubles with an estimate of the rounding that is in them.

A rounding is at most 2**-53 of a number's size.  What is carried is the sum of the squares of all that went into a
number, in that unit, as an operation passes the errors of its operands on and adds its own: the probabilistic
error analysis of Higham & Mary (2019), doi:10.1137/18M1226312.  It is one number for all rows until terms that
were rounded are added, when what is left of them depends on the row.  An input has none.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from losscli.numbers.double_double import total
from losscli.numbers.error_free import two_difference
from losscli.numbers.special import erf, erfc, sigmoid, softplus


class Rounded(NamedTuple):
    """A double or a column of doubles, and the sum of the squares of its roundings."""

    near: Any
    squares: Any = 0.0

    @staticmethod
    def of(number: Any) -> Rounded:
        if isinstance(number, np.ndarray):
            return Rounded(number.astype(np.float64, copy=False))
        return number if isinstance(number, Rounded) else Rounded(np.float64(number))

    @staticmethod
    def where(test: Any, one: Rounded, other: Rounded) -> Rounded:
        near = np.where(test, one.near, other.near)
        if _is_number(one.squares) and _is_number(other.squares):
            return Rounded(near, max(one.squares, other.squares))
        return Rounded(near, np.where(test, one.squares, other.squares))

    @staticmethod
    def sum(terms: Sequence[Rounded]) -> Rounded:
        if not any(_some(term.squares) for term in terms):
            return Rounded(total(*(term.near for term in terms))[0], 1.0)
        found = terms[0]
        for term in terms[1:]:
            found = found + term
        return found

    @staticmethod
    def call(name: str, x: Rounded) -> Rounded:
        function, own, passed_on = FUNCTIONS[name]
        near = function(x.near)
        if not _some(x.squares):
            return Rounded(near, own**2)
        return Rounded(near, passed_on(x.near, near) ** 2 * x.squares + own**2)

    @staticmethod
    def softmax(scores: Sequence[Rounded]) -> list[Rounded]:
        top = functools.reduce(np.maximum, (score.near for score in scores))
        powers = []
        for score in scores:
            below, lost = two_difference(score.near, top)
            power = np.exp(below)
            powers.append(power + power * np.where(np.isfinite(lost), lost, 0.0))
        whole = sum(powers)
        return [Rounded(power / whole, FUNCTIONS["exp"][1] ** 2 + 2.0) for power in powers]

    def __neg__(self) -> Rounded:
        return Rounded(-self.near, self.squares)

    def __abs__(self) -> Rounded:
        return Rounded(np.abs(self.near), self.squares)

    def __add__(self, other: Any) -> Rounded:
        if _is_zero(self.near):
            return Rounded(*other)
        if _is_zero(other.near):
            return self
        near = self.near + other.near
        parts = [_over(x.near, near) ** 2 * x.squares for x in (self, other) if _some(x.squares)]
        return Rounded(near, sum(parts) + 1.0)

    def __sub__(self, other: Rounded) -> Rounded:
        return self + -other

    def __mul__(self, other: Any) -> Rounded:
        own = 0.0 if _is_power_of_two(self.near) or _is_power_of_two(other.near) else 1.0
        return Rounded(self.near * other.near, self.squares + other.squares + own)

    def __truediv__(self, other: Rounded) -> Rounded:
        own = 0.0 if _is_zero(self.near) or _is_power_of_two(other.near) else 1.0
        return Rounded(self.near / other.near, self.squares + other.squares + own)

    def __pow__(self, other: Rounded) -> Rounded:
        if not _some(other.squares) and _is_number(other.near) and other.near in (1.0, 2.0, 3.0):
            near = self.near
            for _ in range(int(other.near) - 1):
                near = near * self.near
            return Rounded(near, other.near**2 * self.squares + (other.near - 1.0))
        near = np.power(self.near, other.near)
        squares = other.near**2 * self.squares + 2.0
        if _some(other.squares):
            squares = squares + (other.near * np.log(np.abs(self.near))) ** 2 * other.squares
        return Rounded(near, squares)


def _erfc_passes_on(x: Any, y: Any) -> Any:
    above = np.maximum(x, 0.0)
    return 1.0 + 2.0 * above * above


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], float, Callable[[Any, Any], Any]]] = {
    "sign": (np.sign, 0.0, lambda x, y: 0.0),
    "sqrt": (np.sqrt, 1.0, lambda x, y: 0.5),
    "exp": (np.exp, 1.5, lambda x, y: x),
    "expm1": (np.expm1, 1.5, lambda x, y: _over(x, y) * (y + 1.0)),
    "log": (np.log, 1.5, lambda x, y: _over(np.ones_like(x), y)),
    "log1p": (np.log1p, 1.5, lambda x, y: _over(x / (1.0 + x), y)),
    "tanh": (np.tanh, 2.0, lambda x, y: 1.0),
    "sigmoid": (sigmoid, 1.5, lambda x, y: x * (1.0 - y)),
    "softplus": (softplus, 2.0, lambda x, y: _over(x * sigmoid(x), y)),
    "erf": (erf, 2.0, lambda x, y: 1.0),
    "erfc": (erfc, 3.0, _erfc_passes_on),
}
"""Each function, its own rounding, and by what it multiplies that of its argument, from argument and value."""


def _is_number(near: Any) -> bool:
    return not isinstance(near, np.ndarray)


def _some(squares: Any) -> bool:
    """Whether any rounding is in a number."""
    return not _is_number(squares) or bool(squares > 0.0)


def _is_zero(near: Any) -> bool:
    return _is_number(near) and bool(near == 0.0)


def _is_power_of_two(near: Any) -> bool:
    """Whether a product with the number is not rounded."""
    return _is_number(near) and abs(math.frexp(near)[0]) in (0.5, 0.0)


def _over(part: Any, whole: Any) -> Any:
    """The quotient, and 0 of nothing, even of nothing."""
    return part / np.maximum(np.abs(whole), 5e-324)
