"""Losses of one number against another, without a unit: relative to the labels' spread or size, or to another loss.

Their task is `regression`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import NonNegative, Positive, Whole
from losscli.loss.elicits import MEAN
from losscli.losses.extra_columns import loss_against_baseline
from losscli.losses.moments import flat, flat_pred, moment_loss, moment_score
from losscli.losses.regression import HYNDMAN, KVALSETH, of_squares
from losscli.losses.stable import absolute_error, log_fraction, sqrt_fraction
from losscli.numbers.joined import Deviances, Rivals, Sized
from losscli.numbers.sums import Moments
from losscli.text import plural

WITTEN = "Witten, Frank & Hall (2011), Data Mining, 3rd ed., §5.8"


@moment_score(
    aliases=("adjusted_r2",),
    counts_only=True,
    elicits=MEAN,
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


@moment_score(
    aliases=("ratio_of_performance_to_deviation",),
    best=None,
    counts_only=True,
    elicits=MEAN,
    reference="Williams (1987), in Near-Infrared Technology in the Agricultural and Food Industries, 143-167",
)
def rpd(moments: Moments) -> Finished:
    """Standard deviation of the labels over the root mean squared error.

        n = sum(weight)
        mean = sum(w * y for y, f, w in rows) / n
        variance = sum(w * (y - mean)**2 for y, f, w in rows) / (n - 1)
        sqrt(variance / (sum(w * (f - y)**2 for y, f, w in rows) / n))

    How many times smaller a typical error is than the spread: chemists call 2 fair and 3 good.  It is about
    1 / sqrt(1 - `r2`).  The number of rows counts, so weights must be whole.  Without any error it is infinite,
    and so not defined.

    >>> float(rpd(Moments.of([np.array([1.0, 3.0]), np.array([2.0, 4.0])], None)))
    1.4142135623730951
    """
    if (undefined := flat(moments)) is not None:
        return undefined
    if not moments.squared_error:
        return Undefined("every prediction is its label: the ratio is infinite")
    rows = moments.weight.fraction
    return sqrt_fraction(moments.label_spread * rows / (moments.squared_error * (rows - 1)))


@moment_score(
    aliases=("explained_variance_score",),
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


@moment_loss(aliases=("relative_squared_error",), elicits=MEAN, reference=WITTEN)
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


@moment_loss(aliases=("root_relative_squared_error",), elicits=MEAN, reference=WITTEN)
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


Norm: TypeAlias = Literal["mean", "range", "std", "l2", "mean_abs"]


def label_pred_and_size(label: Column, pred: Column, *, norm: Norm = "mean") -> tuple[Column, Column, Column]:
    """The two columns, and the size of the label; 0 where ``norm`` asks for none, since sums of zeros cost nothing."""
    return label, pred, np.abs(label) if norm == "mean_abs" else np.zeros(len(label))


@loss(
    task="regression",
    of=label_pred_and_size,
    aliases=("normalized_rmse", "normalised_rmse", "cv_rmse", "normalized_root_mean_squared_error"),
    state="sized",
    averages=("macro", "none"),
    elicits=MEAN,
    reference=HYNDMAN,
)
def nrmse(sized: Sized, *, norm: Norm = "mean") -> Finished:
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


def label_pred_and_error(label: Column, pred: Column) -> tuple[Column, Column, Column]:
    """The two columns, and the absolute error."""
    return label, pred, np.abs(pred - label)


@loss(
    task="regression",
    of=label_pred_and_error,
    state="sized",
    better="zero",
    counts_only=True,
    averages=("macro", "none"),
    elicits=MEAN,
    reference="Trigg (1964), doi:10.1057/jors.1964.48",
    exceptions={"range": "not defined where an absolute error exceeds the greatest double"},
)
def tracking_signal(sized: Sized) -> Finished:
    """Sum of the errors over the mean absolute error: whether a bias adds up.

        n = sum(weight)
        mean = sum(w * abs(f - y) for y, f, w in rows) / n
        sum(w * (f - y) for y, f, w in rows) / mean if mean > 0 else 0

    Beyond 4 or so, on either side, forecasts are off in one direction and not by chance alone; the sign is that
    of `bias`.  It is the number of rows at most, where all errors have one sign, and grows with the rows as `cfe`
    does: weights must be whole, how often a row stands there.

    >>> rows = label_pred_and_error(np.array([1.0, 2.0]), np.array([2.0, 5.0]))
    >>> tracking_signal(Sized.of(rows, None))
    Fraction(2, 1)
    """
    moments, sizes, _ = sized.states
    errors = sizes.totals[0]
    if not errors.finite:
        return Undefined("an absolute error exceeds the greatest double")
    whole: Fraction = moments.f.fraction - moments.y.fraction
    return whole * moments.weight.fraction / errors.fraction if errors.fraction else Fraction(0)


@moment_score(
    aliases=("pearson_corrcoef", "pearson_r", "correlation", "pearson_correlation"),
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
    if (undefined := flat(moments) or flat_pred(moments)) is not None:
        return undefined
    both = moments.shared_spread
    root = sqrt_fraction(both**2 / (moments.label_spread * moments.pred_spread))
    return root if both > 0 else -root


def errors_by_side(label: Column, pred: Column) -> tuple[Column, ...]:
    """The two columns, the errors above the label, those not above it, and which are above."""
    error = np.abs(pred - label)
    above = (pred > label).astype(np.float64)
    return label, pred, np.where(above, error, 0.0), np.where(above, 0.0, error), above


@moment_score(
    of=errors_by_side,
    state="deviances",
    averages=("macro", "none"),
    best=None,
    aliases=("index_of_ideality_of_correlation",),
    elicits="any rising line of the mean with errors of one size above and below",
    reference="Toropova & Toropov (2017), Science of the Total Environment 586, 466-472",
    exceptions={"range": "not defined where an absolute error exceeds the greatest double"},
)
def iic(state: Deviances) -> Finished:
    """Correlation, less where predictions err more to one side than the other.

        n = sum(weight)
        mean = sum(w * y for y, f, w in rows) / n
        middle = sum(w * f for y, f, w in rows) / n
        both = sum(w * (y - mean) * (f - middle) for y, f, w in rows)
        of_label = sum(w * (y - mean)**2 for y, f, w in rows)
        correlation = both / sqrt(of_label * sum(w * (f - middle)**2 for y, f, w in rows))
        above = sum(w * (f - y) for y, f, w in rows if f > y) / sum(w for y, f, w in rows if f > y)
        below = sum(w * (y - f) for y, f, w in rows if f <= y) / sum(w for y, f, w in rows if f <= y)
        correlation * min(above, below) / max(above, below)

    The index of ideality of correlation: `pearson` times the lesser over the greater of two mean absolute
    errors, that of predictions above their label and that of the others.  1 at most.  It is not defined
    where no prediction, or every one, is above its label, and so not of perfect ones.  As in yardstick.

    >>> rows = errors_by_side(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 4.0]))
    >>> iic(Deviances.of(rows, None))
    Fraction(0, 1)
    """
    moments, sides = state.states
    correlation = pearson(moments)
    if isinstance(correlation, Undefined):
        return correlation
    if not all(total.finite for total in sides.totals):
        return Undefined("an absolute error exceeds the greatest double")
    above, below, weight = (total.fraction for total in sides.totals)
    rest = moments.weight.fraction - weight
    if not weight or not rest:
        return Undefined(f"{'no' if rest else 'every'} prediction is above its label: errors have one side")
    means = above / weight, below / rest
    found: Fraction = Fraction(correlation) * min(means) / max(means)
    return found


@moment_score(aliases=("squared_correlation",), elicits="any line of the mean", reference=KVALSETH)
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
    if (undefined := flat(moments) or flat_pred(moments)) is not None:
        return undefined
    return moments.shared_spread**2 / (moments.label_spread * moments.pred_spread)


@moment_score(
    aliases=(
        "concordance_corrcoef",
        "concordance_correlation",
        "lins_ccc",
        "concordance_correlation_coefficient",
    ),
    counts_only="ddof",
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
    task="regression",
    main="threshold",
    aliases=("num_errors", "tolerance_error_rate"),
    rate=True,
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
    error, lost = absolute_error(label, pred)
    # An error that was rounded to the tolerance itself may lie beyond it.
    beyond: Column = ((error > threshold) | ((error == threshold) & (lost > 0.0))).astype(np.float64)
    return beyond


@of_squares(
    task="regression",
    aliases=("peak_signal_noise_ratio", "peak_signal_to_noise_ratio"),
    better="higher",
    best=None,
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
    return 10 * log_fraction(Fraction(range) ** 2 / mean, base="10")


def rivals(label: Column, pred: Column, baseline: Column) -> tuple[Column, ...]:
    """What squared and absolute errors of prediction and baseline are exactly made of."""
    # |f - y| is max - min: the sums of these are exact, where a difference is rounded.
    return (
        label, pred, baseline, np.maximum(label, pred), np.minimum(label, pred),
        np.maximum(label, baseline), np.minimum(label, baseline),
    )  # fmt: skip


@loss_against_baseline(
    task="regression",
    of=rivals,
    aliases=("skill_score",),
    state="rivals",
    averages=("macro", "none"),
    better="higher",
    best=1.0,
    elicits="mean (`of=mse`) or median (`of=mae`)",
    reference="Murphy (1988), doi:10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2",
)
def skill(rivals: Rivals, *, of: Literal["mse", "mae"] = "mse") -> Finished:
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
    ours, theirs, sums = rivals.states
    high, low, naive_high, naive_low = sums.means
    mine: Fraction = ours.squared_error if of == "mse" else high - low
    naive: Fraction = theirs.squared_error if of == "mse" else naive_high - naive_low
    if naive == 0:
        return Undefined("the baseline is perfect: nothing is left to save")
    return 1 - mine / naive
