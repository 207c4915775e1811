"""A loss: a marked function, as those of losscli are."""

from __future__ import annotations

import numpy as np

from losscli.loss.declare import Column, loss


@loss(elicits="no named functional", reference="Acme (2026), https://acme.example")
def cubed_error(label: Column, pred: Column) -> Column:
    """The third power of the absolute error.

        abs(pred - label)**3

    No gradient: it is an example.

    >>> cubed_error(np.array([0.0, 0.0]), np.array([1.0, -2.0]))
    array([1., 8.])
    """
    return np.abs(pred - label) ** 3
