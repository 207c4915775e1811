"""The states of a measure become outcomes: one for the whole, or one for each class or output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli.loss.declare import Finished, Undefined
from losscli.measure.plan import Measure, Plan, ResultPart
from losscli.numbers.states import state_kind
from losscli.report.finish import NO_ROW, finish, mean_of_parts, rounded

if TYPE_CHECKING:
    from losscli.measure.class_views import ClassesView
    from losscli.measure.tally import Tally
    from losscli.numbers.confusion import Confusion, Counts
    from losscli.report.group_values import GroupValues
    from losscli.report.within import Within
    from losscli.statistics.intervals import IntervalSpec


GROUPED = "grouped"
"""Under which the groups of the whole, and of each slice, are kept in a tally, once all is read."""

GROUP_VALUES = "group values"
"""Under which, with the name of a loss, its values of the groups of the whole are kept in a tally."""


class FinishOptions(NamedTuple):
    """What decides how states are finished."""

    average: str | None
    positive: int | str | None
    context: str  # of the signature
    min_slice: int  # slices of fewer rows are folded into `other`
    classes: tuple[int | str, ...]  # in their order
    row_name: Callable[[int], str]  # of a row of PREDS, counted from 1
    interval: IntervalSpec | None
    whole: Tally | None = (
        None  # of all rows: it chooses the form of losses per class (None: the tally at hand)
    )


class FinishedPart(NamedTuple):
    """What became of the states of a measure: of the whole, or of one part."""

    part: ResultPart
    state: Any
    name: dict[str, str]  # of the part; empty for the whole
    finished: Finished | Within
    several: bool = False  # an average of parts
    note: str | None = None  # on parts that it leaves out
    groups: GroupValues | None = None  # the values of which it is the mean


class Finisher:
    """What is made of the states of one measure, in a form that is chosen from all rows."""

    def __init__(self, measure: Measure, plan: Plan, whole: Tally, options: FinishOptions) -> None:
        self.measure, self.plan, self.whole, self.options = measure, plan, whole, options
        self.loss = measure.loss
        self.units = [part.unit for part in measure.parts]
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
        self.empty = state_kind(self.loss.state).empty(weighted=plan.weighted)
        self.kept = {type(what) for what, _ in whole.kept}
        self.name = self.loss.canonical(measure.values)
        self.signature = f"{self.loss.canonical(measure.values, defaults=True)}|{options.context}"
        if self.form is not None:
            self.signature += f"|average={self.form}" + (
                f":{self.positive}" if self.form == "positive" else ""
            )

    def values(self, states: Sequence[Any]) -> dict[frozenset[tuple[str, str]], float | None]:
        """The values of some states of the measure's units, by part."""
        if any(state.weight.units == 0 for state in states):
            return {}
        return {
            frozenset(outcome.name.items()): rounded(outcome.finished)[0]
            for outcome in self.outcomes(self.read(states))
        }

    def name_of(self, part: Mapping[str, str]) -> str:
        """What the whole, or a part, is called: with its prediction, where there are several."""
        several = len({measure.pred for measure in self.plan.measures}) > 1
        said = [f"{self.name} of {self.measure.pred}" if several else self.name]
        return ", ".join([*said, *(f"{kind} {name}" for kind, name in part.items())])

    def read(self, states: Sequence[Any]) -> list[Any]:
        """The states; in tables of labels against probabilities of a class, 1 and 0 become the two classes."""
        positive = 1 if self.options.positive is None else self.options.positive
        return [
            state if rest is None else state.against(positive, rest)
            for state, rest in zip(states, self.rests, strict=True)
        ]

    def _rest(self, unit: int) -> int | str | None:
        """What the negative class is called, where a table is of labels against probabilities."""
        if self.loss.state != "confusion":
            return None
        # Imported here: many losses take no classes.
        from losscli.measure.class_views import CodedView
        from losscli.measure.classes import met, rest_of

        held = met(self.plan, self.whole, unit)
        if held is None or held.preds is not None or not isinstance(held.view, CodedView):
            return None
        positive = self.options.positive
        return 0 if positive is None else rest_of(held.labels, positive)

    def outcomes(self, states: Sequence[Any]) -> list[FinishedPart]:
        """The whole, or each part, of the states of the measure's units."""
        parts = self.measure.parts
        names = [{part.kind: part.name} for part in parts]
        if len(parts) == 1:
            if self.loss.state == "confusion" and self.loss.per_class:
                return self._by_class(states[0])
            return [FinishedPart(parts[0], states[0], {}, self.finished(states[0]))]
        texts = {str(name): str(shown) for name, shown in self.shown.items()}
        names = [{part.kind: texts.get(part.shown, part.shown)} for part in parts]
        if self.form == "positive":
            return [self._of_positive(states)]
        if self.loss.state == "confusion" and self.loss.per_class:
            counts = [self._of_output(part, state) for part, state in zip(parts, states, strict=True)]
            return self._averaged(counts, names, states)
        return self._averaged(states, names, states)

    def finished(self, state: Any) -> Finished | Within:
        """The value of a state, or why it has none."""
        if isinstance(state, Undefined):
            return state
        return finish(self.loss, self.params, state, self.options.row_name)

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
        # Imported here: many losses take no classes.
        from losscli.measure.classes import BINARY_CODINGS, met

        found: list[Set[int | str]] = []
        for held in (met(self.plan, self.whole, unit) for unit in units):
            if held is not None and held.columns:
                found.append(set(held.columns))
            elif held is not None and held.preds is not None:
                found += [held.labels, held.preds]
        return any(all(classes <= two for classes in found) for two in BINARY_CODINGS)

    def _of_positive(self, states: Sequence[Any]) -> FinishedPart:
        """Of several class columns that of the positive class."""
        from losscli.measure.class_views import OneClassView

        view = next(
            v for _, v in self.plan.units[self.measure.parts[0].unit].views if isinstance(v, OneClassView)
        )
        names = view.classes.names
        if self.positive not in names:
            why = Undefined(f"no prediction column stands for the class `{self.positive}`")
            return FinishedPart(self.measure.parts[0], states[0], {}, why)
        at = names.index(self.positive)
        return FinishedPart(self.measure.parts[at], states[at], {}, self.finished(states[at]))

    def _of_output(self, part: ResultPart, table: Confusion) -> Counts | Undefined:
        """One output as its positive class against the rest."""
        if self.options.positive is None and not self._are_binary([part.unit]):
            return Undefined("it has other classes than 0 and 1: name the positive one with `--pos-label`")
        return table.counts(1 if self.options.positive is None else self.options.positive)

    def _by_class(self, table: Confusion) -> list[FinishedPart]:
        """A loss of one class against the rest, from the table of all classes."""
        if table.weight.units == 0:
            # No row says what the classes are: they are those of the whole, each without a value.
            whole = self._classes(self.whole.state(self.measure.parts[0].unit) or table)
            names = [{"class": str(c)} for c in whole if self.options.average == "none"] or [{}]
            return [FinishedPart(self.measure.parts[0], table, name, Undefined(NO_ROW)) for name in names]
        if self.form == "positive" and self.positive is not None:
            finished = self.finished(table.counts(self.positive))
            return [FinishedPart(self.measure.parts[0], table, {}, finished)]
        classes = self._classes(table)
        counts = [table.counts(c) for c in classes]
        shown = [{"class": str(self.shown.get(c, c))} for c in classes]
        return self._averaged(counts, shown, [table] * len(classes))

    def _class_view(self) -> ClassesView | None:
        """The classes that prediction columns stand for."""
        if not self.plan.takes_classes(self.measure):
            return None
        # Imported here: many losses take no classes.
        from losscli.measure.class_views import ClassesView, OneClassView

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
    ) -> list[FinishedPart]:
        """The average of several parts; or each of them, under `--average none`."""
        average = self.form
        parts = self.measure.parts if len(self.measure.parts) > 1 else self.measure.parts * len(units)
        finished = [self.finished(unit) for unit in units]
        if average == "none":
            return [
                FinishedPart(part, state, name, value)
                for part, state, name, value in zip(parts, states, names, finished, strict=True)
            ]
        left_out: list[str] = []
        if average == "micro":
            merged: Any = next((unit for unit in units if isinstance(unit, Undefined)), units[0])
            for unit in units[1:] if not isinstance(merged, Undefined) else ():
                merged = merged.merge(unit)
            whole = self.finished(merged)
        else:
            weights = [self._support(unit) if average == "weighted" else Fraction(1) for unit in units]
            whole, left_out = mean_of_parts(finished, weights, names)
        note = "; ".join(left_out) or None
        return [FinishedPart(parts[0], states[0], {}, whole, several=True, note=note)]

    def _support(self, unit: Any) -> Fraction:
        """What a part weighs in a weighted average: its positives, or the spread of its label."""
        if isinstance(unit, Undefined):
            return Fraction(1)
        support: Fraction = unit.support
        return support
