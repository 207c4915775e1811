"""The reference reader of CSV: cell by cell, by the grammar of RFC 4180.

It reads small files, and every block that `csv_fast` hands over. It words what is wrong with the shape of a row;
`csv_cells` words what is wrong with a cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from losscli.errors import DataError
from losscli.reading.convert import decoded, read_texts
from losscli.reading.csv_rows import LINE_END, LineLayout, field_source, unquoted
from losscli.reading.keys import keys_of_text
from losscli.reading.read import Read, batch_of
from losscli.table.block import KEY_KINDS, Batch, Cells, ColumnRequest
from losscli.table.cells import shown


class ReferenceReader:
    """The reader of one file; used by several threads at a time."""

    def __init__(self, layout: LineLayout) -> None:
        self._layout = layout
        cell, mark = field_source(layout.delimiter), re.escape(layout.delimiter)
        row = rf"{cell}(?:{mark}{cell}){{{layout.width - 1}}}{LINE_END}"
        # Within a row of several columns an empty line cannot match, since its delimiters are missing.
        self._good_rows = re.compile(rf"(?:{row})*+".encode("latin-1"))
        self._cells = re.compile(rf"({cell})({mark}|{LINE_END}|\Z)".encode("latin-1"))

    def read(self, block: memoryview, wants: Sequence[ColumnRequest]) -> Batch:
        """Rows up to the first bad one."""
        good = self._good_rows.match(block)
        end = 0 if good is None else good.end()
        found: list[tuple[bytes, bytes]] = self._cells.findall(block, 0, end)
        if found and not found[-1][1]:
            found.pop()  # an empty match after the last line
        width = self._layout.width
        rows = len(found) // width

        def read(want: ColumnRequest) -> Read:
            return self._column([unquoted(cell) for cell, _ in found[want.index :: width]], want)

        reads = [read(want) for want in wants]
        batch = batch_of(rows, wants, reads, self._layout.columns, self._layout.path)
        if batch.stop is None and end < len(block):
            return batch.stopped(self._shape_error(block[end:]))
        return batch

    def _column(self, cells: list[bytes], want: ColumnRequest) -> Read:
        grammar = self._layout.grammar
        if want.kind in KEY_KINDS:
            return keys_of_text(*laid(cells), None, want.kind, grammar.nulls)
        different = {cell: place for place, cell in enumerate(dict.fromkeys(cells))}
        codes = np.fromiter(map(different.__getitem__, cells), np.int64, len(cells))
        return read_texts(decoded(list(different)), want, grammar).picked(codes)

    def _shape_error(self, rest: memoryview) -> DataError:
        width, counted_in = self._layout.width, "header" if self._layout.named else "first row"
        if bytes(rest[:1]) in (b"\n", b"\r"):
            return DataError(
                "the line is empty",
                file=self._layout.path,
                detail=f"{_cells(width)} were expected, as in the {counted_in}",
            )
        found = 0
        for match in self._cells.finditer(rest):
            found += 1
            if match[2][:1] in (b"\n", b"\r", b""):
                break
        hint = None
        if 1 in (found, width):
            delimiter = shown(self._layout.delimiter)
            hint = f"cells are parted by `{delimiter}`; if that is wrong, add `--dialect delimiter=…`"
        message = f"has {_cells(found)}, the {counted_in} has {width}"
        return DataError(message, file=self._layout.path, hint=hint)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def laid(cells: Sequence[bytes]) -> Cells:
    """Cells side by side."""
    ends = np.fromiter(accumulate(map(len, cells)), np.int64, len(cells))
    starts = ends - np.fromiter(map(len, cells), np.int64, len(cells))
    return Cells(np.frombuffer(b"".join(cells), np.uint8), starts, ends)
