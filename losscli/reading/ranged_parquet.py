"""Remote Parquet files: the footer, and of each run of row groups the columns that are used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from losscli.reading.parquet import ParquetSource
from losscli.reading.ranged import ReadAhead, RemoteFile, Span, Spans, joined
from losscli.reading.source import Part, Source
from losscli.table.block import ColumnRequest


class RangedParquetSource(ParquetSource):
    """A remote Parquet file, its footer read."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._ahead = ReadAhead(file)
        super().__init__(file)

    def holds_the_same(self, index: int, other: Source, place: int, jobs: int) -> bool:
        return False  # to compare the bytes, both columns would be fetched

    def _parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        # All are made before the first is decoded, so that the next ones are known.
        yield from [self._part(first, last, wants) for first, last in self._runs()]

    def _part(self, first: int, last: int, wants: Sequence[ColumnRequest]) -> Part:
        names, groups = self._names(wants), range(first, last + 1)
        self._ahead.expect((groups, names), self._spans(groups, names))
        return super()._part(first, last, wants)

    def _stored_at(self) -> Any:
        return pa.PythonFile(Spans(self._file), mode="r")

    @contextmanager
    def _reader(self, coded: frozenset[str], groups: Sequence[int], names: tuple[str, ...]) -> Iterator[Any]:
        run = range(groups[0], groups[-1] + 1)
        spans = self._ahead.take((run, names), self._spans(run, names))
        with pa.PythonFile(spans, mode="r") as stored:
            yield self._opened(coded, stored)

    def _spans(self, groups: Sequence[int], names: tuple[str, ...]) -> list[Span]:
        chunks = [self._stored(group, leaf)[:2] for group in groups for leaf in self._leaves(names)]
        return joined([(start, start + size) for start, size in chunks])


def open_ranged_parquet(file: RemoteFile) -> RangedParquetSource:
    """The file's columns and rows, from its footer."""
    return RangedParquetSource(file)
