"""The quotients of two exact sums of many groups at once, each rounded once to the nearest double, half to even.

Both sums are taken as pairs of doubles.  A quotient is believed where all numbers within the bound of its error round to
the same double; the few others are divided as integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.numbers.error_free import two_product, two_sum
from losscli.numbers.exact import exact_quotient
from losscli.numbers.grouped_sums import LIMB, GroupedSums, carried

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints, Mask

WITHIN = 900
"""Between this power of two and its inverse no product or remainder of a division leaves the normal range."""
BOUND = 2.0**-94
"""The error of a quotient of pairs, as a share of it; by the bounds of its operations it is below 2^-96."""


class _Pairs(NamedTuple):
    """The size of each sum as ``high + low``, to 2^-98 of it, and which sums are negative."""

    high: Floats
    low: Floats
    negative: Mask
    exact: Mask  # those of which nothing is lost
    unknown: Mask  # those that are no such pair

    @classmethod
    def of(cls, sums: GroupedSums, groups: int) -> _Pairs:
        limbs = carried({place: _filled(limb, groups) for place, limb in sums.limbs.items()})
        negative = np.zeros(groups, np.bool_)
        if limbs and (negative := limbs[max(limbs)] < 0).any():
            limbs = carried({place: np.where(negative, -limb, limb) for place, limb in limbs.items()})
        high, low = np.zeros((2, groups))
        exact, unknown = np.ones(groups, np.bool_), np.zeros(groups, np.bool_)
        for place, limb in sorted(limbs.items(), reverse=True):
            if abs(LIMB * place) + LIMB > WITHIN:
                unknown |= limb != 0
            elif limb.any():
                # From the greatest limb on no sum is less than the one before, so what is lost is small.
                high, lost = two_sum(high, np.ldexp(limb.astype(np.float64), LIMB * place))
                low, lost = two_sum(low, lost)
                exact &= lost == 0.0
        unknown[list(sums.others)] = True
        return cls(high, low, negative, exact, unknown)


def quotients(numerator: GroupedSums, denominator: GroupedSums, groups: int) -> Floats:
    """The double nearest to the quotient of each group; NaN where the denominator is zero, infinite beyond the range."""
    over, under = _Pairs.of(numerator, groups), _Pairs.of(denominator, groups)
    with np.errstate(all="ignore"):
        near = over.high / under.high
        product, lost = two_product(near, under.high)
        # The remainder of a division is a double; only what follows it is rounded.
        rest = ((over.high - product) - lost + over.low - near * under.low) / under.high
        sure = near + (rest + BOUND * near) == near + (rest - BOUND * near)
        # By a power of two nothing is lost, and ties are rounded as they should be.
        sure |= over.exact & (under.low == 0.0) & (np.frexp(under.high)[0] == 0.5)
        sure &= _normal(near) & _normal(under.high)
        sure |= (over.high == 0.0) & (under.high > 0.0)
        found = near + rest
        found = np.where(over.negative != under.negative, -found, found)
    found[over.high == 0.0] = 0.0
    for group in np.flatnonzero(~sure | over.unknown | under.unknown).tolist():
        weight = denominator.at(group)
        empty = weight.finite and weight.units == 0
        found[group] = np.nan if empty else exact_quotient(numerator.at(group), weight)
    return found


def _filled(limb: Ints, groups: int) -> Ints:
    """A number for every group: those behind the last have none."""
    found: Any = limb[:groups]
    return found if len(found) == groups else np.concatenate((found, np.zeros(groups - len(found), np.int64)))


def _normal(numbers: Floats) -> Mask:
    found: Mask = (numbers > 2.0**-WITHIN) & (numbers < 2.0**WITHIN)
    return found
