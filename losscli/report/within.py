"""A value that is known within a bound, as the approximate form of a loss gives it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli.loss.declare import Finished, Loss, Undefined
from losscli.losses.stable import sum_fractions
from losscli.numbers.exact import round_fraction

if TYPE_CHECKING:
    from losscli.loss.approximate import Approximate

NOTED = Context(prec=3, rounding=ROUND_CEILING)
"""A bound in a note has so many digits."""


class Within(NamedTuple):
    """A value, and between what the exact one lies."""

    value: Fraction
    ends: Callable[[], tuple[Fraction, Fraction]]
    """They take as long again as the value, and resamples do not ask for them."""

    @classmethod
    def mean(cls, value: Fraction, parts: Sequence[Within], weights: Sequence[Fraction]) -> Within:
        """The weighted mean of some values, which is ``value``."""

        def ends() -> tuple[Fraction, Fraction]:
            low, high = (
                sum_fractions([w * end for w, end in zip(weights, side, strict=True)])
                for side in zip(*(part.ends() for part in parts), strict=True)
            )
            return low / sum_fractions(weights), high / sum_fractions(weights)

        return cls(value, ends)

    @property
    def bound(self) -> float:
        """How far the exact value, as a double, may be from this one as a double."""
        found = [round_fraction(one) for one in (self.value, *self.ends())]
        if not all(map(math.isfinite, found)):
            return math.inf
        value, *ends = map(Fraction, found)
        return _upwards(max(abs(end - value) for end in ends))


def _upwards(number: Fraction) -> float:
    """The least double that is not below a number of at least 0."""
    found = round_fraction(number)
    return found if Fraction(found) >= number else math.nextafter(found, math.inf)


def approximated(loss: Loss, how: Approximate, state: Any, params: Mapping[str, Any]) -> Finished | Within:
    """The value of an approximate form; ``params`` are those of its function."""
    function, digits = how.function or loss.function, loss.digits
    middle = state.middle(digits)
    value = function(middle, **params)
    if isinstance(value, Undefined):
        return value

    def ends() -> tuple[Fraction, Fraction]:
        if how.ends is not None:
            found = how.ends(middle)
        else:
            found = [function(one, **params) for one in state.extremes(digits)]
        exact = [Fraction(one) for one in (value, *found) if not isinstance(one, Undefined)]
        slack = Fraction(how.rounding) * max(map(abs, exact))
        return min(exact) - slack, max(exact) + slack

    return Within(Fraction(value), ends)


def bound_said(bound: float | None) -> str | None:
    """What a note says of a bound."""
    if bound is None:
        return None
    if math.isinf(bound):
        return "no bound: it exceeds the largest double"
    return f"within ±{float(NOTED.create_decimal(Decimal(bound))):g} of the exact value"
