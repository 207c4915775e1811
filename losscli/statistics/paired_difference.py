"""Two models on the same rows: how their losses vary together, and who is better how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from losscli.numbers.fields import COUNT, STATE, Nested, PerGroup, State, rows_of
from losscli.numbers.values import Values
from losscli.statistics.spread import Ends, Spread

if TYPE_CHECKING:
    from losscli.numbers.sums import Sums
    from losscli.table.block import Floats, Ints, Mask


@dataclass(frozen=True, slots=True)
class PairedDifference(State):
    """Second moments of the columns of both, and in how many rows either is better."""

    spread: Spread | None
    wins: PerGroup  # of the head
    losses: PerGroup
    unlike: PerGroup  # rows of blocks in which the two did not count the same rows
    series: Values | None = None  # the number of each row, and by how much its losses differ
    FIELDS: ClassVar = {
        "spread": Nested(Spread.from_json), "wins": COUNT, "losses": COUNT, "unlike": COUNT, "series": STATE,
    }  # fmt: skip

    @property
    def counted(self) -> bool:
        """Whether rows can be told to be better or worse: there the rows at the ends are kept too."""
        return self.spread is not None and self.spread.ends is not None

    @classmethod
    def of_unlike(cls, rows: int, codes: Ints | None, groups: int) -> Self:
        """The state of a block in which the two models do not count the same rows: nothing is compared."""
        none = 0 if codes is None else np.zeros(groups, dtype=np.int64)
        return cls(None, none, none, rows_of(rows, codes, groups))

    @classmethod
    def of(
        cls, base: Sequence[Floats], head: Sequence[Floats], weight: Floats | None, better: str | None,
        numbers: Ints | None, codes: Ints | None, groups: int,
    ) -> Self:  # fmt: skip
        """The moments of rows of both models, columns (n,) each, and in how many each is better."""
        spread = Spread.of([*base, *head], weight, codes, groups)
        none = 0 if codes is None else np.zeros(groups, dtype=np.int64)
        if better is None or len(base) > 1 or len(head) > 1:
            return cls(spread, none, none, none)
        with np.errstate(all="ignore"):
            apart = head[0] - base[0]
            ends = Ends.of(apart if weight is None else apart * weight, weight, codes, groups)
        one, other = (_badness(columns[0], better) for columns in (base, head))
        wins, losses = (_count(found, codes, groups) for found in (other < one, other > one))
        series = None if numbers is None else Values.of([numbers, apart], None, None, codes, groups)
        return cls(replace(spread, ends=ends), wins, losses, none, series)

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
