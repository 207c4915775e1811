"""How many rows were used, dropped, skipped or touched, and how many lack a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.measure.observers.observer import Observer
from losscli.numbers.by_group import added, number_at, rows_of
from losscli.numbers.row_count import RowCount

if TYPE_CHECKING:
    from losscli.measure.observers.observer import Cut, CutKey, MeasuredBlock
    from losscli.numbers.by_group import PerGroup
    from losscli.table.block import Mask


class Counts(NamedTuple):
    """Numbers of rows by what is said of them."""

    rows: Mapping[str, PerGroup]

    @classmethod
    def of(cls, masks: Mapping[str, Mask], cut: Cut) -> Counts | None:
        """Of the rows that each mask names; None where it is none."""
        rows = {}
        for name, mask in masks.items():
            codes = None if cut.codes is None else cut.codes[mask]
            rows[name] = rows_of(int(np.count_nonzero(mask)), codes, cut.groups)
        return cls(rows) if rows else None

    def merge(self, other: Counts) -> Counts:
        rows = dict(self.rows)
        for name, more in other.rows.items():
            rows[name] = added(rows[name], more) if name in rows else more
        return Counts(rows)

    def at(self, group: int) -> Counts:
        """Those of one group alone."""
        return Counts({name: found for name, rows in self.rows.items() if (found := number_at(rows, group))})


@dataclass(frozen=True, slots=True)
class UsedRows(Observer):
    """The rows that are measured."""

    by_group = True

    def observe(self, block: MeasuredBlock, cut: CutKey) -> RowCount:
        return RowCount(rows_of(block.used.block.rows, *block.used.cuts[cut]))


@dataclass(frozen=True, slots=True)
class LostRows(Observer):
    """Rows that were dropped for a missing value: a slice that lost its last row is still a slice."""

    def observe(self, block: MeasuredBlock, cut: CutKey) -> RowCount | None:
        return None if cut not in block.lost else RowCount(rows_of(0, *block.lost[cut]))


@dataclass(frozen=True, slots=True)
class LackingRows(Observer):
    """The rows that lack a value which a unit needs, where they are not left out."""

    unit: int

    def observe(self, block: MeasuredBlock, cut: CutKey) -> RowCount | None:
        if self.unit not in block.lacks:
            return None
        mask = block.lacks[self.unit]
        return RowCount.of(block.used.block.row_numbers()[mask], *block.used.cuts[cut].take(mask))


@dataclass(frozen=True, slots=True)
class SkippedRows(Observer):
    """The rows that the loss of a unit leaves out, by why."""

    unit: int

    def observe(self, block: MeasuredBlock, cut: CutKey) -> Counts | None:
        rows = block.units[self.unit]
        return Counts.of(rows.skipped, rows.rows.cuts[cut])


@dataclass(frozen=True, slots=True)
class TouchedRows(Observer):
    """The rows whose values a convention of the loss of a unit changes, by the convention."""

    unit: int

    def observe(self, block: MeasuredBlock, cut: CutKey) -> Counts | None:
        rows = block.units[self.unit]
        return Counts.of(rows.touched, rows.cut(cut))
