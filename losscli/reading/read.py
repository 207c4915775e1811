"""What reading a column gives: the column, its bad rows, and why they are bad; columns become a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from losscli.errors import DataError
from losscli.table.block import (
    AnyColumn,
    Batch,
    ClassColumn,
    ColumnRequest,
    Ints,
    KeyColumn,
    Mask,
    NumberColumn,
    take,
)
from losscli.table.cells import Unreadable


def never(row: int) -> Unreadable:
    """Why a row of a column without bad rows is bad: nobody may ask."""
    raise AssertionError(row)


class Read(NamedTuple):
    """A column as it was read; of the bad rows, and those after the first of them, the values mean nothing."""

    column: AnyColumn
    bad: Mask | None = None  # None: every row was read
    why: Callable[[int], Unreadable] = never  # what is wrong with a bad row

    def picked(self, places: Ints, missing: Mask | None = None) -> Read:
        """The rows at some places, such as the entries that a dictionary's rows point to; ``missing`` rows have no place.

        ``places`` may become the codes of the column and be overwritten.
        """
        column, bad = self.column, self.bad
        if isinstance(column, ClassColumn) and _numbers_its_rows(column):
            column = ClassColumn(places, column.values)
        else:
            column = take(column, places)
        if missing is not None:
            column = _without(column, missing)
        if bad is not None:
            bad = without(bad[places], missing)
        return Read(column, bad, lambda row: self.why(int(places[row])))


def _numbers_its_rows(column: ClassColumn) -> bool:
    """Whether each code is the number of its row, as it is where no label repeats."""
    codes, values = column.codes, column.values
    return (
        values is not None and len(codes) == len(values) > 0 and bool((codes == np.arange(len(codes))).all())
    )


def _without(column: AnyColumn, missing: Mask) -> AnyColumn:
    """A column whose arrays may be written to, with more rows missing."""
    missing = missing if column.missing is None else missing | column.missing
    if isinstance(column, NumberColumn):
        column.values[missing] = np.nan
        return NumberColumn(column.values, missing)
    if isinstance(column, ClassColumn):
        column.codes[missing] = -1
        return ClassColumn(column.codes, column.values, missing)
    return KeyColumn(column.words, missing)


def without(bad: Mask, missing: Mask | None) -> Mask | None:
    """Only rows that are not missing can be bad: the value of a null is arbitrary."""
    if missing is not None:
        bad &= ~missing
    return bad if bad.any() else None


def batch_of(
    rows: int,
    wants: Sequence[ColumnRequest],
    reads: Sequence[Read],
    columns: Sequence[str],
    file: str,
    first_row: int | None = None,
) -> Batch:
    """The columns wanted as one batch; ``first_row`` counts from 0, None: not known.

    Where a row cannot be read, the rows before the lowest such row, and ``stop``.
    """
    batch = Batch(rows, tuple(read.column for read in reads))
    bad = [
        (int(read.bad.argmax()), want, read)
        for want, read in zip(wants, reads, strict=True)
        if read.bad is not None
    ]
    if not bad:
        return batch
    at, want, read = min(bad, key=lambda found: found[:2])
    reason = read.why(at)
    row = None if first_row is None else first_row + at + 1
    stop = DataError(reason.message, reason.detail, reason.hint, file, columns[want.index], row)
    return batch.slice(0, at).stopped(stop)


def coded(labels: Sequence[int | str | None]) -> ClassColumn:
    """Labels as a column: equal ones get one code, and None, a missing one, gets -1."""
    present = [label for label in labels if label is not None]
    values = tuple(dict.fromkeys(present))
    if len(values) == len(labels):
        return ClassColumn(np.arange(len(labels)), values)
    codes: dict[int | str | None, int] = {None: -1}
    codes.update(zip(values, range(len(values)), strict=True))
    found = np.array([codes[label] for label in labels], np.int64)
    return ClassColumn(found, values, found < 0 if len(present) < len(labels) else None)
