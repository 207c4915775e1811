"""Incomplete gamma and beta functions for arrays, for scores of laws whose distribution functions they are.

A row's value does not depend on the rows around it: the number of terms is fixed.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache

import numpy as np

from losscli.loss.declare import Column
from losscli.losses.stable import entropy_gap
from losscli.numbers.double_double import factorial_gap, stirling
from losscli.numbers.special import erf, polynomial

TERMS = 120
"""Enough for series and continued fractions where the expansion for large shapes is not used."""
LARGE = 25.0


def gamma_step(a: Column, x: Column, off: Column) -> Column:
    """``x**a * exp(-x) / gamma(a + 1)`` for numbers from 0 on, of which ``off`` is x - a."""
    return np.exp(-entropy_gap(a, x, -off)) * factorial_share(a)


def factorial_share(x: Column) -> Column:
    """``exp(-x) * x**x / gamma(x + 1)`` for numbers from 0 on: from 1 down to 0."""
    great = np.maximum(x, 8.0)
    far = np.exp(-stirling(great)) / np.sqrt(2.0 * math.pi * great)
    return np.where(x >= 8.0, far, np.exp(-factorial_gap(np.minimum(x, 8.0))))


def two_sided(a: Column, x: Column, off: Column, step: Column) -> Column:
    """Twice the regularised lower incomplete gamma function, less 1; ``off`` is x - a, ``step`` its `gamma_step`."""
    gap = entropy_gap(a, x, -off)
    # At the border the methods agree to the last digits.
    uniform = (a >= LARGE) & (2.0 * gap < a)
    below = x <= a + 1.0
    found = np.empty_like(a)
    for rows, method in (
        (uniform, _by_expansion), (below & ~uniform, _by_series), (~below & ~uniform, _by_fraction),
    ):  # fmt: skip
        found[rows] = method(a[rows], x[rows], off[rows], step[rows])
    return found


def _by_expansion(a: Column, x: Column, off: Column, step: Column) -> Column:
    root = np.copysign(np.sqrt(entropy_gap(a, x, -off)), off)
    return erf(root) - 2.0 * _temme(a, root)


def _by_series(a: Column, x: Column, off: Column, step: Column) -> Column:
    return 2.0 * step * sum_of_shares(a, x) - 1.0


def _by_fraction(a: Column, x: Column, off: Column, step: Column) -> Column:
    return 1.0 - 2.0 * a * step / _fraction(a, x)


def sum_of_shares(a: Column, x: Column, first: int = 0) -> Column:
    """``1 + x / (a + 1) + x**2 / ((a + 1) * (a + 2)) + …`` for x up to a + 1; with ``first=1`` from the second on."""
    x = np.minimum(x, a + 1.0)
    found = np.ones_like(x)
    for k in range(TERMS, first, -1):
        found = 1.0 + found * (x / (a + k))
    return found


def _fraction(a: Column, x: Column) -> Column:
    """``exp(-x) * x**a`` over the upper incomplete gamma function, for x from a + 1 on (DLMF 8.9.2)."""
    found = x + (2 * TERMS + 1) - a
    for k in range(TERMS, 0, -1):
        found = x + (2 * k - 1) - a - k * (k - a) / found
    return found


def _temme(a: Column, root: Column) -> Column:
    """What the upper function has beside half an erfc, where x is near a large a (DLMF 8.12.8)."""
    eta = root * np.sqrt(2.0 / a)
    inverse = 1.0 / a
    found = np.zeros_like(a)
    for row in reversed(_temme_coefficients()):
        found = found * inverse + polynomial(row, eta)
    return found * np.exp(-root * root) / np.sqrt(2.0 * math.pi * a)


@cache
def _temme_coefficients() -> list[list[float]]:
    """d(k, n) of DLMF 8.12.12: a row for each k, from n = 0 on."""
    orders, width = 11, 34
    last = width + 2 * orders
    alpha = [Fraction(0), Fraction(1)]
    for k in range(2, last + 3):
        inner = sum((j * alpha[j] * alpha[k - j + 1] for j in range(2, k)), Fraction(0))
        alpha.append((alpha[k - 1] - inner) / (k + 1))
    first = [Fraction(-1, 3), *((n + 2) * alpha[n + 2] for n in range(1, last))]
    # The coefficients of Stirling's series for gamma itself, by those of its logarithm.
    stirlings = [Fraction(1)]
    logs = _log_stirling(orders)
    for k in range(1, orders):
        stirlings.append(sum((j * logs[j] * stirlings[k - j] for j in range(1, k + 1)), Fraction(0)) / k)
    rows = [first]
    for k in range(1, orders):
        before = rows[-1]
        rows.append(
            [(-1) ** k * stirlings[k] * first[n] + (n + 2) * before[n + 2] for n in range(len(before) - 2)]
        )
    return [[float(d) for d in row[:width]] for row in rows]


def _log_stirling(count: int) -> list[Fraction]:
    """The coefficients of 1 / z, 1 / z**2 … of the log of gamma in Stirling's series; the first is not used."""
    bernoulli = [Fraction(1)]
    for n in range(1, count + 1):
        bernoulli.append(-sum((math.comb(n + 1, k) * bernoulli[k] for k in range(n)), Fraction(0)) / (n + 1))
    return [Fraction(0), *(bernoulli[k + 1] / (k * (k + 1)) for k in range(1, count))]


def central_share(df: Column, z: Column, square: Column, gap: Column) -> Column:
    """The chance of a value of Student's t within z of 0; ``square`` is z**2 / df, ``gap`` is `t_gap`."""
    near = square < 0.5
    found = np.empty_like(z)
    found[near] = _inside(df[near], z[near])
    found[~near] = _outside(df[~near], square[~near])
    share: Column = np.sqrt(2.0 / math.pi) * np.exp(-gap) * found
    return np.where(near, np.where(z < 10.0, share, 1.0), 1.0 - share)


def _inside(df: Column, z: Column) -> Column:
    """The integral of the density's shape up to z, by Gauss and Legendre's rule; beyond 10 nothing is left of 1."""
    width, found = np.minimum(z, 10.0), np.zeros_like(z)
    power = -0.5 * (df + 1.0)
    for node, weight in legendre(64):
        at = node * width
        found += weight * np.exp(power * np.log1p(at * (at / df)))
    return found * width


def _outside(df: Column, square: Column) -> Column:
    """The integral of the density's shape beyond z, by its series (DLMF 8.17.8)."""
    tail, half = 1.0 / (1.0 + square), 0.5 * df
    series = np.ones_like(square)
    for k in range(TERMS, 0, -1):
        series = 1.0 + series * (tail * ((half + (k - 0.5)) / (half + k)))
    front: Column = np.exp(half * np.log(tail)) * np.sqrt((1.0 - tail) / df)
    return front * series


@cache
def legendre(points: int) -> list[tuple[float, float]]:
    """The nodes in (0, 1) and the weights of Gauss and Legendre's rule; NumPy has the weights to 12 digits only."""
    found = []
    with localcontext(prec=40):
        for x in map(Decimal, np.polynomial.legendre.leggauss(points)[0].tolist()):
            for _ in range(2):
                before, here = Decimal(1), x
                for k in range(2, points + 1):
                    before, here = here, ((2 * k - 1) * x * here - (k - 1) * before) / k
                slope = points * (before - x * here) / (1 - x * x)
                x -= here / slope
            found.append((float((1 + x) / 2), float(1 / ((1 - x * x) * slope * slope))))
    return found
