"""Losses of predicted classes, one class against the rest, from the `Counts` of that class.

Where all rows are of the classes 0 and 1 (or with ``--pos-label``) the class is the positive one, else the
losses of the classes are averaged as ``--average`` says.  `agreement` has those of the whole table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Literal, cast

import numpy as np

from losscli.loss.declare import Codes, Finished, Undefined, loss
from losscli.loss.domains import CLASSES, Positive, Unit
from losscli.losses.stable import log_fraction, sqrt_fraction
from losscli.numbers.confusion import Confusion, Counts

ZeroDivision = Literal["null", "zero", "one"]

RIJSBERGEN = "van Rijsbergen (1979), Information Retrieval, ch. 7"
YERUSHALMY = "Yerushalmy (1947), Public Health Reports 62(40), 1432-1449, doi:10.2307/4586294"
FAWCETT = "Fawcett (2006), doi:10.1016/j.patrec.2005.10.010"
PERKINS = "Perkins & Schisterman (2006), doi:10.1093/aje/kwj063"
POWERS = "Powers (2011), Journal of Machine Learning Technologies 2(1), 37-63"
DEEKS = "Deeks & Altman (2004), doi:10.1136/bmj.329.7458.168"

UNPREDICTED = "no row is predicted as this class"
ALL_PREDICTED = "every row is predicted as this class"
NO_LABEL = "no row is of this class"
ALL_LABELS = "every row is of this class"

SUREST = "the classes that one is surest of"
POSSIBLE = "every class that is possible"
ABOVE_BASE_RATE = "the class where it is more probable than it is common"


def classes(label: Codes, pred: Codes, *, threshold: Unit = 0.5) -> tuple[Codes, Codes]:
    """The two classes of each row, to be counted in a table."""
    return label, pred


def tabled(label: Sequence[int], pred: Sequence[int]) -> Confusion:
    """The table of a few rows, for examples."""
    return Confusion.of([np.array(label), np.array(pred)], None)


def ratio(part: Fraction, whole: Fraction, zero_division: str, why: str, *, absent: bool = False) -> Finished:
    """``part`` / ``whole``; where ``whole`` is 0, what ``zero_division`` says, or undefined for the reason ``why``."""
    if whole:
        return part / whole
    return {"zero": Fraction(0), "one": Fraction(1)}.get(zero_division, Undefined(why, absent))


def unseen(counts: Counts) -> bool:
    """Whether no row is of the class or predicted as it, so that an average over classes leaves it out."""
    return counts.tp + counts.fp + counts.fn == 0


def both_defined(
    one: Finished, other: Finished, combined: Callable[[Fraction, Fraction], Finished]
) -> Finished:
    """A function of two shares; undefined where one of them is."""
    for share in (one, other):
        if isinstance(share, Undefined):
            return share
    return combined(cast(Fraction, one), cast(Fraction, other))


of_table = partial(loss, of=classes, state="confusion", detail=Confusion.matrix, label=CLASSES, pred=CLASSES)
class_error = partial(
    of_table, task="binary", per_class=True, averages=("macro", "micro", "weighted", "none")
)
class_score = partial(class_error, better="higher", best=1.0)


@class_score(
    aliases=("positive_predictive_value", "ppv", "precision_score"), elicits=SUREST, reference=RIJSBERGEN
)
def precision(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Share of the rows predicted as a class that are of it.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        fp = sum(w for y, f, w in rows if y != 1 and f == 1)
        tp / (tp + fp)

    Of what was called positive, how much is?  It says nothing of the positives that were missed:
    see `recall`.  Where no row is predicted as the class it is not defined, or ``zero_division``.

    >>> precision(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(3, 4)
    """
    return ratio(counts.tp, counts.tp + counts.fp, zero_division, UNPREDICTED, absent=unseen(counts))


@class_score(
    aliases=("sensitivity", "tpr", "true_positive_rate", "recall_score", "sens"),
    elicits=POSSIBLE,
    reference=RIJSBERGEN,
)
def recall(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Share of the rows of a class that are predicted as it.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        fn = sum(w for y, f, w in rows if y == 1 and f != 1)
        tp / (tp + fn)

    Of what is positive, how much was found?  Calling everything positive reaches 1: read it beside
    `precision` or `specificity`.  Where no row is of the class it is not defined, or ``zero_division``.

    >>> recall(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(3, 5)
    """
    return ratio(counts.tp, counts.tp + counts.fn, zero_division, NO_LABEL, absent=unseen(counts))


@class_score(
    aliases=("selectivity", "tnr", "true_negative_rate", "spec"), elicits=SUREST, reference=YERUSHALMY
)
def specificity(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Share of the rows not of a class that are not predicted as it.

        tn = sum(w for y, f, w in rows if y != 1 and f != 1)
        fp = sum(w for y, f, w in rows if y != 1 and f == 1)
        tn / (tn + fp)

    Of what is negative, how much was left alone?  It is the `recall` of the negatives, and 1 less
    `fall_out`.  Where negatives abound it is near 1 for any careful model: look at `precision` too.

    >>> specificity(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(4, 5)
    """
    return ratio(counts.tn, counts.tn + counts.fp, zero_division, ALL_LABELS, absent=unseen(counts))


@class_score(aliases=("negative_predictive_value",), elicits=POSSIBLE, reference=FAWCETT)
def npv(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Share of the rows not predicted as a class that are not of it.

        tn = sum(w for y, f, w in rows if y != 1 and f != 1)
        fn = sum(w for y, f, w in rows if y == 1 and f != 1)
        tn / (tn + fn)

    The negative predictive value: can an all-clear be believed?  It is the `precision` of the
    negatives, and 1 less `false_omission`; where positives are rare it is near 1 for free.

    >>> npv(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(2, 3)
    """
    return ratio(counts.tn, counts.tn + counts.fn, zero_division, ALL_PREDICTED, absent=unseen(counts))


@class_error(aliases=("fnr", "false_negative_rate"), elicits=POSSIBLE, reference=FAWCETT)
def miss_rate(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Share of the rows of a class that are not predicted as it.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        fn = sum(w for y, f, w in rows if y == 1 and f != 1)
        fn / (tp + fn)

    1 less `recall`: the positives that were missed.  Read it beside `fall_out`, the false alarms.

    >>> miss_rate(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(2, 5)
    """
    return ratio(counts.fn, counts.tp + counts.fn, zero_division, NO_LABEL, absent=unseen(counts))


@class_error(aliases=("fpr", "false_positive_rate"), elicits=SUREST, reference=FAWCETT)
def fall_out(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Share of the rows not of a class that are predicted as it.

        fp = sum(w for y, f, w in rows if y != 1 and f == 1)
        tn = sum(w for y, f, w in rows if y != 1 and f != 1)
        fp / (fp + tn)

    1 less `specificity`: false alarms among the negatives.  Where negatives abound a small share is
    still a great number; `false_discovery` measures them among the alarms.

    >>> fall_out(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(1, 5)
    """
    return ratio(counts.fp, counts.tn + counts.fp, zero_division, ALL_LABELS, absent=unseen(counts))


@class_error(aliases=("fdr", "false_discovery_rate", "false_alarm_ratio"), elicits=SUREST, reference=FAWCETT)
def false_discovery(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Share of the rows predicted as a class that are not of it.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        fp = sum(w for y, f, w in rows if y != 1 and f == 1)
        fp / (tp + fp)

    1 less `precision`: how many of the alarms are false.

    >>> false_discovery(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(1, 4)
    """
    return ratio(counts.fp, counts.tp + counts.fp, zero_division, UNPREDICTED, absent=unseen(counts))


@class_error(aliases=("false_omission_rate",), elicits=POSSIBLE, reference=FAWCETT)
def false_omission(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Share of the rows not predicted as a class that are of it.

        fn = sum(w for y, f, w in rows if y == 1 and f != 1)
        tn = sum(w for y, f, w in rows if y != 1 and f != 1)
        fn / (fn + tn)

    1 less `npv`: how many of the all-clears are wrong.

    >>> false_omission(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(1, 3)
    """
    return ratio(counts.fn, counts.tn + counts.fn, zero_division, ALL_PREDICTED, absent=unseen(counts))


@class_score(
    aliases=(
        "f1_score",
        "f_measure",
        "balanced_f_score",
        "f_meas",
        "dice_score",
        "dice_coefficient",
        "sorensen_dice",
    ),
    elicits="the class where it is more probable than half the best F1",
    reference=RIJSBERGEN,
)
def f1(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Harmonic mean of precision and recall.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        wrong = sum(w for y, f, w in rows if (y == 1) != (f == 1))
        2 * tp / (2 * tp + wrong)

    High only where both are, and blind to true negatives.  The best threshold is half the best F1,
    not one half.  Macro is the mean of the classes' F1, not the F1 of mean precision and recall.  Where
    the class is in neither column it is not defined, or ``zero_division``.

    >>> f1(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(2, 3)
    """
    return fbeta(counts, beta=1.0, zero_division=zero_division)


@class_score(
    main="beta",
    aliases=("f_beta", "fbeta_score", "f@beta"),
    elicits="the class where it is probable enough; the rarer it is, the less that is",
    reference=RIJSBERGEN,
)
def fbeta(counts: Counts, *, beta: Positive, zero_division: ZeroDivision = "null") -> Finished:
    """Harmonic mean of precision and recall, recall weighing ``beta`` times.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        fp = sum(w for y, f, w in rows if y != 1 and f == 1)
        fn = sum(w for y, f, w in rows if y == 1 and f != 1)
        (1 + beta**2) * tp / ((1 + beta**2) * tp + beta**2 * fn + fp)

    ``beta=2`` where a miss is worse than a false alarm, ``beta=0.5`` where a false alarm is; 1 is
    `f1`.  If the two have a price, `cost` says it in its unit.

    >>> fbeta(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)), beta=2.0)
    Fraction(5, 8)
    """
    square = Fraction(beta) ** 2
    right = (1 + square) * counts.tp
    whole = right + square * counts.fn + counts.fp
    return ratio(right, whole, zero_division, "the class is in neither column", absent=unseen(counts))


@class_score(
    aliases=(
        "jaccard_index",
        "jaccard_score",
        "critical_success_index",
        "csi",
        "threat_score",
        "iou",
        "intersection_over_union",
        "binary_iou",
    ),
    elicits="the classes that f1 rewards",
    reference="Jaccard (1912), doi:10.1111/j.1469-8137.1912.tb05611.x",
)
def jaccard(counts: Counts, *, zero_division: ZeroDivision = "null") -> Finished:
    """Intersection over union of the rows of a class and those called so.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        wrong = sum(w for y, f, w in rows if (y == 1) != (f == 1))
        tp / (tp + wrong)

    It is f1 / (2 - f1) and so ranks as `f1` does, on a harsher scale.
    Where the class is in neither column it is not defined, or ``zero_division``.

    >>> jaccard(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(1, 2)
    """
    whole = counts.tp + counts.fp + counts.fn
    return ratio(counts.tp, whole, zero_division, "the class is in neither column", absent=True)


@class_score(
    aliases=("youden_j", "j_index", "bookmaker_informedness", "peirce_skill_score"),
    elicits=ABOVE_BASE_RATE,
    reference="Youden (1950), doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3",
)
def informedness(counts: Counts) -> Finished:
    """Recall and specificity together, less one: Youden's J.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        tn = sum(w for y, f, w in rows if y != 1 and f != 1)
        tp / sum(w for y, f, w in rows if y == 1) + tn / sum(w for y, f, w in rows if y != 1) - 1

    0 for any guess that does not look at the row, however common the class; 1 is perfect, -1 always
    wrong.  It does not depend on the share of positives, and says nothing of `precision`.

    >>> informedness(Counts(Fraction(3), Fraction(1), Fraction(1), Fraction(3)))
    Fraction(1, 2)
    """
    return both_defined(recall(counts), specificity(counts), lambda hit, spared: hit + spared - 1)


@class_error(aliases=("roc_dist", "roc01"), elicits=ABOVE_BASE_RATE, reference=PERKINS)
def roc_distance(counts: Counts) -> Finished:
    """Distance in the ROC plane from the corner of no error.

        p = sum(w for y, f, w in rows if y == 1)
        n = sum(w for y, f, w in rows if y != 1)
        fn = sum(w for y, f, w in rows if y == 1 and f != 1)
        fp = sum(w for y, f, w in rows if y != 1 and f == 1)
        sqrt((fn / p)**2 + (fp / n)**2)

    The root of the squares of `miss_rate` and `fall_out`: "closest to top left", by which thresholds are
    chosen.  `informedness` adds the two rates, and its best threshold has the fewest errors of both kinds.

    >>> float(roc_distance(Counts(Fraction(7), Fraction(4), Fraction(3), Fraction(6))))
    0.5
    """
    return both_defined(
        miss_rate(counts), fall_out(counts), lambda missed, alarmed: sqrt_fraction(missed**2 + alarmed**2)
    )


@class_score(elicits=SUREST, reference=POWERS)
def markedness(counts: Counts) -> Finished:
    """Precision and negative predictive value together, less one.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        tn = sum(w for y, f, w in rows if y != 1 and f != 1)
        tp / sum(w for y, f, w in rows if f == 1) + tn / sum(w for y, f, w in rows if f != 1) - 1

    How far a prediction can be believed: `informedness` with the columns changed over.  The root of
    the product of the two is, up to its sign, `mcc`.

    >>> markedness(Counts(Fraction(3), Fraction(1), Fraction(1), Fraction(3)))
    Fraction(1, 2)
    """
    return both_defined(precision(counts), npv(counts), lambda alarm, quiet: alarm + quiet - 1)


@class_score(
    best=None,
    aliases=("positive_likelihood_ratio",),
    elicits=SUREST,
    reference=DEEKS,
)
def lr_plus(counts: Counts) -> Finished:
    """Recall over fall-out: how much an alarm raises the odds of the class.

        tp = sum(w for y, f, w in rows if y == 1 and f == 1)
        fp = sum(w for y, f, w in rows if y != 1 and f == 1)
        tp / sum(w for y, f, w in rows if y == 1) / (fp / sum(w for y, f, w in rows if y != 1))

    1 tells nothing; above 10 an alarm is strong evidence.  Without a false alarm it is infinite, and
    so not defined.  It does not depend on how common the class is.

    >>> lr_plus(Counts(Fraction(3), Fraction(1), Fraction(1), Fraction(3)))
    Fraction(3, 1)
    """
    none = Undefined("there is no false alarm: the ratio is infinite", unseen(counts))
    return both_defined(recall(counts), fall_out(counts), lambda hit, alarm: hit / alarm if alarm else none)


@class_error(
    aliases=("negative_likelihood_ratio",),
    elicits=POSSIBLE,
    reference=DEEKS,
)
def lr_minus(counts: Counts) -> Finished:
    """Miss rate over specificity: how an all-clear lowers the odds.

        fn = sum(w for y, f, w in rows if y == 1 and f != 1)
        tn = sum(w for y, f, w in rows if y != 1 and f != 1)
        fn / sum(w for y, f, w in rows if y == 1) / (tn / sum(w for y, f, w in rows if y != 1))

    1 tells nothing; below 0.1 an all-clear is strong evidence.  Where every negative is called
    positive it is not defined.

    >>> lr_minus(Counts(Fraction(3), Fraction(1), Fraction(1), Fraction(3)))
    Fraction(1, 3)
    """
    none = Undefined("there is no true all-clear", unseen(counts))
    return both_defined(
        miss_rate(counts), specificity(counts), lambda miss, spared: miss / spared if spared else none
    )


@class_error(
    better="zero",
    best=None,
    aliases=("base_rate",),
    elicits="nothing: it does not look at the predictions",
    reference=FAWCETT,
)
def prevalence(counts: Counts) -> Finished:
    """Share of the rows that are of a class.

        sum(w for y, f, w in rows if y == 1) / sum(weight)

    Not a measure of predictions: the fact beside which `precision`, `accuracy` and `f1` are to be
    read, since they move with it.

    >>> prevalence(Counts(Fraction(3), Fraction(1), Fraction(2), Fraction(4)))
    Fraction(1, 2)
    """
    return (counts.tp + counts.fn) / counts.total


@class_score(
    best=None,
    aliases=("symmetric_extremal_dependence_index",),
    elicits=ABOVE_BASE_RATE,
    reference="Ferro & Stephenson (2011), doi:10.1175/WAF-D-10-05030.1",
)
def sedi(counts: Counts) -> Finished:
    """Symmetric extremal dependence index, for classes that are very rare.

        hit = sum(w for y, f, w in rows if y == 1 and f == 1) / sum(w for y, f, w in rows if y == 1)
        alarm = sum(w for y, f, w in rows if y != 1 and f == 1) / sum(w for y, f, w in rows if y != 1)
        gain = log(alarm) - log(hit) - log(1 - alarm) + log(1 - hit)
        gain / (log(alarm) + log(hit) + log(1 - alarm) + log(1 - hit))

    Between -1 and 1, 0 for random forecasts.  Most scores of a rare event go to 0 with its share
    whatever the forecast is worth; this one does not.  It needs hits, misses, false alarms and true
    all-clears: without one of them it is not defined.

    >>> float(sedi(Counts(Fraction(1), Fraction(1), Fraction(1), Fraction(1))))
    0.0
    """
    if not (counts.tp and counts.fp and counts.fn and counts.tn):
        return Undefined("one of the four outcomes has no row", unseen(counts))
    hit, alarm = counts.tp / (counts.tp + counts.fn), counts.fp / (counts.fp + counts.tn)
    if hit == alarm:
        return Fraction(0)
    # Of the exact fractions, since logs cancel where hit and alarm are near each other.
    gain = log_fraction(alarm / hit * (1 - hit) / (1 - alarm))
    return gain / log_fraction(alarm * hit * (1 - alarm) * (1 - hit))
