"""Losses of scores from the order in which they put the rows: areas under curves, and points on them.

Their task is `binary`; of several classes, or of several outputs, each is measured and they are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import BINARY
from losscli.numbers.order import Order

HANLEY = "Hanley & McNeil (1982), doi:10.1148/radiology.143.1.7063747"
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
    exceptions=EVERY_ROW,
)


def ordered(label: Sequence[int], pred: Sequence[float], weight: Sequence[float] | None = None) -> Order:
    """The state of a few rows, for the examples."""
    columns = np.array(pred, dtype=np.float64), np.array(label)
    return Order.of(columns, None if weight is None else np.array(weight, dtype=np.float64))


def both_classes(order: Order) -> Undefined | None:
    """Why a loss of positives against negatives has no value, where one of them is lacking."""
    negative, positive = order.totals_of(2)
    if negative and positive:
        return None
    return Undefined(
        f"every label is {'positive' if positive else 'negative'}: it takes rows of both classes", absent=True
    )


@of_scores(
    aliases=("roc_auc", "auc_roc", "auroc", "roc_auc_score", "area_under_roc", "rocauc"),
    reference=HANLEY,
)
def auc(order: Order) -> Finished:
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
    below = twice = 0
    for _, (down, up) in order.steps(2):
        upto = down.cumsum() + below
        twice += int((up * (2 * upto - down)).sum())
        below = int(upto[-1])
    return Fraction(twice, 2 * negative * positive)
