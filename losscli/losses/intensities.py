"""A loss of predicted intensities of an event, of which a probability follows; its task is `binary`."""

from __future__ import annotations

import math

import numpy as np

from losscli.loss.declare import Column, loss
from losscli.loss.domains import POSITIVE, SOFT_BINARY


@loss(
    task="binary",
    aliases=("xentlambda",),
    label=SOFT_BINARY,
    pred=POSITIVE,
    best=None,
    elicits="minus the log of the chance of no event",
    reference="LightGBM documentation, Parameters: cross_entropy_lambda; Good (1952), "
    "doi:10.1111/j.2517-6161.1952.tb00104.x",
)
def cross_entropy_lambda(label: Column, pred: Column) -> Column:
    """Surprise at the label, in nats, where its event has an intensity.

        hit = label * -log(-expm1(-pred)) if label > 0 else 0
        hit + (1 - label) * pred

    For models of how many events there are, of which the label only says whether there was any: with the
    mean number ``pred`` its probability is 1 - exp(-pred).  It is `log_loss` of that probability; a label
    between 0 and 1 is a soft label.  LightGBM multiplies the intensity by the weight of a row; here a weight
    is a weight.

    Gradient by `pred`:

        1 - label - label / expm1(pred)

    >>> cross_entropy_lambda(np.array([0.0, 1.0]), np.array([1.0, 1.0])).round(4)
    array([1.    , 0.4587])
    """
    power = np.exp(-pred)
    near = pred < math.log(2.0)
    # Of the two logs each is accurate where the other is not.
    hit = np.where(
        near, -np.log(np.where(near, -np.expm1(-pred), 1.0)), -np.log1p(-np.where(near, 0.0, power))
    )
    return label * hit + (1.0 - label) * pred
