"""The rows with the greatest losses, or the least where a greater loss is better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.measure.observers.facts import Fact, joined_kinds, kinds_of, places_of
from losscli.measure.observers.observer import Observer
from losscli.numbers.exact import ExactSum, round_fraction
from losscli.table.infer_type import CellKinds

if TYPE_CHECKING:
    from losscli.measure.observers.observer import CutKey, MeasuredBlock


@dataclass(frozen=True, order=True, slots=True)
class WorstRow:
    """A row by how bad it is: the least is the worst, and of equal ones the first."""

    rank: float
    row: int
    value: float = field(compare=False)
    weight: float | None = field(compare=False)
    cells: tuple[Any, ...] = field(compare=False)  # of the facts


class Worst(NamedTuple):
    """The worst of some rows, worst first, and what kinds of cells the columns of facts have."""

    rows: list[WorstRow]
    limit: int
    facts: tuple[Fact, ...]
    kinds: Mapping[int, CellKinds]

    def merge(self, other: Worst) -> Worst:
        """The worst rows of both, no more than the limit."""
        rows = sorted([*self.rows, *other.rows])[: self.limit]
        return self._replace(rows=rows, kinds=joined_kinds(self.kinds, other.kinds))

    def detail(self, total: ExactSum) -> dict[str, Any]:
        """The worst rows, worst first, and the share of the total loss that they carry."""
        share = None
        if total.finite and total.units and all(math.isfinite(row.value) for row in self.rows):
            carried = sum(
                (
                    Fraction(row.value) * Fraction(1 if row.weight is None else row.weight)
                    for row in self.rows
                ),
                Fraction(0),
            )
            share = round_fraction(carried / total.fraction)
        return {
            "share": share,
            "rows": [
                {
                    "row": row.row,
                    **{
                        fact.name: fact.shown(cell, self.kinds.get(at, CellKinds.NOTHING))
                        for at, (fact, cell) in enumerate(zip(self.facts, row.cells, strict=True))
                    },
                    "loss": row.value if math.isfinite(row.value) else None,
                }
                for row in self.rows
            ],
        }


@dataclass(frozen=True, slots=True)
class WorstRows(Observer):
    """The worst rows of a unit."""

    unit: int
    limit: int = field(default=0, compare=False)
    better: str = field(default="lower", compare=False)
    facts: tuple[Fact, ...] = field(default=(), compare=False)
    by_slice = False

    def observe(self, block: MeasuredBlock, cut: CutKey) -> Worst:
        unit, used = block.units[self.unit], block.used.block
        values = unit.columns[0]
        ranks = -values if self.better == "lower" else values if self.better == "higher" else -abs(values)
        found = np.arange(len(ranks))
        if len(found) > self.limit:
            least = np.partition(ranks, self.limit - 1)[self.limit - 1]
            found = np.flatnonzero(ranks <= least)
        found = found[np.lexsort((unit.numbers[found], ranks[found]))][: self.limit]
        places = places_of(used.row_numbers(), unit.numbers[found])
        rows = [
            WorstRow(
                float(ranks[at]),
                int(unit.numbers[at]),
                float(values[at]),
                None if unit.weight is None else float(unit.weight[at]),
                tuple(fact.cell(used, place) for fact in self.facts),
            )
            for at, place in zip(found.tolist(), places.tolist(), strict=True)
        ]
        return Worst(rows, self.limit, self.facts, kinds_of(self.facts, used))
