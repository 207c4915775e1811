"""One block of rows becomes a tally: checked, then summed unit by unit, over the whole and by slice and group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.measure.adapt import DOMAIN, AdaptedBlock, View, mark_classes, read
from losscli.measure.agreement import agreement_of, compare_columns
from losscli.measure.class_columns import classes_in
from losscli.measure.missing import note_missing, rows_lacking, without_missing
from losscli.measure.tally import SliceTally, Tally, add_counts
from losscli.numbers.by_group import added
from losscli.numbers.row_count import RowCount
from losscli.numbers.states import STATES, BlockStates
from losscli.numbers.sums import Squares, Sums
from losscli.table.block import Block, Floats, Ints, Mask
from losscli.table.violations import Violation, ViolationKind, Violations

if TYPE_CHECKING:
    from losscli.measure.plan import Plan, RowUnit
    from losscli.numbers.sums import Names
    from losscli.statistics.groups import Dealing
    from losscli.statistics.paired_difference import ComparedUnits


class Measured(NamedTuple):
    """What a unit gave over a block."""

    columns: Sequence[Floats]
    parts: Sequence[Any]  # what is summed: the columns; of squares beyond the range of a double, their roots
    weight: Floats | None
    kept: Mask | None  # which of the block's rows they are; None: all
    names: Names  # of classes, by their code
    infinite: Mask | None  # which of these rows are infinite; None: none


class Cut(NamedTuple):
    """How a block is cut: the slice of each row by slicing; its group, over the whole and within its slice."""

    codes: Sequence[Ints]
    dealt: Mapping[Dealing, Ints]


@dataclass(slots=True)
class _CountedRows:
    """The rows of a block that enter the states of some units, and what these units read of them."""

    block: Block
    cut: Cut
    reading: AdaptedBlock
    arrays: Mapping[View, Any]
    weight: Floats | None
    counted: Mask | None  # which rows of the block they are; None: all
    states: BlockStates = field(default_factory=BlockStates)


def fold(plan: Plan, block: Block) -> Tally:
    """Check one block and measure it.

    Order of work: what both files hold must agree, missing values, weights, domains, losses.  A
    block with a fault is not measured: its run ends in an error.
    """
    tally = Tally(read=block.rows)
    block = _laid_out(plan, block, tally)
    for one, other in plan.equal:
        compare_columns(plan, block, one, other, tally.faults)
    for at, telling in enumerate(plan.telling):
        tally.agreements[at] = agreement_of(plan, block, telling)
    if plan.where is not None and not (kept := plan.where.read(block)).all():
        add_counts(tally.dropped, {"where": int(np.count_nonzero(~kept))})
        block = block.take(kept)
    whole = block
    block = without_missing(plan, block, tally)
    if any(slot.made for _, slot in plan.places()):
        from losscli.measure.lists import check_labels

        check_labels(block, plan.sides, tally.faults, tally.seen)
    groups = [(block, list(range(len(plan.units))))]
    if plan.nan == "propagate" and whole is not block:
        lacks = [rows_lacking(plan, unit, whole) for unit in plan.units]
        spared = [place for place, mask in enumerate(lacks) if mask is None]
        groups = [(whole, spared), (block, [place for place in groups[0][1] if place not in spared])]
    used = whole if plan.nan == "propagate" else block
    tally.used = used.rows
    seen: set[View] = set()
    readings = [_read(plan, rows, units, seen, tally) for rows, units in groups]
    if tally.faults.found:
        return tally
    cut_up = {id(rows): rows for rows in (used, *(rows for rows, units in groups if units))}
    cuts = {at: _cut(plan, rows) for at, rows in cut_up.items()}
    if plan.slicings or plan.groups is not None:
        _count_slices(plan, cuts, used, whole, tally)
    if len(groups) > 1:
        note_missing(whole, cuts[id(whole)].codes, lacks, tally)
    for (rows, units), reading in zip(groups, readings, strict=True):
        if units:
            _sum_all(plan, rows, cuts[id(rows)], units, reading, tally)
    if plan.watch is not None:
        better = {place: unit.loss.better for place, unit in enumerate(plan.units)}
        tally.kept = plan.watch.keep(used, tally.noted, better)
        tally.noted = {}
    return tally


def _laid_out(plan: Plan, block: Block, tally: Tally) -> Block:
    """The block with a column for every slot that is made of lists; classes written as lists are noted."""
    slots = [slot for _, slot in plan.places()]
    listed = any(slot.made for slot in slots)
    noted = any(slot.kind in ("class", "score") and slot.purpose in ("label", "pred") for slot in slots)
    if listed or noted:
        from losscli.measure.lists import laid_out, note_list_texts

        if listed:
            block = laid_out(block, plan.sides)
        if noted:
            note_list_texts(block, plan.sides, tally.seen)
    return block


def _count_slices(plan: Plan, cuts: dict[int, Cut], used: Block, whole: Block, tally: Tally) -> None:
    """Count the rows of every slice and group; ``whole`` holds those too that lack a value."""
    tally.slices = {at: SliceTally(np.bincount(codes)) for at, codes in enumerate(cuts[id(used)].codes)}
    tally.groups = {
        dealing: SliceTally(np.bincount(codes))
        for cut in reversed(cuts.values())  # the rows of all others are among the first's
        for dealing, codes in cut.dealt.items()
    }
    if used is not whole:
        # A slice that lost its last row here is still a slice, without a value.
        for at, slicing in enumerate(plan.slicings):
            held = tally.slices[at]
            held.dropped = added(np.bincount(slicing.read(whole)), -held.used)


def _cut(plan: Plan, block: Block) -> Cut:
    codes = [slicing.read(block) for slicing in plan.slicings]
    return Cut(codes, {} if plan.groups is None else plan.groups.deal(block, codes))


def _read(plan: Plan, block: Block, units: Sequence[int], seen: set[View], tally: Tally) -> AdaptedBlock:
    """The views of some units over a block, checked; those of ``seen`` were, over these rows and others."""
    reading = AdaptedBlock(tally.faults, tally.seen)
    silent = AdaptedBlock(Violations(), {}, reading.touched, reading.classes, reading.names, reading.shared)
    views: list[View] = [view for place in units for _, view in plan.units[place].views]
    if plan.weight is not None and units:
        views.insert(0, plan.weight)
    for view in sorted(views, key=lambda view: view not in seen) if seen else views:
        read(view, block, silent if seen and view in seen else reading)
    seen.update(views)
    for place in dict.fromkeys(at for view in views if view.of_classes for at in view.places):
        mark_classes(block, place, reading.seen)
    return reading


def _sum_all(
    plan: Plan, block: Block, cut: Cut, units: Sequence[int], reading: AdaptedBlock, tally: Tally
) -> None:
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
    arrays = {view: reading.shared[view] for place in units for _, view in plan.units[place].views}
    if counted is not None:
        arrays = {view: array[counted] for view, array in arrays.items()}
    for place in units:
        for _, view in plan.units[place].views if plan.units[place].loss.state != "confusion" else ():
            if view in reading.classes and view not in tally.classes:
                tally.classes[view] = classes_in(reading.classes[view], counted)
    rows = _CountedRows(block, cut, reading, arrays, weight, counted)
    measured = {place: _sum(plan, place, rows, tally) for place in units}
    for at, pair in enumerate(plan.pairs):
        _compare_units(plan, at, pair, measured, rows, tally)


def _compare_units(
    plan: Plan,
    at: int,
    pair: ComparedUnits,
    measured: Mapping[int, Measured],
    rows: _CountedRows,
    tally: Tally,
) -> None:
    """Keep how two units differ row by row, over the whole and by slice."""
    from losscli.statistics.paired_difference import PairedDifference

    codes = rows.cut.codes
    one, two = measured[pair.base], measured[pair.head]
    base, head, weight, kept, other = one.columns, two.columns, one.weight, one.kept, two.kept
    cuts = [(tally.duels, None), *((tally.slices[place].duels, held) for place, held in enumerate(codes))]
    if (kept is None) != (other is None) or (
        kept is not None and other is not None and not np.array_equal(kept, other)
    ):
        for duels, held in cuts:
            duels[at] = PairedDifference.of_unlike(rows.block.rows, held, groups_of(held))
        return
    times = None
    if plan.times is not None:
        times = plan.times.read(rows.block)
        times = times if kept is None else times[kept]
    for duels, held in cuts:
        here = held if kept is None or held is None else held[kept]
        duels[at] = PairedDifference.of(base, head, weight, pair.better, times, here, groups_of(here))


def groups_of(codes: Ints | None) -> int:
    """How many groups arrays by code have; one where there are no codes."""
    return 1 if codes is None else int(codes.max(initial=-1)) + 1


def _sum(plan: Plan, place: int, rows: _CountedRows, tally: Tally) -> Measured:
    """Keep the state of one unit, and whatever else the plan keeps of its rows."""
    unit, block = plan.units[place], rows.block
    loss, params, weight, kept = unit.loss, dict(unit.params), rows.weight, rows.counted
    roles = {name: rows.arrays[view] for name, view in unit.views}
    if loss.keeps is not None and (stays := loss.keeps(**roles, **params)) is not None and not stays.all():
        tally.skipped[place] = {loss.skips: int(np.count_nonzero(~stays))}
        for at, codes in enumerate(rows.cut.codes):
            left = (codes if kept is None else codes[kept])[~stays]
            tally.slices[at].skipped[place, loss.skips] = np.bincount(left)
        roles = {name: array[stays] for name, array in roles.items()}
        weight = None if weight is None else weight[stays]
        kept = _both(kept, stays)
    found, roots = loss.rows_and_roots(roles, params)
    columns = found if isinstance(found, tuple) else (found,)
    parts = columns if roots is None else (Squares.of(found, roots),)
    if plan.watch is not None:
        noted = plan.watch.note(place, loss, params, roles, columns[0], weight, block, kept)
        if noted is not None:
            tally.noted[place] = noted
    names = next((rows.reading.names[view] for _, view in unit.views if view in rows.reading.names), None)
    state = rows.states.state(STATES[loss.state], parts, weight, names)
    if isinstance(state, Sums) and any(total.nan for total in state.totals):
        _refuse_nan(unit, columns, block, kept, tally.faults)
    infinite = _infinite(state, columns, roots)
    if infinite is not None:
        state = state._replace(infinite=RowCount.of(_numbers(block, kept)[infinite]))
    tally.states[place] = state
    touched = _touched(unit, roles, params, rows.reading, kept)
    if touched:
        tally.touched[place] = {name: int(np.count_nonzero(mask)) for name, mask in touched.items()}
    if plan.spreads and isinstance(state, Sums):
        from losscli.statistics.spread import Spread

        tally.spreads[place] = Spread.of(columns, weight)
    measured = Measured(columns, parts, weight, kept, names, infinite)
    if rows.cut.codes or rows.cut.dealt:
        _sum_by_slice(plan, place, rows, measured, touched, tally)
    return measured


def _sum_by_slice(
    plan: Plan,
    place: int,
    rows: _CountedRows,
    measured: Measured,
    touched: Mapping[str, Mask],
    tally: Tally,
) -> None:
    """Keep the same columns by slice, and by group of the bootstrap."""
    columns, parts, weight, kept, names, infinite = measured
    kind = STATES[plan.units[place].loss.state]
    slicings = [(tally.slices[at], codes) for at, codes in enumerate(rows.cut.codes)]
    dealt = [(tally.groups[dealing], codes) for dealing, codes in rows.cut.dealt.items()]
    for at, (held, all_codes) in enumerate([*slicings, *dealt]):
        codes = all_codes if kept is None else all_codes[kept]
        groups = groups_of(codes)
        if len(codes):
            state = rows.states.state(kind, parts, weight, names, codes, groups)
            if infinite is not None:
                numbers = _numbers(rows.block, kept)[infinite]
                state = state._replace(infinite=RowCount.of(numbers, codes[infinite], groups))
            held.states[place] = state
        if at >= len(slicings):
            continue  # groups are drawn from: they need states alone
        for name, mask in touched.items():
            held.touched[place, name] = np.bincount(codes[mask])
        if plan.spreads and kind is Sums:
            from losscli.statistics.spread import Spread

            held.spreads[place] = Spread.of(columns, weight, codes, groups)


def _infinite(state: Any, columns: Sequence[Floats], roots: Floats | None) -> Mask | None:
    """The rows of which a column is infinite, where a state of sums has any."""
    if not isinstance(state, Sums) or (roots is None and all(total.finite for total in state.totals)):
        return None
    infinite: Mask = ~np.logical_and.reduce([np.isfinite(column) for column in columns])
    return infinite if infinite.any() else None


def _numbers(block: Block, kept: Mask | None) -> Ints:
    """The row numbers of the rows that are kept."""
    numbers = block.row_numbers()
    return numbers if kept is None else numbers[kept]


def _touched(
    unit: RowUnit,
    roles: Mapping[str, Any],
    params: Mapping[str, Any],
    reading: AdaptedBlock,
    kept: Mask | None,
) -> dict[str, Mask]:
    """The rows whose values a convention of the loss changes, by its name; conventions that change none are left out."""
    touched: dict[str, Any] = {name: find(**roles, **params) for name, find in unit.loss.touches.items()}
    for _, view in unit.views:
        for name, mask in reading.touched.get(view, {}).items():
            touched[name] = mask if kept is None else mask[kept]
    return {name: mask for name, mask in touched.items() if mask is not None and mask.any()}


def _refuse_nan(
    unit: RowUnit, columns: Sequence[Any], block: Block, kept: Mask | None, faults: Violations
) -> None:
    """Only an expression can have no value: the domains of the others see to it."""
    undefined = np.logical_or.reduce([np.isnan(column) for column in columns])
    everywhere = undefined if kept is None else _both(kept, undefined)
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


def _both(counted: Mask | None, stays: Mask) -> Mask:
    """A mask over all rows from one over the counted rows."""
    if counted is None:
        return stays
    both = counted.copy()
    both[counted] = stays
    return both
