"""The slope of a row's loss by its prediction, as the loss's docstring gives it.

Where a prediction is several columns, ``j`` is the column by which the slope is taken.  At a kink the slope
is that of one side, as the condition in the text says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from losscli.loss.arrays import evaluate_rows
from losscli.loss.declare import Loss
from losscli.loss.docstring import Gradient, J


class NoGradientError(Exception):
    """Why a loss has no slope that could be shown."""


def gradients(loss: Loss) -> tuple[Gradient, ...]:
    """The slope by each role that a prediction plays.  NoGradientError says why there is none."""
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
    """The slope of every row by each role of the prediction, an array of the role's own shape.

    ``params`` are those of the row function, levels and matrix included.
    """
    return {
        gradient.role: evaluate_rows(
            gradient.text, roles, params, by=(gradient.role, J) if gradient.by_column else None
        )
        for gradient in gradients(loss)
    }
