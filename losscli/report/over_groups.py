"""Losses over groups of rows: a value for each query, series or image, and the mean of these values.

The states of the groups are kept by the slicings that the plan does not show.  A group's value is what a call over its
rows alone reports, a double; the mean over groups is exact and rounded once, whatever the order of rows and groups.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.loss.declare import Finished, Undefined
from losscli.loss.params import UNDEFINED
from losscli.measure.observers.observer import WHOLE
from losscli.measure.observers.row_counts import LackingRows, ReasonCounts, SeenRows, SkippedRows
from losscli.measure.observers.states import UnitState
from losscli.measure.tally import BySlice
from losscli.numbers.fields import COUNT
from losscli.numbers.grouped_sums import grouped
from losscli.numbers.states import state_kind
from losscli.report.finish import NO_ROW, NOTHING_TO_RANK, rounded, values_by_query
from losscli.report.group_values import GroupValues, PartName, label_keys
from losscli.report.outcomes import GROUPED, FinishedPart
from losscli.report.slice_pattern import slice_text
from losscli.report.within import Within
from losscli.text import plural, share

if TYPE_CHECKING:
    from losscli.measure.plan import Grouping, Plan
    from losscli.measure.slices import Value
    from losscli.measure.tally import Tally
    from losscli.report.outcomes import Finisher
    from losscli.table.block import Ints

WHOLE_PART: PartName = frozenset()


@dataclass(frozen=True, eq=False)
class GroupStates:
    """Some groups: the states of all groups of a slicing by their observer, and which of them these are."""

    column: str
    kept: Mapping[Any, Any]
    codes: Ints
    labels: tuple[Value, ...]  # of each of them; a label that occurs twice is one group
    weights: Mapping[Value, float] | None

    def merge(self, other: GroupStates) -> GroupStates:
        """Of two slices of one slicing."""
        codes = np.concatenate((self.codes, other.codes))
        return GroupStates(self.column, self.kept, codes, self.labels + other.labels, self.weights)

    @cached_property
    def places(self) -> dict[Value, int]:
        """The place of each group, by its label."""
        return {label: place for place, label in enumerate(dict.fromkeys(self.labels))}

    @cached_property
    def _moved(self) -> Ints:
        if len(self.places) == len(self.codes):
            return np.arange(len(self.codes))
        return np.array([self.places[label] for label in self.labels], dtype=np.int64)

    def of(self, observer: Any) -> Any | None:
        """The state of an observer over the groups; None where none of them has any."""
        if observer not in self._found:
            state = self.kept.get(observer)
            if state is not None:
                state = state.regrouped(self.codes, self._moved, len(self.places))
            self._found[observer] = state
        return self._found[observer]

    @cached_property
    def _found(self) -> dict[Any, Any]:
        """What was asked for before: several losses may have one state."""
        return {}

    def rows(self, observer: SeenRows | SkippedRows, *which: str) -> Ints:
        """The rows of each group that an observer counted, under the names given or under all."""
        found = np.zeros(len(self.places), np.int64)
        counts: ReasonCounts = self.kept.get(observer, ReasonCounts({}))
        for name in which or counts.rows:
            np.add.at(found, self._moved, COUNT.chosen(counts.rows[name], self.codes))
        return found


def keep_groups(plan: Plan, grouping: Grouping, tally: Tally) -> None:
    """When all is read: keep the groups of the whole and of every slice."""
    weights: dict[Value, float] | None = None
    for at, place in enumerate(range(grouping.first, len(plan.slicings))):
        kept = {what: state for (what, cut), state in tally.kept.items() if cut == place}
        labels, used = list(tally.labels[place]), kept[SeenRows()].rows["used"]
        codes = np.flatnonzero(used)
        if at == 0:
            own = tuple(labels[code][0] for code in codes.tolist())
            weights = _weights(grouping, kept, codes, own)
            tally.kept[GROUPED, WHOLE] = GroupStates(grouping.column, kept, codes, own, weights)
            continue
        numbers = tally.labels[at - 1].codes
        of = np.array([numbers[labels[code][:-1]] for code in codes.tolist()], dtype=np.int64)
        order = np.argsort(of, kind="stable")
        slices, starts = np.unique(of[order], return_index=True)
        tally.kept[GROUPED, at - 1] = BySlice({
            code: GroupStates(grouping.column, kept, own, tuple(labels[one][-1] for one in own.tolist()), weights)
            for code, own in zip(slices.tolist(), np.split(codes[order], starts[1:]), strict=True)
        })  # fmt: skip


def _weights(
    grouping: Grouping, kept: Mapping[Any, Any], codes: Ints, labels: Sequence[Value]
) -> dict[Value, float] | None:
    """The weights of the groups; None where all weigh 1."""
    if grouping.weight is None:
        return None
    # Imported here: few calls weigh groups.
    from losscli.measure.observers.group_weights import GroupWeights

    values = kept[GroupWeights(grouping.weight.column, grouping.first)].value
    return dict(zip(labels, values[codes].tolist(), strict=True))


class _Column(NamedTuple):
    """The values of one part in the groups that have it: NaN where there is none, and why."""

    places: list[int]  # of these groups
    values: list[float]
    why: dict[int, str]  # by the place of the group; without one the loss leaves the group out
    bounds: dict[int, float]  # by the place of the group, how far a value may be from the exact one
    several: bool = False  # each is an average of parts
    shortened: int = 0  # groups whose average leaves out a part


def over_groups(finisher: Finisher, groups: GroupStates, whole: Sequence[Any]) -> list[FinishedPart]:
    """The mean over groups of the whole, or of each part; ``whole`` are the states of all their rows."""
    found = _Groups(finisher, groups).columns()
    parts = finisher.measure.parts
    if found.keys() <= {WHOLE_PART}:
        empty = _Column([], [], {}, {})
        one = FinishedPart(parts[0], whole[0], {}, Undefined(NO_ROW))
        return [_averaged(finisher, groups, one, found.get(WHOLE_PART, empty))]
    outcomes = finisher.outcomes(finisher.read(whole))
    columns = ((outcome, found.get(frozenset(outcome.name.items()))) for outcome in outcomes)
    return [_averaged(finisher, groups, outcome, column) for outcome, column in columns if column is not None]


def _averaged(finisher: Finisher, groups: GroupStates, one: FinishedPart, column: _Column) -> FinishedPart:
    """The mean of the values of one part over the groups that have it."""
    labels, places, values = list(groups.places), np.array(column.places, np.int64), np.array(column.values)
    weights, rows = None, groups.rows(SeenRows(), "used")
    for part in finisher.measure.parts if len(finisher.measure.parts) == 1 else ():
        rows = rows - groups.rows(SkippedRows(part.unit))
    if groups.weights is not None:
        weights = np.array([groups.weights[labels[place]] for place in column.places])
        counted = weights > 0.0
        places, values, weights = places[counted], values[counted], weights[counted]
    held, skipped = ~np.isnan(values), dict[str, int]()
    lost, weights = places[~held], None if weights is None else weights[held]
    left_out = np.array([place not in column.why for place in lost.tolist()], np.bool_)
    if empty := int(np.count_nonzero(left_out)):
        skipped, lost = {finisher.loss.skips: empty}, lost[~left_out]
    skips = finisher.params.get(UNDEFINED.name) == "skip"
    if skips and len(lost):
        skipped["undefined"] = len(lost)
    own = GroupValues(
        [labels[place] for place in places[held].tolist()],
        values[held],
        weights,
        rows[places[held]],
        skipped,
        0 if skips else len(lost),
        np.array([column.bounds[place] for place in places[held].tolist()]) if column.bounds else None,
    )
    if own.without:
        without = lost.tolist()
        first = min(zip(label_keys([labels[place] for place in without]), without, strict=True))[1]
        some = share(own.without, len(places), "group", "have no value")
        where = slice_text({groups.column: labels[first]})
        finished: Finished | Within = Undefined(f"{some}, first {where}: {column.why[first]}")
    else:
        finished = own.mean if len(own.values) else Undefined("no group has a value" if skipped else NO_ROW)
    note = None
    if column.shortened:
        some = plural(column.shortened, "group")
        note = f"in {some} the average leaves out parts, where there is nothing to measure"
    return one._replace(finished=finished, several=column.several, note=note, groups=own)


class _Groups:
    """The states of the units of a measure, over some groups."""

    def __init__(self, finisher: Finisher, groups: GroupStates) -> None:
        units = [part.unit for part in finisher.measure.parts]
        self.finisher, self.count = finisher, len(groups.places)
        self.states: list[Any] = [groups.of(UnitState(unit)) for unit in units]
        nothing = np.zeros(self.count, np.int64)
        self.rows = [
            nothing if s is None else COUNT.chosen(s.rows, np.arange(self.count)) for s in self.states
        ]
        lacking = [groups.of(LackingRows(unit)) for unit in units]
        self.lacking = sum((found.rows for found in lacking if found is not None), nothing)
        skipped = sum((groups.rows(SkippedRows(unit)) for unit in units), nothing)
        # A group whose rows all weigh 0 is none.
        self.places: list[int] = np.flatnonzero(sum(self.rows, self.lacking + skipped)).tolist()

    def columns(self) -> dict[PartName, _Column]:
        """The values of each part in the groups that have it."""
        complete = not self.lacking.any() and all(rows[self.places].all() for rows in self.rows)
        if complete and len(self.states) == 1 and self.finisher.form is None:
            loss = self.finisher.loss
            values = (
                self._of_queries() if loss.state == "queries" else self._means() if loss.is_mean else None
            )
            if values is not None:
                return {WHOLE_PART: _Column(self.places, values, {}, {})}
        return self._one_by_one()

    def _of_queries(self) -> list[float] | None:
        """The value of each group where it is that of a query; None where one exceeds the doubles."""
        finisher, (state,) = self.finisher, self.states
        found = values_by_query(finisher.loss, finisher.params, state)
        values = [found[place] for place in self.places]
        return None if math.inf in values else values

    def _means(self) -> list[float] | None:
        """The value of each group where it is the mean of its rows; None where one exceeds the doubles."""
        (state,) = self.states
        total, weight = grouped(state.totals[0]), grouped(state.weight)
        if not total.finite:
            return None
        sums, exponent = total.units(self.count)
        weights, unit = weight.units(self.count)
        above, below = max(exponent - unit, 0), max(unit - exponent, 0)
        try:
            # Python rounds the quotient of two integers correctly.
            return [(sums[place] << above) / (weights[place] << below) for place in self.places]
        except OverflowError:
            return None

    def _one_by_one(self) -> dict[PartName, _Column]:
        """The values where each group is finished on its own."""
        loss, weighted = self.finisher.loss, self.finisher.plan.weighted
        empty = state_kind(loss.state).empty(weighted=weighted)
        split = zip(
            *(
                repeat(empty, self.count) if state is None else state.split(self.count)
                for state in self.states
            ),
            strict=True,
        )
        kept, found = set(self.places), dict[PartName, _Column]()
        for place, states in enumerate(split):
            if place not in kept:
                continue
            for outcome in self.finisher.outcomes(self.finisher.read(states)):
                self._add(found, place, outcome)
        return found

    def _add(self, found: dict[PartName, _Column], place: int, outcome: FinishedPart) -> None:
        """Add the value of a part in one group."""
        value, why = rounded(outcome.finished)
        if isinstance(outcome.finished, Undefined) and outcome.finished.absent and outcome.name:
            return
        if self.lacking[place]:
            value, why = None, f"{plural(int(self.lacking[place]), 'row')} without a value"
        elif any(not rows[place] for rows in self.rows):
            value, why = None, NO_ROW
        name = frozenset(outcome.name.items())
        column = found.setdefault(name, _Column([], [], {}, {}, outcome.several))
        column.places.append(place)
        column.values.append(math.nan if value is None else value)
        if isinstance(outcome.finished, Within) and value is not None:
            column.bounds[place] = outcome.finished.bound
        if why is not None and why != NOTHING_TO_RANK:
            column.why[place] = why
        if outcome.note is not None:
            found[name] = column._replace(shortened=column.shortened + 1)
