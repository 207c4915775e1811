"""CSV text is cut into blocks of whole rows.

A row ends at a line feed, a carriage return, or both, outside quotes. Blocks are cut one after the other,
since whether a quote opens or closes depends on everything before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from losscli.errors import DataError
from losscli.reading.csv_cells import CsvCells
from losscli.reading.text import Window

PART_BYTES = 1 << 21  # of text in a part
ROW_LIMIT_BYTES = 64 << 20  # a longer row is taken for an attack or an unclosed quote

LINE_END = r"(?:\r\n|\r|\n)"
LINE_ENDS = (ord("\n"), ord("\r"))
QUOTE = ord('"')

_TILE_BYTES = 1 << 17  # searched for quotes at a time
_LAST_LINE_ENDS = 16


class LineLayout(NamedTuple):
    """The columns of a file, its delimiter, and the grammar of its cells."""

    path: str
    columns: tuple[str, ...]
    named: bool
    delimiter: str
    grammar: CsvCells

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self.columns)


Quotes: TypeAlias = Literal["none", "paired", "odd"]
"""The quotes in a run of rows: none; each around a cell, or doubled in one; or some in the middle of a plain cell."""


class RowsEnd(NamedTuple):
    """Where whole rows end in a run of bytes."""

    end: int
    quotes: Quotes
    stop: DataError | None = None  # what is certainly wrong with the row that begins there


def field_source(delimiters: str) -> str:
    """A regular expression of one cell, quoted by RFC 4180 or plain; in a plain one a quote is a quote.

    Its repeats are possessive: a quote that is never closed must not be tried in every other way.
    """
    ends = "".join(f"\\x{ord(c):02x}" for c in delimiters) + "\\r\\n"
    return rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"{ends}][^{ends}]*+|(?=[{ends}]|\Z))'


def unquoted(cell: bytes) -> bytes:
    """A cell without the quotes around it and with single ones in it."""
    return cell[1:-1].replace(b'""', b'"') if cell.startswith(b'"') else cell


def blocks_of(window: Window, layout: LineLayout) -> Iterator[tuple[memoryview, RowsEnd]]:
    """The rows, block by block, each with its last line end; after a stop nothing follows."""
    cutter = _Cutter(layout)
    count = PART_BYTES
    while True:
        data = window.peek(count)
        at_end = len(data) < count
        if at_end and window.fault is not None:
            cut = cutter.cut(data, whole=False, last=True)
            cut = cut if cut.stop is not None else RowsEnd(cut.end, cut.quotes, window.fault)
        elif not data:
            window.close()
            return
        else:
            size = len(data)
            if at_end and data[-1] not in LINE_ENDS:
                data += b"\n"
            cut = cutter.cut(data, whole=at_end, last=at_end)
            if cut.stop is None:
                # Empty lines are rows if others follow, and none at the end of the file.
                cut = RowsEnd(end_of_filled(data, cut.end), cut.quotes)
                if cut.end == 0 and not at_end:
                    if count < ROW_LIMIT_BYTES:
                        count = min(2 * count, ROW_LIMIT_BYTES)
                        continue
                    cut = RowsEnd(0, "none", _too_long(layout.path, data))
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
        self._ends[[*LINE_ENDS, QUOTE, ord(layout.delimiter)]] = True

    def cut(self, data: bytes, *, whole: bool, last: bool) -> RowsEnd:
        """``data`` begins with a row. ``whole``: it ends with the last row; ``last``: no more can be had."""
        if b'"' not in data:
            return RowsEnd(len(data) if whole else _end_of_lines(data, last), "none")
        feed = self._end_by_parity(data, LINE_ENDS[0])
        if feed is None:
            return self._cut_by_grammar(data, whole)
        end, inside = feed
        if whole and not inside:
            return RowsEnd(len(data), "paired")
        if end == 0 or last:
            # A carriage return as the last byte may be half of a line end.
            back = self._end_by_parity(data if whole else data[:-1], LINE_ENDS[1])
            end = max(end, 0 if back is None else back[0])
        return RowsEnd(end, "paired", self._unclosed() if whole else None)

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
            quotes = np.flatnonzero(tile == QUOTE)
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

    def _cut_by_grammar(self, data: bytes, whole: bool) -> RowsEnd:
        """The same with quotes in the middle of plain cells, where they are literal: cell after cell."""
        rows = self._rows.match(data, 0, len(data) - (not whole and data.endswith(b"\r")))
        end = 0 if rows is None else rows.end()
        if end == len(data):
            return RowsEnd(end, "odd")
        cells = self._whole_cells.match(data, end)
        quoted = self._quoted_cell.match(data, end if cells is None else cells.end())
        if quoted is not None and quoted.end() < len(data) and not self._ends[data[quoted.end()]]:
            error = DataError("text stands behind a closing quote", file=self._path)
            error.detail = "a quoted cell ends with its quote, and a quote in it is doubled"
            return RowsEnd(end, "odd", error)
        return RowsEnd(end, "odd", self._unclosed() if whole else None)

    def _unclosed(self) -> DataError:
        return DataError("a quote opens here that is never closed", file=self._path)


def _end_of_lines(data: bytes, last: bool) -> int:
    """Behind the last line end, in text without quotes: a line feed will do where more text follows."""
    end = data.rfind(b"\n") + 1
    if end == 0 or last:
        # A carriage return as the last byte may be half of a line end.
        end = max(end, data.rfind(b"\r", 0, len(data) - 1) + 1)
    return end


def count_lines(text: memoryview) -> int | None:
    """The lines of text without quotes; None where a carriage return alone ends one."""
    codes = np.frombuffer(text, np.uint8)
    returns = np.flatnonzero(codes == LINE_ENDS[1])
    if len(returns) and (returns[-1] + 1 == len(codes) or (codes[returns + 1] != LINE_ENDS[0]).any()):
        return None
    return int(np.count_nonzero(codes == LINE_ENDS[0])) + bool(codes[-1] != LINE_ENDS[0])


def end_of_filled(data: bytes, end: int) -> int:
    """The end of the last line before ``end`` that is not empty, its line end included; 0 if all are."""
    filled = end
    while filled and data[filled - 1] in LINE_ENDS:
        filled -= 1
    if filled == 0 or filled == end:
        return filled
    return filled + (2 if data[filled : filled + 2] == b"\r\n" else 1)


def _too_long(path: str, data: bytes) -> DataError:
    limit = mebibytes(ROW_LIMIT_BYTES)
    if not data.strip(b"\r\n"):
        return DataError(f"holds more than {limit} of empty lines", file=path)
    quote = "a quote in it may be one that is never closed" if b'"' in data else None
    return DataError(f"the row is longer than {limit}", file=path, detail=quote)


def mebibytes(count: int) -> str:
    """A number of bytes for a message."""
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count} bytes"
