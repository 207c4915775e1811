"""How the rows of another loss are distributed: their quantiles, what the worst carry, and means that spare the worst.

The parameter `of` names the loss; its own parameters stand beside it: ``quantile_of:of=huber,delta=2,share=0.99``.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from losscli.loss.declare import Column, Finished, Undefined, loss
from losscli.loss.domains import OpenUnit, as_written
from losscli.loss.params import LossName
from losscli.losses.medians import KEPT, OF_BINS, Ranked, at_quantile
from losscli.losses.regression import mae
from losscli.numbers.sums import Sums
from losscli.numbers.values import Values

MAE = LossName("mae")
INFINITE = "a row that decides it has an infinite loss"

of_rows = partial(
    loss,
    of=mae,
    state="values",
    main="share",
    exceptions={**KEPT, "range": "not defined where a row that decides it is infinite"},
)


def least_rows(values: Ranked, level: Fraction) -> Fraction | None:
    """The sum of the least losses of so much of the weight; None where it is infinite."""
    reached = level * values.weight.fraction
    last = values.ends(level)[0]
    if not np.isfinite(last):
        return None
    # The row that reaches it counts in part.
    weight, total = values.up_to(last)
    return total - (weight - reached) * Fraction(last)


@of_rows(
    approximate=OF_BINS,
    aliases=("loss_quantile",),
    elicits="the middle of the interval that holds a share of the labels at the least loss",
    reference="Hyndman & Fan (1996), doi:10.1080/00031305.1996.10473566",
)
def quantile_of(values: Ranked, *, of: LossName = MAE, share: OpenUnit = 0.5) -> Finished:
    """Quantile of the losses of the rows, in the unit of that loss.

        losses = [(abs(f - y), w) for y, f, w in rows if w > 0]
        reached = share * sum(weight)
        low = min(e for e, w in losses if sum(v for d, v in losses if d <= e) >= reached)
        (low + min(e for e, w in losses if sum(v for d, v in losses if d <= e) > reached)) / 2

    The share ``share`` of the rows have a smaller loss: of `log_loss`, with 0.99, what all but one row in
    a hundred stay below.  ``of`` names the loss, whose rows stand in the first line (here those of `mae`).
    Where the weights just reach the share it is the middle between two rows.

    >>> quantile_of(Values.of([np.array([1.0, 2.0, 3.0, 4.0, 5.0])], None), share=0.7)
    4.0
    """
    return at_quantile(values, as_written(share))


def magnitudes(values: Column) -> tuple[Column, Column]:
    """The losses, and their sizes."""
    return values, np.abs(values)


@of_rows(
    best=None,
    aliases=("tail_share",),
    elicits="no constant: it says how unevenly the loss lies on the rows",
    reference="Lorenz (1905), doi:10.2307/2276207",
)
def worst_share(values: Values, *, of: LossName = MAE, share: OpenUnit = 0.01) -> Finished:
    """Share of the total loss that the worst rows carry.

        losses = sorted([(abs(f - y), w) for y, f, w in rows if w > 0])
        before = [sum(w for e, w in losses[:at]) for at in range(len(losses))]
        spared = (1 - share) * sum(weight)
        least = sum(max(0, min(w, spared - sum_before)) * e for (e, w), sum_before in zip(losses, before))
        1 - least / sum(w * e for e, w in losses)

    With 0.01, what the worst hundredth of the weight has in the total: 0.01 where all rows are alike,
    near 1 where a few rows rule the mean.  The row at the border counts in part.  ``of`` names the loss,
    whose rows stand in the first line (here those of `mae`).

    >>> worst_share(Values.of([np.array([1.0, 1.0, 1.0, 5.0])], None), share=0.25)
    Fraction(5, 8)
    """
    total, size = values.kept_in(Sums, magnitudes).totals
    least = least_rows(values, 1 - as_written(share))
    if least is None or not total.finite:
        return Undefined("the total is infinite: no share of it says anything")
    if total.fraction != size.fraction:
        return Undefined("some rows have a loss below 0: no share of the total says anything")
    if total.fraction == 0:
        return Undefined("the loss of every row is 0: no row has a share of it")
    return 1 - least / total.fraction


@of_rows(
    approximate=OF_BINS,
    aliases=("trimmed_mean",),
    elicits="a constant near most of the labels",
    reference="Tukey (1962), doi:10.1214/aoms/1177704711",
)
def trimmed(values: Ranked, *, of: LossName = MAE, share: OpenUnit = 0.1) -> Finished:
    """Mean of the losses of the rows without the worst of them.

        losses = sorted([(abs(f - y), w) for y, f, w in rows if w > 0])
        before = [sum(w for e, w in losses[:at]) for at in range(len(losses))]
        spared = (1 - share) * sum(weight)
        sum(max(0, min(w, spared - sum_before)) * e for (e, w), sum_before in zip(losses, before)) / spared

    The worst share ``share`` of the weight is left out, the row at the border in part: for data in which
    some labels are known to be wrong.  ``of`` names the loss, whose rows stand in the first line (here
    those of `mae`).

    >>> trimmed(Values.of([np.array([1.0, 2.0, 3.0, 50.0])], None), share=0.25)
    Fraction(2, 1)
    """
    level = 1 - as_written(share)
    least = least_rows(values, level)
    if least is None:
        return Undefined(INFINITE)
    return least / (level * values.weight.fraction)


@of_rows(
    approximate=OF_BINS,
    aliases=("winsorized", "winsorised_mean", "winsorized_mean"),
    elicits="a constant near most of the labels",
    reference="Tukey (1962), doi:10.1214/aoms/1177704711",
)
def winsorised(values: Ranked, *, of: LossName = MAE, share: OpenUnit = 0.1) -> Finished:
    """Mean of the losses of the rows, the worst cut down to a quantile.

        losses = [(abs(f - y), w) for y, f, w in rows if w > 0]
        reached = (1 - share) * sum(weight)
        low = min(e for e, w in losses if sum(v for d, v in losses if d <= e) >= reached)
        cap = (low + min(e for e, w in losses if sum(v for d, v in losses if d <= e) > reached)) / 2
        sum(w * min(e, cap) for e, w in losses) / sum(weight)

    The worst share ``share`` of the weight counts as much as the quantile at its border: a wild row stays
    a bad row, but cannot rule the mean.  ``of`` names the loss, whose rows stand in the first line (here
    those of `mae`).

    >>> winsorised(Values.of([np.array([1.0, 2.0, 3.0, 4.0, 50.0])], None), share=0.3)
    Fraction(14, 5)
    """
    low, high = values.ends(1 - as_written(share))
    if not np.isfinite(high):
        return Undefined(INFINITE)
    weight, total = values.up_to(low)
    cap = (Fraction(low) + Fraction(high)) / 2
    return (total + (values.weight.fraction - weight) * cap) / values.weight.fraction
