"""Rows in pairs: what is counted in n log n steps is what every pair of rows gives."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from losscli.numbers.ranks import Ranked, inversions


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 31, 32, 33, 100])
@pytest.mark.parametrize("values", [1, 3, 1000])
@pytest.mark.parametrize("kind", [None, np.int64, object])
def test_inversions_are_the_pairs_whose_earlier_rank_is_higher(rows: int, values: int, kind: Any) -> None:
    rng = np.random.default_rng(rows)
    ranks = rng.integers(0, values, rows)
    first, second = (None, None) if kind is None else (rng.integers(0, 9, rows).astype(kind) for _ in "12")
    if kind is object:
        first, second = first * 10**30, second * 10**25
    wanted = sum(
        1 if first is None or second is None else int(first[i]) * int(second[j])
        for i in range(rows) for j in range(i + 1, rows) if ranks[i] > ranks[j]
    )  # fmt: skip
    assert inversions(ranks, first, second) == wanted


@pytest.mark.parametrize("weighted", ["none", "whole", "fractions", "wide"])
def test_pairs_and_ranks_are_those_of_every_pair(weighted: str) -> None:
    rng = np.random.default_rng(4)
    x, y = np.round(rng.normal(size=(2, 120)), 1)
    x[:30] = -0.0
    weight = {
        "none": None,
        "whole": rng.integers(1, 5, 120).astype(np.float64),
        "fractions": rng.random(120),
        "wide": 2.0 ** rng.integers(-300, 300, 120) * rng.random(120),
    }[weighted]
    cuts = [slice(0, 50), slice(50, 51), slice(51, 120)]
    parts = [Ranked.of([x[c], y[c]], None if weight is None else weight[c]) for c in cuts]
    state = parts[2].merge(parts[0]).merge(parts[1])
    w = [Fraction(v) for v in (np.ones(120) if weight is None else weight).tolist()]
    unit = Fraction(state.total) / sum(w)
    pairs = [(w[i] * w[j] * unit**2, x[i] - x[j], y[i] - y[j]) for i in range(120) for j in range(120)]
    found = state.pairs()
    assert found.every == sum(p for p, a, b in pairs)
    assert found.tied_first == sum(p for p, a, b in pairs if a == 0)
    assert found.tied_second == sum(p for p, a, b in pairs if b == 0)
    assert found.tied_both == sum(p for p, a, b in pairs if a == b == 0)
    assert found.at_odds == sum(p for p, a, b in pairs if a * b < 0)

    def midrank(column: Any, value: float) -> Fraction:
        below = sum((v for v, held in zip(w, column.tolist(), strict=True) if held < value), Fraction(0))
        own = sum((v for v, held in zip(w, column.tolist(), strict=True) if held == value), Fraction(0))
        return unit * (2 * below + own - sum(w))

    one, other = ([midrank(column, value) for value in column.tolist()] for column in (x, y))
    sums = [sum(unit * v * a * b for v, a, b in zip(w, *two, strict=True))
            for two in ((one, other), (one, one), (other, other))]  # fmt: skip
    assert list(state.correlation()) == sums


def test_whole_numbers_of_many_rows_do_not_leave_their_bits() -> None:
    # Ten million rows have 5e13 pairs, and the squares of their ranks add up to 3e20.
    rows = 300_000
    x = np.arange(rows, dtype=np.float64)
    weight = np.full(rows, 7_001.0)  # together 2.1e9, just below 2^31
    state = Ranked.of([x, x[::-1].copy()], weight)
    total = state.total
    assert total == 2_100_300_000
    pairs = state.pairs()
    assert pairs.at_odds == pairs.untied == total**2 - rows * 7_001**2
    both, one, other = state.correlation()
    assert both == -one == -other
    assert one == 7_001**3 * sum((2 * at + 1 - rows) ** 2 for at in range(rows))
