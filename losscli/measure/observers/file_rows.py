"""The rows of `--rows-out`: the columns of the file for each block.

The losses are those that enter the sums, so their bits are the same.  `rows` decides with the plan which columns there
are; `rowfile` writes the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losscli.measure.observers.facts import Fact, kinds_of, places_of
from losscli.measure.observers.observer import Observer
from losscli.table.block import AnyColumn, Block, Floats, Ints, NumberColumn, Place
from losscli.table.infer_type import CellKinds

if TYPE_CHECKING:
    from losscli.loss.declare import Loss
    from losscli.measure.observers.observer import CutKey, MeasuredBlock, UnitRows


@dataclass(frozen=True, slots=True)
class Residual:
    """Label minus prediction, where both are one column of numbers."""

    name: str
    label: Place
    pred: Place

    def column(self, block: Block) -> NumberColumn:
        """``pred`` less ``label`` in each row of a block; missing where either is."""
        label, pred = block.column(self.label), block.column(self.pred)
        assert isinstance(label, NumberColumn)
        assert isinstance(pred, NumberColumn)
        missing = [m for m in (label.missing, pred.missing) if m is not None]
        with np.errstate(all="ignore"):
            apart = label.values - pred.values
        return NumberColumn(apart, np.logical_or.reduce(missing) if missing else None)


@dataclass(frozen=True, slots=True)
class RowLoss:
    """The loss of a row, by the name of its column, and the unit that sums it."""

    name: str
    unit: int
    slopes: tuple[tuple[str, str, int | None], ...]  # name, role, column of the role
    loss: Loss  # whose slopes they are: a unit may be shared with a loss that is no mean


@dataclass(frozen=True, slots=True)
class RowTable:
    """Rows for a file: their numbers in PREDS, and the columns that `FileRows.columns` names."""

    numbers: Ints
    columns: tuple[AnyColumn, ...]
    kinds: Mapping[int, CellKinds]  # by the place of the fact


@dataclass(frozen=True, slots=True)
class FileRows(Observer):
    """All rows, for a file."""

    facts: tuple[Fact, ...]
    residuals: tuple[Residual, ...]
    losses: tuple[RowLoss, ...]
    by_slice = False
    streams = True

    def columns(self) -> Iterator[tuple[str, str]]:
        """Name and type of every column of the file: integer, number, text, or what its cells tell."""
        yield "row", "integer"
        for fact in self.facts:
            told = "told" if fact.cells is not None else "text"
            yield fact.name, "integer" if fact.integer else "number" if fact.number else told
        for residual in self.residuals:
            yield residual.name, "number"
        for loss in self.losses:
            yield loss.name, "number"
        for loss in self.losses:
            for name, _, _ in loss.slopes:
                yield name, "number"

    def observe(self, block: MeasuredBlock, cut: CutKey) -> tuple[RowTable, ...]:
        used = block.used.block
        numbers = used.row_numbers()
        slopes = [
            _filled(numbers, block.units[loss.unit], slope)
            for loss in self.losses
            for slope in _slopes(block.units[loss.unit], loss)
        ]
        columns = (
            *(fact.column(used) for fact in self.facts),
            *(residual.column(used) for residual in self.residuals),
            *(
                _filled(numbers, rows, rows.columns[0])
                for rows in (block.units[loss.unit] for loss in self.losses)
            ),
            *slopes,
        )
        return (RowTable(numbers, columns, kinds_of(self.facts, used)),)


def _slopes(rows: UnitRows, loss: RowLoss) -> list[Floats]:
    """The slopes of the loss of each row, by the columns that `RowLoss.slopes` names."""
    if not loss.slopes:
        return []
    from losscli.loss.gradient import gradient_rows

    with np.errstate(all="ignore"):
        found = gradient_rows(loss.loss, rows.roles, rows.params)
    return [found[role] if column is None else found[role][:, column] for _, role, column in loss.slopes]


def _filled(numbers: Ints, rows: UnitRows, values: Floats) -> NumberColumn:
    """The values at the places of their rows; missing for a row that enters no sum."""
    if len(rows.numbers) == len(numbers) and np.array_equal(rows.numbers, numbers):
        return NumberColumn(values, None)
    column, missing = np.full(len(numbers), np.nan), np.ones(len(numbers), bool)
    places = places_of(numbers, rows.numbers)
    column[places], missing[places] = values, False
    return NumberColumn(column, missing)
