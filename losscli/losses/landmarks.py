"""A robust loss of places in an image, such as the corners of eyes; its task is `robust`."""

from __future__ import annotations

import math

import numpy as np

from losscli.loss.declare import Column, loss
from losscli.loss.domains import Positive
from losscli.losses.stable import absolute_error, product
from losscli.numbers.double_double import total


@loss(
    task="robust",
    aliases=("wing_loss",),
    homogeneous=1,
    lengths=("width", "curvature"),
    elicits="near the median of the labels",
    reference="Feng, Kittler, Awais, Huber & Wu (2018), doi:10.1109/CVPR.2018.00238",
)
def wing(label: Column, pred: Column, *, width: Positive = 5.0, curvature: Positive = 0.5) -> Column:
    """Logarithm of the error up to ``width``, linear beyond, in its unit.

        e = abs(pred - label)
        width * log1p(e / curvature) if e < width else e - width + width * log1p(width / curvature)

    For landmarks, whose errors are mostly small: an improvement of a small error counts for more than the
    same of a large one.  Both parameters are in the unit of the label, pixels as a rule; the smaller
    ``curvature`` is, the steeper the loss at zero.

    Gradient by `pred`:

        e = abs(pred - label)
        sign(pred - label) * (width / (curvature + e) if e < width else 1)

    >>> wing(np.array([0.0, 0.0]), np.array([0.5, 7.0]), width=5.0, curvature=0.5).round(4)
    array([ 3.4657, 13.9895])
    """
    error, lost = absolute_error(label, pred)
    near = np.minimum(error, width)
    found = _logs(near, width, curvature)
    # At the seam the rounding of the error may be all that it is beyond the width.
    line = total(
        np.where(np.isfinite(error), error, 0.0), -width, np.where(np.isfinite(error), lost, 0.0), found
    )[0]
    return np.where(error < width, found, np.where(np.isfinite(error), line, np.inf))


def _logs(error: Column, width: float, curvature: float) -> Column:
    """``width * log1p(error / curvature)`` for errors up to the width."""
    with np.errstate(all="ignore"):
        ratio = np.where(error > 0.0, error / curvature, 0.0)
        logs = np.where(
            ratio < math.inf, np.log1p(ratio), np.log(np.where(error > 0.0, error, 1.0)) - np.log(curvature)
        )
        # Where the quotient has lost digits, the logarithm is the quotient.
        small = product(np.full_like(error, width), error, over=np.full_like(error, curvature))
        return np.where(ratio < 1e-290, small, width * logs)
