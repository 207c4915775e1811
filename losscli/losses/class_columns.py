"""What the losses of several columns share, one for each class or label: presets, and passes over the columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from losscli.loss.declare import Codes, Column, Columns, loss
from losscli.loss.domains import CLASSES, SIMPLEX
from losscli.loss.elicits import CLASS_PROBABILITIES
from losscli.losses.binary import log_loss, log_loss_from_logits
from losscli.losses.stable import margin_missed
from losscli.table.block import Mask

Labels: TypeAlias = Codes | Columns
"""A class for each row, or its share of every class or label: (n,) or (n, C)."""
RivalPairs: TypeAlias = Callable[[Any, Columns], Iterator[tuple[Column, Column, Mask]]]
"""Pairs of columns of scores, one to lie above the other, and the rows in which it should."""

ROUNDS = {"ulps": "the sum over the classes rounds once a class"}

of_probabilities = partial(
    loss,
    task="multiclass",
    label=CLASSES,
    pred=SIMPLEX,
    elicits=CLASS_PROBABILITIES,
    ulps=8.0,
    exceptions=ROUNDS,
)
of_soft_labels = partial(of_probabilities, label=SIMPLEX)


def at_class(columns: Columns, label: Codes) -> Column:
    """Each row's entry in the column of its class."""
    n = len(label)
    # One take from the columns laid end to end is three times as fast as indexing by two arrays.
    return np.take(columns.T.reshape(-1), label * n + np.arange(n))


def by_class(label: Labels, pred: Columns) -> Iterator[tuple[Column, Column]]:
    """The label's share of each column's class, 0 or 1 where the label is a class, and the column."""
    for place, column in enumerate(pred.T):
        share = label == place if label.ndim == 1 else label[:, place]
        yield np.asarray(share, dtype=np.float64), column


def floored_anywhere(label: Labels, pred: Columns, *, eps: float) -> Mask:
    """Rows in which any column gives what happened to its class a probability below ``eps``."""
    low = np.zeros(len(label), dtype=np.bool_)
    for happened, chance in by_class(label, pred):
        low |= np.where(happened == 1.0, chance, 1.0 - chance) < eps
    return low


def mean_log_loss(label: Labels, pred: Columns, eps: float) -> Column:
    """Mean over the columns of the log loss of each, in nats."""
    total = np.zeros(len(label))
    for happened, chance in by_class(label, pred):
        total += log_loss(happened, chance, eps=eps)
    return np.divide(total, pred.shape[1], out=total)


def mean_log_loss_from_logits(label: Labels, pred: Columns) -> Column:
    """The same from columns of raw scores."""
    total = np.zeros(len(label))
    for happened, score in by_class(label, pred):
        # Divided one by one: the sum of the scores may exceed the greatest double where the mean does not.
        total += log_loss_from_logits(happened, score) / pred.shape[1]
    return total


def mean_missed(
    rivals: RivalPairs, label: Labels, pred: Columns, margin: float = 1.0, power: int = 1
) -> Column:
    """The sum of what scores lack to lie ``margin`` above rivals, each to ``power``, over the number of columns."""
    mean = _missed(rivals, label, pred, margin, power)
    far = ~np.isfinite(mean)
    if far.any():
        # The sum exceeds the greatest double, and the mean may not: the same with all inputs scaled down.
        scaled = _missed(rivals, label[far], pred[far] * 2.0**-600, margin * 2.0**-600, power)
        for _ in range(power):
            scaled *= 2.0**600
        mean[far] = scaled
    return mean


def _missed(rivals: RivalPairs, label: Labels, pred: Columns, margin: float, power: int) -> Column:
    total = np.zeros(len(label))
    for own, rival, due in rivals(label, pred):
        missed = margin_missed(margin, rival, own)
        total += np.where(due, missed * missed if power == 2 else missed, 0.0)
    total /= pred.shape[1]
    return total
