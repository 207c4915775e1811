"""CSV: lines of cells, with or without quotes (RFC 4180).

Here a file is opened and its header read. `csv_rows` cuts blocks of whole rows, which are decoded apart from each
other: by `csv_reference`, and faster by `csv_fast`. `csv_cells` says what a cell means, `text` gives the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from losscli.errors import DataError, UsageError
from losscli.reading.csv_cells import CsvCells
from losscli.reading.csv_reference import ReferenceReader
from losscli.reading.csv_rows import (
    LINE_END,
    LINE_ENDS,
    LineLayout,
    RowsEnd,
    blocks_of,
    count_lines,
    field_source,
    mebibytes,
    unquoted,
)
from losscli.reading.decompress import compression_of
from losscli.reading.source import Dialect, Part, Source
from losscli.reading.text import UTF8_BOM, Streamed, TextInput, Window, check_start, not_utf8
from losscli.table.cells import CellReader

if TYPE_CHECKING:
    from losscli.reading.csv_lines import Lines
    from losscli.reading.known_texts import TextsOfColumns
    from losscli.table.block import Batch, ColumnRequest
    from losscli.table.workers import Spread

SMALL_BYTES = 1 << 16
"""Up to here a file is read before the fast reader would be imported."""
HEADER_BYTES = 1 << 16  # read at first to find the header
HEADER_LIMIT_BYTES = 16 << 20
COLUMN_LIMIT = 100_000  # a line of commas is no table, but would take its memory

DELIMITERS = ",;\t|"


def open_csv(
    path: str,
    *,
    dialect: Dialect,
    format: str = "csv",
    compression: str | None = None,
    stream: BinaryIO | None = None,
    remote: Streamed | None = None,
) -> CsvSource:
    """Open a file, or a stream such as standard input, and read its header."""
    _check_dialect(dialect)
    if compression is None and stream is None:
        compression = compression_of(path)
    text = TextInput(path, encoding=dialect.encoding, compression=compression, stream=stream, remote=remote)
    window = text.open_for_header()
    try:
        layout, first_row = _read_header(window, text.path, dialect, format)
    finally:
        text.close_header(window)
    return CsvSource(text, format, layout, first_row)


class BlockDecoder:
    """Decodes blocks of one file; used by several threads at a time."""

    def __init__(
        self, layout: LineLayout, wants: Sequence[ColumnRequest], size: int, texts: TextsOfColumns
    ) -> None:
        """``size``: how many bytes there are at least; ``texts``: what is known of the columns' texts."""
        self._layout, self._wants, self._size, self._texts = layout, list(wants), size, texts
        self._reference = ReferenceReader(layout)

    def batches(self, block: memoryview, cut: RowsEnd, chunk_rows: int) -> Iterator[Batch]:
        """The rows of a block up to the first bad one, at most ``chunk_rows`` at a time."""
        batch = None
        if max(len(block), self._size) > SMALL_BYTES:
            from losscli.reading.csv_fast import FastReader

            batch = FastReader(self._layout, self._texts).read(block, cut.quotes, self._wants)
        if batch is None:
            batch = self._reference.read(block, self._wants)
        if batch.stop is None and cut.stop is not None:
            batch = batch.stopped(cut.stop)
        yield from batch.pieces(chunk_rows)

    def count(self, block: memoryview, cut: RowsEnd) -> int | None:
        """How many rows a block has; None where one is bad."""
        if cut.stop is None and cut.quotes == "none" and (lines := count_lines(block)) is not None:
            return lines
        (batch,) = BlockDecoder(self._layout, (), self._size, {}).batches(block, cut, len(block))
        return batch.rows if batch.stop is None else None


class CsvSource(Source):
    """An opened CSV file."""

    lines: Lines | None

    def __init__(self, text: TextInput, format: str, layout: LineLayout, first_row: int) -> None:
        self.path = text.path
        self.format = format
        self.columns = layout.columns
        self.named = layout.named
        self.size = text.size
        self._text = text
        self._layout = layout
        self._first_row = first_row
        self._texts: TextsOfColumns = {}

    def find_rows(self, spread: Spread = map) -> int | None:
        """Count lines: of plain files where every line is a row, since no cell is quoted."""
        if self.lines is None and self._text.plain:
            from losscli.reading.csv_lines import Lines, counted, stretches

            found = spread(partial(counted, self._text), stretches(self._text, self._first_row))
            if (self.size or 0) > SMALL_BYTES:
                # Imported while other processes count: those that are forked to decode then have it.
                from losscli.reading import csv_fast  # noqa: F401
            self.lines = Lines.of(self._text, self._first_row, found)
        return None if self.lines is None else self.lines.rows

    def rows_between(self, first: int, last: int, wants: Sequence[ColumnRequest]) -> Part:
        assert self.lines is not None
        decoder = BlockDecoder(self._layout, wants, self.size or 0, self._texts)
        return self.lines.part(self._text, range(first, last), decoder.batches)

    def holds_lists(self, index: int) -> bool | None:
        """Whether cells of a column are lists: of CSV they may be (None) where `--dialect` says how."""
        return False if self._layout.grammar.cells.list is None else None

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        window = self._text.open()
        try:
            decoder = BlockDecoder(self._layout, wants, self.size or 0, self._texts)
            window.peek(self._first_row)
            window.skip(self._first_row)
            passed = 0
            for block, cut in blocks_of(window, self._layout):
                size = window.bytes_passed() - passed
                yield Part(size, partial(decoder.batches, block, cut), partial(decoder.count, block, cut))
                passed = window.bytes_passed()
        finally:
            window.abandon()


# ── the header ──


def _check_dialect(dialect: Dialect) -> None:
    if dialect.delimiter is not None and (
        len(dialect.delimiter) != 1 or not dialect.delimiter.isascii() or dialect.delimiter in '"\r\n\0'
    ):
        detail = "one ASCII character is wanted, no quote and no line end"
        raise UsageError(f"{dialect.delimiter!r} cannot be a delimiter", detail=detail)
    if dialect.decimal not in (".", ","):
        detail = "`point` or `comma` is wanted"
        raise UsageError(f"{dialect.decimal!r} cannot be a decimal point", detail=detail)


def _read_header(window: Window, path: str, dialect: Dialect, format: str) -> tuple[LineLayout, int]:
    """The layout, and where the first row begins."""
    count = HEADER_BYTES
    while True:
        data = window.peek(count)
        at_end = len(data) < count
        start = len(UTF8_BOM) if data.startswith(UTF8_BOM) else 0
        check_start(data[:64], path, dialect.encoding)
        if at_end and len(data) == start:
            raise window.fault or DataError("is empty", file=path)
        line = _first_line(data, start, at_end, dialect, format)
        if line is not None:
            break
        if at_end or count >= HEADER_LIMIT_BYTES:
            what = "header" if dialect.header else "first row"
            limit = mebibytes(HEADER_LIMIT_BYTES)
            raise window.fault or DataError(
                f"the {what} does not end, or its quotes are wrong",
                file=path,
                detail=f"a quoted cell ends with its closing quote; the {what} may have {limit}",
            )
        count = min(2 * count, HEADER_LIMIT_BYTES)
    if len(line.cells) > COLUMN_LIMIT:
        raise DataError(f"has more than {COLUMN_LIMIT} columns", file=path)
    cells = CellReader(dialect.decimal, dialect.null, dialect.list)
    if not dialect.header:
        numbered = tuple(str(place) for place in range(1, len(line.cells) + 1))
        return LineLayout(path, numbered, False, line.delimiter, CsvCells(cells)), start
    if line.cells == [b""]:
        raise DataError("the first line is empty, a header was expected", file=path)
    try:
        names = tuple(cell.decode() for cell in line.cells)
    except UnicodeDecodeError:
        error = not_utf8(path)
        error.message = f"in the header, {error.message}"
        raise error from None
    if all(cells.is_number(name) for name in names):
        raise DataError(
            "every cell of the header is a number",
            file=path,
            detail="the first line was expected to name the columns",
            hint="if it is a row, add `--dialect header=no`; columns are then `1`, `2`, …",
        )
    # A header that is the whole file may end without a line end.
    return LineLayout(path, names, True, line.delimiter, CsvCells(cells)), min(line.end, len(data))


class _Line(NamedTuple):
    cells: list[bytes]
    delimiter: str
    end: int


def _first_line(data: bytes, start: int, at_end: bool, dialect: Dialect, format: str) -> _Line | None:
    """The header, or the first line that has cells; None if it does not end within ``data``."""
    if at_end and data[-1] not in LINE_ENDS:
        data += b"\n"
    if not dialect.header:
        filled = re.compile(rb"[^\r\n]").search(data, start)
        if filled is not None:
            start = filled.start()
        elif not at_end:
            return None
    delimiter = dialect.delimiter or _found_delimiter(data, start, dialect.decimal, format)
    cell, mark = field_source(delimiter), re.escape(delimiter)
    row = re.compile(rf"{cell}(?:{mark}{cell})*+{LINE_END}".encode()).match(data, start)
    # A carriage return at the very end may be half of a line end.
    if row is None or (row.end() == len(data) and data[-1:] == b"\r" and not at_end):
        return None
    cells = []
    for match in re.compile(rf"({cell})({mark}|{LINE_END})".encode()).finditer(row[0]):
        cells.append(match[1])
        if match[2] != delimiter.encode() or len(cells) > COLUMN_LIMIT:
            break
    return _Line([unquoted(cell) for cell in cells], delimiter, row.end())


def _found_delimiter(data: bytes, start: int, decimal: str, format: str) -> str:
    """The delimiter of the first line: the most frequent candidate outside quotes."""
    cell = field_source(DELIMITERS)
    counts = dict.fromkeys(DELIMITERS, 0)
    for match in re.compile(rf"{cell}([{DELIMITERS}]?)".encode()).finditer(data, start):
        if not match[1]:
            break
        counts[match[1].decode()] += 1
    if format == "tsv" and (counts["\t"] or not any(counts.values())):
        return "\t"
    if decimal == "," and sum(counts.values()) != counts[","]:
        counts[","] = 0
    if any(counts.values()):
        return max(DELIMITERS, key=lambda delimiter: counts[delimiter])
    return ";" if decimal == "," else ","
