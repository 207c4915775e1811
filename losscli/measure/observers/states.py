"""The state of a unit, and the second moments that an interval needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from losscli.measure.observers.observer import UnitObserver
from losscli.numbers.row_count import RowCount
from losscli.numbers.states import state_kind
from losscli.numbers.sums import Squares, Sums

if TYPE_CHECKING:
    from losscli.measure.observers.observer import CutKey, MeasuredBlock
    from losscli.statistics.spread import Spread


class UnitState(UnitObserver):
    """The state of a unit; sums come with how many rows are infinite."""

    __slots__ = ()
    by_group = True
    adds_up = True

    def observe(self, block: MeasuredBlock, cut: CutKey) -> Any | None:
        rows = block.units[self.unit]
        codes, groups = rows.cut(cut)
        if codes is not None and not len(codes):
            return None
        kind = state_kind(rows.loss.state)
        state = block.states.state(kind, rows.parts, rows.weight, rows.names, codes, groups)
        if not isinstance(state, Sums):
            return state
        rooted = any(isinstance(part, Squares) for part in rows.parts)
        if (rooted or not all(total.finite for total in state.totals)) and rows.infinite.any():
            here = None if codes is None else codes[rows.infinite]
            return replace(state, infinite=RowCount.of(rows.numbers[rows.infinite], here, groups))
        return state


@dataclass(frozen=True, slots=True)
class ConstantState(UnitObserver):
    """The state of a unit of best constants, by the one cut of the rows that they were found for."""

    slicing: int | None

    def observe(self, block: MeasuredBlock, cut: CutKey) -> Any | None:
        return UnitState(self.unit).observe(block, cut) if cut == self.slicing else None


class UnitSpread(UnitObserver):
    """Second moments of the columns of a unit that is kept in sums."""

    __slots__ = ()
    adds_up = True

    def observe(self, block: MeasuredBlock, cut: CutKey) -> Spread | None:
        from losscli.statistics.spread import Spread

        rows = block.units[self.unit]
        return Spread.of(rows.columns, rows.weight, *rows.cut(cut))
