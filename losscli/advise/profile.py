"""A look at columns: their first rows, and what can be said of each.

Nothing is measured here; what the columns mean together is the business of `suggest`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from losscli.table.block import AnyColumn, ClassColumn, ColumnRequest, Floats, Mask, NumberColumn

if TYPE_CHECKING:
    from losscli.reading.select import Chosen
    from losscli.reading.source import Source

ROWS = 20_000
"""How many rows are looked at."""


@dataclass(frozen=True)
class ColumnProfile:
    """One column's first rows: as numbers where every cell is one, and as classes."""

    name: str
    numbers: Floats | None  # NaN where a value is missing
    classes: tuple[int | str, ...]  # the different values, at most 1000 of them, in order of appearance
    rows: int
    missing: int

    @cached_property
    def values(self) -> Floats:
        """The finite numbers that there are; none where the column is text."""
        return np.empty(0) if self.numbers is None else self.numbers[np.isfinite(self.numbers)]

    @property
    def infinite(self) -> int:
        return 0 if self.numbers is None else int(np.isinf(self.numbers).sum())

    @property
    def text(self) -> bool:
        return self.numbers is None

    @property
    def low(self) -> float:
        return float(self.values.min(initial=np.inf))

    @property
    def high(self) -> float:
        return float(self.values.max(initial=-np.inf))

    @property
    def whole(self) -> bool:
        return not self.text and bool((self.values == np.floor(self.values)).all())

    @property
    def constant(self) -> bool:
        return len(self.classes) == 1

    def within(self, low: float, high: float) -> bool:
        return not self.text and self.low >= low and self.high <= high

    def count(self, where: Mask) -> int:
        return int(np.count_nonzero(where))


def look(source: Source, columns: Sequence[Chosen]) -> tuple[list[ColumnProfile], bool]:
    """A look at each column, and whether it was at all rows."""
    each = [_want(source, column) for column in columns]
    wants = list(dict.fromkeys(each))
    found: list[list[AnyColumn]] = [[] for _ in columns]
    limit = max(100, ROWS // max(1, *(want.width for want in wants)))
    rows = 0
    for part in source.parts(wants):
        for batch in part.batches(limit):
            taken = batch.slice(0, min(batch.rows, limit - rows))
            read = dict(zip(wants, taken.columns, strict=True))
            for held, want, column in zip(found, each, columns, strict=True):
                held.append(_place(read[want], column.item))
            rows += taken.rows
            if batch.stop is not None:
                raise batch.stop if batch.stop.row is not None else batch.stop.with_row(rows + 1)
            if rows >= limit:
                whole = source.rows is not None and source.rows <= rows
                return [_looked(c.name, held) for c, held in zip(columns, found, strict=True)], whole
    return [_looked(c.name, held) for c, held in zip(columns, found, strict=True)], True


def _want(source: Source, column: Chosen) -> ColumnRequest:
    """What a column is looked at as; lists that are not laid out, as text."""
    if column.item is not None:
        return ColumnRequest(column.index, "vector", column.width)
    return ColumnRequest(column.index, "list" if source.holds_lists(column.index) else "score")


def _place(column: AnyColumn, item: int | None) -> AnyColumn:
    if item is None:
        return column
    assert isinstance(column, NumberColumn)
    values = column.values[:, item]
    return NumberColumn(values, np.isnan(values))


def _looked(name: str, pieces: Sequence[AnyColumn]) -> ColumnProfile:
    rows = sum(len(piece) for piece in pieces)
    missing = sum(0 if piece.missing is None else int(piece.missing.sum()) for piece in pieces)
    classes: dict[int | str, None] = {}
    if all(isinstance(piece, NumberColumn) or not len(piece) for piece in pieces):
        parts = [piece.values for piece in pieces if isinstance(piece, NumberColumn)]
        numbers = np.concatenate(parts) if parts else np.empty(0)
        for value in np.unique(numbers[np.isfinite(numbers)])[:1000].tolist():
            classes[int(value) if float(value).is_integer() else str(value)] = None
        return ColumnProfile(name, numbers, tuple(classes), rows, missing)
    for piece in pieces:
        if isinstance(piece, ClassColumn):
            codes = np.unique(
                piece.codes[piece.codes >= 0] if piece.missing is None else piece.codes[~piece.missing]
            )
            for code in codes[: 1000 - len(classes)].tolist():
                classes[code if piece.values is None else piece.values[code]] = None
        elif isinstance(piece, NumberColumn):
            for value in np.unique(piece.values[~np.isnan(piece.values)])[:1000].tolist():
                classes[int(value) if value.is_integer() else str(value)] = None
    # A column of whole numbers and truths is one of numbers.
    if all(isinstance(value, int) for value in classes) and all(isinstance(p, ClassColumn) for p in pieces):
        return ColumnProfile(
            name, np.concatenate([_as_numbers(p) for p in pieces]), tuple(classes), rows, missing
        )
    return ColumnProfile(name, None, tuple(classes), rows, missing)


def _as_numbers(piece: AnyColumn) -> Floats:
    assert isinstance(piece, ClassColumn)
    codes = (
        piece.codes if piece.values is None else np.array([*map(float, piece.values), np.nan])[piece.codes]
    )
    numbers: Floats = codes.astype(np.float64)
    if piece.missing is not None:
        numbers = np.where(piece.missing, np.nan, numbers)
    return numbers
