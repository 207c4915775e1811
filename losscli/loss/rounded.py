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
from losscli.numbers.error_free import two_difference, two_product, two_sum
from losscli.numbers.special import erf, erfc, sigmoid, softplus

MENDED = 4.0
"""Where a function makes more squares of those of its argument, what the argument lost is added, if it is known."""


class Rounded(NamedTuple):
    """A double or a column of doubles, the sum of the squares of its roundings, and what these lost, if it is known.

    Sums, products, quotients and roots know what they lost as long as all that went into them does.
    """

    near: Any
    squares: Any = 0.0
    lost: Callable[[], Any] | None = None
    power: bool = False
    """Whether it is a power of two in every row, so that products with it are not rounded."""

    @staticmethod
    def of(number: Any) -> Rounded:
        """A number, or an array (n,), of doubles that are meant as they are, without an error of rounding."""
        if isinstance(number, np.ndarray):
            return Rounded(number.astype(np.float64, copy=False))
        if isinstance(number, Rounded):
            return number
        # All but pi is meant as the double that it is.
        return Rounded(np.float64(number), 0.2 if number is np.pi else 0.0)

    @staticmethod
    def where(test: Any, one: Rounded, other: Rounded) -> Rounded:
        """Row by row the one number where the test holds, and else the other, with the estimate of its own."""
        same = _is_number(one.squares) and _is_number(other.squares) and one.squares == other.squares
        squares = one.squares if same else np.where(test, one.squares, other.squares)
        lost = (
            _known(lambda: np.where(test, one.rest(), other.rest()), one, other) if _some(squares) else None
        )
        power = one.is_power() and other.is_power()
        return Rounded(np.where(test, one.near, other.near), squares, lost, power)

    def is_power(self) -> bool:
        """Whether it is zero or a power of two in every row, by which products are exact."""
        return self.power or (_is_number(self.near) and abs(math.frexp(self.near)[0]) in (0.5, 0.0))

    def rest(self) -> Any:
        """What was lost of a number of which it is known: nothing of an input."""
        return 0.0 if self.lost is None else self.lost()

    def beyond(self, most: float) -> Any:
        """Where the squares, in the unit of half an ulp of the number itself, are more than so many or not known."""
        if (self.squares if _is_number(self.squares) else self.squares.max()) <= most / 4.0:
            return False
        mantissa = np.frexp(self.near)[0]
        mantissa *= mantissa
        return np.logical_not(mantissa * self.squares <= most / 4.0)

    @staticmethod
    def sum(terms: Sequence[Rounded]) -> Rounded:
        """The sum of several terms, whose error is estimated from those of the terms."""
        if all(term.lost is not None or not _some(term.squares) for term in terms):
            near, lost = total(*(term.near for term in terms), *(term.lost() for term in terms if term.lost))
            return Rounded(near, 1.0, lambda: lost)
        found = terms[0]
        for term in terms[1:]:
            found = found + term
        return found

    @staticmethod
    def call(name: str, x: Rounded) -> Rounded:
        """A function of the texts of gradients, by its name; its error grows by the function's condition."""
        function, own, slope = FUNCTIONS[name]
        near = function(x.near)
        if name == "sign":
            # Where nothing is known of a number, nothing is of its sign.
            doubtful = np.logical_not(x.squares < 2.0**100)
            return Rounded(near, np.where(doubtful, np.inf, 0.0) if doubtful.any() else 0.0)
        if name == "sqrt":
            lost = _known(lambda: _root_lost(x, near), x)
            return Rounded(near, 0.25 * x.squares + 1.0, lost)
        if not _some(x.squares):
            return Rounded(near, own**2)
        rises = slope(x.near, near)
        squares = _over(x.near * rises, near) ** 2 * x.squares + own**2
        if x.lost is None or np.max(squares) <= own**2 + MENDED:
            return Rounded(near, squares)
        rest = rises * x.rest()
        many = np.logical_not(squares <= own**2 + MENDED) & np.isfinite(rest)
        return Rounded(np.where(many, near + rest, near), np.where(many, own**2, squares))

    @staticmethod
    def softmax(scores: Sequence[Rounded]) -> list[Rounded]:
        """The exponentials of several scores over their sum, without overflow."""
        top = functools.reduce(np.maximum, (score.near for score in scores))
        powers = []
        for score in scores:
            below, lost = two_difference(score.near, top)
            power = np.exp(below)
            powers.append(power + power * np.where(np.isfinite(lost), lost, 0.0))
        whole = sum(powers)
        return [Rounded(power / whole, FUNCTIONS["exp"][1] ** 2 + 2.0) for power in powers]

    def __neg__(self) -> Rounded:
        return Rounded(-self.near, self.squares, self.lost and _Later(lambda: -self.rest()), self.power)

    def __abs__(self) -> Rounded:
        lost = self.lost and _Later(lambda: np.where(self.near < 0.0, -self.rest(), self.rest()))
        return Rounded(np.abs(self.near), self.squares, lost)

    def __add__(self, other: Any) -> Rounded:
        if _is_zero(self.near):
            return Rounded(*other)
        if _is_zero(other.near):
            return self
        near = self.near + other.near
        parts = [_over(x.near, near) ** 2 * x.squares for x in (self, other) if _some(x.squares)]
        lost = _known(lambda: two_sum(self.near, other.near)[1] + (self.rest() + other.rest()), self, other)
        return Rounded(near, sum(parts) + 1.0, lost)

    def __sub__(self, other: Rounded) -> Rounded:
        return self + -other

    def __mul__(self, other: Any) -> Rounded:
        if _is_one(other.near):
            return self
        if _is_one(self.near):
            return Rounded(*other)
        own = 0.0 if self.is_power() or other.is_power() else 1.0
        lost = _known(
            lambda: (
                (two_product(self.near, other.near)[1] if own else 0.0)
                + (self.near * other.rest() + other.near * self.rest())
            ),
            self,
            other,
        )
        squares = self.squares + other.squares + own
        power = self.is_power() and other.is_power()
        return Rounded(self.near * other.near, squares, lost if _some(squares) else None, power)

    def __truediv__(self, other: Rounded) -> Rounded:
        if _is_one(other.near):
            return self
        own = 0.0 if _is_zero(self.near) or other.is_power() else 1.0
        near, squares = self.near / other.near, self.squares + other.squares + own
        if not _some(squares):
            return Rounded(near)
        return Rounded(near, squares, _known(lambda: _quotient_lost(self, other, near), self, other))

    def __pow__(self, other: Rounded) -> Rounded:
        if not _some(other.squares) and _is_number(other.near) and other.near in (1.0, 2.0, 3.0):
            found = self
            for _ in range(int(other.near) - 1):
                found = found * self
            return found._replace(squares=other.near**2 * self.squares + (other.near - 1.0))
        near = np.power(self.near, other.near)
        squares = other.near**2 * self.squares + 1.21
        if _some(other.squares):
            squares = squares + (other.near * np.log(np.abs(self.near))) ** 2 * other.squares
        return Rounded(near, squares)


def _known(lost: Callable[[], Any], *of: Rounded) -> Callable[[], Any] | None:
    """What was lost, worked out once and only if it is asked for; None if it is not known of all operands."""
    if any(x.lost is None and _some(x.squares) for x in of):
        return None
    return _Later(lost)


class _Later:
    """What is worked out once, and only if it is asked for."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.found: Any = None

    def __call__(self) -> Any:
        if self.found is None:
            self.found = self.work()
        return self.found


def _root_lost(x: Rounded, near: Any) -> Any:
    square, lost = two_product(near, near)
    return np.where(square > 1e-290, ((x.near - square) - lost + x.rest()) / (2.0 * near), 0.0)


def _quotient_lost(x: Rounded, y: Rounded, near: Any) -> Any:
    back, lost = two_product(near, y.near)
    return (((x.near - back) - lost) + (x.rest() - near * y.rest())) / y.near


TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], float, Callable[[Any, Any], Any]]] = {
    "sign": (np.sign, 0.0, lambda x, y: 0.0),
    "sqrt": (np.sqrt, 1.0, lambda x, y: 0.5 / y),
    "exp": (np.exp, 1.1, lambda x, y: y),
    "expm1": (np.expm1, 1.5, lambda x, y: y + 1.0),
    "log": (np.log, 1.1, lambda x, y: 1.0 / x),
    "log1p": (np.log1p, 1.5, lambda x, y: 1.0 / (1.0 + x)),
    "tanh": (np.tanh, 2.0, lambda x, y: 1.0 - y * y),
    "sigmoid": (sigmoid, 1.5, lambda x, y: y * (1.0 - y)),
    "softplus": (softplus, 2.0, lambda x, y: sigmoid(x)),
    "erf": (erf, 2.0, lambda x, y: TWO_OVER_ROOT_PI * np.exp(-x * x)),
    "erfc": (erfc, 3.0, lambda x, y: -TWO_OVER_ROOT_PI * np.exp(-x * x)),
}
"""Each function, its own rounding, and its slope, from argument and value."""


def _is_number(near: Any) -> bool:
    return not isinstance(near, np.ndarray)


def _some(squares: Any) -> bool:
    """Whether any rounding is in a number."""
    return not _is_number(squares) or bool(squares > 0.0)


def _is_zero(near: Any) -> bool:
    return _is_number(near) and bool(near == 0.0)


def _is_one(near: Any) -> bool:
    return _is_number(near) and bool(near == 1.0)


def _over(part: Any, whole: Any) -> Any:
    """The quotient, and 0 of nothing, even of nothing."""
    return part / np.maximum(np.abs(whole), 5e-324)
