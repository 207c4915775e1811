"""Losses relative to the size of the label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from losscli.block import Mask
from losscli.domain import NONZERO, REAL, Domain, Positive
from losscli.loss import Column, loss


def nonzero_labels(*, zero: str, **_: object) -> Mapping[str, Domain]:
    """Zero labels are refused, save where `zero` says what to do with them."""
    return {"label": NONZERO if zero == "error" else REAL}


def labels_that_count(label: Column, pred: Column, *, zero: str, **_: object) -> Mask | None:
    """Which rows count: all, save zero labels under ``zero=skip``."""
    return label != 0.0 if zero == "skip" else None


@loss(
    "relative",
    aliases=("mean_absolute_percentage_error",),
    elicits="a median of the labels in which small ones weigh more: it lies low",
    homogeneous=0,
    narrows=nonzero_labels,
    keeps=labels_that_count,
    skips="zero_label",
    reference="Hyndman & Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001",
)
def mape(
    label: Column,
    pred: Column,
    *,
    zero: Literal["error", "skip", "inf", "one", "eps"] = "error",
    eps: Positive = 2.220446049250313e-16,
    percent: bool = False,
) -> Column:
    """Mean absolute error relative to the label, as a fraction.

        size = max(abs(label), 1) if zero == "one" else max(abs(label), eps) if zero == "eps" else abs(label)
        (100 if percent else 1) * abs(pred - label) / size if size > 0 else inf

    Reads well where labels are far from zero, and punishes a prediction that is too high more than
    one that is too low.  A zero label has no relative error and is refused; ``zero`` can leave such
    rows out and count them (``skip``), make them infinite (``inf``), or take the conventions of
    LightGBM (``one``) or scikit-learn (``eps``).  With zeros in the labels `mae` says more.

    >>> mape(np.array([100.0, 50.0]), np.array([90.0, 60.0]))
    array([0.1, 0.2])
    """
    size = np.abs(label)
    if zero in ("one", "eps"):
        np.maximum(size, 1.0 if zero == "one" else eps, out=size)
    error = pred - label
    np.abs(error, out=error)
    if zero == "inf":
        error[size == 0.0] = np.inf
    error /= size
    if percent:
        error *= 100.0
    return error
