"""Losses from the quantiles of errors or of labels: every row is kept.  Their task is `regression` or `relative`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Literal, Protocol

import numpy as np

from losscli.loss.approximate import Approximate
from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import AtLeastOne, OpenUnit, as_written
from losscli.loss.elicits import MEAN, MEDIAN, QUANTILE
from losscli.losses.extra_columns import loss_against_baseline
from losscli.losses.forecasts import baselines_that_count, mrae
from losscli.losses.moments import label_and_pred
from losscli.losses.regression import HYNDMAN, mae, mse
from losscli.losses.relative import relative_loss
from losscli.losses.stable import error_in, power_fraction, sqrt_fraction
from losscli.losses.unitless import WITTEN
from losscli.numbers.error_free import two_difference
from losscli.numbers.exact import ExactSum, round_fraction
from losscli.numbers.extremes import Extremes
from losscli.numbers.sums import Moments, Sums
from losscli.numbers.values import Values

HAMPEL = "Hampel (1974), doi:10.1080/01621459.1974.10482962"
HALF = Fraction(1, 2)

KEPT = {"pickle": "quantiles keep every row, and are not saved"}
FAR = "not defined where an error that decides it exceeds the greatest double"
SHORTEST_HALF = "the middle of the shortest interval that holds half of the labels"

of_quantiles = partial(loss, task="regression", state="values", exceptions=KEPT)
OF_BINS = Approximate("counted_values")
of_errors = partial(of_quantiles, approximate=OF_BINS, exceptions={**KEPT, "range": FAR})
of_labels = partial(of_quantiles, of=label_and_pred, averages=("macro", "none"), better="higher", best=1.0)


def kept(*columns: Sequence[float], weight: Sequence[float] | None = None) -> Values:
    """The state of a few rows, for the examples."""
    weights = None if weight is None else np.array(weight, dtype=np.float64)
    return Values.of([np.array(column, dtype=np.float64) for column in columns], weights)


class Ranked(Protocol):
    """Rows in the order of a value: all of them, or of bins what they weigh."""

    @property
    def weight(self) -> ExactSum:
        """What all rows weigh."""

    def ends(self, level: Fraction) -> tuple[float, float]:
        """The least value that so much of the weight does not exceed, and the greatest that would do as well."""

    def up_to(self, bound: float) -> tuple[Fraction, Fraction]:
        """What the rows weigh whose value is at most ``bound``, and the sum of these values times the weights."""

    def quantile(self, level: Fraction) -> float:
        """The middle of the two values between which so much of the weight lies below."""


def at_quantile(values: Ranked, level: Fraction) -> Finished:
    """A quantile of what the row function gives."""
    found = values.quantile(level)
    return found if math.isfinite(found) else Undefined("the loss at this quantile of the rows is infinite")


@of_errors(of=mae, aliases=("median_absolute_error", "medianabs"), elicits=SHORTEST_HALF, reference=HAMPEL)
def medae(values: Ranked) -> Finished:
    """Median absolute error, in the unit of the label.

        errors = [(abs(f - y), w) for y, f, w in rows if w > 0]
        half = sum(weight) / 2
        low = min(e for e, w in errors if sum(v for d, v in errors if d <= e) >= half)
        (low + min(e for e, w in errors if sum(v for d, v in errors if d <= e) > half)) / 2

    Half of the rows have a smaller error.  How wild the rows of the other half are does not show: read
    it beside `mae` or `quantile_ae`.  Of an even number of rows it is the mean of the two middle errors,
    and with weights that of the two errors where the weights just reach a half.

    >>> medae(kept([4.0, 1.0, 2.0, 9.0]))
    3.0
    """
    return at_quantile(values, HALF)


@of_errors(of=mse, aliases=("median_squared_error",), elicits=SHORTEST_HALF, reference=HAMPEL)
def medse(values: Ranked) -> Finished:
    """Median squared error, in the squared unit of the label.

        errors = [((f - y)**2, w) for y, f, w in rows if w > 0]
        half = sum(weight) / 2
        low = min(e for e, w in errors if sum(v for d, v in errors if d <= e) >= half)
        (low + min(e for e, w in errors if sum(v for d, v in errors if d <= e) > half)) / 2

    The square of `medae` but for the middle between two rows.

    >>> medse(kept([16.0, 1.0, 4.0]))
    4.0
    """
    return at_quantile(values, HALF)


@of_errors(
    of=mae,
    aliases=("absolute_error_quantile",),
    main="quantile",
    elicits="the middle of the shortest interval that holds the share `quantile` of the labels",
    reference="Hyndman & Fan (1996), doi:10.1080/00031305.1996.10473566",
    sample="sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --loss quantile_ae:quantile=0.9",
)
def quantile_ae(values: Ranked, *, quantile: OpenUnit) -> Finished:
    """Quantile of the absolute errors, in the unit of the label.

        errors = [(abs(f - y), w) for y, f, w in rows if w > 0]
        reached = quantile * sum(weight)
        low = min(e for e, w in errors if sum(v for d, v in errors if d <= e) >= reached)
        (low + min(e for e, w in errors if sum(v for d, v in errors if d <= e) > reached)) / 2

    The share ``quantile`` of the rows have a smaller error: with 0.9 one row in ten is worse.  Where the
    weights just reach the share it is the middle between two errors; nothing else is interpolated.

    >>> quantile_ae(kept([1.0, 2.0, 3.0, 4.0, 5.0]), quantile=0.7)
    4.0
    """
    return at_quantile(values, as_written(quantile))


@loss(
    of=mae,
    state="values",
    task="regression",
    main="power",
    counts_only=True,
    averages=("macro", "none"),
    aliases=("minkowski_distance",),
    elicits="a middle of the labels: their median at power 1, their mean at power 2, nearer the extremes above",
    reference="Deza & Deza (2009), Encyclopedia of Distances, §5.1",
    sample="sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --loss minkowski:power=3",
    exceptions={
        "pickle": "the greatest error is known last: every row is kept, and is not saved",
        "range": FAR,
    },
)
def minkowski(values: Values, *, power: AtLeastOne) -> Finished:
    """Distance of all predictions from all labels, as two points, by a power.

        sum(w * abs(f - y)**power for y, f, w in rows)**(1 / power)

    The sum of the absolute errors at power 1 (`pis`), the length of the straight line at power 2, near
    `max_error` at a high one.  It grows with the rows; `lq` is the mean of the same powers.  Weights must be
    whole: how often a row stands there.

    >>> minkowski(kept([3.0, 4.0]), power=2.0)
    Fraction(5, 1)
    """
    greatest = values.kept_in(Extremes, lambda errors: (errors,)).highs[0]
    if not 0.0 < greatest < math.inf:
        return Undefined("an absolute error exceeds the greatest double") if greatest else Fraction(0)
    # Over the greatest, no power leaves the range of doubles but those that count for nothing.
    parts = values.kept_in(Sums, lambda errors: ((errors / greatest) ** power,)).totals[0].fraction
    return Fraction(greatest) * Fraction(power_fraction(parts, 1.0 / power))


def error_and_rounding(
    label: Column,
    pred: Column,
    *,
    sign: Literal["pred_minus_truth", "truth_minus_pred"] = "pred_minus_truth",
) -> tuple[Column, Column]:
    """The error rounded, and what the rounding lost."""
    return two_difference(pred, label) if sign == "pred_minus_truth" else two_difference(label, pred)


def middle_error(values: Ranked) -> Finished:
    """The median of the rounded errors."""
    return at_quantile(values, HALF)


@of_errors(
    of=error_and_rounding,
    approximate=Approximate("counted_values", function=middle_error),
    aliases=("median_error", "medianbias"),
    better="zero",
    elicits=MEDIAN,
    reference=HAMPEL,
)
def median_bias(values: Values) -> Finished:
    """Median error with its sign, in the unit of the label.

        off = [((f - y if sign == "pred_minus_truth" else y - f), w) for y, f, w in rows if w > 0]
        half = sum(weight) / 2
        low = min(e for e, w in off if sum(v for d, v in off if d <= e) >= half)
        (low + min(e for e, w in off if sum(v for d, v in off if d <= e) > half)) / 2

    Above zero, more than half of the predictions are too high; a few wild rows do not move it as they
    move `bias`.

    >>> median_bias(kept([-1.0, 2.0, 30.0], [0.0, 0.0, 0.0]))
    2.0
    """
    low, high = values.ends(HALF)
    if low == high or not math.isfinite(high - low):
        return at_quantile(values, HALF)

    def lost(error: Column, rounding: Column) -> tuple[Column, Column]:
        """What was lost of errors that were rounded to either end, and nothing of others."""
        return np.where(error == low, rounding, -np.inf), np.where(error == high, rounding, np.inf)

    # The two may cancel, and then what their rounding lost counts.
    extremes = values.kept_in(Extremes, lost)
    return sum(map(Fraction, (low, high, extremes.highs[0], extremes.lows[1])), Fraction(0)) / 2


def relative_sizes(label: Column, pred: Column, *, zero: Literal["error", "skip"] = "error") -> Column:
    """The absolute error relative to the label."""
    error = error_in(label, label, pred)
    return np.abs(error, out=error)


@relative_loss(
    task="relative",
    of=relative_sizes,
    state="values",
    approximate=OF_BINS,
    aliases=("median_absolute_percentage_error", "median_ape", "medape"),
    elicits="a value between the mode and the median of the labels, in which small ones weigh more",
    reference=HYNDMAN,
    exceptions=KEPT,
)
def mdape(values: Ranked, *, percent: bool = False) -> Finished:
    """Median absolute error relative to the label, as a fraction.

        counted = [(y, f, w) for y, f, w in rows if w > 0 and (zero == "error" or y != 0)]
        errors = [(abs(f - y) / abs(y), w) for y, f, w in counted]
        half = sum(w for e, w in errors) / 2
        low = min(e for e, w in errors if sum(v for d, v in errors if d <= e) >= half)
        high = min(e for e, w in errors if sum(v for d, v in errors if d <= e) > half)
        (100 if percent else 1) * (low + high) / 2

    `mape` that a few small labels cannot rule: half of the rows have a smaller relative error.  A zero
    label is refused, or left out and counted with ``zero=skip``.

    >>> mdape(kept([0.25, 0.5, 8.0]))
    0.5
    """
    found = at_quantile(values, HALF)
    return 100 * Fraction(found) if percent and isinstance(found, float) else found


@loss_against_baseline(
    task="relative",
    of=mrae,
    state="values",
    approximate=OF_BINS,
    aliases=("median_relative_absolute_error",),
    best=None,
    homogeneous=0,
    keeps=baselines_that_count,
    skips="perfect_baseline",
    elicits="near the median of the labels, drawn to where the baseline is good",
    reference=HYNDMAN,
    exceptions=KEPT,
)
def mdrae(values: Ranked) -> Finished:
    """Median of the absolute errors, each over the baseline's in its row.

        counted = [(y, f, b, w) for y, f, b, w in rows if w > 0 and (zero == "inf" or b != y)]
        ratios = [(abs(f - y) / abs(b - y) if b != y else inf, w) for y, f, b, w in counted]
        half = sum(w for e, w in ratios) / 2
        low = min(e for e, w in ratios if sum(v for d, v in ratios if d <= e) >= half)
        (low + min(e for e, w in ratios if sum(v for d, v in ratios if d <= e) > half)) / 2

    Below 1 the predictions beat the baseline, whose column ``baseline`` names, in more than half of the
    rows.  Rows with a perfect baseline have an infinite ratio, and rule `mrae` but not this; ``zero=skip``
    leaves them out and counts them.

    >>> mdrae(kept([0.5, 0.75, np.inf]))
    0.75
    """
    return at_quantile(values, HALF)


# ------------------------------------------------------------------------------------------------
# Relative to what a constant would have cost
# ------------------------------------------------------------------------------------------------


def ordered_pair(label: Column, pred: Column) -> tuple[Column, Column, Column]:
    """Label, prediction, and the greater of the two."""
    # |f - y| is max - min: the sums of these are exact, where a difference is rounded.
    return label, pred, np.maximum(label, pred)


def pinballs(values: Values, level: Fraction) -> tuple[Fraction, Fraction]:
    """The sum of the pinball losses of the predictions, and of the labels' own quantile."""
    label, pred, greater = (total.fraction for total in values.kept_in(Sums, ordered_pair).totals)
    best = values.ends(level)[0]
    weight, below = values.up_to(best)
    above = label - below - Fraction(best) * (values.weight.fraction - weight)
    ours = level * (greater - pred) + (1 - level) * (greater - label)
    return ours, level * above + (1 - level) * (Fraction(best) * weight - below)


def share_saved(values: Values, level: Fraction) -> Finished:
    """What part of the pinball loss of the labels' own quantile the predictions save."""
    ours, theirs = pinballs(values, level)
    if theirs == 0:
        return Undefined("all labels are one number: a constant is perfect, and nothing is left to save")
    return 1 - ours / theirs


@of_labels(
    aliases=("d2_pinball_score",),
    main="quantile",
    elicits=QUANTILE,
    reference="Koenker & Machado (1999), doi:10.1080/01621459.1999.10473882",
)
def d2_pinball(values: Values, *, quantile: OpenUnit = 0.5) -> Finished:
    """Share of the pinball loss of a constant quantile that predictions save.

        under = [(y, w) for y, f, w in rows if w > 0]
        reached = quantile * sum(weight)
        best = min(y for y, w in under if sum(v for z, v in under if z <= y) >= reached)
        ours = sum(w * max(quantile * (y - f), (quantile - 1) * (y - f)) for y, f, w in rows)
        1 - ours / sum(w * max(quantile * (y - best), (quantile - 1) * (y - best)) for y, f, w in rows)

    `r2` for predictions of a quantile: 1 is perfect, 0 is as good as the label's own quantile of these
    rows, the best constant.  Where several constants are equally good, all of them cost the same, so
    that the rule of a weighted quantile does not show.

    >>> d2_pinball(kept([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]))
    Fraction(1, 2)
    """
    return share_saved(values, as_written(quantile))


@of_labels(
    aliases=("d2_absolute_error_score",),
    elicits=MEDIAN,
    reference="Koenker & Machado (1999), doi:10.1080/01621459.1999.10473882",
)
def d2_absolute_error(values: Values) -> Finished:
    """Share of the absolute error of the median label that predictions save.

        some = [(y, w) for y, f, w in rows if w > 0]
        best = min(y for y, w in some if sum(v for z, v in some if z <= y) >= sum(weight) / 2)
        1 - sum(w * abs(f - y) for y, f, w in rows) / sum(w * abs(y - best) for y, f, w in rows)

    `r2` in absolute errors: 1 is perfect, 0 is as good as always predicting the median label of these
    rows.

    >>> d2_absolute_error(kept([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]))
    Fraction(1, 2)
    """
    return share_saved(values, HALF)


@of_labels(
    aliases=("relative_absolute_error",),
    better="lower",
    best=0.0,
    elicits=MEDIAN,
    reference=WITTEN,
)
def rae(values: Values) -> Finished:
    """Absolute error relative to that of the mean label.

        mean = sum(w * y for y, f, w in rows) / sum(weight)
        sum(w * abs(f - y) for y, f, w in rows) / sum(w * abs(y - mean) for y, f, w in rows)

    0 is perfect, 1 is as good as always predicting the mean label of these rows.  `rse` is the same of
    squares; `d2_absolute_error` compares with the median, which is the best constant here.

    >>> rae(kept([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]))
    Fraction(1, 2)
    """
    label, pred, greater = (total.fraction for total in values.kept_in(Sums, ordered_pair).totals)
    mean = label / values.weight.fraction
    bound = round_fraction(mean)
    weight, below = values.up_to(bound if Fraction(bound) <= mean else math.nextafter(bound, -math.inf))
    # The labels below the mean lie as far from it, in all, as those above.
    spread = 2 * (mean * weight - below)
    if spread == 0:
        return Undefined("all labels are one number: there is no spread to explain")
    return (2 * greater - label - pred) / spread


def label_iqr(values: Values) -> Fraction:
    """The interquartile range of the labels."""
    (low, low_end), (high, high_end) = (values.ends(HALF + side) for side in (-HALF / 2, HALF / 2))
    return (Fraction(high) + Fraction(high_end) - Fraction(low) - Fraction(low_end)) / 2


@of_labels(
    aliases=("ratio_of_performance_to_iqr",),
    best=None,
    elicits=MEAN,
    reference="Bellon-Maurel et al. (2010), doi:10.1016/j.trac.2010.05.006",
)
def rpiq(values: Values) -> Finished:
    """Interquartile range of the labels over the root mean squared error.

        some = [(y, w) for y, f, w in rows if w > 0]
        n = sum(weight)
        low = min(y for y, w in some if sum(v for z, v in some if z <= y) >= n / 4)
        low_end = min(y for y, w in some if sum(v for z, v in some if z <= y) > n / 4)
        high = min(y for y, w in some if sum(v for z, v in some if z <= y) >= n * 3 / 4)
        high_end = min(y for y, w in some if sum(v for z, v in some if z <= y) > n * 3 / 4)
        iqr = (high + high_end - low - low_end) / 2
        iqr / sqrt(sum(w * (f - y)**2 for y, f, w in rows) / n) if iqr > 0 else 0

    How many typical errors the middle half of the labels spans; its reciprocal is `rmse` normalised by
    the interquartile range.  Wild labels do not widen it as they widen the standard deviation.  The
    quartiles are the middle of two labels where a quarter of the weight is just reached; R and NumPy
    interpolate between labels, which differs in files of few rows.

    >>> rpiq(kept([1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0]))
    Fraction(2, 1)
    """
    moments = values.kept_in(Moments, label_and_pred)
    if moments.squared_error == 0:
        return Undefined("the predictions are perfect: the ratio is infinite")
    return label_iqr(values) / sqrt_fraction(moments.squared_error / moments.weight.fraction)


@of_labels(
    name="nrmse",
    better="lower",
    best=0.0,
    elicits=MEAN,
    reference=HYNDMAN,
    sample="sample_data/diabetes_preds.csv sample_data/diabetes_labels.csv --loss nrmse:norm=iqr",
)
def nrmse_by_iqr(values: Values, *, norm: Literal["iqr"]) -> Finished:
    """Root mean squared error over the interquartile range of the labels.

        some = [(y, w) for y, f, w in rows if w > 0]
        n = sum(weight)
        low = min(y for y, w in some if sum(v for z, v in some if z <= y) >= n / 4)
        low_end = min(y for y, w in some if sum(v for z, v in some if z <= y) > n / 4)
        high = min(y for y, w in some if sum(v for z, v in some if z <= y) >= n * 3 / 4)
        high_end = min(y for y, w in some if sum(v for z, v in some if z <= y) > n * 3 / 4)
        iqr = (high + high_end - low - low_end) / 2
        sqrt(sum(w * (f - y)**2 for y, f, w in rows) / n) / iqr if iqr > 0 else inf

    The size of an error in units of the middle half of the labels, which wild labels do not widen.  Every
    row is kept for it.  `rpiq` is its reciprocal, and says what its quartiles are.

    >>> nrmse_by_iqr(kept([1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0]), norm="iqr")
    Fraction(1, 2)
    """
    moments = values.kept_in(Moments, label_and_pred)
    spread = label_iqr(values)
    if spread == 0:
        return Undefined("the labels have no size by which to divide: their iqr is 0")
    return sqrt_fraction(moments.squared_error / moments.weight.fraction) / spread
