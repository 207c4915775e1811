"""Ranks and pairs of rows are those of every pair, however rows are cut, put aside and merged."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from kept_rows import merged, put_aside, states_of

from losscli.numbers import ascending
from losscli.numbers.ranks import Pairs, Ranked
from losscli.table.spill import Spill

ROWS = 300


def drawn(values: str, weighted: str) -> tuple[Any, Any, Any]:
    """Two columns and the weights of rows."""
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, ROWS))
    if values != "different":
        x, y = np.round(x, 1), np.round(y + x, 1)
        x[:80] = -0.0
        y[60:150] = 0.5
    if values == "few":
        x = np.sign(x)
    weight = {
        "none": None,
        "whole": rng.integers(1, 5, ROWS).astype(np.float64),
        "fractions": rng.random(ROWS),
        "wide": 2.0 ** rng.integers(-300, 300, ROWS) * rng.random(ROWS),
    }[weighted]
    return x, y, weight


def seen_rows() -> Any:
    """Which rows have an event that was seen."""
    return np.random.default_rng(5).random(ROWS) < 0.6


def whole(weight: Any, unit: Fraction) -> Any:
    """Weights in the unit of a state, as Python's whole numbers."""
    held = np.ones(ROWS) if weight is None else weight
    return np.array([int(Fraction(w) * unit) for w in held.tolist()], dtype=object)


@cache
def pairs_by_hand(values: str, weighted: str, watched: bool, unit: Fraction) -> Pairs:
    """Every pair of rows, by a table of all of them."""
    x, y, weight = drawn(values, weighted)
    w = whole(weight, unit)
    seen = seen_rows() if watched else None
    first = w if seen is None else w * seen
    moment = 2 * np.unique(x, return_inverse=True)[1] + (0 if seen is None else ~seen)
    weights = first[:, None] * w
    earlier = moment[:, None] < moment
    more, same = y[:, None] > y, y[:, None] == y
    return Pairs(
        int((weights * earlier).sum()),
        int((weights * (earlier & same)).sum()),
        int((weights * (earlier & more)).sum()),
        int((w[:, None] * w * ~same).sum()) // 2,
        (len(set(moment.tolist())), len(set((y + 0.0).tolist()))),
    )


@pytest.mark.parametrize("values", ["different", "tied", "few"])
@pytest.mark.parametrize("weighted", ["none", "whole", "fractions", "wide"])
@pytest.mark.parametrize("at_a_time", [8, 1 << 18])
@pytest.mark.parametrize("aside", [False, True])
@pytest.mark.parametrize("watched", [False, True])
def test_pairs_are_those_of_every_pair(
    values: str, weighted: str, at_a_time: int, aside: bool, watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ascending, "AT_A_TIME", at_a_time)
    x, y, weight = drawn(values, weighted)
    columns = (x, y, seen_rows() * 1.0) if watched else (x, y)
    with Spill() as spill:
        states = states_of(Ranked, columns, weight, 17)
        state = put_aside(states, spill) if aside else merged(states)
        found = state.pairs
    assert found == pairs_by_hand(values, weighted, watched, Fraction(state.total) / state.weight.fraction)


@cache
def ranks_by_hand(values: str, weighted: str, unit: Fraction) -> tuple[list[int], list[Fraction]]:
    """The weighted products of both ranks and of each with itself, and of the first column with each rank."""
    x, y, weight = drawn(values, weighted)
    w = whole(weight, unit)
    one, other = (
        ((column[:, None] > column) * 2 * w).sum(1) + ((column[:, None] == column) * w).sum(1) - w.sum()
        for column in (x, y)
    )
    exact = np.array([Fraction(value) for value in x.tolist()])
    products = [(w * one * other).sum(), (w * one * one).sum(), (w * other * other).sum()]
    return products, [(w * exact * ranks).sum() for ranks in (one, other)]


@pytest.mark.parametrize("values", ["different", "tied", "few"])
@pytest.mark.parametrize("weighted", ["none", "whole", "fractions", "wide"])
@pytest.mark.parametrize("at_a_time", [8, 1 << 18])
@pytest.mark.parametrize("aside", [False, True])
def test_ranks_are_those_among_all_rows(
    values: str, weighted: str, at_a_time: int, aside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ascending, "AT_A_TIME", at_a_time)
    x, y, weight = drawn(values, weighted)
    with Spill() as spill:
        states = states_of(Ranked, (x, y), weight, 17)
        state = put_aside(states, spill) if aside else merged(states)
        found, moments = state.correlation(), [state.moment(column) for column in (0, 1)]
        constant = [state.constant(column) for column in (0, 1)]
    unit = Fraction(state.total) / state.weight.fraction
    assert (list(found), [moment * unit for moment in moments]) == ranks_by_hand(values, weighted, unit)
    assert constant == [False, False]


def test_a_column_of_one_value_is_constant() -> None:
    state = merged(states_of(Ranked, (np.zeros(50), np.full(50, -0.0)), None, 7))
    assert state.constant(0)
    assert state.constant(1)
    assert state.pairs == Pairs(0, 0, 0, 0, (1, 1))


@pytest.mark.parametrize("at_a_time", [1 << 10, 1 << 18])
def test_whole_numbers_of_many_rows_do_not_leave_their_bits(
    at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ten million rows have 5e13 pairs, and the squares of their ranks add up to 3e20.
    monkeypatch.setattr(ascending, "AT_A_TIME", at_a_time)
    rows = 300_000
    x = np.arange(rows, dtype=np.float64)
    weight = np.full(rows, 7_001.0)  # together 2.1e9, just below 2^31
    state = Ranked.of([x, x[::-1].copy()], weight)
    total = state.total
    assert total == 2_100_300_000
    pairs = state.pairs
    assert 2 * pairs.falling == 2 * pairs.every == 2 * pairs.apart == total**2 - rows * 7_001**2
    both, one, other = state.correlation()
    assert both == -one == -other
    assert one == 7_001**3 * sum((2 * at + 1 - rows) ** 2 for at in range(rows))
