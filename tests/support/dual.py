"""Dual numbers: a value and its slope carried together, so that a definition that is run gives both.

Each operation knows its own slope and nothing of the text that it stands in.  Where two numbers that move
apart are equal (at a kink), or a root or a logarithm ends, there is no one slope: `NoSlopeError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
from definition import MP, WORDS, Definition


class NoSlopeError(Exception):
    """The row lies where the definition has no one slope."""


class Dual:
    """A number and its slope."""

    def __init__(self, value: Any, slope: Any) -> None:
        self.value, self.slope = _number(value), _number(slope)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __add__(self, other: Any) -> Dual:
        other = _dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other: Any) -> Dual:
        return self + -_dual(other)

    def __mul__(self, other: Any) -> Dual:
        other = _dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def __radd__(self, other: Any) -> Dual:
        return self + other

    def __rsub__(self, other: Any) -> Dual:
        return _dual(other) - self

    def __rmul__(self, other: Any) -> Dual:
        return self * other

    def __abs__(self) -> Dual:
        return self if self > 0 else -self

    def _above(self, other: Any) -> Any:
        """How far it lies above another number, from which it must differ unless the two move together."""
        apart = self - other
        if apart.value == 0 and apart.slope != 0:
            raise NoSlopeError
        return apart.value

    def __lt__(self, other: Any) -> bool:
        return bool(self._above(other) < 0)

    def __le__(self, other: Any) -> bool:
        return bool(self._above(other) <= 0)

    def __gt__(self, other: Any) -> bool:
        return bool(self._above(other) > 0)

    def __ge__(self, other: Any) -> bool:
        return bool(self._above(other) >= 0)

    def __eq__(self, other: object) -> bool:
        return bool(self._above(other) == 0)

    __hash__ = None  # type: ignore[assignment]


def _number(value: Any) -> Any:
    return value if isinstance(value, MP.mpf) else MP.mpf(value)


def _dual(number: Any) -> Dual:
    return number if isinstance(number, Dual) else Dual(number, 0)


def _over(one: Any, other: Any) -> Any:
    if not isinstance(one, Dual) and not isinstance(other, Dual):
        return MP.mpf(one) / other
    one, other = _dual(one), _dual(other)
    if other.value == 0:
        raise NoSlopeError
    value = one.value / other.value
    return Dual(value, (one.slope - value * other.slope) / other.value)


def _power(base: Any, exponent: Any) -> Any:
    if not isinstance(base, Dual):
        return MP.mpf(base) ** exponent
    if base.value == 0 and exponent < 1:
        raise NoSlopeError
    return Dual(base.value**exponent, exponent * base.value ** (exponent - 1) * base.slope)


def _lifted(function: Callable[..., Any], rise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of one number, for dual ones; ``rise`` is its slope."""

    def lifted(x: Any) -> Any:
        if not isinstance(x, Dual):
            return function(x)
        try:
            return Dual(function(x.value), rise(x.value) * x.slope)
        except ZeroDivisionError:
            raise NoSlopeError from None

    return lifted


RISES: dict[str, Callable[[Any], Any]] = {
    "log": lambda x: 1 / x,
    "log1p": lambda x: 1 / (1 + x),
    "exp": WORDS["exp"],
    "expm1": WORDS["exp"],
    "sqrt": lambda x: 1 / (2 * MP.sqrt(x)),
    "erf": lambda x: 2 / MP.sqrt(MP.pi) * WORDS["exp"](-(x**2)),
    "erfc": lambda x: -2 / MP.sqrt(MP.pi) * WORDS["exp"](-(x**2)),
    "atan": lambda x: 1 / (1 + x**2),
}
LIFTED = {name: _lifted(WORDS[name], rise) for name, rise in RISES.items()} | {
    "_over": _over,
    "_power": _power,
}


def slope_of(
    definition: Definition, names: Mapping[str, Any], role: str, column: int | None = None
) -> mpmath.mpf:
    """The slope of a definition by one role, or by one column of it; NoSlopeError where it has none."""
    held = names[role]
    moved = (
        Dual(held, 1)
        if column is None
        else [Dual(cell, 1) if at == column else cell for at, cell in enumerate(held)]
    )
    found = _dual(definition.run({**LIFTED, **names, role: moved}))
    if not MP.isfinite(found.value) or not MP.isfinite(found.slope):
        raise NoSlopeError
    return found.slope
