"""Rows in the order of the score for each class, with the class of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from losscli.numbers.fields import rows_of
from losscli.numbers.grouped_sums import exact_sum, sum_of_ones
from losscli.numbers.order import Order

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints


@dataclass(frozen=True, eq=False)
class ClassOrder(Order):
    """The scores of all columns, one column behind the other, as rows of a kind for each column and class.

    ``columns`` is how many there are, one for each class; ``rows`` and ``weight`` are of the rows, not of the scores.
    """

    @classmethod
    def of(
        cls, columns: Sequence[Floats | Ints], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The scores of every class, a column each behind that of the label, as rows in one order for each class."""
        label, *scores = columns
        values: Floats = np.concatenate(scores)
        kinds: Ints = np.concatenate([label + at * len(scores) for at in range(len(scores))])
        every = super().of(
            (values, kinds),
            None if weight is None else np.tile(weight, len(scores)),
            None, None if codes is None else np.tile(codes, len(scores)), groups,
        )  # fmt: skip
        rows = rows_of(len(label), codes, groups)
        total = sum_of_ones(rows) if weight is None else exact_sum(codes, groups, weight)
        return replace(every, weight=total, rows=rows, columns=len(scores))

    def by_score(self, column: int) -> Order:
        """The rows in the order of one column, their classes as kinds."""
        first = column * self.columns
        pieces = tuple(part for piece in self.pieces for part in piece.of_kinds(first, first + self.columns))
        held = sum(piece.bytes_held for piece in pieces)
        return Order(pieces, self.weight, self.rows, 1, held, self.jobs)
