"""Losses relative to the size of the label, to a scale or to the errors of another forecast."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import NONZERO, POSITIVE, REAL, Domain, Positive
from losscli.losses.regression import label_and_pred
from losscli.losses.stable import (
    exp_fraction,
    log_distance,
    log_parts,
    sqrt_fraction,
)
from losscli.numbers.sums import Moments
from losscli.table.block import Mask


def nonzero_labels(*, zero: str, **_: object) -> Mapping[str, Domain]:
    """Zero labels are refused, save where `zero` says what to do with them."""
    return {"label": NONZERO if zero == "error" else REAL}


def labels_that_count(label: Column, pred: Column, *, zero: str, **_: object) -> Mask | None:
    """Which rows count: all, save zero labels under ``zero=skip``."""
    return label != 0.0 if zero == "skip" else None


def ratio_of(part: Column, whole: Column, percent: bool) -> Column:
    """``part / whole``, or 100 times that; infinite where the part is, for another try on quarters."""
    if not percent:
        return part / whole
    # The factor goes to the greater side, where the last digits are: a tiny quotient has few.
    small = part < 1e18
    return np.where(small, part * 100.0 / whole, part / whole * 100.0)


@loss(
    aliases=("mean_absolute_percentage_error",),
    elicits="a median of the labels in which small ones weigh more: it lies low",
    homogeneous=0,
    narrows=nonzero_labels,
    keeps=labels_that_count,
    skips="zero_label",
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
)
def mape(
    label: Column,
    pred: Column,
    *,
    zero: Literal["error", "skip", "inf", "one", "eps"] = "error",
    eps: Positive = 2.220446049250313e-16,
    percent: bool = False,
) -> Column:
    """Mean absolute error relative to the label, as a fraction.

        size = max(abs(label), 1) if zero == "one" else max(abs(label), eps) if zero == "eps" else abs(label)
        (100 if percent else 1) * abs(pred - label) / size if size > 0 else inf

    Reads well where labels are far from zero, and punishes a prediction that is too high more than
    one that is too low.  A zero label has no relative error and is refused; ``zero`` can leave such
    rows out and count them (``skip``), make them infinite (``inf``), or take the conventions of
    LightGBM (``one``) or scikit-learn (``eps``).  With zeros in the labels `mae` says more.

    Gradient by `pred`:

        size = max(abs(label), 1) if zero == "one" else max(abs(label), eps) if zero == "eps"
            else abs(label)
        (100 if percent else 1) * sign(pred - label) / size if size > 0 else 0

    >>> mape(np.array([100.0, 50.0]), np.array([90.0, 60.0]))
    array([0.1, 0.2])
    """
    size = np.abs(label)
    if zero in ("one", "eps"):
        np.maximum(size, 1.0 if zero == "one" else eps, out=size)
    error = pred - label
    np.abs(error, out=error)
    if zero == "inf":
        error[size == 0.0] = np.inf
    return ratio_of(error, size, percent)


@loss(
    aliases=("mean_percentage_error",),
    better="zero",
    elicits="a mean of the labels in which small ones weigh more",
    homogeneous=0,
    narrows=nonzero_labels,
    keeps=labels_that_count,
    skips="zero_label",
    reference="Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, 3rd ed., §5.8",
)
def mpe(
    label: Column,
    pred: Column,
    *,
    sign: Literal["truth_minus_pred", "pred_minus_truth"] = "truth_minus_pred",
    zero: Literal["error", "skip"] = "error",
    percent: bool = False,
) -> Column:
    """Mean error relative to the label, with its sign, as a fraction.

        e = label - pred if sign == "truth_minus_pred" else pred - label
        (100 if percent else 1) * e / label

    A relative bias: above zero the predictions are too small on the whole, which is the sign that the
    field has for it, though not for `bias`.  Errors of both signs cancel, so read it beside `mape`.  A
    zero label is refused, or left out and counted with ``zero=skip``.

    Gradient by `pred`:

        (100 if percent else 1) * (-1 if sign == "truth_minus_pred" else 1) / label

    >>> mpe(np.array([100.0, 50.0]), np.array([90.0, 60.0]))
    array([ 0.1, -0.2])
    """
    error = label - pred if sign == "truth_minus_pred" else pred - label
    size = np.abs(error)
    ratio = np.copysign(ratio_of(size, np.abs(label), percent), error) * np.copysign(1.0, label)
    return ratio + 0.0  # no -0


@loss(
    aliases=("mean_squared_percentage_error",),
    elicits="a mean of the labels in which small ones weigh more: it lies low",
    homogeneous=0,
    narrows=nonzero_labels,
    keeps=labels_that_count,
    skips="zero_label",
    reference="Shcherbakov et al. (2013), A survey of forecast error measures, World Applied Sciences Journal 24",
)
def mspe(label: Column, pred: Column, *, zero: Literal["error", "skip"] = "error") -> Column:
    """Mean squared error relative to the label, as a fraction squared.

        ((pred - label) / label)**2

    As `mape`, with large relative errors dearer: one small label can rule it.  A zero label is
    refused, or left out and counted with ``zero=skip``.  `rmspe` is its root.

    Gradient by `pred`:

        2 * (pred / label - 1) / label

    >>> mspe(np.array([100.0, 50.0]), np.array([90.0, 100.0])).round(6)
    array([0.01, 1.  ])
    """
    error = pred - label
    error /= label
    return np.multiply(error, error, out=error)


def relative_errors(
    label: Column, pred: Column, *, zero: Literal["error", "skip"] = "error"
) -> tuple[Column, Column]:
    """The error relative to the label, twice: the moments of it with itself hold its exact square."""
    ratio = (pred - label) / label
    far = np.isinf(ratio)
    ratio[far] = (0.5 * pred[far] - 0.5 * label[far]) / label[far] * 2.0
    return ratio, ratio


def root_mean_square(moments: Moments, which: str) -> Finished:
    """The root of the exact mean square of the first column, the error that is told by its name."""
    if not moments.yy.finite:
        return Undefined(f"the {which} error of a row exceeds the greatest double")
    return sqrt_fraction(moments.yy.fraction / moments.weight.fraction)


@loss(
    of=relative_errors,
    state="moments",
    aliases=("root_mean_squared_percentage_error",),
    elicits="a mean of the labels in which small ones weigh more: it lies low",
    narrows=nonzero_labels,
    keeps=labels_that_count,
    skips="zero_label",
    exceptions={"range": "not defined where the relative error of a row exceeds the greatest double"},
    reference="Shcherbakov et al. (2013), A survey of forecast error measures, World Applied Sciences Journal 24",
)
def rmspe(moments: Moments, *, percent: bool = False) -> Finished:
    """Root of the mean squared relative error, as a fraction.

        kept = [(y, f, w) for y, f, w in rows if zero == "error" or y != 0]
        mean = sum(w * ((f - y) / y)**2 for y, f, w in kept) / sum(w for y, f, w in kept)
        (100 if percent else 1) * sqrt(mean)

    Ranks models as `mspe` does, and reads as a typical relative error.  `statsmodels` gives ten times
    this fraction under the same name.

    >>> rmspe(Moments.of(relative_errors(np.array([4.0, 8.0]), np.array([3.0, 6.0])), None))
    Fraction(1, 4)
    """
    root = root_mean_square(moments, "relative")
    return 100 * root if percent and isinstance(root, Fraction) else root


def both_zero(label: Column, pred: Column, **_: object) -> Mask | None:
    """Rows in which label and prediction are zero, and the error relative to both is 0/0."""
    both: Mask = (label == 0.0) & (pred == 0.0)
    return both


@loss(
    aliases=("symmetric_mape", "symmetric_mean_absolute_percentage_error"),
    elicits="near a median of the labels in which small ones weigh more",
    homogeneous=0,
    touches={"zero_by_zero": both_zero},
    reference="Makridakis, Spiliotis & Assimakopoulos (2020), doi:10.1016/j.ijforecast.2019.04.014",
)
def smape(label: Column, pred: Column, *, half: bool = False, percent: bool = False) -> Column:
    """Absolute error over the mean size of label and prediction, up to 2.

        size = abs(label) + abs(pred)
        (1 if half else 2) * (100 if percent else 1) * abs(pred - label) / size if size > 0 else 0

    From 0 to 2, which any prediction of the wrong sign reaches; ``half`` gives the form from 0 to 1,
    ``percent`` 100 times it.  It is not symmetric: a prediction that is too low costs more than one as
    much too high.  A prediction of zero for a zero label costs 0, and is counted.

    Gradient by `pred`:

        size = abs(label) + abs(pred)
        (1 if half else 2) * (100 if percent else 1) * sign(pred - label) / size + (-1 if half
            else -2) * (100 if percent else 1) * abs(pred - label) * sign(pred) / size**2 if size > 0 else 0

    >>> smape(np.array([0.0, 1.0]), np.array([0.0, 3.0]))
    array([0., 1.])
    """
    size = np.abs(label) + np.abs(pred)
    error = np.abs(pred - label)
    if not half:
        error *= 2.0
    size = np.where(size == 0.0, 1.0, size)
    # An infinite size makes the quotient NaN, and the row is measured again on quarters.
    return ratio_of(error, size, percent) + 0.0 * size


@loss(
    aliases=("mean_arctangent_absolute_percentage_error",),
    elicits="near a median of the labels in which small ones weigh more",
    homogeneous=0,
    reference="Kim & Kim (2016), doi:10.1016/j.ijforecast.2015.12.003",
)
def maape(label: Column, pred: Column) -> Column:
    """Arctangent of the relative error, in radians, from 0 to π/2.

        error = abs(pred - label)
        atan(error / abs(label)) if label != 0 else pi / 2 if error > 0 else 0

    `mape` for labels that may be zero: near zero it is the relative error, and no row costs more than
    π/2, which any error of a zero label does.

    Gradient by `pred`:

        error = abs(pred - label)
        sign(pred - label) / (abs(label) * (1 + error**2 / abs(label)**2)) if label != 0 else 0

    >>> maape(np.array([100.0, 0.0]), np.array([100.0, 1.0])).round(6)
    array([0.      , 1.570796])
    """
    error = np.abs(pred - label)
    # An infinite error is made NaN, and the row is measured again on quarters.
    return np.arctan2(error, np.abs(label)) + 0.0 * error


@loss(
    label=POSITIVE,
    pred=POSITIVE,
    aliases=("log_accuracy_ratio",),
    elicits="the geometric mean (squared) or the median (absolute)",
    reference="Tofallis (2015), doi:10.1057/jors.2014.103",
)
def log_ratio(label: Column, pred: Column, *, form: Literal["squared", "absolute"] = "squared") -> Column:
    """Squared log of prediction over label, without unit.

        r = log(pred / label)
        r**2 if form == "squared" else abs(r)

    Half as much costs the same as twice as much, so unlike `mape` it does not reward predictions that
    are too low.  For positive amounts only; `msle` adds 1 to both, for those with zeros.

    Gradient by `pred`:

        r = log(pred / label)
        2 * r / pred if form == "squared" else sign(r) / pred

    >>> log_ratio(np.array([1.0, 4.0]), np.array([1.0, 2.0])).round(6)
    array([0.      , 0.480453])
    """
    apart = log_distance(pred, label)
    return apart if form == "absolute" else np.multiply(apart, apart, out=apart)


def sizes(label: Column, pred: Column) -> tuple[Column, Column, Column]:
    """The greater and the lesser of label and prediction, and the absolute label of each row."""
    # |f - y| is max - min: the sums of these are exact, where a difference is rounded or overflows.
    return np.maximum(label, pred), np.minimum(label, pred), np.abs(label)


@loss(
    of=sizes,
    aliases=("wmape", "nd", "weighted_mean_absolute_percentage_error", "mad_mean_ratio"),
    elicits="median",
    reference="Kolassa & Schütz (2007), Foresight 6, 40-43",
)
def wape(high: Fraction, low: Fraction, size: Fraction) -> Finished:
    """Sum of absolute errors over the sum of absolute labels, as a fraction.

        sum(w * abs(f - y) for y, f, w in rows) / sum(w * abs(y) for y, f, w in rows)

    The relative error of the total: rows with a zero label count as any other, and small labels do
    not rule it as they do `mape`.

    >>> wape(Fraction(12), Fraction(10), Fraction(10))
    Fraction(1, 5)
    """
    if size == 0:
        return Undefined("all labels are 0")
    return (high - low) / size


@loss(
    aliases=("mean_absolute_scaled_error",),
    elicits="median",
    columns={"scale": ("scale",)},
    domains={"scale": POSITIVE},
    homogeneous=0,
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
)
def mase(label: Column, pred: Column, scale: Column) -> Column:
    """Mean absolute error in units of the naive forecast's in training.

        abs(pred - label) / scale

    Below 1 the forecast beats the naive one.  ``scale`` names the column that holds, for each row,
    the mean absolute error of the seasonal naive forecast on its series' training part.

    Gradient by `pred`:

        sign(pred - label) / scale

    >>> mase(np.array([1.0, 2.0]), np.array([2.0, 2.0]), np.array([0.5, 0.5]))
    array([2., 0.])
    """
    error = pred - label
    np.abs(error, out=error)
    far = np.isinf(error)
    np.divide(error, scale, out=error)
    error[far] = np.abs(0.5 * pred[far] - 0.5 * label[far]) / scale[far] * 2.0
    return error


@loss(
    aliases=("mean_squared_scaled_error",),
    elicits="mean",
    columns={"scale": ("scale",)},
    domains={"scale": POSITIVE},
    reference="Makridakis, Spiliotis & Assimakopoulos (2022), doi:10.1016/j.ijforecast.2021.07.007",
)
def msse(label: Column, pred: Column, scale: Column) -> Column:
    """Mean squared error in units of the naive forecast's in training.

        (pred - label)**2 / scale

    Below 1 the forecast beats the naive one.  ``scale`` names the column that holds, for each row, the
    mean *squared* error of the seasonal naive forecast on its series' training part: that of `mase` is
    another.

    Gradient by `pred`:

        2 * (pred - label) / scale

    >>> msse(np.array([1.0, 2.0]), np.array([2.0, 2.0]), np.array([0.5, 0.5]))
    array([2., 0.])
    """
    error = np.abs(pred - label)
    far = np.isinf(error)
    error[far] = np.abs(0.5 * pred[far] - 0.5 * label[far])
    # By mantissas and exponents, since neither the square nor the quotient need fit a double.
    above, exponent = np.frexp(error)
    below, less = np.frexp(scale)
    scaled: Column = np.ldexp(above * above / below, 2 * exponent - less + 2 * far)
    return scaled


def scaled_errors(label: Column, pred: Column, scale: Column) -> tuple[Column, Column]:
    """The error over the root of the scale, twice: the moments of it with itself hold its exact square."""
    root = np.sqrt(scale)
    error = (pred - label) / root
    far = np.isinf(error)
    error[far] = (0.5 * pred[far] - 0.5 * label[far]) / root[far] * 2.0
    return error, error


@loss(
    of=scaled_errors,
    state="moments",
    aliases=("root_mean_squared_scaled_error",),
    elicits="mean",
    columns={"scale": ("scale",)},
    domains={"scale": POSITIVE},
    exceptions={"range": "not defined where the scaled error of a row exceeds the greatest double"},
    reference="Makridakis, Spiliotis & Assimakopoulos (2022), doi:10.1016/j.ijforecast.2021.07.007",
)
def rmsse(moments: Moments) -> Finished:
    """Root of the mean squared error in units of the naive forecast's.

        sqrt(sum(w * (f - y)**2 / s for y, f, s, w in rows) / sum(weight))

    The root of `msse` over all rows.  The M5 competition takes the root series by series and then the
    mean over series: with one series the two are the same.

    >>> rows = scaled_errors(np.array([0.0]), np.array([3.0]), np.array([4.0]))
    >>> rmsse(Moments.of(rows, None))
    Fraction(3, 2)
    """
    return root_mean_square(moments, "scaled")


BASELINE = {"baseline": ("baseline", "naive", "reference")}


def errors(label: Column, pred: Column, baseline: Column) -> tuple[Column, Column, Column, Column]:
    """The greater and the lesser of label and prediction, and of label and baseline."""
    return (
        np.maximum(label, pred), np.minimum(label, pred),
        np.maximum(label, baseline), np.minimum(label, baseline),
    )  # fmt: skip


@loss(
    of=errors,
    averages=("macro", "none"),
    columns=BASELINE,
    aliases=("relative_mae", "relative_mean_absolute_error"),
    elicits="median",
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
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
    """Which rows count: all, save those with a perfect baseline under ``zero=skip``."""
    return label != baseline if zero == "skip" else None


@loss(
    best=None,
    aliases=("mean_relative_absolute_error",),
    elicits="near the median, drawn to where the baseline is good",
    columns=BASELINE,
    homogeneous=0,
    keeps=baselines_that_count,
    skips="perfect_baseline",
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
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


def log_error(label: Column, pred: Column) -> tuple[Column, Column, Column]:
    """The absolute error as a power of two times a number near 1: its power and log; whether it is 0."""
    error = np.abs(pred - label)
    far = np.isinf(error)
    error[far] = np.abs(0.5 * pred[far] - 0.5 * label[far])
    hit = error == 0.0
    power, log = log_parts(np.where(hit, 1.0, error))
    return power + far, log, hit.astype(np.float64)


def log_errors(label: Column, pred: Column, baseline: Column) -> tuple[Column, Column, Column, Column]:
    """As `log_error`, less that of the baseline, and whether the baseline's is 0."""
    power, log, hit = log_error(label, pred)
    less_power, less_log, naive_hit = log_error(label, baseline)
    return power - less_power, log - less_log, hit, naive_hit


def misses(label: Column, pred: Column, *, zero: str, **_: object) -> Mask | None:
    """Which rows count: all, save those without an error under ``zero=skip``."""
    return label != pred if zero == "skip" else None


def both_miss(label: Column, pred: Column, baseline: Column, *, zero: str, **_: object) -> Mask | None:
    """Which rows count: all, save those in which either has no error under ``zero=skip``."""
    return (label != pred) & (label != baseline) if zero == "skip" else None


def log_error_kept(
    label: Column, pred: Column, *, zero: Literal["count", "skip"] = "count"
) -> tuple[Column, Column, Column]:
    """`log_error`, for losses that may leave out rows without an error."""
    return log_error(label, pred)


def log_errors_kept(
    label: Column, pred: Column, baseline: Column, *, zero: Literal["count", "skip"] = "count"
) -> tuple[Column, Column, Column, Column]:
    """`log_errors`, for losses that may leave out rows without an error."""
    return log_errors(label, pred, baseline)


PERFECT_BASELINE = "the baseline is perfect in a row: the quotient of the errors has no value"


@loss(
    of=log_error_kept,
    keeps=misses,
    skips="zero_error",
    aliases=("geometric_mean_absolute_error",),
    elicits="a value that a label has exactly",
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
)
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


@loss(
    of=log_error_kept,
    keeps=misses,
    skips="zero_error",
    aliases=("geometric_mean_squared_error",),
    elicits="a value that a label has exactly",
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


@loss(
    of=log_errors_kept,
    averages=("macro", "micro", "none"),
    keeps=both_miss,
    skips="zero_error",
    best=None,
    columns=BASELINE,
    aliases=("geometric_mean_relative_absolute_error",),
    elicits="a value that a label has exactly",
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


@loss(
    of=log_errors_kept,
    averages=("macro", "micro", "none"),
    keeps=both_miss,
    skips="zero_error",
    best=None,
    columns=BASELINE,
    aliases=("geometric_mean_relative_squared_error",),
    elicits="a value that a label has exactly",
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


@loss(
    of=label_and_pred,
    state="moments",
    averages=("macro", "none"),
    aliases=("theil_inequality",),
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


def against_naive(
    label: Column, pred: Column, baseline: Column, scale: Column
) -> tuple[Column, Column, Column, Column]:
    """Symmetric and scaled errors of the prediction, and of the baseline."""
    found = []
    for forecast in (pred, baseline):
        # Quarters of the greatest doubles have a sum.
        factor = np.where(np.maximum(np.abs(label), np.abs(forecast)) > 1e300, 0.25, 1.0)
        found += [smape(label * factor, forecast * factor), mase(label, forecast, scale)]
    return found[0], found[1], found[2], found[3]


@loss(
    of=against_naive,
    averages=("macro", "none"),
    columns={"baseline": ("baseline", "naive2", "naive", "reference"), "scale": ("scale",)},
    domains={"scale": POSITIVE},
    aliases=("overall_weighted_average",),
    elicits="near the median",
    exceptions={"range": "infinite where a scaled error is, as `mase` says"},
    reference="Makridakis, Spiliotis & Assimakopoulos (2020), doi:10.1016/j.ijforecast.2019.04.014",
)
def owa(symmetric: Fraction, scaled: Fraction, naive_symmetric: Fraction, naive_scaled: Fraction) -> Finished:
    """Mean of sMAPE and MASE, each over that of a baseline, as in M4.

        mine = sum(w * (2 * abs(f - y) / (abs(f) + abs(y)) if f != y else 0) for y, f, b, s, w in rows)
        naive = sum(w * (2 * abs(b - y) / (abs(b) + abs(y)) if b != y else 0) for y, f, b, s, w in rows)
        scaled = sum(w * abs(f - y) / s for y, f, b, s, w in rows)
        (mine / naive + scaled / sum(w * abs(b - y) / s for y, f, b, s, w in rows)) / 2

    Below 1 the forecast beats the baseline, in M4 the naive forecast of the series without its season.
    ``baseline`` names the column of that, ``scale`` the one of `mase`.  Means are taken over rows, in
    M4 over series: with series of one length the two are the same.

    >>> owa(Fraction(1), Fraction(1), Fraction(2), Fraction(1))
    Fraction(3, 4)
    """
    if naive_scaled == 0 or naive_symmetric == 0:
        return Undefined("the baseline is perfect: its error is 0")
    return (symmetric / naive_symmetric + scaled / naive_scaled) / 2
