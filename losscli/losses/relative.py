"""Losses relative to the size of the label."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import NONZERO, POSITIVE, REAL, Domain, Positive
from losscli.loss.elicits import MEDIAN
from losscli.losses.moments import root_mean_square
from losscli.losses.regression import HYNDMAN
from losscli.losses.stable import error_in, log_distance
from losscli.numbers.sums import Moments
from losscli.table.block import Mask

M4 = "Makridakis, Spiliotis & Assimakopoulos (2020), doi:10.1016/j.ijforecast.2019.04.014"
SHCHERBAKOV = (
    "Shcherbakov et al. (2013), A survey of forecast error measures, World Applied Sciences Journal 24"
)

LOW_MEAN = "a mean of the labels in which small ones weigh more: it lies low"
NEAR_LOW_MEDIAN = "near a median of the labels in which small ones weigh more"


def nonzero_labels(*, zero: str, **_: object) -> Mapping[str, Domain]:
    """Zero labels are refused unless ``zero`` says what to do with them."""
    return {"label": NONZERO if zero == "error" else REAL}


def labels_that_count(label: Column, pred: Column, *, zero: str, **_: object) -> Mask | None:
    """The rows that count: all but zero labels under ``zero=skip``."""
    return label != 0.0 if zero == "skip" else None


relative_loss = partial(loss, narrows=nonzero_labels, keeps=labels_that_count, skips="zero_label")


def ratio_of(part: Column, whole: Column, percent: bool) -> Column:
    """``part / whole``, or 100 times that; infinite where the part is, for another try on quarters."""
    if not percent:
        return part / whole
    # The factor goes to the greater side, where the last digits are: a tiny quotient has few.
    small = part < 1e18
    return np.where(small, part * 100.0 / whole, part / whole * 100.0)


@relative_loss(
    aliases=("mean_absolute_percentage_error",),
    homogeneous=0,
    lengths=("eps",),
    elicits="a median of the labels in which small ones weigh more: it lies low",
    reference=HYNDMAN,
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


@relative_loss(
    aliases=("mean_percentage_error",),
    better="zero",
    homogeneous=0,
    elicits="a mean of the labels in which small ones weigh more",
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


@relative_loss(
    aliases=("mean_squared_percentage_error",), homogeneous=0, elicits=LOW_MEAN, reference=SHCHERBAKOV
)
def mspe(label: Column, pred: Column, *, zero: Literal["error", "skip"] = "error") -> Column:
    """Mean squared error relative to the label, as a fraction squared.

        ((pred - label) / label)**2

    As `mape`, with large relative errors dearer: one small label can rule it.  A zero label is
    refused, or left out and counted with ``zero=skip``.  `rmspe` is its root.

    Gradient by `pred`:

        2 * (pred - label) / label**2

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
    ratio = error_in(label, label, pred)
    return ratio, ratio


@relative_loss(
    of=relative_errors,
    aliases=("root_mean_squared_percentage_error", "root_mean_square_percentage_error"),
    state="moments",
    elicits=LOW_MEAN,
    reference=SHCHERBAKOV,
    exceptions={"range": "not defined where the relative error of a row exceeds the greatest double"},
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
    homogeneous=0,
    touches={"zero_by_zero": both_zero},
    elicits=NEAR_LOW_MEDIAN,
    reference=M4,
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
        same = sign(pred) == sign(label)
        (2 if half else 4) * (100 if percent else 1) * sign(pred - label) * abs(label) / size**2 if same else
            0

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
    aliases=("mean_arctangent_absolute_percentage_error", "mean_arctangent_ape"),
    homogeneous=0,
    elicits=NEAR_LOW_MEDIAN,
    reference="Kim & Kim (2016), doi:10.1016/j.ijforecast.2015.12.003",
)
def maape(label: Column, pred: Column) -> Column:
    """Arctangent of the relative error, in radians, from 0 to π/2.

        error = abs(pred - label)
        atan(error / abs(label)) if label != 0 else pi / 2 if error > 0 else 0

    `mape` for labels that may be zero: near zero it is the relative error, and no row costs more than
    π/2, which any error of a zero label does.

    Gradient by `pred`:

        sign(pred - label) * abs(label) / (label**2 + (pred - label)**2) if label != 0 else 0

    >>> maape(np.array([100.0, 0.0]), np.array([100.0, 1.0])).round(6)
    array([0.      , 1.570796])
    """
    error = np.abs(pred - label)
    # An infinite error is made NaN, and the row is measured again on quarters.
    return np.arctan2(error, np.abs(label)) + 0.0 * error


@loss(
    aliases=("log_accuracy_ratio",),
    label=POSITIVE,
    pred=POSITIVE,
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

        r = sign(pred - label) * log1p(abs((pred - label) / min(pred, label)))
        2 * r / pred if form == "squared" else sign(pred - label) / pred

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
    elicits=MEDIAN,
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
