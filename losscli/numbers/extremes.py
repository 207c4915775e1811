"""The least and the greatest value of each column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from losscli.numbers.exact import ExactSum
from losscli.numbers.fields import (
    COUNT,
    GREATEST,
    LEAST,
    PerGroup,
    Several,
    State,
    greatest_of,
    least_of,
    rows_of,
)  # fmt: skip
from losscli.numbers.grouped_sums import SUM, exact_sum, sum_of_ones

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints


@dataclass(frozen=True, slots=True)
class Extremes(State):
    """The least and the greatest value of each column."""

    lows: tuple[PerGroup, ...]
    highs: tuple[PerGroup, ...]
    weight: ExactSum
    rows: PerGroup
    FIELDS: ClassVar = {"lows": Several(LEAST), "highs": Several(GREATEST), "weight": SUM, "rows": COUNT}

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 1) -> Self:
        """The state of no rows: infinite ends, which nothing exceeds."""
        return cls((math.inf,) * columns, (-math.inf,) * columns, ExactSum.empty(), 0)

    @classmethod
    def of(
        cls, columns: Sequence[Floats], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The least and the greatest of each column (n,), or of each group's rows."""
        rows = rows_of(len(columns[0]), codes, groups)
        return cls(
            tuple(least_of(column, codes, groups) for column in columns),
            tuple(greatest_of(column, codes, groups) for column in columns),
            sum_of_ones(rows) if weight is None else exact_sum(codes, groups, weight),
            rows,
        )
