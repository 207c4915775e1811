"""Losses of one number against another, in the unit of the label or its square."""

from __future__ import annotations

import math

import numpy as np

from losscli.loss import Column, Finished, Undefined, loss
from losscli.state import Moments


@loss(
    "regression",
    aliases=("mean_squared_error", "squared_error", "均方误差"),
    elicits="mean",
    homogeneous=2,
    reference="Gauss (1821), Theoria combinationis observationum, §6",
)
def mse(label: Column, pred: Column) -> Column:
    """Mean squared error, in the squared unit of the label.

        (pred - label)**2

    The usual loss where large errors are dear: an error of 10 counts a hundred times an error of 1,
    so a few wild rows can rule it.  `mae` and `huber` are calmer; `rmse` has the label's unit.

    >>> mse(np.array([1.0, 2.0]), np.array([1.5, 5.0]))
    array([0.25, 9.  ])
    """
    error = pred - label
    return np.multiply(error, error, out=error)


@loss(
    "regression",
    of=mse,
    aliases=("root_mean_squared_error", "l2_root", "均方根误差"),
    elicits="mean",
    homogeneous=2,
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
)
def rmse(mean: float) -> Finished:
    """Root of the mean squared error, in the unit of the label.

        sqrt(sum(w * (f - y)**2 for y, f, w in rows) / sum(weight))

    Ranks models as `mse` does, and reads as a typical size of error in the label's own unit.  It is
    no mean of rows: the value of a file is not the mean of the values of its parts.

    >>> rmse(6.25)
    2.5
    """
    return math.sqrt(mean)


@loss(
    "regression",
    aliases=("mean_absolute_error", "absolute_error", "l1"),
    elicits="median",
    homogeneous=1,
    reference="Boscovich (1757); Laplace (1793)",
)
def mae(label: Column, pred: Column) -> Column:
    """Mean absolute error, in the unit of the label.

        abs(pred - label)

    Every unit of error costs the same, so it is robust against wild rows; it rewards the median,
    which lies below the mean where labels have a long right tail.

    >>> mae(np.array([1.0, 2.0]), np.array([1.5, 5.0]))
    array([0.5, 3. ])
    """
    error = pred - label
    return np.abs(error, out=error)


@loss(
    "regression",
    state="moments",
    aliases=("r2_score", "rsq_trad", "coefficient_of_determination"),
    better="higher",
    best=1.0,
    elicits="mean",
    reference="Kvålseth (1985), doi:10.1080/00031305.1985.10479448",
)
def r2(moments: Moments) -> Finished:
    """Share of the label's variance that the predictions explain.

        mean = sum(w * y for y, f, w in rows) / sum(weight)
        1 - sum(w * (f - y)**2 for y, f, w in rows) / sum(w * (y - mean)**2 for y, f, w in rows)

    1 is perfect, 0 is as good as always predicting the mean label, below 0 is worse than that.  It
    has no unit, and says as much about the spread of the labels as about the predictions: do not
    compare it between data sets.

    >>> r2(Moments.of(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]), None))
    Fraction(1, 2)
    """
    if moments.rows < 2:
        return Undefined("one row has no spread to explain")
    if moments.label_spread == 0:
        rows = f"{moments.rows:,}".replace(",", " ")
        return Undefined(
            f"all {rows} labels are {float(moments.label_mean)!r}: there is no spread to explain"
        )
    return 1 - moments.squared_error / moments.label_spread
