"""A tally as a record of a saved state, and back: labels of groups, states by what they are of, and marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.measure.fold import fold
from losscli.measure.observers.differences import UnitDifference
from losscli.measure.observers.group_weights import FirstWeights, GroupWeights
from losscli.measure.observers.observer import WHOLE, Observer
from losscli.measure.observers.row_counts import LackingRows, ReasonCounts, SeenRows, SkippedRows, TouchedRows
from losscli.measure.observers.states import UnitSpread, UnitState
from losscli.measure.tally import Tally
from losscli.numbers.row_count import RowCount
from losscli.numbers.states import Joined, state_kind
from losscli.numbers.sums import Totals
from losscli.pairing.shared_ids import Agreement, Difference, Numbering
from losscli.reading.convert import read_cells
from losscli.reading.jsonl import VALUES
from losscli.report.state_document import (
    AgreementRecord,
    ClassesRecord,
    DealtRecord,
    MarkRecord,
    NumberingRecord,
    StateRecord,
    TallyRecord,
)
from losscli.statistics.groups import GROUPS, MOST_OWN, Dealing, DealtGroups
from losscli.statistics.paired_difference import PairedDifference
from losscli.statistics.spread import Spread
from losscli.table.block import Block
from losscli.table.cells import in_order

if TYPE_CHECKING:
    from losscli.measure.observers.observer import CutKey
    from losscli.measure.plan import Plan
    from losscli.report.records import RowCounts
    from losscli.table.block import Place

OF_UNITS: dict[str, tuple[type[Any], Any]] = {
    "spread": (UnitSpread, Spread),
    "lacking": (LackingRows, RowCount),
    "skipped": (SkippedRows, ReasonCounts),
    "touched": (TouchedRows, ReasonCounts),
}
"""By the word of a record the observers of units whose states are always of one kind."""


def saved_tally(tally: Tally, measured: Plan, plan: Plan) -> TallyRecord:
    """What is kept of the rows; ``measured`` kept it, and ``plan`` is the one by which it will be read."""
    return TallyRecord(
        # A part without rows has no labels.
        labels=[[list(label) for label in tally.labels.get(at, ())] for at in range(len(plan.slicings))],
        dealt=None if tally.dealt is None else _dealt(tally.dealt),
        marks=list(_marks(tally, measured, plan)),
        classes=[
            ClassesRecord(at, role, in_order(tally.classes[view]))
            for at, unit in enumerate(measured.units)
            for role, view in unit.views
            if view in tally.classes
        ],
        weighed=in_order(tally.weighed),
        agreements=[
            _agreement(measured.shared_ids[at].name, agreement) for at, agreement in tally.agreements.items()
        ],
        states=[
            StateRecord(kind, unit, *_cut(cut), state.to_json())
            for (what, cut), state in tally.kept.items()
            for kind, unit in _said(what, measured)
            # That of the whole is added up anew from its slices.
            if not (cut is WHOLE and what.adds_up and plan.slicings)
        ],
    )


def _dealt(dealt: DealtGroups) -> DealtRecord:
    pairs = [dealt.pairs[at].tolist() for at in sorted(dealt.pairs)]
    return DealtRecord(dealt.own, dealt.names.tolist(), pairs)


def _marks(tally: Tally, measured: Plan, plan: Plan) -> Iterator[MarkRecord]:
    """The marks of columns that both plans read."""
    for ((side, at), mark), row in tally.seen.items():
        slot = measured.sides[side][at]
        if slot in plan.sides[side]:
            yield MarkRecord(side, plan.sides[side].index(slot), mark, row)


def _agreement(column: str, agreement: Agreement) -> AgreementRecord:
    first = agreement.first
    sides = [NumberingRecord(sorted(one.starts), one.low, one.high, one.others) for one in agreement.sides]
    row, cells = (None, []) if first is None else (first.row, [first.one, first.other])
    return AgreementRecord(column, agreement.count, row, cells, sides)


def _differences(plan: Plan) -> list[UnitDifference]:
    """What a plan keeps of the models that it compares."""
    return [one for one in plan.observers if isinstance(one, UnitDifference)]


def _said(what: Any, plan: Plan) -> Iterator[tuple[Any, int | None]]:
    """The word of a record for an observer, and its unit; none where its state is not saved."""
    if isinstance(what, SeenRows):
        yield "rows", None
    elif isinstance(what, GroupWeights):
        yield "group weights", None
    elif isinstance(what, UnitState):
        yield "state", what.unit
    elif isinstance(what, UnitDifference):
        yield "difference", _differences(plan).index(what)
    else:
        yield from ((kind, what.unit) for kind, (one, _) in OF_UNITS.items() if isinstance(what, one))


def _cut(cut: CutKey) -> tuple[Any, int | None]:
    if isinstance(cut, Dealing):
        return "dealt", cut.slicing
    return ("whole", None) if cut is WHOLE else ("slices", cut)


# ---------------------------------------------------------------------- and back


def placed_marks(record: TallyRecord, plan: Plan, other: Plan) -> TallyRecord:
    """A record of ``plan`` with the marks where another plan of the same hash reads their columns."""
    marks = []
    for one in record.marks:
        slot = plan.slot((one.side, one.slot))
        if slot in other.sides[one.side]:
            marks.append(replace(one, slot=other.sides[one.side].index(slot)))
    return replace(record, marks=marks)


def read_tally(record: TallyRecord, rows: RowCounts, plan: Plan, before: Sequence[int]) -> Tally:
    """The tally of a record, where ``before`` rows of each side come before its own.

    ValueError, or what an index or a type raises, where the record is none of the plan.
    """
    tally = Tally(
        read=rows.paired,
        dropped=dict(rows.dropped),
        zero_weight=rows.zero_weight,
        weighed=set(record.weighed),
    )
    for at, (view, labels) in enumerate(zip(plan.slicings, record.labels, strict=True)):
        tally.labels[at] = view.labels(tuple(label) for label in labels)
        if len(tally.labels[at].codes) < len(labels):
            raise ValueError("a slice twice")
    if record.dealt is not None:
        tally.dealt = _read_dealt(record.dealt, tally)
    for one in record.marks:
        place: Place = (one.side, one.slot)
        plan.slot(place)
        tally.seen[place, one.mark] = one.row + before[one.side] if one.row else 0
    for held in record.classes:
        tally.classes[dict(plan.units[held.unit].views)[held.role]] = set(held.classes)
    names = [shared.name for shared in plan.shared_ids]
    for agreement in record.agreements:
        tally.agreements[names.index(agreement.column)] = _read_agreement(agreement, before[0])
    of_no_rows = _of_no_rows(plan).kept
    for state in record.states:
        observer, kind = _observer(state, plan)
        cut = _read_cut(state, len(plan.slicings))
        groups = _groups(tally, cut)
        found = kind.from_json(state.held, groups)
        if (observer, WHOLE) in of_no_rows and groups != 0:
            # It has as many sums, of as many factors.
            of_no_rows[observer, WHOLE].merge(found if cut is WHOLE else found.at(0))
        side = observer.column[0] if isinstance(observer, GroupWeights) else 0
        tally.kept[observer, cut] = behind(found, before[side])
    _refuse_contradictions(tally, rows, plan)
    return tally


def _groups(tally: Tally, cut: CutKey) -> int | None:
    """How many groups a cut has; None: it has none."""
    if not isinstance(cut, Dealing):
        return None if cut is WHOLE else len(tally.labels[cut])
    assert tally.dealt is not None
    return len(tally.dealt.names if cut.slicing is None else tally.dealt.pairs[cut.slicing])


def _of_no_rows(plan: Plan) -> Tally:
    """What is kept of no rows at all, as one group."""
    observers = tuple(one for one in plan.observers if isinstance(one, (UnitSpread, UnitDifference)))
    whole = plan._replace(
        slicings=(), grouping=None, groups=None, where=None, shared_ids=(), observers=observers
    )
    columns = (
        tuple(read_cells([], want, VALUES).column for want in plan.wants(side))
        for side in range(len(plan.sides))
    )
    return fold(whole, Block(0, 0, tuple(columns)))


def _refuse_contradictions(tally: Tally, rows: RowCounts, plan: Plan) -> None:
    """ValueError where what is known of the rows cannot be of the same rows."""
    cuts: list[CutKey] = list(tally.labels)
    if tally.dealt is not None:
        cuts += [Dealing(None), *map(Dealing, tally.dealt.pairs)]
    uncounted = (
        "used" not in tally.kept.get((SeenRows(), cut), ReasonCounts({})).rows
        for cut in cuts
        if _groups(tally, cut)
    )
    if tally.used != rows.used or any(uncounted):
        raise ValueError("states of other rows")
    if plan.grouping is None:
        return
    groups = tally.labels[plan.grouping.first].codes
    for at, place in enumerate(range(plan.grouping.first + 1, len(plan.slicings))):
        slices = tally.labels[at].codes
        if any(label[:-1] not in slices or label[-1:] not in groups for label in tally.labels[place]):
            raise ValueError("groups of no slice")


def _read_dealt(record: DealtRecord, tally: Tally) -> DealtGroups:
    names = np.array(record.names, dtype=np.uint64)
    held = {at: np.array(one, dtype=np.int64) for at, one in enumerate(record.pairs)}
    if (names[1:] <= names[:-1]).any() or not (record.own or int(names.max(initial=0)) < GROUPS):
        raise ValueError("groups of the bootstrap that do not rise")
    for at, pairs in held.items():
        slices, groups = pairs // MOST_OWN, pairs % MOST_OWN
        if not (
            (np.diff(pairs) > 0).all()
            and slices.max(initial=-1) < len(tally.labels[at])
            and groups.max(initial=-1) < len(names)
        ):
            raise ValueError("pairs of no slice and group of the bootstrap")
    return DealtGroups(record.own, names, held)


def _read_agreement(record: AgreementRecord, before: int) -> Agreement:
    one, two = (Numbering(frozenset(side.starts), side.low, side.high, side.others) for side in record.sides)
    first = None if record.row is None else Difference(record.row + before, *record.cells)
    return Agreement(record.differ, first, (one, two))


def _observer(record: StateRecord, plan: Plan) -> tuple[Observer, Any]:
    """What keeps the state of a record, and the kind of the state."""
    if (record.unit is None) != (record.kind in ("rows", "group weights")):
        raise ValueError("a state of no unit")
    if record.kind == "rows":
        return SeenRows(), ReasonCounts
    if record.kind == "group weights":
        (found,) = (one for one in plan.observers if isinstance(one, GroupWeights))
        return found, FirstWeights
    assert record.unit is not None
    if record.kind == "difference":
        return _differences(plan)[record.unit], PairedDifference
    unit = plan.units[record.unit]
    if record.kind == "state":
        return UnitState(record.unit), state_kind(unit.loss.state)
    observer, kind = OF_UNITS[record.kind]
    return observer(record.unit), kind


def _read_cut(record: StateRecord, slicings: int) -> CutKey:
    if record.slicing is not None and record.slicing >= slicings:
        raise ValueError("a state of no slicing")
    if record.cut == "dealt":
        return Dealing(record.slicing)
    if (record.cut == "whole") != (record.slicing is None):
        raise ValueError("a state of no cut")
    return record.slicing


def behind(state: Any, rows: int) -> Any:
    """A state where so many rows come before those that it is of: some hold the number of a row."""
    if not rows:
        return state
    if isinstance(state, (RowCount, FirstWeights)):
        return state.behind(rows)
    if isinstance(state, Totals):
        return replace(state, infinite=None if state.infinite is None else state.infinite.behind(rows))
    if isinstance(state, Joined):
        return type(state)(tuple(behind(one, rows) for one in state.states))
    return state


def moved(tally: Tally, rows: int) -> Tally:
    """The tally where so many rows come before its own."""
    return replace(
        tally,
        kept={what: behind(state, rows) for what, state in tally.kept.items()},
        seen={mark: row + rows if row else 0 for mark, row in tally.seen.items()},
    )


def merged(tallies: Sequence[Tally]) -> Tally:
    """All rows of some tallies."""
    whole = Tally()
    for tally in tallies:
        whole.merge(tally)
    whole.add_up()
    return whole
