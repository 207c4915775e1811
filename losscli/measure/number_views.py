"""Views that read columns of numbers, and of text."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from losscli.loss.domains import Binary, Interval, Simplex, Vector, number
from losscli.measure.adapt import DOMAIN, SUM, AdaptedBlock, View, read
from losscli.measure.class_columns import TextArray, texts_of
from losscli.table.block import Block, Floats, Ints, Mask, NumberColumn, Place
from losscli.table.violations import Violation, ViolationKind

if TYPE_CHECKING:
    from losscli.measure.slices import SliceView

# How far the probabilities of a row may sum from one: rounding, and what is worth an error.
SUM_ROUNDING, SUM_ERROR = 1.5e-8, 1e-3
BOUND_ROUNDINGS = 8
"""By how many roundings a probability of a short float may lie beside 0 or 1, and is taken for it."""


@dataclass(frozen=True, slots=True)
class NumberView:
    """One column of numbers inside an interval.

    ``rounding``: that of the file's type, relative, where it holds probabilities in short floats.
    """

    of_classes: ClassVar[bool] = False
    column: Place
    domain: Interval
    asked_by: str = field(compare=False)
    stage: int = DOMAIN
    rounding: float = 0.0

    def __hash__(self) -> int:
        # Views are looked up for every block; a hash of all that they hold would cost as much as a pass.
        return hash(self.column)

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.column,)

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        column = block.column(self.column)
        assert isinstance(column, NumberColumn)
        values = column.values
        outside = self.domain.outside(values, finite=column.finite)
        if outside is not None and self.rounding:
            slack = BOUND_ROUNDINGS * self.rounding
            near = outside & (values >= self.domain.low - slack) & (values <= self.domain.high + slack)
            if near.any():
                reading.touched[self] = {"rounded": near}
                values = np.where(near, np.clip(values, self.domain.low, self.domain.high), values)
                outside = self.domain.outside(values)
        if outside is not None:
            refuse_outside(self, self.stage, block, values, outside, reading)
        return values


@dataclass(frozen=True, slots=True)
class NotBelowView:
    """One column of numbers that is nowhere below another, such as the upper end of an interval."""

    of_classes: ClassVar[bool] = False
    view: NumberView
    least: NumberView
    roles: tuple[str, str]  # of the other, and of this one

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.view.column, self.least.column)

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        values, least = read(self.view, block, reading), read(self.least, block, reading)
        below = (values < least) & np.isfinite(values) & np.isfinite(least)
        if below.any():
            (at, row), (low, high) = block.first(below, self.view.column[0]), self.roles
            reading.faults.add(ViolationKind(DOMAIN, self.view.column, f"{low} <= {high}"), Violation(
                row, f"{number(values[at])} is below the {low} of the row, {number(least[at])}",
                f"`{self.view.asked_by}` needs {low} <= {high} in every row", "are the wrong way round",
                f"`--pred {low}=COLUMN,{high}=COLUMN` says which is which", int(np.count_nonzero(below)),
            ))  # fmt: skip
        found: Floats = values
        return found


@dataclass(frozen=True, slots=True)
class TextView:
    """One column as text; a missing value is empty."""

    of_classes: ClassVar[bool] = False
    column: Place

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.column,)

    def read(self, block: Block, reading: AdaptedBlock) -> TextArray:
        return texts_of(block.column(self.column))


@dataclass(frozen=True, slots=True)
class ColumnsView:
    """Several columns of numbers as one array, (n, C); the columns lie one after another."""

    of_classes: ClassVar[bool] = False
    columns: tuple[Place, ...]
    domain: Interval | Simplex
    asked_by: str = field(compare=False)
    rounding: float = 0.0

    @property
    def places(self) -> tuple[Place, ...]:
        return self.columns

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        laid = np.empty((len(self.columns), block.rows))
        for place, column in enumerate(self.columns):
            part = NumberView(column, self._cell, self.asked_by, rounding=self.rounding)
            laid[place] = part.read(block, reading)
            for name, mask in reading.touched.pop(part, {}).items():
                held = reading.touched.setdefault(self, {})
                held[name] = mask | held.get(name, False)
        if isinstance(self.domain, Simplex) and block.rows:
            self._sums(block, laid, reading)
        if isinstance(self.domain, Vector) and (laid == 0.0).all(axis=0).any():
            nowhere: Mask = np.logical_and.reduce(laid == 0.0)
            reading.faults.add(ViolationKind(DOMAIN, self.columns[0], "zeros"), Violation(
                block.first(nowhere, self.columns[0][0])[1], "the vector of the row is 0 throughout",
                f"`{self.asked_by}` needs {self.domain}", "are 0 throughout",
                f"`{self.asked_by}:zero=skip` leaves such rows out and counts them",
                int(np.count_nonzero(nowhere)),
            ))  # fmt: skip
        return laid.T

    @property
    def _cell(self) -> Interval:
        return Interval(0.0, 1.0) if isinstance(self.domain, Simplex) else self.domain

    def _sums(self, block: Block, laid: Floats, reading: AdaptedBlock) -> None:
        total = laid.sum(axis=0)
        off = np.abs(total - 1.0)
        rounding = max(SUM_ROUNDING, math.sqrt(self.rounding))
        if off.max() <= rounding:
            return
        reading.touched.setdefault(self, {})["sum_not_one"] = off > rounding
        wrong = off > max(SUM_ERROR, rounding)
        if wrong.any():
            at, row = block.first(wrong, self.columns[0][0])
            hint = "for raw scores add `--from-logits`; else name all class columns with `--pred`"
            reading.faults.add(ViolationKind(SUM, self.columns[0], "sum"), Violation(
                row, f"the probabilities of the row sum to {float(total[at])!r}, not to 1",
                f"`{self.asked_by}` needs {self.domain}", "do not", hint, int(np.count_nonzero(wrong)),
            ))  # fmt: skip


@dataclass(frozen=True, slots=True)
class GreatestView:
    """The place of the greatest of several class columns, the first one where several are."""

    of_classes: ClassVar[bool] = False
    columns: ColumnsView

    @property
    def places(self) -> tuple[Place, ...]:
        return self.columns.places

    def read(self, block: Block, reading: AdaptedBlock) -> Ints:
        laid = read(self.columns, block, reading).T
        codes: Ints = laid.argmax(axis=0)
        tied = np.count_nonzero(laid == laid.max(axis=0, initial=-np.inf), axis=0) > 1
        if tied.any():
            reading.touched[self] = {"tied": tied}
        return codes


@dataclass(frozen=True, eq=False, slots=True)
class ConstantView:
    """One prediction for all rows, or for all rows of a group of slices, in place of those of another view."""

    of_classes: ClassVar[bool] = False
    values: Floats  # a row for each group
    several: bool  # the role is several columns
    groups: Ints  # the group of each slice, by its code
    slicing: SliceView | None
    instead: View

    @property
    def places(self) -> tuple[Place, ...]:
        return self.instead.places

    def read(self, block: Block, reading: AdaptedBlock) -> Floats:
        laid: Floats = self.values.T[:, groups_of(block, self.groups, self.slicing)]
        return laid.T if self.several else laid[0]


def groups_of(block: Block, groups: Ints, slicing: SliceView | None) -> Ints:
    """The group of each row of a block, by its slice."""
    if slicing is None:
        return np.zeros(block.rows, dtype=np.int64)
    found: Ints = groups[slicing.read(block)]
    return found


class BoundedView(Protocol):
    """A view of one column of numbers inside a domain."""

    @property
    def column(self) -> Place: ...

    @property
    def domain(self) -> Interval | Binary: ...

    @property
    def asked_by(self) -> str: ...


def refuse_outside(
    view: BoundedView, stage: int, block: Block, values: Floats, outside: Mask, reading: AdaptedBlock
) -> None:
    """Values outside their domain are violations of that stage of the work."""
    at, row = block.first(outside, view.column[0])
    reading.faults.add(ViolationKind(stage, view.column, f"{view.domain}"), Violation(
        row, f"{number(values[at])} is not in {view.domain}",
        f"`{view.asked_by}` needs {view.domain}", "are outside", _advice(view, float(values[at])),
        int(np.count_nonzero(outside)),
    ))  # fmt: skip


def _advice(view: BoundedView, value: float) -> str | None:
    """What a user with such a value most likely meant."""
    if view.domain == Interval(0.0, 1.0):
        if 1.0 < value <= 100.0:
            return "if this is percent, divide by 100; if the column holds raw scores, add `--from-logits`"
        return "if the column holds raw scores (logits), add `--from-logits`"
    if isinstance(view.domain, Interval) and view.domain.without == 0.0 == value:
        return f"`{view.asked_by}:zero=skip` leaves such rows out and counts them; `mae` needs no division"
    return None
