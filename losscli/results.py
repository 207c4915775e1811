"""The states of a run become results: a value or why there is none, for the whole and for its parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli.errors import DataError
from losscli.exact import exact_quotient, round_fraction
from losscli.loss import Finished, Loss, Undefined
from losscli.losses.numerics import sum_fractions
from losscli.plan import WHOLE, Measure, Part, Plan, Tally
from losscli.report import Result
from losscli.state import MOST_CLASSES, Bins, Confusion, Counts, Sums
from losscli.text import plural
from losscli.views import ClassesView, CodedView

if TYPE_CHECKING:
    from losscli.bootstrap import Resampled
    from losscli.intervals import Estimate, IntervalSpec
    from losscli.sliced import SliceTally
    from losscli.slices import SliceView


class Options(NamedTuple):
    """What decides how states are finished."""

    average: str | None = None
    positive: int | str | None = None
    context: str = ""  # of the signature
    min_slice: int = 0  # slices of fewer rows are folded into `other`
    classes: tuple[int | str, ...] = ()  # in their order
    row_name: Callable[[int], str] = "row {}".format  # of a row of PREDS, counted from 1
    interval: IntervalSpec | None = None


def results(plan: Plan, tally: Tally, options: Options) -> list[Result]:
    """A result for every measure, or for each of its parts under ``average="none"``; then by slice."""
    finishers = [_Finisher(measure, plan, tally, options) for measure in plan.measures]
    found = [result for finisher in finishers for result in finisher.results()]
    sliced: list[Result] = []
    for place, slicing in enumerate(plan.slicings):
        by = f"|by:{slicing.slicing}"
        for values, part in slices_of(
            slicing, tally.slices[place], options.min_slice, tally.groups.get(place)
        ):
            named = dict(zip(slicing.slicing.names, values, strict=True))
            for finisher in finishers:
                if all(p.unit in part.states for p in finisher.measure.parts):
                    sliced += finisher.over(part, named, by).results()
    return found + sliced


def of_measure(measure: Measure, plan: Plan, tally: Tally, options: Options) -> list[Result]:
    """The results of one measure over the rows of one tally."""
    return _Finisher(measure, plan, tally, options).results()


def values_of(
    measure: Measure, plan: Plan, tally: Tally, options: Options
) -> Callable[[Sequence[Any]], dict[frozenset[tuple[str, str]], float | None]]:
    """From states of a measure's units its values, by part."""
    return _Finisher(measure, plan, tally, options).values


OTHER = "other"


def slices_of(
    view: SliceView, tally: SliceTally, min_slice: int, groups: SliceTally | None = None
) -> list[tuple[tuple[str | None, ...], Tally]]:
    """The slices that have rows, in order, each with a tally of its own; ``groups`` are those of all slices."""
    codes = [(values, code) for values, code in view.index.codes.items() if code < len(tally.used)]
    codes = [(values, code) for values, code in codes if tally.used[code]]
    from losscli.slices import order_of

    ranks = [order_of([values[at] for values, _ in codes]) for at in range(len(view.columns))]
    order = sorted(range(len(codes)), key=lambda at: tuple(rank[at] for rank in ranks))
    kept = [codes[at] for at in order if tally.used[codes[at][1]] >= min_slice]
    folded = [codes[at] for at in order if tally.used[codes[at][1]] < min_slice]
    found = [(values, _one_slice(tally, code, groups)) for values, code in kept]
    if folded:
        rest = Tally()
        for _, code in folded:
            rest.merge(_one_slice(tally, code, groups))
        found.append(((OTHER,) * len(view.columns), rest))
    return found


def _one_slice(tally: SliceTally, code: int, groups: SliceTally | None = None) -> Tally:
    states = {unit: sliced.at(code) for unit, sliced in tally.states.items()}
    found = Tally(used=int(tally.used[code]), states={u: s for u, s in states.items() if s is not None})
    found.missing = {unit: missing for (unit, at), missing in tally.missing.items() if at == code}
    found.spreads = {
        unit: spread for unit, held in tally.spreads.items() if (spread := held.at(code)) is not None
    }
    found.duels = {pair: duel for pair, held in tally.duels.items() if (duel := held.at(code)) is not None}
    found.constants = {key: held[code] for key, held in tally.constants.items() if code in held}
    if groups is not None:
        from losscli.bootstrap import one_slice

        found.groups[WHOLE] = one_slice(groups, code)
    for into, counts in ((found.touched, tally.touched), (found.skipped, tally.skipped)):
        for (unit, name), lanes in counts.items():
            if code < len(lanes) and lanes[code]:
                into.setdefault(unit, {})[name] = int(lanes[code])
    return found


class _Outcome(NamedTuple):
    """What became of the states of a measure: of the whole, or of one part."""

    part: Part
    state: Any
    name: dict[str, str]  # of the part; empty for the whole
    finished: Finished
    several: bool = False  # an average of parts


class _Finisher:
    """One measure's states on their way to results."""

    def __init__(self, measure: Measure, plan: Plan, tally: Tally, options: Options) -> None:
        self.measure, self.plan, self.tally, self.options = measure, plan, tally, options
        self.loss = measure.loss
        own = [name for name in measure.values if name not in self.loss.columns]
        taken = {p.name for p in self.loss.params}
        self.params: dict[str, Any] = {name: measure.values[name] for name in own if name in taken}
        if "levels" in self.loss.own_params:
            self.params["levels"] = dict(plan.units[measure.parts[0].unit].params)["levels"]
        if "order" in self.loss.own_params:
            self.params["order"] = self._order()
        self.name = self.loss.canonical(measure.values)
        self.signature = f"{self.loss.canonical(measure.values, defaults=True)}|{options.context}"
        self.slice: dict[str, str | None] = {}

    def over(self, tally: Tally, named: dict[str, str | None], by: str) -> _Finisher:
        """The same for one slice; ``by`` is what its signature says more."""
        other = copy(self)
        other.tally, other.slice, other.signature = tally, named, self.signature + by
        return other

    def results(self) -> list[Result]:
        states = [self.tally.states[part.unit] for part in self.measure.parts]
        self._refuse_no_weight(states)
        outcomes = self._outcomes(states)
        resampled = self._resampled()
        found = [self._result(outcome, resampled) for outcome in outcomes]
        return self._beside_constants(found, outcomes) if self.tally.constants else found

    def _beside_constants(self, found: Sequence[Result], outcomes: Sequence[_Outcome]) -> list[Result]:
        """The results, each with the best constant of its rows and the skill against it."""
        from losscli.constant import skill

        parts = self.measure.parts
        held = {part.unit: self.tally.constants[part.unit, self.loss.elicits] for part in parts}
        beside = []
        for result, outcome in zip(found, outcomes, strict=True):
            own = parts if outcome.several else (outcome.part,)
            why = next((held[part.unit].why for part in own if held[part.unit].why is not None), None)
            if any(part.unit in self.tally.missing for part in own):
                why = "no constant where rows have no value"
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
            for outcome in self._outcomes(states)
        }

    def _outcomes(self, states: Sequence[Any]) -> list[_Outcome]:
        """The whole, or each part, of the states of the measure's units."""
        parts = self.measure.parts
        if len(parts) == 1:
            if self.loss.state == "confusion" and self.loss.per_class:
                return self._by_class(states[0])
            return [_Outcome(parts[0], states[0], {}, self._finished(states[0]))]
        if self.loss.state == "confusion" and self.loss.per_class:
            # One table an output, of 0 and 1: each is one class against the rest.
            counts = [state.counts(1) for state in states]
            return self._averaged(counts, [{part.kind: part.name} for part in parts], states)
        return self._averaged(states, [{part.kind: part.name} for part in parts], states)

    def _finished(self, state: Any) -> Finished:
        return finish(self.loss, self.params, state, self.options.row_name)

    # ------------------------------------------------------------------ classes and outputs

    def _by_class(self, table: Confusion) -> list[_Outcome]:
        """A loss of one class against the rest, from the table of all classes."""
        positive = self._positive(table)
        if positive is not None and self.options.average is None:
            finished = self._finished(table.counts(positive))
            return [_Outcome(self.measure.parts[0], table, {}, finished)]
        classes = self._classes(table)
        counts = [table.counts(c) for c in classes]
        return self._averaged(counts, [{"class": str(c)} for c in classes], [table] * len(classes))

    def _classes(self, table: Confusion) -> list[int | str]:
        """All classes: those of the prediction columns, where they are named for them, else those seen."""
        unit = self.plan.units[self.measure.parts[0].unit]
        for _, view in unit.views:
            if isinstance(view, ClassesView):
                return list(view.names)
        return table.classes

    def _order(self) -> tuple[int | str, ...]:
        """The classes in their order: as named by `--classes`, or as the prediction columns stand."""
        if self.options.classes:
            return self.options.classes
        unit = self.plan.units[self.measure.parts[0].unit]
        return next((view.names for _, view in unit.views if isinstance(view, ClassesView)), ())

    def _positive(self, table: Confusion) -> int | str | None:
        """The class that counts as positive where there are two: the one named, else 1 beside 0 or -1."""
        if self.options.positive is not None:
            return self.options.positive
        unit = self.plan.units[self.measure.parts[0].unit]
        if not any(isinstance(view, CodedView) for _, view in unit.views):
            return None
        classes = set(table.classes)
        return 1 if classes <= {0, 1} or classes <= {-1, 1} else None

    def _averaged(
        self, units: Sequence[Any], names: list[dict[str, str]], states: Sequence[Any]
    ) -> list[_Outcome]:
        """The whole of several parts by the average asked for; or each of them."""
        average = self.options.average or "macro"
        parts = self.measure.parts if len(self.measure.parts) > 1 else self.measure.parts * len(units)
        finished = [self._finished(unit) for unit in units]
        if average == "none":
            return [
                _Outcome(part, state, name, value)
                for part, state, name, value in zip(parts, states, names, finished, strict=True)
            ]
        if average == "micro":
            merged = units[0]
            for unit in units[1:]:
                merged = merged + unit if isinstance(unit, Counts) else merged.merge(unit)
            whole = self._finished(merged)
        else:
            weights = [self._support(unit) if average == "weighted" else Fraction(1) for unit in units]
            whole = _mean_of_parts(finished, weights, names)
        return [_Outcome(parts[0], states[0], {}, whole, several=True)]

    def _support(self, unit: Any) -> Fraction:
        """What a part weighs in a weighted average: its positives, or the spread of its label."""
        if isinstance(unit, Counts):
            return unit.tp + unit.fn
        spread: Fraction = unit.label_spread
        return spread

    # ------------------------------------------------------------------ one result

    def _result(self, outcome: _Outcome, resampled: Resampled | None = None) -> Result:
        part, state, name, finished, several = outcome
        loss, values = self.loss, self.measure.values
        units = [p.unit for p in self.measure.parts] if several else [part.unit]
        skipped = _added([self.tally.skipped.get(unit, {}) for unit in units])
        touched = _added([self.tally.touched.get(unit, {}) for unit in units])
        missing = [self.tally.missing[unit] for unit in units if unit in self.tally.missing]
        if missing:
            count, first = sum(m.count for m in missing), min(m.first_row for m in missing)
            finished = Undefined(
                f"{plural(count, 'row')} without a value, first in {self.options.row_name(first)}"
            )
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
            sum=total if total is not None and math.isfinite(total) else None,
            rows=self.tally.used - (sum(skipped.values()) if len(units) == 1 else 0),
            weight=state.weight.rounded(),
            part=name,
            skipped=skipped,
            touched=touched,
            stderr=found.stderr if found is not None else None,
            ci=found.ci if found is not None else None,
            note="; ".join(said for said in (note, found.note if found is not None else None) if said)
            or None,
            detail=None if several and len(units) > 1 else self._detail(part.unit, state, name),
            slice=self.slice,
            signature=self.signature,
        )

    def _detail(self, unit: int, state: Any, part: Mapping[str, str]) -> dict[str, Any] | None:
        if part and isinstance(state, Confusion) and len(state.names) > MOST_CLASSES:
            return None  # the table of so many classes, once for each of them, would fill any file
        detail = _detail(state, self.measure.values)
        if self.tally.kept is not None and self.loss.is_mean and isinstance(state, Sums):
            from losscli.rows import worst_detail

            worst = worst_detail(self.tally.kept, unit, state.totals[0])
            return detail if worst is None else {**(detail or {}), "worst": worst}
        return detail

    def _resampled(self) -> Resampled | None:
        """What becomes of the measure over all resamples, where the bootstrap is asked for."""
        interval = self.options.interval
        if interval is None or interval.method != "bootstrap":
            return None
        from losscli.bootstrap import Groups, Resampled

        groups = Groups(self.tally.groups[WHOLE])
        units = [groups.states(part.unit) for part in self.measure.parts]
        return Resampled.of(units, interval, self.values)

    def _estimate(
        self, value: float, units: Sequence[int], outcome: _Outcome, resampled: Resampled | None
    ) -> Estimate | None:
        if self.options.interval is None:
            return None
        spread = self.tally.spreads.get(units[0]) if len(units) == 1 else None
        if resampled is not None:
            return resampled.estimate(outcome.name, outcome.state, spread)
        from losscli.intervals import Estimate, estimate

        if len(units) > 1:
            return Estimate(note="no interval: the parts of an average are not independent")
        return estimate(self.loss, self.params, value, outcome.state, spread, self.options.interval)

    def _refuse_no_weight(self, states: Sequence[Any]) -> None:
        if not self.plan.weighted or any(state.weight.units for state in states):
            return
        if any(self.tally.skipped.get(part.unit) for part in self.measure.parts):
            return
        slot = next((s for _, s in self.plan.places() if s.purpose == "weight"), None)
        raise DataError(
            "the weights sum to zero: nothing is left to measure",
            file=slot.file if slot else None,
            column=slot.name if slot else None,
        )


def finish(
    loss: Loss, params: dict[str, Any], state: Any, row_name: Callable[[int], str] = "row {}".format
) -> Finished:
    """The value of a state: the mean of its rows, or what the loss's function makes of it."""
    if isinstance(state, Sums) and loss.state == "sums":
        if state.weight.units == 0:
            return Undefined("no row counts")
        if state.infinite:
            rows = "1 row is" if state.infinite == 1 else f"{state.infinite} rows are"
            return Undefined(f"the loss of {rows} infinite, first in {row_name(state.first_infinite or 0)}")
        if loss.is_mean:
            return exact_quotient(state.totals[0], state.weight)
        return loss.function(*state.means, **_own(loss, params))  # type: ignore[no-any-return]
    if not isinstance(state, Counts) and state.weight.units == 0:
        return Undefined("no row counts")
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
) -> Finished:
    """The weighted mean of the parts' values; not defined where that of a part is not."""
    terms: list[Fraction] = []
    held: list[Fraction] = []
    for value, factor, name in zip(finished, weights, names, strict=True):
        if isinstance(value, Undefined):
            if value.absent:
                continue
            kind, which = next(iter(name.items()))
            return Undefined(f"not defined for {kind} {which}: {value.why}")
        if isinstance(value, float) and not math.isfinite(value):
            return value
        terms.append(factor * Fraction(value))
        held.append(factor)
    weight = sum_fractions(held)
    return sum_fractions(terms) / weight if weight else Undefined("no part has anything to measure")


def _detail(state: Any, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a picture of the result needs: the table of classes, or the bins."""
    if isinstance(state, Confusion):
        return state.matrix()
    return _bins(state, params["bins"]) if isinstance(state, Bins) and "bins" in params else None


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
