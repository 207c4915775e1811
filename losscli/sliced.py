"""States by slice: side by side in arrays where a state is sums, one by one where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from losscli.exact import ExactSum
from losscli.lanes import LaneSums, added
from losscli.state import STATES, Names, Sums, earliest

if TYPE_CHECKING:
    from losscli.block import Floats, Ints


@dataclass(frozen=True, slots=True)
class SlicedSums:
    """`Sums` for each slice."""

    totals: tuple[LaneSums, ...]
    weight: LaneSums | None  # None: rows weigh one
    rows: Ints
    infinite: Mapping[int, tuple[int, int | None]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, columns: Sequence[Floats], weight: Floats | None, codes: Ints, slices: int, row_numbers: Ints
    ) -> Self:
        rows = np.bincount(codes, minlength=slices)
        if weight is None:
            totals = tuple(LaneSums.of(column, codes, slices) for column in columns)
            lanes = None
        else:
            totals = tuple(LaneSums.of_products(weight, column, codes, slices) for column in columns)
            lanes = LaneSums.of(weight, codes, slices)
        infinite = {}
        if any(not held.finite for total in totals for held in total.others.values()):
            far = ~np.logical_and.reduce([np.isfinite(column) for column in columns])
            for code in np.unique(codes[far]).tolist():
                here = np.flatnonzero(far & (codes == code))
                infinite[code] = (len(here), int(row_numbers[here].min()))
        return cls(totals, lanes, rows, infinite)

    def merge(self, other: Self) -> Self:
        infinite = dict(self.infinite)
        for code, (count, first) in other.infinite.items():
            known, earlier = infinite.get(code, (0, None))
            infinite[code] = (known + count, earliest(earlier, first))
        return type(self)(
            tuple(mine.merge(theirs) for mine, theirs in zip(self.totals, other.totals, strict=True)),
            None if self.weight is None or other.weight is None else self.weight.merge(other.weight),
            added(self.rows, other.rows),
            infinite,
        )

    def at(self, code: int) -> Sums | None:
        """The state of one slice; None where it has no rows."""
        rows = int(self.rows[code]) if code < len(self.rows) else 0
        if not rows:
            return None
        weight = ExactSum.of_int(rows) if self.weight is None else self.weight.at(code)
        return Sums(
            tuple(total.at(code) for total in self.totals), weight, rows, *self.infinite.get(code, (0, None))
        )


@dataclass(frozen=True, slots=True)
class SlicedStates:
    """Any state for each slice."""

    states: Mapping[int, Any]

    @classmethod
    def of(cls, state: str, columns: Sequence[Any], weight: Floats | None, names: Names, codes: Ints) -> Self:
        if not len(codes):
            return cls({})
        order = np.argsort(codes, kind="stable")
        met, starts = np.unique(codes[order], return_index=True)
        found = {}
        for code, rows in zip(met.tolist(), np.split(order, starts[1:]), strict=True):
            here = None if weight is None else weight[rows]
            found[code] = STATES[state].of([column[rows] for column in columns], here, names)
        return cls(found)

    def merge(self, other: Self) -> Self:
        states = dict(self.states)
        for code, state in other.states.items():
            states[code] = states[code].merge(state) if code in states else state
        return type(self)(states)

    def at(self, code: int) -> Any | None:
        return self.states.get(code)


Sliced: TypeAlias = SlicedSums | SlicedStates


@dataclass(frozen=True, slots=True)
class Missing:
    """Rows that lack a value, and the first of them."""

    count: int
    first_row: int

    def merge(self, other: Missing) -> Missing:
        return Missing(self.count + other.count, min(self.first_row, other.first_row))


@dataclass(slots=True)
class SliceTally:
    """What is known of the rows of every slice of one slicing."""

    used: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    states: dict[int, Any] = field(default_factory=dict)
    touched: dict[tuple[int, str], Ints] = field(default_factory=dict)
    skipped: dict[tuple[int, str], Ints] = field(default_factory=dict)
    missing: dict[tuple[int, int], Missing] = field(default_factory=dict)  # by unit and slice
    spreads: dict[int, SlicedStates] = field(default_factory=dict)  # where intervals are asked for
    duels: dict[int, SlicedStates] = field(default_factory=dict)  # by the place of the pair of units

    def merge(self, other: SliceTally) -> None:
        self.used = added(self.used, other.used)
        for unit, sliced in other.states.items():
            self.states[unit] = self.states[unit].merge(sliced) if unit in self.states else sliced
        for held, more in ((self.spreads, other.spreads), (self.duels, other.duels)):
            for at, one in more.items():
                held[at] = held[at].merge(one) if at in held else one
        for mine, theirs in ((self.touched, other.touched), (self.skipped, other.skipped)):
            for key, counts in theirs.items():
                mine[key] = added(mine[key], counts) if key in mine else counts
        for place, missing in other.missing.items():
            self.missing[place] = self.missing[place].merge(missing) if place in self.missing else missing
