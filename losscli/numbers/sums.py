"""Exact sums of the columns of a row function, and of their squares and products.

A state is a value: ``empty`` merges to no effect, and merging is associative and commutative to the bit, since it is
integer addition.  ``of`` takes the columns that a loss's row function gives for a block; the loss knows what they mean.
With ``codes``, the group of each row, it is the state of many groups side by side; ``at`` gives that of one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from losscli.numbers.cross_products import CrossProducts
from losscli.numbers.exact import ExactSum
from losscli.numbers.fields import COUNT, Nested, PerGroup, Several, State, rows_of
from losscli.numbers.grouped_sums import SUM, exact_sum, grouped, sum_of_ones
from losscli.numbers.row_count import RowCount

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints

Names = tuple[int | str, ...] | None
"""The classes that codes of classes stand for; None: a code is its own class."""


class Squares(NamedTuple):
    """A column of squares. Those beyond the range of a double are 0 in ``rows`` and kept as ``roots``."""

    rows: Floats
    roots: Floats  # 0 where the row holds the square

    @classmethod
    def of(cls, rows: Floats, roots: Floats) -> Self:
        """Squares (n,) and the roots of those beyond the doubles, which are 0 for all others."""
        return cls(np.where(roots == 0.0, rows, 0.0), roots)


@dataclass(frozen=True, slots=True)
class Totals(State):
    """Exact sums of columns; subclasses say which columns."""

    totals: tuple[ExactSum, ...]
    weight: ExactSum
    rows: PerGroup
    infinite: RowCount | None = None  # rows with an infinite entry
    FIELDS: ClassVar = {
        "totals": Several(SUM),
        "weight": SUM,
        "rows": COUNT,
        "infinite": Nested(RowCount.from_json),
    }

    def mapped(self, linear: Callable[[Floats], Floats], groups: int) -> Self:
        """The states under a linear map of the numbers of ``groups`` groups (`GroupedSums.mapped`)."""
        return type(self)(
            tuple(grouped(total).mapped(linear, groups) for total in self.totals),
            grouped(self.weight).mapped(linear, groups),
            linear(self.rows[:, np.newaxis].astype(np.float64))[:, 0].astype(np.int64),
        )


class Sums(Totals):
    """Σ w·x for each column x of a row function, and Σ w, exactly; without weights Σ x and n."""

    __slots__ = ()

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 1) -> Self:
        """The sums of no rows."""
        return cls((ExactSum.empty(2 if weighted else 1),) * columns, ExactSum.empty(), 0)

    @classmethod
    def of(
        cls, columns: Sequence[Floats | Squares], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The sums of columns (n,), or of each group's rows; ``names`` are of states of classes."""
        totals = tuple(_total(column, weight, codes, groups) for column in columns)
        first: Any = columns[0] if columns else codes  # rows without a column are counted by their codes
        rows = rows_of(len(first.rows if isinstance(first, Squares) else first), codes, groups)
        return cls(totals, sum_of_ones(rows) if weight is None else exact_sum(codes, groups, weight), rows)

    @property
    def means(self) -> tuple[Fraction, ...]:
        """Σ w·x / Σ w of every column, not rounded; the sums must be finite."""
        weight = self.weight.fraction
        return tuple(total.fraction / weight for total in self.totals)


def _total(column: Floats | Squares, weight: Floats | None, codes: Ints | None, groups: int) -> ExactSum:
    """The sum of a column, or of its products with the weights."""
    weights = () if weight is None else (weight,)
    if isinstance(column, Squares):
        near = exact_sum(codes, groups, *weights, column.rows)
        return near.merge(exact_sum(codes, groups, *weights, column.roots, column.roots))
    return exact_sum(codes, groups, *weights, column)


class Moments(Totals):
    """Exact first and second moments of label y and prediction f, weighted by w: Σwy, Σwf, Σwy², Σwf² and Σwyf.

    Nothing is rounded before the finish, so labels far from zero lose no digit of their spread.
    """

    __slots__ = ()

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 2) -> Self:
        """The moments of no rows."""
        one, two = (ExactSum.empty(factors + weighted) for factors in (1, 2))
        return cls((one, one, two, two, two), ExactSum.empty(), 0)

    @classmethod
    def of(
        cls, columns: Sequence[Floats], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The moments of two columns (n,), label and prediction, or of each group's rows."""
        y, f = columns
        rows = rows_of(len(y), codes, groups)
        if weight is None and codes is None:
            return cls(tuple(CrossProducts.of(y, f)), ExactSum.of_int(rows), rows)
        weights = () if weight is None else (weight,)
        totals = tuple(exact_sum(codes, groups, *weights, *x) for x in ((y,), (f,), (y, y), (f, f), (y, f)))
        return cls(totals, sum_of_ones(rows) if weight is None else exact_sum(codes, groups, weight), rows)

    @property
    def y(self) -> ExactSum:
        """Σ w y."""
        return self.totals[0]

    @property
    def f(self) -> ExactSum:
        """Σ w f."""
        return self.totals[1]

    @property
    def yy(self) -> ExactSum:
        """Σ w y²."""
        return self.totals[2]

    @property
    def ff(self) -> ExactSum:
        """Σ w f²."""
        return self.totals[3]

    @property
    def yf(self) -> ExactSum:
        """Σ w y f."""
        return self.totals[4]

    @property
    def squared_error(self) -> Fraction:
        """Σ w (y - f)²."""
        return self.yy.fraction - 2 * self.yf.fraction + self.ff.fraction

    @property
    def label_mean(self) -> Fraction:
        """The weighted mean of the labels, not rounded."""
        return self.y.fraction / self.weight.fraction

    @property
    def pred_mean(self) -> Fraction:
        """The weighted mean of the predictions, not rounded."""
        return self.f.fraction / self.weight.fraction

    @property
    def support(self) -> Fraction:
        """What it weighs in an average over outputs, weighted by the spread of their labels."""
        return self.label_spread

    @property
    def label_spread(self) -> Fraction:
        """Σ w (y - ȳ)²."""
        return self.yy.fraction - self.y.fraction * self.label_mean

    @property
    def pred_spread(self) -> Fraction:
        """Σ w (f - f̄)²."""
        return self.ff.fraction - self.f.fraction * self.pred_mean

    @property
    def shared_spread(self) -> Fraction:
        """Σ w (y - ȳ)(f - f̄)."""
        return self.yf.fraction - self.y.fraction * self.pred_mean
