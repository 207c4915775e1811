"""Tables of classes: how often each class is predicted where each class is the label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from losscli.numbers.cells import (
    BELOW,
    ascending,
    cells_at,
    drawn,
    keys_from_json,
    keys_of,
    keys_of_all,
    moved,
    union,
)
from losscli.numbers.class_pairs import PLACE, joined_classes, moved_pairs, pairs_of
from losscli.numbers.exact import ExactSum, round_fraction
from losscli.numbers.fields import COUNT, PerGroup, rows_of
from losscli.numbers.grouped_sums import (
    SUM,
    GroupedSums,
    NotResampled,
    exact_sum,
    grouped,
    side_by_side,
    sum_of_ones,
)
from losscli.numbers.tiles import LOWEST

if TYPE_CHECKING:
    from losscli.numbers.sums import Names
    from losscli.table.block import Floats, Ints

MOST_CLASSES = 100
"""A table of more classes is given by the cells that occur."""

MOST_CELLS = 10_000
"""And one of more such cells is left out: it is no picture, and would fill a file for each result."""

BYTES_A_CELL, BYTES_A_CLASS = 100, 300
"""What a table takes when a loss is finished from it."""

BYTES_KEPT = 24
"""What a cell of a further group takes."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Exact weights of the four outcomes of one class against the rest."""

    tp: Fraction
    fp: Fraction
    fn: Fraction
    tn: Fraction

    @property
    def support(self) -> Fraction:
        """What the rows of the class weigh."""
        return self.tp + self.fn

    def merge(self, other: Counts) -> Counts:
        """The counts of both."""
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def total(self) -> Fraction:
        """The weight of all rows."""
        return self.tp + self.fp + self.fn + self.tn


@dataclass(frozen=True, eq=False)
class Confusion:
    """The exact weight of every pair (class of the label, class of the prediction) that occurs.

    Its size grows with the cells that occur, never with the square of the classes.
    """

    names: tuple[int | str, ...]  # of the classes, in no order
    places: Ints  # the pairs of classes, ascending (`class_pairs`)
    keys: Ints  # of the cells that occur, by the place of their pair (`cells`)
    sums: GroupedSums  # of each cell: its rows, or Σ w
    weight: ExactSum
    rows: PerGroup

    @classmethod
    def empty(cls, *, weighted: bool, columns: int = 2) -> Self:
        """The state of no rows."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls.of((nothing, nothing), None)

    @classmethod
    def of(
        cls, columns: Sequence[Ints], weight: Floats | None, names: Names = None,
        codes: Ints | None = None, groups: int = 1,
    ) -> Self:  # fmt: skip
        """The table of labels and predictions, two columns of codes whose classes are in ``names``."""
        label, pred = columns
        rows = rows_of(len(label), codes, groups)
        if not len(label):
            nothing = np.zeros(0, dtype=np.int64)
            return cls((), nothing, nothing, GroupedSums(), sum_of_ones(rows), rows)
        classes, places, at = pairs_of(label, pred, names)
        keys = np.arange(len(places))
        if codes is not None:
            keys, at = keys_of(at, len(places), codes, groups)
        if weight is None:
            sums = GroupedSums.of_counts(np.bincount(at, minlength=len(keys)))
            return cls(classes, places, keys, sums, sum_of_ones(rows), rows)
        sums = GroupedSums.of(weight, at, len(keys))
        return cls(classes, places, keys, sums, exact_sum(codes, groups, weight), rows)

    @classmethod
    def of_cells(
        cls, cells: Mapping[tuple[int | str, int | str], ExactSum], weight: ExactSum, rows: int
    ) -> Self:
        """From the weight of each cell."""
        names = tuple(dict.fromkeys(name for pair in cells for name in pair))
        at = {name: place for place, name in enumerate(names)}
        held = {at[a] << PLACE | at[b]: total for (a, b), total in cells.items()}
        places = np.array(sorted(held), dtype=np.int64)
        sums = side_by_side([held[place] for place in places.tolist()])
        return cls(names, places, np.arange(len(places)), sums, weight, rows)

    def merge(self, other: Self) -> Self:
        """The table of the rows of both, in which equal classes are one whatever their codes."""
        if len(self.keys) < len(other.keys):
            # The smaller one is put among the cells of the larger: many small blocks cost little each.
            self, other = other, self
        if not len(other.keys):
            return self
        known = self._place
        names, classes = joined_classes(self.names, other.names, known)
        places, ours, theirs = union(self.places, moved_pairs(other.places, classes))
        keys = np.arange(len(places))
        if isinstance(self.rows, np.ndarray):
            keys, ours, theirs = union(
                (self.keys & ~BELOW) + ours[self.keys & BELOW],
                (other.keys & ~BELOW) + theirs[other.keys & BELOW],
            )
        mine = self.sums.regrouped(np.arange(len(ours)), ours, len(keys))
        more = other.sums.regrouped(np.arange(len(theirs)), theirs, len(keys))
        weight, rows = self.weight.merge(other.weight), COUNT.merge(self.rows, other.rows)
        both = type(self)(names, places, keys, mine.merge(more), weight, rows)
        # The index of the classes is handed on: building it anew would take longer than the merge itself.
        index = dict(known)
        index.update(zip(names[len(known) :], range(len(known), len(names)), strict=True))
        both.__dict__["_place"] = index
        return both

    def at(self, group: int) -> Self:
        """The state of one group alone."""
        cells = cells_at(self.keys, group)
        names, places = self.names, self.places
        if len(cells) < len(places):
            places = places[self.keys[cells] & BELOW]
            labels, preds = places >> PLACE, places & ((1 << PLACE) - 1)
            used = np.unique(np.concatenate((labels, preds)))
            names = tuple([names[place] for place in used.tolist()])
            places = used.searchsorted(labels) << PLACE | used.searchsorted(preds)
        keys = np.arange(len(cells))
        weight, rows = grouped(self.weight).at(group), COUNT.at(self.rows, group)
        return type(self)(names, places, keys, self.sums.regrouped(cells, keys, len(keys)), weight, rows)

    def each(self, codes: Ints) -> Iterable[Self]:
        """The state of each of some groups alone."""
        return map(self.at, codes.tolist())

    def split(self, groups: int) -> Iterable[Self]:
        """The state of each group alone, for ``groups`` of them."""
        return map(self.at, range(groups))

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        """The states of the groups ``codes`` at other places, of ``groups``; those that share a place are merged."""
        cells, keys, at = moved(self.keys, codes, places)
        return type(self)(
            self.names,
            self.places,
            keys,
            self.sums.regrouped(cells, at, len(keys)),
            grouped(self.weight).regrouped(codes, places, groups),
            COUNT.regrouped(self.rows, codes, places, groups),
        )

    def resampled(self, counts: Floats) -> Self:
        """The state of each resample: in row r of ``counts`` stands how often it draws each group.

        Every cell stays, be it empty: a class that a resample lacks is a class all the same.
        """
        pairs, at = len(self.places), self.keys & BELOW
        if pairs > MOST_CELLS:
            raise NotResampled(f"no interval: a table of more than {MOST_CELLS} cells is not resampled")
        return type(self)(
            self.names,
            self.places,
            keys_of_all(len(counts), np.arange(pairs)),
            self.sums.mapped(lambda amounts: drawn(counts, amounts, self.keys, at, pairs), len(self.keys)),
            grouped(self.weight).resampled(counts),
            COUNT.resampled(self.rows, counts),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Confusion):
            return NotImplemented
        return (self.cells, self.weight, self.rows) == (other.cells, other.weight, other.rows)

    __hash__ = None  # type: ignore[assignment]

    @property
    def has_many_classes(self) -> bool:
        """Whether there are more than `MOST_CLASSES`."""
        return len(self.names) > MOST_CLASSES

    @property
    def bytes_held(self) -> int:
        """About how many bytes the table takes, once it is finished too; of many groups one is finished at a time."""
        kept = BYTES_KEPT * (len(self.keys) - len(self.places))
        return BYTES_A_CELL * len(self.places) + BYTES_A_CLASS * len(self.names) + kept

    @cached_property
    def amounts(self) -> tuple[list[int], Fraction]:
        """The weight of every cell, as whole numbers of one unit."""
        units, exponent = self.sums.units(len(self.keys))
        return units, Fraction(2) ** exponent

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

    def cell(self, label: int | str, pred: int | str) -> Fraction:
        """The weight of the rows with such a label and such a prediction."""
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
            rows = [[round_fraction(self.cell(a, b)) for b in classes] for a in classes]
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
        """The table of one group, or those of many, for `from_json`."""
        return {
            "names": list(self.names),
            "places": self.places.tolist(),
            "keys": self.keys.tolist(),
            "sums": self.sums.to_json(),
            "weight": self.weight.to_json(),
            "rows": COUNT.to_json(self.rows),
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any], groups: int | None = None) -> Self:
        """What `to_json` wrote; a ValueError for what is no table."""
        names, places = tuple(held["names"]), ascending(held["places"])
        keys = keys_from_json(held["keys"], groups)
        below = (1 << PLACE) - 1
        if not (
            len(set(names)) == len(names)
            and all(type(name) in (int, str) for name in names)
            and max(int((places >> PLACE).max(initial=-1)), int((places & below).max(initial=-1)))
            < len(names)
            and int((keys & BELOW).max(initial=-1)) < len(places)
        ):
            raise ValueError("this is not a table of classes")
        sums, weight = GroupedSums.from_json(held["sums"], len(keys)), SUM.from_json(held["weight"], groups)
        return cls(names, places, keys, sums, weight, COUNT.from_json(held["rows"], groups))


def _class_order(name: int | str) -> tuple[bool, int | str]:
    return isinstance(name, str), name
