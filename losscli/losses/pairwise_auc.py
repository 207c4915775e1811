"""Areas under the ROC curve between the classes, from a column of scores for each class."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from losscli.loss.declare import Codes, Column, Columns, Finished, Undefined, loss
from losscli.loss.domains import CLASSES
from losscli.losses.curves import EVERY_ROW, HAND
from losscli.losses.stable import sum_fractions
from losscli.numbers.class_order import ClassOrder
from losscli.numbers.order import Order

KLEIMAN = "Kleiman & Page (2019), Proceedings of Machine Learning Research 97, 3439-3447"


def scored_by_class(label: Codes, pred: Columns) -> tuple[Column, ...]:
    """The class of each row, and its score for each class."""
    return (label, *pred.T)


def pairs_of_classes(count: int) -> list[tuple[int, int]]:
    """Every pair of classes once; of two classes twice, since a state has as many columns as classes at least."""
    pairs = [(one, other) for one in range(count) for other in range(one + 1, count)]
    return pairs if count > 2 else [*pairs, (1, 0)]


def scored_by_pair(label: Codes, pred: Columns) -> tuple[Column, ...]:
    """The class of each row, and for each pair of classes its score for the one less that for the other."""
    scores = pred.T
    return (label, *(scores[one] - scores[other] for one, other in pairs_of_classes(len(scores))))


def ordered_by(
    of: Callable[..., tuple[Column, ...]], label: Sequence[int], pred: Sequence[Sequence[float]]
) -> ClassOrder:
    """The state of a few rows, for the examples."""
    return ClassOrder.of(of(np.array(label), np.array(pred, dtype=np.float64)), None)


def without_rows(totals: Sequence[int]) -> Undefined | None:
    """Why a mean over pairs of classes has no value, where a class has no row."""
    lacking = totals.count(0)
    if not lacking:
        return None
    have = "class has" if lacking == 1 else "classes have"
    return Undefined(f"{lacking} of {len(totals)} {have} no row, and it takes every pair of classes")


def areas(order: Order, own: int, others: Sequence[int], count: int) -> list[Fraction]:
    """The area under the ROC curve of one class against each of the others."""
    totals, below, twice = order.totals_of(count), [0] * count, [0] * count
    for _, weights in order.steps(count):
        for other in others:
            upto = weights[other].cumsum() + below[other]
            twice[other] += int((weights[own] * (2 * upto - weights[other])).sum())
            below[other] = int(upto[-1])
    return [Fraction(twice[other], 2 * totals[own] * totals[other]) for other in others]


of_pairs = partial(
    loss,
    task="multiclass",
    state="class_order",
    label=CLASSES,
    scores=True,
    better="higher",
    best=1.0,
    exceptions=EVERY_ROW,
)


@of_pairs(
    of=scored_by_class,
    aliases=("hand_till", "roc_auc_ovo", "m_measure"),
    elicits="any scores that rank rows as the probability of each class does",
    reference=HAND,
)
def auc_ovo(state: ClassOrder) -> Finished:
    """Mean area under the ROC curve over all pairs of classes.

        classes = range(len(pred[0]))
        sizes = [sum(w for y, f, w in rows if y == c) for c in classes]
        pairs = [[(f[c], v, g[c], w) for y, f, v in rows if y == c for z, g, w in rows if z == d]
            for c in classes for d in classes if c != d]
        sides = [sizes[c] * sizes[d] for c in classes for d in classes if c != d]
        won = [sum(v * w * (1 if f > g else 1 / 2 if f == g else 0) for f, v, g, w in p) for p in pairs]
        sum(area / both for area, both in zip(won, sides)) / len(sides)

    Hand and Till's M: each class against each other, on the score of the first, and all pairs count
    the same however rare their classes are.  Scikit-learn has it as ``multi_class="ovo"``; against all
    other classes together it is `auc` of the class columns.  A class without a row leaves it undefined.

    >>> auc_ovo(ordered_by(scored_by_class, [0, 1, 1], [[0.7, 0.3], [0.4, 0.6], [0.7, 0.3]]))
    Fraction(3, 4)
    """
    count, found = state.columns, []
    for own in range(count):
        order = state.by_score(own)
        if (lacking := without_rows(order.totals_of(count))) is not None:
            return lacking
        found += areas(order, own, [other for other in range(count) if other != own], count)
    return sum_fractions(found) / len(found)


@of_pairs(
    of=scored_by_pair,
    elicits="any scores whose differences rank rows as the odds of two classes do",
    reference=KLEIMAN,
)
def auc_mu(state: ClassOrder) -> Finished:
    """Mean area under the ROC curve of class pairs, by differences of scores.

        classes = range(len(pred[0]))
        sizes = [sum(w for y, f, w in rows if y == c) for c in classes]
        margins = [[(float(f[c] - f[d]), v, float(g[c] - g[d]), w) for y, f, v in rows if y == c
            for z, g, w in rows if z == d] for c in classes for d in classes if c < d]
        sides = [sizes[c] * sizes[d] for c in classes for d in classes if c < d]
        won = [sum(v * w * (1 if f > g else 1 / 2 if f == g else 0) for f, v, g, w in p) for p in margins]
        sum(area / both for area, both in zip(won, sides)) / len(sides)

    A pair of rows of two classes is right where the score for the first class, less that for the second,
    is greater in the row of the first: 1 wherever the scores separate every two classes, 0.5 by chance.
    `auc_ovo` looks at one of the two scores at a time.  As LightGBM's auc_mu without its weights of
    classes.  ``float`` rounds to a double.  A class without a row leaves it undefined.

    >>> auc_mu(ordered_by(scored_by_pair, [0, 1, 1], [[0.7, 0.3], [0.4, 0.6], [0.7, 0.3]]))
    Fraction(3, 4)
    """
    count = (1 + math.isqrt(1 + 8 * state.columns)) // 2
    found = []
    for at, (own, other) in enumerate(pairs_of_classes(count)):
        order = state.by_score(at)
        if (lacking := without_rows(order.totals_of(count))) is not None:
            return lacking
        found += areas(order, own, [other], count)
    return sum_fractions(found) / len(found)
