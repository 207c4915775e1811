"""Losses of times to an event, of which a label may know no more than bounds: `--label lower=LO,upper=HI`."""

from __future__ import annotations

from functools import partial

import numpy as np

from losscli.loss.declare import Column, loss
from losscli.loss.domains import LOWER_END, UPPER_END

BOUNDS_SAMPLE = "sample_data/survival.csv --pred pred --label lower=lower,upper=upper"

of_bounds = partial(
    loss,
    label_roles=("lower", "upper"),
    domains={"lower": LOWER_END, "upper": UPPER_END},
    relations=(("lower", "upper"),),
    sample=BOUNDS_SAMPLE,
)


@of_bounds(
    aliases=("interval_regression_accuracy",),
    better="higher",
    best=1.0,
    rate=True,
    elicits="a point in most of the intervals",
    reference="Barnwal, Cho & Hocking (2022), doi:10.1080/10618600.2022.2067548",
)
def interval_accuracy(lower: Column, upper: Column, pred: Column) -> Column:
    """Share of predictions between the two bounds of their label.

        1 if lower <= pred <= upper else 0

    For labels known to lie between two bounds only, such as times to an event that was not watched all
    along; ``inf`` as the upper bound where it has not happened yet.  An interval that is wide is easily
    met: compare models on the same rows only.  `coverage` is the same of predicted bounds.

    No gradient: it goes in steps: its slope is 0 wherever it has one.

    >>> interval_accuracy(np.array([1.0, 1.0]), np.array([2.0, np.inf]), np.array([3.0, 4.0]))
    array([0., 1.])
    """
    return ((lower <= pred) & (pred <= upper)).astype(np.float64)
