"""The least and the greatest value of each column."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from losscli.numbers.by_group import (
    PerGroup,
    added,
    greatest,
    greatest_of,
    least,
    least_of,
    number_at,
    regrouped,
    rows_of,
)
from losscli.numbers.exact import ExactSum
from losscli.numbers.grouped_sums import exact_sum, grouped, sum_of_ones

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints


class Extremes(NamedTuple):
    """The least and the greatest value of each column."""

    lows: tuple[PerGroup, ...]
    highs: tuple[PerGroup, ...]
    weight: ExactSum
    rows: PerGroup

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 1) -> Self:
        return cls((math.inf,) * columns, (-math.inf,) * columns, ExactSum.empty(), 0)

    @classmethod
    def of(
        cls, columns: Sequence[Floats], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        rows = rows_of(len(columns[0]), codes, groups)
        return cls(
            tuple(least_of(column, codes, groups) for column in columns),
            tuple(greatest_of(column, codes, groups) for column in columns),
            sum_of_ones(rows) if weight is None else exact_sum(codes, groups, weight),
            rows,
        )

    def merge(self, other: Self) -> Self:
        return type(self)(
            tuple(map(least, self.lows, other.lows)),
            tuple(map(greatest, self.highs, other.highs)),
            self.weight.merge(other.weight),
            added(self.rows, other.rows),
        )

    def at(self, group: int) -> Self:
        """The state of one group alone."""
        return type(self)(
            tuple(number_at(low, group, math.inf) for low in self.lows),
            tuple(number_at(high, group, -math.inf) for high in self.highs),
            grouped(self.weight).at(group),
            number_at(self.rows, group),
        )

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        """The states of the groups ``codes`` at other places, of ``groups``; those that share a place are merged."""
        return type(self)(
            tuple(regrouped(low, codes, places, groups, np.minimum, math.inf) for low in self.lows),
            tuple(regrouped(high, codes, places, groups, np.maximum, -math.inf) for high in self.highs),
            grouped(self.weight).regrouped(codes, places, groups),
            regrouped(self.rows, codes, places, groups),
        )

    def resampled(self, counts: Floats) -> Self:
        """The state of each resample: in row r of ``counts`` stands how often it draws each group."""
        drawn = counts > 0.0
        return type(self)(
            tuple(np.where(drawn, low, math.inf).min(axis=1) for low in self.lows),
            tuple(np.where(drawn, high, -math.inf).max(axis=1) for high in self.highs),
            grouped(self.weight).resampled(counts),
            (counts @ self.rows).astype(np.int64),
        )

    def to_json(self) -> dict[str, Any]:
        """The state of one group, for `from_json`."""
        # As text: JSON has no infinity, and hexadecimal digits keep every bit.
        return {
            "lows": [value.hex() for value in self.lows],
            "highs": [value.hex() for value in self.highs],
            "weight": self.weight.to_json(),
            "rows": self.rows,
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        lows, highs = (tuple(float.fromhex(v) for v in held[name]) for name in ("lows", "highs"))
        return cls(lows, highs, ExactSum.from_json(held["weight"]), held["rows"])
