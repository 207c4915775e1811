"""Losses of ensembles: a row's prediction is a sample of its law, whose members stand in columns of their own."""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from losscli.loss.declare import Column, Columns, loss
from losscli.loss.domains import Real, VariogramPower
from losscli.losses.similarity import to_size_one
from losscli.numbers.double_double import (
    LN2_HIGH,
    LN2_LOW,
    DoubleDouble,
    exp_pair,
    log_of,
    log_pair,
    over,
    root_of,
    sum_of,
    times,
    total,
)
from losscli.numbers.error_free import two_difference, two_product
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
    aliases=("twcrps_ensemble", "threshold_weighted_crps"),
    homogeneous=1,
    lengths=("threshold",),
    ulps=8.0,
    elicits="members drawn from the law of the label beyond the threshold",
    reference="Gneiting & Ranjan (2011), doi:10.1198/jbes.2010.08110; Allen, Ginsbourger & Ziegel (2023), "
    "doi:10.1137/22M1532184",
    exceptions={"ulps": "the sum over the members rounds once a member"},
)
def tw_crps(
    label: Column,
    pred: Columns,
    *,
    threshold: Real,
    tail: Literal["above", "below"] = "above",
    estimator: Literal["qd", "fair"] = "qd",
) -> Column:
    """CRPS of an ensemble beyond a threshold only, in the unit of the label.

        side = max if tail == "above" else min
        held = [side(f, threshold) for f in pred]
        size = len(pred)
        pairs = size**2 if estimator == "qd" else max(size * (size - 1), 1)
        apart = sum(abs(f - g) for f in held for g in held)
        sum(abs(f - side(label, threshold)) for f in held) / size - apart / (2 * pairs)

    For extremes, such as heavy rain: values on the other side of the threshold count as the threshold, and
    how they differ there does not matter.  To judge forecasts of all rows by it is fair, while to pick the
    rows in which an extreme happened is not.  Beyond the ends of the labels it is `crps_ensemble`.

    Gradient by `pred[j]`:

        size = len(pred)
        pairs = size**2 if estimator == "qd" else max(size * (size - 1), 1)
        held = [max(f, threshold) if tail == "above" else min(f, threshold) for f in pred]
        at = max(label, threshold) if tail == "above" else min(label, threshold)
        (sign(pred[j] - at) / size - sum(sign(pred[j] - f) for f in held) / pairs
            if (pred[j] >= threshold if tail == "above" else pred[j] <= threshold) else 0)

    >>> tw_crps(np.array([0.5]), np.array([[0.0, 1.0, 2.0, 4.0]]), threshold=1.0)
    array([0.375])
    """
    beyond = np.maximum if tail == "above" else np.minimum
    return crps_ensemble(beyond(label, threshold), beyond(pred, threshold), estimator=estimator)


@of_members(
    aliases=("threshold_brier_score", "exceedance_brier"),
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


@of_members(
    aliases=("es_ensemble", "multivariate_crps"),
    members=True,
    homogeneous=1,
    ulps=16.0,
    reference="Gneiting & Raftery (2007), doi:10.1198/016214506000001437",
    exceptions={"ulps": "the sums over columns and pairs of members round once each"},
    sample="sample_data/digits_facts.csv --label 'y_*' --pred 'p_*,c_*'",
)
def energy_score(label: Columns, pred: Columns, *, estimator: Literal["nrg", "fair"] = "nrg") -> Column:
    """CRPS of an ensemble of vectors, in the unit of the labels.

        width = len(label)
        members = [pred[at:at + width] for at in range(0, len(pred), width)]
        size = len(members)
        pairs = size**2 if estimator == "nrg" else max(size * (size - 1), 1)
        far = sum(sqrt(sum((f - y)**2 for f, y in zip(x, label))) for x in members)
        apart = sum(sqrt(sum((f - g)**2 for f, g in zip(x, z))) for x in members for z in members)
        far / size - apart / (2 * pairs)

    The mean distance of the members from the label, less half their mean distance from one another:
    over one label column it is `crps_ensemble`.  A member has a column for each label.  Where names
    begin or end with those of the labels, members are found by the rest: ``u_1,u_2,v_1,v_2`` are
    two members of the labels ``u`` and ``v``.  Else all columns of the first member stand before those of
    the second.  ``estimator=fair`` does not count a member's distance from itself, so that
    ensembles of different sizes compare.  Columns should have one unit.

    No gradient: it would be a column for every member and label.

    >>> label, members = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0, 0.0, 0.0]])
    >>> energy_score(label, members), energy_score(label, members, estimator="fair")
    (array([1.25]), array([0.]))
    """
    width = label.shape[1]
    away = [two_difference(pred[:, at : at + width], label) for at in range(0, pred.shape[1], width)]
    members = [Away.of(*pair) for pair in away]
    size, fair = len(members), estimator == "fair"
    pairs = size * size if not fair else max(size * (size - 1), 1)
    found = np.zeros(len(label))
    # By pairs: how much longer the way from one to the other is by the label.  No term is negative.
    for at, one in enumerate(members):
        for other in members[:at]:
            found += detour(one, other, exactly=fair) / pairs
    for member in members:
        distance = np.ldexp(member.length, member.exponent)
        found += np.where(np.isfinite(distance), 0.0 if fair and size > 1 else distance / pairs, np.inf)
    return found


class Away(NamedTuple):
    """A member less the label, over the power of two that brings its greatest entry below 1."""

    near: Columns
    lost: Columns  # by the rounding of the first
    length: Column
    exponent: Ints

    @classmethod
    def of(cls, near: Columns, lost: Columns) -> Away:
        """The differences (n, K) of one member, ``near`` and what their rounding ``lost``, scaled row by row."""
        unit, exponent = to_size_one(near)
        squares = np.zeros(len(near))
        for x in unit.T:
            squares += x * x
        return cls(unit, np.ldexp(lost, -exponent[:, None]), np.sqrt(squares), exponent)

    def entry(self, at: int) -> DoubleDouble:
        """The difference of each row in one of its K entries, to twice the digits of a double."""
        return self.near[:, at], self.lost[:, at]


def detour(one: Away, other: Away, *, exactly: bool) -> Column:
    """The lengths of two vectors less the distance between them, which may be small beside them.

    It is ``2 * (|a| * |b| + a . b) / (|a| + |b| + |a - b|)``.  With ``exactly`` the first bracket keeps its
    digits where the vectors are all but opposite, by Lagrange's identity.
    """
    places = range(one.near.shape[1])
    greatest = np.maximum(one.exponent, other.exponent)
    by_one, by_other = one.exponent - greatest, other.exponent - greatest
    along, squares = np.zeros(len(greatest)), np.zeros(len(greatest))
    for at in places:
        x, y = one.near[:, at], other.near[:, at]
        along += x * y
        squares += (np.ldexp(x, by_one) - np.ldexp(y, by_other)) ** 2
    sizes = one.length * other.length
    bracket, power = np.maximum(sizes + along, 0.0), np.zeros_like(greatest)
    opposite = along < 0.0
    if exactly and opposite.any():
        turns = [
            total(
                *(part for part in times(one.entry(k), other.entry(j))),
                *(-part for part in times(one.entry(j), other.entry(k))),
            )[0]
            for k in places
            for j in range(k)
        ]
        across, turned = to_size_one(np.stack([*turns, np.zeros(len(greatest))], axis=1))
        area = np.zeros(len(greatest))
        for turn in across.T:
            area += turn * turn
        bracket = np.where(opposite, area / np.where(opposite, sizes - along, 1.0), bracket)
        power = np.where(opposite, 2 * turned, 0)
    way = np.ldexp(one.length, by_one) + np.ldexp(other.length, by_other) + np.sqrt(squares)
    share = 2.0 * bracket / np.where(way > 0.0, way, 1.0)
    found: Column = np.ldexp(share, np.minimum(one.exponent, other.exponent) + power)
    return found


@of_members(
    aliases=("vs_ensemble",),
    members=True,
    ulps=8.0,
    reference="Scheuerer & Hamill (2015), doi:10.1175/MWR-D-14-00269.1",
    exceptions={"ulps": "the sums over columns and members round once each"},
    sample="sample_data/digits_facts.csv --label 'y_*' --pred 'p_*,c_*'",
)
def variogram_score(label: Columns, pred: Columns, *, p: VariogramPower = 0.5) -> Column:
    """How far members of vectors differ between columns as the label does.

        width = len(label)
        members = [pred[at:at + width] for at in range(0, len(pred), width)]
        places = [(i, j) for i in range(width) for j in range(width)]
        apart = [(abs(label[i] - label[j])**p, [abs(x[i] - x[j])**p for x in members]) for i, j in places]
        sum((own - sum(theirs) / len(theirs))**2 for own, theirs in apart)

    The squared gaps between the distances of any two columns of the label, to the power ``p``, and the
    mean of such distances of the members.  It minds how columns hang together, which `energy_score`
    hardly sees; but not a shift of them all.  A member has a column for each label, as there; of one label
    column it is 0.  Columns should have one unit.

    No gradient: it would be a column for every member and label.

    >>> variogram_score(np.array([[0.0, 1.0]]), np.array([[3.0, 7.0, 0.0, 1.0]]))
    array([0.5])
    """
    width = label.shape[1]
    rows = [label, *(pred[:, at : at + width] for at in range(0, pred.shape[1], width))]
    # Differences of the greatest doubles would overflow.
    down = np.where(np.maximum(np.abs(label).max(axis=1), np.abs(pred).max(axis=1)) > 2.0**1000, 2, 0)
    found = np.zeros(len(label))
    for i in range(width):
        for j in range(i):
            gaps = [two_difference(np.ldexp(x[:, i], -down), np.ldexp(x[:, j], -down)) for x in rows]
            exponent = exponent_of(*(near for near, _ in gaps))
            own, *theirs = (to_power(near, lost, -exponent, p) for near, lost in gaps)
            # Each by itself, so that members that are the label leave nothing.
            gaps = [sum_of(other, (-own[0], -own[1])) for other in theirs]
            gap = sum_of(*gaps)[0] / len(gaps)
            # The whole part of the power of two, and what remains of it.
            power, lost = two_product(2.0 * p, (exponent + down).astype(np.float64))
            whole = np.floor(power)
            square = 2.0 * gap * gap * np.exp2((power - whole) + lost)
            found += np.ldexp(square, whole.astype(np.int64))
    return found


def to_power(near: Column, lost: Column, exponent: Ints, p: float) -> DoubleDouble:
    """The size of a number, in units of a power of two, to a power."""
    size = np.ldexp(np.abs(near), exponent), np.ldexp(np.where(near < 0.0, -lost, lost), exponent)
    if p == 0.5:
        return root_of(size)
    if p == 1.0:
        return size
    if p == 2.0:
        return times(size, size)
    positive = size[0] > 0.0
    logs = log_of((np.where(positive, size[0], 1.0), np.where(positive, size[1], 0.0)))
    found = exp_pair(*times((np.full_like(near, p), np.zeros_like(near)), logs))
    return np.where(positive, found[0], 0.0), np.where(positive, found[1], 0.0)


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
