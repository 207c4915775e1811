"""The CRPS of predicted laws whose distribution functions are incomplete gamma and beta functions."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from losscli.loss.declare import Column, loss
from losscli.loss.domains import COUNTS, NONNEGATIVE, POSITIVE, REAL, Interval
from losscli.losses.crps import ROOT_PI
from losscli.losses.incomplete import central_share, gamma_step, sum_of_shares, two_sided
from losscli.losses.log_scores import t_gap
from losscli.losses.stable import error_in, product
from losscli.numbers.double_double import DoubleDouble, lgamma_drop, lgamma_pair, log_pair, total
from losscli.numbers.error_free import two_product, two_sum
from losscli.numbers.special import polynomial

WIDE = Interval(0.0, 1e8, open_low=True)
"""Shapes and means for which the distribution function is held to the last digits."""

crps_of_incomplete = partial(
    loss,
    task="distribution",
    best=None,
    ulps=32.0,
    exceptions={
        "ulps": "a distribution function is a sum of many terms, and its rounding is seen in the tails"
    },
)


@crps_of_incomplete(
    label=NONNEGATIVE,
    domains={"shape": WIDE, "rate": POSITIVE},
    elicits="shape and rate of the gamma law",
    reference="Scheuerer & Möller (2015), doi:10.1214/15-AOAS843",
    sample="sample_data/breast_cancer.csv --pred shape=prob,rate=prob",
)
def crps_gamma(label: Column, shape: Column, rate: Column) -> Column:
    """CRPS of a gamma law, in the unit of the label.

        x = rate * label
        below = 2 * gammainc(shape, x) - 1
        after = 2 * gammainc(shape + 1, x) - 1
        half = exp(lgamma(shape + 1 / 2) - lgamma(shape)) / sqrt(pi)
        label * below - (shape * after + half) / rate

    For amounts from 0 on, such as rain or claims; ``gammainc`` is the law's distribution function at the
    rate 1.  The mean of the law is the shape over the rate.

    No gradient: the slope by the parameters needs integrals of the density.

    >>> crps_gamma(*[np.array([x]) for x in (0.0, 1.0, 1.0)])
    array([0.5])
    """
    found = np.empty_like(label)
    low = shape < 1.0
    for rows, crps in ((low, _gamma_below_1), (~low, _gamma_from_1)):
        found[rows] = crps(label[rows], shape[rows], rate[rows])
    return found


def _gamma_from_1(label: Column, shape: Column, rate: Column) -> Column:
    x, lost = two_product(rate, label)
    off = total(x, -shape, lost)[0]
    # Far beyond, where the law is a point to the label, a product that overflows is not looked at.
    far = x > 1e300
    held = np.where(far, shape, x)
    near = np.where(far, 0.0, off)
    step = gamma_step(shape, held, near)
    below = two_sided(shape, held, near, step)
    spread = np.sqrt(shape) * np.exp(-t_gap(2.0 * shape)[0]) / ROOT_PI
    return np.where(far, label, (near * below + (2.0 * shape * step - spread)) / rate)


def _gamma_below_1(label: Column, shape: Column, rate: Column) -> Column:
    x = rate * label
    # Of the least products the log is known all the same.
    positive = label > 0.0
    logs = total(*log_pair(np.where(positive, label, 1.0)), *log_pair(rate))[0]
    whole = lgamma_pair(two_sum(shape, 1.0))[0]
    step = np.where(positive, np.exp(shape * logs - x - whole), 0.0)
    # Half the mean distance of two values, off the mean: it vanishes like the square of the shape.
    drop = lgamma_drop((np.full_like(shape, 1.5), np.zeros_like(shape)), shape)[0]
    gap = product(shape, -np.expm1(-drop - np.log1p(2.0 * shape) - whole), over=rate)
    above = x > shape + 1.0
    shares = sum_of_shares(shape, x, 1)
    share = 2.0 * step * (1.0 + x / (shape + 1.0) * shares) - 1.0
    close = label * (share - 2.0 * shape / (shape + 1.0) * step * shares) + gap
    far = two_sided(shape, np.where(above, x, shape), np.where(above, x - shape, 0.0), step)
    beyond = label * far + (shape * (2.0 * step - far) / rate + gap - shape / rate)
    return np.where(above, np.where(x < 1e300, beyond, label), close)


@crps_of_incomplete(
    label=COUNTS,
    pred=WIDE,
    elicits="mean of the Poisson law",
    reference="Wei & Held (2014), doi:10.1007/s11749-014-0380-8",
    sample="sample_data/breast_cancer.csv --pred prob",
)
def crps_poisson(label: Column, pred: Column) -> Column:
    """CRPS of a Poisson law, in counts.

        below = 1 - 2 * gammainc(label + 1, pred)
        chance = exp(label * log(pred) - pred - lgamma(label + 1))
        half = pred * (ive(0, 2 * pred) + ive(1, 2 * pred))
        (label - pred) * below + 2 * pred * chance - half

    For counts of which a model predicts the mean ``pred``: in the unit of the counts, so that it compares
    with the `mae` of a model that predicts counts.  ``below`` is twice the chance of at most the count,
    less 1; ``ive(k, z)`` is the Bessel function I of order k times exp(-z).

    No gradient: the slope by the parameters needs integrals of the density.

    >>> crps_poisson(np.array([0.0, 2.0]), np.array([1.0, 1.0])).round(4)
    array([0.4762, 0.6835])
    """
    off = pred - label
    chance = gamma_step(label, pred, off)
    above, lost = two_sum(label, 1.0)
    ahead = total(pred, -above, -lost)[0]
    below = -two_sided(above, pred, ahead, chance * pred / above)
    # Twice the chance of at most the count, less 1, and half the mean distance of two counts.
    spread, rest = bessel_share(pred)
    found = -off * below + (2.0 * pred * chance - pred * spread)
    return np.where(label == 0.0, pred * rest, found)


def bessel_share(mean: Column) -> tuple[Column, Column]:
    """``exp(-z) * (I0(z) + I1(z))`` with z twice the mean, and 1 less that."""
    z = 2.0 * np.minimum(mean, 32.0)
    points = 64
    share, rest = np.zeros_like(z), np.zeros_like(z)
    # The mean of (1 + cos t) exp(z (cos t - 1)) over a turn: the trapezoidal rule is exact to the last bit.
    for k in range(points):
        angle = math.pi * (k + 0.5) / points
        power, factor = -2.0 * math.sin(angle / 2.0) ** 2 * z, 2.0 * math.cos(angle / 2.0) ** 2 / points
        share += factor * np.exp(power)
        rest -= factor * np.expm1(power)
    inverse = 1.0 / np.maximum(2.0 * mean, 64.0)
    term, series = np.ones_like(z), np.ones_like(z)
    for k in range(1, 16):
        # DLMF 10.40.1, the two orders added.
        term = term * inverse * ((2.0 * k - 1.0) * (2.0 * k - 3.0) / (8.0 * k))
        series = series + term
    far = series * np.sqrt(2.0 / math.pi * inverse)
    great = mean > 32.0
    return np.where(great, far, share), np.where(great, 1.0 - far, rest)


@crps_of_incomplete(
    domains={"df": Interval(1.0, 1e8, open_low=True), "loc": REAL, "scale": POSITIVE},
    elicits="degrees of freedom, location and scale of Student's t",
    reference="Jordan, Krüger & Lerch (2019), doi:10.18637/jss.v090.i12",
    sample="sample_data/diabetes_quantiles.csv --pred df=q_0.1,loc=q_0.5,scale=q_0.9",
)
def crps_t(label: Column, df: Column, loc: Column, scale: Column) -> Column:
    """CRPS of Student's t, in the unit of the label.

        z = abs(label - loc) / scale
        inside = betainc(1 / 2, df / 2, z**2 / (df + z**2))
        gamma_ratio = lgamma((df + 1) / 2) - lgamma(df / 2)
        density = exp(gamma_ratio - (df + 1) / 2 * log1p(z**2 / df)) / sqrt(df * pi)
        beta_ratio = lgamma(df - 1 / 2) - lgamma(df) + 2 * gamma_ratio - log(pi) / 2
        scale * (z * inside + 2 * (density * (df + z**2) - sqrt(df) * exp(beta_ratio)) / (df - 1))

    As `crps_normal`, which it becomes for many degrees of freedom, for a law with tails as heavy as
    ``df`` says.  ``inside`` is the law's chance of a value no farther off than the label.  With one degree
    of freedom or fewer the law has no mean, and its CRPS is not finite in general.

    No gradient: the slope by the parameters needs integrals of the density.

    >>> crps_t(*[np.array([x]) for x in (0.0, 5.0, 0.0, 1.0)]).round(4)
    array([0.257])
    """
    unit = np.where(np.max(np.abs((label, loc, scale)), axis=0) > 2.0**1000, 0.25, 1.0)
    label, loc, scale = label * unit, loc * unit, scale * unit
    z = np.abs(error_in(scale, loc, label))
    square = z * (z / df)
    growth = np.where(square < 1e20, np.log1p(square), 2.0 * np.log(np.maximum(z, 1.0)) - np.log(df))
    # Both terms over df - 1 become infinite as df falls to 1: their quotient's log vanishes there.
    above = df - 1.0
    gap, further = t_gap(df), t_gap(2.0 * df - 1.0)
    quotient = _log_of_terms(df, gap, further) - 0.5 * above * growth
    pairs = df / ROOT_PI * np.sqrt(df / (df - 0.5)) * np.exp(further[0] - 2.0 * gap[0])
    found = z * central_share(df, z, square, gap[0]) + pairs * (np.expm1(quotient) / above)
    return np.where(z < np.inf, scale * found, np.abs(label - loc)) / unit


_LOG_OF_TERMS = [0.6931471805599453, -1.2337005501361697, 2.10359958052929, -3.551373110614672, 6.027142576770837,
                 -10.348286458623068]  # fmt: skip
"""The Taylor coefficients about 1 of lgamma(x / 2) - lgamma((x + 1) / 2) - lgamma(x - 1 / 2) + lgamma(x)."""


def _log_of_terms(df: Column, gap: DoubleDouble, further: DoubleDouble) -> Column:
    """The log of the first term over df - 1 at the location over the second, which is 0 at df = 1."""
    above = df - 1.0
    near = above * polynomial(_LOG_OF_TERMS, np.minimum(above, 1e-3))
    far = total(gap[0], -further[0], gap[1], -further[1], 0.5 * np.log1p(above / df))[0]
    return np.where(above < 1e-3, near, far)
