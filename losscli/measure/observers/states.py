"""The state of a unit, the second moments that an interval needs, and how two units differ row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.measure.observers.observer import Observer, UnitObserver
from losscli.numbers.row_count import RowCount
from losscli.numbers.states import STATES
from losscli.numbers.sums import Squares, Sums

if TYPE_CHECKING:
    from losscli.measure.observers.observer import CutKey, MeasuredBlock
    from losscli.measure.slices import SliceView
    from losscli.statistics.paired_difference import PairedDifference
    from losscli.statistics.spread import Spread


class UnitState(UnitObserver):
    """The state of a unit; sums come with how many rows are infinite."""

    __slots__ = ()
    by_group = True
    adds_up = True

    def observe(self, block: MeasuredBlock, cut: CutKey) -> Any | None:
        rows = block.units[self.unit]
        codes, groups = rows.cut(cut)
        if not groups:
            return None
        kind = STATES[rows.loss.state]
        state = block.states.state(kind, rows.parts, rows.weight, rows.names, codes, groups)
        if not isinstance(state, Sums):
            return state
        rooted = any(isinstance(part, Squares) for part in rows.parts)
        if (rooted or not all(total.finite for total in state.totals)) and rows.infinite.any():
            here = None if codes is None else codes[rows.infinite]
            return replace(state, infinite=RowCount.of(rows.numbers[rows.infinite], here, groups))
        return state


class UnitSpread(UnitObserver):
    """Second moments of the columns of a unit that is kept in sums."""

    __slots__ = ()
    adds_up = True

    def observe(self, block: MeasuredBlock, cut: CutKey) -> Spread | None:
        from losscli.statistics.spread import Spread

        rows = block.units[self.unit]
        return Spread.of(rows.columns, rows.weight, *rows.cut(cut))


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
