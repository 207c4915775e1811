"""What is kept of rows gone by: counts and exact sums.

A state is a value: ``empty`` merges to no effect, and merging is associative and commutative to the
bit, since it is integer addition.  ``of`` takes the columns that a loss's row function gives for a
block; what a state means is the business of the loss.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from losscli.numbers.cross_products import CrossProducts
from losscli.numbers.exact import ExactSum, round_fraction
from losscli.numbers.grouped_sums import GroupedSums
from losscli.numbers.tiles import LOWEST

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints

Names = tuple[int | str, ...] | None
"""The classes that codes stand for; None: a code is its own class."""


def earliest(one: int | None, other: int | None) -> int | None:
    """The lower of two row numbers; None stands for no row."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


class Squares(NamedTuple):
    """A column of squares some of which no double holds: those are 0 in ``rows``, and have their ``roots``."""

    rows: Floats
    roots: Floats  # 0 where the row holds the square

    @classmethod
    def of(cls, rows: Floats, roots: Floats) -> Self:
        return cls(np.where(roots == 0.0, rows, 0.0), roots)


def total(column: Floats | Squares, weight: Floats | None) -> ExactSum:
    """The sum of a column, or of its products with the weights."""
    if isinstance(column, Squares):
        rows, roots = column
        far = (
            ExactSum.of_products(roots, roots)
            if weight is None
            else ExactSum.of_triples(weight, roots, roots)
        )
        return total(rows, weight).merge(far)
    return ExactSum.of(column) if weight is None else ExactSum.of_products(weight, column)


class Sums(NamedTuple):
    """Σ w·x for each column x of a row function, and Σ w, exactly; without weights Σ x and n.

    ``first_infinite`` is the first row with an infinite entry, ``infinite`` how many there are.
    """

    totals: tuple[ExactSum, ...]
    weight: ExactSum
    rows: int
    infinite: int = 0
    first_infinite: int | None = None

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 1) -> Self:
        return cls((ExactSum.empty(2 if weighted else 1),) * columns, ExactSum.empty(), 0)

    @classmethod
    def of(cls, columns: Sequence[Floats | Squares], weight: Floats | None, names: Names = None) -> Self:
        totals = tuple(total(column, weight) for column in columns)
        if weight is not None:
            return cls(totals, ExactSum.of(weight), len(weight))
        first = columns[0]
        rows = len(first.rows if isinstance(first, Squares) else first)
        return cls(totals, ExactSum.of_int(rows), rows)

    def merge(self, other: Self) -> Self:
        if not self.rows:
            return other
        if not other.rows:
            return self
        return type(self)(
            tuple(mine.merge(theirs) for mine, theirs in zip(self.totals, other.totals, strict=True)),
            self.weight.merge(other.weight),
            self.rows + other.rows,
            self.infinite + other.infinite,
            earliest(self.first_infinite, other.first_infinite),
        )

    @property
    def means(self) -> tuple[Fraction, ...]:
        """Σ w·x / Σ w of every column, not rounded; the sums must be finite."""
        weight = self.weight.fraction
        return tuple(total.fraction / weight for total in self.totals)

    def to_json(self) -> dict[str, Any]:
        return {
            "state": "sums",
            "totals": [total.to_json() for total in self.totals],
            "weight": self.weight.to_json(),
            "rows": self.rows,
            "infinite": self.infinite,
            "first_infinite": self.first_infinite,
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        totals = tuple(ExactSum.from_json(total) for total in held["totals"])
        weight = ExactSum.from_json(held["weight"])
        return cls(totals, weight, held["rows"], held["infinite"], held["first_infinite"])


class Moments(NamedTuple):
    """Exact first and second moments of label y and prediction f, weighted by w.

    Nothing is rounded before the finish, so labels far from zero lose no digit of their spread.
    """

    weight: ExactSum
    y: ExactSum
    f: ExactSum
    yy: ExactSum
    ff: ExactSum
    yf: ExactSum
    rows: int

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 2) -> Self:
        first, second = (2, 3) if weighted else (1, 2)
        one, two = ExactSum.empty(first), ExactSum.empty(second)
        return cls(ExactSum.empty(), one, one, two, two, two, 0)

    @classmethod
    def of(cls, columns: Sequence[Floats], weight: Floats | None, names: Names = None) -> Self:
        label, pred = columns
        if weight is None:
            return cls(ExactSum.of_int(len(label)), *CrossProducts.of(label, pred), len(label))
        product, triple = ExactSum.of_products, ExactSum.of_triples
        return cls(
            ExactSum.of(weight), product(weight, label), product(weight, pred),
            triple(weight, label, label), triple(weight, pred, pred), triple(weight, label, pred), len(label),
        )  # fmt: skip

    def merge(self, other: Self) -> Self:
        return type(self)(
            self.weight.merge(other.weight), self.y.merge(other.y), self.f.merge(other.f),
            self.yy.merge(other.yy), self.ff.merge(other.ff), self.yf.merge(other.yf),
            self.rows + other.rows,
        )  # fmt: skip

    @property
    def squared_error(self) -> Fraction:
        """Σ w (y - f)²."""
        return self.yy.fraction - 2 * self.yf.fraction + self.ff.fraction

    @property
    def label_mean(self) -> Fraction:
        return self.y.fraction / self.weight.fraction

    @property
    def pred_mean(self) -> Fraction:
        return self.f.fraction / self.weight.fraction

    @property
    def label_spread(self) -> Fraction:
        """Σ w (y - ȳ)²."""
        return self.yy.fraction - self.y.fraction * self.label_mean

    @property
    def pred_spread(self) -> Fraction:
        """Σ w (f - f̄)²."""
        return self.ff.fraction - self.f.fraction * self.pred_mean

    @property
    def shared_spread(self) -> Fraction:
        """Σ w (y - ȳ)(f - f̄)."""
        return self.yf.fraction - self.y.fraction * self.pred_mean

    def to_json(self) -> dict[str, Any]:
        sums = {name: getattr(self, name).to_json() for name in ("weight", "y", "f", "yy", "ff", "yf")}
        return {"state": "moments", **sums, "rows": self.rows}

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        weight, y, f, yy, ff, yf = (
            ExactSum.from_json(held[name]) for name in ("weight", "y", "f", "yy", "ff", "yf")
        )
        return cls(weight, y, f, yy, ff, yf, held["rows"])


class Extremes(NamedTuple):
    """The least and the greatest value of each column."""

    lows: tuple[float, ...]
    highs: tuple[float, ...]
    weight: ExactSum
    rows: int

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 1) -> Self:
        return cls((math.inf,) * columns, (-math.inf,) * columns, ExactSum.empty(), 0)

    @classmethod
    def of(cls, columns: Sequence[Floats], weight: Floats | None, names: Names = None) -> Self:
        n = len(columns[0])
        return cls(
            tuple(float(column.min(initial=math.inf)) for column in columns),
            tuple(float(column.max(initial=-math.inf)) for column in columns),
            ExactSum.of_int(n) if weight is None else ExactSum.of(weight),
            n,
        )

    def merge(self, other: Self) -> Self:
        return type(self)(
            tuple(map(min, self.lows, other.lows)),
            tuple(map(max, self.highs, other.highs)),
            self.weight.merge(other.weight),
            self.rows + other.rows,
        )

    def to_json(self) -> dict[str, Any]:
        # As text: JSON has no infinity, and hexadecimal digits keep every bit.
        return {
            "state": "extremes",
            "lows": [value.hex() for value in self.lows],
            "highs": [value.hex() for value in self.highs],
            "weight": self.weight.to_json(),
            "rows": self.rows,
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        lows, highs = (tuple(float.fromhex(v) for v in held[name]) for name in ("lows", "highs"))
        return cls(lows, highs, ExactSum.from_json(held["weight"]), held["rows"])


@dataclass(frozen=True, slots=True)
class Counts:
    """Exact weights of the four outcomes of one class against the rest."""

    tp: Fraction
    fp: Fraction
    fn: Fraction
    tn: Fraction

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def total(self) -> Fraction:
        return self.tp + self.fp + self.fn + self.tn


PLACE = 32
"""The bits of a cell that say which class its prediction is; those above say which its label is."""

MOST_CLASSES = 100
"""A table of more classes is given by the cells that occur."""

MOST_CELLS = 10_000
"""And one of more such cells is left out: it is no picture, and would fill a file for each result."""


BYTES_A_CELL, BYTES_A_CLASS = 100, 300
"""What a table takes when a loss is finished from it."""


def distinct(numbers: Ints, most: int) -> tuple[Ints, Ints]:
    """The numbers that there are, ascending, and the place of each row's among them; all are below ``most``."""
    if most > 4 * len(numbers) + 1024:
        found, places = np.unique(numbers, return_inverse=True)
        return found, places
    found = np.flatnonzero(np.bincount(numbers, minlength=most))
    table = np.zeros(most, dtype=np.int64)
    table[found] = np.arange(len(found))
    return found, table[numbers]


def cells_of(label: Ints, pred: Ints, names: Names) -> tuple[tuple[int | str, ...], Ints, Ints]:
    """The classes of some rows, the cells of label and prediction that occur, ascending, and each row's cell."""
    low = min(int(label.min()), int(pred.min()))
    width = max(int(label.max()), int(pred.max())) - low + 1
    if width < 1 << 31:
        found, at = distinct((label - low) * width + (pred - low), width * width)
        firsts, seconds = found // width + low, found % width + low
    else:
        codes, places = np.unique(np.concatenate((label, pred)), return_inverse=True)
        width = len(codes)
        found, at = distinct(places[: len(label)] * width + places[len(label) :], width * width)
        firsts, seconds = codes[found // width], codes[found % width]
    used = np.unique(np.concatenate((firsts, seconds)))
    classes = tuple(used.tolist() if names is None else [names[code] for code in used.tolist()])
    return classes, used.searchsorted(firsts) << PLACE | used.searchsorted(seconds), at


def joined_classes(
    one: tuple[int | str, ...], other: tuple[int | str, ...], known: Mapping[int | str, int] | None = None
) -> tuple[tuple[int | str, ...], Ints]:
    """The classes of both, the first ones in front, and the place of each of the others among them.

    ``known``: the places of the first ones, where they are at hand.
    """
    if one == other:
        return one, np.arange(len(one))
    at = dict(zip(one, range(len(one)), strict=True)) if known is None else known
    more = dict.fromkeys(name for name in other if name not in at)
    places = dict(zip(more, range(len(one), len(one) + len(more)), strict=True))
    moved = np.array([at[name] if name in at else places[name] for name in other], dtype=np.int64)
    return (*one, *more), moved


def moved_cells(cells: Ints, moved: Ints) -> Ints:
    """Cells of classes that have other places now."""
    found: Ints = moved[cells >> PLACE] << PLACE | moved[cells & ((1 << PLACE) - 1)]
    return found


@dataclass(frozen=True, eq=False)
class Confusion:
    """The exact weight of every pair (class of the label, class of the prediction) that occurs.

    What is held grows with the cells that occur, never with the square of the classes.
    """

    names: tuple[int | str, ...]  # of the classes, in no order
    places: (
        Ints  # of the cells, ascending: that of the label's class from bit PLACE on, the prediction's below
    )
    sums: Ints | GroupedSums  # of each cell: its rows, or Σ w
    weight: ExactSum
    rows: int

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 2) -> Self:
        nothing = np.zeros(0, dtype=np.int64)
        return cls((), nothing, GroupedSums() if weighted else nothing, ExactSum.empty(), 0)

    @classmethod
    def of(cls, columns: Sequence[Ints], weight: Floats | None, names: Names = None) -> Self:
        label, pred = columns
        if not len(label):
            return cls.empty(weighted=weight is not None)
        classes, cells, at = cells_of(label, pred, names)
        if weight is None:
            counts = np.bincount(at, minlength=len(cells))
            return cls(classes, cells, counts, ExactSum.of_int(len(label)), len(label))
        sums = GroupedSums.of(weight, at, len(cells))
        return cls(classes, cells, sums, ExactSum.of(weight), len(label))

    @classmethod
    def of_cells(
        cls, cells: Mapping[tuple[int | str, int | str], ExactSum], weight: ExactSum, rows: int
    ) -> Self:
        """From the weight of each cell."""
        names = tuple(dict.fromkeys(name for pair in cells for name in pair))
        at = {name: place for place, name in enumerate(names)}
        held = {at[a] << PLACE | at[b]: total for (a, b), total in cells.items()}
        places = np.array(sorted(held), dtype=np.int64)
        sums = GroupedSums(1, {}, {at: held[place] for at, place in enumerate(places.tolist())})
        return cls(names, places, sums, weight, rows)

    def merge(self, other: Self) -> Self:
        if len(self.places) < len(other.places):
            # The smaller one is put among the cells of the larger: many small blocks cost little each.
            self, other = other, self
        if not other.rows:
            return self
        known = self._place
        names, moved = joined_classes(self.names, other.names, known)
        theirs = moved_cells(other.places, moved)
        order = np.argsort(theirs, kind="stable")
        at = self.places.searchsorted(theirs[order])
        fresh = self.places[np.minimum(at, len(self.places) - 1)] != theirs[order]
        cells = np.insert(self.places, at[fresh], theirs[order][fresh])
        stood = np.ones(len(cells), dtype=np.bool_)
        stood[at[fresh] + np.arange(np.count_nonzero(fresh))] = False
        ours, theirs = np.flatnonzero(stood), cells.searchsorted(theirs)
        weight, rows = self.weight.merge(other.weight), self.rows + other.rows
        sums: Ints | GroupedSums
        if isinstance(self.sums, GroupedSums) or isinstance(other.sums, GroupedSums):
            mine, more = (
                GroupedSums.of(held.sums.astype(np.float64), np.arange(len(held.sums)), len(held.sums))
                if not isinstance(held.sums, GroupedSums)
                else held.sums
                for held in (self, other)
            )
            sums = mine.placed(ours, len(cells)).merge(more.placed(theirs, len(cells)))
        else:
            sums = np.zeros(len(cells), dtype=np.int64)
            sums[ours] = self.sums
            sums[theirs] += other.sums
        both = type(self)(names, cells, sums, weight, rows)
        # The index of the classes is handed on: building it anew would take longer than the merge itself.
        places = dict(known)
        places.update(zip(names[len(known) :], range(len(known), len(names)), strict=True))
        both.__dict__["_place"] = places
        return both

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Confusion):
            return NotImplemented
        return (self.cells, self.weight, self.rows) == (other.cells, other.weight, other.rows)

    __hash__ = None  # type: ignore[assignment]

    @property
    def bytes_held(self) -> int:
        """About what the table takes, once it is finished too."""
        return BYTES_A_CELL * len(self.places) + BYTES_A_CLASS * len(self.names)

    @cached_property
    def amounts(self) -> tuple[list[int], Fraction]:
        """The weight of every cell, as whole numbers of one unit."""
        if isinstance(self.sums, GroupedSums):
            return self.sums.units(len(self.places))
        return self.sums.tolist(), Fraction(1)

    @property
    def pairs(self) -> Iterator[tuple[int, int]]:
        """The places of label and prediction in ``names``, of every cell."""
        below = (1 << PLACE) - 1
        return zip((self.places >> PLACE).tolist(), (self.places & below).tolist(), strict=True)

    @property
    def cells(self) -> dict[tuple[int | str, int | str], ExactSum]:
        """The exact weight of every cell that occurs."""
        units, unit = self.amounts
        scale = unit * (1 << -LOWEST)
        return {
            (self.names[a], self.names[b]): ExactSum(int(units_here * scale))
            for (a, b), units_here in zip(self.pairs, units, strict=True)
        }

    @cached_property
    def _totals(self) -> tuple[list[int], list[int], list[int]]:
        """Of every class: its labels, its predictions, and where both are it, in units."""
        true, called, right = ([0] * len(self.names) for _ in range(3))
        for (a, b), held in zip(self.pairs, self.amounts[0], strict=True):
            true[a] += held
            called[b] += held
            if a == b:
                right[a] += held
        return true, called, right

    @cached_property
    def _whole(self) -> int:
        return sum(self.amounts[0])

    @cached_property
    def _margins(self) -> tuple[dict[int | str, Fraction], dict[int | str, Fraction]]:
        unit = self.amounts[1]
        order = sorted(range(len(self.names)), key=lambda at: _class_order(self.names[at]))
        true, called, _ = (
            {self.names[at]: Fraction(held[at] * unit.numerator, unit.denominator) for at in order}
            for held in self._totals
        )
        return true, called

    @cached_property
    def _place(self) -> dict[int | str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @property
    def classes(self) -> list[int | str]:
        """Every class seen: numbers in order, then text in order."""
        return list(self._margins[0])

    def at(self, label: int | str, pred: int | str) -> Fraction:
        if label == pred:
            place = self._place.get(label)
            return Fraction(0) if place is None else self._totals[2][place] * self.amounts[1]
        a, b = self._place.get(label), self._place.get(pred)
        if a is None or b is None:
            return Fraction(0)
        cell = a << PLACE | b
        at = int(self.places.searchsorted(cell))
        if at == len(self.places) or self.places[at] != cell:
            return Fraction(0)
        units, unit = self.amounts
        return units[at] * unit

    @property
    def label_weights(self) -> dict[int | str, Fraction]:
        """The weight of each class among the labels."""
        return dict(self._margins[0])

    @property
    def pred_weights(self) -> dict[int | str, Fraction]:
        """The weight of each class among the predictions."""
        return dict(self._margins[1])

    @property
    def agreed(self) -> Fraction:
        """The weight of the rows whose prediction is the label."""
        return sum(self._totals[2]) * self.amounts[1]

    def counts(self, positive: int | str) -> Counts:
        """One class against the rest."""
        place = self._place.get(positive)
        true, called, right = self._totals
        label, pred, tp = (0, 0, 0) if place is None else (true[place], called[place], right[place])
        unit = self.amounts[1]
        fours = (tp, pred - tp, label - tp, self._whole - label - pred + tp)
        return Counts(*(Fraction(held * unit.numerator, unit.denominator) for held in fours))

    @cached_property
    def _matrix(self) -> dict[str, Any]:
        classes = self.classes
        if len(classes) <= MOST_CLASSES:
            rows = [[round_fraction(self.at(a, b)) for b in classes] for a in classes]
            return {"classes": classes, "confusion": rows}
        if len(self.places) > MOST_CELLS:
            return {"cells_left_out": len(self.places)}
        rank = {name: place for place, name in enumerate(classes)}
        units, unit = self.amounts
        cells = sorted(
            (rank[self.names[a]], rank[self.names[b]], round_fraction(held * unit))
            for (a, b), held in zip(self.pairs, units, strict=True)
        )
        return {"cells": [[classes[a], classes[b], held] for a, b, held in cells]}

    def against(self, positive: int | str, rest: int | str) -> Self:
        """The table of one class against the rest, where the predictions are 1 for it and 0 for those."""
        cells: dict[tuple[int | str, int | str], ExactSum] = {}
        predicted: dict[int | str, int | str] = {1: positive, 0: rest}
        for (label, pred), held in self.cells.items():
            pair = (positive if label == positive else rest, predicted.get(pred, pred))
            cells[pair] = cells[pair].merge(held) if pair in cells else held
        return self.of_cells(cells, self.weight, self.rows)

    def matrix(self) -> dict[str, Any]:
        """The table for JSON: classes, and a row of weights for each class of the label.

        Of more than MOST_CLASSES classes the cells that occur: class of the label, of the prediction, weight;
        or, where they are more than MOST_CELLS, how many are left out.
        """
        return self._matrix

    def to_json(self) -> dict[str, Any]:
        cells = [[a, b, held.to_json()] for (a, b), held in self.cells.items()]
        return {"state": "confusion", "cells": cells, "weight": self.weight.to_json(), "rows": self.rows}

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        cells = {(a, b): ExactSum.from_json(cell) for a, b, cell in held["cells"]}
        return cls.of_cells(cells, ExactSum.from_json(held["weight"]), held["rows"])


def _class_order(name: int | str) -> tuple[bool, int | str]:
    return isinstance(name, str), name


class Bins(NamedTuple):
    """Exact sums of the columns of a row function by bin: its first column is the bin of each row."""

    bins: Mapping[int, Sums]
    weight: ExactSum
    rows: int

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 3) -> Self:
        return cls({}, ExactSum.empty(), 0)

    @classmethod
    def of(cls, columns: Sequence[Any], weight: Floats | None, names: Names = None) -> Self:
        codes, *values = columns
        found, counts = np.unique(codes, return_counts=True)
        runs = [_runs(codes, counts, column) for column in values]
        weights = [None] * len(found) if weight is None else _runs(codes, counts, weight)
        bins = {
            int(code): Sums.of(columns_here, weight_here)
            for code, weight_here, *columns_here in zip(found, weights, *runs, strict=True)
        }
        total = ExactSum.of_int(len(codes)) if weight is None else ExactSum.of(weight)
        return cls(bins, total, len(codes))

    def merge(self, other: Self) -> Self:
        bins = dict(self.bins)
        for code, held in other.bins.items():
            bins[code] = bins[code].merge(held) if code in bins else held
        return type(self)(bins, self.weight.merge(other.weight), self.rows + other.rows)

    def to_json(self) -> dict[str, Any]:
        bins = [[code, held.to_json()] for code, held in self.bins.items()]
        return {"state": "bins", "bins": bins, "weight": self.weight.to_json(), "rows": self.rows}

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        bins = {code: Sums.from_json(sums) for code, sums in held["bins"]}
        return cls(bins, ExactSum.from_json(held["weight"]), held["rows"])


def _runs(codes: Ints, counts: Ints, column: Floats) -> list[Floats]:
    """The entries of a column by code, in the order of the codes; ``counts`` of each that there is."""
    # Codes of 16 bits are sorted by radix, in a time that does not depend on how many there are.
    if not len(codes):
        return []
    narrow = codes.astype(np.uint16) if 0 <= codes.min() <= codes.max() < 1 << 16 else codes
    return np.split(column[np.argsort(narrow, kind="stable")], np.cumsum(counts)[:-1])


@dataclass(frozen=True, slots=True)
class Joined:
    """Several states of the same rows; a subclass says which, and of which columns."""

    states: tuple[Any, ...]
    LAYOUT: ClassVar[tuple[tuple[Any, tuple[int, ...]], ...]] = ()
    NAME: ClassVar[str] = ""

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 0) -> Self:
        return cls(tuple(kind.empty(weighted=weighted, columns=len(at)) for kind, at in cls.LAYOUT))

    @classmethod
    def of(cls, columns: Sequence[Floats], weight: Floats | None, names: Names = None) -> Self:
        return cls(tuple(kind.of([columns[i] for i in at], weight) for kind, at in cls.LAYOUT))

    def merge(self, other: Self) -> Self:
        return type(self)(tuple(a.merge(b) for a, b in zip(self.states, other.states, strict=True)))

    @property
    def weight(self) -> ExactSum:
        weight: ExactSum = self.states[0].weight
        return weight

    @property
    def rows(self) -> int:
        rows: int = self.states[0].rows
        return rows

    def to_json(self) -> dict[str, Any]:
        return {"state": self.NAME, "states": [state.to_json() for state in self.states]}

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        states = zip(cls.LAYOUT, held["states"], strict=True)
        return cls(tuple(kind.from_json(state) for (kind, _), state in states))


class Values(NamedTuple):
    """All rows: their columns and weights, as they came.  What is found in them does not depend on their order.

    It grows with the rows, as an exact median needs all of them.
    """

    pieces: tuple[tuple[tuple[Floats, ...], Floats | None], ...]
    weight: ExactSum
    rows: int
    columns: int

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 1) -> Self:
        return cls((), ExactSum.empty(), 0, columns)

    @classmethod
    def of(cls, columns: Sequence[Floats], weight: Floats | None, names: Names = None) -> Self:
        rows = len(columns[0])
        if not rows:
            return cls((), ExactSum.empty(), 0, len(columns))
        total = ExactSum.of_int(rows) if weight is None else ExactSum.of(weight)
        # Copies: what they are part of is larger, and would be held as a whole.
        kept = tuple(np.array(column) for column in columns)
        return cls(((kept, None if weight is None else np.array(weight)),), total, rows, len(columns))

    def merge(self, other: Self) -> Self:
        weight = self.weight.merge(other.weight)
        return type(self)(self.pieces + other.pieces, weight, self.rows + other.rows, self.columns)

    def quantile(self, level: Fraction, column: int = 0) -> float:
        """The least value that so much of the weight does not exceed.

        Where every value up to the next one would do as well, it is the middle between the two, as of the
        median of an even number of rows.
        """
        values = np.concatenate([columns[column] for columns, _ in self.pieces])
        target = level * self.weight.fraction
        if any(weight is None for _, weight in self.pieces):
            values.sort()
            at = max(0, math.ceil(target) - 1)
            tied = target == at + 1
        else:
            order = np.argsort(values, kind="stable")
            values = values[order]
            weights = np.concatenate([weight for _, weight in self.pieces if weight is not None])[order]
            low, high = 0, len(values) - 1
            while low < high:
                middle = (low + high) // 2
                if ExactSum.of(weights[: middle + 1]).fraction >= target:
                    high = middle
                else:
                    low = middle + 1
            at = low
            tied = ExactSum.of(weights[: at + 1]).fraction == target
        if not tied or at + 1 == len(values):
            return float(values[at])
        return round_fraction((Fraction(values[at]) + Fraction(values[at + 1])) / 2)

    def to_json(self) -> dict[str, Any]:
        pieces = [
            [[value.hex() for value in column.tolist()] for column in (*columns, *([] if w is None else [w]))]
            for columns, w in self.pieces
        ]
        return {"state": "values", "pieces": pieces, "weight": self.weight.to_json(), "rows": self.rows,
                "columns": self.columns}  # fmt: skip

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Self:
        pieces = []
        for piece in held["pieces"]:
            read = [np.array([float.fromhex(value) for value in column]) for column in piece]
            width = held["columns"]
            pieces.append((tuple(read[:width]), read[width] if len(read) > width else None))
        return cls(tuple(pieces), ExactSum.from_json(held["weight"]), held["rows"], held["columns"])


class Sized(Joined):
    """Moments of label and prediction; the sum of the sizes of the label, its least and greatest value."""

    LAYOUT = ((Moments, (0, 1)), (Sums, (2,)), (Extremes, (0,)))
    NAME = "sized"
    __slots__ = ()


class Rivals(Joined):
    """Moments of the label with each of two predictions, and sums of further columns."""

    LAYOUT = ((Moments, (0, 1)), (Moments, (0, 2)), (Sums, (3, 4, 5, 6)))
    NAME = "rivals"
    __slots__ = ()


class Deviances(Joined):
    """Moments of label and prediction, and sums of three further columns."""

    LAYOUT = ((Moments, (0, 1)), (Sums, (2, 3, 4)))
    NAME = "deviances"
    __slots__ = ()


class Summed:
    """The states of a block by what they are of: columns that several units need are summed once."""

    def __init__(self) -> None:
        self._held: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def state(self, kind: Any, columns: Sequence[Any], weight: Floats | None, names: Names = None) -> Any:
        """``kind.of(columns, weight, names)``."""
        if issubclass(kind, Joined):
            return kind(tuple(self.state(part, [columns[i] for i in at], weight) for part, at in kind.LAYOUT))
        key = (kind, *map(id, columns), id(weight), id(names))
        if key not in self._held:
            # What it is of is held too: what is let go of leaves its id to others.
            self._held[key] = kind.of(columns, weight, names), columns, weight, names
        return self._held[key][0]


STATES: dict[str, Any] = {
    "sums": Sums,
    "moments": Moments,
    "extremes": Extremes,
    "confusion": Confusion,
    "bins": Bins,
    "values": Values,
    "sized": Sized,
    "rivals": Rivals,
    "deviances": Deviances,
}


def with_infinite(state: Sums, count: int, first_row: int) -> Sums:
    """The sums, with how many rows are infinite and the first of them."""
    return state._replace(infinite=count, first_infinite=first_row)
