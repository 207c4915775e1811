"""The states of a run become results: a value or why there is none, for the whole and for its parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from copy import copy
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.loss.declare import Finished, Loss, Undefined
from losscli.losses.stable import sum_fractions
from losscli.measure.adapt import missing_among_numbers
from losscli.measure.class_views import ClassesView, CodedView, OneClassView
from losscli.measure.classes import BINARY, judge, met, rest_of, unweighed
from losscli.measure.plan import Measure, Plan, ResultPart
from losscli.measure.tally import SliceTally, Tally
from losscli.numbers.bins import Bins
from losscli.numbers.by_group import number_at
from losscli.numbers.confusion import MOST_CLASSES, Confusion, Counts
from losscli.numbers.exact import exact_quotient, round_fraction
from losscli.numbers.row_count import RowCount
from losscli.numbers.states import STATES
from losscli.numbers.sums import Sums
from losscli.report.records import Result, in_doubles
from losscli.text import plural, visible

if TYPE_CHECKING:
    from losscli.measure.slices import SliceView
    from losscli.statistics.bootstrap import Resampled
    from losscli.statistics.groups import Groups
    from losscli.statistics.intervals import Estimate, IntervalSpec


class Options(NamedTuple):
    """What decides how states are finished."""

    average: str | None = None
    positive: int | str | None = None
    context: str = ""  # of the signature
    min_slice: int = 0  # slices of fewer rows are folded into `other`
    classes: tuple[int | str, ...] = ()  # in their order
    whole: Tally | None = (
        None  # of all rows: it chooses the form of losses per class (None: the tally at hand)
    )
    row_name: Callable[[int], str] = "row {}".format  # of a row of PREDS, counted from 1
    interval: IntervalSpec | None = None


MAY_OVERFLOW = {
    "sum": "the sum",
    "weight": "the sum of the weights",
    "stderr": "the standard error",
    "ci": "an end of the interval",
    "constant": "a number of the best constant",
    "detail": "a number of the detail",
}
"""What of a result may overflow beside its value, and what it is called."""


def results(plan: Plan, tally: Tally, options: Options) -> list[Result]:
    """A result for every measure, or for each of its parts under ``average="none"``; then by slice."""
    groups = drawn_groups(plan, tally)
    options = options._replace(whole=tally)
    finishers = [_Finisher(measure, plan, tally, options) for measure in plan.measures]
    found = [result for finisher in finishers for result in finisher.results()]
    sliced: list[Result] = []
    for place, slicing in enumerate(plan.slicings):
        by = f"|by:{slicing.slicing}"
        for values, part in slices_of(slicing, tally.slices[place], options.min_slice, groups.get(place)):
            named = dict(zip(slicing.slicing.names, values, strict=True))
            for finisher in finishers:
                sliced += finisher.over(part, named, by).results()
    return found + sliced


def drawn_groups(plan: Plan, tally: Tally) -> Mapping[int | None, Mapping[int, Groups]]:
    """When all is read: the groups of the bootstrap of every slice by slicing; those of the whole are laid beside it."""
    if plan.groups is None:
        return {}
    groups = plan.groups.settled(
        {dealing: (held.used, held.states) for dealing, held in tally.groups.items()}
    )
    tally.drawn = groups[None][0]
    return groups


def of_measure(measure: Measure, plan: Plan, tally: Tally, options: Options) -> list[Result]:
    """The results of one measure over the rows of one tally."""
    return _Finisher(measure, plan, tally, options).results()


def values_of(
    measure: Measure, plan: Plan, tally: Tally, options: Options
) -> Callable[[Sequence[Any]], dict[frozenset[tuple[str, str]], float | None]]:
    """From states of a measure's units its values, by part."""
    return _Finisher(measure, plan, tally, options).values


OTHER = "other"
NO_ROW = "no row counts"


def slices_of(
    view: SliceView, tally: SliceTally, min_slice: int, groups: Mapping[int, Groups] | None = None
) -> list[tuple[tuple[str | None, ...], Tally]]:
    """The slices that have rows, or lost them for a missing value, in order, each with a tally of its own.

    ``groups`` are those of all slices.
    """
    from losscli.measure.slices import order_of
    from losscli.numbers.by_group import added

    used = added(tally.used, np.zeros_like(tally.dropped))
    dropped = added(tally.dropped, np.zeros_like(tally.used))
    codes = [(values, code) for values, code in view.index.codes.items() if code < len(used)]
    codes = [(values, code) for values, code in codes if used[code] or dropped[code]]
    ranks = [order_of([values[at] for values, _ in codes]) for at in range(len(view.columns))]
    order = sorted(range(len(codes)), key=lambda at: tuple(rank[at] for rank in ranks))
    kept = [codes[at] for at in order if used[codes[at][1]] >= min_slice]
    folded = [codes[at] for at in order if used[codes[at][1]] < min_slice]
    found = [(values, _one_slice(tally, code, groups)) for values, code in kept]
    if folded:
        rest = Tally()
        for _, code in folded:
            rest.merge(_one_slice(tally, code, groups))
        found.append(((OTHER,) * len(view.columns), rest))
    return found


def _one_slice(tally: SliceTally, code: int, groups: Mapping[int, Groups] | None = None) -> Tally:
    used, dropped = number_at(tally.used, code), number_at(tally.dropped, code)
    found = Tally(used=used, dropped={"missing": dropped} if dropped else {})
    found.states = {
        unit: state.at(code) for unit, state in tally.states.items() if number_at(state.rows, code)
    }
    found.missing = {
        unit: rows.at(code) for unit, rows in tally.missing.items() if number_at(rows.rows, code)
    }
    found.spreads = {unit: spread.at(code) for unit, spread in tally.spreads.items() if unit in found.states}
    found.duels = {pair: duel.at(code) for pair, duel in tally.duels.items()}
    found.constants = {key: held[code] for key, held in tally.constants.items() if code in held}
    found.drawn = None if groups is None else groups.get(code)
    for into, counts in ((found.touched, tally.touched), (found.skipped, tally.skipped)):
        for (unit, name), lanes in counts.items():
            if code < len(lanes) and lanes[code]:
                into.setdefault(unit, {})[name] = int(lanes[code])
    return found


class _Outcome(NamedTuple):
    """What became of the states of a measure: of the whole, or of one part."""

    part: ResultPart
    state: Any
    name: dict[str, str]  # of the part; empty for the whole
    finished: Finished
    several: bool = False  # an average of parts
    note: str | None = None  # on parts that it leaves out


class _Finisher:
    """One measure's states on their way to results."""

    def __init__(self, measure: Measure, plan: Plan, tally: Tally, options: Options) -> None:
        self.measure, self.plan, self.tally, self.options = measure, plan, tally, options
        self.loss = measure.loss
        self.whole = options.whole or tally
        self.classes = self._class_view()
        self.shown = self.classes.shown(self.whole.seen) if self.classes is not None else {}
        self.positive = self._positive()
        self.form = self._form()
        self.rests = [self._rest(part.unit) for part in measure.parts]
        own = [name for name in measure.values if name not in self.loss.columns]
        taken = {p.name for p in self.loss.params}
        self.params: dict[str, Any] = {name: measure.values[name] for name in own if name in taken}
        if "levels" in self.loss.own_params:
            self.params["levels"] = dict(plan.units[measure.parts[0].unit].params)["levels"]
        if "order" in self.loss.own_params:
            self.params["order"] = self._order()
        self.name = self.loss.canonical(measure.values)
        self.signature = f"{self.loss.canonical(measure.values, defaults=True)}|{options.context}"
        if self.form is not None:
            self.signature += f"|average={self.form}" + (
                f":{self.positive}" if self.form == "positive" else ""
            )
        self.slice: dict[str, str | None] = {}

    def over(self, tally: Tally, named: dict[str, str | None], by: str) -> _Finisher:
        """The same for one slice; ``by`` is what its signature says more."""
        other = copy(self)
        other.tally, other.slice, other.signature = tally, named, self.signature + by
        return other

    def results(self) -> list[Result]:
        units = [part.unit for part in self.measure.parts]
        counted = all(unit in self.tally.states for unit in units)
        empty = STATES[self.loss.state].empty(weighted=self.plan.weighted)
        notes = self._notes()
        outcomes = self._outcomes(self._read([self.tally.states.get(unit, empty) for unit in units]))
        resampled = self._resampled() if counted else None
        found = [self._result(outcome, notes, resampled) for outcome in outcomes]
        if self.tally.constants and counted:
            found = self._beside_constants(found, outcomes)
        return [in_doubles(result, MAY_OVERFLOW) for result in found]

    def _beside_constants(self, found: Sequence[Result], outcomes: Sequence[_Outcome]) -> list[Result]:
        """The results, each with the best constant of its rows and the skill against it."""
        from losscli.measure.constant_baseline import skill

        parts = self.measure.parts
        held = {part.unit: self.tally.constants[part.unit, self.loss.elicits] for part in parts}
        beside = []
        for result, outcome in zip(found, outcomes, strict=True):
            own = parts if outcome.several else (outcome.part,)
            why = next((held[part.unit].why for part in own if held[part.unit].why is not None), None)
            if any(part.unit in self.tally.missing for part in own):
                why = "no constant where rows have no value"
            if any(self._lumps_classes(part) for part in own):
                why = "no best constant is worked out where several classes are the negative one"
            if why is not None:
                beside.append(replace(result, note="; ".join(said for said in (result.note, why) if said)))
                continue
            (constant,) = (
                self._outcomes([held[part.unit].state for part in own])
                if outcome.several
                else [outcome._replace(finished=self._finished(held[outcome.part.unit].state))]
            )
            value, _ = rounded(constant.finished)
            best = {part.name: held[part.unit].best for part in own}
            beside.append(replace(result, constant={
                "prediction": best if outcome.several else held[outcome.part.unit].best,
                "value": value,
                "skill": skill(result.value, value, self.loss.best, self.loss.better),
            }))  # fmt: skip
        return beside

    def values(self, states: Sequence[Any]) -> dict[frozenset[tuple[str, str]], float | None]:
        """The values of some states of the measure's units, by part."""
        if any(state.weight.units == 0 for state in states):
            return {}
        return {
            frozenset(outcome.name.items()): rounded(outcome.finished)[0]
            for outcome in self._outcomes(self._read(states))
        }

    def _notes(self) -> list[str]:
        """What is to be said of all results of the measure."""
        options, notes = self.options, []
        if self.tally is self.whole:
            notes = unweighed(self.plan, self.whole)
            notes += judge(self.measure, self.plan, self.whole, options.positive, options.classes)
        if len(self.measure.parts) > 1 and self.loss.of_rows is not None:
            notes.append(f"of several labels, {self.loss.of_rows}")
        if options.average is not None and self.form != options.average:
            notes.append(f"`--average {options.average}` is of losses per class or output; this has one form")
        return notes

    def _read(self, states: Sequence[Any]) -> list[Any]:
        """The states; in tables of labels against probabilities of a class, 1 and 0 become the two classes."""
        positive = 1 if self.options.positive is None else self.options.positive
        return [
            state if rest is None else state.against(positive, rest)
            for state, rest in zip(states, self.rests, strict=True)
        ]

    def _rest(self, unit: int) -> int | str | None:
        """What the negative class is called, where a table is of labels against probabilities."""
        held = met(self.plan, self.whole, unit) if self.loss.state == "confusion" else None
        if held is None or held.preds is not None or not isinstance(held.view, CodedView):
            return None
        positive = self.options.positive
        return 0 if positive is None else rest_of(held.labels, positive)

    def _lumps_classes(self, part: ResultPart) -> bool:
        """Whether the table of a part is read as one class against several others."""
        rest = self.rests[self.measure.parts.index(part)]
        labels = self.tally.states[part.unit].label_weights.values() if rest is not None else ()
        return len([weight for weight in labels if weight > 0]) > 2

    def _outcomes(self, states: Sequence[Any]) -> list[_Outcome]:
        """The whole, or each part, of the states of the measure's units."""
        parts = self.measure.parts
        names = [{part.kind: part.name} for part in parts]
        if len(parts) == 1:
            if self.loss.state == "confusion" and self.loss.per_class:
                return self._by_class(states[0])
            return [_Outcome(parts[0], states[0], {}, self._finished(states[0]))]
        texts = {str(name): str(shown) for name, shown in self.shown.items()}
        names = [{part.kind: texts.get(part.shown, part.shown)} for part in parts]
        if self.form == "positive":
            return [self._of_positive(states)]
        if self.loss.state == "confusion" and self.loss.per_class:
            counts = [self._of_output(part, state) for part, state in zip(parts, states, strict=True)]
            return self._averaged(counts, names, states)
        return self._averaged(states, names, states)

    def _finished(self, state: Any) -> Finished:
        if isinstance(state, Undefined):
            return state
        return finish(self.loss, self.params, state, self.options.row_name)

    # ------------------------------------------------------------------ classes and outputs

    def _form(self) -> str | None:
        """How a loss of parts becomes one value: that of the positive class, or an average; None has no parts.

        It is chosen from all rows, and holds for every slice.
        """
        average = self.options.average
        if self._is_one_chance:
            return "positive"
        if not self.measure.has_parts:
            return None
        if self.loss.per_class and average is None and self.positive is not None and not self._outputs:
            return "positive"
        return average or "macro"

    @property
    def _is_one_chance(self) -> bool:
        """Whether it is a loss per class of the probability of one class."""
        return self.loss.per_class and len(self.measure.parts) == 1 and self.loss.state != "confusion"

    @property
    def _outputs(self) -> bool:
        return any(part.kind == "output" for part in self.measure.parts)

    def _positive(self) -> int | str | None:
        """The class that losses per class are of: the one named, else 1 where all models have 0 and 1 only."""
        if self.options.positive is not None:
            places = {} if self.classes is None else dict(self.classes.classes)
            place = places.get(self.options.positive)
            return (
                self.options.positive if place is None or self.classes is None else self.classes.names[place]
            )
        if not self.loss.per_class:
            return None
        if self._is_one_chance:
            return 1
        models = [m for m in self.plan.measures if m.loss.per_class] if not self._outputs else []
        return 1 if self._are_binary([m.parts[0].unit for m in models]) else None

    def _are_binary(self, units: Sequence[int]) -> bool:
        """Whether all have the classes 0 and 1 only, or -1 and 1: in their columns, or in labels and predictions."""
        found: list[Set[int | str]] = []
        for held in (met(self.plan, self.whole, unit) for unit in units):
            if held is not None and held.columns:
                found.append(set(held.columns))
            elif held is not None and held.preds is not None:
                found += [held.labels, held.preds]
        return any(all(classes <= two for classes in found) for two in BINARY)

    def _of_positive(self, states: Sequence[Any]) -> _Outcome:
        """Of several class columns that of the positive class."""
        view = next(
            v for _, v in self.plan.units[self.measure.parts[0].unit].views if isinstance(v, OneClassView)
        )
        names = view.classes.names
        if self.positive not in names:
            why = Undefined(f"no prediction column stands for the class `{self.positive}`")
            return _Outcome(self.measure.parts[0], states[0], {}, why)
        at = names.index(self.positive)
        return _Outcome(self.measure.parts[at], states[at], {}, self._finished(states[at]))

    def _of_output(self, part: ResultPart, table: Confusion) -> Counts | Undefined:
        """One output as its positive class against the rest."""
        if self.options.positive is None and not self._are_binary([part.unit]):
            return Undefined("it has other classes than 0 and 1: name the positive one with `--pos-label`")
        return table.counts(1 if self.options.positive is None else self.options.positive)

    def _by_class(self, table: Confusion) -> list[_Outcome]:
        """A loss of one class against the rest, from the table of all classes."""
        if table.weight.units == 0:
            # No row says what the classes are: they are those of the whole, each without a value.
            whole = self._classes(self.whole.states.get(self.measure.parts[0].unit, table))
            names = [{"class": str(c)} for c in whole if self.options.average == "none"] or [{}]
            return [_Outcome(self.measure.parts[0], table, name, Undefined(NO_ROW)) for name in names]
        if self.form == "positive" and self.positive is not None:
            finished = self._finished(table.counts(self.positive))
            return [_Outcome(self.measure.parts[0], table, {}, finished)]
        classes = self._classes(table)
        counts = [table.counts(c) for c in classes]
        shown = [{"class": str(self.shown.get(c, c))} for c in classes]
        return self._averaged(counts, shown, [table] * len(classes))

    def _class_view(self) -> ClassesView | None:
        """The classes that prediction columns stand for."""
        unit = self.plan.units[self.measure.parts[0].unit]
        for _, view in unit.views:
            if isinstance(view, (ClassesView, OneClassView)):
                return view if isinstance(view, ClassesView) else view.classes
        return None

    def _classes(self, table: Confusion) -> list[int | str]:
        """All classes: those of the prediction columns, where they are named for them, else those seen."""
        return table.classes if self.classes is None else list(self.classes.names)

    def _order(self) -> tuple[int | str, ...]:
        """The classes in their order: as named by `--classes`, or as the prediction columns stand."""
        if self.options.classes:
            return self.options.classes
        view = self._class_view()
        return () if view is None else view.names

    def _averaged(
        self, units: Sequence[Any], names: list[dict[str, str]], states: Sequence[Any]
    ) -> list[_Outcome]:
        """The whole of several parts by the average asked for; or each of them."""
        average = self.form
        parts = self.measure.parts if len(self.measure.parts) > 1 else self.measure.parts * len(units)
        finished = [self._finished(unit) for unit in units]
        if average == "none":
            return [
                _Outcome(part, state, name, value)
                for part, state, name, value in zip(parts, states, names, finished, strict=True)
            ]
        left_out: list[str] = []
        if average == "micro":
            merged: Any = next((unit for unit in units if isinstance(unit, Undefined)), units[0])
            for unit in units[1:] if not isinstance(merged, Undefined) else ():
                merged = merged + unit if isinstance(unit, Counts) else merged.merge(unit)
            whole = self._finished(merged)
        else:
            weights = [self._support(unit) if average == "weighted" else Fraction(1) for unit in units]
            whole, left_out = _mean_of_parts(finished, weights, names)
        note = "; ".join(left_out) or None
        return [_Outcome(parts[0], states[0], {}, whole, several=True, note=note)]

    def _support(self, unit: Any) -> Fraction:
        """What a part weighs in a weighted average: its positives, or the spread of its label."""
        if isinstance(unit, Undefined):
            return Fraction(1)
        if isinstance(unit, Counts):
            return unit.tp + unit.fn
        spread: Fraction = unit.label_spread
        return spread

    # ------------------------------------------------------------------ one result

    def _result(
        self, outcome: _Outcome, notes: Sequence[str] = (), resampled: Resampled | None = None
    ) -> Result:
        part, state, name, finished, several, left_out = outcome
        loss, values = self.loss, self.measure.values
        units = [p.unit for p in self.measure.parts] if several else [part.unit]
        skipped = _added([self.tally.skipped.get(unit, {}) for unit in units])
        touched = _added([self.tally.touched.get(unit, {}) for unit in units])
        missing = [self.tally.missing[unit] for unit in units if unit in self.tally.missing]
        if missing:
            count, first = sum(m.rows for m in missing), min(m.first for m in missing)
            finished = Undefined(
                f"{plural(count, 'row')} without a value, first in {self.options.row_name(first)}"
            )
        elif not all(unit in self.tally.states for unit in units):
            finished = Undefined(self._why_no_row(skipped))
        value, note = rounded(finished)
        total = None
        if loss.is_mean and loss.state == "sums" and not several and isinstance(state, Sums):
            total = state.totals[0].rounded()
        found = None if value is None else self._estimate(value, units, outcome, resampled)
        return Result(
            loss=self.name,
            params=dict(values),
            pred=self.measure.pred,
            better=loss.better,
            value=value,
            sum=total if value is not None else None,
            rows=self.tally.used - (sum(skipped.values()) if len(units) == 1 else 0),
            weight=state.weight.rounded(),
            part=name,
            skipped=skipped,
            touched=touched,
            stderr=found.stderr if found is not None else None,
            ci=found.ci if found is not None else None,
            note="; ".join(
                said
                for said in (note, left_out, *notes, self._missing_classes(units), found and found.note)
                if said
            )
            or None,
            detail=None if several and len(units) > 1 else self._detail(part.unit, state, name),
            slice=self.slice,
            signature=self.signature,
        )

    def _missing_classes(self, units: Sequence[int]) -> str | None:
        """What is to be said of a class such as `NA` beside numeric ones."""
        places = [at for unit in units for _, view in self.plan.units[unit].views for at in view.places]
        row = missing_among_numbers(places, self.tally.seen)
        if row is None:
            return None
        said = f"a missing value such as `NA` is a class beside numeric classes, first in {self.options.row_name(row)}"
        return f"{said}: in CSV, `--dialect null=NA` makes it missing"

    def _detail(self, unit: int, state: Any, part: Mapping[str, str]) -> dict[str, Any] | None:
        if part and isinstance(state, Confusion) and len(state.names) > MOST_CLASSES:
            return None  # the table of so many classes, once for each of them, would fill any file
        detail = _detail(state, self.measure.values)
        if detail is not None and "confusion" in detail:
            detail["classes"] = [self.shown.get(name, name) for name in detail["classes"]]
        if self.tally.kept is not None and self.loss.is_mean and isinstance(state, Sums):
            from losscli.measure.row_recorder import worst_detail

            worst = worst_detail(self.tally.kept, unit, state.totals[0])
            return detail if worst is None else {**(detail or {}), "worst": worst}
        return detail

    def _resampled(self) -> Resampled | None:
        """What becomes of the measure over all resamples, where the bootstrap is asked for."""
        interval = self.options.interval
        if interval is None or self.tally.drawn is None:
            return None
        from losscli.statistics.bootstrap import Resampled

        groups, units = self.tally.drawn.states([part.unit for part in self.measure.parts])
        return Resampled.of(groups, units, interval, self.values)

    def _estimate(
        self, value: float, units: Sequence[int], outcome: _Outcome, resampled: Resampled | None
    ) -> Estimate | None:
        if self.options.interval is None:
            return None
        spread = self.tally.spreads.get(units[0]) if len(units) == 1 else None
        if resampled is not None:
            return resampled.estimate(outcome.name, outcome.state, spread)
        from losscli.statistics.intervals import Estimate, estimate

        if len(units) > 1:
            return Estimate(note="no interval: the parts of an average are not independent")
        return estimate(self.loss, self.params, value, outcome.state, spread, self.options.interval)

    def _why_no_row(self, skipped: Mapping[str, int]) -> str:
        """Why no row of a slice counts: what is skipped is said beside it."""
        used, dropped = self.tally.used, self.tally.dropped.get("missing", 0)
        if dropped and not used:
            return f"no row is left: {plural(dropped, 'row was', 'rows were')} dropped for a missing value"
        return NO_ROW if skipped or not used else f"{NO_ROW}: {plural(used, 'row has', 'rows have')} weight 0"


def finish(
    loss: Loss, params: dict[str, Any], state: Any, row_name: Callable[[int], str] = "row {}".format
) -> Finished:
    """The value of a state: the mean of its rows, or what the loss's function makes of it."""
    if isinstance(state, Sums) and loss.state == "sums":
        if state.weight.units == 0:
            return Undefined(NO_ROW)
        infinite = state.infinite or RowCount()
        rows = plural(infinite.rows, "row is", "rows are")
        of = "the loss of" if infinite.rows == 1 else "the losses of"
        beyond = Undefined(f"{of} {rows} infinite, first in {row_name(infinite.first)}")
        if not all(total.finite for total in state.totals):
            return beyond
        if loss.is_mean:
            mean = exact_quotient(state.totals[0], state.weight)
            # Of squares beyond the doubles the sum is exact, and their mean may be within them.
            return beyond if state.infinite is not None and rounded(mean)[0] is None else mean
        return loss.function(*state.means, **_own(loss, params))  # type: ignore[no-any-return]
    if not isinstance(state, Counts) and state.weight.units == 0:
        return Undefined(NO_ROW)
    return loss.function(state, **_own(loss, params))  # type: ignore[no-any-return]


def _own(loss: Loss, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the finishing function takes."""
    return {name: value for name, value in params.items() if name in loss.own_params}


def rounded(finished: Finished) -> tuple[float | None, str | None]:
    """The value as a double, or None and why there is none."""
    if isinstance(finished, Undefined):
        if finished.alone is None:
            return None, finished.why
        finished = finished.alone
    value = round_fraction(finished) if isinstance(finished, Fraction) else float(finished)
    if not math.isfinite(value):
        return None, "the value exceeds the largest double"
    return value, None


def _mean_of_parts(
    finished: Sequence[Finished], weights: Sequence[Fraction], names: Sequence[dict[str, str]]
) -> tuple[Finished, list[str]]:
    """The weighted mean of the parts' values; not defined where that of a part is not.

    A part that is not there, or weighs nothing, is left out; a note says so where it has no value.
    """
    terms: list[Fraction] = []
    held: list[Fraction] = []
    left_out: dict[str, list[str]] = {}
    for value, factor, name in zip(finished, weights, names, strict=True):
        if isinstance(value, Undefined):
            kind, which = next(iter(name.items()))
            if not value.absent and factor:
                return Undefined(f"not defined for {kind} {which}: {value.why}"), []
            left_out.setdefault(kind, []).append(which)
            continue
        if isinstance(value, float) and not math.isfinite(value):
            return value, []
        terms.append(factor * Fraction(value))
        held.append(factor)
    notes = []
    for kind, absent in left_out.items():
        more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
        said = ", ".join(f"`{visible(one)}`" for one in absent[:3]) + more
        notes.append(f"the average leaves out {kind} {said}, where there is nothing to measure")
    weight = sum_fractions(held)
    return sum_fractions(terms) / weight if weight else Undefined("no part has anything to measure"), notes


def _detail(state: Any, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a picture of the result needs: the table of classes, or the bins."""
    if isinstance(state, Confusion):
        return state.matrix()
    binned = isinstance(state, Bins) and state.bins and "bins" in params
    return _bins(state, params["bins"]) if binned else None


def _bins(state: Bins, count: int) -> dict[str, Any]:
    """The bins that have rows, and Murphy's parts of the Brier score of what they predict."""
    total, spread = state.weight.fraction, Fraction(0)
    overall = sum((held.totals[1].fraction for held in state.bins.values()), Fraction(0)) / total
    found, reliability = [], Fraction(0)
    for code, held in sorted(state.bins.items()):
        pred, label = held.means
        share = held.weight.fraction / total
        reliability += share * (pred - label) ** 2
        spread += share * (label - overall) ** 2
        found.append({
            "low": code / count, "high": (code + 1) / count, "rows": held.rows,
            "weight": held.weight.rounded(), "mean_pred": round_fraction(pred), "mean_label": round_fraction(label),
        })  # fmt: skip
    return {
        "bins": found,
        "reliability": round_fraction(reliability),
        "resolution": round_fraction(spread),
        "uncertainty": round_fraction(overall * (1 - overall)),
    }


def _added(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for held in counts:
        for name, count in held.items():
            total[name] = total.get(name, 0) + count
    return total
