"""Rows that are kept: quantiles and orders are the same however they are cut, put aside and merged."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from kept_rows import merged, put_aside, states_of

from losscli.numbers import ascending, values
from losscli.numbers.class_order import ClassOrder
from losscli.numbers.order import Order
from losscli.numbers.states import merged_groups
from losscli.numbers.values import Values
from losscli.table.spill import Spill

KINDS, ROWS = 3, 1000


def steps(state: Order) -> list[tuple[Any, ...]]:
    return [
        (value, *weights)
        for step in state.steps(KINDS)
        for value, *weights in zip(step.values.tolist(), *(w.tolist() for w in step.weights), strict=True)
    ]


def steps_by_hand(column: Any, kinds: Any, weight: Any) -> list[tuple[Any, ...]]:
    """The weights of all rows with each value, by kind, as fractions."""
    found: dict[float, list[Fraction]] = {}
    for value, kind, w in zip(column.tolist(), kinds.tolist(), weight.tolist(), strict=True):
        found.setdefault(value + 0.0, [Fraction(0)] * KINDS)[kind] += Fraction(w)
    return [(value, *found[value]) for value in sorted(found)]


def drawn(ties: bool, weighted: str) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(7)
    column = rng.normal(size=ROWS)
    if ties:
        column = np.round(column, 1)
        column[rng.random(ROWS) < 0.4] = -0.0
    weight = {
        "none": None,
        "whole": rng.integers(0, 5, ROWS).astype(np.float64),
        "fractions": rng.random(ROWS),
        "wide": 2.0 ** rng.integers(-300, 300, ROWS) * rng.random(ROWS),
    }[weighted]
    return column, rng.integers(0, KINDS, ROWS), weight


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", ["none", "whole", "fractions", "wide"])
@pytest.mark.parametrize("aside", [False, True])
@pytest.mark.parametrize("at_a_time", [16, 1 << 18])
def test_steps_are_the_weights_of_each_value_by_kind(
    ties: bool, weighted: str, aside: bool, at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ascending, "AT_A_TIME", at_a_time)
    column, kinds, weight = drawn(ties, weighted)
    states = states_of(Order, (column, kinds), weight, 57)
    with Spill() as spill:
        state = put_aside(states, spill) if aside else merged(states)
        found = steps(state)
        totals = state.totals_of(KINDS)
    wanted = steps_by_hand(column, kinds, np.ones(ROWS) if weight is None else weight)
    unit = Fraction(2) ** state.unit.exponent
    assert [(value, *(int(w) * unit for w in weights)) for value, *weights in found] == wanted
    assert [total * unit for total in totals] == [sum(w[1 + kind] for w in wanted) for kind in range(KINDS)]


def test_more_stretches_than_are_searched_are_sorted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    column, kinds, _ = drawn(True, "none")
    wanted = steps(merged(states_of(Order, (column, kinds), None, 57)))
    monkeypatch.setattr(ascending, "MOST_STRETCHES", 5)
    assert steps(merged(states_of(Order, (column, kinds), None, 57))) == wanted


def quantile_by_hand(column: Any, weight: Any, level: Fraction) -> float:
    rows = sorted(zip(column.tolist(), weight.tolist(), strict=True))
    rows = [(value, Fraction(w)) for value, w in rows if w]
    target = level * sum(w for _, w in rows)
    reached = Fraction(0)
    for at, (value, w) in enumerate(rows):
        reached += w
        if reached >= target:
            if reached == target and at + 1 < len(rows) and level:
                return float((Fraction(value) + Fraction(rows[at + 1][0])) / 2)
            return value
    raise AssertionError


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", ["none", "whole", "fractions", "wide"])
@pytest.mark.parametrize("aside", [False, True])
def test_a_quantile_is_the_least_value_that_the_share_does_not_exceed(
    ties: bool, weighted: str, aside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "AT_A_TIME", 64)
    column, _, weight = drawn(ties, weighted)
    if weight is not None:
        column, weight = column[weight > 0], weight[weight > 0]
    states = states_of(Values, (column,), weight, 57)
    with Spill() as spill:
        state = put_aside(states, spill) if aside else merged(states)
        for level in (Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(1, ROWS), Fraction(1)):
            wanted = quantile_by_hand(column, np.ones(len(column)) if weight is None else weight, level)
            assert state.quantile(level) == wanted, level


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", ["none", "whole", "fractions", "wide"])
@pytest.mark.parametrize("order", ["drawn", "ascending", "like the sample"])
def test_a_sample_of_the_rows_changes_no_quantile(
    ties: bool, weighted: str, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "FEW_ROWS", 64)
    monkeypatch.setattr(values, "SAMPLE", ROWS // 30)
    column, _, weight = drawn(ties, weighted)
    if order == "ascending":
        column = np.sort(column)
    if order == "like the sample":  # every row of the sample is far from the quantile, which it cannot tell
        column[::30] = 1e300
    if weight is not None:
        column, weight = column[weight > 0], weight[weight > 0]
    for cut in (30, ROWS):
        state = merged(states_of(Values, (column,), weight, cut))
        for level in (Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(1, ROWS), Fraction(1)):
            wanted = quantile_by_hand(column, np.ones(len(column)) if weight is None else weight, level)
            assert state.quantile(level) == wanted, level


@pytest.mark.parametrize("kind", [Order, Values])
@pytest.mark.parametrize("aside", [False, True])
def test_the_state_of_a_group_is_that_of_its_rows(kind: Any, aside: bool) -> None:
    column, kinds, weight = drawn(True, "fractions")
    codes = np.random.default_rng(1).integers(0, 40, ROWS)
    codes[codes == 13] = 14
    states = states_of(kind, (column, kinds), weight, 57, codes, 40)
    with Spill() as spill:
        state = put_aside(states, spill) if aside else merged(states)
        moved = state.regrouped(np.arange(20), np.arange(20) // 10, 2)
        for group in (0, 13, 39):
            here = codes == group
            assert_same(kind, state.at(group), column[here], kinds[here], weight[here])
        for group in (0, 1):
            here = (codes < 20) & (codes // 10 == group)
            assert_same(kind, moved.at(group), column[here], kinds[here], weight[here])


def assert_same(kind: Any, state: Any, column: Any, kinds: Any, weight: Any) -> None:
    assert state.rows == len(column)
    assert state.weight.fraction == sum(map(Fraction, weight.tolist()))
    if not len(column):
        return
    if kind is Order:
        unit = Fraction(2) ** state.unit.exponent
        found = [(value, *(int(w) * unit for w in weights)) for value, *weights in steps(state)]
        assert found == steps_by_hand(column, kinds, weight)
    else:
        assert state.quantile(Fraction(1, 3)) == quantile_by_hand(column, weight, Fraction(1, 3))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("weighted", ["none", "fractions"])
@pytest.mark.parametrize("aside", [False, True])
def test_what_weighs_up_to_a_mark_is_counted_without_merging(ties: bool, weighted: str, aside: bool) -> None:
    column, kinds, weight = drawn(ties, weighted)
    states = states_of(Order, (column, kinds), weight, 57)
    with Spill() as spill:
        state = put_aside(states, spill) if aside else merged(states)
        marks = state.marks(50)
        found = state.totals_up_to(marks, KINDS)
        everything = state.marks(ROWS)
        unit = Fraction(2) ** state.unit.exponent
    held = np.ones(ROWS) if weight is None else weight
    rows = list(zip(column.tolist(), kinds.tolist(), held.tolist(), strict=True))
    for at, mark in enumerate(marks.tolist()):
        for kind in range(KINDS):
            wanted = sum(Fraction(w) for value, k, w in rows if k == kind and value <= mark)
            assert found[kind][at] * unit == wanted
    assert len(marks) <= 50
    assert everything.tolist() == np.unique(column + 0.0).tolist()


@pytest.mark.parametrize("weighted", ["none", "fractions"])
@pytest.mark.parametrize("aside", [False, True])
def test_ranges_that_are_worked_out_side_by_side_come_in_order(
    weighted: str, aside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ascending, "AT_A_TIME", 64)
    column, kinds, weight = drawn(True, weighted)
    states = states_of(Order, (column, kinds), weight, 57)
    with Spill() as spill:
        state = put_aside(states, spill) if aside else merged(states)
        assert steps(replace(state, jobs=3)) == steps(state)


def test_the_order_of_a_class_is_the_same_of_groups_that_were_merged() -> None:
    rng = np.random.default_rng(1)
    columns = rng.integers(0, KINDS, 300), *rng.random((KINDS, 300))
    whole = ClassOrder.of(columns, None)
    groups = merged_groups(ClassOrder.of(columns, None, None, rng.integers(0, 5, 300), 5), 5)
    assert [steps(groups.by_score(c)) for c in range(KINDS)] == [
        steps(whole.by_score(c)) for c in range(KINDS)
    ]
