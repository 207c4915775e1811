"""The best constant prediction of a loss, what it costs, and how much better the predictions are.

Which constant is best follows from what a loss elicits: of `mse` the mean of the labels, of `mae` their median, of
`log_loss` the share of label 1.  The prepass folds a plan of the labels; the constants that follow become units of
the plan that measures.  A slice has a constant of its own, as it has an `r2` of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.loss.domains import Interval, number
from losscli.measure.constant_views import (
    BestConstants,
    ConstantClassView,
    ConstantKey,
    Constants,
    ConstantView,
    GroupView,
    RowGroup,
)
from losscli.measure.number_views import ColumnsView
from losscli.measure.observers.row_counts import SeenRows
from losscli.measure.observers.states import ConstantState, UnitState
from losscli.measure.plan import Plan, RowUnit
from losscli.measure.recipes import Best, NoConstant, Recipe, recipe
from losscli.numbers.exact import round_fraction
from losscli.numbers.fields import COUNT, STATE

if TYPE_CHECKING:
    from losscli.measure.plan import Measure
    from losscli.measure.tally import Tally


class Sought(NamedTuple):
    """The best constants of one unit to find: by a recipe, from a unit of the plan of the prepass."""

    unit: int
    measure: Measure
    recipe: Recipe
    made_of: int


class ConstantSearch(NamedTuple):
    """The best constants that a plan seeks, and the plan of the prepass that reads what they are made of."""

    plan: Plan
    made_of: Plan
    sought: tuple[Sought, ...]
    without: Constants  # losses that have none

    @classmethod
    def of(cls, plan: Plan) -> ConstantSearch:
        """What is sought for the units of a plan; units of the same label and functional share one search."""
        sought, without = dict[ConstantKey, Sought](), dict[ConstantKey, BestConstants]()
        units = dict[Any, tuple[int, RowUnit]]()
        for measure in plan.measures:
            for at in dict.fromkeys(part.unit for part in measure.parts):
                unit, key = plan.units[at], (at, measure.loss.elicits, None)
                if key in sought or key in without:
                    continue
                try:
                    found = recipe(measure, unit)
                except NoConstant as why:
                    for place in (None, *range(len(plan.slicings))):
                        without[at, measure.loss.elicits, place] = BestConstants({}, {}, str(why))
                    continue
                label = dict(unit.views)["label"]
                loss = replace(
                    unit.loss, function=found.rows, of=None, state=found.state, root=None, digits=None,
                    touches={}, homogeneous=None,
                )  # fmt: skip
                made_of = len(units), RowUnit(loss, (), (("label", label),))
                number, _ = units.setdefault((found.rows, found.state, label), made_of)
                sought[key] = Sought(at, measure, found, number)
        labels = plan._replace(
            units=tuple(unit for _, unit in units.values()),
            measures=(), observers=(), groups=None, times=None, equal=(), shared_ids=(),
        )  # fmt: skip
        return cls(plan, labels, tuple(sought.values()), without)

    def settled(self, tally: Tally, min_slice: int) -> Plan:
        """The plan that measures, with the constants as units of their own; ``tally`` is that of `made_of`."""
        units, found = list(self.plan.units), dict(self.without)
        observers: list[ConstantState] = []
        for place in (None, *range(len(self.plan.slicings))):
            slicing = None if place is None else self.plan.slicings[place]
            views: dict[tuple[RowGroup, ...], GroupView] = {}
            for one in self.sought:
                best, why = _best(self.plan, one, dict(self._states(one, place, tally, min_slice)))
                measured = None
                if best:
                    groups = views.setdefault(
                        tuple(best), GroupView(slicing, {group: at for at, group in enumerate(best)})
                    )
                    measured = len(units)
                    units.append(_unit(self.plan.units[one.unit], list(best.values()), groups))
                    observers.append(ConstantState(measured, place))
                shown = {group: _shown(self.plan, one.unit, constant) for group, constant in best.items()}
                key = one.unit, one.measure.loss.elicits, place
                found[key] = BestConstants(shown, why, "no row counts", measured)
        return self.plan._replace(units=tuple(units), constants=found).watched_by(observers)

    def _states(
        self, one: Sought, place: int | None, tally: Tally, min_slice: int
    ) -> Iterator[tuple[RowGroup, Any]]:
        """The state of what a constant is made of, by the rows that have one constant."""
        state: Any = tally.of(UnitState(one.made_of), place)
        if place is None or state is None:
            yield None, state
            return
        used, folded = tally.kept[SeenRows(), place].rows["used"], None
        for values, code in tally.labels[place].codes.items():
            if not (rows := COUNT.at(used, code)):
                continue
            if rows >= min_slice:
                yield values, state.at(code)
            else:
                folded = STATE.merge(folded, state.at(code))
        yield None, folded


def _best(
    plan: Plan, sought: Sought, states: Mapping[RowGroup, Any]
) -> tuple[dict[RowGroup, Best], dict[RowGroup, str]]:
    """The best constants, and why there are others none."""
    best, why = dict[RowGroup, Best](), dict[RowGroup, str]()
    for group, state in states.items():
        if state is None or not state.weight.units:
            continue
        try:
            constant = sought.recipe.best(state, plan.units[sought.unit])
            _check(sought, constant)
            best[group] = constant
        except NoConstant as reason:
            why[group] = str(reason)
    return best, why


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


def _unit(unit: RowUnit, best: list[Best], groups: GroupView) -> RowUnit:
    """A unit that measures the constants of some groups in place of the predictions."""
    views: list[tuple[str, Any]] = []
    for name, view in unit.views:
        if name not in best[0]:
            views.append((name, view))
        elif any(role.name == name and role.shape == "Codes" for role in unit.loss.roles):
            # In front, since its names are those of both.
            label = dict(unit.views)["label"]
            views.insert(0, (name, ConstantClassView(groups, view, [one[name] for one in best], label)))
        else:
            table = np.array([one[name] for one in best], dtype=np.float64).reshape(len(best), -1)
            views.append((name, ConstantView(groups, view, table, isinstance(best[0][name], list))))
    return unit._replace(loss=replace(unit.loss, touches={}), views=tuple(views))


def _shown(plan: Plan, unit: int, best: Best) -> Any:
    """A constant as results show it: by the names of several columns, and of several roles."""
    views = dict(plan.units[unit].views)
    shown = {}
    for role, value in best.items():
        view = views[role]
        if isinstance(value, list) and isinstance(view, ColumnsView):
            names = [plan.slot(place).name for place in view.columns]
            value = dict(zip(names, value, strict=True))
        shown[role] = value
    return shown["pred"] if list(shown) == ["pred"] else shown


def skill(value: float | None, constant: float | None, best: float | None, better: str) -> float | None:
    """How much of the way from the constant to a perfect prediction the predictions go.

    Of a loss that is best at 0 it is 1 - value / constant, the share of the constant's loss that they spare.
    """
    if value is None or constant is None or best is None or better == "zero" or constant == best:
        return None
    found = 1 - (Fraction(value) - Fraction(best)) / (Fraction(constant) - Fraction(best))
    rounded = round_fraction(found)
    return rounded if math.isfinite(rounded) else None
