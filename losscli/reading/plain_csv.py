"""Blocks of plain numbers in lines of the same number of cells, read faster than by a CSV reader.

Separators are found by NumPy, and the cells between them read where they lie by Arrow's own conversion of
text to doubles: the same bits as its CSV reader gives, as both convert in the same way.  Whatever is not
plain (a quote, a space, a line with another number of cells, a cell that is no number or is missing) is
declined, and goes to the reader that knows all of CSV.  Without this module a call on 5 million rows of two
numbers takes 11 % more CPU time, and one on two files with ids 15 to 17 % more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.table.block import Cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from losscli.reading.arrow_csv import CellTypes

CellEnds: TypeAlias = NDArray[np.int32]
"""Where the cells of each row end: a line for each row, a column for each separator."""

WORTH_IT = 1 << 24
"""Bytes of a file behind which its import of Arrow's functions has paid off."""
PATIENCE = 4
"""Blocks declined one after another behind which a file is taken for one that is not plain."""

_FEED, _RETURN = 10, 13


class PlainReader:
    """The reader of plain blocks of one file; used by several threads at a time."""

    def __init__(self, width: int, delimiter: str, decimal: str, expected: int) -> None:
        self._width = width
        self._delimiter = ord(delimiter)
        self._seen = WORTH_IT if expected >= 4 * WORTH_IT else 0
        self._declined = 0 if decimal == "." else PATIENCE

    def read(self, block: memoryview, readings: CellTypes) -> tuple[int, dict[int, Any]] | None:
        """The number of rows, and the cells of each column asked for; None where the block is not plain."""
        self._seen += len(block)
        wanted = sorted(readings)
        if (
            self._seen < WORTH_IT
            or self._declined >= PATIENCE
            or not wanted
            or len(block) >= 1 << 31
            or any(readings[index] not in ("double", "bytes") for index in wanted)
        ):
            return None
        found = self._cells(block, wanted, readings)
        self._declined = self._declined + 1 if found is None else 0
        return found

    def _cells(
        self, block: memoryview, wanted: list[int], readings: CellTypes
    ) -> tuple[int, dict[int, Any]] | None:
        raw = np.frombuffer(block, np.uint8)
        if self._delimiter == ord(","):
            # Below it lie the line ends, and with them quotes, spaces and the plus sign, which break the pattern.
            found = np.flatnonzero(raw <= self._delimiter)
        else:
            found = np.flatnonzero((raw == self._delimiter) | (raw == _FEED) | (raw == _RETURN))
        pattern = [self._delimiter] * (self._width - 1) + [_FEED]
        if len(raw) > 1 and raw[-2] == _RETURN:
            pattern.insert(-1, _RETURN)
        rows, rest = divmod(len(found), len(pattern))
        if rest or not rows:
            return None
        if not np.array_equal(raw.take(found), np.tile(np.array(pattern, np.uint8), rows)):
            return None
        # In 32 bits, as Arrow takes them, what follows costs half.
        places = found.astype(np.int32).reshape(rows, len(pattern))
        numbers = [index for index in wanted if readings[index] == "double"]
        values = _doubles(block, places, numbers) if numbers else []
        if values is None:
            return None
        arrays: dict[int, Any] = dict(zip(numbers, values, strict=True))
        for index in wanted:
            if readings[index] == "bytes":
                begins = np.empty(rows, np.int32)
                _begin(places, index, begins)
                arrays[index] = Cells(raw, begins, np.ascontiguousarray(places[:, index]))
        return rows, arrays


def _begin(places: CellEnds, index: int, begins: Any) -> None:
    """Where the cells of a column begin, from where all cells end."""
    if index:
        np.add(places[:, index - 1], 1, out=begins)
    else:
        begins[0] = 0
        np.add(places[:-1, -1], 1, out=begins[1:])


def _doubles(block: memoryview, places: CellEnds, indices: Sequence[int]) -> list[Any] | None:
    """The cells of some columns as doubles; None where one is no number as Arrow knows them."""
    import pyarrow as pa

    rows, columns = len(places), len(indices)
    # One array of texts: cell, what lies behind it, cell …
    count = 2 * rows * columns
    offsets = np.empty(count + 1, np.int32)
    laid = offsets[:-1].reshape(rows, 2 * columns)
    for at, index in enumerate(indices):
        _begin(places, index, laid[:, 2 * at])
        laid[:, 2 * at + 1] = places[:, index]
    offsets[-1] = len(block)
    texts = every_second(block, offsets)
    try:
        # From the system, as NumPy's: Arrow's own pool hands pages back that the next block needs again.
        read = texts.cast(pa.float64(), memory_pool=pa.system_memory_pool())
    except pa.ArrowInvalid:
        return None
    values = np.frombuffer(read.buffers()[1], np.float64, count).reshape(rows, 2 * columns)
    found = []
    for at in range(columns):
        column = pa.py_buffer(np.ascontiguousarray(values[:, 2 * at]))
        found.append(pa.Array.from_buffers(pa.float64(), rows, [None, column]))
    return found


def every_second(block: Any, offsets: CellEnds) -> Any:
    """An array of all texts between the offsets into a block, of which every second one counts as missing."""
    import pyarrow as pa

    count = len(offsets) - 1
    valid = np.full((count + 7) // 8, 0b01010101, np.uint8)
    buffers = [pa.py_buffer(valid), pa.py_buffer(offsets), pa.py_buffer(block)]
    return pa.Array.from_buffers(pa.string(), count, buffers, count // 2)
