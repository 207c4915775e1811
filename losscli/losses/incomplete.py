"""Incomplete gamma and beta functions for arrays, for scores of laws whose distribution functions they are.

A row's value does not depend on the rows around it: the number of terms is fixed.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np

from losscli.loss.declare import Column
from losscli.losses.double_double import factorial_gap, stirling
from losscli.losses.log_scores import t_gap
from losscli.losses.stable import entropy_gap, polynomial
from losscli.numbers.special import erf

TERMS = 120
"""Enough for series and continued fractions where the expansion for large shapes is not used."""
LARGE = 25.0


def gamma_step(a: Column, x: Column, off: Column) -> Column:
    """``x**a * exp(-x) / gamma(a + 1)`` for numbers from 0 on, of which ``off`` is x - a."""
    gap = entropy_gap(a, x, -off)
    great = np.maximum(a, 8.0)
    far = np.exp(-gap) * np.exp(-stirling(great)) / np.sqrt(2.0 * math.pi * great)
    return np.where(a >= 8.0, far, np.exp(-gap - factorial_gap(np.minimum(a, 8.0))))


def two_sided(a: Column, x: Column, off: Column, step: Column) -> Column:
    """Twice the regularised lower incomplete gamma function, less 1; ``off`` is x - a, ``step`` its `gamma_step`."""
    gap = entropy_gap(a, x, -off)
    # A tenth of an ulp more or less of the border would change the method, and not the value.
    uniform = (a >= LARGE) & (2.0 * gap < a)
    below = x <= a + 1.0
    series = 2.0 * step * sum_of_shares(a, np.where(below, x, 0.0)) - 1.0
    fraction = 1.0 - 2.0 * a * step / _fraction(a, np.where(below, a + 1.0, x))
    root = np.copysign(np.sqrt(gap), off)
    near = erf(root) - 2.0 * _temme(np.where(uniform, a, LARGE), np.where(uniform, root, 0.0))
    return np.where(uniform, near, np.where(below, series, fraction))


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


def central_share(df: Column, z: Column, square: Column) -> Column:
    """The chance of a value of Student's t within z of 0; ``square`` is z**2 / df."""
    near = square < 0.5
    # Gauss and Legendre's rule over the density; beyond 10 what is left is below the last bit.
    nodes, weights = _legendre()
    width, wide = np.where(near, np.minimum(z, 10.0), 0.0), np.where(near, df, 1.0)
    found = np.zeros_like(z)
    for node, weight in zip(nodes, weights, strict=True):
        at = node * width
        found += weight * np.exp(-0.5 * (wide + 1.0) * np.log1p(at * (at / wide)))
    inside = found * width * np.sqrt(2.0 / math.pi) * np.exp(-t_gap(wide)[0])
    # Farther out, the series of the rest (DLMF 8.17.8).
    tail = 1.0 / (1.0 + np.maximum(square, 0.5))
    few = np.where(near, 1.0, df)
    series = np.ones_like(z)
    for k in range(TERMS, 0, -1):
        series = 1.0 + series * (tail * ((0.5 * few - 0.5 + k) / (0.5 * few + k)))
    front = np.exp(0.5 * few * np.log(tail)) * np.sqrt(1.0 - tail)
    rest = front * series * np.sqrt(2.0 / (math.pi * few)) * np.exp(-t_gap(few)[0])
    return np.where(near, np.where(z < 10.0, inside, 1.0), 1.0 - rest)


@cache
def _legendre() -> tuple[list[float], list[float]]:
    """The nodes in (0, 1) and the weights of Gauss and Legendre's rule of 64 points."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    return (0.5 + 0.5 * nodes).tolist(), (0.5 * weights).tolist()
