"""What resamples of groups of rows say of the difference of two models."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from losscli.measure.observers.observer import WHOLE
from losscli.numbers.exact import round_fraction
from losscli.numbers.grouped_sums import NotResampled
from losscli.numbers.sums import Sums
from losscli.report.by_rows import OTHER_GROUPS
from losscli.report.comparison import Compared
from losscli.report.records import noted
from losscli.report.results import DRAWN, values_of
from losscli.report.verdicts import POWER, Chances, Draft, at_odds
from losscli.report.worse_by import exact_change
from losscli.statistics.bootstrap import (
    REPLICATES,
    UNRULY,
    NoInterval,
    Replicates,
    few_groups,
    resamples,
    schemes,
    turns,
)
from losscli.statistics.distributions import normal_quantile
from losscli.statistics.groups import dealt_values
from losscli.statistics.intervals import ONE_GROUP, one_side, too_few

if TYPE_CHECKING:
    from losscli.measure.plan import Measure
    from losscli.report.by_rows import Evidence
    from losscli.statistics.bootstrap import Drawings

GroupStates: TypeAlias = Sequence[Any]
"""The states of the units of one model, each over all groups."""


def by_bootstrap(evidence: Evidence, one: Compared) -> Draft:
    """The comparison by the bootstrap: its interval from resamples of groups, its p-value from their flips.

    A flip gives the rows of about half of the groups to the other model, as they might as well have been
    if there were no difference; the p-value is the share of flips, and what was seen, that differ as much.
    """
    rule = evidence.rule
    if evidence.groups is not None and not evidence.same_groups:
        return Draft(noted(one, [OTHER_GROUPS]))
    groups, base, head = _group_states(evidence)
    if groups < 2:
        return Draft(noted(one, [ONE_GROUP]))
    drawn, turned = schemes(groups, rule.interval.seed), turns(groups, rule.interval.seed)
    swapped: Drawings = np.hstack((turned, 1 - turned))
    back: Drawings = 1 - swapped
    first = np.arange(groups)
    both = [
        mine.regrouped(first, first, 2 * groups).merge(theirs.regrouped(first, first + groups, 2 * groups))
        for mine, theirs in zip(base, head, strict=True)
    ]
    try:
        replicates = Replicates.of(_differences(evidence, (base, head), (drawn, drawn)))
        flips = _differences(evidence, (both, both), (back, swapped))
    except NotResampled as why:
        return Draft(noted(one, [str(why) or UNRULY]))
    seen = abs(one.worse_by or 0.0)
    as_much = sum(flip is None or abs(flip) >= seen for flip in flips)
    p_value = (as_much + 1) / (REPLICATES + 1)
    one = replace(one, stderr=replicates.stderr, test="sign flip", p_value=p_value)
    return _with_interval(evidence, one, replicates, groups, p_value)


def _with_interval(
    evidence: Evidence, one: Compared, replicates: Replicates, groups: int, p_value: float
) -> Draft:
    """The comparison with the interval of its resamples, and the chances of each verdict."""
    rule, margin = evidence.rule, evidence.rule.margin
    if too_few(groups, rule.level):
        few = f"{groups} rows or clusters are too few for a verdict of {100 * rule.level:.4g}%"
        return Draft(noted(one, [f"{few}: no p-value of theirs lies below {2.0 ** (1 - groups):.4g}"]))
    try:
        ci = replicates.interval(rule.interval)
    except NoInterval as why:
        return Draft(noted(one, [f"no interval: {why}"]))
    quantiles = normal_quantile(1.0 - float(one_side(rule.level))) + normal_quantile(POWER)
    chances = Chances(
        p_value,
        replicates.chance(lambda value: value <= margin),
        replicates.chance(lambda value: value >= -margin, above=True),
        max(
            replicates.chance(lambda value: value > margin, above=True),
            replicates.chance(lambda value: value < -margin),
        ),
    )
    one = replace(one, ci=ci, detectable=replicates.stderr * quantiles)
    one = noted(one, [*few_groups(groups), *replicates.notes(rule.interval), *at_odds(ci, p_value)])
    return Draft(one, chances.agreeing(p_value, one.worse_by))


def _group_states(evidence: Evidence) -> tuple[int, GroupStates, GroupStates]:
    """The number of groups, and the states of the base and of the other model."""
    if evidence.groups is not None:
        codes, count = dealt_values(evidence.groups[0].labels)
        of_base, of_head = (
            Sums.of((own.values,), own.weights, None, codes, count) for own in evidence.groups
        )
        return count, [of_base], [of_head]
    measures = (evidence.pair.base, evidence.pair.head)
    drawn = evidence.tally.kept[DRAWN, WHOLE]
    groups, units = drawn.states([part.unit for measure in measures for part in measure.parts])
    width = len(evidence.pair.base.parts)
    return groups, units[:width], units[width:]


def _differences(
    evidence: Evidence, sides: tuple[GroupStates, GroupStates], counts: tuple[Drawings, Drawings]
) -> list[float | None]:
    """By how much HEAD is worse in each resample, where the states of each side are drawn by counts."""
    better = evidence.pair.base.loss.better
    finish = [_valued(measure, evidence) for measure in (evidence.pair.base, evidence.pair.head)]
    drawn = (
        zip(*(resamples(unit, drawings) for unit in side), strict=True)
        for side, drawings in zip(sides, counts, strict=True)
    )
    found: list[float | None] = []
    for states in zip(*drawn, strict=True):
        base, head = (value(side) for value, side in zip(finish, states, strict=True))
        if base is None or head is None:
            found.append(None)
            continue
        worse_by = round_fraction(exact_change(better, base, head))
        found.append(worse_by if math.isfinite(worse_by) else None)
    return found


def _valued(measure: Measure, evidence: Evidence) -> Callable[[Sequence[Any]], Fraction | None]:
    """From states of a measure's units its value, not rounded where it is a mean."""
    if evidence.of_means:
        return _mean
    values = values_of(measure, evidence.plan, evidence.tally, evidence.options)

    def value(states: Sequence[Any]) -> Fraction | None:
        found = values(states).get(frozenset())
        return None if found is None else Fraction(found)

    return value


def _mean(states: Sequence[Any]) -> Fraction | None:
    """The exact mean of the only state; None where no row counts."""
    (state,) = states
    mean: Fraction | None = state.means[0] if state.weight.units else None
    return mean
