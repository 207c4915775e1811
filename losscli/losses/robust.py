"""Losses that bound the say of wild rows."""

from __future__ import annotations

import numpy as np

from losscli.domain import Positive
from losscli.loss import Column, loss


@loss(
    "robust",
    aliases=("huber_loss",),
    elicits="between the median (small delta) and the mean (large delta)",
    homogeneous=2,
    reference="Huber (1964), doi:10.1214/aoms/1177703732",
)
def huber(label: Column, pred: Column, *, delta: Positive = 1.0) -> Column:
    """Squared near zero, linear beyond ``delta``.

        e = abs(pred - label)
        e**2 / 2 if e <= delta else delta * (e - delta / 2)

    Use it where most errors are small and some rows are wild; ``delta``, in the unit of the label,
    is the error from which a row counts as wild.  `smooth_l1` is this divided by its threshold.

    >>> huber(np.array([0.0, 0.0]), np.array([0.5, 3.0]))
    array([0.125, 2.5  ])
    """
    error = pred - label
    np.abs(error, out=error)
    inner = np.minimum(error, delta)
    error -= 0.5 * inner
    return np.multiply(inner, error, out=error)
