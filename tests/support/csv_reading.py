"""Read CSV through the whole reader and give its columns as plain lists."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from unittest import mock

from columns import plain

from losscli.errors import DataError
from losscli.reading import csv, csv_rows
from losscli.reading.source import Dialect, Source
from losscli.table.block import ColumnRequest

PART_SIZES = (1, 16, 64, csv_rows.PART_BYTES)


@dataclass
class Found:
    columns: tuple[str, ...]
    rows: int
    lists: list[list]
    stop: DataError | None  # its row filled in, as whoever counts the rows does

    @property
    def error(self) -> str:
        assert self.stop is not None
        return str(self.stop)


def read(data, *wants, part=csv_rows.PART_BYTES, chunk=10**6, dialect=None, small=0, **options) -> Found:
    """Read bytes, or a path; a want is a kind, for the first columns in turn, or a `ColumnRequest`."""
    where = {"path": str(data)} if not isinstance(data, bytes) else {"path": "-", "stream": io.BytesIO(data)}
    source = csv.open_csv(**where, dialect=dialect or Dialect(), **options)
    return read_source(source, *wants, part=part, chunk=chunk, small=small)


def read_source(source: Source, *wants, part=csv_rows.PART_BYTES, chunk=10**6, small=0) -> Found:
    """``small``: bytes of a block up to which it is read by the reference, and not by the fast reader."""
    asked = [
        want if isinstance(want, ColumnRequest) else ColumnRequest(place, want)
        for place, want in enumerate(wants)
    ]
    found = Found(source.columns, 0, [[] for _ in asked], None)
    with mock.patch.object(csv_rows, "PART_BYTES", part), mock.patch.object(csv, "SMALL_BYTES", small):
        for each in source.parts(asked):
            for batch in each.batches(chunk):
                assert found.stop is None, "a batch follows a stop"
                assert batch.rows <= chunk
                for so_far, column in zip(found.lists, batch.columns, strict=True):
                    assert len(column) == batch.rows
                    so_far.extend(plain(column))
                found.rows += batch.rows
                if batch.stop is not None:
                    found.stop = batch.stop.with_row(found.rows + 1)
            if found.stop is not None:
                break
    return found


def read_alike(data, *wants, **options) -> Found:
    """Read in parts of several sizes, by the fast reader and by the reference: none may show."""
    ways = [
        read(data, *wants, part=part, chunk=chunk, **options) for part in PART_SIZES for chunk in (1, 10**6)
    ]
    ways += [read(data, *wants, part=part, small=1 << 30, **options) for part in (16, csv_rows.PART_BYTES)]
    for way in ways:
        assert (way.columns, way.rows, repr(way.lists)) == (
            ways[0].columns,
            ways[0].rows,
            repr(ways[0].lists),
        )
        assert str(way.stop) == str(ways[0].stop)
    return ways[0]


def bits(values: list[float | None]) -> list[bytes | None]:
    return [None if value is None else struct.pack("<d", value) for value in values]
