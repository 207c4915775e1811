"""Losses of predicted classes, from the table of label against prediction.

Those of one class against the rest are given the `Counts` of that class; where all rows are of the classes
0 and 1 (or with ``--pos-label``) it is the positive one, else they are averaged as ``--average`` says.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np

from losscli.loss.declare import Codes, Finished, Order, Undefined, loss
from losscli.loss.domains import CLASSES, Positive, Unit
from losscli.losses.stable import sqrt_fraction, sum_fractions
from losscli.numbers.confusion import Confusion, Counts

AVERAGES = ("macro", "micro", "weighted", "none")
ZeroDivision = Literal["null", "zero", "one"]

RIJSBERGEN = "van Rijsbergen (1979), Information Retrieval, ch. 7"
YERUSHALMY = "Yerushalmy (1947), Public Health Reports 62(40), 1432-1449, doi:10.2307/4586294"
FAWCETT = "Fawcett (2006), doi:10.1016/j.patrec.2005.10.010"
POWERS = "Powers (2011), Journal of Machine Learning Technologies 2(1), 37-63"

UNPREDICTED = "no row is predicted as this class"
ALL_PREDICTED = "every row is predicted as this class"
NO_LABEL = "no row is of this class"
ALL_LABELS = "every row is of this class"


def classes(label: Codes, pred: Codes, *, threshold: Unit = 0.5) -> tuple[Codes, Codes]:
    """The two classes of each row, to be counted in a table."""
    return label, pred


def tabled(label: Sequence[int], pred: Sequence[int]) -> Confusion:
    """The table of a few rows, for examples."""
    return Confusion.of([np.array(label), np.array(pred)], None)


def ratio(part: Fraction, whole: Fraction, zero_division: str, why: str, *, absent: bool = False) -> Finished:
    """A share; where there is nothing to take a share of, what ``zero_division`` says."""
    if whole:
        return part / whole
    return {"zero": Fraction(0), "one": Fraction(1)}.get(zero_division, Undefined(why, absent))


def unseen(counts: Counts) -> bool:
    """Whether no row is of the class, nor predicted as it: an average of classes leaves it out."""
    return counts.tp + counts.fp + counts.fn == 0


# ------------------------------------------------------------------------------------------------
# One class against the rest
# ------------------------------------------------------------------------------------------------


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("positive_predictive_value", "ppv"),
    better="higher",
    best=1.0,
    elicits="the classes that one is surest of",
    reference=RIJSBERGEN,
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("sensitivity", "tpr", "true_positive_rate"),
    better="higher",
    best=1.0,
    elicits="every class that is possible",
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("selectivity", "tnr", "true_negative_rate"),
    better="higher",
    best=1.0,
    elicits="the classes that one is surest of",
    reference=YERUSHALMY,
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("negative_predictive_value",),
    better="higher",
    best=1.0,
    elicits="every class that is possible",
    reference=FAWCETT,
)
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("fnr", "false_negative_rate"),
    elicits="every class that is possible",
    reference=FAWCETT,
)
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("fpr", "false_positive_rate"),
    elicits="the classes that one is surest of",
    reference=FAWCETT,
)
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("fdr", "false_discovery_rate", "false_alarm_ratio"),
    elicits="the classes that one is surest of",
    reference=FAWCETT,
)
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("false_omission_rate",),
    elicits="every class that is possible",
    reference=FAWCETT,
)
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("f1_score", "f_measure", "balanced_f_score"),
    better="higher",
    best=1.0,
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
    return _f(counts, Fraction(1), zero_division)


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("f_beta", "fbeta_score"),
    better="higher",
    best=1.0,
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
    return _f(counts, Fraction(beta), zero_division)


def _f(counts: Counts, beta: Fraction, zero_division: str) -> Finished:
    square = beta * beta
    right = (1 + square) * counts.tp
    whole = right + square * counts.fn + counts.fp
    return ratio(right, whole, zero_division, "the class is in neither column", absent=unseen(counts))


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("jaccard_index", "jaccard_score", "critical_success_index", "csi", "threat_score"),
    better="higher",
    best=1.0,
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("youden_j", "j_index", "bookmaker_informedness", "peirce_skill_score"),
    better="higher",
    best=1.0,
    elicits="the class where it is more probable than it is common",
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
    positive, negative = counts.tp + counts.fn, counts.tn + counts.fp
    if not positive or not negative:
        return Undefined(ALL_LABELS if positive else NO_LABEL, unseen(counts))
    return counts.tp / positive + counts.tn / negative - 1


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    better="higher",
    best=1.0,
    elicits="the classes that one is surest of",
    reference=POWERS,
)
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
    called, quiet = counts.tp + counts.fp, counts.tn + counts.fn
    if not called or not quiet:
        return Undefined(ALL_PREDICTED if called else UNPREDICTED, unseen(counts))
    return counts.tp / called + counts.tn / quiet - 1


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("positive_likelihood_ratio",),
    better="higher",
    best=None,
    elicits="the classes that one is surest of",
    reference="Deeks & Altman (2004), doi:10.1136/bmj.329.7458.168",
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
    return _likelihood(counts.tp, counts.fp, counts, "there is no false alarm: the ratio is infinite")


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("negative_likelihood_ratio",),
    elicits="every class that is possible",
    reference="Deeks & Altman (2004), doi:10.1136/bmj.329.7458.168",
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
    return _likelihood(counts.fn, counts.tn, counts, "there is no true all-clear")


def _likelihood(of_positive: Fraction, of_negative: Fraction, counts: Counts, why: str) -> Finished:
    positive, negative = counts.tp + counts.fn, counts.tn + counts.fp
    if not positive or not negative:
        return Undefined(ALL_LABELS if positive else NO_LABEL, unseen(counts))
    if not of_negative:
        return Undefined(why, unseen(counts))
    return of_positive / positive / (of_negative / negative)


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("base_rate",),
    better="zero",
    best=None,
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


@loss(
    "binary",
    of=classes,
    state="confusion",
    per_class=True,
    averages=AVERAGES,
    label=CLASSES,
    pred=CLASSES,
    aliases=("symmetric_extremal_dependence_index",),
    better="higher",
    best=None,
    elicits="the class where it is more probable than it is common",
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
    positive, negative = counts.tp + counts.fn, counts.tn + counts.fp
    if not (counts.tp and counts.fp and counts.fn and counts.tn):
        return Undefined("one of the four outcomes has no row", unseen(counts))
    if counts.tp * negative == counts.fp * positive:
        return Fraction(0)
    hit, alarm = counts.tp / positive, counts.fp / negative
    # Logs of the exact odds and rates: they cancel where hit and alarm are near each other.
    gain = _log(alarm / hit * (1 - hit) / (1 - alarm))
    return gain / _log(alarm * hit * (1 - alarm) * (1 - hit))


def _log(number: Fraction) -> Fraction:
    """The natural log of a fraction other than one, to 30 digits or more."""
    near = abs(number - 1)
    lost = max(0, (near.denominator.bit_length() - near.numerator.bit_length()) // 3)
    context = Context(prec=40 + lost)
    return Fraction(context.ln(context.divide(Decimal(number.numerator), Decimal(number.denominator))))


# ------------------------------------------------------------------------------------------------
# The whole table
# ------------------------------------------------------------------------------------------------


@loss(
    "multiclass",
    of=classes,
    state="confusion",
    averages=("macro", "none"),
    label=CLASSES,
    pred=CLASSES,
    aliases=("accuracy_score", "categorical_accuracy", "binary_accuracy", "acc"),
    of_rows="scikit-learn's `accuracy_score` counts the rows that are right throughout: 1 - `subset_zero_one`",
    better="higher",
    best=1.0,
    elicits="the most probable class",
    reference="Duda, Hart & Stork (2001), Pattern Classification, §2.3",
)
def accuracy(table: Confusion) -> Finished:
    """Share of rows whose predicted class is the label.

        sum(w for y, f, w in rows if y == f) / sum(weight)

    1 less `zero_one`, which also gives a number for every row.  Where one class is common, always
    naming it looks good: `balanced_accuracy`, `kappa` and `mcc` do not fall for that.

    >>> accuracy(tabled([1, 0, 1, 1], [1, 0, 0, 1]))
    Fraction(3, 4)
    """
    return table.agreed / table.weight.fraction


def recalls(table: Confusion) -> list[Fraction]:
    """The recall of every class that has rows."""
    return [table.cell(c, c) / weight for c, weight in table.label_weights.items() if weight]


@loss(
    "multiclass",
    of=classes,
    state="confusion",
    averages=("macro", "none"),
    label=CLASSES,
    pred=CLASSES,
    aliases=("bal_accuracy", "balanced_accuracy_score", "macro_recall"),
    better="higher",
    best=1.0,
    elicits="the class whose probability is greatest relative to its share",
    reference="Brodersen, Ong, Stephan & Buhmann (2010), doi:10.1109/ICPR.2010.764",
)
def balanced_accuracy(table: Confusion, *, adjusted: bool = False) -> Finished:
    """Mean of the classes' recalls: accuracy with all classes as common.

        both = sorted(label)
        classes = [c for i, c in enumerate(both) if i == 0 or c != both[i - 1]]
        right = [sum(w for y, f, w in rows if y == c and f == c) for c in classes]
        total = [sum(w for y, f, w in rows if y == c) for c in classes]
        mean = sum(r / t for r, t in zip(right, total) if t > 0) / sum(1 for t in total if t > 0)
        (mean - 1 / sum(1 for t in total if t > 0)) / (1 - 1 / sum(1 for t in total if t > 0)) if adjusted else mean

    Guessing gives one over the number of classes; ``adjusted=true`` makes that 0.  A class that no
    row is of is left out, as in scikit-learn; a rare class counts as much as a common one, with all
    the noise of its few rows.

    >>> balanced_accuracy(tabled([1, 0, 1, 1], [1, 0, 0, 1]))
    Fraction(5, 6)
    """
    found = recalls(table)
    mean = sum_fractions(found) / len(found)
    if not adjusted:
        return mean
    if len(found) == 1:
        return Undefined("all labels are of one class: a guess is always right")
    chance = Fraction(1, len(found))
    return (mean - chance) / (1 - chance)


@loss(
    "multiclass",
    of=classes,
    state="confusion",
    averages=("macro", "none"),
    label=CLASSES,
    pred=CLASSES,
    aliases=("balanced_error_rate", "ber"),
    elicits="the class whose probability is greatest relative to its share",
    reference="Brodersen, Ong, Stephan & Buhmann (2010), doi:10.1109/ICPR.2010.764",
)
def balanced_error(table: Confusion) -> Finished:
    """Mean over the classes of the share of their rows that is wrong.

        both = sorted(label)
        classes = [c for i, c in enumerate(both) if i == 0 or c != both[i - 1]]
        wrong = [sum(w for y, f, w in rows if y == c and f != c) for c in classes]
        total = [sum(w for y, f, w in rows if y == c) for c in classes]
        sum(r / t for r, t in zip(wrong, total) if t > 0) / sum(1 for t in total if t > 0)

    1 less `balanced_accuracy`: the error rate as if all classes were equally common.

    >>> balanced_error(tabled([1, 0, 1, 1], [1, 0, 0, 1]))
    Fraction(1, 6)
    """
    found = recalls(table)
    return 1 - sum_fractions(found) / len(found)


@loss(
    "multiclass",
    of=classes,
    state="confusion",
    averages=("macro", "none"),
    label=CLASSES,
    pred=CLASSES,
    aliases=("geometric_mean_score", "gmean"),
    better="higher",
    best=1.0,
    elicits="the class whose probability is greatest relative to its share",
    reference="Kubat & Matwin (1997), Addressing the curse of imbalanced training sets, ICML 1997",
)
def g_mean(table: Confusion) -> Finished:
    """Geometric mean of the classes' recalls.

        both = sorted(label)
        classes = [c for i, c in enumerate(both) if i == 0 or c != both[i - 1]]
        right = [sum(w for y, f, w in rows if y == c and f == c) for c in classes]
        total = [sum(w for y, f, w in rows if y == c) for c in classes]
        recalls = [r / t for r, t in zip(right, total) if t > 0]
        exp(sum(log(r) for r in recalls) / len(recalls)) if min(recalls) > 0 else 0

    Of two classes the root of recall times specificity.  One class that is never found makes it 0,
    where `balanced_accuracy` only loses a share.

    >>> g_mean(tabled([1, 0, 1, 1, 1], [1, 0, 0, 0, 0]))
    Fraction(1, 2)
    """
    found = Counter(recalls(table))
    if 0 in found:
        return Fraction(0)
    count = found.total()
    if count == 2:
        return sqrt_fraction(math.prod(found.elements(), start=Fraction(1)))
    # Shares below 1 have logs of one sign: they do not cancel.
    logs = sum(times * _log(share) for share, times in found.items() if share != 1)
    if not logs:
        return Fraction(1)
    context = Context(prec=40)
    return Fraction(context.exp(context.divide(_decimal(logs), Decimal(count))))


def _decimal(number: Fraction) -> Decimal:
    return Context(prec=40).divide(Decimal(number.numerator), Decimal(number.denominator))


@loss(
    "multiclass",
    of=classes,
    state="confusion",
    averages=("macro", "none"),
    label=CLASSES,
    pred=CLASSES,
    aliases=("matthews_corrcoef", "matthews", "phi_coefficient", "matthews_correlation"),
    better="higher",
    best=1.0,
    elicits="the class whose probability is greatest relative to its share",
    reference="Gorodkin (2004), doi:10.1016/j.compbiolchem.2004.09.006",
)
def mcc(table: Confusion, *, zero_division: ZeroDivision = "null") -> Finished:
    """Matthews correlation coefficient of label and prediction.

        both = sorted(label + pred)
        classes = [c for i, c in enumerate(both) if i == 0 or c != both[i - 1]]
        total = sum(weight)
        right = sum(w for y, f, w in rows if y == f)
        true = [sum(w for y, f, w in rows if y == c) for c in classes]
        called = [sum(w for y, f, w in rows if f == c) for c in classes]
        shared = total * right - sum(t * p for t, p in zip(true, called))
        shared / sqrt(total**2 - sum(t**2 for t in true)) / sqrt(total**2 - sum(p**2 for p in called))

    1 is perfect, 0 is no better than chance, and it is high only where every cell of the table is
    good, so it is hard to flatter.  Where label or prediction is of one class only it is not
    defined; scikit-learn says 0 there, as ``zero_division=zero`` does.

    >>> mcc(tabled([1, 1, 0, 0], [1, 1, 0, 0]))
    Fraction(1, 1)
    """
    total = table.weight.fraction
    true, called = table.label_weights, table.pred_weights
    shared = total * table.agreed - sum(true[c] * called[c] for c in true)
    spread_true = total**2 - sum(weight**2 for weight in true.values())
    spread_called = total**2 - sum(weight**2 for weight in called.values())
    if not spread_true or not spread_called:
        what = "predictions" if spread_true else "labels"
        return ratio(Fraction(0), Fraction(0), zero_division, f"all {what} are of one class")
    size = sqrt_fraction(Fraction(shared**2) / (spread_true * spread_called))
    return size if shared >= 0 else -size


@loss(
    "multiclass",
    of=classes,
    state="confusion",
    averages=("macro", "none"),
    label=CLASSES,
    pred=CLASSES,
    aliases=("cohen_kappa", "cohens_kappa", "cohen_kappa_score"),
    better="higher",
    best=1.0,
    elicits="the class whose probability is greatest relative to its share",
    reference="Cohen (1960), doi:10.1177/001316446002000104; (1968), doi:10.1037/h0026256",
)
def kappa(
    table: Confusion,
    *,
    weights: Literal["none", "linear", "quadratic"] = "none",
    zero_division: ZeroDivision = "null",
    order: Order = (),
) -> Finished:
    """Cohen's kappa: agreement of label and prediction beyond chance.

        both = sorted(label + pred)
        classes = [c for i, c in enumerate(both) if i == 0 or c != both[i - 1]]
        true = [sum(w for y, f, w in rows if y == c) for c in classes]
        called = [sum(w for y, f, w in rows if f == c) for c in classes]
        step = 2 if weights == "quadratic" else 1 if weights == "linear" else 0
        ys = [sum(1 for c in classes if c < y) for y in label]
        fs = [sum(1 for c in classes if c < f) for f in pred]
        seen = sum(w * abs(y - f)**step for y, f, w in zip(ys, fs, weight) if y != f)
        chance = sum(t * p * abs(i - j)**step for i, t in enumerate(true) for j, p in enumerate(called) if i != j)
        1 - seen * sum(weight) / chance

    0 is what chance would give with these shares of the classes, 1 is perfect.  ``weights`` makes a
    near miss count less than a far one, by the distance of the classes in their order, or its square:
    whole numbers are ordered as they are, text as ``--classes`` says, or as class columns stand.  The
    distance is in places among the classes there are, as in scikit-learn; with ``--classes`` also those
    without a row have a place.

    >>> kappa(tabled([1, 1, 0, 0], [1, 0, 0, 0]))
    Fraction(1, 2)
    """
    power = {"none": 0, "linear": 1, "quadratic": 2}[weights]
    places = _places(table, order if power else (), ordered=power > 0)
    if isinstance(places, Undefined):
        return places
    units, unit = table.amounts
    at = [places[name] for name in table.names]
    seen: Fraction = unit * sum(
        held * abs(at[a] - at[b]) ** power for (a, b), held in zip(table.pairs, units, strict=True) if a != b
    )
    chance = _by_chance(table.label_weights, table.pred_weights, places, power)
    if not chance:
        return ratio(Fraction(0), Fraction(0), zero_division, "all labels and predictions are of one class")
    return 1 - seen * table.weight.fraction / chance


def _by_chance(
    true: Mapping[int | str, Fraction],
    called: Mapping[int | str, Fraction],
    places: Mapping[int | str, int],
    power: int,
) -> Fraction:
    """Σ t·p·|i - j|**power over every class i of the labels and j of the predictions, in one pass over the classes."""
    rows = sorted((places[name], true[name], called[name]) for name in true)
    if power == 0:
        both = sum((t for _, t, _ in rows), Fraction(0)) * sum((p for _, _, p in rows), Fraction(0))
        return both - sum((t * p for _, t, p in rows), Fraction(0))
    if power == 2:
        (t0, t1, t2), (p0, p1, p2) = (
            [sum((row[side] * row[0] ** k for row in rows), Fraction(0)) for k in range(3)] for side in (1, 2)
        )
        return t2 * p0 - 2 * t1 * p1 + t0 * p2
    # Between two neighbouring places pass all pairs of which one lies below and one above.
    total = below_true = below_called = Fraction(0)
    whole_true, whole_called = (sum((row[side] for row in rows), Fraction(0)) for side in (1, 2))
    for (here, t, p), (there, _, _) in pairwise(rows):
        below_true, below_called = below_true + t, below_called + p
        crossing = below_true * (whole_called - below_called) + below_called * (whole_true - below_true)
        total += (there - here) * crossing
    return total


@loss(
    "multiclass",
    of=classes,
    state="confusion",
    averages=("macro", "none"),
    label=CLASSES,
    pred=CLASSES,
    aliases=("ordinal_mean_absolute_error",),
    elicits="a median class",
    reference="Baccianella, Esuli & Sebastiani (2009), doi:10.1109/ISDA.2009.230",
)
def ordinal_mae(table: Confusion, *, order: Order = ()) -> Finished:
    """Mean distance of the predicted class from the label, in places.

        both = sorted(label + pred)
        classes = [c for i, c in enumerate(both) if i == 0 or c != both[i - 1]]
        ys = [sum(1 for c in classes if c < y) for y in label]
        fs = [sum(1 for c in classes if c < f) for f in pred]
        sum(w * abs(y - f) for y, f, w in zip(ys, fs, weight)) / sum(weight)

    For grades and ratings: two places off is twice as bad as one.  Whole numbers are ordered as they
    are, text as ``--classes`` says, or as class columns stand.  Places are those among the classes there
    are; with ``--classes`` also those without a row have one.  Where the numbers themselves mean
    something, `mae` uses them.

    >>> ordinal_mae(tabled([1, 2, 3], [1, 3, 1]))
    Fraction(1, 1)
    """
    places = _places(table, order, ordered=True)
    if isinstance(places, Undefined):
        return places
    units, unit = table.amounts
    at = [places[name] for name in table.names]
    total = sum(held * abs(at[a] - at[b]) for (a, b), held in zip(table.pairs, units, strict=True))
    return total * unit / table.weight.fraction


def _places(table: Confusion, order: Order, *, ordered: bool) -> dict[int | str, int] | Undefined:
    """The place of each class in their order; text has one only where it is told."""
    seen = table.classes
    if order:
        known = set(order)
        unknown = [c for c in seen if c not in known]
        if unknown:
            return Undefined(f"the class `{unknown[0]}` is not among those in order: see `--classes`")
        return {c: place for place, c in enumerate(order)}
    if ordered and any(isinstance(c, str) for c in seen):
        return Undefined("text has no order of its own: name the classes in order with `--classes`")
    return {c: place for place, c in enumerate(seen)}
