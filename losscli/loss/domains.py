"""Which values a column or a parameter may hold.

The plan checks a domain once per column and block.  The error message, the line in `losscli losses NAME` and
the data that the tests draw come from the same declaration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from losscli.table.block import Floats, Mask


RUN = 1 << 8
"""Numbers that BLAS multiplies and adds at a time: of more it would start threads.

NumPy hands the interpreter's lock over only from 500 such runs on, so a block of the usual size must have more.
"""


def surely_below(values: NDArray[Any], bound: float) -> bool:
    """Whether the absolute value of each is below ``bound``; False says nothing, as squares add up."""
    # BLAS multiplies and adds in half the time that NumPy takes to find the least or the greatest.
    rows = len(values) // RUN
    rest = values[rows * RUN :]
    with np.errstate(all="ignore"):
        squares = np.dot(rest, rest)
        if rows:
            runs = values[: rows * RUN].reshape(rows, RUN)
            squares = squares + np.add.reduce(np.vecdot(runs, runs))
        return bool(squares < bound * bound)


def surely_finite(values: NDArray[Any]) -> bool:
    """Whether no value is infinite or NaN; False says nothing, as the squares of large values overflow."""
    return surely_below(values, math.inf)


@dataclass(frozen=True, slots=True)
class Interval:
    """Finite numbers from ``low`` to ``high``, with or without the ends, a point or a gap.

    An infinite number is inside only if it is ``infinite``.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    without: float | None = None
    whole: bool = False
    gap: tuple[float, float] | None = None  # numbers between the two are outside, the two are inside
    infinite: float | None = None  # the infinity that is inside too

    def outside(self, values: Floats, *, finite: bool = False) -> Mask | None:
        """Where ``values`` lie outside, or None when none does; ``finite`` says that all are finite."""
        if self._holds_ends(values, finite):
            return None
        with np.errstate(invalid="ignore"):
            above = values > self.low if self.open_low else values >= self.low
            below = values < self.high if self.open_high else values <= self.high
            inside = above & below & np.isfinite(values)
            if self.infinite is not None:
                inside |= values == self.infinite
            if self.without is not None:
                inside &= values != self.without
            if self.whole:
                inside &= values == np.floor(values)
            if self.gap is not None:
                inside &= (values <= self.gap[0]) | (values >= self.gap[1])
        return None if inside.all() else ~inside

    def _holds_ends(self, values: Floats, finite: bool) -> bool:
        """Whether the least and the greatest value show that all are inside."""
        if not values.size:
            return True
        if self.without is not None or self.whole or self.gap is not None:
            return False
        if self.low == 0.0 and not self.open_low:
            # Numbers from 0 on are in the order of their bits; those of -0.0, NaN and the others come behind.
            high = np.nextafter(self.high, 0.0) if self.open_high or self.high == math.inf else self.high
            if values.view(np.uint64).max() <= np.float64(high).view(np.uint64):
                return True
        # NaN makes comparisons false.
        if not (finite and self.low == -math.inf):
            low = float(values.min())
            if not (self._may_be(low) and (low > self.low if self.open_low else low >= self.low)):
                return False
        if not (finite and self.high == math.inf):
            high = float(values.max())
            if not (self._may_be(high) and (high < self.high if self.open_high else high <= self.high)):
                return False
        return True

    def _may_be(self, value: float) -> bool:
        return math.isfinite(value) or value == self.infinite

    def __contains__(self, value: float) -> bool:
        return self.outside(np.array([value], dtype=np.float64)) is None

    def __str__(self) -> str:
        if self.infinite is not None and self.low == -math.inf:
            text = f"the real numbers and {number(self.infinite)}"
        elif self.low == -math.inf and self.high == math.inf:
            text = "the real numbers" if not self.whole else "the whole numbers"
        else:
            left = "(" if self.open_low or self.low == -math.inf else "["
            right = ")" if self.open_high or self.high == math.inf != self.infinite else "]"
            text = f"{left}{number(self.low)}, {number(self.high)}{right}"
            text = f"the whole numbers of {text}" if self.whole else text
        if self.gap is not None:
            text = f"{text} without ({number(self.gap[0])}, {number(self.gap[1])})"
        return text if self.without is None else f"{text} without {number(self.without)}"


def number(value: float) -> str:
    """A number as the shortest decimal that reads back as the same double, without a point zero.

    >>> number(2.0), number(0.1), number(1e-15)
    ('2', '0.1', '1e-15')
    """
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def as_written(share: float) -> Fraction:
    """A share as it was written: nine tenths, not the double next to it.

    >>> as_written(0.9)
    Fraction(9, 10)
    """
    return Fraction(number(share))


class Vector(Interval):
    """Columns of finite numbers that are never all zero in a row: vectors that have a direction."""

    __slots__ = ()

    def __str__(self) -> str:
        return "vectors of real numbers that are not all 0"


@dataclass(frozen=True, slots=True)
class Binary:
    """A label of two classes: 0 and 1, or -1 and 1, one of the two codings in the whole file.

    Row functions get 0 and 1.  With ``soft``, every number between 0 and 1 is a label too.
    """

    soft: bool = False

    def __str__(self) -> str:
        return "[0, 1], or -1 and 1" if self.soft else "0 and 1, or -1 and 1"


@dataclass(frozen=True, slots=True)
class Simplex:
    """Columns of probabilities that sum to one in every row."""

    def __str__(self) -> str:
        return "probabilities that sum to 1 in every row"


@dataclass(frozen=True, slots=True)
class AnyClass:
    """A class: a whole number or a text."""

    def __str__(self) -> str:
        return "classes: whole numbers or text"


Domain: TypeAlias = Interval | Binary | Simplex | AnyClass

REAL = Interval()
LOWER_END = Interval(infinite=-math.inf)  # of an interval, which may reach without end
UPPER_END = Interval(infinite=math.inf)
POSITIVE_END = Interval(low=0.0, open_low=True, infinite=math.inf)
NONNEGATIVE = Interval(low=0.0)
COUNTS = Interval(low=0.0, whole=True)
POSITIVE = Interval(low=0.0, open_low=True)
NONZERO = Interval(without=0.0)
NONZERO_VECTOR = Vector()
UNIT = Interval(low=0.0, high=1.0)
INDICATOR = Interval(low=0.0, high=1.0, whole=True)
BINARY = Binary()
SOFT_BINARY = Binary(soft=True)
SIMPLEX = Simplex()
CLASSES = AnyClass()
ABOVE_MINUS_ONE = Interval(low=-1.0, open_low=True)

# Ranges of parameters, to stand in a signature: `delta: Positive = 1.0`.
Real: TypeAlias = Annotated[float, REAL]
Positive: TypeAlias = Annotated[float, POSITIVE]
NonNegative: TypeAlias = Annotated[float, NONNEGATIVE]
Unit: TypeAlias = Annotated[float, UNIT]
OpenUnit: TypeAlias = Annotated[float, Interval(0.0, 1.0, open_low=True, open_high=True)]
AboveZero: TypeAlias = Annotated[float, Interval(0.0, 1.0, open_low=True)]
FalsePositives: TypeAlias = Annotated[float, Interval(1e-15, 1.0)]
BelowOne: TypeAlias = Annotated[float, Interval(0.0, 1.0, open_high=True)]
AtLeastOne: TypeAlias = Annotated[float, Interval(low=1.0)]
NonZero: TypeAlias = Annotated[float, NONZERO]
Count: TypeAlias = Annotated[int, Interval(low=1.0, whole=True)]
VariogramPower: TypeAlias = Annotated[float, Interval(0.1, 2.0)]
TweediePower: TypeAlias = Annotated[float, Interval(-10.0, 10.0, gap=(0.0, 1.0))]
CompoundPower: TypeAlias = Annotated[float, Interval(1.0, 2.0, open_low=True, open_high=True)]
OneOrTwo: TypeAlias = Annotated[int, Interval(1.0, 2.0, whole=True)]
SmallUnit: TypeAlias = Annotated[float, Interval(0.0, 0.1)]
SignedUnit: TypeAlias = Annotated[float, Interval(-1.0, 1.0)]
Whole: TypeAlias = Annotated[int, Interval(low=0.0, whole=True)]
UpToTwo: TypeAlias = Annotated[float, Interval(high=2.0)]
