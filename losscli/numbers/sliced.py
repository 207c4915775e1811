"""States by slice: side by side in arrays where a state is sums, one by one where it is not."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from losscli.numbers.exact import ExactSum
from losscli.numbers.grouped_sums import GroupedSums, added
from losscli.numbers.state import (
    BYTES_A_CLASS,
    PLACE,
    Confusion,
    Extremes,
    Joined,
    Moments,
    Names,
    Squares,
    Sums,
    cells_of,
    distinct,
    earliest,
    joined_classes,
    moved_cells,
)

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints

PAIR = 32
"""The bits of a cell of sliced tables that say which pair of classes it counts."""


@dataclass(frozen=True, slots=True)
class SlicedSums:
    """`Sums` for each slice."""

    totals: tuple[GroupedSums, ...]
    weight: GroupedSums | None  # None: rows weigh one
    rows: Ints
    infinite: Mapping[int, tuple[int, int | None]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        columns: Sequence[Floats | Squares],
        weight: Floats | None,
        codes: Ints,
        row_numbers: Ints | None = None,
    ) -> Self:
        """With the numbers of the rows, infinite ones are counted and the first is known."""
        rows = np.bincount(codes)
        slices = len(rows)
        totals = tuple(_totals(column, weight, codes, slices) for column in columns)
        lanes = None if weight is None else GroupedSums.of(weight, codes, slices)
        infinite = {}
        if row_numbers is not None and any(
            not held.finite for total in totals for held in total.others.values()
        ):
            far = ~np.logical_and.reduce(
                [np.isfinite(c.rows if isinstance(c, Squares) else c) for c in columns]
            )
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
        totals = tuple(total.at(code) for total in self.totals)
        return Sums(totals, _weight_at(self.weight, code, rows), rows, *self.infinite.get(code, (0, None)))


@dataclass(frozen=True, slots=True)
class SlicedMoments:
    """`Moments` for each slice."""

    sums: tuple[GroupedSums, ...]  # of y, f, yy, ff and yf
    weight: GroupedSums | None  # None: rows weigh one
    rows: Ints

    @classmethod
    def of(cls, columns: Sequence[Floats], weight: Floats | None, codes: Ints) -> Self:
        y, f = columns
        rows = np.bincount(codes)
        if weight is None:
            first = [GroupedSums.of(x, codes, len(rows)) for x in (y, f)]
            second = [GroupedSums.of_products(*pair, codes, len(rows)) for pair in ((y, y), (f, f), (y, f))]
            return cls((*first, *second), None, rows)
        first = [GroupedSums.of_products(weight, x, codes, len(rows)) for x in (y, f)]
        second = [
            GroupedSums.of_triples(weight, *pair, codes, len(rows)) for pair in ((y, y), (f, f), (y, f))
        ]
        return cls((*first, *second), GroupedSums.of(weight, codes, len(rows)), rows)

    def merge(self, other: Self) -> Self:
        return type(self)(
            tuple(mine.merge(theirs) for mine, theirs in zip(self.sums, other.sums, strict=True)),
            None if self.weight is None or other.weight is None else self.weight.merge(other.weight),
            added(self.rows, other.rows),
        )

    def at(self, code: int) -> Moments | None:
        """The state of one slice; None where it has no rows."""
        rows = int(self.rows[code]) if code < len(self.rows) else 0
        if not rows:
            return None
        y, f, yy, ff, yf = (held.at(code) for held in self.sums)
        return Moments(_weight_at(self.weight, code, rows), y, f, yy, ff, yf, rows)


@dataclass(frozen=True, slots=True)
class SlicedExtremes:
    """`Extremes` for each slice."""

    lows: tuple[Floats, ...]
    highs: tuple[Floats, ...]
    weight: GroupedSums | None  # None: rows weigh one
    rows: Ints

    @classmethod
    def of(cls, columns: Sequence[Floats], weight: Floats | None, codes: Ints) -> Self:
        rows = np.bincount(codes)
        lows = tuple(np.full(len(rows), np.inf) for _ in columns)
        highs = tuple(np.full(len(rows), -np.inf) for _ in columns)
        for column, low, high in zip(columns, lows, highs, strict=True):
            np.minimum.at(low, codes, column)
            np.maximum.at(high, codes, column)
        return cls(lows, highs, None if weight is None else GroupedSums.of(weight, codes, len(rows)), rows)

    def merge(self, other: Self) -> Self:
        return type(self)(
            tuple(_by_place(np.minimum, *pair) for pair in zip(self.lows, other.lows, strict=True)),
            tuple(_by_place(np.maximum, *pair) for pair in zip(self.highs, other.highs, strict=True)),
            None if self.weight is None or other.weight is None else self.weight.merge(other.weight),
            added(self.rows, other.rows),
        )

    def at(self, code: int) -> Extremes | None:
        """The state of one slice; None where it has no rows."""
        rows = int(self.rows[code]) if code < len(self.rows) else 0
        if not rows:
            return None
        lows, highs = (tuple(float(column[code]) for column in side) for side in (self.lows, self.highs))
        return Extremes(lows, highs, _weight_at(self.weight, code, rows), rows)


@dataclass(frozen=True, slots=True)
class SlicedConfusion:
    """`Confusion` for each slice: the cells of all tables that hold rows, in the order of the slices."""

    names: tuple[int | str, ...]  # of the classes
    pairs: Ints  # of classes, ascending, as `Confusion.places`
    cells: Ints  # ascending: the slice in the bits from PAIR on, the place of the pair in those below
    counts: Ints  # the rows of each cell
    weights: GroupedSums | None  # by the place of the cell; None: rows weigh one
    weight: GroupedSums | None
    rows: Ints

    @classmethod
    def of(cls, columns: Sequence[Ints], weight: Floats | None, names: Names, codes: Ints) -> Self:
        rows = np.bincount(codes)
        label, pred = columns
        classes, pairs, at = cells_of(label, pred, names)
        held, places = distinct(codes * len(pairs) + at, len(rows) * len(pairs))
        return cls(
            classes,
            pairs,
            (held // len(pairs) << PAIR) + held % len(pairs),
            np.bincount(places, minlength=len(held)),
            None if weight is None else GroupedSums.of(weight, places, len(held)),
            None if weight is None else GroupedSums.of(weight, codes, len(rows)),
            rows,
        )

    def merge(self, other: Self) -> Self:
        names, moved = joined_classes(self.names, other.names)
        pairs, places = np.unique(
            np.concatenate((self.pairs, moved_cells(other.pairs, moved))), return_inverse=True
        )
        mine, theirs = (
            (held.cells >> PAIR << PAIR) + at[held.cells & ((1 << PAIR) - 1)]
            for held, at in ((self, places[: len(self.pairs)]), (other, places[len(self.pairs) :]))
        )
        cells, places = np.unique(np.concatenate((mine, theirs)), return_inverse=True)
        ours, theirs = places[: len(self.cells)], places[len(self.cells) :]
        counts = np.zeros(len(cells), dtype=np.int64)
        counts[ours] = self.counts
        counts[theirs] += other.counts
        if self.weights is None or other.weights is None or self.weight is None or other.weight is None:
            weights = weight = None
        else:
            weights = self.weights.placed(ours, len(cells)).merge(other.weights.placed(theirs, len(cells)))
            weight = self.weight.merge(other.weight)
        return type(self)(names, pairs, cells, counts, weights, weight, added(self.rows, other.rows))

    @property
    def bytes_held(self) -> int:
        """About what the tables of all slices take."""
        lanes = 0 if self.weights is None else len(self.weights.limbs)
        return 8 * (len(self.pairs) + (2 + lanes) * len(self.cells)) + BYTES_A_CLASS * len(self.names)

    def at(self, code: int) -> Confusion | None:
        """The state of one slice; None where it has no rows."""
        rows = int(self.rows[code]) if code < len(self.rows) else 0
        if not rows:
            return None
        first, last = self.cells.searchsorted((code << PAIR, code + 1 << PAIR)).tolist()
        pairs = self.pairs[self.cells[first:last] & ((1 << PAIR) - 1)]
        labels, preds = pairs >> PLACE, pairs & ((1 << PLACE) - 1)
        used = np.unique(np.concatenate((labels, preds)))
        return Confusion(
            tuple([self.names[place] for place in used.tolist()]),
            used.searchsorted(labels) << PLACE | used.searchsorted(preds),
            self.counts[first:last] if self.weights is None else self.weights.part(first, last),
            _weight_at(self.weight, code, rows),
            rows,
        )


@dataclass(frozen=True, slots=True)
class SlicedJoined:
    """A state that joins several, for each slice."""

    kind: type[Joined]
    states: tuple[Any, ...]

    @classmethod
    def of(cls, kind: type[Joined], columns: Sequence[Floats], weight: Floats | None, codes: Ints) -> Self:
        return cls(
            kind,
            tuple(IN_LANES[part].of([columns[i] for i in at], weight, codes) for part, at in kind.LAYOUT),
        )

    def merge(self, other: Self) -> Self:
        states = zip(self.states, other.states, strict=True)
        return type(self)(self.kind, tuple(mine.merge(theirs) for mine, theirs in states))

    def at(self, code: int) -> Joined | None:
        """The state of one slice; None where it has no rows."""
        states = tuple(state.at(code) for state in self.states)
        return None if states[0] is None else self.kind(states)


IN_LANES: dict[Any, Any] = {Sums: SlicedSums, Moments: SlicedMoments, Extremes: SlicedExtremes}
"""States that are kept side by side in arrays, and as what."""


def sliced(
    kind: Any, columns: Sequence[Any], weight: Floats | None, names: Names, codes: Ints, row_numbers: Ints
) -> Sliced:
    """A state for each code, from the columns of a row function; there must be rows."""
    if kind is Sums:
        return SlicedSums.of(columns, weight, codes, row_numbers)
    if kind in IN_LANES:
        found: Sliced = IN_LANES[kind].of(columns, weight, codes)
        return found
    if kind is Confusion:
        return SlicedConfusion.of(columns, weight, names, codes)
    if issubclass(kind, Joined):
        return SlicedJoined.of(kind, columns, weight, codes)
    return SlicedStates.of(kind, columns, weight, names, codes)


def _totals(column: Floats | Squares, weight: Floats | None, codes: Ints, slices: int) -> GroupedSums:
    if isinstance(column, Squares):
        rows, roots = column
        near = _totals(rows, weight, codes, slices)
        if weight is None:
            return near.merge(GroupedSums.of_products(roots, roots, codes, slices))
        return near.merge(GroupedSums.of_triples(weight, roots, roots, codes, slices))
    if weight is None:
        return GroupedSums.of(column, codes, slices)
    return GroupedSums.of_products(weight, column, codes, slices)


def _weight_at(weight: GroupedSums | None, code: int, rows: int) -> ExactSum:
    return ExactSum.of_int(rows) if weight is None else weight.at(code)


def _by_place(choose: np.ufunc, one: Floats, other: Floats) -> Floats:
    """The lesser or greater of two numbers at each place, the shorter array continued with nothing."""
    if len(one) < len(other):
        one, other = other, one
    found = one.copy()
    choose(found[: len(other)], other, out=found[: len(other)])
    return found


@dataclass(frozen=True, slots=True)
class SlicedStates:
    """Any state for each slice."""

    states: Mapping[int, Any]

    @classmethod
    def of(cls, kind: Any, columns: Sequence[Any], weight: Floats | None, names: Names, codes: Ints) -> Self:
        order = np.argsort(codes, kind="stable")
        met, starts = np.unique(codes[order], return_index=True)
        found = {}
        for code, rows in zip(met.tolist(), np.split(order, starts[1:]), strict=True):
            here = None if weight is None else weight[rows]
            found[code] = kind.of([column[rows] for column in columns], here, names)
        return cls(found)

    def merge(self, other: Self) -> Self:
        states = dict(self.states)
        for code, state in other.states.items():
            states[code] = states[code].merge(state) if code in states else state
        return type(self)(states)

    def at(self, code: int) -> Any | None:
        return self.states.get(code)


Sliced: TypeAlias = (
    SlicedSums | SlicedMoments | SlicedExtremes | SlicedConfusion | SlicedJoined | SlicedStates
)


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
    dropped: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # for a missing value
    states: dict[int, Any] = field(default_factory=dict)
    touched: dict[tuple[int, str], Ints] = field(default_factory=dict)
    skipped: dict[tuple[int, str], Ints] = field(default_factory=dict)
    missing: dict[tuple[int, int], Missing] = field(default_factory=dict)  # by unit and slice
    spreads: dict[int, SlicedStates] = field(default_factory=dict)  # where intervals are asked for
    duels: dict[int, SlicedStates] = field(default_factory=dict)  # by the place of the pair of units
    constants: dict[tuple[int, Hashable], Mapping[int, Any]] = field(default_factory=dict)  # each by slice

    def merge(self, other: SliceTally) -> None:
        self.used = added(self.used, other.used)
        self.dropped = added(self.dropped, other.dropped)
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
