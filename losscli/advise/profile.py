"""The first rows of columns, and what can be said of each column on its own; nothing is measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from losscli.table.block import AnyColumn, ClassColumn, ColumnRequest, Floats, NumberColumn

if TYPE_CHECKING:
    from losscli.reading.select import Chosen
    from losscli.reading.source import Source

ROWS = 20_000
"""How many rows are looked at."""

MOST_CLASSES = 1000


@dataclass(frozen=True)
class ColumnProfile:
    """One column's first rows: as numbers where every cell is one, and as classes."""

    name: str
    numbers: Floats | None  # NaN where a value is missing; None where a cell is text
    classes: tuple[int | str, ...]  # the different values, at most MOST_CLASSES of them
    rows: int
    missing: int

    @classmethod
    def of(cls, name: str, pieces: Sequence[AnyColumn]) -> Self:
        """The profile of a column that was read in pieces."""
        numbers = None
        if all(isinstance(piece, NumberColumn) or not len(piece) for piece in pieces):
            parts = [piece.values for piece in pieces if isinstance(piece, NumberColumn)]
            numbers = np.concatenate(parts) if parts else np.empty(0)
            classes = dict.fromkeys(_different_numbers(numbers[np.isfinite(numbers)]))
        else:
            classes = dict.fromkeys(value for piece in pieces for value in _different(piece))
            # Whole numbers and truths that were read as classes are numbers as well.
            codes = [piece for piece in pieces if isinstance(piece, ClassColumn)]
            if len(codes) == len(pieces) and all(isinstance(value, int) for value in classes):
                numbers = np.concatenate([_as_numbers(piece) for piece in codes])
        missing = sum(0 if piece.missing is None else int(piece.missing.sum()) for piece in pieces)
        return cls(name, numbers, tuple(classes)[:MOST_CLASSES], sum(map(len, pieces)), missing)

    @cached_property
    def values(self) -> Floats:
        """The finite numbers; none where the column is text."""
        return np.empty(0) if self.numbers is None else self.numbers[np.isfinite(self.numbers)]

    @property
    def infinite(self) -> int:
        """How many of the numbers are infinite."""
        return 0 if self.numbers is None else int(np.isinf(self.numbers).sum())

    @property
    def text(self) -> bool:
        """Whether some value is no number."""
        return self.numbers is None

    @property
    def low(self) -> float:
        """The least number that is not missing; infinite where there is none."""
        return float(self.values.min(initial=np.inf))

    @property
    def high(self) -> float:
        """The greatest number that is not missing; minus infinity where there is none."""
        return float(self.values.max(initial=-np.inf))

    @property
    def whole(self) -> bool:
        """Whether all values are whole numbers."""
        return not self.text and bool((self.values == np.floor(self.values)).all())

    @property
    def constant(self) -> bool:
        """Whether all rows hold the same value."""
        return len(self.classes) == 1

    def from_0_to(self, high: float) -> bool:
        """Whether every value is a number from 0 to ``high``."""
        return not self.text and self.low >= 0.0 and self.high <= high


def look(source: Source, columns: Sequence[Chosen]) -> tuple[list[ColumnProfile], bool]:
    """The profile of each column, and whether it is of all rows of the source."""
    requests = [_request(source, column) for column in columns]
    different = list(dict.fromkeys(requests))
    limit = max(100, ROWS // max(1, *(request.width for request in different)))
    pieces: list[list[AnyColumn]] = [[] for _ in columns]
    rows, whole = 0, True
    for batch in (batch for part in source.parts(different) for batch in part.batches(limit)):
        batch_rows = min(batch.rows, limit - rows)
        read = dict(zip(different, batch.slice(0, batch_rows).columns, strict=True))
        for found, request, column in zip(pieces, requests, columns, strict=True):
            found.append(_place(read[request], column.item))
        rows += batch_rows
        if batch.stop is not None:
            raise batch.stop if batch.stop.row is not None else batch.stop.with_row(rows + 1)
        if rows >= limit:
            whole = source.rows is not None and source.rows <= rows
            break
    return [ColumnProfile.of(c.name, found) for c, found in zip(columns, pieces, strict=True)], whole


def _request(source: Source, column: Chosen) -> ColumnRequest:
    """How a column is read; lists that are not laid out are read as text."""
    if column.item is not None:
        return ColumnRequest(column.index, "vector", column.width)
    return ColumnRequest(column.index, "list" if source.holds_lists(column.index) else "score")


def _place(column: AnyColumn, item: int | None) -> AnyColumn:
    """The numbers at one place of the lists of a column, or the column itself."""
    if item is None:
        return column
    assert isinstance(column, NumberColumn)
    values = column.values[:, item]
    return NumberColumn(values, np.isnan(values))


def _different(piece: AnyColumn) -> Iterator[int | str]:
    """The different values of one piece, that are not missing."""
    if isinstance(piece, NumberColumn):
        yield from _different_numbers(piece.values[~np.isnan(piece.values)])
    elif isinstance(piece, ClassColumn):
        there = piece.codes >= 0 if piece.missing is None else ~piece.missing
        for code in np.unique(piece.codes[there])[:MOST_CLASSES].tolist():
            yield code if piece.values is None else piece.values[code]


def _different_numbers(values: Floats) -> Iterator[int | str]:
    for value in np.unique(values)[:MOST_CLASSES].tolist():
        yield int(value) if value.is_integer() else str(value)


def _as_numbers(piece: ClassColumn) -> Floats:
    codes = (
        piece.codes if piece.values is None else np.array([*map(float, piece.values), np.nan])[piece.codes]
    )
    numbers: Floats = codes.astype(np.float64)
    return numbers if piece.missing is None else np.where(piece.missing, np.nan, numbers)
