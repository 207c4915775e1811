"""Values of Arrow arrays, taken from Arrow's own buffers with NumPy.

Arrow's casts are not used: they round decimals wrongly and let integers lose digits. And what would bring them in,
`Array.to_numpy`, `numpy.asarray` and `pyarrow.compute`, takes long to import.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.reading.arrow_types import FLOATS, INTEGERS, Array, is_view
from losscli.reading.convert import Texts, decoded
from losscli.table.block import Cells, Ints, Mask


class Undecodable(ValueError):
    """The array contradicts itself: the file is damaged."""


def plain(array: Array, dtype: str, width: int = 1) -> NDArray[Any]:
    """The values of the buffer, not copied; ``width`` items a row."""
    rows = len(array)
    itemsize = np.dtype(dtype).itemsize
    data = array.buffers()[1]
    if rows == 0 or data is None:
        return np.zeros(rows * width, dtype)
    return np.frombuffer(data, dtype, rows * width, array.offset * width * itemsize)


def _bits(buffer: Any, offset: int, rows: int) -> Mask:
    first, skip = divmod(offset, 8)
    held = np.frombuffer(buffer, np.uint8, (skip + rows + 7) // 8, first)
    return np.unpackbits(held, bitorder="little")[skip : skip + rows].view(np.bool_)


def missing_rows(array: Array) -> Mask | None:
    """Where the array is null; None where it is nowhere."""
    if array.null_count == 0:
        return None
    validity = array.buffers()[0]
    if validity is None:  # the null type has none
        return np.ones(len(array), np.bool_)
    return ~_bits(validity, array.offset, len(array))


def stored_values(array: Array) -> NDArray[Any] | None:
    """Floats, integers, booleans, dates and times, not to be used where they are missing; None of other types."""
    found = array.type
    dtype = FLOATS.get(found) or INTEGERS.get(found)
    if dtype is not None:
        return plain(array, dtype)
    if pa.types.is_boolean(found):
        data = array.buffers()[1]
        empty = len(array) == 0 or data is None
        return np.zeros(len(array), np.bool_) if empty else _bits(data, array.offset, len(array))
    if pa.types.is_date32(found):
        return plain(array, "<i4").astype("<M8[D]")
    if pa.types.is_date64(found):
        return plain(array, "<M8[ms]").astype("<M8[D]")
    if pa.types.is_time32(found):
        return plain(array, "<i4").astype(f"<M8[{found.unit}]")
    if pa.types.is_time64(found) or pa.types.is_timestamp(found):
        return plain(array, f"<M8[{found.unit}]")
    return None


def indices(array: Array) -> tuple[Ints, Mask | None]:
    """Where each row of a dictionary array points, 0 where it is missing; and where it is missing."""
    stored = array.indices
    missing = missing_rows(stored)
    places = plain(stored, INTEGERS[stored.type])
    if missing is not None:
        places = np.where(missing, 0, places)
    there = len(array.dictionary)
    if len(places) and there and not 0 <= places.min() <= places.max() < there:
        raise Undecodable("a row points outside its dictionary")
    if not there and len(places) and (missing is None or not missing.all()):
        raise Undecodable("a row points into an empty dictionary")
    return places.astype(np.int64), missing


def _offsets(array: Array) -> Ints:
    """The start of each text or list, and the end of the last one."""
    found, rows = array.type, len(array)
    large = (
        pa.types.is_large_list(found) or pa.types.is_large_string(found) or pa.types.is_large_binary(found)
    )
    width = 8 if large else 4
    held = array.buffers()[1]
    if rows == 0 or held is None:
        return np.zeros(rows + 1, np.int64)
    return np.frombuffer(held, f"<i{width}", rows + 1, array.offset * width).astype(np.int64)


def cells_of(array: Array) -> Cells:
    """The places of texts in their buffer; not for view types."""
    offsets = _offsets(array)
    first, last = int(offsets[0]), int(offsets[-1])
    data = array.buffers()[2]
    raw = np.frombuffer(data, np.uint8)[first:last] if last > first else np.zeros(0, np.uint8)
    offsets -= first
    return Cells(raw, offsets[:-1], offsets[1:])


def texts_of(array: Array, rows: Ints | None = None) -> Texts:
    """The texts of some rows, of all where none are named; a missing one is empty."""
    missing = missing_rows(array)
    if is_view(array.type):
        places = range(len(array)) if rows is None else rows.tolist()
        gone = np.zeros(len(array), np.bool_) if missing is None else missing
        return decoded([b"" if gone[row] else _viewed(array, row) for row in places])
    data, starts, ends = cells_of(array)
    if missing is not None:
        ends = np.where(missing, starts, ends)
    if rows is not None:
        starts, ends = starts[rows], ends[rows]
    raw = data.tobytes()
    cuts = zip(starts.tolist(), ends.tolist(), strict=True)
    if raw.isascii():  # decoded at once, as bytes and characters are then counted alike
        text = raw.decode("ascii")
        return Texts([text[start:end] for start, end in cuts], {})
    return decoded([raw[start:end] for start, end in cuts])


def _viewed(array: Array, row: int) -> bytes:
    """One value of a view array: the view itself holds up to 12 bytes."""
    buffers = array.buffers()
    at = (array.offset + row) * 16
    view = memoryview(buffers[1])[at : at + 16].tobytes()
    size = int.from_bytes(view[:4], "little")
    if size <= 12:
        return view[4 : 4 + size]
    held, start = int.from_bytes(view[8:12], "little"), int.from_bytes(view[12:16], "little")
    return memoryview(buffers[2 + held])[start : start + size].tobytes()


def members_of(array: Array) -> tuple[Array, Ints, Ints]:
    """The members of all lists in one array, and the start and end of each list in it."""
    found = array.type
    if pa.types.is_fixed_size_list(found):
        offsets: Ints = (np.arange(len(array) + 1) + array.offset) * found.list_size
    else:
        offsets = _offsets(array)
    first, last = int(offsets[0]), int(offsets[-1])
    if not 0 <= first <= last <= len(array.values) or (np.diff(offsets) < 0).any():
        raise Undecodable("a list reaches beyond what its column holds")
    offsets = offsets - first
    return array.values.slice(first, last - first), offsets[:-1], offsets[1:]
