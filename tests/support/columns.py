"""Columns that a source reads as plain values, row by row, and the refusal of a whole file."""

from __future__ import annotations

import pytest

from losscli.errors import DataError
from losscli.table.block import AnyColumn, NumberColumn


def plain(column: AnyColumn) -> list:
    """Doubles, labels, and None for what is missing."""
    missing = [False] * len(column) if column.missing is None else column.missing.tolist()
    if isinstance(column, NumberColumn):
        assert column.values.dtype == "float64"
        assert all(
            value != value for value, gone in zip(column.values.tolist(), missing, strict=True) if gone
        )
        return [None if gone else value for value, gone in zip(column.values.tolist(), missing, strict=True)]
    codes = column.codes.tolist()
    if column.values is None:
        assert not any(missing)
        return codes
    kinds = [(type(value), value) for value in column.values]
    assert len(set(kinds)) == len(kinds), "equal values must share a code"
    assert all(code == -1 for code, gone in zip(codes, missing, strict=True) if gone)
    return [None if gone else column.values[code] for code, gone in zip(codes, missing, strict=True)]


def rows_and_stop(source, *wants, chunk_rows=65536, parts=None):
    """Each row as a tuple of plain values, and what stopped the reading."""
    rows = []
    for part in source.parts(wants) if parts is None else parts:
        start = len(rows)
        for batch in part.batches(chunk_rows):
            assert batch.rows <= chunk_rows
            rows += zip(*map(plain, batch.columns), strict=True)
            if batch.stop is not None:
                return rows, batch.stop
            assert batch.rows > 0
        assert part.rows in (None, len(rows) - start)
    return rows, None


def rows_of(source, *wants, **options):
    """Each row of a source that is read to its end."""
    rows, stop = rows_and_stop(source, *wants, **options)
    assert stop is None
    return rows


def refusal(open_source, path, *wants):
    """The error of a file that is refused as a whole, or at a row: it names the file, each text in one line."""

    def read_to_the_end():
        _, stop = rows_and_stop(open_source(path), *wants)
        if stop is not None:
            raise stop

    with pytest.raises(DataError) as caught:
        read_to_the_end()
    error = caught.value
    assert error.file == path
    assert "\n" not in error.message + (error.detail or "")
    return error
