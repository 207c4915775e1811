"""Losses of two classes: a label of 0 or 1 against a probability or a raw score."""

from __future__ import annotations

from typing import Literal

import numpy as np

from losscli.domain import SOFT_BINARY, UNIT, BelowOne
from losscli.loss import Column, loss

EPS = 2.220446049250313e-16  # the gap between 1 and the next double


def floored(label: Column, pred: Column, *, eps: float) -> int:
    """How many rows have a probability of what happened that is below ``eps``."""
    # The least and the greatest prediction nearly always show that there is none.
    if eps == 0.0 or (pred.min(initial=1.0) >= eps and 1.0 - pred.max(initial=0.0) >= eps):
        return 0
    return int(np.count_nonzero(((label > 0.0) & (pred < eps)) | ((label < 1.0) & (1.0 - pred < eps))))


@loss(
    "binary",
    aliases=("binary_cross_entropy", "binary_crossentropy", "bce", "logloss", "binary_logloss"),
    label=SOFT_BINARY,
    pred=UNIT,
    elicits="the probability of label 1",
    touches={"clipped": floored},
    reference="Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x",
)
def log_loss(label: Column, pred: Column, *, eps: BelowOne = EPS) -> Column:
    """Surprise at the label, in nats: minus the log of the probability that it was given.

        hit = label * log(max(pred, eps)) if label > 0 else 0
        miss = (1 - label) * log(max(1 - pred, eps)) if label < 1 else 0
        -(hit + miss)

    The loss for probabilities: it is least for the true ones, and a confident mistake is dear.  A
    probability of what happened below ``eps`` is raised to it and the row is counted as clipped;
    ``eps=0`` gives the honest infinity.  A label between 0 and 1 is a soft label.

    >>> log_loss(np.array([1.0, 0.0]), np.array([1.0, 0.5]))
    array([0.        , 0.69314718])
    """
    happened = label == 1.0
    missed = 1.0 - pred
    chance = np.where(happened, pred, missed)
    # 1 - pred is rounded when pred is small, and its log is then mostly the rounding: what was lost,
    # (1 - missed) - pred exactly, comes back as the slope of the log.  It is 0 from 0.5 on.
    lost = np.subtract(1.0, missed, out=missed)
    lost -= pred
    lost[happened] = 0.0
    lost /= np.maximum(chance, 0.5)
    np.maximum(chance, eps, out=chance)
    surprise = np.log(chance, out=chance)
    surprise += lost
    np.subtract(0.0, surprise, out=surprise)
    soft = ~happened & (label != 0.0)
    if soft.any():
        hit = label[soft] * np.log(np.maximum(pred[soft], eps))
        miss = (1.0 - label[soft]) * np.maximum(np.log1p(-pred[soft]), np.log(eps) if eps else -np.inf)
        surprise[soft] = 0.0 - (hit + miss)
    return surprise


@loss(
    "binary",
    name="log_loss",
    logits=True,
    label=SOFT_BINARY,
    elicits="the log odds of label 1",
    reference="Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x",
)
def log_loss_from_logits(label: Column, pred: Column) -> Column:
    """Surprise at the label, in nats, from a raw score (log odds); nothing is clipped.

        log1p(exp(-abs(pred))) + (max(pred, 0) - pred * label)

    >>> log_loss_from_logits(np.array([1.0, 0.0]), np.array([0.0, 200.0]))
    array([  0.69314718, 200.        ])
    """
    # Both terms are positive: the line is formed by side, since max(pred, 0) - pred * label cancels.
    line = np.where(pred > 0.0, (1.0 - label) * pred, -label * pred)
    return np.log1p(np.exp(-np.abs(pred))) + line


@loss(
    "binary",
    aliases=("brier_score", "brier_score_loss", "quadratic_score"),
    label=SOFT_BINARY,
    pred=UNIT,
    elicits="the probability of label 1",
    reference="Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
)
def brier(label: Column, pred: Column, *, half: Literal["auto", "always", "never"] = "auto") -> Column:
    """Squared error of a probability.

        (2 if half == "never" else 1) * (pred - label)**2

    Bounded, and so calmer than `log_loss` about a confident mistake; it too is least for the true
    probabilities.  Over two classes the sum of squares is twice this: ``half=never`` gives that sum.

    >>> brier(np.array([1.0, 0.0]), np.array([0.9, 0.5]))
    array([0.01, 0.25])
    """
    error = pred - label
    np.multiply(error, error, out=error)
    return error * 2.0 if half == "never" else error
