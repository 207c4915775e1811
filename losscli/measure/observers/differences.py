"""How two units differ row by row, and the times of rows, which put the differences in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losscli.measure.observers.observer import Observer
from losscli.table.block import ClassColumn

if TYPE_CHECKING:
    from losscli.measure.observers.observer import CutKey, MeasuredBlock
    from losscli.statistics.paired_difference import PairedDifference
    from losscli.statistics.series import TimedRows
    from losscli.table.block import Place


@dataclass(frozen=True, slots=True)
class UnitDifference(Observer):
    """The paired difference of two units that measure one loss of two models."""

    base: int
    head: int
    better: str | None  # which rows are better (None: it cannot be told)
    timed: bool  # whether the difference of each row is kept with the number of the row
    adds_up = True

    def observe(self, block: MeasuredBlock, cut: CutKey) -> PairedDifference:
        from losscli.statistics.paired_difference import PairedDifference

        base, head = block.units[self.base], block.units[self.head]
        kept = base.kept
        if kept is not head.kept and (
            kept is None or head.kept is None or not np.array_equal(kept, head.kept)
        ):
            return PairedDifference.of_unlike(base.rows.block.rows, *base.rows.cuts[cut])
        numbers = base.numbers if self.timed else None
        return PairedDifference.of(
            base.columns, head.columns, base.weight, self.better, numbers, *base.cut(cut)
        )


@dataclass(frozen=True, slots=True)
class RowTimes(Observer):
    """The time of each row."""

    column: Place
    by_slice = False

    def observe(self, block: MeasuredBlock, cut: CutKey) -> TimedRows:
        from losscli.statistics.series import TimedRows

        used = block.used.block
        times = used.column(self.column)
        assert isinstance(times, ClassColumn)
        assert times.values is not None
        return TimedRows.of(used.row_numbers(), times.codes, times.values)
