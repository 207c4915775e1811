"""The file of `--rows-out`: CSV, Parquet or JSON lines, a line for each measured row, in the order of PREDS.

Rows come as `RowTable`, from the first to the last where they are paired by position; paired by key
they come in any order, and are put aside by their row numbers until all are there.  They are put aside as well
where only all cells of a column tell its type (`told`), and the format has types.  The file appears whole or
not at all (`writing`).
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from losscli.errors import UsageError
from losscli.pairing.spill import Spill
from losscli.report.writing import cannot, file_in_place
from losscli.table.block import AnyColumn, ClassColumn, NumberColumn
from losscli.table.infer_type import CellKinds, value_of

if TYPE_CHECKING:
    from losscli.measure.observers.file_rows import FileRows, RowTable

SUFFIXES = {
    ".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip

GROUP_ROWS = 1 << 17
"""Rows of a row group, and of a piece that is put in order at once."""

FORMULA = r"^[=+\-@\t\r]"
"""How text begins that a spreadsheet takes for a formula."""

NUMBER = r"^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$"
"""Text that a spreadsheet takes for a number, however it begins."""

TYPES = {"integer": pa.int64(), "number": pa.float64(), "text": pa.string(), "told": pa.string()}


def format_of(path: str) -> str:
    """The format that the suffix of a path names."""
    for suffix, format in SUFFIXES.items():
        if path.lower().endswith(suffix):
            return format
    raise UsageError(
        f"the format of `{path}` cannot be told from its name",
        hint=f"known suffixes are {' '.join(SUFFIXES)}",
    )


class RowFile:
    """The file while it is being written; leaving the block by an error leaves no file."""

    def __init__(self, path: str, rows: FileRows, *, ordered: bool, for_spreadsheets: bool = False) -> None:
        self.path, self.format = path, format_of(path)
        self.schema = pa.schema([(name, TYPES[kind]) for name, kind in rows.columns()])
        # Their places among the columns by those among the facts, which stand behind the number of the row.
        told = {at: fact.cells for at, fact in enumerate(rows.facts) if fact.cells is not None}
        self.told = told if self.format != "csv" else {}
        self.ordered = ordered and not self.told
        self.for_spreadsheets = for_spreadsheets and self.format == "csv"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._spill = self._stack.enter_context(Spill())
        self._pieces: dict[int, list[tuple[int, int]]] = {}
        self._waiting: list[Any] = []
        self._rows = 0
        self._seen: dict[int, CellKinds] = {}
        self._writer: Any = None
        try:
            self._out = self._stack.enter_context(file_in_place(self.path))
            if not self.told:
                self._writer = self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._finish()
            except BaseException as fault:
                self._stack.__exit__(type(fault), fault, fault.__traceback__)
                if isinstance(fault, OSError):
                    raise cannot(self.path, fault) from None
                raise
        self._stack.__exit__(kind, error, where)

    def restart(self) -> None:
        """Forget the rows: another way to pair them begins.  Only where they are paired by key."""
        self._pieces.clear()
        self._seen.clear()

    def add(self, rows: RowTable) -> None:
        """Take rows in: behind those before them, or in any order where they are paired by key."""
        arrays = [pa.array(rows.numbers, pa.int64())]
        for column, type in zip(rows.columns, self.schema.types[1:], strict=True):
            arrays.append(_array(column, type))
        table = pa.Table.from_arrays(arrays, schema=self.schema)
        for at, found in rows.kinds.items():
            self._seen[at] = self._seen.get(at, CellKinds.NOTHING) | found
        if self.ordered:
            self._queue(table)
            return
        if not len(rows.numbers):
            return  # a filter has left none
        groups = rows.numbers // GROUP_ROWS
        order = np.argsort(groups, kind="stable")
        codes, starts = np.unique(groups[order], return_index=True)
        ends = [*starts[1:].tolist(), len(order)]
        for code, start, end in zip(codes.tolist(), starts.tolist(), ends, strict=True):
            sink = io.BytesIO()
            part = table.take(pa.array(order[start:end]))
            with pa.ipc.new_stream(sink, self.schema) as writer:
                writer.write_table(part)
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
        try:
            self._write(table)
        except OSError as error:
            raise cannot(self.path, error) from None

    def _finish(self) -> None:
        put_aside = self.schema
        if self.told:
            for at in self.told:
                type = TYPES[self._seen.get(at, CellKinds.NOTHING).told]
                self.schema = self.schema.set(at + 1, pa.field(put_aside.names[at + 1], type))
            self._writer = self._open()
        for code in sorted(self._pieces):
            tables = [
                pa.ipc.open_stream(self._spill.read(place, size)).read_all()
                for place, size in self._pieces[code]
            ]
            self._queue(self._as_told(pa.concat_tables(tables).sort_by("row")))
        self._flush()
        if self._writer is not None:
            self._writer.close()

    def _as_told(self, table: Any) -> Any:
        """The columns whose cells told their type, as that type."""
        columns = list(table.columns)
        for at, cells in self.told.items():
            told = self._seen.get(at, CellKinds.NOTHING).told
            if told != "text":
                coded = columns[at + 1].combine_chunks().dictionary_encode()
                values = [value_of(text, told, cells) for text in coded.dictionary.to_pylist()]
                columns[at + 1] = pa.array(values, TYPES[told]).take(coded.indices)
        return pa.Table.from_arrays(columns, schema=self.schema)

    # ------------------------------------------------------------------ formats

    def _open(self) -> Any:
        if self.format == "parquet":
            import pyarrow.parquet

            writer = pyarrow.parquet.ParquetWriter(self._out, self.schema, compression="zstd")
            self._stack.callback(_let_go, writer)
            return writer
        if self.format == "csv":
            import pyarrow.csv

            names = [_defused(name) if self.for_spreadsheets else name for name in self.schema.names]
            self._out.write((",".join(_quoted(name) for name in names) + "\n").encode("utf-8"))
            options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
            return pyarrow.csv.CSVWriter(self._out, self.schema, write_options=options)
        return None

    def _write(self, table: Any) -> None:
        if self.format == "jsonl":
            for line in _json_lines(table):
                self._out.write(line)
            return
        if self.for_spreadsheets:
            table = _without_formulas(table)
        self._writer.write_table(table)


def _let_go(writer: Any) -> None:
    """Close what an error left open: collected later, it would complain that its file is closed."""
    with suppress(OSError, ValueError, pa.ArrowException):
        writer.close()
    writer.is_open = False


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


def _json_lines(table: Any) -> Iterator[bytes]:
    """Strict JSON: infinity is the text `inf`, since JSON has no number for it."""
    for batch in table.to_batches(1 << 14):
        for row in batch.to_pylist():
            for name, value in row.items():
                if isinstance(value, float) and not math.isfinite(value):
                    row[name] = repr(value)
            yield json.dumps(row, allow_nan=False).encode("ascii") + b"\n"
