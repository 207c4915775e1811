"""Losses of predicted quantiles and intervals."""

from __future__ import annotations

import numpy as np

from losscli.domain import OpenUnit
from losscli.loss import Column, loss


@loss(
    "quantile",
    aliases=("quantile_loss", "mean_pinball_loss", "quantile_score"),
    elicits="the quantile `quantile`",
    homogeneous=1,
    reference="Koenker & Bassett (1978), doi:10.2307/1913643",
)
def pinball(label: Column, pred: Column, *, quantile: OpenUnit = 0.5) -> Column:
    """Error of a predicted quantile, in the unit of the label.

        e = label - pred
        quantile * e if e >= 0 else (quantile - 1) * e

    A forecast of the 0.9 quantile should be exceeded by one label in ten; this loss is least when
    it is.  At ``quantile=0.5`` it is half the absolute error.

    >>> pinball(np.array([10.0, 10.0]), np.array([8.0, 12.0]), quantile=0.9)
    array([1.8, 0.2])
    """
    short = label - pred
    # 1 - quantile is rounded once here and in the definition alike: quantile is a double there too.
    return np.maximum(quantile * short, (quantile - 1.0) * short)
