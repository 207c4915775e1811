"""Losses of several classes: a class, or soft labels, against probabilities, scores or a class."""

from __future__ import annotations

from typing import Literal

import numpy as np

from losscli.domain import CLASSES, SIMPLEX, BelowOne, Unit
from losscli.loss import Codes, Column, Columns, loss
from losscli.losses.binary import EPS
from losscli.losses.numerics import difference

CROSS_ENTROPY_ALIASES = (
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "categorical_cross_entropy",
    "ce",
    "mlogloss",
    "multi_logloss",
    "交叉熵损失",
)


def of_class(columns: Columns, label: Codes) -> Column:
    """Each row's entry in the column of its class."""
    n = len(label)
    # One take from the columns laid end to end is three times as fast as indexing by two arrays.
    return np.take(columns.T.reshape(-1), label * n + np.arange(n))


def floored(label: Codes, pred: Columns, *, eps: float) -> int:
    """How many rows give the class that happened a probability below ``eps``."""
    return int(np.count_nonzero(of_class(pred, label) < eps)) if eps else 0


def floored_soft(label: Columns, pred: Columns, *, eps: float) -> int:
    """How many rows give a class with a share of the label a probability below ``eps``."""
    return int(np.count_nonzero(((label > 0.0) & (pred < eps)).any(axis=1)))


@loss(
    "multiclass",
    aliases=CROSS_ENTROPY_ALIASES,
    label=CLASSES,
    pred=SIMPLEX,
    elicits="the probability of each class",
    touches={"clipped": floored},
    reference="Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x",
)
def cross_entropy(label: Codes, pred: Columns, *, eps: BelowOne = EPS) -> Column:
    """Surprise at the class, in nats: minus the log of the probability that it was given.

        -log(max(pred[label], eps))

    The loss for class probabilities: it looks at the column of the class that happened, and is least
    for the true probabilities.  Columns are matched to labels by name.  A probability below ``eps``
    is raised to it and the row is counted as clipped; ``eps=0`` gives the honest infinity.

    >>> cross_entropy(np.array([1, 0]), np.array([[0.5, 0.5], [1.0, 0.0]]))
    array([0.69314718, 0.        ])
    """
    chance = of_class(pred, label)
    np.maximum(chance, eps, out=chance)
    surprise = np.log(chance, out=chance)
    return np.subtract(0.0, surprise, out=surprise)


@loss(
    "multiclass",
    name="cross_entropy",
    label=SIMPLEX,
    pred=SIMPLEX,
    best=None,
    elicits="the probability of each class",
    touches={"clipped": floored_soft},
    ulps=8.0,
    reference="Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x",
    exceptions={"ulps": "the sum over the classes rounds once a class"},
)
def cross_entropy_soft(label: Columns, pred: Columns, *, eps: BelowOne = EPS) -> Column:
    """Expected surprise, in nats, where the label is a probability for each class (or one-hot).

        -sum(y * log(max(p, eps)) for y, p in zip(label, pred) if y > 0)

    >>> cross_entropy_soft(np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]]))
    array([0.69314718])
    """
    surprise = np.zeros(len(label))
    for share, chance in zip(label.T, pred.T, strict=True):
        # A class without a share of the label costs nothing, also where its log is infinite.
        surprise -= np.where(share > 0.0, share * np.log(np.maximum(chance, eps)), 0.0)
    return surprise


def log_sum_exp_above(pred: Columns) -> tuple[Column, Column]:
    """The greatest score of each row, and how far the log of the summed exponentials lies above it.

    The greatest score's own exponential, 1, is left out of the sum and comes back in log1p: the
    distance keeps its digits where one class is nearly certain.
    """
    columns = pred.T
    first = columns.argmax(axis=0)
    greatest = of_class(pred, first)
    rest = np.zeros(len(pred))
    for place, scores in enumerate(columns):
        below, lost = difference(scores, greatest)
        rest += np.where(first == place, 0.0, np.exp(below) * (1.0 + lost))
    return greatest, np.log1p(rest)


@loss(
    "multiclass",
    name="cross_entropy",
    logits=True,
    label=CLASSES,
    elicits="the log of each class's probability, up to a constant",
    ulps=8.0,
    reference="Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x",
    exceptions={"ulps": "the sum over the classes rounds once a class"},
)
def cross_entropy_from_logits(label: Codes, pred: Columns) -> Column:
    """Surprise at the class, in nats, from raw scores; nothing is clipped.

        top = max(pred)
        log(sum(exp(s - top) for s in pred)) + (top - pred[label])

    >>> cross_entropy_from_logits(np.array([1]), np.array([[2.0, 2.0]]))
    array([0.69314718])
    """
    greatest, above = log_sum_exp_above(pred)
    return above + (greatest - of_class(pred, label))


@loss(
    "multiclass",
    name="cross_entropy",
    logits=True,
    label=SIMPLEX,
    best=None,
    elicits="the log of each class's probability, up to a constant",
    ulps=16.0,
    reference="Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x",
    exceptions={"ulps": "the sums over the classes round once a class"},
)
def cross_entropy_soft_from_logits(label: Columns, pred: Columns) -> Column:
    """Expected surprise, in nats, of soft or one-hot labels, from raw scores; nothing is clipped.

        top = max(pred)
        above = log(sum(exp(s - top) for s in pred))
        sum(y * (above + (top - s)) for y, s in zip(label, pred))

    >>> cross_entropy_soft_from_logits(np.array([[0.0, 1.0]]), np.array([[2.0, 2.0]]))
    array([0.69314718])
    """
    greatest, above = log_sum_exp_above(pred)
    surprise = np.zeros(len(label))
    for share, score in zip(label.T, pred.T, strict=True):
        surprise += share * (above + (greatest - score))
    return surprise


def _halved(half: str, classes: int) -> bool:
    return half == "always" or (half == "auto" and classes == 2)


@loss(
    "multiclass",
    name="brier",
    label=CLASSES,
    pred=SIMPLEX,
    elicits="the probability of each class",
    ulps=8.0,
    reference="Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    exceptions={"ulps": "the sum over the classes rounds once a class"},
)
def brier_of_classes(
    label: Codes, pred: Columns, *, half: Literal["auto", "always", "never"] = "auto"
) -> Column:
    """Squared distance between the probabilities and the class that happened.

        total = sum((p - (1 if c == label else 0))**2 for c, p in enumerate(pred))
        total / 2 if half == "always" or half == "auto" and len(pred) == 2 else total

    From 0 to 2, or to 1 where it is halved: by default for two classes only, as scikit-learn does.

    >>> brier_of_classes(np.array([0]), np.array([[0.5, 0.25, 0.25]]))
    array([0.375])
    """
    total = np.zeros(len(label))
    for place, chance in enumerate(pred.T):
        error = chance - (label == place)
        total += error * error
    return total * 0.5 if _halved(half, pred.shape[1]) else total


@loss(
    "multiclass",
    name="brier",
    label=SIMPLEX,
    pred=SIMPLEX,
    elicits="the probability of each class",
    ulps=8.0,
    reference="Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    exceptions={"ulps": "the sum over the classes rounds once a class"},
)
def brier_of_shares(
    label: Columns, pred: Columns, *, half: Literal["auto", "always", "never"] = "auto"
) -> Column:
    """Squared distance between the probabilities and soft or one-hot labels.

        total = sum((p - y)**2 for y, p in zip(label, pred))
        total / 2 if half == "always" or half == "auto" and len(pred) == 2 else total

    >>> brier_of_shares(np.array([[1.0, 0.0, 0.0]]), np.array([[0.5, 0.25, 0.25]]))
    array([0.375])
    """
    total = np.zeros(len(label))
    for share, chance in zip(label.T, pred.T, strict=True):
        error = chance - share
        total += error * error
    return total * 0.5 if _halved(half, pred.shape[1]) else total


@loss(
    "multiclass",
    aliases=("zero_one_loss", "error_rate", "misclassification", "merror", "multi_error", "binary_error"),
    label=CLASSES,
    pred=CLASSES,
    elicits="the most probable class",
    reference="Duda, Hart & Stork (2001), Pattern Classification, §2.3",
)
def zero_one(label: Codes, pred: Codes, *, threshold: Unit = 0.5) -> Column:
    """Share of rows whose predicted class is not the label.

        1 if pred != label else 0

    One minus the accuracy.  A probability predicts class 1 where it is greater than ``threshold``, a
    raw score where it is greater than 0; of several class columns the first greatest one counts, and
    ties are reported.  It cannot tell a near miss from a bad one: `log_loss` and `brier` can.

    >>> zero_one(np.array([1, 0, 2]), np.array([1, 1, 2]))
    array([0., 1., 0.])
    """
    return np.not_equal(label, pred).astype(np.float64)
