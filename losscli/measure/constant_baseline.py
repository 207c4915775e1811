"""The best constant prediction of a loss, what it costs, and how much better the predictions are.

Which constant is best follows from what a loss elicits: of `mse` the mean of the labels, of `mae` their
median, of `log_loss` the share of label 1.  The rows are read twice: beside the losses, the first time, goes
what the constant is made of, in units of their own; the second time the losses are those of the constants.
A slice has a constant of its own, as it has an `r2` of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from losscli.errors import DataError
from losscli.loss.domains import Interval, number
from losscli.loss.elicits import Functional
from losscli.measure.constant_views import ConstantClassView, ConstantView
from losscli.measure.number_views import ColumnsView
from losscli.measure.observers.observer import WHOLE
from losscli.measure.observers.row_counts import SeenRows
from losscli.measure.observers.states import UnitState
from losscli.measure.plan import Plan, RowUnit
from losscli.measure.recipes import Best, NoConstant, Recipe, recipe
from losscli.measure.tally import BySlice
from losscli.numbers.exact import round_fraction
from losscli.numbers.fields import STATE
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.measure.engines.pool import Advance
    from losscli.measure.plan import Measure
    from losscli.measure.slices import Label
    from losscli.measure.tally import Tally
    from losscli.table.block import Ints

SoughtKey: TypeAlias = tuple[int, Functional | str]
"""A unit, and what the loss elicits: losses that share a unit may have other constants."""


@dataclass(slots=True)
class Constant:
    """The best constant of a unit, and the state of the unit's rows with it; or why there is none."""

    best: Any = None  # as it is shown
    state: Any = None
    why: str | None = None

    def merge(self, other: Constant) -> Constant:
        """Of rows with the same constant."""
        if self.why is not None or other.why is not None:
            return Constant(why=self.why or other.why)
        return Constant(self.best, self.state.merge(other.state))


@dataclass(frozen=True, slots=True)
class Sought:
    """A constant to find: its unit and measure, its recipe, and the unit that holds what the recipe needs."""

    unit: int
    recipe: Recipe
    made_of: int
    measure: Measure

    @property
    def key(self) -> SoughtKey:
        return self.unit, self.measure.loss.elicits


@dataclass(slots=True)
class ConstantSearch:
    """The constants of a plan: what is sought, and, after the first reading, what was found."""

    plan: Plan  # with what the constants are made of
    sought: list[Sought]
    reasons: dict[SoughtKey, str]  # why there is none
    min_slice: int
    found: list[BestConstants]

    @classmethod
    def of(cls, plan: Plan, min_slice: int) -> ConstantSearch:
        units, sought, reasons = list(plan.units), dict[SoughtKey, Sought](), dict[SoughtKey, str]()
        places: dict[Any, int] = {}
        for measure in plan.measures:
            for part in measure.parts:
                unit, key = plan.units[part.unit], (part.unit, measure.loss.elicits)
                if key in sought or key in reasons:
                    continue
                try:
                    found = recipe(measure, unit)
                except NoConstant as why:
                    reasons[key] = str(why)
                    continue
                label = dict(unit.views)["label"]
                place = found.rows, found.state, label
                if place not in places:
                    places[place] = len(units)
                    loss = replace(
                        unit.loss,
                        function=found.rows,
                        of=None,
                        state=found.state,
                        touches={},
                        homogeneous=None,
                    )
                    units.append(RowUnit(loss, (), (("label", label),)))
                sought[key] = Sought(part.unit, found, places[place], measure)
        return cls(plan._replace(units=tuple(units)), list(sought.values()), reasons, min_slice, [])

    def guarded(self, advance: Advance, memory: int | None) -> Advance:
        """Refuse to hold more labels, for medians and quantiles, than memory allows."""
        held = {one.made_of: one for one in self.sought if one.recipe.state == "values"}
        if not held:
            return advance
        from losscli.measure.memory import half_of_free

        limit = memory or half_of_free()
        # Sorting takes as much again as what is held.
        row = sum(16 * (_width(self.plan.units[unit]) + self.plan.weighted) for unit in held)
        name = next(iter(held.values())).measure.loss.name
        seen = 0

        def told(rows: int, size: int) -> None:
            nonlocal seen
            seen += rows
            if not self.found and seen * row > limit:
                raise DataError(
                    f"`--constant` needs all labels at once for `{name}`, and "
                    f"{plural(seen, 'row does', 'rows do')} not fit into memory",
                    f"{row} bytes a row are held, and {limit} may be",
                    "give more `--memory`, or leave `--constant` out for this loss",
                )
            advance(rows, size)

        return told

    def second(self, tally: Tally) -> Plan:
        """The plan of the second reading: the same rows, with the constants in place of the predictions."""
        self.found = list(find(self.plan, tally, self.sought, self.min_slice))
        units = tuple(_unit(self.plan, one) for one in self.found)
        return self.plan._replace(units=units, measures=(), observers=(), groups=None)

    def attach(self, tally: Tally, second: Tally) -> None:
        """Keep the constants beside the states of their units."""
        slices = {place: _slices_used(tally, place) for place in range(len(self.plan.slicings))}
        for key, why in self.reasons.items():
            tally.kept[key, WHOLE] = Constant(why=why)
            for place, codes in slices.items():
                tally.kept[key, place] = BySlice(dict.fromkeys(codes, Constant(why=why)))
        for place, one in enumerate(self.found):
            kept = one.sought.key, one.slicing
            states = second.of(UnitState(place), one.slicing)
            if one.slicing is None:
                tally.kept[kept] = _constant(self.plan, one, 0, states)
                continue
            labels, of = list(tally.labels[one.slicing]), second.labels[one.slicing].codes
            tally.kept[kept] = BySlice({
                code: _constant(
                    self.plan, one, int(one.groups[code]), None if states is None else states.at(of[labels[code]])
                )
                for code in slices[one.slicing]
            })  # fmt: skip


def _slices_used(tally: Tally, place: int) -> list[int]:
    """The codes of the slices that have rows."""
    found: list[int] = np.flatnonzero(tally.kept[SeenRows(), place].rows["used"]).tolist()
    return found


def _width(unit: RowUnit) -> int:
    label = dict(unit.views)["label"]
    return len(label.columns) if isinstance(label, ColumnsView) else 1


@dataclass(frozen=True, slots=True)
class BestConstants:
    """The constants of one unit: one for all rows, or one for each group of slices."""

    sought: Sought
    slicing: int | None
    labels: Sequence[Label]  # of slices
    groups: Ints  # the group of each slice, by its code
    best: Sequence[Best | None]  # of each group; None where there is none
    why: Mapping[int, str]


def find(plan: Plan, tally: Tally, sought: Sequence[Sought], min_slice: int) -> Iterator[BestConstants]:
    """The best constants, of all rows and of the slices; slices that are folded have one together."""
    for one in sought:
        yield _found(plan, one, None, (), np.zeros(1, np.int64), [tally.of(UnitState(one.made_of))])
    for place in range(len(plan.slicings)):
        used = tally.kept[SeenRows(), place].rows["used"]
        # A group for each slice, and one for all slices that are folded.
        groups = np.where(used < min_slice, 0, np.arange(1, len(used) + 1))
        for one in sought:
            states: list[Any] = [None] * (int(groups.max(initial=-1)) + 1)
            sliced: Any = tally.of(UnitState(one.made_of), place)
            for code in _slices_used(tally, place) if sliced is not None else ():
                states[groups[code]] = STATE.merge(states[groups[code]], sliced.at(code))
            yield _found(plan, one, place, tuple(tally.labels[place]), groups, states)


def _found(
    plan: Plan,
    sought: Sought,
    slicing: int | None,
    labels: Sequence[Label],
    groups: Ints,
    states: Sequence[Any],
) -> BestConstants:
    unit = plan.units[sought.unit]
    best: list[Best | None] = []
    why: dict[int, str] = {}
    for group, state in enumerate(states):
        made = None
        if state is not None and state.weight.units:
            try:
                made = sought.recipe.best(state, unit)
                _check(sought, made)
            except NoConstant as reason:
                made, why[group] = None, str(reason)
        best.append(made)
    return BestConstants(sought, slicing, labels, groups, best, why)


def _check(sought: Sought, best: Best) -> None:
    """Refuse a constant that no row could have as its prediction."""
    loss = sought.measure.loss
    for role in loss.pred_roles:
        domain = loss.domain(role, sought.measure.values)
        if isinstance(domain, Interval):
            values = best[role.name] if isinstance(best[role.name], list) else [best[role.name]]
            for value in values:
                if value not in domain:
                    raise NoConstant(f"the best constant, {number(value)}, is not in {domain}")


def _unit(plan: Plan, found: BestConstants) -> RowUnit:
    unit = plan.units[found.sought.unit]
    slicing = None if found.slicing is None else plan.slicings[found.slicing]
    groups = dict(zip(found.labels, found.groups.tolist(), strict=False))
    views: list[tuple[str, Any]] = []
    any_best = next((best for best in found.best if best is not None), None)
    for name, view in unit.views:
        if any_best is None or name not in any_best:
            views.append((name, view))
        elif _is_class(unit, name):
            classes = [None if best is None else best[name] for best in found.best]
            label = dict(unit.views)["label"]
            # In front, since its names are those of both.
            views.insert(0, (name, ConstantClassView(groups, slicing, view, classes, label)))
        else:
            filler = any_best[name]
            rows = [filler if best is None else best[name] for best in found.best]
            table = np.array(rows, dtype=np.float64).reshape(len(rows), -1)
            several = isinstance(filler, list)
            views.append((name, ConstantView(groups, slicing, view, table, several)))
    return unit._replace(views=tuple(views))


def _is_class(unit: RowUnit, role: str) -> bool:
    """Whether a role is a predicted class."""
    return any(one.name == role and one.shape == "Codes" for one in unit.loss.roles)


def _constant(plan: Plan, found: BestConstants, group: int, state: Any) -> Constant:
    best = found.best[group]
    if best is None or state is None or not state.rows:
        return Constant(why=found.why.get(group, "no row counts"))
    unit = plan.units[found.sought.unit]
    shown = {name: _shown(plan, unit, name, value) for name, value in best.items()}
    return Constant(shown["pred"] if list(shown) == ["pred"] else shown, state)


def _shown(plan: Plan, unit: RowUnit, role: str, value: Any) -> Any:
    """A constant as it is written: of several columns, by their names."""
    view = dict(unit.views)[role]
    if isinstance(value, list) and isinstance(view, ColumnsView):
        return {plan.slot(place).name: one for place, one in zip(view.columns, value, strict=True)}
    return value


def skill(value: float | None, constant: float | None, best: float | None, better: str) -> float | None:
    """How much of the way from the constant to a perfect prediction the predictions go.

    Of a loss that is best at 0 it is 1 - value / constant, the share of the constant's loss that they spare.
    """
    if value is None or constant is None or best is None or better == "zero" or constant == best:
        return None
    found = 1 - (Fraction(value) - Fraction(best)) / (Fraction(constant) - Fraction(best))
    rounded = round_fraction(found)
    return rounded if math.isfinite(rounded) else None
