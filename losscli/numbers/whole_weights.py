"""Weights as whole multiples of a power of two, which can be added and multiplied without rounding."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from losscli.numbers.exact import ExactSum
    from losscli.table.block import Floats

EXACT = 53
"""Bits of a whole number that a double holds."""
FEW = 1 << 31
"""Sums of whole weights below this can be multiplied in 63 bits."""

Whole: TypeAlias = Any
"""An array of whole numbers: int64, or Python's where those are too short."""


class WeightUnit(NamedTuple):
    """A power of two of which all weights are whole multiples, and the type of arrays that hold them."""

    exponent: int
    dtype: Any

    @classmethod
    def of(cls, weights: Iterable[Floats], total: ExactSum) -> Self:
        """The greatest unit of some weights above 0, of which ``total`` is the sum; 1 where there are none."""
        exponent = min(map(_lowest_bit, weights), default=0)
        few = total.fraction < FEW * Fraction(2) ** exponent
        return cls(exponent, np.int64 if few else object)

    def whole(self, numbers: Iterable[int]) -> Whole:
        """Whole numbers as an array that can be added to weights."""
        return np.array(list(numbers), self.dtype)

    def multiples(self, weight: Floats) -> Whole:
        """Weights as multiples of the unit."""
        if self.dtype is np.int64:
            return np.ldexp(weight, -self.exponent).astype(np.int64)
        fractions, exponents = np.frexp(weight)
        mantissas = np.ldexp(fractions, 53).astype(np.int64).tolist()
        shifts = (exponents - 53 - self.exponent).tolist()
        pairs = zip(mantissas, shifts, strict=True)
        return self.whole(m << shift if shift >= 0 else m >> -shift for m, shift in pairs)


def _lowest_bit(weight: Floats) -> int:
    """The exponent of the lowest bit that is set in any of some weights, which are above 0."""
    fractions, exponents = np.frexp(weight)
    mantissas = np.ldexp(fractions, 53).astype(np.int64)
    _, lowest = np.frexp((mantissas & -mantissas).astype(np.float64))
    return int((exponents - 54 + lowest).min())
