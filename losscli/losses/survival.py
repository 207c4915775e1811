"""Losses of times to an event, of which a label may know no more than bounds: `--label lower=LO,upper=HI`."""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, loss
from losscli.loss.domains import LOWER_END, NONNEGATIVE, POSITIVE, POSITIVE_END, UPPER_END, Positive
from losscli.losses.log_scores import constant, log_quotient, scaled
from losscli.losses.stable import log_ratio
from losscli.numbers.double_double import (
    HALF_LOG_2PI,
    HALF_LOG_2PI_LOST,
    DoubleDouble,
    exactly,
    exp_pair,
    log1p_of,
    log_pair,
    negative,
    over,
    sum_of,
    times,
    total,
)
from losscli.numbers.special import erfcx
from losscli.table.block import Mask

BOUNDS_SAMPLE = "sample_data/survival.csv --pred pred --label lower=lower,upper=upper"

of_bounds = partial(
    loss,
    label_roles=("lower", "upper"),
    domains={"lower": LOWER_END, "upper": UPPER_END},
    relations=(("lower", "upper"),),
    sample=BOUNDS_SAMPLE,
)


@of_bounds(
    aliases=("interval_regression_accuracy",),
    better="higher",
    best=1.0,
    rate=True,
    elicits="a point in most of the intervals",
    reference="Barnwal, Cho & Hocking (2022), doi:10.1080/10618600.2022.2067548",
)
def interval_accuracy(lower: Column, upper: Column, pred: Column) -> Column:
    """Share of predictions between the two bounds of their label.

        1 if lower <= pred <= upper else 0

    For labels known to lie between two bounds only, such as times to an event that was not watched all
    along; ``inf`` as the upper bound where it has not happened yet.  An interval that is wide is easily
    met: compare models on the same rows only.  `coverage` is the same of predicted bounds.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> interval_accuracy(np.array([1.0, 1.0]), np.array([2.0, np.inf]), np.array([3.0, 4.0]))
    array([0., 1.])
    """
    return ((lower <= pred) & (pred <= upper)).astype(np.float64)


Law = Literal["normal", "logistic", "extreme"]
ROOT_HALF = math.sqrt(0.5)


@of_bounds(
    aliases=("aft_nloglik", "survival_aft"),
    main="sigma",
    best=None,
    domains={"lower": NONNEGATIVE, "upper": POSITIVE_END, "pred": POSITIVE},
    ulps=8.0,
    elicits="the location of the log of the time",
    reference="Barnwal, Cho & Hocking (2022), doi:10.1080/10618600.2022.2067548",
    exceptions={"ulps": "an exponential, erfcx, their product and its logarithm round one after another"},
)
def aft_nll(
    lower: Column, upper: Column, pred: Column, *, distribution: Law = "normal", sigma: Positive = 1.0
) -> Column:
    """Surprise at a time, or at its bounds, in an accelerated failure model.

        event = lower == upper
        low = log(lower / pred) / sigma if lower > 0 else -inf
        high = log(upper / pred) / sigma
        near, far = (low, high) if low + high > 0 else (-high, -low)
        by_normal = (0 if distribution != "normal" else low**2 / 2 + log(2 * pi) / 2 if event
            else -log((erfc(near / sqrt(2)) - erfc(far / sqrt(2))) / 2))
        by_logistic = (0 if distribution != "logistic" else abs(low) + 2 * log1p(exp(-abs(low))) if event
            else max(low, 0) + log1p(exp(-abs(low))) + max(-high, 0) + log1p(exp(-abs(high)))
            - log(-expm1(low - high)))
        by_extreme = (0 if distribution != "extreme" else exp(low) - low if event
            else exp(low) - log(-expm1(exp(low) - exp(high))))
        by_normal + by_logistic + by_extreme + (log(sigma) + log(lower) if event else 0)

    For predicted times where some events are known to lie between bounds only: ``inf`` as the upper bound of
    one that has not happened yet, 0 as the lower bound of one that happened before the watch began, two equal
    bounds for a time that is known.  The log of the time is the log of the prediction and an error of the law
    ``distribution`` (``extreme`` is the Gumbel law of minima) times ``sigma``; the loss is minus the log of
    the density at a known time, and of the chance of the interval else.  As XGBoost's aft-nloglik, whose
    prediction is a time, with its aft_loss_distribution_scale as ``sigma``; it stops at 27.6, where the chance
    is 1e-12, and this loss does not.

    No gradient: that of an interval is a quotient of two differences, which vanish together in the tails.

    >>> aft_nll(np.array([2.0, 2.0]), np.array([2.0, np.inf]), np.array([2.0, 2.0]))
    array([1.61208571, 0.69314718])
    """
    found = np.empty_like(pred)
    event = lower == upper
    rest = ~event
    with np.errstate(all="ignore"):
        found[event] = _of_event(lower[event], pred[event], distribution, sigma)
        found[rest] = _of_interval(lower[rest], upper[rest], pred[rest], distribution, sigma)
    return found


def _in_sigmas(logs: DoubleDouble, sigma: float) -> DoubleDouble:
    """A pair over ``sigma``, where no step overflows or vanishes unless the quotient does."""
    mantissa, exponent = math.frexp(sigma)
    near, lost = (np.ldexp(part, -exponent) for part in over(logs, constant(logs[0], mantissa, 0.0)))
    return near, np.where(np.isfinite(near), lost, 0.0)


def _exp(x: DoubleDouble) -> DoubleDouble:
    """``exp(x)`` of a pair."""
    near, lost = exp_pair(x[0])
    return near, np.where(np.isfinite(near), lost + near * x[1], 0.0)


def _size(x: DoubleDouble) -> DoubleDouble:
    return np.abs(x[0]), np.where(x[0] < 0.0, -x[1], x[1])


def _where(chosen: Mask, near: float, x: DoubleDouble) -> DoubleDouble:
    """A number where chosen, and the pair elsewhere."""
    return np.where(chosen, near, x[0]), np.where(chosen, 0.0, x[1])


def _of_event(time: Column, pred: Column, distribution: Law, sigma: float) -> Column:
    """Minus the log of the density of the time: a sum that may cancel, so it is taken in twice the digits."""
    z = _in_sigmas(log_quotient(exactly(time), pred), sigma)
    scale = sum_of(log_pair(np.full_like(time, sigma)), log_pair(time))
    if distribution == "normal":
        half = times(scaled(0.5, z), z)
        return sum_of(half, constant(time, HALF_LOG_2PI, HALF_LOG_2PI_LOST), scale)[0]
    if distribution == "logistic":
        size = _size(z)
        return sum_of(size, scaled(2.0, log1p_of(_exp(negative(size)))), scale)[0]
    z = _where(z[0] > 1e4, 1e4, z)  # its exponential is infinite, and infinity less infinity is no number
    return sum_of(_exp(z), negative(z), scale)[0]


def _of_interval(lower: Column, upper: Column, pred: Column, distribution: Law, sigma: float) -> Column:
    """Minus the log of the chance that the time lies between the two."""
    left, right = lower == 0.0, np.isinf(upper)
    start, end = np.where(left, pred, lower), np.where(right, pred, upper)
    low = _where(left, -np.inf, _in_sigmas(log_quotient(exactly(start), pred), sigma))
    high = _where(right, np.inf, _in_sigmas(log_quotient(exactly(end), pred), sigma))
    logs = _where(left | right, np.inf, log_quotient(exactly(end), start))
    apart = _in_sigmas(logs, sigma)
    log_apart = log_ratio(logs[0], np.full_like(pred, sigma))
    if distribution == "normal":
        return _normal_interval(low, high, apart[0], log_apart)
    if distribution == "logistic":
        return _softplus(low) + _softplus(negative(high)) + _minus_log_gap(apart, log_apart)
    hazard, until = _exp(low), _exp(high)
    near = apart[0] < 0.7
    more = total(until[0], -hazard[0], until[1], -hazard[1])
    more = np.where(near, hazard[0] * np.expm1(apart[0]), more[0]), np.where(near, 0.0, more[1])
    more = _where(np.isinf(hazard[0]), np.inf, more)
    return hazard[0] + (hazard[1] + _minus_log_gap(more, high[0] - _minus_log_gap(apart, log_apart)))


def _softplus(x: DoubleDouble) -> Column:
    """``log(1 + exp(x))`` of a pair."""
    size, lost = _size(x)
    return np.maximum(x[0], 0.0) + np.log1p(np.exp(-size) * (1.0 - lost))


def _minus_log_gap(x: DoubleDouble, log: Column) -> Column:
    """``-log(1 - exp(-x))`` of a pair from 0 on, at least 0; ``log`` is the log of the pair, needed if it is small."""
    size = x[0]
    small = size * (0.5 - size * (1.0 / 24.0 - size * size / 2880.0)) - log
    middle = -np.log(-np.expm1(-size))
    great = -np.log1p(-np.exp(-size) * (1.0 - x[1]))
    return np.select([size < 0.01, size < 0.7], [small, middle], great)


def _normal_interval(low: DoubleDouble, high: DoubleDouble, apart: Column, log_apart: Column) -> Column:
    """Minus the log of a normal chance, mirrored so that the interval lies to the right, for the most part."""
    turned = -low[0] > high[0]
    near = tuple(np.where(turned, -b, a) for a, b in zip(low, high, strict=True))
    far = tuple(np.where(turned, -a, b) for a, b in zip(low, high, strict=True))
    # Beyond, squares and tails stay what they are, and no infinity meets another.
    one, other = np.clip(near[0], -1e200, 1e200), np.minimum(far[0], 1e200)
    middle = 0.5 * (one + other)
    fall = middle * apart  # by so much the log of the density falls from one end to the other
    # Around zero: what the tails leave.
    around = -np.log1p(-(_tail((-near[0], -near[1])) + _tail((far[0], far[1]))))
    # A narrow interval: the density at its middle, its width, and a mean over it.
    half = 0.5 * np.minimum(apart, 1.0)
    slope = 0.5 * np.minimum(np.abs(fall), 2.0)
    mean = sum(
        weight * np.cosh(slope * node) * np.exp(-0.5 * (half * node) ** 2)
        for node, weight in zip(*_NODES, strict=True)
    )
    narrow = 0.5 * middle * middle + HALF_LOG_2PI - log_apart - np.log(mean)
    # To the right of zero: the tail from the near end on, less the part of it that the far end cuts off.
    one = np.maximum(one, 0.0)
    own = erfcx(one * ROOT_HALF)
    cut = np.exp(-np.maximum(fall, 0.0)) * (erfcx(np.maximum(other, 0.0) * ROOT_HALF) / own)
    beyond = 0.5 * one * one - np.log(0.5 * own) - np.log1p(-cut)
    is_narrow = (apart <= 1.0) & (fall <= 2.0)
    return np.select([is_narrow, near[0] >= 0.0], [narrow, beyond], around)


def _tail(z: DoubleDouble) -> Column:
    """The chance of a standard normal number above z, for a pair from 0 on."""
    z = _where(z[0] > 100.0, 100.0, _where(z[0] < 0.0, 0.0, z))
    square, lost = times(z, z)
    return 0.5 * np.exp(-0.5 * square) * (1.0 - 0.5 * lost) * erfcx(z[0] * ROOT_HALF)


def _nodes() -> tuple[Column, Column]:
    """The nodes and weights of Gauss and Legendre for a mean from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(10)
    return 0.5 * (nodes + 1.0), 0.5 * weights


_NODES = _nodes()
