"""Losses of predicted quantiles and intervals."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from losscli.loss.declare import Column, Columns, Finished, Undefined, loss
from losscli.loss.domains import LOWER_END, POSITIVE, UPPER_END, OneOrTwo, OpenUnit
from losscli.loss.elicits import CENTRAL_INTERVAL, QUANTILE, QUANTILES
from losscli.loss.params import Levels
from losscli.losses.extra_columns import SCALE, scaled_loss
from losscli.losses.stable import product

QUANTILES_SAMPLE = "sample_data/diabetes_quantiles.csv --pred 'q_*'"
# In one row of the sample the quantiles cross, which is refused.
INTERVAL_SAMPLE = "sample_data/diabetes_quantiles.csv --pred lower=q_0.1,upper=q_0.9 --where 'id != 58'"
ENDS = {"lower": LOWER_END, "upper": UPPER_END}
LEVEL_BY_LEVEL = {"ulps": "the sum over the levels rounds once a level"}
KOENKER = "Koenker & Bassett (1978), doi:10.2307/1913643"
KHOSRAVI = "Khosravi, Nahavandi, Creighton & Atiya (2011), doi:10.1109/TNN.2010.2096824"
M5_UNCERTAINTY = "Makridakis, Spiliotis & Assimakopoulos (2022), doi:10.1016/j.ijforecast.2021.10.009"

of_levels = partial(loss, elicits=QUANTILES, ulps=8.0, exceptions=LEVEL_BY_LEVEL, sample=QUANTILES_SAMPLE)
of_interval = partial(loss, domains=ENDS, relations=(("lower", "upper"),), sample=INTERVAL_SAMPLE)


def check_of_quantile(label: Column, pred: Column, quantile: float) -> Column:
    """The pinball loss: what falls short costs ``quantile``, what goes beyond the rest of 1."""
    short = label - pred
    # The sign chooses the factor, since a product that vanishes must not come out as -0.
    factor = np.where(short >= 0.0, quantile, 1.0 - quantile)
    return np.multiply(np.abs(short), factor, out=factor)


def mean_check(label: Column, pred: Columns, levels: Levels, parts: float) -> Column:
    """The sum of the pinball losses of all levels, over ``parts``."""
    total = np.zeros(len(label))
    for level, quantile in zip(levels, pred.T, strict=True):
        short = label - quantile
        # Divided before they are added: the sum may lie beyond the greatest double, not the mean.
        total += np.abs(short) * np.where(short >= 0.0, level / parts, (1.0 - level) / parts)
    return total


@loss(
    main="quantile",
    aliases=("quantile_loss", "mean_pinball_loss", "quantile_score", "quantile@quantile"),
    homogeneous=1,
    elicits=QUANTILE,
    reference=KOENKER,
)
def pinball(label: Column, pred: Column, *, quantile: OpenUnit = 0.5, factor: OneOrTwo = 1) -> Column:
    """Error of a predicted quantile, in the unit of the label.

        e = label - pred
        factor * (quantile * e if e >= 0 else (quantile - 1) * e)

    A forecast of the 0.9 quantile should be exceeded by one label in ten; this loss is least when
    it is.  At ``quantile=0.5`` it is half the absolute error; ``factor=2`` is the convention of
    GluonTS, which makes that the absolute error.  For several quantiles at once see `mean_pinball`.

    Gradient by `pred`:

        e = label - pred
        factor * (-quantile if e >= 0 else 1 - quantile)

    >>> pinball(np.array([10.0, 10.0]), np.array([8.0, 12.0]), quantile=0.9)
    array([1.8, 0.2])
    """
    error = check_of_quantile(label, pred, quantile)
    return error * 2.0 if factor == 2 else error


@of_levels(aliases=("mqloss", "mql", "multi_quantile"), homogeneous=1, reference=KOENKER)
def mean_pinball(label: Column, pred: Columns, *, levels: Levels, factor: OneOrTwo = 1) -> Column:
    """Mean pinball loss of several predicted quantiles, in the label's unit.

        checks = [max(q * (label - f), (q - 1) * (label - f)) for q, f in zip(levels, pred)]
        factor * sum(checks) / len(levels)

    The levels come from the names of the columns: `q_0.1,q_0.5,q_0.9`.  With many even levels twice
    this, `crps_quantile`, comes near the CRPS; divided by the size of the labels it is `wql`.

    Gradient by `pred[j]`:

        factor * (-levels[j] if levels[j] * (label - pred[j]) > (levels[j] - 1) * (label - pred[j])
            else 1 - levels[j]) / len(levels)

    >>> mean_pinball(np.array([10.0]), np.array([[8.0, 12.0]]), levels=(0.1, 0.9))
    array([0.2])
    """
    return mean_check(label, pred, levels, len(levels) / factor)


@of_levels(
    aliases=("crps_from_quantiles",),
    homogeneous=1,
    reference="Gneiting & Ranjan (2011), doi:10.1198/jbes.2010.08110",
)
def crps_quantile(label: Column, pred: Columns, *, levels: Levels) -> Column:
    """CRPS as seen through predicted quantiles: twice their mean pinball loss.

        2 * sum(max(q * (label - f), (q - 1) * (label - f)) for q, f in zip(levels, pred)) / len(levels)

    In the unit of the label, and the absolute error where all quantiles are one number.  It comes
    near the CRPS of the whole distribution when the levels are many and evenly spread; with few, it
    sees only those, and values of different sets of levels do not compare.

    Gradient by `pred[j]`:

        2 * (-levels[j] if levels[j] * (label - pred[j]) > (levels[j] - 1) * (label - pred[j])
            else 1 - levels[j]) / len(levels)

    >>> crps_quantile(np.array([10.0]), np.array([[8.0, 12.0]]), levels=(0.1, 0.9))
    array([0.4])
    """
    return mean_check(label, pred, levels, len(levels) / 2.0)


def not_in_pairs(levels: Levels) -> str | None:
    """What levels of central intervals and a median must be, where these are not."""
    pairs = all(abs(low + high - 1.0) < 1e-9 for low, high in zip(levels, reversed(levels), strict=True))
    distinct = len(set(levels)) == len(levels)
    return (
        None
        if pairs and distinct and len(levels) % 2
        else "a median, and the other levels in pairs around it"
    )


@of_levels(
    aliases=("weighted_interval_score",),
    homogeneous=1,
    refuses_levels=not_in_pairs,
    reference="Bracher, Ray, Gneiting & Reich (2021), doi:10.1371/journal.pcbi.1008618",
)
def wis(label: Column, pred: Columns, *, levels: Levels) -> Column:
    """Weighted score of a median and central intervals, in the label's unit.

        k = len(levels) // 2
        median = abs(label - pred[k]) / 2
        intervals = [(2 * levels[i], pred[i], pred[-1 - i]) for i in range(k)]
        fines = [max(l - label, 0) + max(label - u, 0) for a, l, u in intervals]
        scores = [u - l + 2 / a * fine for (a, l, u), fine in zip(intervals, fines)]
        (median + sum(a / 2 * score for (a, l, u), score in zip(intervals, scores))) / (k + 0.5)

    The interval scores of all central intervals, each weighed by half of what it leaves out, and half
    the error of the median.  It is twice the mean pinball loss of the 2k + 1 levels, so it rewards
    what that rewards; epidemic forecasts are compared by it.  Levels stand in pairs around 0.5.

    No gradient: a loop over `intervals` is not differentiated.

    >>> wis(np.array([10.0]), np.array([[8.0, 10.0, 11.0]]), levels=(0.25, 0.5, 0.75))
    array([0.5])
    """
    # By pinball losses, whose terms are never negative: the widths of crossed intervals would cancel.
    places = len(levels) // 2
    parts = places + 0.5
    total = np.abs(label - pred[:, places]) * (0.5 / parts)
    for place, level in enumerate(levels[:places]):
        near, far = level / parts, (1.0 - level) / parts
        below = label - pred[:, place]
        above = pred[:, -1 - place] - label
        total += np.abs(below) * np.where(below >= 0.0, near, far)
        total += np.abs(above) * np.where(above >= 0.0, near, far)
    return total


def checks_and_sizes(label: Column, pred: Columns, *, levels: Levels) -> tuple[Column, Column]:
    """The mean pinball loss and the absolute label of each row."""
    return mean_check(label, pred, levels, float(len(levels))), np.abs(label)


@of_levels(
    of=checks_and_sizes,
    aliases=("weighted_quantile_loss", "mean_wquantileloss", "mean_weighted_quantile_loss"),
    averages=("macro", "none"),
    reference="Salinas, Flunkert, Gasthaus & Januschowski (2020), doi:10.1016/j.ijforecast.2019.07.001",
    exceptions=LEVEL_BY_LEVEL | {"range": "an error beyond the greatest double cannot be summed"},
)
def wql(check: Fraction, size: Fraction) -> Finished:
    """Twice the pinball losses of all levels over the absolute labels.

        levels_of = [sum(max(q * (y - f[i]), (q - 1) * (y - f[i])) * w for y, f, w in rows)
                     for i, q in enumerate(levels)]
        2 * sum(levels_of) / len(levels) / sum(w * abs(y) for y, f, w in rows)

    The mean over the levels, as a fraction of the total: for the median alone it is `wape`.  Rows with
    a zero label count as any other.  GluonTS calls it mean_weighted_sum_quantile_loss.

    >>> wql(Fraction(1), Fraction(10))
    Fraction(1, 5)
    """
    if size == 0:
        return Undefined("all labels are 0")
    return 2 * check / size


@of_interval(
    main="level",
    aliases=("winkler", "winkler_score"),
    homogeneous=1,
    elicits=CENTRAL_INTERVAL,
    reference="Gneiting & Raftery (2007), doi:10.1198/016214506000001437",
)
def interval_score(label: Column, lower: Column, upper: Column, *, level: OpenUnit = 0.9) -> Column:
    """Width of a predicted interval, and a fine for each label that it misses.

        a = 1 - level
        below = 2 / a * (lower - label) if label < lower else 0
        above = 2 / a * (label - upper) if label > upper else 0
        (upper - lower) + below + above

    Narrow intervals that hold the label are good; the fine makes it best to leave out ``1 - level``
    of the labels, half of them on each side.  A label on an end is no miss.

    Gradient by `lower`:

        a = 1 - level
        (2 / a if label < lower else 0) - 1

    Gradient by `upper`:

        a = 1 - level
        1 + (-2 / a if label > upper else 0)

    >>> interval_score(np.array([5.0, 12.0]), np.array([4.0, 4.0]), np.array([8.0, 8.0]), level=0.5)
    array([ 4., 20.])
    """
    fine = 2.0 / (1.0 - level)
    below = np.maximum(lower - label, 0.0)
    above = np.maximum(label - upper, 0.0)
    return (upper - lower + 0.0) + fine * below + fine * above  # no -0


@of_interval(
    main="level",
    aliases=("mean_scaled_interval_score",),
    columns=SCALE,
    domains=ENDS | {"scale": POSITIVE},
    trained="absolute",
    homogeneous=0,
    ulps=5.0,
    elicits=CENTRAL_INTERVAL,
    reference="Makridakis, Spiliotis & Assimakopoulos (2020), doi:10.1016/j.ijforecast.2019.04.014",
    exceptions={"ulps": "a division more than the interval score has"},
    sample=f"{INTERVAL_SAMPLE} --loss msis:scale=q_0.5",
)
def msis(label: Column, lower: Column, upper: Column, scale: Column, *, level: OpenUnit = 0.95) -> Column:
    """Interval score in units of the naive forecast's training error.

        a = 1 - level
        below = 2 / a * (lower - label) if label < lower else 0
        above = 2 / a * (label - upper) if label > upper else 0
        ((upper - lower) + below + above) / scale

    Makes intervals of series of different size comparable, as `mase` does for points.  ``scale`` names
    the column that holds, for each row, the mean absolute error of the seasonal naive forecast on
    its series' training part.

    Gradient by `lower`:

        a = 1 - level
        ((2 / a if label < lower else 0) - 1) / scale

    Gradient by `upper`:

        a = 1 - level
        (1 + (-2 / a if label > upper else 0)) / scale

    >>> msis(np.array([5.0]), np.array([4.0]), np.array([8.0]), np.array([2.0]))
    array([2.])
    """
    fine = 2.0 / (1.0 - level)
    below = product(np.maximum(lower - label, 0.0), fine, over=scale)
    above = product(np.maximum(label - upper, 0.0), fine, over=scale)
    return (upper - lower + 0.0) / scale + below + above  # no -0


@scaled_loss(
    main="quantile",
    aliases=("scaled_quantile_loss", "spl", "sql", "scaled_mqloss"),
    homogeneous=0,
    elicits=QUANTILE,
    reference=M5_UNCERTAINTY,
    sample="sample_data/diabetes_quantiles.csv --pred q_0.9 --loss scaled_pinball:quantile=0.9,scale=q_0.5",
)
def scaled_pinball(label: Column, pred: Column, scale: Column, *, quantile: OpenUnit = 0.5) -> Column:
    """Pinball loss in units of the naive forecast's training error.

        e = label - pred
        (quantile * e if e >= 0 else (quantile - 1) * e) / scale

    Makes quantiles of series of different size comparable.  ``scale`` names the column that holds,
    for each row, the mean absolute error of the seasonal naive forecast on its series' training part;
    the M5 competition takes the mean over series of this.

    Gradient by `pred`:

        e = label - pred
        (-quantile if e >= 0 else 1 - quantile) / scale

    >>> scaled_pinball(np.array([10.0]), np.array([8.0]), np.array([4.0]))
    array([0.25])
    """
    short = label - pred
    return product(np.abs(short), np.where(short >= 0.0, quantile, 1.0 - quantile), over=scale)


@of_levels(
    name="scaled_pinball",
    columns=SCALE,
    domains={"scale": POSITIVE},
    homogeneous=0,
    reference=M5_UNCERTAINTY,
    sample=f"{QUANTILES_SAMPLE} --loss scaled_pinball:scale=q_0.5",
)
def scaled_pinball_of_levels(label: Column, pred: Columns, scale: Column, *, levels: Levels) -> Column:
    """Mean scaled pinball loss of several predicted quantiles.

        checks = [max(q * (label - f), (q - 1) * (label - f)) for q, f in zip(levels, pred)]
        sum(checks) / len(levels) / scale

    The levels come from the names of the columns, the scale from its own column.

    Gradient by `pred[j]`:

        (-levels[j] if levels[j] * (label - pred[j]) > (levels[j] - 1) * (label - pred[j])
            else 1 - levels[j]) / (len(levels) * scale)

    >>> scaled_pinball_of_levels(
    ...     np.array([10.0]), np.array([[8.0, 12.0]]), np.array([2.0]), levels=(0.1, 0.9)
    ... )
    array([0.1])
    """
    total = np.zeros(len(label))
    for level, quantile in zip(levels, pred.T, strict=True):
        short = label - quantile
        factor = np.where(short >= 0.0, level / len(levels), (1.0 - level) / len(levels))
        total += product(np.abs(short), factor, over=scale)
    return total


@of_interval(
    aliases=("picp", "empirical_coverage", "prediction_interval_coverage"),
    better="higher",
    best=1.0,
    rate=True,
    elicits="intervals so wide that no label lies outside: read it beside `interval_width`",
    reference=KHOSRAVI,
)
def coverage(label: Column, lower: Column, upper: Column) -> Column:
    """Share of the labels that lie in their predicted interval, ends included.

        1 if lower <= label <= upper else 0

    Intervals of level 0.9 should hold 0.9 of the labels: more is as wrong as less, though a gate can
    only ask for enough.  Alone it rewards wide intervals; `interval_score` weighs both.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> coverage(np.array([5.0, 12.0]), np.array([4.0, 4.0]), np.array([5.0, 8.0]))
    array([1., 0.])
    """
    return ((lower <= label) & (label <= upper)).astype(np.float64)


@of_interval(
    aliases=("mpiw", "sharpness", "mean_interval_width"),
    elicits="intervals of no width, wherever they lie: read it beside `coverage`",
    reference=KHOSRAVI,
)
def interval_width(label: Column, lower: Column, upper: Column) -> Column:
    """Mean width of the predicted intervals, in the unit of the label.

        upper - lower

    Says how sharp the intervals are, and nothing of whether they hold the label: the label is not
    looked at.  Of two models with the same `coverage` the narrower one is better.

    Gradient by `lower`:

        -1

    Gradient by `upper`:

        1

    >>> interval_width(np.array([5.0]), np.array([4.0]), np.array([8.0]))
    array([4.])
    """
    return upper - lower + 0.0  # no -0


@of_interval(
    aliases=("constraint_violation",),
    homogeneous=1,
    elicits="intervals so wide that no label lies outside: read it beside `interval_width`",
    reference=KHOSRAVI,
)
def interval_violation(label: Column, lower: Column, upper: Column) -> Column:
    """Mean distance of the labels from their predicted interval.

        max(lower - label, label - upper, 0)

    How far off the labels are that `coverage` counts as missed, in their unit; 0 inside and on the
    ends.  `interval_score` adds the width of the interval, so that it cannot be had for nothing.

    Gradient by `lower`:

        1 if label < lower else 0

    Gradient by `upper`:

        -1 if label > upper else 0

    >>> interval_violation(np.array([5.0, 12.0]), np.array([4.0, 4.0]), np.array([5.0, 8.0]))
    array([0., 4.])
    """
    return np.maximum(lower - label, label - upper).clip(min=0.0) + 0.0  # no -0


def at_most(label: Column, pred: Columns, *, levels: Levels) -> tuple[Column, ...]:
    """For each level, whether the label is at most the predicted quantile."""
    return tuple((label <= quantile).astype(np.float64) for quantile in pred.T)


@loss(
    of=at_most,
    aliases=("mae_coverage", "coverage_mae"),
    best=None,
    averages=("macro", "none"),
    elicits="quantiles that hold their share of all labels together, however little each row says",
    reference="Gneiting, Balabdaoui & Raftery (2007), doi:10.1111/j.1467-9868.2007.00587.x",
    sample=QUANTILES_SAMPLE,
)
def calib_mae(*shares: Fraction, levels: Levels) -> Finished:
    """Mean distance of the share of labels below each quantile from its level.

        below = [sum(w for y, f, w in rows if y <= f[i]) / sum(weight) for i in range(len(levels))]
        sum(abs(share - q) for share, q in zip(below, levels)) / len(levels)

    Whether one label in ten lies below the predicted 0.1 quantile, over the whole file: calibration
    only.  Quantiles of all labels, the same in every row, reach 0; `mean_pinball` sees the rest.  A
    label that is equal to a quantile counts as below it.

    >>> calib_mae(Fraction(1, 5), Fraction(9, 10), levels=(0.1, 0.9))
    Fraction(1, 20)
    """
    # A level is the decimal number in the column's name, so that 9 labels in 10 are exactly 0.9.
    off = sum(abs(share - Fraction(repr(q))) for share, q in zip(shares, levels, strict=True))
    return Fraction(off) / len(levels)


@loss(
    aliases=("quantile_crossing", "crossing"),
    elicits="quantiles in their order, wherever they lie",
    reference="Chernozhukov, Fernández-Val & Galichon (2010), doi:10.3982/ECTA7880",
    sample=QUANTILES_SAMPLE,
)
def crossing_rate(label: Column, pred: Columns, *, levels: Levels) -> Column:
    """Share of the rows where a higher quantile lies below a lower one.

        1 if any(high < low for low, high in zip(pred, pred[1:])) else 0

    Quantiles that cross belong to no distribution.  The label is not looked at; the order of the
    levels comes from the names of the columns.  Equal quantiles do not cross.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> crossing_rate(np.array([1.0, 1.0]), np.array([[1.0, 2.0], [3.0, 2.0]]), levels=(0.1, 0.9))
    array([0., 1.])
    """
    return np.where((pred[:, 1:] < pred[:, :-1]).any(axis=1), 1.0, 0.0)
