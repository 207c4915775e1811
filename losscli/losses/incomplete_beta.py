"""The incomplete beta function for arrays, for scores of laws whose distribution function it is.

A row's value does not depend on the rows around it: the number of terms is fixed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from losscli.loss.declare import Column
from losscli.losses.incomplete import factorial_share, legendre
from losscli.losses.stable import entropy_gap, expm1_gap, log1p_gap
from losscli.numbers.double_double import times, total
from losscli.numbers.error_free import two_difference, two_product
from losscli.table.block import Mask

TERMS = 110
"""Enough for the series where a shape is below FEW, and the share so low that it is used."""
FEW = 10.0
NODES = 32
BELOW = 39.0
"""What is farther down on the scale of logarithms is below the last bit."""


class Beta(NamedTuple):
    """A beta law of two shapes above 0, at a share from 0 to 1."""

    a: Column
    b: Column
    share: Column
    rest: Column  # 1 - share
    off: Column  # a - (a + b) * share, to the last digits
    core: Column  # share**a * rest**b * gamma(a + b + 1) / (gamma(a + 1) * gamma(b + 1))

    @classmethod
    def at(cls, a: Column, b: Column, share: Column) -> Beta:
        """The law of these shapes at this share."""
        share = np.abs(share)  # no -0
        rest = two_difference(1.0, share)
        off = total(*times((a, np.zeros_like(a)), rest), *(-part for part in two_product(b, share)))[0]
        whole = a + b
        # Of tiny shapes the products below would vanish.
        tiny = np.minimum(np.frexp(whole)[1], 0)
        first, second, one, turn = (np.ldexp(part, -tiny) for part in (a, b, whole, off))
        gap = np.ldexp(
            entropy_gap(first, one * share, turn) + entropy_gap(second, one * rest[0], -turn), tiny
        )
        ways = factorial_share(a) * (factorial_share(b) / factorial_share(whole))
        return cls(a, b, share, rest[0], off, ways * np.exp(-gap))

    def taken(self, rows: Mask) -> Beta:
        """Some of the rows."""
        return Beta(*(column[rows] for column in self))

    def turned(self) -> Beta:
        """The law of what is left of 1."""
        return Beta(self.b, self.a, self.rest, self.share, -self.off, self.core)

    @property
    def slope(self) -> Column:
        """The density times share * rest."""
        return self.core * self.a * (self.b / (self.a + self.b))

    @property
    def below(self) -> Column:
        """The chance of a share that is less: the regularised incomplete beta function."""
        low, turned = self.off >= 0.0, self.turned()
        from_0 = _has_series(self)
        from_1 = ~from_0 & _has_series(turned)
        neither = ~from_0 & ~from_1
        found = np.empty_like(self.a)
        found[from_0] = _by_series(self.taken(from_0))
        found[from_1] = 1.0 - _by_series(turned.taken(from_1))
        found[neither & low] = _by_nodes(self.taken(neither & low))
        found[neither & ~low] = 1.0 - _by_nodes(turned.taken(neither & ~low))
        return found


def _has_series(law: Beta) -> Mask:
    """Where the series from 0 on has few terms: up to the mean, and a little beyond."""
    few = (law.a < FEW) & (law.share <= 0.5)
    return few & ((law.off >= 0.0) | ((law.a + law.b) * law.share <= 4.0))


def _by_series(law: Beta) -> Column:
    """The chance below the share by its series (DLMF 8.17.8)."""
    whole = law.a + law.b
    series = np.ones_like(whole)
    for k in range(TERMS, 0, -1):
        series = 1.0 + series * (law.share * ((whole + (k - 1.0)) / (law.a + k)))
    return law.core * (law.b / whole) * series


def _by_nodes(law: Beta) -> Column:
    """The chance below a share up to the mean, by Gauss and Legendre's rule over the log of the odds."""
    whole = law.a + law.b
    length = _length(law, whole)
    low = law.share <= 0.5
    lesser, sign = np.where(low, law.share, law.rest), np.where(low, -1.0, 1.0)
    found = np.zeros_like(whole)
    for node, weight in legendre(NODES):
        way = node * length
        # How far the log of the density has fallen: both gaps vanish like the square of the way.
        gap = lesser * expm1_gap(sign * way) - log1p_gap(lesser * np.expm1(sign * way))
        found += weight * np.exp(-(law.off * way + whole * gap))
    return law.slope * length * found


def _length(law: Beta, whole: Column) -> Column:
    """How far below the share, in the log of the odds, the density has fallen by BELOW."""
    spread = whole * law.share * law.rest
    # The second slope falls no faster than exp(-way), so that the fall is above spread * way**2 / (2 + way).
    share = BELOW / spread
    length = np.minimum(BELOW / law.off, 0.5 * (share + np.sqrt(share * share + 8.0 * share)))
    length = np.minimum(length, (BELOW - whole * np.log1p(-law.share)) / law.a)
    # Newton's steps from above: the fall is a convex function of the way.
    for _ in range(8):
        fallen = law.rest + law.share * np.exp(-length)
        slope = law.off - spread * np.expm1(-length) / fallen
        fall = law.off * length + whole * (law.share * length + np.log(fallen))
        length = length - np.maximum(fall - BELOW, 0.0) / slope
    return length
