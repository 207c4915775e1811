"""The error function, its scaled complement, the logistic function and its integral, and polynomials, for arrays.

The first two by the rational approximations of W. J. Cody (1969), doi:10.1090/S0025-5718-1969-0247736-4, with a
relative error of a few roundings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from losscli.numbers.error_free import two_product

if TYPE_CHECKING:
    from losscli.table.block import Floats

_NEAR = (
    (3.20937758913846947e03, 3.77485237685302021e02, 1.13864154151050156e02, 3.16112374387056560e00,
     1.85777706184603153e-1),
    (2.84423683343917062e03, 1.28261652607737228e03, 2.44024637934444173e02, 2.36012909523441209e01, 1.0),
)  # fmt: skip
"""Numerator and denominator, from the constant term on, of erf(x) / x as a function of x² up to END_NEAR."""
_MIDDLE = (
    (1.23033935479799725e03, 2.05107837782607147e03, 1.71204761263407058e03, 8.81952221241769090e02,
     2.98635138197400131e02, 6.61191906371416295e01, 8.88314979438837594e00, 5.64188496988670089e-1,
     2.15311535474403846e-8),
    (1.23033935480374942e03, 3.43936767414372164e03, 4.36261909014324716e03, 3.29079923573345963e03,
     1.62138957456669019e03, 5.37181101862009858e02, 1.17693950891312499e02, 1.57449261107098347e01, 1.0),
)  # fmt: skip
"""The same of erfcx(x) as a function of x up to END_MIDDLE."""
_FAR = (
    (6.58749161529837803e-4, 1.60837851487422766e-2, 1.25781726111229246e-1, 3.60344899949804439e-1,
     3.05326634961232344e-1, 1.63153871373020978e-2),
    (2.33520497626869185e-3, 6.05183413124413191e-2, 5.27905102951428412e-1, 1.87295284992346725e00,
     2.56852019228982242e00, 1.0),
)  # fmt: skip
"""The same of (1 / sqrt(pi) - x * erfcx(x)) * x² as a function of 1 / x² beyond it."""
_END_NEAR, _END_MIDDLE = 0.46875, 4.0
_ONE_OVER_ROOT_PI = 1.0 / math.sqrt(math.pi)


def erf(x: Floats) -> Floats:
    """The error function, odd, with a relative error of some 2**-52."""
    size = np.abs(x)
    near = np.minimum(size, _END_NEAR)
    found: Floats = np.copysign(near * _ratio(_NEAR, near * near), x)
    far = size > _END_NEAR
    if far.any():
        # Beyond 6 it is 1 to the last bit, and erfcx is no longer looked at.
        beyond = np.minimum(size[far], 6.0)
        found[far] = np.copysign(1.0 - np.exp(-beyond * beyond) * erfcx(beyond), x[far])
    return found


def erfc(x: Floats) -> Floats:
    """``1 - erf(x)``."""
    size = np.abs(x)
    square, lost = two_product(size, size)
    above = np.exp(-square) * (1.0 - lost) * erfcx(size)
    found: Floats = np.where(x < 0.0, 2.0 - above, above)
    return found


def erfcx(x: Floats) -> Floats:
    """``exp(x**2) * (1 - erf(x))`` for x from 0 on: from 1 down to 0."""
    near = np.minimum(x, _END_NEAR)
    found = np.exp(near * near) * (1.0 - near * _ratio(_NEAR, near * near))
    middle = np.clip(x, _END_NEAR, _END_MIDDLE)
    found = np.where(x > _END_NEAR, _ratio(_MIDDLE, middle), found)
    far = np.maximum(x, _END_MIDDLE)
    inverse = 1.0 / far
    square = inverse * inverse
    return np.where(x > _END_MIDDLE, (_ONE_OVER_ROOT_PI - square * _ratio(_FAR, square)) * inverse, found)


def sigmoid(x: Floats) -> Floats:
    """``1 / (1 + exp(-x))``."""
    power = np.exp(-np.abs(x))
    whole = 1.0 + power
    found: Floats = np.where(x < 0.0, power, 1.0) / whole
    # Less what the rounding of the sum added.
    found -= found * ((power - (whole - 1.0)) / whole)
    return found


def softplus(x: Floats) -> Floats:
    """``log1p(exp(x))``."""
    found: Floats = np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0)
    return found


def _ratio(coefficients: tuple[Sequence[float], Sequence[float]], x: Floats) -> Floats:
    """A quotient of polynomials, by Horner's rule."""
    above, below = (np.polynomial.polynomial.polyval(x, part) for part in coefficients)
    ratio: Floats = above / below
    return ratio


def polynomial(coefficients: Sequence[float], x: Floats) -> Floats:
    """c0 + c1 x + c2 x² + …, by Horner's rule."""
    value = np.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value *= x
        value += coefficient
    return value
