"""How two units differ row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losscli.measure.observers.observer import Observer

if TYPE_CHECKING:
    from losscli.measure.observers.observer import CutKey, MeasuredBlock
    from losscli.measure.slices import SliceView
    from losscli.statistics.paired_difference import PairedDifference


@dataclass(frozen=True, slots=True)
class UnitDifference(Observer):
    """The paired difference of two units that measure one loss of two models."""

    base: int
    head: int
    better: str | None  # which rows are better (None: it cannot be told)
    times: SliceView | None = None  # the time of each row, where models are compared over time
    adds_up = True

    def observe(self, block: MeasuredBlock, cut: CutKey) -> PairedDifference:
        from losscli.statistics.paired_difference import PairedDifference

        base, head = block.units[self.base], block.units[self.head]
        kept = base.kept
        if kept is not head.kept and (
            kept is None or head.kept is None or not np.array_equal(kept, head.kept)
        ):
            return PairedDifference.of_unlike(base.rows.block.rows, *base.rows.cuts[cut])
        times = None if self.times is None else self.times.read(base.rows.block)
        times = times if times is None or kept is None else times[kept]
        return PairedDifference.of(
            base.columns, head.columns, base.weight, self.better, times, *base.cut(cut)
        )
