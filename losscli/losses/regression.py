"""Losses of one number against another, most of them in the unit of the label or its square."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import ABOVE_MINUS_ONE, AtLeastOne, Whole
from losscli.loss.elicits import MEAN, MEDIAN, MIDRANGE, SHIFTED_GEOMETRIC_MEAN
from losscli.losses.moments import flat, moment_loss, moment_score
from losscli.losses.stable import absolute_error, log_distance, share, sqrt_fraction
from losscli.numbers.extremes import Extremes
from losscli.numbers.sums import Moments
from losscli.text import plural

GAUSS = "Gauss (1821), Theoria combinationis observationum, §6"
HYNDMAN = "Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001"
KVALSETH = "Kvålseth (1985), doi:10.1080/00031305.1985.10479448"


def error(label: Column, pred: Column) -> Column:
    """What is squared in `mse`."""
    return pred - label


@loss(
    aliases=("mean_squared_error", "squared_error", "均方误差", "mse_loss", "regression_l2"),
    root=error,
    homogeneous=2,
    elicits=MEAN,
    reference=GAUSS,
)
def mse(label: Column, pred: Column) -> Column:
    """Mean squared error, in the squared unit of the label.

        (pred - label)**2

    The usual loss where large errors are dear: an error of 10 counts a hundred times an error of 1,
    so a few wild rows can rule it.  `mae` and `huber` are calmer; `rmse` has the label's unit.

    Gradient by `pred`:

        2 * (pred - label)

    >>> mse(np.array([1.0, 2.0]), np.array([1.5, 5.0]))
    array([0.25, 9.  ])
    """
    error = pred - label
    return np.multiply(error, error, out=error)


of_squares = partial(
    loss,
    of=mse,
    elicits=MEAN,
    homogeneous=2,
    exceptions={"range": "infinite where an error exceeds the greatest double"},
)


@of_squares(
    aliases=("root_mean_squared_error", "l2_root", "均方根误差", "root_mean_square_error"), reference=HYNDMAN
)
def rmse(mean: Fraction) -> Finished:
    """Root of the mean squared error, in the unit of the label.

        sqrt(sum(w * (f - y)**2 for y, f, w in rows) / sum(weight))

    Ranks models as `mse` does, and reads as a typical size of error in the label's own unit.  It is
    no mean of rows: the value of a file is not the mean of the values of its parts.

    >>> rmse(Fraction(25, 4))
    Fraction(5, 2)
    """
    return sqrt_fraction(mean)


@loss(
    aliases=("mean_absolute_error", "absolute_error", "l1", "l1_loss", "regression_l1", "meanabs"),
    homogeneous=1,
    elicits=MEDIAN,
    reference="Boscovich (1757); Laplace (1793)",
)
def mae(label: Column, pred: Column) -> Column:
    """Mean absolute error, in the unit of the label.

        abs(pred - label)

    Every unit of error costs the same, so it is robust against wild rows; it rewards the median,
    which lies below the mean where labels have a long right tail.

    Gradient by `pred`:

        sign(pred - label)

    >>> mae(np.array([1.0, 2.0]), np.array([1.5, 5.0]))
    array([0.5, 3. ])
    """
    error = pred - label
    return np.abs(error, out=error)


@moment_score(
    aliases=("r2_score", "rsq_trad", "coefficient_of_determination", "nse", "nash_sutcliffe_efficiency"),
    elicits=MEAN,
    reference=KVALSETH,
)
def r2(moments: Moments) -> Finished:
    """Share of the label's variance that the predictions explain.

        mean = sum(w * y for y, f, w in rows) / sum(weight)
        1 - sum(w * (f - y)**2 for y, f, w in rows) / sum(w * (y - mean)**2 for y, f, w in rows)

    1 is perfect, 0 is as good as always predicting the mean label, below 0 is worse than that.  It
    has no unit, and says as much about the spread of the labels as about the predictions: do not
    compare it between data sets.

    >>> r2(Moments.of([np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])], None))
    Fraction(1, 2)
    """
    if (undefined := flat(moments)) is not None:
        return undefined
    return 1 - moments.squared_error / moments.label_spread


@loss(
    of=mae,
    aliases=("maxabs", "linf", "maximum_error"),
    state="extremes",
    averages=("macro", "none"),
    elicits=MIDRANGE,
    reference="scikit-learn, metrics.max_error",
)
def max_error(extremes: Extremes) -> Finished:
    """Greatest absolute error of any row, in the unit of the label.

        max(abs(f - y) for y, f, w in rows)

    One row decides it: a guarantee, not a summary.

    >>> max_error(Extremes.of([np.array([0.5, 3.0])], None))
    3.0
    """
    high: float = extremes.highs[0]
    return high


@moment_loss(
    aliases=("cumulative_forecast_error", "sum_of_errors", "sum_error"),
    better="zero",
    counts_only=True,
    averages=("macro", "none"),
    elicits=MEAN,
    reference="Nixtla, utilsforecast.losses.cfe",
    exceptions={"range": "infinite where the sum exceeds the greatest double"},
)
def cfe(moments: Moments) -> Finished:
    """Sum of the errors with their signs, in the unit of the label.

        sum(w * (f - y) for y, f, w in rows)

    The cumulative forecast error: what was ordered too much, or too little, on the whole.  It grows
    with the rows, where `bias` is their mean, and weights must be whole: how often a row stands there.

    >>> cfe(Moments.of([np.array([1.0, 2.0]), np.array([2.0, 4.0])], None))
    Fraction(3, 1)
    """
    return moments.f.fraction - moments.y.fraction


def ends(label: Column, pred: Column) -> tuple[Column, Column]:
    """The lesser and the greater of label and prediction, whose difference is the absolute error, not rounded."""
    return np.minimum(label, pred), np.maximum(label, pred)


@moment_loss(
    of=ends,
    aliases=("periods_in_stock", "absolute_periods_in_stock", "sum_of_absolute_errors"),
    counts_only=True,
    best=0.0,
    averages=("macro", "none"),
    elicits=MEDIAN,
    reference="Wallström & Segerstedt (2010), doi:10.1016/j.ijpe.2010.07.013; Nixtla, utilsforecast.losses.pis",
    exceptions={"range": "infinite where the sum exceeds the greatest double"},
)
def pis(moments: Moments) -> Finished:
    """Sum of the absolute errors, in the unit of the label: periods in stock.

        sum(w * abs(f - y) for y, f, w in rows)

    What is ordered too much or too little in each period, added up.  `cfe` lets the two cancel; `mae` is
    the mean, which does not grow with the rows.  Weights must be whole: how often a row stands there.

    >>> pis(Moments.of(ends(np.array([1.0, 2.0]), np.array([2.0, 0.0])), None))
    Fraction(3, 1)
    """
    return moments.f.fraction - moments.y.fraction


@loss(homogeneous=2, elicits=MEAN, reference=GAUSS)
def half_mse(label: Column, pred: Column) -> Column:
    """Half the mean squared error, in the squared unit of the label.

        (pred - label)**2 / 2

    Ranks models as `mse` does, at half its size: the form whose slope is the error itself, as deep
    learning has it.  Optax calls it `l2_loss`, while LightGBM's `l2` is the whole `mse`.

    Gradient by `pred`:

        pred - label

    >>> half_mse(np.array([1.0, 2.0]), np.array([1.5, 5.0]))
    array([0.125, 4.5  ])
    """
    error = pred - label
    return np.multiply(error, 0.5 * error, out=error)


@loss(
    aliases=("mean_error", "me", "mean_bias_error", "mean_signed_deviation"),
    better="zero",
    elicits=MEAN,
    reference=HYNDMAN,
)
def bias(
    label: Column,
    pred: Column,
    *,
    sign: Literal["pred_minus_truth", "truth_minus_pred"] = "pred_minus_truth",
) -> Column:
    """Mean error with its sign, in the unit of the label.

        pred - label if sign == "pred_minus_truth" else label - pred

    Above zero the predictions are too high on the whole, below zero too low.  Large errors of both
    signs cancel: it says nothing of accuracy, so read it beside `mae` or `error_std`.  Half the field
    takes the other sign.

    Gradient by `pred`:

        1 if sign == "pred_minus_truth" else -1

    >>> bias(np.array([1.0, 2.0]), np.array([1.5, 1.0]))
    array([ 0.5, -1. ])
    """
    error = pred - label if sign == "pred_minus_truth" else label - pred
    error += 0.0  # no -0
    return error


@moment_loss(
    aliases=("stde",),
    averages=("macro", "none"),
    counts_only="ddof",
    elicits="the mean up to a constant",
    reference="statsmodels, tools.eval_measures.stde",
)
def error_std(moments: Moments, *, ddof: Whole = 0) -> Finished:
    """Standard deviation of the errors, in the unit of the label.

        bias = sum(w * (f - y) for y, f, w in rows) / sum(weight)
        sqrt(sum(w * (f - y - bias)**2 for y, f, w in rows) / (sum(weight) - ddof))

    What is left of `rmse` when the `bias` is taken out: rmse² = bias² + error_std².  Predictions that
    are all off by the same amount have none.  With ``ddof=1`` the number of rows counts, so weights
    must then be whole.

    >>> error_std(Moments.of([np.array([1.0, 2.0]), np.array([1.0, 4.0])], None))
    Fraction(1, 1)
    """
    left = moments.weight.fraction - ddof
    if left <= 0:
        return Undefined(f"no spread is defined for {plural(moments.rows, 'row')} and ddof={ddof}")
    spread = moments.label_spread - 2 * moments.shared_spread + moments.pred_spread
    return sqrt_fraction(spread / left)


@loss(
    main="power",
    aliases=("mean_power_error",),
    ulps=8.0,
    elicits="a middle of the labels: their mean at power 2, nearer the extremes above",
    reference="CatBoost documentation, Regression: objectives and metrics, Lq",
    exceptions={"ulps": "the power function of NumPy may itself be 4 ulp off"},
)
def lq(label: Column, pred: Column, *, power: AtLeastOne) -> Column:
    """Mean of a power of the absolute error, in that power of the unit.

        abs(pred - label)**power

    A scale between and beyond `mae` (power 1) and `mse` (power 2): the higher the power, the more the
    largest errors rule.

    Gradient by `pred`:

        power * abs(pred - label)**(power - 1) * sign(pred - label)

    >>> lq(np.array([0.0, 0.0]), np.array([1.0, -2.0]), power=3)
    array([1., 8.])
    """
    error, lost = absolute_error(label, pred)
    # A high power makes much of the rounding of the difference: what was lost comes back in an exponential.
    back = power * share(lost, error)
    whole = np.power(error, power)
    # Where the power of the rounded error is out of range, that of the error may be inside.
    root = np.power(error, 0.5 * power)
    root *= np.exp(np.clip(back, -700.0, 700.0)) * root
    return np.where((whole > 0.0) & (whole < np.inf), whole * np.exp(back), root)


def apart(label: Column, pred: Column) -> Column:
    """What is squared in `msle`."""
    return log_distance(pred, label, 1.0)


of_logs = partial(loss, label=ABOVE_MINUS_ONE, pred=ABOVE_MINUS_ONE, elicits=SHIFTED_GEOMETRIC_MEAN)


@of_logs(
    aliases=("mean_squared_log_error", "mean_squared_logarithmic_error"),
    root=apart,
    reference="scikit-learn, metrics.mean_squared_log_error",
)
def msle(label: Column, pred: Column) -> Column:
    """Mean squared error of log(1 + x), without unit.

        (log1p(pred) - log1p(label))**2

    For amounts and counts that grow by factors: 10 for 20 costs about as much as 1000 for 2000, and a
    prediction that is too low costs more than one as much too high.  Values of -1 or less have no log
    and are refused.  `log_ratio` leaves the 1 out.

    Gradient by `pred`:

        2 * sign(pred - label) * log1p(abs((pred - label) / (1 + min(pred, label)))) / (1 + pred)

    >>> msle(np.array([0.0, 3.0]), np.array([0.0, 1.0])).round(6)
    array([0.      , 0.480453])
    """
    distance = log_distance(pred, label, 1.0)
    return np.multiply(distance, distance, out=distance)


@of_logs(
    of=msle,
    aliases=("root_mean_squared_log_error", "root_mean_squared_logarithmic_error"),
    reference="scikit-learn, metrics.root_mean_squared_log_error",
)
def rmsle(mean: Fraction) -> Finished:
    """Root of the mean squared error of log(1 + x), without unit.

        sqrt(sum(w * (log1p(f) - log1p(y))**2 for y, f, w in rows) / sum(weight))

    Ranks models as `msle` does.  Where it is small it reads as a typical relative error.

    >>> rmsle(Fraction(1, 4))
    Fraction(1, 2)
    """
    return sqrt_fraction(mean)
