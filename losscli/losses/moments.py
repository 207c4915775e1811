"""What losses of the exact moments of label and prediction share."""

from __future__ import annotations

from functools import partial

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.losses.stable import sqrt_fraction
from losscli.numbers.sums import Moments
from losscli.text import plural


def label_and_pred(label: Column, pred: Column) -> tuple[Column, Column]:
    """The two columns as they are, for losses of their moments."""
    return label, pred


moment_loss = partial(
    loss, task="regression", of=label_and_pred, state="moments", averages=("macro", "weighted", "none")
)
moment_score = partial(moment_loss, better="higher", best=1.0)


def flat(moments: Moments) -> Undefined | None:
    """Why there is nothing to explain, where all labels are one number."""
    if moments.rows < 2:
        return Undefined("one row has no spread to explain")
    if moments.label_spread == 0:
        return Undefined(
            f"all {plural(moments.rows, 'label')} are {float(moments.label_mean)!r}: there is no spread to explain"
        )
    return None


def flat_pred(moments: Moments) -> Undefined | None:
    """Why there is no correlation, where all predictions are one number."""
    if moments.pred_spread == 0:
        return Undefined(f"all predictions are {float(moments.pred_mean)!r}: nothing varies with the label")
    return None


def root_mean_square(moments: Moments, which: str) -> Finished:
    """The root of the exact mean square of the first column; ``which`` says what error that is."""
    if not moments.yy.finite:
        return Undefined(f"the {which} error of a row exceeds the greatest double")
    return sqrt_fraction(moments.yy.fraction / moments.weight.fraction)
