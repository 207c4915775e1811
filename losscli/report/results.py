"""The states of a run become results: a value or why there is none, for the whole and for its slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.loss.declare import Undefined
from losscli.measure.adapt import missing_among_numbers
from losscli.measure.observers.observer import WHOLE
from losscli.measure.observers.row_counts import LackingRows, SeenRows, SkippedRows, TouchedRows
from losscli.measure.observers.states import ConstantState, UnitSpread, UnitState
from losscli.measure.plan import Measure, Plan, ResultPart
from losscli.measure.tally import BySlice, Tally, add_counts
from losscli.numbers.row_count import RowCount
from losscli.numbers.sums import Sums
from losscli.report.alike import Alike, Results
from losscli.report.finish import NO_ROW, detail_of, rounded
from losscli.report.outcomes import GROUP_VALUES, GROUPED, FinishedPart, Finisher, FinishOptions
from losscli.report.records import Result, in_doubles
from losscli.report.slice_pattern import SliceNames
from losscli.report.within import Within, bound_said
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.measure.constant_views import Constants, RowGroup
    from losscli.measure.slices import SliceView
    from losscli.report.group_values import GroupValues
    from losscli.report.over_groups import GroupStates
    from losscli.statistics.bootstrap import Resampled
    from losscli.statistics.intervals import Estimate

MAY_OVERFLOW = {
    "sum": "the sum",
    "weight": "the sum of the weights",
    "stderr": "the standard error",
    "ci": "an end of the interval",
    "constant": "a number of the best constant",
    "detail": "a number of the detail",
}
"""What of a result may overflow beside its value, and what it is called."""


def results(plan: Plan, tally: Tally, options: FinishOptions) -> Results[Result]:
    """A result for every measure, or for each of its parts under ``average="none"``; then by slice."""
    keep_all_groups(plan, tally)
    finishers = [Finisher(measure, plan, tally, options) for measure in plan.measures]
    whole = [_MeasuredRows(finisher, tally, {}) for finisher in finishers]
    found = Results([result for rows in whole for result in rows.results(rows.outcomes())])
    for place, slicing in enumerate(plan.shown_slicings):
        _add_slices(found, finishers, slicing, tally, place)
    return found


def _add_slices(
    found: Results[Result], finishers: Sequence[Finisher], slicing: SliceView, tally: Tally, place: int
) -> None:
    """The results of each slice; of means that are numbers and no more all at once."""
    # Imported here: many calls have no slices.
    from losscli.report.sliced import ShownSlices

    names, by = slicing.slicing.names, f"|by:{slicing.slicing}"
    slices = ShownSlices.of(slicing, tally, place, finishers[0].options.min_slice)
    # Where a slice has as many results as there are classes, nothing is known of the places of others.
    several = any(finisher.form == "none" for finisher in finishers)
    means = [None if several else slices.means(finisher) for finisher in finishers]
    single = [np.ones(len(slices.kept), np.bool_) if of is None else of.single for of in means]
    chosen, start, width = np.logical_or.reduce(single), len(found), len(finishers)
    # What is folded comes behind the others.
    for at, each in zip([*np.flatnonzero(chosen).tolist(), len(chosen)], slices.each(chosen), strict=False):
        named = dict(zip(names, each.values, strict=True))
        for of, finisher in enumerate(finishers):
            if at == len(chosen) or single[of][at]:
                rows = _MeasuredRows(finisher, each.tally, named, by, place, each.group)
                found.put(len(found) if several else start + at * width + of, rows.results(rows.outcomes()))
    for of, mean in enumerate(means):
        if mean is not None:
            places = range(start + of, start + len(chosen) * width, width)
            found.add(
                Alike(
                    found[places[mean.first]],
                    places,
                    {**mean.columns, "slice": SliceNames(names, slices.columns)},
                )
            )


DRAWN = "drawn"
"""Under which the groups of the bootstrap are kept in a tally, once all is read."""


def keep_all_groups(plan: Plan, tally: Tally) -> None:
    """When all is read: keep the groups, and those of the bootstrap, of the whole and of every slice."""
    if plan.grouping is not None:
        # Imported here: few calls have groups.
        from losscli.report.over_groups import keep_groups

        keep_groups(plan, plan.grouping, tally)
    if tally.dealt is None:
        return
    dealt: dict[Any, tuple[Any, dict[int, Any]]] = {
        cut: (counts.rows["used"], {})
        for (what, cut), counts in tally.kept.items()
        if isinstance(what, SeenRows) and isinstance(cut, tuple)
    }
    for (what, cut), state in tally.kept.items():
        if isinstance(what, UnitState) and cut in dealt:
            dealt[cut][1][what.unit] = state
    for place, groups in tally.dealt.settled(dealt).items():
        tally.kept[DRAWN, place] = BySlice(groups) if place is not None else groups[0]


def of_measure(
    measure: Measure, plan: Plan, tally: Tally, options: FinishOptions
) -> tuple[Result, GroupValues | None]:
    """The only result of one measure over the rows of one tally, and the values of which it is the mean."""
    rows = _MeasuredRows(Finisher(measure, plan, options.whole or tally, options), tally, {})
    (outcome,) = outcomes = rows.outcomes()
    (result,) = rows.results(outcomes)
    return result, outcome.groups


def values_of(
    measure: Measure, plan: Plan, tally: Tally, options: FinishOptions
) -> Callable[[Sequence[Any]], dict[frozenset[tuple[str, str]], float | None]]:
    """From states of a measure's units its values, by part."""
    return Finisher(measure, plan, options.whole or tally, options).values


class _Constant(NamedTuple):
    """The best constant of a unit, and the state of its rows with it; or why there is none."""

    best: Any = None  # as it is shown
    state: Any = None
    why: str | None = None


class _MeasuredRows(NamedTuple):
    """A measure over the rows of a tally: all, or those of a slice."""

    finisher: Finisher
    tally: Tally
    slice: dict[str, str | None]
    by: str = ""  # what the signature of a slice says more
    slicing: int | None = None
    group: RowGroup = None

    def outcomes(self) -> list[FinishedPart]:
        """The whole, or each part, of these rows."""
        found = [self.tally.state(unit) for unit in self.finisher.units]
        states = [self.finisher.empty if state is None else state for state in found]
        groups: GroupStates | None = self.tally.of(GROUPED)
        if groups is None:
            return self.finisher.outcomes(self.finisher.read(states))
        from losscli.report.over_groups import over_groups

        outcomes = over_groups(self.finisher, groups, states)
        if not self.slice:
            for one in outcomes:
                self.tally.kept[(GROUP_VALUES, self.finisher.name_of(one.name)), WHOLE] = one.groups
        return outcomes

    def results(self, outcomes: Sequence[FinishedPart]) -> list[Result]:
        """A result for each outcome."""
        absent = {unit for unit in self.finisher.units if self.tally.state(unit) is None}
        notes = self._notes()
        resampled = None if absent else self._resampled()
        found = [self._result(outcome, notes, resampled, absent) for outcome in outcomes]
        if not absent and (constants := self.finisher.plan.constants) is not None:
            found = self._beside_constants(found, outcomes, constants)
        return [in_doubles(result, MAY_OVERFLOW) for result in found]

    def _beside_constants(
        self, found: Sequence[Result], outcomes: Sequence[FinishedPart], constants: Constants
    ) -> list[Result]:
        """The results, each with the best constant of its rows and the skill against it."""
        from losscli.measure.constant_baseline import skill

        parts = self.finisher.measure.parts
        held = {part.unit: self._constant(part.unit, constants) for part in parts}
        beside = []
        for result, outcome in zip(found, outcomes, strict=True):
            own = parts if outcome.several else (outcome.part,)
            why = next((held[part.unit].why for part in own if held[part.unit].why is not None), None)
            if any(self._lacking(part.unit) for part in own):
                why = "no constant where rows have no value"
            if any(self._lumps_classes(part) for part in own):
                why = "no best constant is worked out where several classes are the negative one"
            if why is not None:
                beside.append(replace(result, note="; ".join(said for said in (result.note, why) if said)))
                continue
            (constant,) = (
                self.finisher.outcomes([held[part.unit].state for part in own])
                if outcome.several
                else [outcome._replace(finished=self.finisher.finished(held[outcome.part.unit].state))]
            )
            value, _ = rounded(constant.finished)
            best = {part.name: held[part.unit].best for part in own}
            beside.append(replace(result, constant={
                "prediction": best if outcome.several else held[outcome.part.unit].best,
                "value": value,
                "skill": skill(result.value, value, self.finisher.loss.best, self.finisher.loss.better),
            }))  # fmt: skip
        return beside

    def _constant(self, unit: int, constants: Constants) -> _Constant:
        """The best constant of a unit for these rows."""
        found = constants[unit, self.finisher.loss.elicits, self.slicing]
        state = None if found.unit is None else self.tally.of(ConstantState(found.unit, self.slicing))
        if self.group not in found.shown or state is None or not state.rows:
            return _Constant(why=found.why.get(self.group, found.otherwise))
        return _Constant(found.shown[self.group], state)

    def _notes(self) -> list[str]:
        """What is to be said of all results of the measure."""
        options, notes = self.finisher.options, []
        measure, plan = self.finisher.measure, self.finisher.plan
        if self.tally is self.finisher.whole and (
            plan.class_weights is not None or plan.takes_classes(measure)
        ):
            # Imported here: many losses take no classes.
            from losscli.measure.classes import judge, unweighed

            notes = unweighed(plan, self.tally)
            notes += judge(measure, plan, self.tally, options.positive, options.classes)
        if self.finisher.loss.state == "queries" and plan.grouping is None:
            notes.append("all rows are one query: `--group COLUMN` names the query of each row")
        if len(self.finisher.measure.parts) > 1 and self.finisher.loss.of_rows is not None:
            notes.append(f"of several labels, {self.finisher.loss.of_rows}")
        if options.average is not None and self.finisher.form != options.average:
            notes.append(f"`--average {options.average}` is of losses per class or output; this has one form")
        return notes

    def _lumps_classes(self, part: ResultPart) -> bool:
        """Whether the table of a part is read as one class against several others."""
        rest = self.finisher.rests[self.finisher.measure.parts.index(part)]
        labels = (
            self.tally.kept[UnitState(part.unit), WHOLE].label_weights.values() if rest is not None else ()
        )
        return len([weight for weight in labels if weight > 0]) > 2

    def _result(
        self, outcome: FinishedPart, notes: Sequence[str], resampled: Resampled | None, absent: set[int]
    ) -> Result:
        """The result of one outcome; of ``absent`` units no row counts."""
        part, state, name, finished, several, left_out, groups = outcome
        loss, values = self.finisher.loss, self.finisher.measure.values
        units = self.finisher.units if several else [part.unit]
        skipped, touched = self._counts(SkippedRows, units), self._counts(TouchedRows, units)
        missing = [rows for unit in units if (rows := self._lacking(unit)) is not None]
        if missing and groups is None:
            count, first = sum(m.rows for m in missing), min(m.first for m in missing)
            finished = Undefined(
                f"{plural(count, 'row')} without a value, first in {self.finisher.options.row_name(first)}"
            )
        elif not absent.isdisjoint(units):
            finished = Undefined(self._why_no_row(skipped))
        value, note = rounded(finished)
        bound = finished.bound if isinstance(finished, Within) and value is not None else None
        total = None
        if groups is None and loss.is_mean and not several and isinstance(state, Sums):
            total = state.totals[0].rounded()
        found = None if value is None else self._estimate(value, units, outcome, resampled)
        return Result(
            loss=self.finisher.name,
            params=dict(values),
            pred=self.finisher.measure.pred,
            better=loss.better,
            value=value,
            sum=total if value is not None else None,
            rows=self.tally.used - (sum(skipped.values()) if len(units) == 1 else 0),
            weight=state.weight.rounded(),
            part=name,
            skipped=skipped if groups is None else {**skipped, **groups.skipped},
            touched=touched,
            stderr=found.stderr if found is not None else None,
            ci=found.ci if found is not None else None,
            constant=None,
            note="; ".join(
                said
                for said in (
                    note,
                    left_out,
                    bound_said(bound),
                    *notes,
                    self._missing_classes(units),
                    found and found.note,
                )
                if said
            )
            or None,
            detail=self._detail(outcome, several and len(units) > 1, bound),
            slice=self.slice,
            signature=self.finisher.signature + self.by,
        )

    def _counts(self, kind: type[SkippedRows | TouchedRows], units: Sequence[int]) -> dict[str, int]:
        """How many rows an observer of each unit counted, by what is said of them."""
        total: dict[str, int] = {}
        for unit in units if kind in self.finisher.kept else ():
            add_counts(total, self.tally.counts(kind(unit)))
        return total

    def _missing_classes(self, units: Sequence[int]) -> str | None:
        """What is to be said of a class such as `NA` beside numeric ones."""
        if not self.tally.seen:
            return None
        places = [
            at for unit in units for _, view in self.finisher.plan.units[unit].views for at in view.places
        ]
        row = missing_among_numbers(places, self.tally.seen)
        if row is None:
            return None
        said = f"a missing value such as `NA` is a class beside numeric classes, first in {self.finisher.options.row_name(row)}"
        return f"{said}: in CSV, `--dialect null=NA` makes it missing"

    def _detail(self, outcome: FinishedPart, averaged: bool, bound: float | None) -> dict[str, Any] | None:
        """What is more than a number; of an average of several units its bound, and what there is of groups."""
        found = None if averaged else self._detail_of_rows(outcome.part.unit, outcome.state, outcome.name)
        found = found if bound is None else {**(found or {}), "bound": bound}
        return found if outcome.groups is None else outcome.groups.detail(self.finisher.loss.better, found)

    def _detail_of_rows(self, unit: int, state: Any, part: Mapping[str, str]) -> dict[str, Any] | None:
        loss = self.finisher.loss
        if part and loss.state == "confusion" and state.has_many_classes:
            return None  # the table of so many classes, once for each of them, would fill any file
        detail = detail_of(loss, state, self.finisher.measure.values)
        if detail is not None and "classes" in detail:
            detail["classes"] = [self.finisher.shown.get(name, name) for name in detail["classes"]]
        if self.finisher.plan.observers and loss.is_mean and isinstance(state, Sums):
            from losscli.measure.observers.worst_rows import WorstRows

            worst = self.tally.of(WorstRows(unit))
            return detail if worst is None else {**(detail or {}), "worst": worst.detail(state.totals[0])}
        return detail

    def _resampled(self) -> Resampled | None:
        """The values of the measure over all resamples; None without a bootstrap."""
        interval = self.finisher.options.interval
        drawn = self.tally.of(DRAWN)
        if interval is None or drawn is None:
            return None
        from losscli.statistics.bootstrap import Resampled

        groups, units = drawn.states([part.unit for part in self.finisher.measure.parts])
        return Resampled.of(groups, units, interval, self.finisher.values)

    def _estimate(
        self, value: float, units: Sequence[int], outcome: FinishedPart, resampled: Resampled | None
    ) -> Estimate | None:
        interval = self.finisher.options.interval
        if interval is None:
            return None
        if outcome.groups is not None:
            return outcome.groups.estimate(value, interval)
        spread = self.tally.of(UnitSpread(units[0])) if len(units) == 1 else None
        if resampled is not None:
            return resampled.estimate(outcome.name, outcome.state, spread)
        from losscli.statistics.intervals import Estimate, estimate

        if len(units) > 1:
            return Estimate(note="no interval: the parts of an average are not independent")
        return estimate(
            self.finisher.loss,
            self.finisher.params,
            value,
            outcome.state,
            spread,
            interval,
        )

    def _lacking(self, unit: int) -> RowCount | None:
        """The rows that lack a value which a unit needs; None where there are none."""
        rows: RowCount | None = (
            self.tally.of(LackingRows(unit)) if LackingRows in self.finisher.kept else None
        )
        return rows if rows is not None and rows.rows else None

    def _why_no_row(self, skipped: Mapping[str, int]) -> str:
        """Why no row of a slice counts: what is skipped is said beside it."""
        rows = self.tally.counts(SeenRows())
        used, dropped = rows.get("used", 0), rows.get("lost", 0)
        if dropped and not used:
            return f"no row is left: {plural(dropped, 'row was', 'rows were')} dropped for a missing value"
        return NO_ROW if skipped or not used else f"{NO_ROW}: {plural(used, 'row has', 'rows have')} weight 0"
