"""Losses of several labels a row, each of them true or not."""

from __future__ import annotations

import numpy as np

from losscli.domain import CLASSES, INDICATOR, UNIT, Unit
from losscli.loss import Codes, Column, Columns, loss

HAMMING = "Hamming (1950), doi:10.1002/j.1538-7305.1950.tb00463.x"


@loss(
    "multilabel",
    aliases=("hamming_loss", "hamming_distance", "汉明损失"),
    label=INDICATOR,
    pred=UNIT,
    elicits="for each label, whether it is more probable than not",
    reference=HAMMING,
)
def hamming(label: Columns, pred: Columns, *, threshold: Unit = 0.5) -> Column:
    """Share of wrong cells: labels whose prediction is wrong, divided by the number of labels.

        sum(1 for y, p in zip(label, pred) if (p > threshold) != (y == 1)) / len(label)

    Counts every label alike, so where few are true a prediction of none looks good.  Predictions may
    be 0 and 1, or probabilities, which predict a label where they are greater than ``threshold``.
    `hamming_count` does not divide.

    >>> hamming(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]]))
    array([0.5, 0. ])
    """
    wrong = _wrong(label, pred, threshold)
    return np.divide(wrong, label.shape[1], out=wrong)


@loss(
    "multilabel",
    name="hamming",
    label=CLASSES,
    pred=CLASSES,
    elicits="the most probable class",
    reference=HAMMING,
)
def hamming_of_classes(label: Codes, pred: Codes, *, threshold: Unit = 0.5) -> Column:
    """Share of wrong rows, where a row has one class: then it is `zero_one`.

        1 if pred != label else 0

    >>> hamming_of_classes(np.array([1, 0, 2]), np.array([1, 1, 2]))
    array([0., 1., 0.])
    """
    return np.not_equal(label, pred).astype(np.float64)


@loss(
    "multilabel",
    label=INDICATOR,
    pred=UNIT,
    elicits="for each label, whether it is more probable than not",
    reference=HAMMING,
)
def hamming_count(label: Columns, pred: Columns, *, threshold: Unit = 0.5) -> Column:
    """Wrong cells a row: the number of labels whose prediction is wrong.

        sum(1 for y, p in zip(label, pred) if (p > threshold) != (y == 1))

    The form that textbooks print; `hamming` is this divided by the number of labels.

    >>> hamming_count(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]]))
    array([1., 0.])
    """
    return _wrong(label, pred, threshold)


@loss(
    "multilabel",
    name="hamming_count",
    label=CLASSES,
    pred=CLASSES,
    elicits="the most probable class",
    reference=HAMMING,
)
def hamming_count_of_classes(label: Codes, pred: Codes, *, threshold: Unit = 0.5) -> Column:
    """Wrong cells a row, where a row has one class: as one-hot columns, a wrong row has two.

        2 if pred != label else 0

    >>> hamming_count_of_classes(np.array([1, 0, 2]), np.array([1, 1, 2]))
    array([0., 2., 0.])
    """
    return np.not_equal(label, pred) * 2.0


def _wrong(label: Columns, pred: Columns, threshold: float) -> Column:
    wrong = np.zeros(len(label))
    for truth, chance in zip(label.T, pred.T, strict=True):
        wrong += (chance > threshold) != (truth == 1.0)
    return wrong
