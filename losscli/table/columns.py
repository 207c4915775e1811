"""Columns joined end to end, class columns in one coding, and the memory that a column takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from losscli.table.block import AnyColumn, ClassColumn, Ints, KeyColumn, NumberColumn
from losscli.table.keys import joined


def nbytes(column: AnyColumn) -> int:
    """About how many bytes of memory a column takes."""
    missing = 0 if column.missing is None else column.missing.nbytes
    if isinstance(column, KeyColumn):
        return column.words.nbytes + missing
    if isinstance(column, NumberColumn):
        return column.values.nbytes + missing
    # A Python string takes about 64 bytes besides its characters.
    texts = sum(64 + len(value) for value in column.values or () if isinstance(value, str))
    return column.codes.nbytes + missing + texts


def concatenated(pieces: Sequence[AnyColumn]) -> AnyColumn:
    """Columns of one kind joined end to end."""
    if len(pieces) == 1:
        return pieces[0]
    missing = None
    if any(piece.missing is not None for piece in pieces):
        missing = np.concatenate(
            [np.zeros(len(p), np.bool_) if p.missing is None else p.missing for p in pieces]
        )
    first = pieces[0]
    if isinstance(first, NumberColumn):
        values = [p.values for p in pieces if isinstance(p, NumberColumn)]
        return NumberColumn(np.concatenate(values), missing)
    if isinstance(first, KeyColumn):
        return KeyColumn(joined([p.words for p in pieces if isinstance(p, KeyColumn)]), missing)
    codes, classes = coded_alike([compact(p) for p in pieces if isinstance(p, ClassColumn)])
    return ClassColumn(np.concatenate(codes), classes, missing)


def coded_alike(columns: Sequence[ClassColumn]) -> tuple[list[Ints], tuple[int | str, ...] | None]:
    """The codes of class columns in one coding, and its classes; None where each code is its own class."""
    if all(column.values is None for column in columns):
        return [column.codes for column in columns], None
    places: dict[int | str, int] = {}
    coded = []
    for column in columns:
        column = with_values(column)
        table = [places.setdefault(value, len(places)) for value in column.values or ()]
        coded.append(np.array([*table, -1], np.int64)[column.codes])
    return coded, tuple(places)


def with_values(column: ClassColumn) -> ClassColumn:
    """The column with its classes listed, where codes are classes themselves."""
    if column.values is not None:
        return column
    found, codes = np.unique(column.codes, return_inverse=True)
    return ClassColumn(codes.astype(np.int64), tuple(found.tolist()), column.missing)


def compact(column: ClassColumn) -> ClassColumn:
    """The same column without the classes that no row has, where there are many classes for its rows."""
    if column.values is None or len(column.values) <= max(16, len(column) // 4):
        return column
    used, codes = np.unique(column.codes, return_inverse=True)
    skipped = int(np.count_nonzero(used < 0))  # -1 is the code of a missing class
    values = tuple(column.values[code] for code in used[skipped:].tolist())
    return ClassColumn(codes.astype(np.int64) - skipped, values, column.missing)
