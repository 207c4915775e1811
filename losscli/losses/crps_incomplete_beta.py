"""The CRPS of predicted laws whose distribution functions are incomplete beta functions: shares, and counts of trials."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from losscli.loss.declare import Column
from losscli.loss.domains import COUNTS, UNIT, Interval
from losscli.losses.crps import JORDAN
from losscli.losses.crps_incomplete import WIDE, crps_of_incomplete
from losscli.losses.incomplete import factorial_share
from losscli.losses.incomplete_beta import Beta
from losscli.losses.stable import product
from losscli.numbers.double_double import lgamma_drop, lgamma_pair, sum_of, times, total
from losscli.numbers.error_free import two_difference, two_product, two_sum

crps_of_shares = partial(crps_of_incomplete, ulps=16.0)
crps_of_counts = partial(crps_of_shares, label=COUNTS)


@crps_of_shares(
    label=UNIT,
    domains={"alpha": WIDE, "beta": WIDE},
    elicits="both shapes of the beta law",
    reference=JORDAN,
    sample="sample_data/iris.csv --label p_setosa --pred alpha=p_versicolor,beta=p_virginica",
)
def crps_beta(label: Column, alpha: Column, beta: Column) -> Column:
    """CRPS of a beta law, in the unit of the label.

        mean = alpha / (alpha + beta)
        below = 2 * betainc(alpha, beta, label) - 1
        after = 2 * betainc(alpha + 1, beta, label) - 1
        whole = lgamma(alpha) + lgamma(beta) - lgamma(alpha + beta)
        twice = lgamma(2 * alpha) + lgamma(2 * beta) - lgamma(2 * alpha + 2 * beta)
        label * below - mean * (after + 2 * exp(twice - 2 * whole) / alpha)

    For shares between 0 and 1, of which `logs_beta` is the log score; ``betainc`` is the law's
    distribution function.  It forgives a label at 0 or 1.

    No gradient: the slope by the parameters needs integrals of the density.

    >>> crps_beta(*[np.array([x]) for x in (0.5, 1.0, 1.0)]).round(4)
    array([0.0833])
    """
    law = Beta.at(alpha, beta, label)
    # The lesser shape first.
    law = Beta(*(np.where(beta < alpha, other, one) for one, other in zip(law, law.turned(), strict=True)))
    found = np.empty_like(label)
    tiny = (law.a < 1.0) & (law.share <= 0.5)
    for rows, crps in ((tiny, _beta_from_0), (~tiny, _beta_from_mean)):
        found[rows] = crps(law.taken(rows))
    return found


def _beta_from_mean(law: Beta) -> Column:
    whole = law.a + law.b
    spread = (law.a / whole) * (law.b / whole) * _middle(law.a) * (_middle(law.b) / _middle(whole))
    return (2.0 * law.slope - law.off * (2.0 * law.below - 1.0)) / whole - spread


def _middle(x: Column) -> Column:
    """``gamma(x + 1 / 2) / gamma(x + 1)`` over the square root of pi: the chance of x heads in 2 x throws."""
    return factorial_share(x) ** 2 / factorial_share(2.0 * x)


def _beta_from_0(law: Beta) -> Column:
    a, b, share = law.a, law.b, law.share
    mean = a / (a + b)
    # At 0 it is the mean less half the mean distance of two values, and vanishes like the square of the shape.
    drop = lgamma_drop((np.full_like(a, 1.5), np.zeros_like(a)), a)[0]
    half = _fall(a, b) - np.log1p(a / b) - drop - np.log1p(2.0 * a) - lgamma_pair(two_sum(a, 1.0))[0]
    after = Beta.at(a + 1.0, b, share).below
    return share * (2.0 * law.below - 1.0) - mean * (np.expm1(half) + 2.0 * after)


def _fall(a: Column, b: Column) -> Column:
    """The log of ``_middle(b)`` less that of ``_middle(a + b)``, for a up to 1."""
    growth, far = np.log1p(a / b), np.maximum(b, 32.0)
    apart = 0.5 * growth
    for k, factor in ((1, -1 / 8), (3, 1 / 192), (5, -1 / 640), (7, 17 / 14336)):
        apart -= factor * far**-k * np.expm1(-k * growth)
    near = np.minimum(b, 32.0)
    drops = lgamma_drop(two_sum(near, 1.5), a), lgamma_drop(two_sum(near, 1.0), a)
    few = sum_of(drops[0], (-drops[1][0], -drops[1][1]))[0] + np.log1p(a / (b + 0.5))
    return np.where(b < 32.0, few, apart)


@crps_of_counts(
    domains={"n": Interval(0.0, 1e8, whole=True), "p": UNIT},
    elicits="trials and probability of the binomial law",
    reference=JORDAN,
    sample="sample_data/digits_facts.csv --label y_even --pred n=id,p=p_even --where 'id != 0'",
)
def crps_binomial(label: Column, n: Column, p: Column) -> Column:
    """CRPS of a binomial law, in counts.

        hits = min(label, n)
        below = 2 * betainc(n - hits, hits + 1, 1 - p) - 1 if hits < n else 1
        ways = exp(lgamma(n + 1) - lgamma(hits + 1) - lgamma(n - hits + 1))
        chance = ways * p**hits * (1 - p)**(n - hits)
        half = n * p * (1 - p) * hyp2f1(1 / 2, 1 - n, 2, 4 * p * (1 - p))
        label - hits + (hits - n * p) * below + 2 * (n - hits) * p * chance - half

    For counts of successes in ``n`` trials, each with the chance ``p``.  ``below`` is twice the chance of
    at most the count, less 1, and ``half`` is half the mean distance of two counts; ``hyp2f1`` is Gauss's
    hypergeometric function.  A count above ``n``, which `logs_binomial` cannot forgive, costs its distance.

    No gradient: the slope by the parameters needs integrals of the density.

    >>> crps_binomial(*[np.array([x]) for x in (1.0, 2.0, 0.5)])
    array([0.125])
    """
    inside = np.minimum(label, n)
    # The rarer of the two outcomes is counted: 1 less its chance is then exact, or its own distance from 1 is.
    hits, chance = np.where(p > 0.5, n - inside, inside), np.where(p > 0.5, 1.0 - p, p)
    misses = n - hits
    law = Beta.at(hits + 1.0, np.maximum(misses, 1.0), chance)
    above, slope = np.where(misses > 0.0, law.below, 0.0), np.where(misses > 0.0, law.slope, 0.0)
    other = 1.0 - chance
    variance = n * chance * other
    spread, rest = _spread(n, 4.0 * chance * other, 1.0 - 2.0 * chance)
    centre = total(hits, *(-part for part in two_product(n, chance)))[0]
    found = centre * (1.0 - 2.0 * above) + (2.0 * slope - variance * spread)
    found = np.where(hits > 0.0, found, variance * rest)
    return label - inside + found


@crps_of_counts(
    domains={"n": WIDE, "p": Interval(1e-8, 1.0)},
    aliases=("crps_negbinom",),
    elicits="size and probability of the negative binomial law",
    reference="Wei & Held (2014), doi:10.1007/s11749-014-0380-8",
    sample="sample_data/breast_cancer.csv --pred n=prob,p=prob",
)
def crps_negative_binomial(label: Column, n: Column, p: Column) -> Column:
    """CRPS of a negative binomial law, in counts.

        mean = n * (1 - p) / p
        below = 2 * betainc(n, label + 1, p) - 1
        chance = exp(lgamma(label + n) - lgamma(label + 1) - lgamma(n)) * p**n * (1 - p)**label
        half = mean / (2 - p) * hyp2f1(1 / 2, 1 - n, 2, 4 * (1 - p) / (2 - p)**2)
        (label - mean) * below + 2 * (n + label) * (1 - p) / p * chance - half

    For counts of failures before the ``n``th success, each with the chance ``p``; ``n`` need not be
    whole.  For counts that vary more than a Poisson law's: the mean is n (1 - p) / p, and the variance is
    the mean over ``p``.  ``below`` is twice the chance of at most the count, less 1, and ``half`` is half
    the mean distance of two counts; ``hyp2f1`` is Gauss's hypergeometric function.

    No gradient: the slope by the parameters needs integrals of the density.

    >>> crps_negative_binomial(*[np.array([x]) for x in (1.0, 1.0, 0.5)]).round(4)
    array([0.3333])
    """
    counted = np.minimum(label, 1e17)  # beyond it nothing is left of the law
    law = Beta.at(n, counted + 1.0, p)
    below = 2.0 * law.below - 1.0
    rest, lost = two_difference(1.0, p)
    spread, gap = _spread(n, 4.0 * rest / (2.0 - p) ** 2, p / (2.0 - p))
    size = n * (rest / (2.0 - p))
    failed = times((n, np.zeros_like(n)), (rest, lost))
    centre = total(*two_product(p, label), *(-part for part in failed))[0]
    found = (centre * below + (2.0 * law.slope - size * spread)) / p
    gap = product(size, gap, over=p)
    # Of a law of many zeros from 0 on, where all but the gap is 0.
    few = (n < 1.0) & (p < 0.5) & (label > 0.0)
    after = Beta.at(n[few] + 1.0, counted[few], p[few]).below
    found[few] = label[few] * below[few] + (gap[few] - 2.0 * n[few] * rest[few] / p[few] * after)
    return np.where(label > 0.0, found, gap)


def _spread(n: Column, part: Column, root: Column) -> tuple[Column, Column]:
    """``hyp2f1(1 / 2, 1 - n, 2, part)``, and how far below that of n = 0 it is; ``root`` is sqrt(1 - part)."""
    near, gap = np.empty_like(n), np.empty_like(n)
    size = n * part
    great, few = size > FAR, n < 1.0
    for rows, points in ((great, 32), (~great & ~few, 104), (~great & few, 176)):
        near[rows], gap[rows] = _by_steps(n[rows], part[rows], root[rows], points)
    # Of n = 0 it is 2 / (1 + root).
    return near, np.where((size > 4.0) | (~few & (part > 0.75)), 2.0 / (1.0 + root) - near, gap)


FAR = 40.0
"""What vanishes as exp(-FAR) is below the last bit."""


def _by_steps(n: Column, part: Column, root: Column, points: int) -> tuple[Column, Column]:
    """Euler's integral (DLMF 15.6.1), of powers of ``1 - part * tanh(s)**2``, by the trapezoidal rule over s."""
    size = n * part
    step = 0.5 / np.sqrt(size + 6.2 + 4.0 * np.cbrt(size))
    square = root * root
    low = part <= 0.5
    found, gap = np.zeros_like(n), np.zeros_like(n)
    for k in range(points, -1, -1):
        sine = np.sinh(step * k) ** 2
        heights = np.log1p(sine)
        log = np.where(low, np.log1p(-part * (sine / (1.0 + sine))), np.log1p(square * sine) - heights)
        share = step * ((4.0 if k else 2.0) / math.pi)
        found += share * np.exp((n - 1.0) * log - 1.5 * heights)
        gap -= share * np.exp(-log - 1.5 * heights) * np.expm1(n * log)
    return found, gap
