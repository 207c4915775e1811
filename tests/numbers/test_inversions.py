"""What is counted in n log n steps is what every pair of rows gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from losscli.numbers.inversions import inversions


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
