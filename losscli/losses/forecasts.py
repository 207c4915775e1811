"""Losses of forecasts relative to the errors of another forecast, or to a scale made of them; their task is `relative`."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Finished, Times, Undefined, loss
from losscli.loss.domains import Count
from losscli.loss.elicits import MEAN, MEDIAN
from losscli.losses.extra_columns import SCALE, loss_against_baseline, scaled_loss
from losscli.losses.moments import moment_loss, root_mean_square
from losscli.losses.regression import HYNDMAN
from losscli.losses.relative import M4, smape
from losscli.losses.stable import error_in, exp_fraction, halves, log_parts, product, sqrt_fraction
from losscli.numbers.exact import ExactSum
from losscli.numbers.sums import Moments
from losscli.numbers.values import Values
from losscli.table.block import Mask
from losscli.text import plural

M5_ACCURACY = "Makridakis, Spiliotis & Assimakopoulos (2022), doi:10.1016/j.ijforecast.2021.07.007"
A_LABEL = "a value that a label has exactly"

in_units_of_scale = partial(scaled_loss, task="relative")
against_baseline = partial(loss_against_baseline, task="relative")


@in_units_of_scale(aliases=("mean_absolute_scaled_error",), homogeneous=0, elicits=MEDIAN, reference=HYNDMAN)
def mase(label: Column, pred: Column, scale: Column) -> Column:
    """Mean absolute error in units of the naive forecast's in training.

        abs(pred - label) / scale

    Below 1 the forecast beats the naive one, which repeats the value of one season before.  Its mean
    absolute error on the training part of the series comes from a file, ``train=FILE,season=12``, with
    the series told apart by ``--group`` and put in order by ``--time``; or ``scale`` names a column
    that holds it in each row.

    Gradient by `pred`:

        sign(pred - label) / scale

    >>> mase(np.array([1.0, 2.0]), np.array([2.0, 2.0]), np.array([0.5, 0.5]))
    array([2., 0.])
    """
    error = error_in(scale, label, pred)
    return np.abs(error, out=error)


@in_units_of_scale(
    aliases=("mean_squared_scaled_error",), trained="squared", elicits=MEAN, reference=M5_ACCURACY
)
def msse(label: Column, pred: Column, scale: Column) -> Column:
    """Mean squared error in units of the naive forecast's in training.

        (pred - label)**2 / scale

    Below 1 the forecast beats the naive one.  The mean *squared* error of the seasonal naive forecast
    on the series' training part comes from ``train=FILE,season=12`` as for `mase`, or from the column
    ``scale``.

    Gradient by `pred`:

        2 * (pred - label) / scale

    >>> msse(np.array([1.0, 2.0]), np.array([2.0, 2.0]), np.array([0.5, 0.5]))
    array([2., 0.])
    """
    error = np.abs(pred - label)
    far = np.isinf(error)
    error[far] = halves(label[far], pred[far])
    # Neither the square nor the quotient need fit a double.
    scaled = product(error, error, over=scale)
    scaled[far] *= 4.0
    return scaled


def scaled_errors(label: Column, pred: Column, scale: Column) -> tuple[Column, Column]:
    """The error over the root of the scale, twice: the moments of it with itself hold its exact square."""
    error = error_in(np.sqrt(scale), label, pred)
    return error, error


@in_units_of_scale(
    of=scaled_errors,
    trained="squared",
    aliases=("root_mean_squared_scaled_error",),
    state="moments",
    elicits=MEAN,
    reference=M5_ACCURACY,
    exceptions={"range": "not defined where the scaled error of a row exceeds the greatest double"},
)
def rmsse(moments: Moments) -> Finished:
    """Root of the mean squared error in units of the naive forecast's.

        sqrt(sum(w * (f - y)**2 / s for y, f, s, w in rows) / sum(weight))

    The root of `msse` over all rows.  The M5 competition takes the root series by series and then the
    mean over series, which ``--group`` does; ``--group-weight`` weighs the series, as its WRMSSE.

    >>> rows = scaled_errors(np.array([0.0]), np.array([3.0]), np.array([4.0]))
    >>> rmsse(Moments.of(rows, None))
    Fraction(3, 2)
    """
    return root_mean_square(moments, "scaled")


def errors(label: Column, pred: Column, baseline: Column) -> tuple[Column, Column, Column, Column]:
    """The greater and the lesser of label and prediction, and of label and baseline."""
    return (
        np.maximum(label, pred), np.minimum(label, pred),
        np.maximum(label, baseline), np.minimum(label, baseline),
    )  # fmt: skip


@against_baseline(
    of=errors,
    aliases=("relative_mae", "relative_mean_absolute_error"),
    averages=("macro", "none"),
    elicits=MEDIAN,
    reference=HYNDMAN,
)
def rmae(high: Fraction, low: Fraction, naive_high: Fraction, naive_low: Fraction) -> Finished:
    """Mean absolute error over that of a baseline, without unit.

        mine = sum(w * abs(f - y) for y, f, b, w in rows)
        mine / sum(w * abs(b - y) for y, f, b, w in rows)

    Below 1 the predictions beat the baseline, whose column ``baseline`` names.  One less it is
    `skill:of=mae`.  It is a quotient of totals; `mrae` is the mean of the quotients of the rows.

    >>> rmae(Fraction(3), Fraction(2), Fraction(4), Fraction(2))
    Fraction(1, 2)
    """
    if naive_high == naive_low:
        return Undefined("the baseline is perfect: its error is 0")
    return (high - low) / (naive_high - naive_low)


def baselines_that_count(
    label: Column, pred: Column, baseline: Column, *, zero: str, **_: object
) -> Mask | None:
    """The rows that count: all but those with a perfect baseline under ``zero=skip``."""
    return label != baseline if zero == "skip" else None


@against_baseline(
    aliases=("mean_relative_absolute_error",),
    best=None,
    homogeneous=0,
    keeps=baselines_that_count,
    skips="perfect_baseline",
    elicits="near the median, drawn to where the baseline is good",
    reference=HYNDMAN,
)
def mrae(label: Column, pred: Column, baseline: Column, *, zero: Literal["inf", "skip"] = "inf") -> Column:
    """Mean of the absolute errors, each over the baseline's in its row.

        abs(pred - label) / abs(baseline - label) if baseline != label else inf

    Below 1 the predictions beat the baseline, whose column ``baseline`` names.  A row in which the
    baseline is nearly right rules it: `rmae` is calmer.  Where it is exactly right the quotient has no
    value, and the mean is infinite; ``zero=skip`` leaves such rows out and counts them.

    Gradient by `pred`:

        sign(pred - label) / abs(baseline - label) if baseline != label else 0

    >>> mrae(np.array([0.0, 0.0]), np.array([1.0, 0.0]), np.array([2.0, 3.0]))
    array([0.5, 0. ])
    """
    error, naive = np.abs(pred - label), np.abs(baseline - label)
    perfect = naive == 0.0
    # An infinite error of the baseline makes the quotient NaN, and the row is measured on quarters.
    quotient = error / np.where(perfect, 1.0, naive) + 0.0 * naive
    quotient[perfect] = np.inf
    return quotient


def log_error(
    label: Column, pred: Column, *, zero: Literal["count", "skip"] = "count"
) -> tuple[Column, Column, Column]:
    """The absolute error as a power of two times a number near 1: its power and log; whether it is 0."""
    error = np.abs(pred - label)
    far = np.isinf(error)
    error[far] = halves(label[far], pred[far])
    hit = error == 0.0
    power, log = log_parts(np.where(hit, 1.0, error))
    return power + far, log, hit.astype(np.float64)


def log_errors(
    label: Column, pred: Column, baseline: Column, *, zero: Literal["count", "skip"] = "count"
) -> tuple[Column, Column, Column, Column]:
    """As `log_error`, less that of the baseline, and whether the baseline's is 0."""
    power, log, hit = log_error(label, pred)
    less_power, less_log, naive_hit = log_error(label, baseline)
    return power - less_power, log - less_log, hit, naive_hit


def misses(label: Column, pred: Column, *, zero: str, **_: object) -> Mask | None:
    """The rows that count: all but those without an error under ``zero=skip``."""
    return label != pred if zero == "skip" else None


def both_miss(label: Column, pred: Column, baseline: Column, *, zero: str, **_: object) -> Mask | None:
    """The rows that count: all but those in which either has no error under ``zero=skip``."""
    return (label != pred) & (label != baseline) if zero == "skip" else None


PERFECT_BASELINE = "the baseline is perfect in a row: the quotient of the errors has no value"

geometric_loss = partial(
    loss, task="relative", of=log_error, keeps=misses, skips="zero_error", elicits=A_LABEL
)
geometric_quotient = partial(
    against_baseline,
    of=log_errors,
    keeps=both_miss,
    skips="zero_error",
    best=None,
    elicits=A_LABEL,
)


@geometric_loss(aliases=("geometric_mean_absolute_error",), reference=HYNDMAN)
def gmae(power: Fraction, log_rest: Fraction, hits: Fraction) -> Finished:
    """Geometric mean of the absolute errors, in the unit of the label.

        kept = [(y, f, w) for y, f, w in rows if w > 0 and (zero == "count" or f != y)]
        exp(sum(w * log(abs(f - y)) for y, f, w in kept) / sum(w for y, f, w in kept))

    Wild rows have little say.  But so small an error as happens to be 0 makes the whole 0, by
    definition: ``zero=skip`` leaves such rows out and counts them.  Nothing is added to the errors.

    >>> float(gmae(Fraction(3, 2), Fraction(0), Fraction(0)))
    2.8284271247461903
    """
    return Fraction(0) if hits else exp_fraction(power, log_rest)


@geometric_loss(
    aliases=("geometric_mean_squared_error",),
    reference="sktime, performance_metrics.forecasting.GeometricMeanSquaredError",
)
def gmse(power: Fraction, log_rest: Fraction, hits: Fraction) -> Finished:
    """Geometric mean of the squared errors, in the squared unit of the label.

        kept = [(y, f, w) for y, f, w in rows if w > 0 and (zero == "count" or f != y)]
        exp(sum(w * log((f - y)**2) for y, f, w in kept) / sum(w for y, f, w in kept))

    The square of `gmae`, which ranks models alike and has the label's unit.

    >>> float(gmse(Fraction(3, 2), Fraction(0), Fraction(0)))
    8.0
    """
    return Fraction(0) if hits else exp_fraction(2 * power, 2 * log_rest)


@geometric_quotient(
    aliases=("geometric_mean_relative_absolute_error",),
    reference="Armstrong & Collopy (1992), doi:10.1016/0169-2070(92)90008-W",
)
def gmrae(power: Fraction, log_rest: Fraction, hits: Fraction, naive_hits: Fraction) -> Finished:
    """Geometric mean of the errors over those of a baseline, without unit.

        some = [(f - y, b - y, w) for y, f, b, w in rows if w > 0]
        kept = [(e, d, w) for e, d, w in some if zero == "count" or (e != 0 and d != 0)]
        logs = sum(w * log(abs(e / d)) if d != 0 else inf for e, d, w in kept)
        exp(logs / sum(w for e, d, w in kept))

    Below 1 the predictions beat the baseline, whose column ``baseline`` names; half as good in one row
    and twice as good in another make 1.  An error of exactly 0 makes the whole 0, one of the baseline
    leaves it without a value: ``zero=skip`` leaves both kinds of rows out and counts them.

    >>> float(gmrae(Fraction(-1), Fraction(0), Fraction(0), Fraction(0)))
    0.5
    """
    if naive_hits:
        return Undefined(PERFECT_BASELINE)
    return Fraction(0) if hits else exp_fraction(power, log_rest)


@geometric_quotient(
    aliases=("geometric_mean_relative_squared_error",),
    reference="sktime, performance_metrics.forecasting.GeometricMeanRelativeSquaredError",
)
def gmrse(power: Fraction, log_rest: Fraction, hits: Fraction, naive_hits: Fraction) -> Finished:
    """Geometric mean of the squared errors over those of a baseline.

        some = [(f - y, b - y, w) for y, f, b, w in rows if w > 0]
        kept = [(e, d, w) for e, d, w in some if zero == "count" or (e != 0 and d != 0)]
        logs = sum(w * log((e / d)**2) if d != 0 else inf for e, d, w in kept)
        exp(logs / sum(w for e, d, w in kept))

    The square of `gmrae`, which ranks models alike.

    >>> float(gmrse(Fraction(-1), Fraction(0), Fraction(0), Fraction(0)))
    0.25
    """
    if naive_hits:
        return Undefined(PERFECT_BASELINE)
    return Fraction(0) if hits else exp_fraction(2 * power, 2 * log_rest)


@moment_loss(
    task="relative",
    aliases=("theil_inequality",),
    averages=("macro", "none"),
    elicits="near the mean, drawn to large values",
    reference="Theil (1961), Economic Forecasts and Policy, 2nd ed., ch. 2",
)
def theil_u1(moments: Moments) -> Finished:
    """Root mean squared error over the sizes of both sides, from 0 to 1.

        n = sum(weight)
        size = sqrt(sum(w * y**2 for y, f, w in rows) / n) + sqrt(sum(w * f**2 for y, f, w in rows) / n)
        sqrt(sum(w * (f - y)**2 for y, f, w in rows) / n) / size

    Bounded and without unit: 1 is reached by predictions of the opposite sign.  A large prediction
    makes its own excuse in the denominator, so it does not rank models well.

    >>> theil_u1(Moments.of([np.array([3.0, 4.0]), np.array([-3.0, -4.0])], None))
    Fraction(1, 1)
    """
    yy, ff = moments.yy.fraction, moments.ff.fraction
    if yy == ff == 0:
        return Undefined("all labels and predictions are 0")
    whole = sqrt_fraction(yy) + sqrt_fraction(ff)
    return sqrt_fraction(moments.squared_error) / whole


def in_time(label: Column, pred: Column, time: Times) -> tuple[Column, Column, Column]:
    """The columns as they are: the errors of a forecast that repeats the past are worked out when all is read."""
    return time, label, pred


@loss(
    task="relative",
    of=in_time,
    state="values",
    averages=("macro", "none"),
    elicits=MEAN,
    reference="Theil (1966), Applied Economic Forecasting, ch. 2",
    sample="sample_data/sales.csv --pred pred --group store --time month",
    exceptions={
        "pickle": "what is worked out from the order of rows keeps every row, and is not saved",
        "weights": "a series has one value a time, so that no row stands there twice",
        "range": "not defined where an error exceeds the greatest double",
    },
)
def theil_u2(rows: Values, *, season: Count = 1) -> Finished:
    """Root mean squared error over that of repeating the last season.

        series = sorted((t, y, f, w) for y, f, t, w in rows if w > 0)
        mine = sum(w * (f - y)**2 for t, y, f, w in series) / sum(w for t, y, f, w in series)
        pairs = [(b, a) for a, b in zip(series, series[season:])]
        naive = sum(b[3] * (b[1] - a[1])**2 for b, a in pairs) / sum(b[3] for b, a in pairs)
        sqrt(mine / naive)

    Below 1 the forecasts beat the naive one over the same part of the series, whose first ``season``
    rows have none.  ``--time`` names the time of each row, ``--group`` the series.  A file that holds the
    training part has the better yardstick: `rmsse`.

    >>> at, label, pred = np.array([2.0, 1.0, 3.0]), np.array([4.0, 2.0, 6.0]), np.array([5.0, 2.0, 6.0])
    >>> round(float(theil_u2(Values.of([at, label, pred], None))), 6)
    0.288675
    """
    ((time, label, pred), weight), _ = rows.by_group(1)
    order = np.argsort(time, kind="stable")
    time, label, pred = time[order], label[order], pred[order]
    weight = np.ones(len(time)) if weight is None else weight[order]
    if (time[1:] == time[:-1]).any():
        return Undefined("two rows have the same time; `--group` tells series apart")
    if len(time) <= season:
        return Undefined(f"{plural(len(time), 'row is', 'rows are')} too few for a season of {season}")
    with np.errstate(over="ignore"):
        mine, naive = pred - label, label[season:] - label[:-season]
    later = np.ascontiguousarray(weight[season:])
    squares = [ExactSum.of_triples(w, e, e) for w, e in ((weight, mine), (later, naive))]
    if not all(square.finite for square in squares):
        return Undefined("an error exceeds the largest double")
    if not squares[1].units:
        return Undefined("the naive forecast is never wrong")
    means = [s.fraction / ExactSum.of(w).fraction for s, w in zip(squares, (weight, later), strict=True)]
    return sqrt_fraction(means[0] / means[1])


def against_naive(
    label: Column, pred: Column, baseline: Column, scale: Column
) -> tuple[Column, Column, Column, Column]:
    """Symmetric and scaled errors of the prediction, and of the baseline."""
    errors = []
    for forecast in (pred, baseline):
        # Quarters of the greatest doubles have a sum.
        factor = np.where(np.maximum(np.abs(label), np.abs(forecast)) > 1e300, 0.25, 1.0)
        errors += [smape(label * factor, forecast * factor), mase(label, forecast, scale)]
    return errors[0], errors[1], errors[2], errors[3]


@in_units_of_scale(
    of=against_naive,
    aliases=("overall_weighted_average",),
    averages=("macro", "none"),
    columns={"baseline": ("baseline", "naive2", "naive", "reference"), **SCALE},
    elicits="near the median",
    reference=M4,
    exceptions={"range": "infinite where a scaled error is, as `mase` says"},
)
def owa(symmetric: Fraction, scaled: Fraction, naive_symmetric: Fraction, naive_scaled: Fraction) -> Finished:
    """Mean of sMAPE and MASE, each over that of a baseline, as in M4.

        mine = sum(w * (2 * abs(f - y) / (abs(f) + abs(y)) if f != y else 0) for y, f, b, s, w in rows)
        naive = sum(w * (2 * abs(b - y) / (abs(b) + abs(y)) if b != y else 0) for y, f, b, s, w in rows)
        scaled = sum(w * abs(f - y) / s for y, f, b, s, w in rows)
        (mine / naive + scaled / sum(w * abs(b - y) / s for y, f, b, s, w in rows)) / 2

    Below 1 the forecast beats the baseline, in M4 the naive forecast of the series without its season.
    ``baseline`` names the column of that; ``train`` or ``scale`` give the scale of `mase`.  Means are
    taken over rows, in M4 over series: with series of one length the two are the same.

    >>> owa(Fraction(1), Fraction(1), Fraction(2), Fraction(1))
    Fraction(3, 4)
    """
    if naive_scaled == 0 or naive_symmetric == 0:
        return Undefined("the baseline is perfect: its error is 0")
    return (symmetric / naive_symmetric + scaled / naive_scaled) / 2
