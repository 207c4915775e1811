"""How many rows were met that have something in common, and which was the first of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from losscli.numbers.fields import COUNT, Numbers, PerGroup, State, rows_of

if TYPE_CHECKING:
    from losscli.table.block import Ints

NO_ROW = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class RowCount(State):
    """The number of some rows, and the lowest of their row numbers (`NO_ROW` where there are none)."""

    rows: PerGroup = 0
    first: PerGroup = NO_ROW
    FIELDS: ClassVar = {"rows": COUNT, "first": Numbers(np.minimum, NO_ROW)}

    @classmethod
    def of(cls, row_numbers: Ints, codes: Ints | None, groups: int) -> Self:
        """How many rows there are, or each group has, and the lowest of their numbers."""
        rows = rows_of(len(row_numbers), codes, groups)
        if codes is None:
            return cls(rows, int(row_numbers.min(initial=NO_ROW)))
        first = np.full(groups, NO_ROW)
        np.minimum.at(first, codes, row_numbers)
        return cls(rows, first)

    def behind(self, rows: int) -> Self:
        """The same where so many rows come before."""
        first = self.first
        if not isinstance(first, np.ndarray):
            return type(self)(self.rows, first if first == NO_ROW else first + rows)
        return type(self)(self.rows, np.where(first == NO_ROW, NO_ROW, first + rows))
