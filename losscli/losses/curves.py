"""Losses of scores from the order in which they put the rows: areas under curves, and points on them.

Their task is `binary`; of several classes, or of several outputs, each is measured and they are averaged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from losscli.loss.approximate import Approximate
from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import BINARY, AboveZero, FalsePositives
from losscli.losses.stable import log1p_gap_share, log_fraction
from losscli.losses.thresholds import (
    Cuts,
    Scored,
    both_classes,
    cuts,
    first,
    precision_recall_curve,
    precisions,
    precisions_above,
    quotients,
    roc_curve,
    some_positive,
)
from losscli.numbers.exact import ExactSum
from losscli.numbers.order import Order

HANLEY = "Hanley & McNeil (1982), doi:10.1148/radiology.143.1.7063747"
HAND = "Hand & Till (2001), doi:10.1023/A:1010920819831"
BUCKLEY = "Buckley & Voorhees (2000), doi:10.1145/345508.345543"
BOYD = "Boyd, Eng & Page (2013), doi:10.1007/978-3-642-40994-3_29"
DAVIS = "Davis & Goadrich (2006), doi:10.1145/1143844.1143874"
MCCLISH = "McClish (1989), doi:10.1177/0272989X8900900307"
SMIRNOV = "Smirnov (1948), doi:10.1214/aoms/1177730256"
MARTIN = "Martin et al. (1997), Eurospeech, 1895-1898"
MYSINGER = "Mysinger & Shoichet (2010), doi:10.1021/ci100214a"
SHAPIRO = "Piatetsky-Shapiro & Masand (1999), doi:10.1145/312129.312225"
FAWCETT = "Fawcett (2006), doi:10.1016/j.patrec.2005.10.010"
EBAN = "Eban et al. (2017), Proceedings of Machine Learning Research 54, 832-840"

ROUNDED = 2.0**-48
"""By what share of itself a sum of terms above 0 may be wrong, each of which was rounded a few times."""
EVERY_ROW = {"pickle": "order statistics keep every row, and are not saved"}


def scored(label: Column, pred: Column) -> tuple[Column, Column]:
    """The score of each row, and whether it is positive."""
    return pred, label


of_scores = partial(
    loss,
    task="binary",
    of=scored,
    state="order",
    label=BINARY,
    scores=True,
    per_class=True,
    averages=("macro", "weighted", "micro", "none"),
    better="higher",
    best=1.0,
    elicits="any score that ranks rows as the probability of the positive class does",
    approximate=Approximate("counted_scores"),
    detail=roc_curve,
    exceptions=EVERY_ROW,
)
of_precision = partial(of_scores, detail=precision_recall_curve)


def ordered(label: Sequence[int], pred: Sequence[float], weight: Sequence[float] | None = None) -> Order:
    """The state of a few rows, for the examples."""
    columns = np.array(pred, dtype=np.float64), np.array(label)
    return Order.of(columns, None if weight is None else np.array(weight, dtype=np.float64))


# ---------------------------------------------------------------------- areas under the ROC curve


@of_scores(
    aliases=(
        "roc_auc",
        "auc_roc",
        "auroc",
        "roc_auc_score",
        "area_under_roc",
        "area_under_receiver_operating_characteristic_curve",
        "rocauc",
    ),
    reference=HANLEY,
)
def auc(order: Scored) -> Finished:
    """Area under the ROC curve: share of pairs that scores rank rightly.

        up = [(f, w) for y, f, w in rows if y == 1]
        down = [(f, w) for y, f, w in rows if y == 0]
        pairs = sum(v * w * (1 if f > g else 1 / 2 if f == g else 0) for f, v in up for g, w in down)
        pairs / (sum(w for f, w in up) * sum(w for f, w in down))

    The chance that a positive row scores above a negative one; equal scores count half.  1 is a perfect
    order, 0.5 is chance.  Only the order of the scores counts, not their size, and how rare the
    positive class is does not show: `average_precision` shows it.  A pair weighs the product of its
    rows' weights.

    >>> auc(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]))
    Fraction(7, 8)
    """
    if (lacking := both_classes(order)) is not None:
        return lacking
    negative, positive = order.totals_of(2)
    twice = 0
    for at in cuts(order):
        twice += int((at.up * (2 * (negative - at.false) + at.down)).sum())
    return Fraction(twice, 2 * negative * positive)


@of_scores(
    aliases=("gini_index", "accuracy_ratio", "gain_capture", "normalized_gini", "normalised_gini"),
    reference=HAND,
)
def gini(order: Scored) -> Finished:
    """Twice the area under the ROC curve, less 1.

        up = [(f, w) for y, f, w in rows if y == 1]
        down = [(f, w) for y, f, w in rows if y == 0]
        pairs = sum(v * w * ((f > g) - (f < g)) for f, v in up for g, w in down)
        pairs / (sum(w for f, w in up) * sum(w for f, w in down))

    `auc` on a scale where chance is 0 and an order turned round is -1.  Credit scoring reports it; it
    is also the share that the gain curve captures of what a perfect order would.

    >>> gini(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]))
    Fraction(3, 4)
    """
    area = auc(order)
    return area if isinstance(area, Undefined) else 2 * Fraction(area) - 1


@of_scores(aliases=("pauc", "partial_roc_auc", "mcclish"), reference=MCCLISH)
def partial_auc(order: Scored, *, max_fpr: AboveZero) -> Finished:
    """Area under the ROC curve up to a false positive rate, scaled.

        P, N = [sum(w for y, f, w in rows if y == c) for c in (1, 0)]
        down = [(f, w) for y, f, w in rows if y == 0 and w > 0]
        right = [sum(w for y, f, w in rows if y == 1 and f > g) / P for g, v in down]
        tied = [sum(w for y, f, w in rows if y == 1 and f == g) / P for g, v in down]
        wrong = [sum(w for f, w in down if f > g) / N for g, v in down]
        widths = [sum(w for f, w in down if f == g) / N for g, v in down]
        parts = [max(0, min(1, (max_fpr - x) / d)) for x, d in zip(wrong, widths)]
        area = sum(v / N * (t * y + t**2 * s / 2) for (g, v), y, s, t in zip(down, right, tied, parts))
        (1 + (area - max_fpr**2 / 2) / (max_fpr - max_fpr**2 / 2)) / 2

    For use where only few false alarms are bearable.  On McClish's scale 0.5 is chance and 1 is perfect,
    whatever ``max_fpr``; a poorer order than chance is below 0.5.  At ``max_fpr=1`` it is `auc`.

    >>> partial_auc(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]), max_fpr=0.5)
    Fraction(5, 6)
    """
    if (lacking := both_classes(order)) is not None:
        return lacking
    negative, positive = order.totals_of(2)
    most = Fraction(max_fpr)
    limit = most * negative
    twice = Fraction(0)
    for at in cuts(order):
        inside = at.where(at.false <= math.floor(limit))
        twice += int((inside.down * (2 * inside.true - inside.up)).sum())
        crossing = (at.false > math.floor(limit)) & (at.false - at.down < math.ceil(limit))
        for up, down, true, false in zip(*(column.tolist() for column in at.where(crossing)), strict=True):
            part = (limit - (false - down)) / down
            twice += down * part * (2 * (true - up) + part * up)
    area, least = twice / (2 * negative * positive), most**2 / 2
    return (1 + (area - least) / (most - least)) / 2


@of_scores(
    aliases=("logauc",), approximate=Approximate("counted_scores", rounding=ROUNDED), reference=MYSINGER
)
def log_auc(order: Scored, *, min_fpr: FalsePositives = 0.001, max_fpr: FalsePositives = 0.1) -> Finished:
    """Area under the ROC curve over the logarithm of false positives.

        P, N = [sum(w for y, f, w in rows if y == c) for c in (1, 0)]
        down = [(f, w) for y, f, w in rows if y == 0 and w > 0]
        right = [sum(w for y, f, w in rows if y == 1 and f > g) / P for g, v in down]
        tied = [sum(w for y, f, w in rows if y == 1 and f == g) / P for g, v in down]
        wrong = [sum(w for f, w in down if f > g) / N for g, v in down]
        widths = [sum(w for f, w in down if f == g) / N for g, v in down]
        ends = [(max(x, min_fpr), min(x + d, max_fpr)) for x, d in zip(wrong, widths)]
        lines = [(y - s / d * x, s / d) for y, s, x, d in zip(right, tied, wrong, widths)]
        logs = [c * log(b / a) + m * (b - a) if a < b else 0 for (c, m), (a, b) in zip(lines, ends)]
        sum(v / N / d * area for (g, v), d, area in zip(down, widths, logs)) / max(0, log(max_fpr / min_fpr))

    For rare finds in a long list, such as drugs in a screen: each power of ten of the false positive
    rate between the two counts the same.  1 is perfect, and a random order has 0.021 with the defaults.
    Between tied scores the curve is straight, where TorchMetrics has it straight in the logarithm.

    >>> float(log_auc(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8])))
    0.521497576854211
    """
    if (lacking := both_classes(order)) is not None:
        return lacking
    negative, positive = order.totals_of(2)
    low, high = Fraction(min_fpr), Fraction(max_fpr)
    if low >= high:
        return Undefined("`min_fpr` is not below `max_fpr`")
    least, most = low * negative, high * negative
    whole, area = negative, ExactSum.empty()
    for at in cuts(order):
        full = at.true - at.up == positive
        whole = min(whole, int((at.false - at.down).min(where=full, initial=negative)))
        rest = at.where(~full & (at.down > 0))
        before = rest.false - rest.down
        inside = (before >= math.ceil(least)) & (rest.false <= math.floor(most))
        some = rest.where(inside)
        area = area.merge(ExactSum.of(_over_log(
            quotients(some.down, before[inside]), quotients(some.true - some.up, positive),
            quotients(some.up, positive),
        )))  # fmt: skip
        crossing = ~inside & (before < math.ceil(most)) & (rest.false > math.floor(least))
        for up, down, true, false in zip(*(column.tolist() for column in rest.where(crossing)), strict=True):
            start, end = max(Fraction(false - down), least), min(Fraction(false), most)
            slope = Fraction(up, down * positive)
            height = Fraction(true - up, positive) + slope * (start - false + down)
            sizes = ((end - start) / start, height, slope * (end - start))
            area = area.merge(ExactSum.of(_over_log(*(np.array([float(size)]) for size in sizes))))
    span = log_fraction(high / low)
    start = max(Fraction(whole, negative), low)
    return (area.fraction + (log_fraction(high / start) if start < high else Fraction(0))) / span


def _over_log(growth: Column, height: Column, rise: Column) -> Column:
    """The areas over the logarithm of lines that begin at ``height`` and rise, while x grows by a share of it."""
    return height * np.log1p(growth) + rise * (growth * log1p_gap_share(growth))


# ---------------------------------------------------------------------- areas under the precision-recall curve


def mean_over_positives(order: Scored, of: Callable[[Cuts], Column]) -> Finished:
    """The mean over the positives of a function of their thresholds, which is 1 where no negative scores as high."""
    if (lacking := some_positive(order)) is not None:
        return lacking
    _, positive = order.totals_of(2)
    unit = max(0, positive.bit_length() - 1000)  # so that weights in it are doubles
    pure, total = 0, ExactSum.empty()
    for at in cuts(order):
        pure += int(at.up[at.false == 0].sum())
        rest = at.where((at.false > 0) & (at.up > 0))
        total = total.merge(ExactSum.of(quotients(rest.up, 1 << unit) * of(rest)))
    return (pure + total.fraction * Fraction(1 << unit)) / positive


def least_precisions(at: Cuts) -> Column:
    """Where negatives of the same bin are above the positives."""
    above = at.true - at.up
    return quotients(above, above + at.false)


def greatest_precisions(at: Cuts) -> Column:
    """Where positives of the same bin are above the negatives."""
    return quotients(at.true, at.true + at.false - at.down)


def precision_ends(order: Scored) -> tuple[Finished, Finished]:
    """Between what the mean over positives lies of precisions at thresholds within their bins."""
    return mean_over_positives(order, least_precisions), mean_over_positives(order, greatest_precisions)


of_mean_precision = partial(
    of_precision, approximate=Approximate("counted_scores", precision_ends, rounding=ROUNDED)
)


@of_mean_precision(
    aliases=("average_precision_score", "ap", "pr_step_auc"),
    reference=BUCKLEY,
)
def average_precision(order: Scored) -> Finished:
    """Mean over the positives of the precision at their score.

        up = [(f, w) for y, f, w in rows if y == 1 and w > 0]
        right = [sum(w for g, w in up if g >= f) for f, v in up]
        called = [sum(w for y, g, w in rows if g >= f) for f, v in up]
        sum(v * tp / n for (f, v), tp, n in zip(up, right, called)) / sum(v for f, v in up)

    The area under the precision-recall curve, taken in steps as scikit-learn does.  A random order has
    the share of positives, so read it beside that; where they are rare it tells models apart that `auc`
    does not.  `pr_auc` joins the points by straight lines.

    >>> float(average_precision(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8])))
    0.8333333333333333
    """
    return mean_over_positives(order, precisions)


@of_mean_precision(aliases=("prauc", "pr_curve_auc"), reference=BOYD)
def pr_auc(order: Scored) -> Finished:
    """Area under the straight lines between precision-recall points.

        up = [(f, w) for y, f, w in rows if y == 1 and w > 0]
        counts = [(y * w, w, g) for y, g, w in rows]
        at = [[sum(c[k] for c in counts if c[2] >= f) for k in (0, 1)] for f, v in up]
        above = [[sum(c[k] for c in counts if c[2] > f) for k in (0, 1)] for f, v in up]
        ends = [(t / n, s / m if m > 0 else 1) for (t, n), (s, m) in zip(at, above)]
        sum(v * (p + q) / 2 for (f, v), (p, q) in zip(up, ends)) / sum(v for f, v in up)

    As scikit-learn's ``auc(recall, precision)``, yardstick and CatBoost have it, from precision 1 at recall
    0.  No threshold reaches the points on those lines, so it is too high where steps are wide:
    `average_precision` has none, and `pr_auc_interpolated` (XGBoost's) joins points as thresholds could.

    >>> float(pr_auc(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8])))
    0.9166666666666666
    """
    return mean_over_positives(order, lambda at: (precisions(at) + precisions_above(at)) / 2.0)


@of_mean_precision(aliases=("aucpr", "davis_goadrich"), reference=DAVIS)
def pr_auc_interpolated(order: Scored) -> Finished:
    """Area under precision and recall, between points as random ties would be.

        up = [(f, w) for y, f, w in rows if y == 1 and w > 0]
        tied = [[sum(w for y, g, w in rows if g == f and y == c) for c in (1, 0)] for f, v in up]
        above = [[sum(w for y, g, w in rows if g > f and y == c) for c in (1, 0)] for f, v in up]
        grown = [((d + g) / d, d, t, t + n) for (d, g), (t, n) in zip(tied, above)]
        logs = [(n / a - t) * log(1 + a * d / n) if n > 0 else 0 for a, d, t, n in grown]
        sum(v * (d - l) / a / d for (f, v), (a, d, t, n), l in zip(up, grown, logs)) / sum(v for f, v in up)

    Between two thresholds true and false positives grow in proportion, so that precision bends: what
    XGBoost calls `aucpr`, and Keras between its thresholds.  Without ties it is within a step of
    `average_precision`.

    >>> round(float(pr_auc_interpolated(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]))), 12)
    0.887326536084
    """
    return mean_over_positives(order, _between_thresholds)


def _between_thresholds(at: Cuts) -> Column:
    """The mean precision while rows of a score are taken one by one: in part their own share, in part that above."""
    own, here = at.up + at.down, at.true + at.false
    with np.errstate(all="ignore"):
        growth = quotients(own, here) / quotients(here - own, here)
    growth = np.clip(growth, 5e-324, 1e300)
    # Of x: 1 - log1p(x) / x and log1p(x) / x
    share, rest = growth * log1p_gap_share(growth), np.log1p(growth) / growth
    above = np.where(here > own, precisions_above(at), 0.0)
    return quotients(at.up, own) * share + above * rest


# ---------------------------------------------------------------------- points on the curves


@of_scores(aliases=("ks_statistic", "kolmogorov_smirnov", "ks_stat"), reference=SMIRNOV)
def ks(order: Scored) -> Finished:
    """Greatest distance between the scores of positives and of negatives.

        P, N = [sum(w for y, f, w in rows if y == c) for c in (1, 0)]
        right = [sum(w for y, g, w in rows if y == 1 and g >= f) / P for y, f, w in rows]
        wrong = [sum(w for y, g, w in rows if y == 0 and g >= f) / N for y, f, w in rows]
        max(abs(t - f) for t, f in zip(right, wrong))

    The Kolmogorov-Smirnov statistic of the two distribution functions, as credit scoring reports it:
    the greatest gap between true and false positive rates, at whatever threshold.  An order turned
    round has the same value: read `auc` beside it.

    >>> ks(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]))
    Fraction(1, 2)
    """
    if (lacking := both_classes(order)) is not None:
        return lacking
    negative, positive = order.totals_of(2)
    gaps = (int(abs(at.true * negative - at.false * positive).max()) for at in cuts(order))
    return Fraction(max(gaps), negative * positive)


@of_scores(aliases=("equal_error_rate",), better="lower", best=0.0, reference=MARTIN)
def eer(order: Scored) -> Finished:
    """Error rate where false positives are as frequent as misses.

        P, N = [sum(w for y, f, w in rows if y == c) for c in (1, 0)]
        sides = [[w / N if y == 0 else 0, w / N if y == 0 else w / P, f] for y, f, w in rows]
        at = [[sum(s[k] for s in sides if s[2] >= f) for k in (0, 1)] for y, f, w in rows]
        above = [[sum(s[k] for s in sides if s[2] > f) for k in (0, 1)] for y, f, w in rows]
        ends = [(x, u, (1 - s) / (t - s)) for (u, t), (x, s) in zip(at, above) if s < 1 and t >= 1]
        max(x + part * (u - x) for x, u, part in ends)

    Biometrics and speech: where the ROC curve crosses the line of equal errors, straight between its
    points.  TorchMetrics takes the mean of the two rates at the nearest threshold.  0.5 is chance.

    >>> eer(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]))
    Fraction(1, 4)
    """
    if (lacking := both_classes(order)) is not None:
        return lacking
    negative, positive = order.totals_of(2)
    both = negative * positive
    up, down, true, false = first(
        order, lambda at: (at.false - at.down) * positive + (at.true - at.up) * negative < both
    )
    rates = (false - down) * positive + (true - up) * negative
    return (false - down + Fraction(both - rates, down * positive + up * negative) * down) / negative


@of_scores(best=None, aliases=("cumulative_lift",), reference=SHAPIRO)
def lift(order: Scored, *, share: AboveZero = 0.1) -> Finished:
    """Positives among the rows with the highest scores, over those expected.

        W, P = sum(weight), sum(w for y, f, w in rows if y == 1)
        up = [(f, v) for y, f, v in rows if y == 1 and v > 0]
        above = [sum(w for y, g, w in rows if g > f) for f, v in up]
        tied = [sum(w for y, g, w in rows if g == f) for f, v in up]
        parts = [max(0, min(1, (share * W - n) / d)) for n, d in zip(above, tied)]
        sum(v * part for (f, v), part in zip(up, parts)) / P / share

    A campaign reaches the best-scored ``share`` of all: how many times more buyers does it find than
    one that picks at random?  Of rows that tie at the cut the part that fits counts.

    >>> lift(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]), share=0.5)
    Fraction(3, 2)
    """
    if (lacking := some_positive(order)) is not None:
        return lacking
    negative, positive = order.totals_of(2)
    reach = Fraction(share) * (negative + positive)
    most = math.ceil(reach)
    up, down, true, false = first(order, lambda at: at.true + at.false - at.up - at.down < most)
    part = (reach - (true + false - up - down)) / (up + down)
    return (true - up + part * up) / (positive * Fraction(share))


@of_precision(aliases=("precision_at_fixed_recall",), reference=EBAN)
def precision_at_recall(order: Scored, *, recall: AboveZero) -> Finished:
    """Best precision of a threshold that finds so much of the positives.

        P = sum(w for y, f, w in rows if y == 1)
        called = [[w for y, g, w in rows if g >= f and y in c] for y, f, v in rows for c in ((1,), (0, 1))]
        sums = [sum(c) for c in called]
        max(tp / n for tp, n in zip(sums[::2], sums[1::2]) if n > 0 and float(tp / P) >= recall)

    Where a share of the positives must be found, as in a search for fraud: how many of the alarms are
    then right?  The threshold is chosen on the rows that are measured, which flatters a small file.

    >>> precision_at_recall(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]), recall=0.9)
    0.6666666666666666
    """
    if (lacking := some_positive(order)) is not None:
        return lacking
    _, positive = order.totals_of(2)
    return _best(precisions(at)[quotients(at.true, positive) >= recall] for at in cuts(order))


@of_precision(aliases=("recall_at_fixed_precision",), reference=EBAN)
def recall_at_precision(order: Scored, *, precision: AboveZero) -> Finished:
    """Greatest recall of a threshold of such precision, 0 where none has it.

        P = sum(w for y, f, w in rows if y == 1)
        called = [[w for y, g, w in rows if g >= f and y in c] for y, f, v in rows for c in ((1,), (0, 1))]
        sums = [sum(c) for c in called]
        max([0] + [tp / P for tp, n in zip(sums[::2], sums[1::2]) if n > 0 and float(tp / n) >= precision])

    Where alarms must be right so often, as in automatic bans: how many of the positives are found?
    The threshold is chosen on the rows that are measured, which flatters a small file.

    >>> recall_at_precision(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]), precision=0.9)
    0.5
    """
    if (lacking := some_positive(order)) is not None:
        return lacking
    _, positive = order.totals_of(2)
    return _best(quotients(at.true, positive)[precisions(at) >= precision] for at in cuts(order))


@of_scores(aliases=("sensitivity_at_fixed_specificity", "tpr_at_tnr"), reference=FAWCETT)
def sensitivity_at_specificity(order: Scored, *, specificity: AboveZero) -> Finished:
    """Greatest sensitivity of a threshold with such specificity.

        P, N = [sum(w for y, f, w in rows if y == c) for c in (1, 0)]
        sums = [[sum(w for y, g, w in rows if g >= f and y == c) for c in (1, 0)] for y, f, v in rows]
        max([0] + [tp / P for tp, fp in sums if float((N - fp) / N) >= specificity])

    Screening: at most so many of the healthy may be alarmed, and how many of the ill are then found?
    The threshold is chosen on the rows that are measured, which flatters a small file.

    >>> sensitivity_at_specificity(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]), specificity=0.9)
    0.5
    """
    if (lacking := both_classes(order)) is not None:
        return lacking
    negative, positive = order.totals_of(2)
    return _best(
        quotients(at.true, positive)[quotients(negative - at.false, negative) >= specificity]
        for at in cuts(order)
    )


@of_scores(aliases=("specificity_at_fixed_sensitivity", "tnr_at_tpr"), reference=FAWCETT)
def specificity_at_sensitivity(order: Scored, *, sensitivity: AboveZero) -> Finished:
    """Greatest specificity of a threshold with such sensitivity.

        P, N = [sum(w for y, f, w in rows if y == c) for c in (1, 0)]
        sums = [[sum(w for y, g, w in rows if g >= f and y == c) for c in (1, 0)] for y, f, v in rows]
        max((N - fp) / N for tp, fp in sums if float(tp / P) >= sensitivity)

    Screening: so many of the ill must be found, and how many of the healthy are then left alone?
    The threshold is chosen on the rows that are measured, which flatters a small file.

    >>> specificity_at_sensitivity(ordered([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.8]), sensitivity=0.9)
    0.5
    """
    if (lacking := both_classes(order)) is not None:
        return lacking
    negative, positive = order.totals_of(2)
    return _best(
        quotients(negative - at.false, negative)[quotients(at.true, positive) >= sensitivity]
        for at in cuts(order)
    )


def _best(found: Iterator[Column]) -> float:
    """The greatest number of all, at least 0."""
    return max(float(numbers.max(initial=0.0)) for numbers in found)
