"""The file of `--rows-out`: CSV, Parquet or JSON lines, a line for each measured row, in the order of PREDS.

Rows come as `RowTable`.  Paired by position, they come from the first to the last and are written as they
come.  Paired by key, they come in any order: they are spilled, and sorted by their row numbers at the end.  They
are spilled as well where a format has types and a column's type depends on all its cells.  The file appears
whole or not at all (`writing`).
"""

from __future__ import annotations

import io
import json
import math
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self

import numpy as np
import pyarrow as pa

from losscli.errors import UsageError
from losscli.report.writing import cannot, file_in_place
from losscli.table.block import AnyColumn, ClassColumn, NumberColumn
from losscli.table.infer_type import CellKinds, value_of
from losscli.table.spill import Spill

if TYPE_CHECKING:
    from losscli.measure.observers.file_rows import FileRows, RowTable

GROUP_ROWS = 1 << 17
"""Rows of a row group, and of a piece that is sorted at once."""

TYPES = {"integer": pa.int64(), "number": pa.float64(), "text": pa.string(), "told": pa.string()}


class RowFile:
    """The file while it is being written; leaving the block by an error leaves no file."""

    def __init__(self, path: str, rows: FileRows, *, ordered: bool, for_spreadsheets: bool) -> None:
        self.path, self.format = path, FORMATS[format_of(path)]
        self.schema = pa.schema([(name, TYPES[kind]) for name, kind in rows.columns()])
        # By their places among the facts, which come after the row number in the columns.
        told = {at: fact.cells for at, fact in enumerate(rows.facts) if fact.cells is not None}
        self.told = told if self.format.typed else {}
        self.ordered = ordered and not self.told
        self.for_spreadsheets = for_spreadsheets
        self._pieces: dict[int, list[tuple[int, int]]] = {}
        self._waiting: list[Any] = []
        self._rows = 0
        self._seen: dict[int, CellKinds] = {}
        self._writer: RowWriter | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._spill = stack.enter_context(Spill())
            self._out = stack.enter_context(file_in_place(self.path))
            self._stack = stack
            if not self.told:
                self._open()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        with self._stack:
            if error is not None:
                raise error
            self._finish()

    def restart(self) -> None:
        """Forget the rows: another way to pair them begins.  Only where they are paired by key."""
        self._pieces.clear()
        self._seen.clear()

    def add(self, rows: RowTable) -> None:
        """Take rows: those that follow the ones before, or any where they are paired by key."""
        arrays = [pa.array(rows.numbers, pa.int64())]
        for column, type in zip(rows.columns, self.schema.types[1:], strict=True):
            arrays.append(_array(column, type))
        table = pa.Table.from_arrays(arrays, schema=self.schema)
        for at, found in rows.kinds.items():
            self._seen[at] = self._seen.get(at, CellKinds.NOTHING) | found
        if self.ordered:
            self._queue(table)
        elif len(rows.numbers):  # a filter may leave none
            self._put_aside(table, rows.numbers // GROUP_ROWS)

    def _put_aside(self, table: Any, groups: Any) -> None:
        """Spill rows, those of each group as a piece."""
        order = np.argsort(groups, kind="stable")
        codes, starts = np.unique(groups[order], return_index=True)
        ends = [*starts[1:].tolist(), len(order)]
        for code, start, end in zip(codes.tolist(), starts.tolist(), ends, strict=True):
            sink = io.BytesIO()
            with pa.ipc.new_stream(sink, self.schema) as writer:
                writer.write_table(table.take(pa.array(order[start:end])))
            content = sink.getvalue()
            self._pieces.setdefault(code, []).append((self._spill.write(content), len(content)))

    def _queue(self, table: Any) -> None:
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting).combine_chunks()
        self._waiting, self._rows = [], 0
        assert self._writer is not None
        try:
            self._writer.write(table)
        except OSError as error:
            raise cannot(self.path, error) from None

    def _open(self) -> None:
        self._writer = self.format(self._out, self.schema, for_spreadsheets=self.for_spreadsheets)
        self._stack.callback(self._writer.abandon)

    def _finish(self) -> None:
        if self.told:
            for at in self.told:
                type = TYPES[self._seen.get(at, CellKinds.NOTHING).told]
                self.schema = self.schema.set(at + 1, pa.field(self.schema.names[at + 1], type))
            self._open()
        for code in sorted(self._pieces):
            tables = [
                pa.ipc.open_stream(self._spill.read(place, size)).read_all()
                for place, size in self._pieces[code]
            ]
            self._queue(self._as_told(pa.concat_tables(tables).sort_by("row")))
        self._flush()
        assert self._writer is not None
        self._writer.close()

    def _as_told(self, table: Any) -> Any:
        """The columns whose type depends on all cells, as that type."""
        columns = list(table.columns)
        for at, cells in self.told.items():
            told = self._seen.get(at, CellKinds.NOTHING).told
            if told != "text":
                coded = columns[at + 1].combine_chunks().dictionary_encode()
                values = [value_of(text, told, cells) for text in coded.dictionary.to_pylist()]
                columns[at + 1] = pa.array(values, TYPES[told]).take(coded.indices)
        return pa.Table.from_arrays(columns, schema=self.schema)


def _array(column: AnyColumn, type: Any) -> Any:
    if isinstance(column, NumberColumn):
        if pa.types.is_string(type):
            texts = [_number_text(value) for value in column.values.tolist()]
            return pa.array(texts, pa.string(), mask=column.missing)
        return pa.array(column.values, pa.float64(), mask=column.missing)
    assert isinstance(column, ClassColumn)
    codes = column.codes if column.missing is None else np.where(column.missing, 0, column.codes)
    if column.values is None:
        found = pa.array(codes, pa.int64(), mask=column.missing)
        return found.cast(type)
    values = pa.array([str(value) for value in column.values] or [""], pa.string())
    indices = pa.array(codes, pa.int64(), mask=column.missing)
    return values.take(indices).cast(type)


def _number_text(value: float) -> str:
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)


class RowWriter:
    """Writes tables of rows to an open file, in one format."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    typed: ClassVar[bool] = True
    """Whether its columns have types: else a column of cells is written as it was read."""

    def __init__(self, out: BinaryIO, schema: pa.Schema, *, for_spreadsheets: bool) -> None:
        self.out = out

    def write(self, table: Any) -> None:
        """Write the rows of an Arrow table behind those before."""
        raise NotImplementedError

    def close(self) -> None:
        """Write what ends the file."""

    def abandon(self) -> None:
        """Let go of the file, finished or not."""


class ParquetWriter(RowWriter):
    """A row group for each table."""

    suffixes = (".parquet", ".pq")

    def __init__(self, out: BinaryIO, schema: pa.Schema, *, for_spreadsheets: bool) -> None:
        import pyarrow.parquet

        self._writer = pyarrow.parquet.ParquetWriter(out, schema, compression="zstd")

    def write(self, table: Any) -> None:
        self._writer.write_table(table)

    def close(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        # Collected while it is open, it would complain that its file is closed.
        with suppress(OSError, ValueError, pa.ArrowException):
            self._writer.close()
        self._writer.is_open = False


class CsvWriter(RowWriter):
    """A header, and a line for each row."""

    suffixes = (".csv",)
    typed = False

    def __init__(self, out: BinaryIO, schema: pa.Schema, *, for_spreadsheets: bool) -> None:
        import pyarrow.csv

        names = [_defused(name) if for_spreadsheets else name for name in schema.names]
        out.write((",".join(_quoted(name) for name in names) + "\n").encode("utf-8"))
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
        self._writer = pyarrow.csv.CSVWriter(out, schema, write_options=options)
        self._for_spreadsheets = for_spreadsheets

    def write(self, table: Any) -> None:
        self._writer.write_table(_without_formulas(table) if self._for_spreadsheets else table)

    def close(self) -> None:
        self._writer.close()


class JsonWriter(RowWriter):
    """An object for each row, in strict JSON: infinity is the text `inf`, since JSON has no number for it."""

    suffixes = (".jsonl", ".ndjson")

    def write(self, table: Any) -> None:
        for batch in table.to_batches(1 << 14):
            for row in batch.to_pylist():
                for name, value in row.items():
                    if isinstance(value, float) and not math.isfinite(value):
                        row[name] = repr(value)
                self.out.write(json.dumps(row, allow_nan=False).encode("ascii") + b"\n")


FORMATS: dict[str, type[RowWriter]] = {"csv": CsvWriter, "parquet": ParquetWriter, "jsonl": JsonWriter}


def format_of(path: str) -> str:
    """The format that the suffix of a path names."""
    for name, format in FORMATS.items():
        if path.lower().endswith(format.suffixes):
            return name
    known = " ".join(suffix for format in FORMATS.values() for suffix in format.suffixes)
    raise UsageError(
        f"the format of `{path}` cannot be told from its name", hint=f"known suffixes are {known}"
    )


FORMULA = r"^[=+\-@\t\r]"
"""How text begins that a spreadsheet takes for a formula."""

NUMBER = r"^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$"
"""Text that a spreadsheet takes for a number, however it begins."""


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if any(mark in text for mark in ',"\r\n') else text


def _defused(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _without_formulas(table: Any) -> Any:
    """Text that a spreadsheet would run gets an apostrophe before it; numbers stay numbers."""
    import pyarrow.compute as pc

    columns = []
    for column, type in zip(table.columns, table.schema.types, strict=True):
        if pa.types.is_string(type):
            quoted = pc.binary_join_element_wise("'", column, "")
            runs = pc.and_not(
                pc.match_substring_regex(column, FORMULA), pc.match_substring_regex(column, NUMBER)
            )
            column = pc.if_else(runs, quoted, column)
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=table.schema)
