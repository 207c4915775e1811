"""Losses of predicted classes from the whole table of label against prediction."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any, Literal

from losscli.loss.declare import Finished, Undefined
from losscli.loss.elicits import MODE
from losscli.loss.params import Order
from losscli.losses.confusion import ZeroDivision, of_table, ratio, tabled  # noqa: F401 (the examples use it)
from losscli.losses.stable import exp_fraction, log_fraction, sqrt_fraction, sum_fractions
from losscli.numbers.confusion import Confusion

BRODERSEN = "Brodersen, Ong, Stephan & Buhmann (2010), doi:10.1109/ICPR.2010.764"
RELATIVELY_MOST_PROBABLE = "the class whose probability is greatest relative to its share"

table_error = partial(of_table, task="multiclass", averages=("macro", "none"))
table_score = partial(table_error, better="higher", best=1.0)


@table_score(
    aliases=(
        "accuracy_score",
        "categorical_accuracy",
        "binary_accuracy",
        "acc",
        "sparse_categorical_accuracy",
        "categorization_accuracy",
    ),
    of_rows="scikit-learn's `accuracy_score` counts the rows that are right throughout: 1 - `subset_zero_one`",
    elicits=MODE,
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


def listed(table: Confusion) -> dict[str, Any]:
    """The table for JSON, to be shown in every format."""
    return {**table.matrix(), "listed": True}


@table_error(
    aliases=("contingency_table", "error_matrix", "multilabel_confusion_matrix"),
    detail=listed,
    elicits=MODE,
    reference="Stehman (1997), doi:10.1016/S0034-4257(97)00083-7",
)
def confusion_matrix(table: Confusion) -> Finished:
    """How often each class was taken for each; as a number, the error rate.

        sum(w for y, f, w in rows if y != f) / sum(weight)

    Every format shows the weight of the rows of each pair of classes, the label's class first.  The value
    is the share of rows off the diagonal, so that a gate can bound it: 1 less `accuracy`.

    >>> confusion_matrix(tabled([1, 0, 1, 1], [1, 0, 0, 1]))
    Fraction(1, 4)
    """
    return 1 - table.agreed / table.weight.fraction


def recalls(table: Confusion) -> list[Fraction]:
    """The recall of every class that has rows."""
    return [table.cell(c, c) / weight for c, weight in table.label_weights.items() if weight]


@table_score(
    aliases=("bal_accuracy", "balanced_accuracy_score", "macro_recall"),
    elicits=RELATIVELY_MOST_PROBABLE,
    reference=BRODERSEN,
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


@table_error(
    aliases=("balanced_error_rate", "ber"),
    elicits=RELATIVELY_MOST_PROBABLE,
    reference=BRODERSEN,
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


@table_score(
    aliases=("geometric_mean_score", "gmean"),
    elicits=RELATIVELY_MOST_PROBABLE,
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
    # The logs of shares below 1 have one sign and do not cancel.
    logs = sum(times * log_fraction(share) for share, times in found.items() if share != 1)
    return exp_fraction(Fraction(0), Fraction(logs) / count)


@table_score(
    aliases=(
        "matthews_corrcoef",
        "matthews",
        "phi_coefficient",
        "matthews_correlation",
        "matthews_correlation_coefficient",
    ),
    elicits=RELATIVELY_MOST_PROBABLE,
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


@table_score(
    aliases=("cohen_kappa", "cohens_kappa", "cohen_kappa_score", "kap"),
    elicits=RELATIVELY_MOST_PROBABLE,
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
    chance = _by_chance(table.label_weights, table.pred_weights, places, power)
    if not chance:
        return ratio(Fraction(0), Fraction(0), zero_division, "all labels and predictions are of one class")
    return 1 - _apart(table, places, power) * table.weight.fraction / chance


def _apart(table: Confusion, places: Mapping[int | str, int], power: int) -> Fraction:
    """Σ w·|i - j|**power over the rows whose predicted class j is not the label i."""
    units, unit = table.amounts
    at = [places[name] for name in table.names]
    total: int = sum(
        held * abs(at[a] - at[b]) ** power for (a, b), held in zip(table.pairs, units, strict=True) if a != b
    )
    return total * unit


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
    # Each step between neighbouring places is part of the distance of every pair with one class on either side.
    total = below_true = below_called = Fraction(0)
    whole_true, whole_called = (sum((row[side] for row in rows), Fraction(0)) for side in (1, 2))
    for (here, t, p), (there, _, _) in pairwise(rows):
        below_true, below_called = below_true + t, below_called + p
        crossing = below_true * (whole_called - below_called) + below_called * (whole_true - below_true)
        total += (there - here) * crossing
    return total


@table_error(
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
    return _apart(table, places, 1) / table.weight.fraction


def _places(table: Confusion, order: Order, *, ordered: bool) -> dict[int | str, int] | Undefined:
    """The place of each class in their order; text has one only where ``order`` gives it."""
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
