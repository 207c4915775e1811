"""CSV: lines of cells, with or without quotes (RFC 4180), read in blocks cut at the ends of rows.

A row ends at a line feed, a carriage return, or both, outside quotes. Blocks are cut one after the other,
since only who has read everything before a quote knows whether it opens or closes; they are decoded apart
from each other (`decode`). Nothing here knows what a cell means (`cells`) or where bytes come from (`text`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from losscli.errors import DataError, UsageError
from losscli.reading.decode import LINE_END, BlockDecoder, LineLayout, field_source
from losscli.reading.decompress import compression_of
from losscli.reading.source import Dialect, Part, Source
from losscli.reading.text import UTF8_BOM, TextInput, Window, check_start, not_utf8
from losscli.table.cells import CellReader

if TYPE_CHECKING:
    from losscli.table.block import Batch, ColumnRequest

PART_BYTES = 1 << 21  # of text in a part
ROW_LIMIT_BYTES = 64 << 20  # a longer row is taken for an attack or an unclosed quote
HEADER_BYTES = 1 << 16  # read at first to find the header
HEADER_LIMIT_BYTES = 16 << 20
COLUMN_LIMIT = 100_000  # a line of commas is no table, but would take its memory

DELIMITERS = ",;\t|"

_TILE_BYTES = 1 << 17  # searched for quotes at a time
_LAST_LINE_ENDS = 16
_QUOTE = ord('"')
_LINE_ENDS = (ord("\n"), ord("\r"))


def open_csv(
    path: str,
    *,
    dialect: Dialect,
    format: str = "csv",
    compression: str | None = None,
    stream: BinaryIO | None = None,
) -> CsvSource:
    """Open a file, or a stream such as standard input, and read its header."""
    _check_dialect(dialect)
    if compression is None and stream is None:
        compression = compression_of(path)
    text = TextInput(path, encoding=dialect.encoding, compression=compression, stream=stream)
    window = text.open_for_header()
    try:
        layout, first_row = _read_header(window, text.path, dialect, format)
    finally:
        text.close_header(window)
    return CsvSource(text, format, layout, first_row)


@dataclass(slots=True)
class CsvPart:
    """A block of whole rows, and what is wrong with the row behind it."""

    block: memoryview
    quoted: bool
    stop: DataError | None
    decoder: BlockDecoder
    size: int
    rows: int | None = None

    def batches(self, chunk_rows: int) -> Iterator[Batch]:
        batch = self.decoder.decode(self.block, self.quoted)
        if batch.stop is None and self.stop is not None:
            batch = batch.stopped(self.stop)
        if batch.rows <= chunk_rows:
            yield batch
            return
        for start in range(0, batch.rows, chunk_rows):
            yield batch.slice(start, min(start + chunk_rows, batch.rows))


class CsvSource(Source):
    """An opened CSV file."""

    def __init__(self, text: TextInput, format: str, layout: LineLayout, first_row: int) -> None:
        self.path = text.path
        self.format = format
        self.columns = layout.columns
        self.named = layout.named
        self.size = text.size
        self.delimiter = layout.delimiter
        self._text = text
        self._layout = layout
        self._first_row = first_row

    def holds_lists(self, index: int) -> bool | None:
        """Whether cells of a column are lists: of CSV they may be (None) where `--dialect` says how."""
        return False if self._layout.cells.list is None else None

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        window = self._text.open()
        try:
            decoder = BlockDecoder(self._layout, wants, self.size or 0)
            window.peek(self._first_row)
            window.skip(self._first_row)
            passed = 0
            for block, cut in _blocks(window, self._layout):
                yield CsvPart(block, cut.quoted, cut.stop, decoder, window.bytes_passed() - passed)
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
            limit = _mebibytes(HEADER_LIMIT_BYTES)
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
        return LineLayout(path, numbered, False, line.delimiter, cells), start
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
    return LineLayout(path, names, True, line.delimiter, cells), line.end


class _Line(NamedTuple):
    cells: list[bytes]
    delimiter: str
    end: int


def _first_line(data: bytes, start: int, at_end: bool, dialect: Dialect, format: str) -> _Line | None:
    """The header, or the first line that has cells; None if it does not end within ``data``."""
    if at_end and data[-1] not in _LINE_ENDS:
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
    return _Line([_unquoted(cell) for cell in cells], delimiter, row.end())


def _found_delimiter(data: bytes, start: int, decimal: str, format: str) -> str:
    """What parts the cells of the first line: the commonest candidate outside quotes."""
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


def _unquoted(cell: bytes) -> bytes:
    return cell[1:-1].replace(b'""', b'"') if cell.startswith(b'"') else cell


# ── the rows ──


class _Cut(NamedTuple):
    """Where whole rows end in a run of bytes."""

    end: int
    quoted: bool
    stop: DataError | None = None  # what is certainly wrong with the row that begins there


def _blocks(window: Window, layout: LineLayout) -> Iterator[tuple[memoryview, _Cut]]:
    """The rows, block by block, each with its last line end; after a stop nothing follows."""
    cutter = _Cutter(layout)
    count = PART_BYTES
    while True:
        data = window.peek(count)
        at_end = len(data) < count
        if at_end and window.fault is not None:
            cut = cutter.cut(data, whole=False, last=True)
            cut = cut if cut.stop is not None else _Cut(cut.end, cut.quoted, window.fault)
        elif not data:
            window.close()
            return
        else:
            size = len(data)
            if at_end and data[-1] not in _LINE_ENDS:
                data += b"\n"
            cut = cutter.cut(data, whole=at_end, last=at_end)
            if cut.stop is None:
                # Empty lines are rows if others follow, and none at the end of the file.
                cut = _Cut(_end_of_filled(data, cut.end), cut.quoted)
                if cut.end == 0 and not at_end:
                    if count < ROW_LIMIT_BYTES:
                        count = min(2 * count, ROW_LIMIT_BYTES)
                        continue
                    cut = _Cut(0, False, _too_long(layout.path, data))
            window.skip(size if at_end else cut.end)
        # Before the last block, since what is wrong in it may be that the file was cut meanwhile.
        if cut.stop is not None:
            window.check()
        elif at_end:
            window.close()
        yield memoryview(data)[: cut.end], cut
        if at_end or cut.stop is not None:
            return
        count = PART_BYTES


class _Cutter:
    """Finds the ends of rows, outside quotes."""

    def __init__(self, layout: LineLayout) -> None:
        self._path = layout.path
        cell, mark = field_source(layout.delimiter), re.escape(layout.delimiter)
        self._rows = re.compile(rf"(?:{cell}(?:{mark}{cell})*+{LINE_END})*+".encode())
        self._whole_cells = re.compile(rf"(?:{cell}{mark})*+".encode())
        self._quoted_cell = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')
        self._ends = np.zeros(256, dtype=np.bool_)
        self._ends[[*_LINE_ENDS, _QUOTE, ord(layout.delimiter)]] = True

    def cut(self, data: bytes, *, whole: bool, last: bool) -> _Cut:
        """``data`` begins with a row. ``whole``: it ends with the last row; ``last``: no more can be had."""
        if b'"' not in data:
            return _Cut(len(data) if whole else _end_of_lines(data, last), False)
        feed = self._end_by_parity(data, _LINE_ENDS[0])
        if feed is None:
            return self._cut_by_grammar(data, whole)
        end, inside = feed
        if whole and not inside:
            return _Cut(len(data), True)
        if end == 0 or last:
            # A carriage return as the last byte may be half of a line end.
            back = self._end_by_parity(data if whole else data[:-1], _LINE_ENDS[1])
            end = max(end, 0 if back is None else back[0])
        return _Cut(end, True, self._unclosed() if whole else None)

    def _end_by_parity(self, data: bytes, line_end: int) -> tuple[int, bool] | None:
        """The end of the last row, and whether ``data`` ends inside quotes; None if a quote is out of place.

        Where each quote that opens follows a delimiter, and a delimiter follows each that closes (a doubled
        quote closes and opens), an odd number of quotes before a place says that it is inside quotes.
        """
        codes = np.frombuffer(data, dtype=np.uint8)
        end, inside = 0, 0
        # By tiles, since a place takes eight bytes and a row may hold millions of quotes.
        for start in range(0, len(codes), _TILE_BYTES):
            tile = codes[start : start + _TILE_BYTES]
            quotes = np.flatnonzero(tile == _QUOTE)
            opening, closing = quotes[inside::2] + start, quotes[1 - inside :: 2] + start
            before, after = opening[opening > 0] - 1, closing[closing + 1 < len(codes)] + 1
            if not (self._ends[codes[before]].all() and self._ends[codes[after]].all()):
                return None
            ends = np.flatnonzero(tile == line_end)
            # The last few nearly always hold one that is outside.
            for some in (ends[-_LAST_LINE_ENDS:], ends):
                outside = some[(np.searchsorted(quotes, some) + inside) % 2 == 0]
                if len(outside):
                    end = start + int(outside[-1]) + 1
                    break
            inside = (inside + len(quotes)) % 2
        return end, bool(inside)

    def _cut_by_grammar(self, data: bytes, whole: bool) -> _Cut:
        """The same with quotes in the middle of plain cells, where they are literal: cell after cell."""
        rows = self._rows.match(data, 0, len(data) - (not whole and data.endswith(b"\r")))
        end = 0 if rows is None else rows.end()
        if end == len(data):
            return _Cut(end, True)
        cells = self._whole_cells.match(data, end)
        quoted = self._quoted_cell.match(data, end if cells is None else cells.end())
        if quoted is not None and quoted.end() < len(data) and not self._ends[data[quoted.end()]]:
            error = DataError("text stands behind a closing quote", file=self._path)
            error.detail = "a quoted cell ends with its quote, and a quote in it is doubled"
            return _Cut(end, True, error)
        return _Cut(end, True, self._unclosed() if whole else None)

    def _unclosed(self) -> DataError:
        return DataError("a quote opens here that is never closed", file=self._path)


def _end_of_lines(data: bytes, last: bool) -> int:
    """Behind the last line end, in text without quotes: a line feed will do where more text follows."""
    end = data.rfind(b"\n") + 1
    if end == 0 or last:
        # A carriage return as the last byte may be half of a line end.
        end = max(end, data.rfind(b"\r", 0, len(data) - 1) + 1)
    return end


def _end_of_filled(data: bytes, end: int) -> int:
    """The end of the last line before ``end`` that is not empty, its line end included; 0 if all are."""
    filled = end
    while filled and data[filled - 1] in _LINE_ENDS:
        filled -= 1
    if filled == 0 or filled == end:
        return filled
    return filled + (2 if data[filled : filled + 2] == b"\r\n" else 1)


def _too_long(path: str, data: bytes) -> DataError:
    limit = _mebibytes(ROW_LIMIT_BYTES)
    if not data.strip(b"\r\n"):
        return DataError(f"holds more than {limit} of empty lines", file=path)
    quote = "a quote in it may be one that is never closed" if b'"' in data else None
    return DataError(f"the row is longer than {limit}", file=path, detail=quote)


def _mebibytes(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count} bytes"
