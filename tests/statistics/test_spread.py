"""Rows at the ends, by group: the same as those of the rows of each group alone."""

from __future__ import annotations

import numpy as np
import pytest

from losscli.statistics.spread import Ends


@pytest.mark.parametrize("weighted", [False, True])
def test_the_ends_of_groups_at_one_place_are_those_of_their_rows_together(weighted):
    rng = np.random.default_rng(0)
    chosen, places = np.array([0, 2, 5, 1]), np.array([1, 1, 0, 0])
    for _ in range(50):
        # Few values, so that ends are shared by several rows, and their weights decide.
        scaled = rng.integers(-4, 4, 60).astype(float)
        weight = rng.integers(1, 4, 60).astype(float) if weighted else None
        codes = rng.integers(0, 6, 60)
        found = Ends.of(scaled, weight, codes, 7).regrouped(chosen, places, 2)
        for place in range(2):
            rows = np.isin(codes, chosen[places == place])
            alone = Ends.of(scaled[rows], None if weight is None else weight[rows], None, 1)
            assert found.at(place).rows == alone.rows
