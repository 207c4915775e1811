"""Doubles with an estimate of the rounding that is in them.

A rounding is at most 2**-53 of a number's size.  What is carried is the sum of the squares of all that went into a
number, in that unit, as an operation passes the errors of its operands on and adds its own: the probabilistic
error analysis of Higham & Mary (2019), doi:10.1137/18M1226312.  It is one number for all rows until terms that may
cancel are added, and nobody knows what they lost: what is left of them depends on the row.  An input has none.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from losscli.loss.number import Number, at_places
from losscli.loss.paired import Paired
from losscli.numbers.double_double import total
from losscli.numbers.error_free import two_difference, two_product, two_sum
from losscli.numbers.special import erf, erfc, sigmoid, softplus

FEW = 2
"""So many terms are added one by one; of more, what the roundings of the sum lost is added."""

PI_LOST = 1.2246467991473532e-16


class Rounded(Number):
    """A double or a column of doubles, and the sum of the squares of its roundings.

    ``lost`` is what they lost, once it is asked for, or None where it is not known: sums, products, quotients and
    roots know it as long as all that went into them does, and functions and sums whose terms may cancel add it.
    ``sign`` is 1 or -1 where no row has the other, else 0.  A ``power`` is 0 or a power of two in every row, so that
    products with it are not rounded.
    """

    __slots__ = ("lost", "near", "power", "sign", "squares")

    def __init__(
        self, near: Any, squares: Any = 0.0, lost: Any = None, sign: int = 0, power: bool = False
    ) -> None:
        self.near, self.squares, self.lost, self.sign, self.power = near, squares, lost, sign, power

    @staticmethod
    def of(number: Any) -> Rounded:
        """A number, or an array (n,), of doubles that are meant as they are, without an error of rounding."""
        if isinstance(number, Rounded):
            return number
        if isinstance(number, np.ndarray):
            return Rounded(number.astype(np.float64, copy=False))
        # All but pi is meant as the double that it is.
        return _constant(np.float64(number), PI_LOST if number is np.pi else 0.0)

    @staticmethod
    def where(test: Any, one: Rounded, other: Rounded) -> Rounded:
        """Row by row the one number where the test holds, and else the other, with the estimate of its own."""
        near = np.where(test, one.near, other.near)
        # What is said of a number is true of 0 as well.
        squares = one.squares if other.is_zero else other.squares if one.is_zero else None
        sign = one.sign if one.sign == other.sign or other.is_zero else other.sign if one.is_zero else 0
        if squares is None:
            same = _is_number(one.squares) and _is_number(other.squares) and one.squares == other.squares
            squares = one.squares if same else np.where(test, one.squares, other.squares)
        known = one.known and other.known and not _is_zero(squares)
        lost = (lambda: np.where(test, one.rest(), other.rest())) if known else None
        return Rounded(near, squares, lost, sign, power=one.power and other.power)

    @staticmethod
    def chosen(place: Any, columns: Sequence[Rounded]) -> Rounded:
        """In each row, the column at its place, with the greatest of their estimates."""
        near = at_places(place, [column.near for column in columns])
        most = functools.reduce(_greater, (column.squares for column in columns))
        sign = columns[0].sign if all(column.sign == columns[0].sign for column in columns) else 0
        return Rounded(near, most, sign=sign)

    @property
    def exact(self) -> bool:
        """Whether no rounding is in it."""
        return _is_zero(self.squares)

    @property
    def known(self) -> bool:
        """Whether it is known what its roundings lost."""
        return self.lost is not None or self.exact

    @property
    def is_zero(self) -> bool:
        """Whether it is 0 in all rows."""
        return self.power and self.sign == 0 and _is_number(self.near)

    def rest(self) -> Any:
        """What was lost of a number of which it is known: nothing of an input."""
        if self.lost is None:
            return 0.0
        if callable(self.lost):
            self.lost = self.lost()
        return self.lost

    def mended(self, most: float) -> tuple[Any, Any]:
        """The double, and where the squares, in half an ulp of it, are more than so many or not known.

        There what was lost is added, if that is known.
        """
        if (self.squares if _is_number(self.squares) else self.squares.max()) <= most / 4.0:
            return self.near, False
        mantissa = np.frexp(self.near)[0]
        mantissa *= mantissa
        beyond = np.logical_not(mantissa * self.squares <= most / 4.0)
        if self.lost is None or not beyond.any():
            return self.near, beyond
        return np.where(beyond, self.near + _finite(self.rest()), self.near), False

    @staticmethod
    def sum(terms: Sequence[Rounded]) -> Rounded:
        """The sum of several terms, whose error is estimated from those of the terms."""
        terms = [term for term in terms if not term.is_zero] or list(terms[:1])
        sign = terms[0].sign if all(term.sign == terms[0].sign for term in terms) else 0
        known = all(term.known for term in terms)
        if len(terms) > FEW and (sign or known):
            near, left = total(*(term.near for term in terms))
            most = functools.reduce(_greater, (term.squares for term in terms))

            def lost() -> Any:
                return left + sum(term.rest() for term in terms)

            if sign or _is_zero(most):
                return Rounded(near, most + 1.0, lost if known else None, sign)
            return _with_lost(near, lost())
        found: Rounded = functools.reduce(operator.add, terms)
        return found

    @staticmethod
    def call(name: str, x: Rounded) -> Rounded:
        """A function of the texts of gradients, by its name; its error grows by the function's condition."""
        if _is_number(x.near):
            return _of_constants(_paired(name), x)
        function, own, slope, tame = FUNCTIONS[name]
        near = function(x.near)
        sign = x.sign if name in ODD else 0 if name == "log" else 1
        if name == "sqrt":
            lost = (lambda: _root_lost(x, near)) if x.known else None
            return Rounded(near, 0.25 * x.squares + 1.0, lost, sign)
        if name == "sign":
            # Where nothing is known of a number, nothing is of its sign.
            squares = 0.0 if _is_number(x.squares) else np.where(x.squares < 2.0**100, 0.0, np.inf)
            return Rounded(near, squares, sign=sign, power=True)
        if x.exact:
            return Rounded(near, own**2, sign=sign)
        if x.sign in tame:
            return Rounded(near, x.squares + own**2, sign=sign)
        rises = slope(x.near, near)
        if x.known and name not in TAMED_BY_TEXT:
            return Rounded(near + _finite(rises * x.rest()), own**2, sign=sign)
        return Rounded(near, _over(x.near * rises, near) ** 2 * x.squares + own**2, sign=sign)

    @staticmethod
    def softmax(scores: Sequence[Rounded]) -> list[Rounded]:
        """The exponentials of several scores over their sum, without overflow."""
        top = functools.reduce(np.maximum, (score.near for score in scores))
        powers = []
        for score in scores:
            below, lost = two_difference(score.near, top)
            power = np.exp(below)
            powers.append(power + power * _finite(lost))
        whole, left = total(*powers)
        left /= whole
        shares = (power / whole for power in powers)
        return [
            Rounded(share - share * left, 2.0 * FUNCTIONS["exp"][1] ** 2 + 1.0, sign=1) for share in shares
        ]

    def __neg__(self) -> Rounded:
        lost = None if self.lost is None else lambda: -self.rest()
        return Rounded(-self.near, self.squares, lost, sign=-self.sign, power=self.power)

    def __abs__(self) -> Rounded:
        lost = None if self.lost is None else lambda: np.copysign(1.0, self.near) * self.rest()
        return Rounded(np.abs(self.near), self.squares, lost, sign=1, power=self.power)

    def __add__(self, other: Any) -> Rounded:
        more = Rounded.of(other)
        if _is_number(self.near) and _is_number(more.near):
            return _of_constants(operator.add, self, more)
        return more if self.is_zero else self._sum(more, self.near + more.near, more.sign, 1.0)

    def __sub__(self, other: Any) -> Rounded:
        other = Rounded.of(other)
        if _is_number(self.near) and _is_number(other.near):
            return _of_constants(operator.sub, self, other)
        return self._sum(other, self.near - other.near, -other.sign, -1.0)

    def _sum(self, other: Rounded, near: Any, sign: int, factor: float) -> Rounded:
        """The sum with the other, which has this sign, times a factor of 1 or -1."""
        if other.is_zero:
            return self
        known = self.known and other.known

        def lost() -> Any:
            return two_sum(self.near, factor * other.near)[1] + (self.rest() + factor * other.rest())

        if self.sign == sign != 0 or (self.exact and other.exact):
            squares = _greater(self.squares, other.squares) + 1.0
            return Rounded(near, squares, lost if known else None, sign if self.sign == sign else 0)
        if known:
            return _with_lost(near, lost())
        parts = [_over(x.near, near) ** 2 * x.squares for x in (self, other) if not x.exact]
        return Rounded(near, sum(parts) + 1.0)

    def __mul__(self, other: Any) -> Rounded:
        other = Rounded.of(other)
        if _is_number(self.near) and _is_number(other.near):
            return _of_constants(operator.mul, self, other)
        own = 0.0 if self.power or other.power else 1.0
        near, squares = self.near * other.near, self.squares + other.squares + own
        sign = 1 if self is other else self.sign * other.sign
        if _is_zero(squares):
            return Rounded(near, sign=sign, power=self.power and other.power)

        def lost() -> Any:
            rounding = two_product(self.near, other.near)[1] if own else 0.0
            return rounding + (self.near * other.rest() + other.near * self.rest())

        return Rounded(near, squares, lost if self.known and other.known else None, sign)

    def __truediv__(self, other: Any) -> Rounded:
        other = Rounded.of(other)
        if _is_number(self.near) and _is_number(other.near):
            return _of_constants(operator.truediv, self, other)
        own = 0.0 if self.is_zero or other.power else 1.0
        near, squares = self.near / other.near, self.squares + other.squares + own
        known = self.known and other.known and not _is_zero(squares)
        lost = (lambda: _quotient_lost(self, other, near)) if known else None
        return Rounded(near, squares, lost, sign=self.sign * other.sign)

    def __pow__(self, other: Any) -> Rounded:
        other = Rounded.of(other)
        if _is_number(self.near) and _is_number(other.near):
            return _of_constants(operator.pow, self, other)
        if _is_number(other.near) and other.near in (1.0, 2.0, 3.0):
            found = self
            for _ in range(int(other.near) - 1):
                found = found * self
            if not self.exact:
                found.squares = other.near**2 * self.squares + (other.near - 1.0)
            return found
        near = np.power(self.near, other.near)
        squares = other.near**2 * self.squares + 1.21
        if not other.exact:
            squares = squares + (other.near * np.log(np.abs(self.near))) ** 2 * other.squares
        return Rounded(near, squares, sign=int(self.sign == 1))


def _with_lost(near: Any, lost: Any) -> Rounded:
    """A sum whose terms may cancel, with what they lost."""
    lost = _finite(lost)
    whole = near + lost
    return Rounded(whole, 1.0, lambda: (near - whole) + lost)


def _root_lost(x: Rounded, near: Any) -> Any:
    square, lost = two_product(near, near)
    return np.where(square > 1e-290, ((x.near - square) - lost + x.rest()) / (2.0 * near), 0.0)


def _quotient_lost(x: Rounded, y: Rounded, near: Any) -> Any:
    if y.power:
        return x.rest() / y.near
    back, lost = two_product(near, y.near)
    return (((x.near - back) - lost) + (x.rest() - near * y.rest())) / y.near


@functools.lru_cache(1024)
def _constant(near: Any, lost: Any) -> Rounded:
    """A number that is the same in all rows."""
    power = abs(math.frexp(near)[0]) in (0.5, 0.0)
    return Rounded(near, float(lost != 0.0), lost, int(near > 0.0) - int(near < 0.0), power and lost == 0.0)


@functools.cache
def _paired(name: str) -> Callable[[Paired], Paired]:
    return functools.partial(Paired.call, name)


def _of_constants(function: Callable[..., Paired], *of: Rounded) -> Rounded:
    """Numbers that are the same in all rows are worked out in twice the digits, once."""
    return _constant(*_in_twice_the_digits(function, *((x.near, x.rest()) for x in of)))


@functools.lru_cache(1024)
def _in_twice_the_digits(function: Callable[..., Paired], *of: tuple[Any, Any]) -> tuple[Any, Any]:
    found = function(*(Paired(np.array([near]), np.array([lost])) for near, lost in of))
    return found.near[0], found.lost[0]


TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], float, Callable[[Any, Any], Any], tuple[int, ...]]] = {
    "sign": (np.sign, 0.0, lambda x, y: 0.0, ()),
    "sqrt": (np.sqrt, 1.0, lambda x, y: 0.5 / y, ()),
    "exp": (np.exp, 1.1, lambda x, y: y, ()),
    "expm1": (np.expm1, 1.1, lambda x, y: y + 1.0, (-1,)),
    "log": (np.log, 1.1, lambda x, y: 1.0 / x, ()),
    "log1p": (np.log1p, 1.1, lambda x, y: 1.0 / (1.0 + x), (1,)),
    "tanh": (np.tanh, 1.2, lambda x, y: 1.0 - y * y, (-1, 0, 1)),
    "sigmoid": (sigmoid, 1.4, lambda x, y: y * (1.0 - y), (1,)),
    "softplus": (softplus, 1.4, lambda x, y: sigmoid(x), (1,)),
    "erf": (erf, 2.0, lambda x, y: TWO_OVER_ROOT_PI * np.exp(-x * x), (-1, 0, 1)),
    "erfc": (erfc, 3.0, lambda x, y: -TWO_OVER_ROOT_PI * np.exp(-x * x), ()),
}
"""Each function, its own rounding, its slope, from argument and value, and the signs of arguments whose relative
error it does not make greater."""

TAMED_BY_TEXT = ("log", "log1p")
"""Functions of arguments that a text keeps away from where they make errors greater, in most rows."""

ODD = ("sign", "expm1", "log1p", "tanh", "erf")


def _is_number(near: Any) -> bool:
    return not isinstance(near, np.ndarray)


def _is_zero(squares: Any) -> bool:
    return _is_number(squares) and squares == 0.0


def _greater(one: Any, other: Any) -> Any:
    return max(one, other) if _is_number(one) and _is_number(other) else np.maximum(one, other)


def _finite(lost: Any) -> Any:
    """What was lost: nothing where it is no number, beside what is infinite."""
    if np.isfinite(lost).all():
        return lost
    return np.where(np.isfinite(lost), lost, 0.0)


def _over(part: Any, whole: Any) -> Any:
    """The quotient, and 0 of nothing, even of nothing."""
    return part / np.maximum(np.abs(whole), 5e-324)
