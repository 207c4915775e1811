"""What is kept of single rows while they are measured: their values for a file, and the worst of them.

The values are those that enter the sums, taken where they are summed, so their bits are the same.  A
`RowRecorder` says what to keep and is part of the plan; what it keeps of a block is a `RecordedRows`, which merges as
tallies do.  `rows` decides with the plan what to keep; `rowfile` writes files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from losscli.measure.binned import Binned, Coverage, Grid, Histogram, Scores
from losscli.measure.lists import vector_text
from losscli.numbers.exact import ExactSum, round_fraction
from losscli.table.block import (
    AnyColumn,
    Block,
    ClassColumn,
    Floats,
    Ints,
    KeyColumn,
    Mask,
    NumberColumn,
    Place,
)
from losscli.table.infer_type import CellKinds, seen, value_of

if TYPE_CHECKING:
    from losscli.loss.declare import Loss
    from losscli.table.cells import CellReader

MOST_WORST = 10_000
"""More rows than these are no list to look at; `--rows-out` writes all."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A column of the inputs that stands beside the losses of a row."""

    name: str
    place: Place
    number: bool  # else it is text
    integer: bool = False  # text that is an integer in every row
    cells: CellReader | None = None  # its cells tell what it holds, by this grammar


@dataclass(frozen=True, slots=True)
class Residual:
    """Label minus prediction, where both are one column of numbers."""

    name: str
    label: Place
    pred: Place


@dataclass(frozen=True, slots=True)
class RowLoss:
    """The loss of a row, by the name of its column, and the unit that sums it."""

    name: str
    unit: int
    slopes: tuple[tuple[str, str, int | None], ...] = ()  # name, role, column of the role
    loss: Loss | None = None  # whose slopes they are: a unit may be shared with a loss that is no mean


@dataclass(frozen=True, slots=True)
class PicturedColumns:
    """A label and a prediction of which pictures are drawn, and a unit that reads both."""

    kind: str  # residuals, scores or coverage
    name: str
    unit: int


Pictures: TypeAlias = Literal["none", "losses", "all"]
"""Of what counts are kept for pictures: of nothing, of the losses of rows, or of labels and predictions too."""


@dataclass(slots=True)
class BlockRows:
    """What one unit gave for a block: for which of its rows, what, with which weights and slopes."""

    rows: Ints
    values: Floats
    weight: Floats | None
    slopes: Mapping[str, Floats]
    binned: Mapping[tuple[str, str], Binned]


@dataclass(frozen=True, slots=True)
class RowTable:
    """Rows as they go to a file: their numbers in PREDS, and the columns that `Watch.columns` names."""

    numbers: Ints
    columns: tuple[AnyColumn, ...]
    seen: Mapping[int, CellKinds] = field(default_factory=dict)  # by the place of the fact


@dataclass(frozen=True, order=True, slots=True)
class WorstRow:
    """A row by how bad it is: the least is the worst, and of equal ones the first."""

    rank: float
    row: int
    value: float = field(compare=False)
    weight: float | None = field(compare=False)
    facts: tuple[Any, ...] = field(compare=False)


@dataclass(slots=True)
class RecordedRows:
    """What is kept of some rows; merging puts tables behind each other, and keeps the worst of both."""

    limit: int = 0
    facts: tuple[Fact, ...] = ()
    seen: dict[int, CellKinds] = field(default_factory=dict)  # by the place of the fact
    tables: list[RowTable] = field(default_factory=list)
    worst: dict[int, list[WorstRow]] = field(default_factory=dict)
    binned: dict[tuple[str, str], Any] = field(default_factory=dict)  # by what is drawn, and of what

    def merge(self, other: RecordedRows) -> None:
        self.limit, self.facts = other.limit, other.facts
        for at, found in other.seen.items():
            self.seen[at] = self.seen.get(at, CellKinds.NOTHING) | found
        self.tables += other.tables
        for unit, rows in other.worst.items():
            self.worst[unit] = sorted([*self.worst.get(unit, []), *rows])[: self.limit]
        for key, counts in other.binned.items():
            self.binned[key] = self.binned[key].merge(counts) if key in self.binned else counts


@dataclass(frozen=True, slots=True)
class RowRecorder:
    """What to keep of each row."""

    facts: tuple[Fact, ...]
    residuals: tuple[Residual, ...]
    losses: tuple[RowLoss, ...]
    every: bool = False  # all rows, for a file
    worst: int = 0
    slopes: bool = False
    pairs: tuple[PicturedColumns, ...] = ()  # of which pictures are drawn
    pictures: Pictures = "none"

    def columns(self) -> Iterator[tuple[str, str]]:
        """Name and type of every column of the file: integer, number, text, or what its cells tell."""
        yield "row", "integer"
        for fact in self.facts:
            told = "told" if fact.cells is not None else "text"
            yield fact.name, "integer" if fact.integer else "number" if fact.number else told
        for residual in self.residuals:
            yield residual.name, "number"
        for loss in self.losses:
            yield loss.name, "number"
        for loss in self.losses:
            for name, _, _ in loss.slopes:
                yield name, "number"

    def note(
        self, unit: int, loss: Loss, params: Mapping[str, Any], roles: Mapping[str, Any], values: Any,
        weight: Floats | None, block: Block, kept: Mask | None,
    ) -> BlockRows | None:  # fmt: skip
        """What a unit gave for the rows of a block that entered its state."""
        binned = dict(self._binned(unit, roles, params, values)) if self.pictures != "none" else {}
        if all(held.unit != unit for held in self.losses):
            return BlockRows(np.empty(0, np.int64), np.empty(0), None, {}, binned) if binned else None
        rows = block.row_numbers() if kept is None else block.row_numbers()[kept]
        slopes: Mapping[str, Floats] = {}
        sloped = (held.loss for held in self.losses if held.unit == unit and held.slopes)
        if self.every and (mean := next(sloped, None)) is not None:
            from losscli.loss.gradient import gradient_rows

            with np.errstate(all="ignore"):
                slopes = gradient_rows(mean, roles, params)
        return BlockRows(rows, values, weight, slopes, binned)

    def _binned(
        self, unit: int, roles: Mapping[str, Any], params: Mapping[str, Any], values: Floats
    ) -> Iterator[tuple[tuple[str, str], Binned]]:
        for loss in self.losses:
            if loss.unit == unit and (counts := Histogram.of(values)) is not None:
                yield ("loss", loss.name), counts
        for pair in self.pairs:
            if pair.unit != unit:
                continue
            label, pred = roles["label"], roles["pred"]
            if pair.kind == "coverage":
                yield ("coverage", pair.name), Coverage.of(label, pred, params["levels"])
            elif pair.kind == "scores":
                yield ("scores", pair.name), Scores.of(label, pred)
            else:
                with np.errstate(all="ignore"):
                    residual = label - pred
                found = (
                    ("residual", Histogram.of(residual)),
                    ("residual_by_pred", Grid.of(pred, residual)),
                    ("label_by_pred", Grid.of(pred, label)),
                )
                yield from (((name, pair.name), counts) for name, counts in found if counts is not None)

    def keep(self, block: Block, noted: Mapping[int, BlockRows], better: Mapping[int, str]) -> RecordedRows:
        """What is kept of a block, of which the units noted their rows."""
        kept = RecordedRows(self.worst, self.facts, dict(self._seen(block)))
        numbers = block.row_numbers()
        if self.worst:
            for unit in {loss.unit for loss in self.losses} & set(noted):
                held = noted[unit]
                kept.worst[unit] = self._worst(block, numbers, held, better[unit])
        for held in noted.values():
            kept.binned |= held.binned
        if self.every:
            kept.tables.append(RowTable(numbers, tuple(self._table(block, numbers, noted)), dict(kept.seen)))
        return kept

    def _seen(self, block: Block) -> Iterator[tuple[int, CellKinds]]:
        for at, fact in enumerate(self.facts):
            if fact.cells is not None:
                column = block.column(fact.place)
                assert isinstance(column, ClassColumn)
                yield at, seen(column, fact.cells)

    def _worst(self, block: Block, numbers: Ints, held: BlockRows, better: str) -> list[WorstRow]:
        ranks = (
            -held.values if better == "lower" else held.values if better == "higher" else -abs(held.values)
        )
        found = np.arange(len(ranks))
        if len(found) > self.worst:
            least = np.partition(ranks, self.worst - 1)[self.worst - 1]
            found = np.flatnonzero(ranks <= least)
        found = found[np.lexsort((held.rows[found], ranks[found]))][: self.worst]
        places = _places(numbers, held.rows[found])
        rows = []
        for at, place in zip(found.tolist(), places.tolist(), strict=True):
            facts = tuple(_cell(block.column(fact.place), place, fact) for fact in self.facts)
            weight = None if held.weight is None else float(held.weight[at])
            rows.append(WorstRow(float(ranks[at]), int(held.rows[at]), float(held.values[at]), weight, facts))
        return rows

    def _table(self, block: Block, numbers: Ints, noted: Mapping[int, BlockRows]) -> Iterator[AnyColumn]:
        for fact in self.facts:
            found = block.column(fact.place)
            if isinstance(found, NumberColumn) and found.values.ndim > 1:
                texts = tuple(map(vector_text, found.values.tolist()))
                found = ClassColumn(np.arange(len(texts)), texts, found.missing)
            yield found
        for residual in self.residuals:
            label, pred = block.column(residual.label), block.column(residual.pred)
            assert isinstance(label, NumberColumn)
            assert isinstance(pred, NumberColumn)
            missing = [m for m in (label.missing, pred.missing) if m is not None]
            with np.errstate(all="ignore"):
                apart = label.values - pred.values
            yield NumberColumn(apart, np.logical_or.reduce(missing) if missing else None)
        for loss in self.losses:
            held = noted.get(loss.unit)
            yield _spread(numbers, held, None if held is None else held.values)
        for loss in self.losses:
            held = noted.get(loss.unit)
            for _, role, column in loss.slopes:
                slope = None if held is None else held.slopes[role]
                yield _spread(numbers, held, slope if slope is None or column is None else slope[:, column])


def _places(numbers: Ints, rows: Ints) -> Ints:
    """Where the rows stand among the numbers, which are each there once, in any order."""
    order = np.argsort(numbers, kind="stable")
    found: Ints = order[np.searchsorted(numbers, rows, sorter=order)]
    return found


def _spread(numbers: Ints, held: BlockRows | None, values: Floats | None) -> NumberColumn:
    """The values at the places of their rows; missing for a row that entered no sum."""
    if held is None or values is None:
        return NumberColumn(np.full(len(numbers), np.nan), np.ones(len(numbers), bool))
    if len(held.rows) == len(numbers) and np.array_equal(held.rows, numbers):
        return NumberColumn(values, None)
    spread, missing = np.full(len(numbers), np.nan), np.ones(len(numbers), bool)
    places = _places(numbers, held.rows)
    spread[places], missing[places] = values, False
    return NumberColumn(spread, missing)


def _cell(column: AnyColumn, at: int, fact: Fact) -> Any:
    assert not isinstance(column, KeyColumn)
    if column.missing is not None and column.missing[at]:
        return None
    if isinstance(column, NumberColumn):
        if column.values.ndim > 1:
            return vector_text(column.values[at].tolist())
        return _plainly(float(column.values[at]))
    value: int | str = (
        int(column.codes[at]) if column.values is None else column.values[int(column.codes[at])]
    )
    return int(value) if fact.integer else value


def worst_detail(kept: RecordedRows | None, unit: int, total: ExactSum) -> dict[str, Any] | None:
    """The worst rows of a unit, worst first, and the share of its total that they carry."""
    if kept is None or unit not in kept.worst:
        return None
    rows = kept.worst[unit]
    share = None
    if total.finite and total.units and all(math.isfinite(held.value) for held in rows):
        carried = sum(
            (Fraction(held.value) * Fraction(1 if held.weight is None else held.weight) for held in rows),
            Fraction(0),
        )
        share = round_fraction(carried / total.fraction)
    return {
        "share": share,
        "rows": [
            {
                "row": held.row,
                **{
                    fact.name: _told(cell, fact, kept.seen.get(at, CellKinds.NOTHING))
                    for at, (fact, cell) in enumerate(zip(kept.facts, held.facts, strict=True))
                },
                "loss": held.value if math.isfinite(held.value) else None,
            }
            for held in rows
        ],
    }


def _told(cell: Any, fact: Fact, found: CellKinds) -> Any:
    """A cell as what its column turned out to hold."""
    if cell is None or fact.cells is None:
        return cell
    return _plainly(value_of(cell, found.told, fact.cells))


def _plainly(value: Any) -> Any:
    """A number as JSON has it, which has no infinity."""
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value
