"""How many rows were met that have something in common, and which was the first of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from losscli.numbers.by_group import PerGroup, added, least, number_at, regrouped, rows_of

if TYPE_CHECKING:
    from losscli.table.block import Ints

NO_ROW = int(np.iinfo(np.int64).max)


class RowCount(NamedTuple):
    """The number of some rows, and the lowest of their row numbers (`NO_ROW` where there are none)."""

    rows: PerGroup = 0
    first: PerGroup = NO_ROW

    @classmethod
    def of(cls, row_numbers: Ints, codes: Ints | None = None, groups: int = 1) -> Self:
        rows = rows_of(len(row_numbers), codes, groups)
        if codes is None:
            return cls(rows, int(row_numbers.min(initial=NO_ROW)))
        first = np.full(groups, NO_ROW)
        np.minimum.at(first, codes, row_numbers)
        return cls(rows, first)

    def merge(self, other: Self) -> Self:
        return type(self)(added(self.rows, other.rows), least(self.first, other.first))

    def at(self, group: int) -> Self:
        return type(self)(number_at(self.rows, group), number_at(self.first, group, NO_ROW))

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        return type(self)(
            regrouped(self.rows, codes, places, groups),
            regrouped(self.first, codes, places, groups, np.minimum, NO_ROW),
        )


def merged(one: Any, other: Any) -> Any:
    """Two states merged, either of which may be None: nothing was met."""
    return other if one is None else one if other is None else one.merge(other)
