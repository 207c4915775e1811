"""The gradient of a row's loss with respect to its prediction, as the loss's docstring gives it.

Where a prediction has several columns, ``j`` is the column of the partial derivative.  At a kink the gradient
is that of one side: the condition in the text says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from losscli.loss.arrays import evaluate_rows
from losscli.loss.declare import Loss
from losscli.loss.docstring import Gradient, J


class NoGradientError(Exception):
    """Says why a loss has no gradient to show."""


def gradients(loss: Loss) -> tuple[Gradient, ...]:
    """The gradient by each role of the prediction; NoGradientError says why there is none."""
    if not loss.is_mean or loss.state != "sums":
        raise NoGradientError("it is no mean of rows: its slope at one row depends on all the others")
    if all(role.shape == "Codes" for role in loss.pred_roles):
        raise NoGradientError("a predicted class has no neighbours to move to")
    if not loss.doc.definition:
        raise NoGradientError("slopes are derived from the formulas of the catalogue, not from an expression")
    if loss.doc.no_gradient:
        raise NoGradientError(loss.doc.no_gradient)
    return loss.doc.gradients


def gradient_rows(loss: Loss, roles: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The gradient of every row by each role of the prediction, an array of the role's own shape.

    ``params`` are the row function's keywords, levels and matrix included.
    """
    return {
        gradient.role: evaluate_rows(
            gradient.text, roles, params, by=(gradient.role, J) if gradient.by_column else None
        )
        for gradient in gradients(loss)
    }
