"""Logarithmic scores of predicted laws: minus the log of the density, or chance, that a law gives to the label.

Columns hold the parameters of each row's law.  A score has no sign: its terms may cancel to nearly nothing, so they
are summed in twice the digits.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from losscli.loss.declare import Column, Columns, loss
from losscli.loss.domains import COUNTS, NONNEGATIVE, POSITIVE, REAL, SIMPLEX, UNIT, Interval
from losscli.loss.elicits import MEAN
from losscli.losses.distribution import poisson_nll, squares_over
from losscli.losses.stable import entropy_gap
from losscli.numbers.double_double import (
    HALF_LOG_2PI,
    HALF_LOG_2PI_LOST,
    SMALL_STEP,
    DoubleDouble,
    exactly,
    exp_pair,
    factorial_gap,
    gamma_gap,
    lgamma_drop,
    lgamma_pair,
    log1p_of,
    log_of,
    log_of_exps,
    log_pair,
    negative,
    over,
    quotient,
    sum_of,
    times,
    total,
)
from losscli.numbers.error_free import two_difference, two_product, two_sum
from losscli.table.block import Mask

SAMPLE = "sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --pred"
JORDAN = "Jordan, Krüger & Lerch (2019), doi:10.18637/jss.v090.i12"
GOOD = "Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x"
LN2, LN2_LOST = 0.6931471805599453, 2.3190468138462996e-17
SMALL = 1e5
"""Parameters up to here leave digits enough for the terms of a divergence to be subtracted."""

log_score = partial(loss, task="distribution", best=None, reference=JORDAN)


def scaled(factor: Column | float, x: DoubleDouble) -> DoubleDouble:
    """A pair times a double."""
    near, lost = two_product(factor, x[0])
    return near, np.where(np.isfinite(near), lost + factor * x[1], 0.0)


def either(chosen: Mask, one: DoubleDouble, other: DoubleDouble) -> DoubleDouble:
    """The first pair where chosen, and the second elsewhere."""
    return np.where(chosen, one[0], other[0]), np.where(chosen, one[1], other[1])


def constant(column: Column, near: float, lost: float) -> DoubleDouble:
    """A pair for each row of a column."""
    return np.full_like(column, near), np.full_like(column, lost)


def log_quotient(x: DoubleDouble, y: Column) -> DoubleDouble:
    """``log(x / y)`` of numbers above 0, also where it is next to 0."""
    exponent = np.frexp(y)[1]
    share = over((np.ldexp(x[0], -exponent), np.ldexp(x[1], -exponent)), exactly(np.ldexp(y, -exponent)))
    near = (share[0] > 0.5) & (share[0] < 2.0)
    close = log_of((np.where(near, share[0], 1.0), np.where(near, share[1], 0.0)))
    far = sum_of(log_of(x), negative(log_pair(y)))
    return np.where(near, close[0], far[0]), np.where(near, close[1], far[1])


def divergence(x: Column, y: Column, off: Column, logs: DoubleDouble) -> Column:
    """``x * log(x / y) - x + y``; ``off`` is x - y, and ``logs`` the log of the quotient.

    Numbers near one another give it by their distance.  Farther apart, where y may have overflowed or vanished,
    it is given by the log.
    """
    near = np.abs(logs[0]) < 1.0
    close = entropy_gap(np.where(near, x, 1.0), np.where(near, y, 1.0), np.where(near, off, 0.0))
    far = total(scaled(x, total(logs[0], -1.0, logs[1]))[0], y)[0]
    return np.where(near, close, np.where((x > 0.0) & (y < np.inf), far, y))


def within_range(*columns: Column) -> Column:
    """A power of two for each row: times it, sums of these numbers do not overflow."""
    return np.where(np.max(columns, axis=0) > 2.0**1000, 2.0**-8, 1.0)


def leading(shape: Column, least: Column, value: DoubleDouble, logs: DoubleDouble) -> DoubleDouble:
    """``(1 - shape) * log(value) - log(least)``; ``logs`` is the log of the value."""
    tiny = least < 0.5
    small = sum_of(log_quotient(value, least), scaled(-shape, logs))
    great = sum_of(times(two_difference(1.0, shape), logs), negative(log_pair(least)))
    return np.where(tiny, small[0], great[0]), np.where(tiny, small[1], great[1])


def apart(label: Column, loc: Column) -> tuple[DoubleDouble, Column]:
    """The distance of two numbers over a power of two, which is 4 where the distance might overflow, else 1."""
    unit = np.where(np.maximum(np.abs(label), np.abs(loc)) > 2.0**1000, 4.0, 1.0)
    near, lost = two_difference(label / unit, loc / unit)
    return (np.abs(near), np.where(near < 0.0, -lost, lost)), unit


def in_scales(label: Column, loc: Column, scale: Column) -> DoubleDouble:
    """``abs(label - loc) / scale`` in twice the digits."""
    distance, unit = apart(label, loc)
    mantissa, exponent = np.frexp(distance[0])
    below, less = np.frexp(scale)
    less = less - np.frexp(unit)[1] + 1
    found = over((mantissa, np.ldexp(distance[1], -exponent)), exactly(below))
    near, lost = (np.ldexp(part, exponent - less) for part in found)
    return near, np.where(np.isfinite(near), lost, 0.0)


@log_score(
    domains={"mean": REAL, "sd": POSITIVE},
    elicits="mean and standard deviation",
    reference=GOOD,
    sample=f"{SAMPLE} mean=pred,sd=pred_linear",
)
def logs_normal(label: Column, mean: Column, sd: Column) -> Column:
    """Surprise at the label under a normal law, in nats.

        ((label - mean) / sd)**2 / 2 + log(sd) + log(2 * pi) / 2

    Minus the log of the density.  It is `gaussian_nll:full=true,eps=0`, which takes the variance; `dss`
    is twice this less a constant.  `crps_normal` minds wild rows less.

    Gradient by `mean`:

        (mean - label) / sd**2

    Gradient by `sd`:

        d = abs(label - mean)
        (sd - d) * (sd + d) / sd**3

    >>> logs_normal(np.array([0.0]), np.array([0.0]), np.array([1.0]))
    array([0.91893853])
    """
    square, logs = squares_over(label, mean, sd, 2, 2.0), log_pair(sd)
    return sum_of(square, logs, constant(sd, HALF_LOG_2PI, HALF_LOG_2PI_LOST))[0]


@log_score(
    domains={"loc": REAL, "scale": POSITIVE},
    elicits="location and scale of the logistic law",
    sample=f"{SAMPLE} loc=pred,scale=pred_linear",
)
def logs_logistic(label: Column, loc: Column, scale: Column) -> Column:
    """Surprise at the label under a logistic law, in nats.

        z = abs(label - loc) / scale
        z + 2 * log1p(exp(-z)) + log(scale)

    Minus the log of the density.  As `logs_normal`, for a law with heavier tails: far from the location
    it grows with the error, not with its square.

    Gradient by `loc`:

        -tanh((label - loc) / (2 * scale)) / scale

    Gradient by `scale`:

        z = abs(label - loc) / scale
        (1 - z * tanh(z / 2)) / scale

    >>> logs_logistic(np.array([0.0]), np.array([0.0]), np.array([1.0]))
    array([1.38629436])
    """
    z = in_scales(label, loc, scale)
    near, lost = exp_pair(-z[0])
    rest = log1p_of((near, lost - near * np.where(np.isfinite(z[0]), z[1], 0.0)))
    return sum_of(z, (2.0 * rest[0], 2.0 * rest[1]), log_pair(scale))[0]


@log_score(
    domains={"loc": REAL, "scale": POSITIVE},
    elicits="median and scale of the Laplace law",
    sample=f"{SAMPLE} loc=pred,scale=pred_linear",
)
def logs_laplace(label: Column, loc: Column, scale: Column) -> Column:
    """Surprise at the label under a Laplace law, in nats.

        abs(label - loc) / scale + log(2 * scale)

    Minus the log of the density: with one scale for all rows it ranks models as `mae` does.

    Gradient by `loc`:

        -sign(label - loc) / scale

    Gradient by `scale`:

        (scale - abs(label - loc)) / scale**2

    >>> logs_laplace(np.array([0.0]), np.array([0.0]), np.array([0.5]))
    array([0.])
    """
    # log(2 * scale), exactly 0 where the scale is one half.
    great = scale > 1e300
    rest = np.where(great, LN2, 0.0), np.where(great, LN2_LOST, 0.0)
    logs = log_pair(np.where(great, scale, 2.0 * scale))
    return sum_of(in_scales(label, loc, scale), logs, rest)[0]


@log_score(
    domains={"df": POSITIVE, "loc": REAL, "scale": POSITIVE},
    elicits="degrees of freedom, location and scale of Student's t",
    sample="sample_data/diabetes_quantiles.csv --pred df=q_0.1,loc=q_0.5,scale=q_0.9",
)
def logs_t(label: Column, df: Column, loc: Column, scale: Column) -> Column:
    """Surprise at the label under Student's t, in nats.

        z = (label - loc) / scale
        constant = lgamma(df / 2) - lgamma((df + 1) / 2) + log(df * pi) / 2
        constant + log(scale) + (df + 1) / 2 * log1p(z**2 / df)

    Minus the log of the density.  As `logs_normal`, which it becomes for many degrees of freedom, with
    tails as heavy as `df` says: far labels cost the logarithm of their distance.

    No gradient: the slope by the parameters needs the digamma function.

    >>> logs_t(*[np.array([x]) for x in (0.0, 1.0, 0.0, 1.0)])
    array([1.14472989])
    """
    z = in_scales(label, loc, scale)
    square = times(over(z, exactly(df)), z)
    far = ~(square[0] < 1e20)
    near = log1p_of((np.where(far, 0.0, square[0]), np.where(far, 0.0, square[1])))
    distance, unit = apart(label, loc)
    distance = np.where(far, distance[0], 1.0), np.where(far, distance[1], 0.0)
    logs = sum_of(log_of(distance), log_pair(unit), negative(log_pair(scale)))
    beyond = sum_of((2.0 * logs[0], 2.0 * logs[1]), negative(log_pair(df)))
    growth = np.where(far, beyond[0], near[0]), np.where(far, beyond[1], near[1])
    # Half of df + 1 times the growth; where df + 1 might overflow, in halves.
    grown = sum_of(scaled(0.5 * df, growth), (0.5 * growth[0], 0.5 * growth[1]))
    rest = constant(df, HALF_LOG_2PI, HALF_LOG_2PI_LOST)
    return sum_of(grown, log_pair(scale), rest, t_gap(df))[0]


def t_gap(df: Column) -> DoubleDouble:
    """``lgamma(df / 2) - lgamma((df + 1) / 2) + log(df / 2) / 2``, which falls to 0."""
    inverse = 1.0 / np.maximum(df, 32.0)
    square = inverse * inverse
    found = inverse * (0.25 - square * (1 / 24 - square * (0.05 - square * (17 / 112 - square * 31 / 36))))
    low = df < 32.0
    half = np.where(low, 0.5 * df, 1.0)
    logs = log_pair(np.where(low, df, 2.0))
    near = sum_of(
        lgamma_pair(two_sum(half, 1.0)),
        negative(lgamma_pair(two_sum(half, 0.5))),
        (-0.5 * logs[0], -0.5 * logs[1]),
        constant(df, 0.5 * LN2, 0.5 * LN2_LOST),
    )
    return np.where(low, near[0], found), np.where(low, near[1], 0.0)


@log_score(
    label=NONNEGATIVE,
    domains={"rate": POSITIVE},
    elicits="the rate of the exponential law",
    sample="sample_data/breast_cancer.csv --pred rate=prob",
)
def logs_exponential(label: Column, rate: Column) -> Column:
    """Surprise at the label under an exponential law, in nats.

        rate * label - log(rate)

    Minus the log of the density, for waiting times and other amounts from 0 on.  It is `gamma_nll` of
    the mean, which is 1 over the rate.

    Gradient by `rate`:

        label - 1 / rate

    >>> logs_exponential(np.array([2.0]), np.array([1.0]))
    array([2.])
    """
    return sum_of(two_product(rate, label), negative(log_pair(rate)))[0]


@log_score(
    domains={"low": REAL, "high": REAL},
    relations=(("low", "high"),),
    elicits="an interval that holds all labels, as narrow as it can be",
    sample="sample_data/iris.csv --label p_setosa --pred low=logp_setosa,high=id --where 'id != 0'",
)
def logs_uniform(label: Column, low: Column, high: Column) -> Column:
    """Surprise at the label under a uniform law between two ends, in nats.

        log(high - low) if low <= label <= high else inf

    Minus the log of the density, which is 0 outside: one label outside, and the mean is infinite.
    `crps_uniform` forgives it.

    Gradient by `low`:

        -1 / (high - low) if low <= label and label <= high else 0

    Gradient by `high`:

        1 / (high - low) if low <= label and label <= high else 0

    >>> logs_uniform(np.array([0.5, 2.0]), np.array([0.0, 0.0]), np.array([1.0, 1.0]))
    array([ 0., inf])
    """
    width, unit = apart(high, low)
    positive = width[0] > 0.0
    logs = sum_of(log_of((np.where(positive, width[0], 1.0), width[1])), log_pair(unit))[0]
    return np.where((low <= label) & (label <= high), np.where(positive, logs, -np.inf), np.inf)


@log_score(
    label=POSITIVE,
    domains={"mean": REAL, "sd": POSITIVE},
    elicits="mean and standard deviation of the label's logarithm",
    sample="sample_data/iris.csv --label p_setosa --pred mean=logp_setosa,sd=p_virginica",
)
def logs_lognormal(label: Column, mean: Column, sd: Column) -> Column:
    """Surprise at the label under a lognormal law, in nats.

        ((log(label) - mean) / sd)**2 / 2 + log(sd) + log(label) + log(2 * pi) / 2

    Minus the log of the density, for positive amounts; ``mean`` and ``sd`` are those of the logarithm.

    Gradient by `mean`:

        (mean - log(label)) / sd**2

    Gradient by `sd`:

        d = abs(log(label) - mean)
        (sd - d) * (sd + d) / sd**3

    >>> logs_lognormal(np.array([1.0]), np.array([0.0]), np.array([1.0]))
    array([0.91893853])
    """
    logs = log_pair(label)
    z = over(total(logs[0], -mean, logs[1]), exactly(sd))
    square = times(z, z)
    rest = constant(sd, HALF_LOG_2PI, HALF_LOG_2PI_LOST)
    return sum_of((0.5 * square[0], 0.5 * square[1]), log_pair(sd), logs, rest)[0]


@log_score(
    label=POSITIVE,
    domains={"shape": POSITIVE, "rate": POSITIVE},
    elicits="shape and rate of the gamma law",
    sample=f"{SAMPLE} shape=pred,rate=pred_linear",
)
def logs_gamma(label: Column, shape: Column, rate: Column) -> Column:
    """Surprise at the label under a gamma law, in nats.

        rate * label + lgamma(shape) - shape * log(rate) - (shape - 1) * log(label)

    Minus the log of the density, for positive amounts.  The mean of the law is the shape over the rate;
    `gamma_deviance` ranks means alone.

    No gradient: the slope by the parameters needs the digamma function.

    >>> logs_gamma(*[np.array([x]) for x in (2.0, 1.0, 1.0)])
    array([2.])
    """
    logs, rates = log_pair(label), log_pair(rate)
    wide = shape > SMALL
    few = np.where(wide, 1.0, shape)
    found = sum_of(
        leading(few, few, exactly(label), logs),
        two_product(rate, label),
        scaled(-few, rates),
        lgamma_pair(two_sum(few, 1.0)),
    )[0]
    # Of large shapes the terms are greater than their sum by far: a divergence, and what it leaves.
    unit = within_range(shape, rate * label)
    amount = two_product(rate, label * unit)
    off = total(shape * unit, -amount[0], -amount[1])[0]
    gap = divergence(shape * unit, amount[0], off, sum_of(log_pair(shape), negative(rates), negative(logs)))
    left = gamma_gap(exactly(np.maximum(shape, SMALL)))
    return np.where(wide, sum_of(exactly(gap / unit), left, logs)[0], found)


@log_score(
    domains={"mean": REAL, "sd": POSITIVE, "share": SIMPLEX},
    aliases=("logs_mixnorm",),
    ulps=8.0,
    elicits="the parts of the mixture: their means, standard deviations and shares",
    reference="McLachlan & Peel (2000), doi:10.1002/0471721182; Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x",
    exceptions={"ulps": "the shares of the parts add up, and round once a part"},
    sample="sample_data/iris.csv --label id --pred 'mean=logp_*,sd=p_*,share=p_*'",
)
def logs_mixture(label: Column, mean: Columns, sd: Columns, share: Columns) -> Column:
    """Surprise at the label under a mixture of normal laws, in nats.

        parts = [(m, s, p) for m, s, p in zip(mean, sd, share) if p > 0]
        terms = [((label - m) / s)**2 / 2 + log(s) + log(2 * pi) / 2 - log(p) for m, s, p in parts]
        least = min(terms)
        least - log(sum(exp(least - term) for term in terms))

    Minus the log of the density, for laws with several peaks, or of an ensemble whose members are laws.
    The parts stand in columns, those of one part in the same place: ``--pred 'mean=m_*,sd=s_*,share=w_*'``;
    the shares of a row add up to 1.  A part of share 0 is none.

    No gradient: a part far from the label has a slope that vanishes before its terms do.

    >>> one = np.array([[0.0, 9.0]]), np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]])
    >>> logs_mixture(np.array([0.0]), *one)
    array([0.91893853])
    """
    terms = []
    for m, s, p in zip(mean.T, sd.T, share.T, strict=True):
        logs = sum_of(log_pair(s), negative(log_pair(np.where(p > 0.0, p, 1.0))))
        term = sum_of(squares_over(label, m, s, 2, 2.0), logs, constant(s, HALF_LOG_2PI, HALF_LOG_2PI_LOST))
        terms.append(either(p > 0.0, term, exactly(np.full_like(label, np.inf))))
    return log_of_exps(terms)[0]


@log_score(
    label=COUNTS,
    pred=POSITIVE,
    elicits=MEAN,
    reference="Cameron & Trivedi (2013), Regression Analysis of Count Data, §3.2",
    ulps=6.0,
    exceptions={"ulps": "a likelihood with its constant is a sum of three"},
)
def logs_poisson(label: Column, pred: Column) -> Column:
    """Surprise at a count under a Poisson law, in nats.

        pred - label * log(pred) + lgamma(label + 1)

    Minus the log of the chance that a law with the mean ``pred`` gives to the count.  It is
    `poisson_nll:full=lgamma`, for counts only.

    Gradient by `pred`:

        (pred - label) / pred

    >>> logs_poisson(np.array([0.0, 1.0]), np.array([2.0, 1.0]))
    array([2., 1.])
    """
    return poisson_nll(label, pred, full="lgamma")


@log_score(
    label=COUNTS,
    domains={"n": POSITIVE, "p": Interval(0.0, 1.0, open_low=True)},
    aliases=("logs_negbinom",),
    elicits="size and probability of the negative binomial law",
    sample="sample_data/breast_cancer.csv --pred n=prob,p=prob",
)
def logs_negative_binomial(label: Column, n: Column, p: Column) -> Column:
    """Surprise at a count under a negative binomial law, in nats.

        hits = -n * log(p)
        misses = -label * log(1 - p) if label > 0 and p < 1 else inf if label > 0 else 0
        lgamma(label + 1) + lgamma(n) - lgamma(label + n) + hits + misses

    Minus the log of the chance of so many failures before the ``n``th success, each with the chance
    ``p``; ``n`` need not be whole.  For counts that vary more than a Poisson law's: the mean is
    n (1 - p) / p, and the variance is the mean over ``p``.

    No gradient: the slope by the parameters needs the digamma function.

    >>> logs_negative_binomial(*[np.array([x]) for x in (1.0, 1.0, 0.5)])
    array([1.38629436])
    """
    count = np.where(label > 0.0, label, 1.0)
    unit = within_range(count, n)
    hits, misses, other = n * unit, count * unit, two_difference(1.0, np.where(p < 1.0, p, 0.5))
    trials = two_sum(hits, misses)
    off = total(*two_product(p, misses), *(-part for part in times(other, exactly(hits))))[0]
    shares = [
        sum_of(log_pair(part), negative(log_of(trials)), negative(log_of(chance)))
        for part, chance in ((misses, other), (hits, exactly(p)))
    ]
    gap = divergence(misses, trials[0] * other[0], off, shares[0])
    gap += divergence(hits, trials[0] * p, -off, shares[1])
    rest = sum_of(gamma_gap(exactly(n)), negative(gamma_gap(trials)), scaled(-0.5, log_pair(unit)))
    found = sum_of(exactly(gap / unit), rest, exactly(factorial_gap(count)))[0]
    found = np.where(p < 1.0, found, np.inf)
    return np.where(label > 0.0, found, 0.0 - n * np.log(p))


@log_score(
    label=COUNTS,
    domains={"n": COUNTS, "p": UNIT},
    elicits="trials and probability of the binomial law",
    sample="sample_data/digits_facts.csv --label y_even --pred n=id,p=p_even --where 'id != 0'",
)
def logs_binomial(label: Column, n: Column, p: Column) -> Column:
    """Surprise at a count under a binomial law, in nats.

        ways = lgamma(n + 1) - lgamma(label + 1) - lgamma(n - label + 1) if label <= n else 0
        hits = label * log(p) if label > 0 and p > 0 else -inf if label > 0 else 0
        misses = (n - label) * log(1 - p) if n > label and p < 1 else -inf if n != label else 0
        -(ways + hits + misses)

    Minus the log of the chance of so many successes in ``n`` trials, each with the chance ``p``.  A
    count above ``n`` cannot be, and is infinitely surprising.

    No gradient: the slope by the parameters needs the digamma function.

    >>> logs_binomial(*[np.array([x]) for x in (1.0, 2.0, 0.5)])
    array([0.69314718])
    """
    can = (label <= n) & (n > 0.0)
    trials, hits = np.where(can, n, 1.0), np.where(can, label, 1.0)
    misses, other = trials - hits, 1.0 - p
    off = total(hits, *(-part for part in two_product(trials, p)))[0]
    logs = log_pair(trials)
    gap = np.zeros_like(label)
    for count, chance, apart, log_chance in (
        (hits, p, off, log_of((np.where(p > 0.0, p, 1.0), np.zeros_like(p)))),
        (misses, other, -off, log_of(two_difference(1.0, np.where(p < 1.0, p, 0.0)))),
    ):
        shares = sum_of(log_pair(np.where(count > 0.0, count, 1.0)), negative(logs), negative(log_chance))
        shares = np.where(count > 0.0, shares[0], -np.inf), shares[1]
        part = divergence(count, trials * chance, apart, shares)
        gap += np.where(chance > 0.0, part, np.where(count > 0.0, np.inf, 0.0))
    rest = total(factorial_gap(hits), factorial_gap(misses), -factorial_gap(trials), gap)[0]
    return np.where(can, rest, np.where(label == n, 0.0, np.inf))


@log_score(
    label=Interval(0.0, 1.0, open_low=True, open_high=True),
    domains={"alpha": POSITIVE, "beta": POSITIVE},
    elicits="both shapes of the beta law",
    sample="sample_data/iris.csv --label p_setosa --pred alpha=p_versicolor,beta=p_virginica",
)
def logs_beta(label: Column, alpha: Column, beta: Column) -> Column:
    """Surprise at a share under a beta law, in nats.

        constant = lgamma(alpha) + lgamma(beta) - lgamma(alpha + beta)
        constant - (alpha - 1) * log(label) - (beta - 1) * log1p(-label)

    Minus the log of the density, for shares between 0 and 1.  The mean of the law is
    alpha / (alpha + beta).

    No gradient: the slope by the parameters needs the digamma function.

    >>> logs_beta(*[np.array([x]) for x in (0.5, 1.0, 1.0)])
    array([0.])
    """
    logs, other = log_pair(label), log_of(two_difference(1.0, label))
    wide = (np.maximum(alpha, beta) > SMALL) & (np.minimum(alpha, beta) >= SMALL_STEP)
    found = _few(np.where(wide, 1.0, alpha), np.where(wide, 1.0, beta), label, logs, other)
    # Of large shapes the terms are greater than their sum by far: divergences, and what they leave.
    unit = within_range(alpha, beta)
    hits, misses, rest = alpha * unit, beta * unit, two_difference(1.0, label)
    whole = two_sum(hits, misses)
    off = total(*times(exactly(hits), rest), *(-part for part in two_product(misses, label)))[0]
    gap = np.zeros_like(label)
    for part, chance, apart, log_chance in ((hits, label, off, logs), (misses, rest[0], -off, other)):
        shares = sum_of(log_pair(part), negative(log_of(whole)), negative(log_chance))
        gap += divergence(part, whole[0] * chance, apart, shares)
    gaps = sum_of(gamma_gap(exactly(alpha)), gamma_gap(exactly(beta)), negative(gamma_gap(whole)))
    halves = scaled(-0.5, log_pair(unit))  # of the gap of the sum, which is in units
    return np.where(wide, sum_of(exactly(gap / unit), gaps, halves, logs, other)[0], found)


def _few(a: Column, b: Column, label: Column, logs: DoubleDouble, other: DoubleDouble) -> Column:
    """The score of a beta law whose shapes are not both large numbers."""
    # The lesser of label and 1 - label is what may all but cancel with the lesser shape.
    low = label < 0.5
    rest = two_difference(1.0, label)
    value = np.where(low, label, rest[0]), np.where(low, 0.0, rest[1])
    near, far = (
        (np.where(chosen, logs[0], other[0]), np.where(chosen, logs[1], other[1])) for chosen in (low, ~low)
    )
    least, most = np.minimum(a, b), np.maximum(a, b)
    return sum_of(
        leading(np.where(low, a, b), least, value, near),
        times(two_difference(1.0, np.where(low, b, a)), far),
        log1p_of(quotient(least, most)),
        lgamma_pair(two_sum(least, 1.0)),
        lgamma_drop(two_sum(most, 1.0), least),
    )[0]
