"""Two models on the same rows: how their losses vary together, and who is better how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from losscli.numbers.by_group import PerGroup, added, number_at, rows_of
from losscli.numbers.row_count import merged
from losscli.numbers.values import Values
from losscli.statistics.spread import Ends, Spread

if TYPE_CHECKING:
    from losscli.numbers.sums import Sums
    from losscli.table.block import Floats, Ints, Mask


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Second moments of the columns of both, and in how many rows either is better."""

    spread: Spread | None = None
    wins: PerGroup = 0  # of the head
    losses: PerGroup = 0
    counted: bool = False  # whether rows can be told to be better or worse
    series: Values | None = (
        None  # the time of each row, and by how much the losses differ; None without times
    )
    unlike: PerGroup = 0  # rows of blocks of which the two did not count the same rows

    @classmethod
    def of_unlike(cls, rows: int, codes: Ints | None = None, groups: int = 1) -> Self:
        """Of rows of which the two models do not count the same: nothing is compared."""
        none = 0 if codes is None else np.zeros(groups, dtype=np.int64)
        return cls(None, none, none, unlike=rows_of(rows, codes, groups))

    @classmethod
    def of(
        cls, base: Sequence[Floats], head: Sequence[Floats], weight: Floats | None, better: str | None,
        times: Ints | None = None, codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        spread = Spread.of([*base, *head], weight, codes, groups)
        none = 0 if codes is None else np.zeros(groups, dtype=np.int64)
        if better is None or len(base) > 1 or len(head) > 1:
            return cls(spread, none, none, unlike=none)
        with np.errstate(all="ignore"):
            apart = head[0] - base[0]
            ends = Ends.of(apart if weight is None else apart * weight, weight, codes, groups)
        one, other = (_badness(columns[0], better) for columns in (base, head))
        wins, losses = (_count(found, codes, groups) for found in (other < one, other > one))
        series = None if times is None else Values.of([times, apart], None, None, codes, groups)
        return cls(replace(spread, ends=ends), wins, losses, True, series, none)

    def merge(self, other: Self) -> Self:
        return type(self)(
            merged(self.spread, other.spread),
            added(self.wins, other.wins),
            added(self.losses, other.losses),
            self.counted or other.counted,
            merged(self.series, other.series),
            added(self.unlike, other.unlike),
        )

    def at(self, group: int) -> Self:
        """That of one group alone."""
        return type(self)(
            None if self.spread is None else self.spread.at(group),
            number_at(self.wins, group),
            number_at(self.losses, group),
            self.counted,
            None if self.series is None else self.series.at(group),
            number_at(self.unlike, group),
        )

    def of_rates(self, states: Sequence[Sums]) -> bool:
        """Whether every row of both is 0 or 1: there the sum of squares is the sum itself."""
        if self.spread is None or not self.counted:
            return False
        squares = (self.spread.products[0], self.spread.products[2])
        return all(
            square.fraction == state.totals[0].fraction for square, state in zip(squares, states, strict=True)
        )


def _count(rows: Mask, codes: Ints | None, groups: int) -> PerGroup:
    if codes is None:
        return int(np.count_nonzero(rows))
    return np.bincount(codes[rows], minlength=groups)


def _badness(column: Floats, better: str) -> Floats:
    """What is greater where a row is worse."""
    if better == "higher":
        return -column
    if better == "lower":
        return column
    found: Floats = np.abs(column - (1.0 if better == "one" else 0.0))
    return found
