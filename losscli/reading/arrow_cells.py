"""Cells within the bytes of a block as arrays of Arrow, whose functions read them without moving a byte."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

try:
    # What `pyarrow.compute` wraps; wrapping it takes longer than reading a small file does.
    from pyarrow._compute import CastOptions, call_function
except ImportError:
    from pyarrow.compute import CastOptions, call_function

from losscli.reading.arrow_buffers import plain
from losscli.reading.arrow_types import Array
from losscli.table.block import Cells, Floats, Ints, Mask

Places: TypeAlias = NDArray[np.int32]

TRIED = 64
"""Cells that are tried first, to see whether a column holds numbers."""


def in_arrow(cells: Cells, type: Any = None, missing: Mask | None = None) -> Array:
    """The cells, and the bytes between them as nulls: every second element is a cell, beginning with the first.

    An Arrow array needs texts that are side by side. ``missing`` cells are null as well.
    """
    count = 2 * len(cells.starts)
    offsets = np.empty(count + 1, np.int32)
    offsets[:-1:2] = cells.starts
    offsets[1::2] = cells.ends
    offsets[-1] = len(cells.data)
    if missing is None:
        valid = np.full((count + 7) // 8, 0b01010101, np.uint8)
        nulls = count // 2
    else:
        there = np.zeros(count, np.bool_)
        there[::2] = ~missing
        valid = np.packbits(there, bitorder="little")
        nulls = -1  # not counted
    buffers = [pa.py_buffer(valid), pa.py_buffer(offsets), pa.py_buffer(cells.data)]
    return pa.Array.from_buffers(pa.string() if type is None else type, count, buffers, nulls)


def doubles(cells: Cells, missing: Mask | None) -> Floats | None:
    """The nearest doubles, arbitrary for missing cells; None if some cell is no number to Arrow."""
    some = slice(None, None, max(1, len(cells.starts) // TRIED))
    tried = in_arrow(cells.picked(some), missing=None if missing is None else missing[some])
    try:
        # Memory is the system's, as NumPy's is: Arrow's own pool hands back pages that the next block needs again.
        options, pool = CastOptions.safe(pa.float64()), pa.system_memory_pool()
        call_function("cast", [tried], options, pool)  # since refusing many cells takes long
        read = call_function("cast", [in_arrow(cells, missing=missing)], options, pool)
    except pa.ArrowInvalid:
        return None
    return np.ascontiguousarray(plain(read, "<f8")[::2])


def distinct(cells: Cells) -> tuple[Ints, Array]:
    """A code for each cell, and the distinct cells by code, in order of appearance."""
    codes, found = encoded(in_arrow(cells, pa.binary()))
    return codes[::2].astype(np.int64), found


def encoded(*texts: Array) -> tuple[Places, Array]:
    """A code for each text of the last array, and the distinct texts by code, in order of appearance in all arrays."""
    if not len(texts[-1]):
        return np.zeros(0, np.int32), texts[0]
    coded = call_function("dictionary_encode", [pa.chunked_array(texts)], None, pa.system_memory_pool())
    last = coded.chunk(coded.num_chunks - 1)
    return plain(last.indices, "<i4"), last.dictionary
