"""What the rows of two models, or the values of their groups, say of the difference of their losses.

The interval and the p-value come from the exact second moments of both models' rows, which see how the two err
together; over time they come from the autocovariances of the differences (`series`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.measure.observers.observer import WHOLE
from losscli.measure.observers.states import UnitState
from losscli.numbers.sums import Sums
from losscli.report.comparison import Compared
from losscli.report.records import noted
from losscli.report.verdicts import Draft, Rule, at_odds, by_t
from losscli.statistics.distributions import mcnemar_mid_p
from losscli.statistics.intervals import (
    HEAVY_TAIL,
    NO_DOUBLE,
    ONE_GROUP,
    beyond_doubles,
    quadratic,
    root,
    slopes,
    standard_error,
)
from losscli.statistics.spread import Spread
from losscli.text import plural

if TYPE_CHECKING:
    from losscli.loss.spec import Better
    from losscli.measure.observers.differences import UnitDifference
    from losscli.measure.plan import Measure, Plan
    from losscli.measure.tally import Tally
    from losscli.report.group_values import GroupValues
    from losscli.report.outcomes import FinishOptions
    from losscli.statistics.paired_difference import PairedDifference
    from losscli.table.block import Ints


OTHER_GROUPS = "no interval: the models do not have a value in the same groups"


@dataclass(frozen=True, slots=True)
class ModelPair:
    """A loss of the base and the same loss of another model; without units their rows cannot be compared."""

    base: Measure
    head: Measure
    units: UnitDifference | None


class GroupCounts(NamedTuple):
    """The groups in which the head is better, alike or worse."""

    wins: int
    ties: int
    losses: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one comparison rests on: a pair of losses, and the tally of the rows of the whole or of a slice."""

    pair: ModelPair
    plan: Plan
    tally: Tally
    options: FinishOptions
    rule: Rule
    groups: tuple[GroupValues, GroupValues] | None = (
        None  # of base and head, where losses are means over groups
    )

    @property
    def states(self) -> list[Sums]:
        """The states of both losses."""
        if self.groups is not None:
            return [Sums.of((own.values,), own.weights) for own in self.groups]
        units = (measure.parts[0].unit for measure in (self.pair.base, self.pair.head))
        return [self.tally.kept[UnitState(unit), WHOLE] for unit in units]

    @property
    def of_means(self) -> bool:
        """Whether both losses are means, of rows or of groups, that are known exactly."""
        return self.groups is not None or (self.pair.units is not None and self.pair.base.loss.is_mean)

    @property
    def means(self) -> list[Fraction]:
        """The exact means of both losses."""
        return [state.means[0] for state in self.states]

    @property
    def difference(self) -> PairedDifference | None:
        """What was kept of the differences row by row; None where rows cannot be compared."""
        units = self.pair.units
        return None if units is None else self.tally.of(units)

    @property
    def same_groups(self) -> bool:
        """Whether both models have a value in the same groups."""
        return self.groups is not None and self.groups[0].labels == self.groups[1].labels

    def group_counts(self, better: Better) -> GroupCounts | None:
        """In how many groups which model is better; None where groups are not compared."""
        if self.groups is None or not self.same_groups:
            return None
        base, head = (
            {"lower": own.values, "higher": -own.values, "zero": abs(own.values)}[better]
            for own in self.groups
        )
        return GroupCounts(
            *(int(np.count_nonzero(found)) for found in (head < base, head == base, head > base))
        )


def by_rows(evidence: Evidence, one: Compared, worse_by: Fraction) -> Draft:
    """The comparison with what the rows of both say of its difference."""
    if evidence.groups is not None:
        return _by_groups(evidence, one, evidence.groups, worse_by)
    difference = evidence.difference
    if difference is None:
        return Draft(noted(one, ["no interval: the loss is no function of means of rows"]))
    if difference.spread is None or difference.unlike:
        return Draft(noted(one, ["no interval: the models do not count the same rows"]))
    states = evidence.states
    if states[0].rows < 2:
        return Draft(noted(one, ["no interval: one row tells nothing of the spread"]))
    if not difference.spread.finite:
        return Draft(noted(one, ["no interval: a weighted row exceeds the largest double"]))
    if any(beyond_doubles(state, difference.spread) for state in states):
        return Draft(noted(one, [NO_DOUBLE]))
    if evidence.rule.ranks is not None:
        return _over_time(evidence, one, difference, worse_by, evidence.rule.ranks)
    return _by_moments(evidence, one, difference, difference.spread, worse_by)


def _by_groups(
    evidence: Evidence, one: Compared, groups: tuple[GroupValues, GroupValues], worse_by: Fraction
) -> Draft:
    """The comparison by Student's t of the differences of groups, of which each is one observation."""
    base, head = groups
    if not evidence.same_groups:
        return Draft(noted(one, [OTHER_GROUPS]))
    state = Sums.of((base.values, head.values), base.weights)
    if state.rows < 2:
        return Draft(noted(one, [ONE_GROUP]))
    spread = Spread.of((base.values, head.values), base.weights)
    if not spread.finite:
        return Draft(noted(one, ["no interval: a weighted group exceeds the largest double"]))
    covariance = spread.covariance(state.totals, state.weight)
    signs = zip((-1, 1), state.means, strict=True)
    slope = [Fraction(sign * _turned(one.better, mean)) for sign, mean in signs]
    return by_t(
        one,
        worse_by,
        standard_error(covariance, slope, state.rows),
        state.rows - 1,
        evidence.rule,
        "paired t",
    )


def _by_moments(
    evidence: Evidence, one: Compared, difference: PairedDifference, spread: Spread, worse_by: Fraction
) -> Draft:
    """The comparison by Student's t of the differences; of rates, by McNemar's test as well."""
    states, rule, loss = evidence.states, evidence.rule, evidence.pair.base.loss
    rows = states[0].rows
    covariance = spread.covariance([t for state in states for t in state.totals], states[0].weight)
    slope = _slope(evidence, one, covariance)
    if slope is None:
        return Draft(noted(one, ["no interval: a value is at an end of its range, where it has no slope"]))
    one = noted(one, [_tail(evidence, spread, covariance)])
    draft = by_t(one, worse_by, standard_error(covariance, slope, rows), rows - 1, rule, "paired t")
    if draft.chances is None or evidence.plan.weighted or not loss.rate:
        return draft
    if not difference.of_rates(states):
        return draft
    p_value = mcnemar_mid_p(difference.wins, difference.losses)
    one = replace(draft.compared, test="mcnemar mid-p", p_value=p_value)
    one = noted(one, at_odds(one.ci or {}, p_value))
    return Draft(one, draft.chances.agreeing(p_value, one.worse_by))


def _tail(evidence: Evidence, spread: Spread, covariance: list[list[Fraction]]) -> str | None:
    """A note where one row holds much of the squared deviations of the difference."""
    if not evidence.of_means or spread.ends is None or not spread.ends.finite:
        return None
    apart = quadratic(covariance, [Fraction(-1), Fraction(1)])
    base, head = evidence.means
    return HEAVY_TAIL if spread.heavy(head - base, apart, evidence.states[0].weight) else None


def _over_time(
    evidence: Evidence, one: Compared, difference: PairedDifference, worse_by: Fraction, ranks: Ints
) -> Draft:
    """The comparison by Diebold & Mariano's test: what the rows say in the order of their time."""
    from losscli.statistics.series import in_order, squared_error

    if difference.series is None or not evidence.of_means or one.better == "zero":
        why = "over time only losses are compared that are a mean of rows, the lower or the higher the better"
        return Draft(noted(one, [f"no interval: {why}"]))
    horizon = evidence.rule.interval.horizon or 1
    differences, lacking, shared = in_order(difference.series, ranks)
    found: Fraction | str
    if lacking:
        found = f"{plural(lacking, 'row')} without a time"
    elif shared and horizon > 1:
        found = f"{plural(shared, 'row')} of the same time as the row before; compare each series with `--by`"
    else:
        found = squared_error(differences, horizon)
    if isinstance(found, str):
        return Draft(noted(one, [f"no interval: {found}"]))
    return by_t(one, worse_by, root(found), len(differences) - 1, evidence.rule, "diebold-mariano")


def _slope(evidence: Evidence, one: Compared, covariance: list[list[Fraction]]) -> list[Fraction] | None:
    """How the difference in the bad direction moves with the means of both; None where it has no slope."""
    found: list[Fraction] = []
    measures, states = (evidence.pair.base, evidence.pair.head), evidence.states
    for measure, state, side, sign in zip(measures, states, (one.base, one.head), (-1, 1), strict=True):
        size, first = len(state.totals), len(found)
        block = [row[first : first + size] for row in covariance[first : first + size]]
        slope = slopes(measure.loss, dict(measure.values), state.means, block)
        if slope is None or side.value is None:
            return None
        found += [sign * _turned(one.better, side.value) * part for part in slope]
    return found


def _turned(better: str, value: float | Fraction) -> int:
    """The slope of what is bad about a value."""
    if better in ("lower", "higher"):
        return 1 if better == "lower" else -1
    return 1 if value >= 0 else -1
