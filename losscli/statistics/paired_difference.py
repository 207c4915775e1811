"""Two models on the same rows: how their losses vary together, and who is better how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from losscli.statistics.intervals import Spread, ends_of

if TYPE_CHECKING:
    from losscli.numbers.state import Sums
    from losscli.statistics.series import Series
    from losscli.table.block import Floats, Ints


@dataclass(frozen=True, slots=True)
class ComparedUnits:
    """Two units that measure one loss of two models; ``better`` says which rows are (None: it cannot)."""

    base: int
    head: int
    better: str | None


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Second moments of the columns of both, and in how many rows either is better.

    ``spread`` is None where the two did not count the same rows; ``series`` where no time is asked for.
    """

    spread: Spread | None
    wins: int = 0  # of the head
    losses: int = 0
    counted: bool = False  # whether rows can be told to be better or worse
    series: Series | None = None

    @classmethod
    def unlike(cls) -> Self:
        return cls(None)

    @classmethod
    def of(
        cls,
        base: Sequence[Floats],
        head: Sequence[Floats],
        weight: Floats | None,
        better: str | None,
        times: Ints | None = None,
    ) -> Self:
        spread = Spread.of([*base, *head], weight)
        if better is None or len(base) > 1 or len(head) > 1:
            return cls(spread)
        with np.errstate(all="ignore"):
            apart = head[0] - base[0]
            spread = replace(spread, ends=ends_of(apart if weight is None else apart * weight, weight))
        one, other = (_badness(columns[0], better) for columns in (base, head))
        series = None
        if times is not None:
            from losscli.statistics.series import Series

            series = Series((times,), (apart,))
        wins, losses = (int(np.count_nonzero(found)) for found in (other < one, other > one))
        return cls(spread, wins, losses, True, series)

    def merge(self, other: Self) -> Self:
        if self.spread is None or other.spread is None:
            return type(self)(None)
        return type(self)(
            self.spread.merge(other.spread),
            self.wins + other.wins,
            self.losses + other.losses,
            self.counted and other.counted,
            None if self.series is None or other.series is None else self.series.merge(other.series),
        )

    def of_rates(self, states: Sequence[Sums]) -> bool:
        """Whether every row of both is 0 or 1: there the sum of squares is the sum itself."""
        if self.spread is None or not self.counted:
            return False
        squares = (self.spread.products[0], self.spread.products[2])
        return all(
            square.fraction == state.totals[0].fraction for square, state in zip(squares, states, strict=True)
        )


def _badness(column: Floats, better: str) -> Floats:
    """What is greater where a row is worse."""
    if better == "higher":
        return -column
    if better == "lower":
        return column
    found: Floats = np.abs(column - (1.0 if better == "one" else 0.0))
    return found
