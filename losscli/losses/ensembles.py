"""Losses of ensembles: a row's prediction is a sample of its law, whose members stand in columns of their own."""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from losscli.loss.declare import Column, Columns, loss
from losscli.loss.domains import Real
from losscli.losses.double_double import (
    LN2_HIGH,
    LN2_LOW,
    DoubleDouble,
    log_pair,
    over,
    sum_of,
    times,
    total,
)
from losscli.table.block import Ints

SAMPLE = "sample_data/diabetes_quantiles.csv --pred 'q_*'"
MEMBERS = "members drawn from the law of the label"

of_members = partial(loss, task="distribution", elicits=MEMBERS, sample=SAMPLE)


@of_members(
    aliases=("ensemble_crps",),
    homogeneous=1,
    ulps=8.0,
    reference="Gneiting & Raftery (2007), doi:10.1198/016214506000001437; Ferro (2014), doi:10.1002/qj.2270",
    exceptions={"ulps": "the sum over the members rounds once a member"},
)
def crps_ensemble(label: Column, pred: Columns, *, estimator: Literal["qd", "fair"] = "qd") -> Column:
    """CRPS of the members of an ensemble, in the unit of the label.

        size = len(pred)
        pairs = size**2 if estimator == "qd" else max(size * (size - 1), 1)
        apart = sum(abs(f - g) for f in pred for g in pred)
        sum(abs(f - label) for f in pred) / size - apart / (2 * pairs)

    The mean distance of the members from the label, less half their mean distance from one another.
    With ``estimator=qd`` (the quantile decomposition, which is also the energy form) it is the score of
    the members as they are, each with its equal share; ``fair`` does not count a member's distance
    from itself, so that ensembles of different sizes compare as the laws behind them do.  Of one
    member both are the absolute error.

    Gradient by `pred[j]`:

        size = len(pred)
        pairs = size**2 if estimator == "qd" else max(size * (size - 1), 1)
        sign(pred[j] - label) / size - sum(sign(pred[j] - f) for f in pred) / pairs

    >>> members = np.array([[0.0, 1.0, 2.0, 4.0]])
    >>> crps_ensemble(np.array([0.5]), members), crps_ensemble(np.array([0.5]), members, estimator="fair")
    (array([0.6875]), array([0.41666667]))
    """
    size = pred.shape[1]
    # The integral of the squared distance of two steps: no term of it is negative.
    ends = np.sort(pred.T, axis=0)
    found: Column = np.maximum(ends[0] - label, 0.0) + np.maximum(label - ends[-1], 0.0)
    for k in range(1, size):
        low, high = ends[k - 1], ends[k]
        at = np.clip(label, low, high)
        shares = (k * k, (size - k) ** 2) if estimator == "qd" else (k * (k - 1), (size - k) * (size - k - 1))
        pairs = size * size if estimator == "qd" else size * (size - 1)
        found += (at - low) * (shares[0] / pairs) + (high - at) * (shares[1] / pairs)
    return found


@of_members(
    aliases=("threshold_brier_score",),
    elicits="the chance of a label above the threshold",
    reference="Candille & Talagrand (2005), doi:10.1256/qj.04.71",
)
def threshold_brier(label: Column, pred: Columns, *, threshold: Real) -> Column:
    """Squared error of the share of members above a threshold.

        share = sum(1 for f in pred if f > threshold) / len(pred)
        (share - (1 if label > threshold else 0))**2

    For an event that matters, such as rain of more than 10 mm: the share of the members that see it is
    its probability, and this is its Brier score.  Integrated over all thresholds it is `crps_ensemble`.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> threshold_brier(np.array([3.0, 0.0]), np.array([[1.0, 2.0], [1.0, 2.0]]), threshold=1.5)
    array([0.25, 0.25])
    """
    above = (pred > threshold).sum(axis=1)
    wrong = np.where(label > threshold, pred.shape[1] - above, above)
    share: Column = wrong / pred.shape[1]
    return share * share


class Spread(NamedTuple):
    """What scores by moments need of an ensemble, each in twice the digits."""

    error: DoubleDouble  # mean less label
    variance: DoubleDouble  # over one less than the members; 0 only where they are all equal
    cubes: DoubleDouble  # the sum of the cubed distances from the mean


def spread_of(label: Column, pred: Columns, exponent: Ints) -> Spread:
    """The moments of an ensemble in units of ``2**exponent``, in which no member is above 1."""
    members = [np.ldexp(member, -exponent) for member in pred.T]
    nothing = np.zeros_like(label), np.zeros_like(label)
    mean = over(total(*members), (nothing[0] + len(members), nothing[1]))
    equal = (pred.T[0] == pred.T).all(axis=0)
    mean = np.where(equal, members[0], mean[0]), np.where(equal, 0.0, mean[1])
    squares, cubes = nothing, nothing
    for member in members:
        apart = total(member, -mean[0], -mean[1])
        square = times(apart, apart)
        squares, cubes = sum_of(squares, square), sum_of(cubes, times(square, apart))
    error = total(mean[0], -np.ldexp(label, -exponent), mean[1])
    return Spread(error, over(squares, (nothing[0] + max(len(members) - 1, 1), nothing[1])), cubes)


def exponent_of(*columns: Column) -> Ints:
    """The least exponent of two whose power is above all numbers of a row."""
    exponent: Ints = np.frexp(np.abs(columns).max(axis=0))[1]
    return exponent


@of_members(
    name="dss",
    aliases=("dssuv_ensemble",),
    best=None,
    elicits="members with the mean and the variance of the label",
    reference="Dawid & Sebastiani (1999), doi:10.1214/aos/1018031101",
)
def dss_of_members(label: Column, pred: Columns) -> Column:
    """Dawid-Sebastiani score of the mean and the variance of an ensemble.

        size = len(pred)
        mean = sum(pred) / size
        var = sum((f - mean)**2 for f in pred) / max(size - 1, 1)
        (label - mean)**2 / var + log(var) if var > 0 else -inf if label == mean else inf

    The variance is over one less than the number of members.  Members that are all equal are sure of
    themselves, and infinitely wrong or right.

    Gradient by `pred[j]`:

        size = len(pred)
        mean = sum(pred) / size
        var = sum((f - mean)**2 for f in pred) / max(size - 1, 1)
        slope = (1 - (label - mean)**2 / var) / (var * max(size - 1, 1))
        2 * (pred[j] - mean) * slope - 2 * (label - mean) / (size * var)

    >>> dss_of_members(np.array([1.0]), np.array([[0.0, 1.0, 2.0]]))
    array([0.])
    """
    exponent = exponent_of(*pred.T)
    spread = spread_of(label, pred, exponent)
    varied = spread.variance[0] > 0.0
    variance = np.where(varied, spread.variance[0], 1.0), spread.variance[1]
    logs, power = log_pair(variance[0]), (2 * exponent).astype(np.float64)
    square = over(times(spread.error, spread.error), variance)
    small = square[1] + logs[1] + variance[1] / variance[0] + power * LN2_LOW
    found = total(square[0], logs[0], power * LN2_HIGH, small)[0]
    return np.where(varied, found, np.where(spread.error[0] == 0.0, -np.inf, np.inf))


@of_members(
    aliases=("error_spread_score", "ess"),
    homogeneous=4,
    elicits="members with the mean, the variance and the skewness of the label",
    reference="Christensen, Moroz & Palmer (2015), doi:10.1002/qj.2375",
)
def error_spread(label: Column, pred: Columns) -> Column:
    """Squared gap between the spread of an ensemble and its squared error.

        size = len(pred)
        mean = sum(pred) / size
        var = sum((f - mean)**2 for f in pred) / max(size - 1, 1)
        cubes = sum((f - mean)**3 for f in pred)
        tilt = cubes / (var * (size - 1) * (size - 2)) if var > 0 and size > 2 else 0
        (var - (mean - label)**2 - (mean - label) * tilt)**2

    Whether the ensemble knows how wrong it is: the variance of the members should be the squared error
    of their mean, but for what the skewness of the members, in ``tilt``, makes of it.  In the fourth
    power of the label's unit; it needs three members for a skewness.

    Gradient by `pred[j]`:

        size = len(pred)
        mean = sum(pred) / size
        var = sum((f - mean)**2 for f in pred) / max(size - 1, 1)
        cubes = sum((f - mean)**3 for f in pred)
        rest = max(size - 1, 1)
        some = var if var > 0 else 1
        per = 1 / (some * rest * (size - 2)) if var > 0 and size > 2 else 0
        gap = var - (mean - label)**2 - (mean - label) * cubes * per
        2 * gap * (2 * (pred[j] - mean) / rest - (2 * (mean - label) + cubes * per) / size
            - (mean - label) * per * (3 * (pred[j] - mean)**2 - 3 * var * rest / size
            - 2 * cubes * (pred[j] - mean) / (rest * some)))

    >>> error_spread(np.array([1.0, 2.0]), np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]))
    array([1., 0.])
    """
    size, exponent = pred.shape[1], exponent_of(label, *pred.T)
    spread = spread_of(label, pred, exponent)
    error, variance = spread.error, spread.variance
    tilted = (variance[0] > 0.0) & (size > 2)
    freedom = float(max((size - 1) * (size - 2), 1))
    below = np.where(tilted, freedom * variance[0], 1.0), np.where(tilted, freedom * variance[1], 0.0)
    tilt = over(spread.cubes, below)
    tilt = np.where(tilted, tilt[0], 0.0), np.where(tilted, tilt[1], 0.0)
    square, skew = times(error, error), times(error, tilt)
    gap = total(variance[0], -square[0], -skew[0], variance[1] - square[1] - skew[1])[0]
    gap = np.ldexp(gap, 2 * exponent)
    return gap * gap
