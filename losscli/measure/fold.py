"""One block of rows becomes a tally: it is checked, row functions run, and observers keep what they gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.measure.adapt import DOMAIN, AdaptedBlock, View, mark_classes, read
from losscli.measure.agreement import agreement_of, compare_columns
from losscli.measure.class_columns import classes_in
from losscli.measure.missing import missing_rows, rows_lacking
from losscli.measure.observers.observer import WHOLE, Cut, CutBlock, MeasuredBlock, UnitRows
from losscli.measure.observers.states import UnitState
from losscli.measure.tally import Tally, add_counts
from losscli.numbers.sums import Squares, Sums
from losscli.table.block import Block, Mask
from losscli.table.violations import Violation, ViolationKind, Violations

if TYPE_CHECKING:
    from losscli.measure.observers.observer import CutKey
    from losscli.measure.plan import Plan, RowUnit
    from losscli.table.block import Floats


def fold(plan: Plan, block: Block) -> Tally:
    """Check one block and measure it.

    Order of work: what both files hold must agree, missing values, weights, domains, losses.  A
    block with a violation is not measured: its run ends in an error.
    """
    tally = Tally()
    slots = [slot for _, slot in plan.places()]
    listed = any(slot.made for slot in slots)
    if listed:
        from losscli.measure.lists import check_labels, laid_out

        block = laid_out(block, plan.sides)
    if any(slot.kind in ("class", "score") and slot.purpose in ("label", "pred") for slot in slots):
        from losscli.measure.lists import note_list_texts

        note_list_texts(block, plan.sides, tally.seen)
    if plan.share is None or plan.share.first:  # how two files number their rows is asked of all rows, once
        for at, shared in enumerate(plan.shared_ids):
            tally.agreements[at] = agreement_of(plan, block, shared)
    if plan.share is not None and plan.keys is None and plan.grouping is not None:
        block = block.take(plan.grouping.share_of(block, plan.share))
    tally.read = block.rows
    for one, other in plan.equal:
        compare_columns(plan, block, one, other, tally.faults)
    if plan.where is not None and not (kept := plan.where.read(block)).all():
        add_counts(tally.dropped, {"where": int(np.count_nonzero(~kept))})
        block = block.take(kept)
    missing = missing_rows(plan, block, tally)
    present = None if missing is None else ~missing
    complete = block if present is None else block.take(present)
    if listed:
        check_labels(complete, plan.sides, tally.faults, tally.seen)
    parts, lacks = {id(complete): (complete, list(range(len(plan.units))))}, dict[int, Mask]()
    if plan.nan == "propagate" and present is not None:
        masks = ((place, rows_lacking(plan, unit, block)) for place, unit in enumerate(plan.units))
        lacks = {place: mask for place, mask in masks if mask is not None}
        spared = [place for place in range(len(plan.units)) if place not in lacks]
        parts = {id(block): (block, spared), id(complete): (complete, list(lacks))}
    seen: set[View] = set()
    readings = {at: _read(plan, rows, units, seen, tally) for at, (rows, units) in parts.items()}
    if tally.faults.found:
        return tally
    cut_up, lost = _cut_up(plan, block, complete, present, tally)
    measured = MeasuredBlock(next(iter(cut_up.values())), lost, lacks)
    for at, (_, units) in parts.items():
        if units:
            measured.units |= _measured(plan, cut_up[at], units, readings[at], tally)
    _observe(plan, measured, tally)
    return tally


def _cut_up(
    plan: Plan, block: Block, complete: Block, present: Mask | None, tally: Tally
) -> tuple[dict[int, CutBlock], dict[CutKey, Cut]]:
    """The rows that are used, and of them those without a missing value, by the id of their block; lost slices.

    ``complete`` are the rows of ``block`` that are ``present``: without a missing value.  The tally keeps the labels.
    """
    slices: dict[CutKey, Cut] = {}
    for at, view in enumerate(plan.slicings):
        codes, labels = view.read(block)
        slices[at], tally.labels[at] = Cut(codes, len(labels)), labels
    lost: dict[CutKey, Cut] = {}
    used = block
    if present is not None and plan.nan != "propagate":
        used, lost = complete, {at: cut.take(~present) for at, cut in slices.items()}
        slices = {at: cut.take(present) for at, cut in slices.items()}
    cuts = {WHOLE: Cut(), **slices}
    if plan.groups is not None:
        sliced = [(cut.codes, cut.groups) for cut in slices.values() if cut.codes is not None]
        tally.dealt, dealt = plan.groups.deal(used, sliced)
        cuts |= {dealing: Cut(*cut) for dealing, cut in dealt.items()}
    found = {id(used): CutBlock(used, cuts)}
    if used is not complete:
        found[id(complete)] = CutBlock(complete, {key: cut.take(present) for key, cut in cuts.items()})
    return found, lost


def _observe(plan: Plan, measured: MeasuredBlock, tally: Tally) -> None:
    """Keep what the observers of the plan make of a block."""
    for observer in plan.all_observers():
        for key in measured.used.cuts:
            if key is WHOLE:
                wanted = not (observer.adds_up and plan.slicings)
            else:
                wanted = observer.by_slice if isinstance(key, int) else observer.by_group
            state = observer.observe(measured, key) if wanted else None
            if state is not None:
                tally.kept[observer, key] = state
    for place, rows in measured.units.items():
        state = tally.of(UnitState(place), 0 if plan.slicings else WHOLE)
        if isinstance(state, Sums) and any(total.nan for total in state.totals):
            _refuse_nan(plan.units[place], rows, tally.faults)


def _read(plan: Plan, block: Block, units: Sequence[int], seen: set[View], tally: Tally) -> AdaptedBlock:
    """The views of some units over a block, checked; those of ``seen`` were, over these rows and others."""
    reading = AdaptedBlock(tally.faults, tally.seen)
    silent = reading
    if seen:
        silent = AdaptedBlock(
            Violations(), {}, reading.touched, reading.classes, reading.names, reading.shared
        )
    views: list[View] = [view for place in units for _, view in plan.units[place].views]
    if units:
        weights = (plan.weight, None if plan.grouping is None else plan.grouping.weight)
        views = [*(view for view in weights if view is not None), *views]
    for view in sorted(views, key=lambda view: view not in seen) if seen else views:
        read(view, block, silent if seen and view in seen else reading)
    seen.update(views)
    for place in dict.fromkeys(at for view in views if view.of_classes for at in view.places):
        mark_classes(block, place, reading.seen)
    return reading


def _measured(
    plan: Plan, rows: CutBlock, units: Sequence[int], reading: AdaptedBlock, tally: Tally
) -> dict[int, UnitRows]:
    """What some units give over the rows of a block."""
    block = rows.block
    weight = reading.shared[plan.weight] if plan.weight is not None else None
    if plan.class_weights is not None:
        factor = plan.class_weights.read(block, tally.weighed)
        weight = factor if weight is None else weight * factor
    counted: Mask | None = None
    if weight is not None and block.rows and weight.min() == 0.0:
        # A row of weight 0 is checked and counted, and enters no state.
        counted = weight > 0.0
        # Of the groups of units the largest holds the rows of all others.
        tally.zero_weight = max(tally.zero_weight, block.rows - int(np.count_nonzero(counted)))
        weight = weight[counted]
    arrays: Mapping[View, Any] = reading.shared
    if counted is not None:
        views = (view for place in units for _, view in plan.units[place].views)
        arrays = {view: reading.shared[view][counted] for view in dict.fromkeys(views)}
    for place in units if reading.classes else ():
        for _, view in plan.units[place].views if plan.units[place].loss.state != "confusion" else ():
            if view in reading.classes and view not in tally.classes:
                tally.classes[view] = classes_in(reading.classes[view], counted)
    return {place: _unit_rows(plan.units[place], rows, counted, arrays, weight, reading) for place in units}


def _unit_rows(
    unit: RowUnit,
    rows: CutBlock,
    kept: Mask | None,
    arrays: Mapping[View, Any],
    weight: Floats | None,
    reading: AdaptedBlock,
) -> UnitRows:
    """What a unit gives over the rows of a block that are kept."""
    loss, params = unit.loss, dict(unit.params)
    roles = {name: arrays[view] for name, view in unit.views}
    skipped = {}
    if loss.keeps is not None and (stays := loss.keeps(**roles, **params)) is not None and not stays.all():
        skipped[loss.skips] = ~stays if kept is None else _both(kept, ~stays)
        roles = {name: array[stays] for name, array in roles.items()}
        weight = None if weight is None else weight[stays]
        kept = stays if kept is None else _both(kept, stays)
    found, roots = loss.rows_and_roots(roles, params)
    columns = found if isinstance(found, tuple) else (found,)
    parts = columns if roots is None else (Squares.of(found, roots),)
    if loss.digits is not None:
        # Imported here: few losses are approximate.
        from losscli.numbers.counted import bins_of

        parts = (bins_of(columns[0], loss.digits), *columns[1:])
    touched = {name: find(**roles, **params) for name, find in loss.touches.items()}
    for _, view in unit.views if reading.touched else ():
        for name, mask in reading.touched.get(view, {}).items():
            touched[name] = mask if kept is None else mask[kept]
    named = (view for _, view in unit.views if view in reading.names) if reading.names else ()
    return UnitRows(
        loss,
        params,
        rows,
        kept,
        roles,
        columns,
        parts,
        weight,
        next((reading.names[view] for view in named), None),
        skipped,
        {name: mask for name, mask in touched.items() if mask is not None and mask.any()},
    )


def _refuse_nan(unit: RowUnit, found: UnitRows, faults: Violations) -> None:
    """Only an expression can have no value: the domains of the others see to it."""
    block = found.rows.block
    undefined = np.logical_or.reduce([np.isnan(column) for column in found.columns])
    everywhere = undefined if found.kept is None else _both(found.kept, undefined)
    needed = [where for _, view in unit.views for where in view.places]
    # Where a cell is missing, as the text of an expression may be, its column is at fault; else it is the first.
    for where in [*needed, None]:
        missing = None if where is None else block.column(where).missing
        rows = everywhere if where is None else None if missing is None else everywhere & missing
        if rows is None or not rows.any():
            continue
        everywhere = everywhere & ~rows
        faults.add(ViolationKind(DOMAIN, where or needed[0], "value" if where is None else "no value"), Violation(
            block.first(rows)[1], f"`{unit.loss.canonical({})}` has no value here",
            "a loss needs a number for every row", "have none", "`--where` leaves rows out",
            int(np.count_nonzero(rows)),
        ))  # fmt: skip


def _both(kept: Mask, chosen: Mask) -> Mask:
    """A mask over all rows, of those that are chosen of the rows that are kept."""
    both = kept.copy()
    both[kept] = chosen
    return both
