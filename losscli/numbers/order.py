"""Rows in the order of a value, for curves and for pairs of rows: `auc`, `average_precision` and their kind.

A row is its value, its kind (a small whole number, such as its class) and its weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from losscli.numbers.ascending import Ascending, Run, one_value
from losscli.numbers.ordered_keys import keys_of, values_of
from losscli.numbers.pieces import Rows, Stretch
from losscli.numbers.whole_weights import Whole

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints


class Steps(NamedTuple):
    """Different values, ascending, and by kind what the rows with each value weigh, in the unit of all weights."""

    values: Floats
    weights: tuple[Whole, ...]


@dataclass(frozen=True, eq=False)
class Order(Ascending):
    """Rows whose first column is a value and whose second is a kind."""

    @classmethod
    def of(
        cls, columns: Sequence[Floats | Ints], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The rows of two columns, values and their kinds, 0 or 1."""
        values, kinds = columns
        weight = None if weight is None else np.array(weight)
        return cls._of(Rows((np.add(values, 0.0),), weight), np.asarray(kinds, np.int64), codes, groups)

    @cached_property
    def totals(self) -> tuple[int, ...]:
        """What the rows of each kind weigh, in the unit of all weights."""
        found: dict[int, int] = {}
        for kind, rows in self.runs:
            found[kind] = found.get(kind, 0) + self.weight_of(rows)
        return tuple(found.get(kind, 0) for kind in range(max(found, default=-1) + 1))

    def totals_of(self, kinds: int) -> tuple[int, ...]:
        """What the rows of each of so many kinds weigh, in the unit of all weights."""
        return (self.totals + (0,) * kinds)[:kinds]

    @property
    def support(self) -> Fraction:
        """What the rows of kind 1, the positives, weigh."""
        return self.totals_of(2)[1] * Fraction(2) ** self.unit.exponent

    def steps(self, kinds: int) -> Iterator[Steps]:
        """All different values, ascending, a range of them at a time, with the weights of so many kinds."""
        return self.of_ranges(lambda cut: self._steps_of(cut, kinds), self.runs)

    def marks(self, most: int) -> Floats:
        """Different values, ascending: all, or at most so many that the rows of each kind are spread evenly over."""
        found = self._least(most + 1)
        if len(found) <= most:
            return np.array(found)
        kinds = sorted({run.kind for run in self.runs})
        return np.unique(np.concatenate([self._at_ranks(kind, most // len(kinds)) for kind in kinds]))

    def _least(self, most: int) -> list[float]:
        """The least different values, at most so many."""
        found: list[float] = []
        runs = [(run.rows, run.rows.start) for run in self.runs]
        while runs and len(found) < most:
            found.append(min(rows.value(place) for rows, place in runs))
            ahead = [(rows, int(rows.places(found[-1:])[0])) for rows, _ in runs]
            runs = [(rows, place) for rows, place in ahead if place < rows.stop]
        return found

    def _at_ranks(self, kind: int, count: int) -> Floats:
        """The values of the rows of a kind at so many ranks, evenly spread from the least to the greatest."""
        runs = [rows for own, rows in self.runs if own == kind]
        ranks = np.linspace(0, sum(map(len, runs)) - 1, count).astype(np.int64)
        least = keys_of(np.array([rows.value(rows.start) for rows in runs])).min()
        greatest = keys_of(np.array([rows.value(rows.stop - 1) for rows in runs])).max()
        low, high = np.full(count, least), np.full(count, greatest)
        while (low < high).any():
            middle = low + (high - low) // np.uint64(2)
            up_to = sum(rows.places(values_of(middle)) - rows.start for rows in runs)
            low, high = (
                np.where(up_to > ranks, low, middle + np.uint64(1)),
                np.where(up_to > ranks, middle, high),
            )
        return values_of(low)

    def totals_up_to(self, values: Floats, kinds: int) -> tuple[list[int], ...]:
        """By kind, what the rows weigh that are not above each of some ascending values."""
        found = [[0] * len(values) for _ in range(kinds)]
        for kind, rows in self.runs:
            below, last = 0, rows.start
            for at, place in enumerate(rows.places(values).tolist()):
                below += self.weight_of(Stretch(rows.piece, last, place))
                found[kind][at] += below
                last = place
        return tuple(found)

    # ------------------------------------------------------------------ ranges of values

    def _steps_of(self, runs: Sequence[Run], kinds: int) -> Steps:
        """The steps of all values of some runs."""
        if one_value(runs):
            totals = [
                sum(self.weight_of(run.rows) for run in runs if run.kind == kind) for kind in range(kinds)
            ]
            return Steps(np.array([runs[0].least]), tuple(self.unit.whole([total]) for total in totals))
        by_kind = [_merged([run.rows.rows() for run in runs if run.kind == kind]) for kind in range(kinds)]
        values = np.concatenate([rows.columns[0] for rows in by_kind])
        values.sort(kind="stable")
        places = np.append(np.flatnonzero(values[1:] != values[:-1]), len(values) - 1)
        values, rest = (
            values[places],
            places + 1,
        )  # up to each value, the rows of kinds that are still to come
        weights = []
        for kind, rows in enumerate(by_kind):
            ends = rest if kind == kinds - 1 else rows.columns[0].searchsorted(values, "right")
            rest = rest - ends
            if rows.weight is not None:
                ends = np.concatenate([self.unit.whole([0]), self.unit.multiples(rows.weight).cumsum()])[ends]
            weights.append(np.diff(ends, prepend=self.unit.whole([0])))
        return Steps(values, tuple(weights))


def _merged(parts: Sequence[Rows]) -> Rows:
    """Rows whose values ascend, of several such."""
    if not parts:
        return Rows((np.zeros(0),), None)
    values = np.concatenate([rows.columns[0] for rows in parts])
    weights = [rows.weight for rows in parts if rows.weight is not None]
    if not weights:
        values.sort(kind="stable")
        return Rows((values,), None)
    return Rows((values,), np.concatenate(weights)).take(np.argsort(values, kind="stable"))
