"""The continuous ranked probability score of predicted laws: columns hold the parameters of each row's law.

It is the integral of the squared distance between the law's distribution function and the step at the label, and
it is twice the mean pinball loss over all levels: the absolute error where the law is one point.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from losscli.loss.declare import Column, loss
from losscli.loss.domains import NONNEGATIVE, POSITIVE, REAL
from losscli.losses.stable import error_in, expm1_gap
from losscli.numbers.double_double import log_pair, total
from losscli.numbers.error_free import two_product
from losscli.numbers.special import erf, erfcx

SAMPLE = "sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --pred"
JORDAN = "Jordan, Krüger & Lerch (2019), doi:10.18637/jss.v090.i12"
ROOT_HALF = math.sqrt(0.5)
ROOT_PI = math.sqrt(math.pi)
LEAST_NORMAL = (math.sqrt(2.0) - 1.0) / ROOT_PI
"""The CRPS of a standard normal law at its mean."""
FAR = 40.0
"""So many units from the label, what an exponential adds is below the last bit."""

crps_of = partial(loss, task="distribution", best=None, reference=JORDAN)
of_location = partial(crps_of, homogeneous=1, domains={"loc": REAL, "scale": POSITIVE})


def of_units(label: Column, loc: Column, scale: Column, near: Column, spread: float) -> Column:
    """``scale * near``, and far from the label the absolute error less ``spread * scale``."""
    return np.where(np.isnan(near), np.abs(label - loc) - spread * scale, scale * near)


def units(label: Column, loc: Column, scale: Column) -> Column:
    """How many scales the label lies from the location, NaN where it is FAR or more."""
    apart: Column = np.abs(error_in(scale, loc, label))
    return np.where(apart < FAR, apart, np.nan)


@crps_of(
    aliases=("crps_gaussian", "gaussian_crps", "normal_crps"),
    homogeneous=1,
    domains={"mean": REAL, "sd": POSITIVE},
    elicits="mean and standard deviation",
    reference="Gneiting, Raftery, Westveld & Goldman (2005), doi:10.1175/MWR2904.1",
    sample=f"{SAMPLE} mean=pred,sd=pred_linear",
)
def crps_normal(label: Column, mean: Column, sd: Column) -> Column:
    """CRPS of a normal law, in the unit of the label.

        z = (label - mean) / sd
        sd * (z * erf(z / sqrt(2)) + sqrt(2 / pi) * exp(-z**2 / 2) - 1 / sqrt(pi))

    For models that predict a mean and how sure they are of it.  Unlike `gaussian_nll` it grows with the
    error, not with its square, so that a few wild rows do not decide; and it compares with the `mae` of
    a model that predicts points only.  At a perfect mean it is 0.234 standard deviations.

    Gradient by `mean`:

        -erf((label - mean) / (sd * sqrt(2)))

    Gradient by `sd`:

        z = (label - mean) / sd
        expm1((log(2) - z**2) / 2) / sqrt(pi)

    >>> crps_normal(np.array([0.0, 2.0]), np.array([0.0, 0.0]), np.array([1.0, 1.0])).round(4)
    array([0.2337, 1.4528])
    """
    z = units(label, mean, sd)
    # The least value, and what is added to it: rounded terms of the size of 1 would show in it.
    beyond = z * erf(z * ROOT_HALF) + math.sqrt(2.0) / ROOT_PI * np.expm1(-0.5 * z * z)
    return of_units(label, mean, sd, beyond + LEAST_NORMAL, 1.0 / ROOT_PI)


@of_location(elicits="location and scale of the logistic law", sample=f"{SAMPLE} loc=pred,scale=pred_linear")
def crps_logistic(label: Column, loc: Column, scale: Column) -> Column:
    """CRPS of a logistic law, in the unit of the label.

        z = abs(label - loc) / scale
        scale * (z + 2 * log1p(exp(-z)) - 1)

    As `crps_normal`, for a law with heavier tails.  The standard deviation of the law is its scale times
    1.814.

    Gradient by `loc`:

        -tanh((label - loc) / (2 * scale))

    Gradient by `scale`:

        z = abs(label - loc) / scale
        t = exp(-z)
        2 * log1p(t) + 2 * z * t / (1 + t) - 1

    >>> crps_logistic(np.array([0.0, 2.0]), np.array([0.0, 0.0]), np.array([1.0, 1.0])).round(4)
    array([0.3863, 1.2539])
    """
    z = units(label, loc, scale)
    return of_units(label, loc, scale, (z - 1.0) + 2.0 * np.log1p(np.exp(-z)), 1.0)


@of_location(elicits="median and scale of the Laplace law", sample=f"{SAMPLE} loc=pred,scale=pred_linear")
def crps_laplace(label: Column, loc: Column, scale: Column) -> Column:
    """CRPS of a Laplace law, in the unit of the label.

        z = abs(label - loc) / scale
        scale * (z + exp(-z) - 3 / 4)

    As `crps_normal`, for a law with heavy tails and a peak.  The scale is the mean distance of the law
    from its middle.

    Gradient by `loc`:

        sign(label - loc) * expm1(-abs(label - loc) / scale)

    Gradient by `scale`:

        z = abs(label - loc) / scale
        exp(-z) * (1 + z) - 3 / 4

    >>> crps_laplace(np.array([0.0, 2.0]), np.array([0.0, 0.0]), np.array([1.0, 1.0])).round(4)
    array([0.25  , 1.3853])
    """
    z = units(label, loc, scale)
    return of_units(label, loc, scale, (z - 0.75) + np.exp(-z), 0.75)


@crps_of(
    homogeneous=1,
    domains={"low": REAL, "high": REAL},
    relations=(("low", "high"),),
    elicits="an interval in which labels are evenly spread",
    sample="sample_data/diabetes_quantiles.csv --pred low=q_0.1,high=q_0.9 --where 'id != 58'",
)
def crps_uniform(label: Column, low: Column, high: Column) -> Column:
    """CRPS of a uniform law between two ends, in the unit of the label.

        at = min(max(label, low), high)
        share = (at - low) / (high - low) if high > low else 0
        abs(label - at) + (high - low) * ((share - 1 / 2)**2 + 1 / 12)

    For a forecast that says no more than "between these two".  In the middle it is a twelfth of the
    width; ends that are equal are one point, and the value is the absolute error.

    Gradient by `low`:

        at = min(max(label, low), high)
        ((high - at) / (high - low))**2 - 1 / 3

    Gradient by `high`:

        at = min(max(label, low), high)
        1 / 3 - ((at - low) / (high - low))**2

    >>> crps_uniform(np.array([0.5, 2.0]), np.array([0.0, 0.0]), np.array([1.0, 1.0])).round(4)
    array([0.0833, 1.3333])
    """
    at = np.clip(label, low, high)
    width = high - low
    share = np.where(width > 0.0, (at - low) / width, 0.5)
    # The end is nearest where the share is 1, and its distance from the middle exact.
    return np.abs(label - at) + width * ((share - 0.5) ** 2 + 1.0 / 12.0)


@crps_of(
    label=NONNEGATIVE,
    domains={"rate": POSITIVE},
    elicits="the rate of the exponential law",
    sample="sample_data/breast_cancer.csv --pred rate=prob",
)
def crps_exponential(label: Column, rate: Column) -> Column:
    """CRPS of an exponential law, in the unit of the label.

        label - 2 * (1 - exp(-rate * label)) / rate + 1 / (2 * rate)

    For waiting times and other amounts from 0 on whose chance falls evenly.  The mean of the law is 1
    over the rate.

    Gradient by `rate`:

        x = rate * label
        (3 / 2 - 2 * exp(-x) * (1 + x)) / rate**2

    >>> crps_exponential(np.array([0.0, 1.0]), np.array([1.0, 1.0])).round(4)
    array([0.5   , 0.2358])
    """
    x = rate * label
    near = np.minimum(x, FAR)
    # 2 exp(-x) - 2 + 2 x is small where x is: what it is taken from keeps its digits.
    return np.where(x < FAR, ((0.5 - near) + 2.0 * expm1_gap(-near)) / rate, label - 1.5 / rate)


@crps_of(
    label=NONNEGATIVE,
    domains={"mean": REAL, "sd": POSITIVE},
    ulps=8.0,
    elicits="mean and standard deviation of the label's logarithm",
    reference="Baran & Lerch (2015), doi:10.1002/qj.2521",
    gradient_ulps=512.0,
    exceptions={
        "ulps": "a sum of products of exponentials and error functions",
        "gradient": "two error functions, of which each is rounded, all but cancel",
    },
    sample="sample_data/iris.csv --label p_setosa --pred mean=logp_setosa,sd=p_virginica",
)
def crps_lognormal(label: Column, mean: Column, sd: Column) -> Column:
    """CRPS of a lognormal law, in the unit of the label.

        z = (log(label) - mean) / sd if label > 0 else -inf
        below = erf(z / sqrt(2)) if label > 0 else -1
        share = erfc((sd - z) / sqrt(2)) if label > 0 else 0
        label * below - exp(mean + sd**2 / 2) * (share - erfc(sd / 2))

    For positive amounts whose logarithm is normal: ``mean`` and ``sd`` are those of the logarithm, as
    regressions of logarithms give them.  A mean in the unit of the label stands in no column.

    Gradient by `mean`:

        z = (log(label) - mean) / sd if label > 0 else -inf
        -exp(mean + sd**2 / 2) * (erfc((sd - z) / sqrt(2)) - erfc(sd / 2))

    Gradient by `sd`:

        z = (log(label) - mean) / sd if label > 0 else -inf
        density = exp(-z**2 / 2) / sqrt(2 * pi)
        share = erfc((sd - z) / sqrt(2)) - erfc(sd / 2)
        2 * label * density - exp(mean + sd**2 / 4) / sqrt(pi) - sd * exp(mean + sd**2 / 2) * share

    >>> crps_lognormal(np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([1.0, 1.0])).round(4)
    array([0.2674, 2.8495])
    """
    logs = log_pair(np.where(label > 0.0, label, 1.0))
    apart = total(logs[0], -mean, logs[1])[0]
    apart = np.where(label > 0.0, apart, -np.inf)
    found = np.empty_like(label)
    narrow = sd <= 1.0
    for rows, crps in ((narrow, _narrow), (~narrow, _wide)):
        found[rows] = crps(label[rows], apart[rows], mean[rows], sd[rows])
    return found


def _narrow(label: Column, apart: Column, mean: Column, sd: Column) -> Column:
    """The CRPS of a lognormal law with ``sd`` up to 1; ``apart`` is log(label) - mean."""
    z = apart / sd
    below, half = erf(z * ROOT_HALF), erf(0.5 * sd)
    root = np.exp(0.5 * mean)
    # Three parts, each of which vanishes with ``sd``: the terms of the definition would cancel.
    near = _normal_share(np.clip(z - 0.5 * sd, -12.0, 12.0), sd) - half
    near -= np.expm1(0.5 * sd * sd) * (erf((z - sd) * ROOT_HALF) + half)
    close = (root * (np.expm1(np.minimum(apart, 1.0)) * below + near)) * root
    beyond = (label - root * root) * below + (root * near) * root
    return np.where(apart <= 1.0, close, np.where(apart < FAR, beyond, label))


def _normal_share(middle: Column, width: Column) -> Column:
    """Twice the chance of a normal value within ``width`` / 2 of ``middle``; the width is at most 1."""
    # The density's Taylor series about the middle, whose terms are Hermite polynomials.
    last, here = np.ones_like(middle), middle
    series, factor, quarter = np.ones_like(middle), np.ones_like(middle), 0.25 * width * width
    for n in range(1, 28, 2):
        last, here = here, middle * here - n * last
        factor = factor * (quarter / ((n + 1) * (n + 2)))
        series += here * factor
        last, here = here, middle * here - (n + 1) * last
    return (math.sqrt(2.0) / ROOT_PI) * width * np.exp(-0.5 * middle * middle) * series


def _wide(label: Column, apart: Column, mean: Column, sd: Column) -> Column:
    """The CRPS of a lognormal law with ``sd`` above 1."""
    z = apart / sd
    square, lost = two_product(0.5 * sd, 0.5 * sd)
    # exp(mean + sd**2 / 4), by its root, since a factor of it may be small.
    power = total(mean, square, lost)
    root = np.exp(0.5 * power[0]) * (1.0 + 0.5 * power[1])
    spread = (root * erfcx(0.5 * sd)) * root
    tail = label * np.exp(-0.5 * z * z) * erfcx(np.abs(z - sd) * ROOT_HALF)
    beyond = z >= sd
    power = total(mean, np.where(beyond, 2.0 * square, 0.0), 2.0 * lost)
    whole = 2.0 * np.exp(power[0]) * (1.0 + power[1])
    return label * erf(z * ROOT_HALF) + np.where(beyond, tail - whole, -tail) + spread
