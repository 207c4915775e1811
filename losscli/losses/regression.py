"""Losses of one number against another, in the unit of the label or its square."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import ABOVE_MINUS_ONE, AtLeastOne, NonNegative, Positive, Whole
from losscli.losses.stable import (
    log10_fraction,
    log_distance,
    share,
    sqrt_fraction,
)
from losscli.numbers.error_free import two_difference
from losscli.numbers.extremes import Extremes
from losscli.numbers.states import Rivals, Sized
from losscli.numbers.sums import Moments
from losscli.text import plural


def error(label: Column, pred: Column) -> Column:
    """What is squared in `mse`."""
    return pred - label


@loss(
    root=error,
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

    Gradient by `pred`:

        2 * (pred - label)

    >>> mse(np.array([1.0, 2.0]), np.array([1.5, 5.0]))
    array([0.25, 9.  ])
    """
    error = pred - label
    return np.multiply(error, error, out=error)


@loss(
    of=mse,
    aliases=("root_mean_squared_error", "l2_root", "均方根误差"),
    elicits="mean",
    homogeneous=2,
    exceptions={"range": "infinite where an error exceeds the greatest double"},
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
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

    Gradient by `pred`:

        sign(pred - label)

    >>> mae(np.array([1.0, 2.0]), np.array([1.5, 5.0]))
    array([0.5, 3. ])
    """
    error = pred - label
    return np.abs(error, out=error)


def label_and_pred(label: Column, pred: Column) -> tuple[Column, Column]:
    """The two columns as they are, for losses of their moments."""
    return label, pred


def flat(moments: Moments) -> Undefined | None:
    """Why there is nothing to explain, where all labels are one number."""
    if moments.rows < 2:
        return Undefined("one row has no spread to explain")
    if moments.label_spread == 0:
        return Undefined(
            f"all {plural(moments.rows, 'label')} are {float(moments.label_mean)!r}: there is no spread to explain"
        )
    return None


def _flat_pred(moments: Moments) -> Undefined | None:
    if moments.pred_spread == 0:
        return Undefined(f"all predictions are {float(moments.pred_mean)!r}: nothing varies with the label")
    return None


@loss(
    of=label_and_pred,
    state="moments",
    averages=("macro", "weighted", "none"),
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

    >>> r2(Moments.of([np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])], None))
    Fraction(1, 2)
    """
    if (undefined := flat(moments)) is not None:
        return undefined
    return 1 - moments.squared_error / moments.label_spread


@loss(
    of=mae,
    state="extremes",
    averages=("macro", "none"),
    aliases=("maxabs", "linf", "maximum_error"),
    elicits="the middle between the least and the greatest label",
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


@loss(
    elicits="mean",
    homogeneous=2,
    reference="Gauss (1821), Theoria combinationis observationum, §6",
)
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
    aliases=("mean_error", "mean_bias_error", "mean_signed_deviation"),
    better="zero",
    elicits="mean",
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
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


@loss(
    of=label_and_pred,
    state="moments",
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
    aliases=("mean_power_error",),
    elicits="a middle of the labels: their mean at power 2, nearer the extremes above",
    ulps=8.0,
    exceptions={"ulps": "the power function of NumPy may itself be 4 ulp off"},
    reference="CatBoost documentation, Regression: objectives and metrics, Lq",
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
    error, lost = two_difference(pred, label)
    lost *= np.sign(error)
    np.abs(error, out=error)
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


@loss(
    root=apart,
    label=ABOVE_MINUS_ONE,
    pred=ABOVE_MINUS_ONE,
    aliases=("mean_squared_log_error", "mean_squared_logarithmic_error"),
    elicits="the geometric mean of 1 + label, less 1",
    reference="scikit-learn, metrics.mean_squared_log_error",
)
def msle(label: Column, pred: Column) -> Column:
    """Mean squared error of log(1 + x), without unit.

        (log1p(pred) - log1p(label))**2

    For amounts and counts that grow by factors: 10 for 20 costs about as much as 1000 for 2000, and a
    prediction that is too low costs more than one as much too high.  Values of -1 or less have no log
    and are refused.  `log_ratio` leaves the 1 out.

    Gradient by `pred`:

        2 * (log1p(pred) - log1p(label)) / (1 + pred)

    >>> msle(np.array([0.0, 3.0]), np.array([0.0, 1.0])).round(6)
    array([0.      , 0.480453])
    """
    distance = log_distance(pred, label, 1.0)
    return np.multiply(distance, distance, out=distance)


@loss(
    of=msle,
    label=ABOVE_MINUS_ONE,
    pred=ABOVE_MINUS_ONE,
    aliases=("root_mean_squared_log_error", "root_mean_squared_logarithmic_error"),
    elicits="the geometric mean of 1 + label, less 1",
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


@loss(
    of=label_and_pred,
    state="moments",
    averages=("macro", "weighted", "none"),
    counts_only=True,
    aliases=("adjusted_r2",),
    better="higher",
    best=1.0,
    elicits="mean",
    reference="Theil (1961), Economic Forecasts and Policy, ch. 6",
)
def adj_r2(moments: Moments, *, k: Whole = 0) -> Finished:
    """R² less what ``k`` useless predictors would explain by chance.

        n = sum(weight)
        mean = sum(w * y for y, f, w in rows) / n
        unexplained = sum(w * (f - y)**2 for y, f, w in rows) / sum(w * (y - mean)**2 for y, f, w in rows)
        1 - unexplained * (n - 1) / (n - k - 1)

    For a fit on the same rows; on rows that the model has not seen, `r2` needs no adjustment.  The
    number of rows counts, so weights must be whole: how often a row stands there.

    >>> adj_r2(Moments.of([np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])], None), k=1)
    Fraction(0, 1)
    """
    rows = moments.weight.fraction
    if rows <= k + 1:
        return Undefined(f"{plural(moments.rows, 'row is', 'rows are')} too few for {plural(k, 'predictor')}")
    if (undefined := flat(moments)) is not None:
        return undefined
    return 1 - moments.squared_error / moments.label_spread * (rows - 1) / (rows - k - 1)


@loss(
    of=label_and_pred,
    state="moments",
    averages=("macro", "weighted", "none"),
    aliases=("explained_variance_score",),
    better="higher",
    best=1.0,
    elicits="the mean up to a constant",
    reference="scikit-learn, metrics.explained_variance_score",
)
def explained_variance(moments: Moments) -> Finished:
    """Share of the label's variance that is not variance of the errors.

        n = sum(weight)
        mean = sum(w * y for y, f, w in rows) / n
        bias = sum(w * (f - y) for y, f, w in rows) / n
        spread = sum(w * (y - mean)**2 for y, f, w in rows)
        1 - sum(w * (f - y - bias)**2 for y, f, w in rows) / spread

    `r2` without the bias: predictions that are all too high by the same amount lose nothing here.
    Where the two differ, the bias is the difference.

    >>> explained_variance(Moments.of([np.array([1.0, 2.0, 3.0]), np.array([5.0, 6.0, 7.0])], None))
    Fraction(1, 1)
    """
    if (undefined := flat(moments)) is not None:
        return undefined
    spread = moments.label_spread - 2 * moments.shared_spread + moments.pred_spread
    return 1 - spread / moments.label_spread


@loss(
    of=label_and_pred,
    state="moments",
    averages=("macro", "weighted", "none"),
    aliases=("relative_squared_error",),
    elicits="mean",
    reference="Witten, Frank & Hall (2011), Data Mining, 3rd ed., §5.8",
)
def rse(moments: Moments) -> Finished:
    """Squared error relative to that of the mean label: 1 - R².

        mean = sum(w * y for y, f, w in rows) / sum(weight)
        sum(w * (f - y)**2 for y, f, w in rows) / sum(w * (y - mean)**2 for y, f, w in rows)

    0 is perfect, 1 is as good as always predicting the mean label of these rows.  `rrse` is its root.

    >>> rse(Moments.of([np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])], None))
    Fraction(1, 2)
    """
    if (undefined := flat(moments)) is not None:
        return undefined
    return moments.squared_error / moments.label_spread


@loss(
    of=label_and_pred,
    state="moments",
    averages=("macro", "weighted", "none"),
    aliases=("root_relative_squared_error",),
    elicits="mean",
    reference="Witten, Frank & Hall (2011), Data Mining, 3rd ed., §5.8",
)
def rrse(moments: Moments) -> Finished:
    """Root of the squared error relative to that of the mean label.

        mean = sum(w * y for y, f, w in rows) / sum(weight)
        sqrt(sum(w * (f - y)**2 for y, f, w in rows) / sum(w * (y - mean)**2 for y, f, w in rows))

    The same as `rmse` over the standard deviation of the labels: the size of an error in units of
    their spread.

    >>> rrse(Moments.of([np.array([0.0, 2.0]), np.array([0.5, 2.5])], None))
    Fraction(1, 2)
    """
    if (undefined := flat(moments)) is not None:
        return undefined
    return sqrt_fraction(moments.squared_error / moments.label_spread)


def label_pred_and_size(label: Column, pred: Column) -> tuple[Column, Column, Column]:
    """The two columns, and the size of the label."""
    return label, pred, np.abs(label)


@loss(
    of=label_pred_and_size,
    state="sized",
    averages=("macro", "none"),
    aliases=("normalized_rmse", "normalised_rmse", "cv_rmse"),
    elicits="mean",
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
)
def nrmse(sized: Sized, *, norm: Literal["mean", "range", "std", "l2", "mean_abs"] = "mean") -> Finished:
    """Root mean squared error over a size of the labels, without unit.

        n = sum(weight)
        mean = sum(w * y for y, f, w in rows) / n
        spread = [y for y, f, w in rows if w > 0]
        of_mean = abs(mean) if norm == "mean" else sum(w * abs(y) for y, f, w in rows) / n
        of_std = sqrt(sum(w * (y - mean)**2 for y, f, w in rows) / n)
        of_l2 = sqrt(sum(w * y**2 for y, f, w in rows))
        of_range = max(spread) - min(spread)
        size = of_range if norm == "range" else of_std if norm == "std" else of_l2 if norm == "l2" else of_mean
        sqrt(sum(w * (f - y)**2 for y, f, w in rows) / n) / size if size > 0 else inf

    Makes errors of labels of different units comparable, as far as the size chosen by ``norm`` is a
    sensible unit: the mean label (also called CV(RMSE)), the mean size of the label, its standard
    deviation, or its range, which one wild label decides.  ``l2`` is the root of a sum, so it falls
    with the number of rows.

    >>> rows = [np.array([1.0, 3.0]), np.array([2.0, 4.0]), np.array([1.0, 3.0])]
    >>> nrmse(Sized.of(rows, None))
    Fraction(1, 2)
    """
    moments, sizes, extremes = sized.states
    weight = moments.weight.fraction
    squares = {
        "mean": moments.label_mean**2,
        "range": (Fraction(extremes.highs[0]) - Fraction(extremes.lows[0])) ** 2,
        "std": moments.label_spread / weight,
        "l2": moments.yy.fraction,
        "mean_abs": sizes.means[0] ** 2,
    }
    if squares[norm] == 0:
        return Undefined(f"the labels have no size by which to divide: their {norm} is 0")
    return sqrt_fraction(moments.squared_error / weight / squares[norm])


@loss(
    of=label_and_pred,
    state="moments",
    averages=("macro", "weighted", "none"),
    aliases=("pearson_corrcoef", "pearson_r", "correlation"),
    better="higher",
    best=1.0,
    elicits="any rising line of the mean",
    reference="Pearson (1895), doi:10.1098/rspl.1895.0041",
)
def pearson(moments: Moments) -> Finished:
    """Correlation of label and prediction: how near they lie to a rising line.

        n = sum(weight)
        mean = sum(w * y for y, f, w in rows) / n
        middle = sum(w * f for y, f, w in rows) / n
        both = sum(w * (y - mean) * (f - middle) for y, f, w in rows)
        of_label = sum(w * (y - mean)**2 for y, f, w in rows)
        both / sqrt(of_label * sum(w * (f - middle)**2 for y, f, w in rows))

    1 for any rising line, -1 for any falling one: predictions in another unit, or off by a constant,
    lose nothing.  `ccc` and `r2` ask for the line on which both are equal.  It is taken over the rows
    of the whole file and not defined where label or prediction never varies.

    >>> pearson(Moments.of([np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])], None))
    Fraction(1, 1)
    """
    if (undefined := flat(moments) or _flat_pred(moments)) is not None:
        return undefined
    both = moments.shared_spread
    root = sqrt_fraction(both**2 / (moments.label_spread * moments.pred_spread))
    return root if both > 0 else -root


@loss(
    of=label_and_pred,
    state="moments",
    averages=("macro", "weighted", "none"),
    aliases=("squared_correlation",),
    better="higher",
    best=1.0,
    elicits="any line of the mean",
    reference="Kvålseth (1985), doi:10.1080/00031305.1985.10479448",
)
def rsq(moments: Moments) -> Finished:
    """Squared correlation of label and prediction.

        n = sum(weight)
        mean = sum(w * y for y, f, w in rows) / n
        middle = sum(w * f for y, f, w in rows) / n
        both = sum(w * (y - mean) * (f - middle) for y, f, w in rows)
        of_label = sum(w * (y - mean)**2 for y, f, w in rows)
        both**2 / (of_label * sum(w * (f - middle)**2 for y, f, w in rows))

    The `r2` that the predictions would have after the best straight line through them; a falling line
    scores as well as a rising one.  yardstick calls it `rsq`, and `r2` `rsq_trad`.

    >>> rsq(Moments.of([np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])], None))
    Fraction(1, 1)
    """
    if (undefined := flat(moments) or _flat_pred(moments)) is not None:
        return undefined
    return moments.shared_spread**2 / (moments.label_spread * moments.pred_spread)


@loss(
    of=label_and_pred,
    state="moments",
    averages=("macro", "weighted", "none"),
    counts_only="ddof",
    aliases=("concordance_corrcoef", "concordance_correlation", "lins_ccc"),
    better="higher",
    best=1.0,
    elicits="near the mean",
    reference="Lin (1989), doi:10.2307/2532051",
)
def ccc(moments: Moments, *, ddof: Whole = 0) -> Finished:
    """Concordance of label and prediction: how near they are to being equal.

        n = sum(weight)
        mean = sum(w * y for y, f, w in rows) / n
        middle = sum(w * f for y, f, w in rows) / n
        both = sum(w * (y - mean) * (f - middle) for y, f, w in rows) / (n - ddof)
        spreads = sum(w * ((y - mean)**2 + (f - middle)**2) for y, f, w in rows) / (n - ddof)
        2 * both / (spreads + (mean - middle)**2)

    The correlation, lowered by any difference in mean or spread.  ``ddof`` is 0 as in Lin's paper;
    with 1, as some libraries have it, the number of rows counts and weights must be whole.

    >>> ccc(Moments.of([np.array([1.0, 3.0]), np.array([1.0, 3.0])], None))
    Fraction(1, 1)
    """
    left = moments.weight.fraction - ddof
    if left <= 0:
        return Undefined(f"no spread is defined for {plural(moments.rows, 'row')} and ddof={ddof}")
    apart = (moments.label_mean - moments.pred_mean) ** 2
    whole = (moments.label_spread + moments.pred_spread) / left + apart
    if whole == 0:
        return Undefined("label and prediction are one and the same constant")
    return 2 * moments.shared_spread / left / whole


@loss(
    aliases=("num_errors", "tolerance_error_rate"),
    elicits="the middle of the interval, as wide as the tolerance on both sides, that holds most labels",
    reference="CatBoost documentation, Regression: objectives and metrics, NumErrors",
)
def within_tol(label: Column, pred: Column, *, threshold: NonNegative) -> Column:
    """Share of rows whose absolute error is greater than the tolerance.

        1 if abs(pred - label) > threshold else 0

    For a tolerance by contract: an error just beyond ``threshold``, in the unit of the label, counts as
    much as a wild one.  0 says that every row is within it.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> within_tol(np.array([1.0, 2.0]), np.array([1.5, 5.0]), threshold=0.5)
    array([0., 1.])
    """
    error, lost = two_difference(pred, label)
    lost *= np.sign(error)
    np.abs(error, out=error)
    # An error that was rounded to the tolerance itself may lie beyond it.
    beyond: Column = ((error > threshold) | ((error == threshold) & (lost > 0.0))).astype(np.float64)
    return beyond


@loss(
    of=mse,
    aliases=("peak_signal_noise_ratio", "peak_signal_to_noise_ratio"),
    better="higher",
    best=None,
    elicits="mean",
    homogeneous=2,
    exceptions={"range": "infinite where an error exceeds the greatest double"},
    reference="Huynh-Thu & Ghanbari (2008), doi:10.1049/el:20080522",
)
def psnr(mean: Fraction, *, range: Positive) -> Finished:
    """Peak signal to noise ratio, in decibels: the squared range over `mse`.

        mse = sum(w * (f - y)**2 for y, f, w in rows) / sum(weight)
        10 * log(range**2 / mse) / log(10) if mse > 0 else inf

    Ranks models as `mse` does, on a log scale where higher is better.  ``range`` is that of the signal,
    255 for bytes and 1 for shares: it must be given, since the range of the rows at hand would change
    the number with the file.  A perfect prediction has no finite value.

    >>> float(psnr(Fraction(1, 100), range=1))
    20.0
    """
    if mean == 0:
        return Undefined("the prediction is perfect: the ratio is infinite")
    return 10 * log10_fraction(Fraction(range) ** 2 / mean)


def rivals(label: Column, pred: Column, baseline: Column) -> tuple[Column, ...]:
    """What squared and absolute errors of prediction and baseline are exactly made of."""
    # |f - y| is max - min: the sums of these are exact, where a difference is rounded.
    return (
        label, pred, baseline, np.maximum(label, pred), np.minimum(label, pred),
        np.maximum(label, baseline), np.minimum(label, baseline),
    )  # fmt: skip


@loss(
    of=rivals,
    state="rivals",
    averages=("macro", "none"),
    columns={"baseline": ("baseline", "naive", "reference")},
    aliases=("skill_score",),
    better="higher",
    best=1.0,
    elicits="mean (`of=mse`) or median (`of=mae`)",
    reference="Murphy (1988), doi:10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2",
)
def skill(held: Rivals, *, of: Literal["mse", "mae"] = "mse") -> Finished:
    """Share of a baseline's loss that the predictions save.

        squared = of == "mse"
        loss = sum(w * ((f - y)**2 if squared else abs(f - y)) for y, f, b, w in rows)
        naive = sum(w * ((b - y)**2 if squared else abs(b - y)) for y, f, b, w in rows)
        1 - loss / naive

    1 is perfect, 0 is no better than the baseline, below 0 is worse.  ``baseline`` names the column of
    its predictions; a column of the mean label gives `r2`.  With ``of=mae`` it is 1 less `rmae`.

    >>> rows = rivals(np.array([0.0, 0.0]), np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    >>> skill(Rivals.of(rows, None))
    Fraction(3, 4)
    """
    ours, theirs, sums = held.states
    high, low, naive_high, naive_low = sums.means
    mine: Fraction = ours.squared_error if of == "mse" else high - low
    naive: Fraction = theirs.squared_error if of == "mse" else naive_high - naive_low
    if naive == 0:
        return Undefined("the baseline is perfect: nothing is left to save")
    return 1 - mine / naive
