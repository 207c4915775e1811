"""Rows without a value: which they are, and whether they are refused or left out and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losscli.measure.adapt import MISSING
from losscli.measure.tally import Tally, add_counts
from losscli.table.block import Block, Mask, Place
from losscli.table.violations import Violation, ViolationKind

if TYPE_CHECKING:
    from losscli.measure.plan import Plan, RowUnit
    from losscli.measure.slots import Slot


def missing_rows(plan: Plan, block: Block, tally: Tally) -> Mask | None:
    """The rows in which a label, prediction or weight is missing: violations, or counted as dropped; None: there are none."""
    missing: Mask | None = None
    masks = [(place, slot, block.column(place).missing) for place, slot in plan.places()]
    lacking = [(place, slot, mask) for place, slot, mask in masks if mask is not None and mask.any()]
    for purpose in ("label", "pred", "weight") if lacking else ():
        here: Mask | None = None
        for place, slot, mask in lacking:
            if slot.purpose != purpose:
                continue
            here = mask if here is None else here | mask
            if plan.nan == "error":
                tally.faults.add(ViolationKind(MISSING, place, "missing"), Violation(
                    block.first(mask, place[0])[1], "the value is missing",
                    _need(plan, place, slot), "have none here",
                    "`--nan drop` leaves such rows out, on both sides, and counts them",
                    int(np.count_nonzero(mask)),
                ))  # fmt: skip
        if here is None:
            continue
        fresh = here if missing is None else here & ~missing
        if plan.nan == "drop" and fresh.any():
            add_counts(tally.dropped, {f"missing_{purpose}": int(np.count_nonzero(fresh))})
        missing = here if missing is None else missing | here
    return missing


def _need(plan: Plan, place: Place, slot: Slot) -> str:
    """What needs a value in every row: the role, or the expression that names the column."""
    for unit in plan.units:
        if any(name == "time" and place in view.places for name, view in unit.views):
            return f"`{unit.loss.name}` needs the time of every row"
        named = (view for name, view in unit.views if name not in ("label", "pred"))
        if unit.loss.words_are_columns and any(place in view.places for view in named):
            return f"`{unit.loss.canonical({})}` needs a value in every row"
    return f"every row needs a {slot.purpose}"


def rows_lacking(plan: Plan, unit: RowUnit, block: Block) -> Mask | None:
    """The rows that lack a value which a unit needs; None where all have it."""
    needed = {where for _, view in unit.views for where in view.places}
    if plan.weight is not None:
        needed.add(plan.weight.column)
    if plan.grouping is not None and plan.grouping.weight is not None:
        needed.add(plan.grouping.weight.column)
    if plan.class_weights is not None:
        needed.add(plan.class_weights.label)
    masks = [mask for where in needed if (mask := block.column(where).missing) is not None]
    lacks: Mask | None = np.logical_or.reduce(masks) if masks else None
    return lacks if lacks is not None and lacks.any() else None
