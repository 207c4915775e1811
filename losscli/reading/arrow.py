"""Arrow arrays become number and class columns; shared by Parquet and the Arrow files.

Values are taken from Arrow's own buffers with NumPy.  Arrow's casts are not used: they round decimals
wrongly and let integers lose digits; and what would bring them in, `Array.to_numpy`, `numpy.asarray`
and `pyarrow.compute`, is dear to import.  Opening and decoding files is the business of each format.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.errors import DataError
from losscli.numbers.error_free import two_product
from losscli.reading.keys import keys_of_floats, keys_of_integers, keys_of_labels, keys_of_text
from losscli.reading.values import (
    BadRow,
    CodedRows,
    Numbers,
    StoredTexts,
    blanked,
    decoded,
    either,
    float_numbers,
    fraction,
    json_text,
    labels_of,
    list_labels,
    moment_labels,
    numbers_of,
    spelled,
    stored_labels,
    stored_numbers,
    text_labels,
    text_numbers,
    vectors,
    without,
)
from losscli.table.block import (
    INTEGER_KINDS,
    KEY_KINDS,
    AnyColumn,
    ColumnKind,
    Floats,
    Ints,
    KeyColumn,
    Mask,
    picked,
)
from losscli.table.cells import EXACT, shown

if TYPE_CHECKING:
    from losscli.table.keys import KeyType

Array: TypeAlias = Any  # pyarrow has no types of its own
DataType: TypeAlias = Any

WIDE = 2**62  # what decimals are divided without Python's integers
SCALE_LIMIT = 400  # a double ends long before; a damaged file may ask for ten to the two-thousand-millionth
ENCODED = 4096  # from so many texts on, importing Arrow's functions pays
KEPT_DICTIONARIES = 8  # whose labels are remembered
KEPT_ENTRIES, KEPT_BYTES = 1 << 14, 1 << 20  # of such a dictionary, at most

_FLOATS = {pa.float16(): "<f2", pa.float32(): "<f4", pa.float64(): "<f8"}
_INTEGERS = {
    pa.int8(): "<i1",
    pa.int16(): "<i2",
    pa.int32(): "<i4",
    pa.int64(): "<i8",
    pa.uint8(): "<u1",
    pa.uint16(): "<u2",
    pa.uint32(): "<u4",
    pa.uint64(): "<u8",
}
_POWERS = [float(10**n) for n in range(23)]  # those that are doubles exactly


# What pyarrow raises over files that are not what they say; MemoryError when a length is absurd.
DECODING_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError, MemoryError)


class Undecodable(ValueError):
    """The array contradicts itself: the file is damaged."""


# ---------------------------------------------------------------------- types


def refusal(found: DataType, kind: ColumnKind) -> str | None:
    """What was wanted, when no column of this type can be read as ``kind``; else None."""
    found = _storage_type(found)
    if kind == "labels":
        return None if _is_label(_listed_type(found)) else "wanted lists of text or of whole numbers"
    if kind == "vector":
        inner = _listed_type(found)
        return "wanted lists of numbers" if inner is None else refusal(inner, "number")
    if kind == "list":
        inner = _listed_type(found)
        return "wanted lists of numbers or of text" if inner is None or pa.types.is_nested(inner) else None
    if pa.types.is_dictionary(found):
        return refusal(found.value_type, kind)
    if (
        found in _FLOATS
        or found in _INTEGERS
        or pa.types.is_boolean(found)
        or pa.types.is_null(found)
        or (pa.types.is_decimal(found) and abs(found.scale) <= SCALE_LIMIT)
        or _is_string(found)
    ):
        return None
    if kind in ("number", "truth"):
        return "wanted numbers, booleans, decimals, or text that holds numbers"
    if (
        pa.types.is_date(found)
        or pa.types.is_timestamp(found)
        or pa.types.is_time(found)
        or _is_binary(found)
    ):
        return None
    return "wanted numbers, booleans, text, dates or times"


def check_type(found: DataType, kind: ColumnKind, file: str, column: str) -> None:
    wanted = refusal(found, kind)
    if wanted is not None:
        read_as = {
            "number": "numbers",
            "truth": "numbers",
            "text": "text",
            "int_key": "keys",
            "whole_key": "keys",
            "text_key": "keys",
            "text_cells": "keys",
            "labels": "lists of labels",
            "vector": "vectors of numbers",
            "list": "lists",
        }
        raise DataError(
            f"it is of type `{shown(str(found))}`, which cannot be read as {read_as.get(kind, 'labels')}",
            detail=wanted,
            file=file,
            column=column,
        )


def holds_lists(found: DataType) -> bool:
    """Whether a column of this type holds a list a row."""
    return _listed_type(found) is not None


def _listed_type(found: DataType) -> DataType | None:
    """The type of what stands in the lists of a column; None where it holds no lists."""
    if pa.types.is_list(found) or pa.types.is_large_list(found) or pa.types.is_fixed_size_list(found):
        return found.value_type
    return None


def _is_label(found: DataType | None) -> bool:
    """Whether what stands in a list can be a class label."""
    if found is None:
        return False
    if pa.types.is_dictionary(found):
        return _is_label(found.value_type)
    return bool(
        _is_string(found)
        or found in _INTEGERS
        or found in _FLOATS  # whole ones, as writers make of integers beside holes
        or pa.types.is_boolean(found)
        or pa.types.is_null(found)
    )


def key_type(found: DataType) -> KeyType | None:
    """What a column of this type holds as a key; None where it says nothing."""
    found = _storage_type(found)
    if pa.types.is_dictionary(found):
        return key_type(found.value_type)
    if found in _INTEGERS:
        return "wide int" if found == pa.uint64() else "int"
    if pa.types.is_decimal(found):
        return "wide int" if found.scale <= 0 else "decimal"
    if pa.types.is_boolean(found):
        return "bool"
    if pa.types.is_date(found) or pa.types.is_timestamp(found) or pa.types.is_time(found):
        return "moment"
    if pa.types.is_null(found):
        return None
    return "float" if found in _FLOATS else "text"


def rounding(found: DataType) -> float:
    """The relative rounding of the numbers in a column or in its lists, where it is coarser than a double's; else 0."""
    listed = _listed_type(found)
    if listed is not None or pa.types.is_dictionary(found):
        return rounding(found.value_type)
    if found not in (pa.float16(), pa.float32()):
        return 0.0
    return float(np.finfo(_FLOATS[found]).eps)


def _is_string(found: DataType) -> bool:
    return bool(
        pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)
    )


def _is_binary(found: DataType) -> bool:
    """Bytes of any length: old writers put text there without saying so."""
    return bool(
        pa.types.is_binary(found) or pa.types.is_large_binary(found) or pa.types.is_binary_view(found)
    )


def _is_view(found: DataType) -> bool:
    return bool(pa.types.is_string_view(found) or pa.types.is_binary_view(found))


def _storage_type(found: DataType) -> DataType:
    # Of the extension types only these two are what their storage says: text, and a boolean byte.
    if isinstance(found, pa.BaseExtensionType) and found.extension_name in ("arrow.json", "arrow.bool8"):
        return found.storage_type
    return found


def column_of(array: Array, kind: ColumnKind, width: int = 0) -> tuple[AnyColumn, BadRow | None]:
    """The column, and its first row that cannot be read; from there on its values mean nothing.

    ``width``: of vectors, how many numbers each has.
    """
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if kind in KEY_KINDS:
        return _keys(array, kind)
    if kind == "labels":
        return _lists(array).column()
    if kind == "vector":
        return _vectors(array, width).column()
    if kind == "list":
        return _list_texts(array).column()
    if kind in ("number", "truth") or (kind == "score" and refusal(array.type, "number") is None):
        numbers = _numbers(array, kind)
        if kind != "score" or numbers.bad is None:
            return numbers.column()
    return _labels(array, kind).column()


# ---------------------------------------------------------------------- keys


def _keys(array: Array, kind: ColumnKind) -> tuple[KeyColumn, BadRow | None]:
    found, missing = array.type, _missing(array)
    if found in _INTEGERS:
        return keys_of_integers(_plain(array, _INTEGERS[found]), missing, kind)
    if found in _FLOATS and kind in INTEGER_KINDS:
        read = float_numbers(_plain(array, _FLOATS[found]), missing)
        return keys_of_floats(read.values, read.missing)
    if pa.types.is_dictionary(found) and len(array.dictionary):
        places, missing = _indices(array)
        inner, bad = _keys(array.dictionary, kind)
        if inner.missing is not None:
            missing = either(missing, inner.missing[places])
        if bad is None:
            return KeyColumn(picked(inner.words, places), missing), None
        # Some entry is bad: only those that rows point to count.
        return keys_of_labels(_dictionary_labels(array, "text"), kind)
    if (_is_string(found) or _is_binary(found)) and not _is_view(found):
        width = 8 if pa.types.is_large_string(found) or pa.types.is_large_binary(found) else 4
        _, held, data = array.buffers()
        if len(array) and held is not None:
            offsets = np.frombuffer(held, f"<i{width}", len(array) + 1, array.offset * width).astype(np.int64)
            first, last = int(offsets[0]), int(offsets[-1])
            raw = np.frombuffer(data, np.uint8)[first:last] if last > first else np.zeros(0, np.uint8)
            offsets -= first
            return keys_of_text(raw, offsets[:-1], offsets[1:], missing, kind)
    return keys_of_labels(_labels(array, "text"), kind)


# ---------------------------------------------------------------------- buffers


def _plain(array: Array, dtype: str, width: int = 1) -> NDArray[Any]:
    """The values as they lie in the buffer, without copying; ``width`` items a row."""
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


def _missing(array: Array) -> Mask | None:
    if array.null_count == 0:
        return None
    validity = array.buffers()[0]
    if validity is None:  # the null type has none
        return np.ones(len(array), np.bool_)
    return ~_bits(validity, array.offset, len(array))


def _booleans(array: Array) -> Mask:
    data = array.buffers()[1]
    if len(array) == 0 or data is None:
        return np.zeros(len(array), np.bool_)
    return _bits(data, array.offset, len(array))


def _stored(array: Array) -> NDArray[Any] | None:
    """The values of a column of floats, integers or booleans, not to be used where missing; else None."""
    if pa.types.is_boolean(array.type):
        return _booleans(array)
    dtype = _FLOATS.get(array.type) or _INTEGERS.get(array.type)
    return None if dtype is None else _plain(array, dtype)


def _indices(array: Array) -> tuple[Ints, Mask | None]:
    """Of a dictionary array: where each row points, 0 where it is missing."""
    indices = array.indices
    missing = _missing(indices)
    places = _plain(indices, _INTEGERS[indices.type])
    if missing is not None:
        places = np.where(missing, 0, places)
    there = len(array.dictionary)
    if len(places) and there and not 0 <= places.min() <= places.max() < there:
        raise Undecodable("a row points outside its dictionary")
    places = places.astype(np.int64)
    if not there and len(places) and (missing is None or not missing.all()):
        raise Undecodable("a row points into an empty dictionary")
    return places, missing


def _used(places: Ints, missing: Mask | None, there: int) -> Ints:
    """The entries of a dictionary that rows point to: only these are judged, the others are no rows."""
    if missing is not None:
        places = places[~missing]
    if there > 4 * len(places):
        return np.unique(places)
    used = np.zeros(there, np.bool_)
    used[places] = True
    return np.flatnonzero(used)


# ---------------------------------------------------------------------- numbers


def _numbers(array: Array, kind: ColumnKind, which: Ints | None = None) -> Numbers:
    """``which``: the only rows that matter, where reading a row is dear."""
    found = array.type
    stored = _stored(array)
    if stored is not None:
        return stored_numbers(stored, _missing(array))
    if pa.types.is_null(found):
        return numbers_of(np.zeros(len(array)), np.ones(len(array), np.bool_))
    if pa.types.is_decimal(found):
        return _decimals(array)
    if pa.types.is_dictionary(found):
        return _dictionary_numbers(array, kind)
    missing = _missing(array)
    return text_numbers(_texts(array, missing, which), len(array), missing, kind, all_matter=which is None)


def _words(array: Array) -> tuple[Ints, Mask]:
    """The unscaled integers of decimals in 64 bits, and where 64 bits hold them."""
    bits = array.type.bit_width
    if bits == 32:
        return _plain(array, "<i4").astype(np.int64), np.ones(len(array), np.bool_)
    words = _plain(array, "<i8", bits // 64).reshape(len(array), bits // 64)
    low = words[:, 0]
    sign = low >> 63
    fits = np.ones(len(array), np.bool_)
    for place in range(1, bits // 64):
        fits &= words[:, place] == sign
    return low, fits


def _unscaled(array: Array) -> Callable[[int], int]:
    """Of decimals: the whole integer at a row, whatever its width."""
    size = array.type.bit_width // 8
    raw = _plain(array, "<u1", size).tobytes()
    return lambda row: int.from_bytes(raw[row * size : (row + 1) * size], "little", signed=True)


def _decimals(array: Array) -> Numbers:
    scale = array.type.scale
    low, fits = _words(array)
    missing = _missing(array)
    exact = fits & (low >= -EXACT) & (low <= EXACT)
    # Both operands are doubles exactly, so the one division or product rounds once: to the nearest.
    if 0 <= scale < len(_POWERS):
        values = low / _POWERS[scale]
        wide = fits & ~exact & (low > -WIDE) & (low < WIDE)
        if wide.any():
            values[wide], sure = _quotients(low[wide], _POWERS[scale])
            exact[wide] = sure
    elif 0 < -scale < len(_POWERS):
        values = low * _POWERS[-scale]
    else:
        values = low.astype(np.float64)
        exact &= low == 0
    bad = None
    rest = ~exact if missing is None else ~(exact | missing)
    if rest.any():
        unscaled = _unscaled(array)
        bad = np.zeros(len(array), np.bool_)
        for row in np.flatnonzero(rest).tolist():
            try:
                # Division of two Python integers is rounded correctly.
                values[row] = unscaled(row) / 10**scale if scale >= 0 else float(unscaled(row) * 10**-scale)
            except OverflowError:
                bad[row] = True

    def why(index: int) -> tuple[str, str]:
        return (
            f"`{shown(_decimal_text(_unscaled(array)(index), scale))}` is too large for a double",
            "wanted at most 1.8e308",
        )

    return numbers_of(values, missing, bad, why)


def _quotients(wide: Ints, power: float) -> tuple[Floats, Mask]:
    """Integers of up to 62 bits over a power of ten, and where the result is surely the nearest double.

    The quotient of the leading 53 bits is corrected by what it leaves over, which is exact.  The sum of
    both is the nearest double unless it lies within a billionth of a tie, as one in a billion does.
    """
    head = wide.astype(np.float64)
    tail = (wide - head.astype(np.int64)).astype(np.float64)
    quotient = head / power
    product, error = two_product(quotient, power)
    correction = (((head - product) - error) + tail) / power
    values = quotient + correction
    lost = np.abs(correction - (values - quotient))
    half = 0.5 * np.spacing(np.abs(values))
    # Below a power of two doubles lie twice as dense: there the tie is at half the distance.
    near = half * 2.0**-30
    return values, (np.abs(lost - half) > near) & (np.abs(lost - 0.5 * half) > near)


def _dictionary_numbers(array: Array, kind: ColumnKind) -> Numbers:
    places, missing = _indices(array)
    entries = array.dictionary
    if len(entries) == 0:
        return numbers_of(np.full(len(array), np.nan), missing)
    inner = _numbers(entries, kind, _used(places, missing, len(entries)))
    values = inner.values[places]
    if inner.missing is not None:
        missing = either(missing, inner.missing[places])
    bad = None if inner.bad is None else without(inner.bad[places], missing)
    return numbers_of(values, missing, bad, lambda index: inner.why(int(places[index])))


# ---------------------------------------------------------------------- labels and text


def _labels(array: Array, kind: ColumnKind, which: Ints | None = None) -> CodedRows:
    """``which``: the only rows that matter, where reading a row is dear."""
    found = array.type
    missing, stored = _missing(array), _stored(array)
    if stored is not None:
        return stored_labels(stored, missing, kind)
    if pa.types.is_null(found):
        return blanked(CodedRows(np.zeros(len(array), np.int64), (), missing))
    if pa.types.is_decimal(found):
        return _decimal_labels(array, kind)
    if pa.types.is_dictionary(found):
        return _dictionary_labels(array, kind)
    if not (_is_string(found) or _is_binary(found)):
        return _moment_labels(array)
    if which is None and len(array) >= ENCODED and not _is_view(found):
        # Arrow finds the distinct texts eight times faster than Python does, once its functions are imported.
        return _dictionary_labels(array.dictionary_encode(), kind)
    return text_labels(_texts(array, missing, which), len(array), missing, kind)


def _lists(array: Array) -> CodedRows:
    """Lists of labels, a text each."""
    inner, starts, ends = _held(array)
    return list_labels(_members(inner), starts, ends, _missing(array))


def _vectors(array: Array, width: int) -> Numbers:
    """Lists of numbers: where they lie side by side, Arrow's own buffer in another shape."""
    inner, starts, ends = _held(array)
    return vectors(_numbers(inner, "number"), starts, ends, _missing(array), width)


def _list_texts(array: Array) -> CodedRows:
    """Lists as JSON text."""
    texts = [None if value is None else json_text(value) for value in array.to_pylist()]
    return labels_of(texts, np.arange(len(texts)), None)


def _held(array: Array) -> tuple[Array, Ints, Ints]:
    """What stands in lists, one behind the other, and where in it each list begins and ends."""
    found, rows = array.type, len(array)
    if pa.types.is_fixed_size_list(found):
        offsets: Ints = (np.arange(rows + 1) + array.offset) * found.list_size
    else:
        width = 8 if pa.types.is_large_list(found) else 4
        held = array.buffers()[1]
        if rows == 0 or held is None:
            offsets = np.zeros(rows + 1, np.int64)
        else:
            offsets = np.frombuffer(held, f"<i{width}", rows + 1, array.offset * width).astype(np.int64)
    first, last = int(offsets[0]), int(offsets[-1])
    if not 0 <= first <= last <= len(array.values) or (np.diff(offsets) < 0).any():
        raise Undecodable("a list reaches beyond what its column holds")
    offsets = offsets - first
    return array.values.slice(first, last - first), offsets[:-1], offsets[1:]


def _members(array: Array) -> CodedRows:
    """What stands in lists, as class labels; a fraction is none."""
    labels = _labels(array, "class")
    if array.type not in _FLOATS:
        return labels
    numbers = float_numbers(_plain(array, _FLOATS[array.type]), _missing(array))
    whole = np.trunc(numbers.values) == numbers.values
    bad = without(~whole, numbers.missing)
    return labels._replace(bad=bad, why=lambda at: fraction(float(numbers.values[at])))


def _moment_labels(array: Array) -> CodedRows:
    found = array.type
    if pa.types.is_date32(found):
        stored = _plain(array, "<i4").astype("<M8[D]")
    elif pa.types.is_date64(found):
        stored = _plain(array, "<M8[ms]").astype("<M8[D]")
    elif pa.types.is_time32(found):
        stored = _plain(array, "<i4").astype(f"<M8[{found.unit}]")
    else:
        stored = _plain(array, f"<M8[{found.unit}]")
    zone = "Z" if pa.types.is_timestamp(found) and found.tz is not None else ""
    return moment_labels(stored, _missing(array), only_time=bool(pa.types.is_time(found)), zone=zone)


def _decimal_labels(array: Array, kind: ColumnKind) -> CodedRows:
    scale = array.type.scale
    missing = _missing(array)
    low, fits = _words(array)
    if fits.all() or (missing is not None and (fits | missing).all()):
        return spelled(
            low, missing, lambda distinct: [_decimal_label(n, scale, kind) for n in distinct.tolist()]
        )
    unscaled = _unscaled(array)
    rows = range(len(array))
    labels = [
        None if missing is not None and missing[row] else _decimal_label(unscaled(row), scale, kind)
        for row in rows
    ]
    return labels_of(labels, np.arange(len(array)), missing)


def _decimal_label(unscaled: int, scale: int, kind: ColumnKind) -> int | str:
    if kind != "text":
        if scale <= 0:
            return unscaled * int(10**-scale)
        whole, rest = divmod(unscaled, int(10**scale))
        if rest == 0:
            return whole
    return _decimal_text(unscaled, scale)


def _decimal_text(unscaled: int, scale: int) -> str:
    if scale <= 0:
        return str(unscaled * 10**-scale)
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    return f"{'-' if unscaled < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def _dictionary_labels(array: Array, kind: ColumnKind) -> CodedRows:
    places, missing = _indices(array)
    entries = array.dictionary
    if len(entries) == 0:
        return blanked(CodedRows(places, (), missing))
    inner = _entry_labels(entries, kind, lambda: _used(places, missing, len(entries)))
    # Most often the entries are different labels, and where a row points is the code of its label.
    codes = places if inner.in_place else inner.codes.take(places)
    if inner.missing is not None:
        missing = either(missing, inner.missing[places])
    bad = None if inner.bad is None else without(inner.bad[places], missing)
    return blanked(CodedRows(codes, inner.table, missing, bad, lambda index: inner.why(int(places[index]))))


_kept: dict[tuple[Any, ...], CodedRows] = {}
"""What the entries of some dictionaries are as labels, by their bytes."""


def _entry_labels(entries: Array, kind: ColumnKind, used: Callable[[], Ints]) -> CodedRows:
    """The entries of a dictionary as labels: block after block has the same ones, which are read once."""
    found, rows = entries.type, len(entries)
    if (
        rows > KEPT_ENTRIES
        or entries.null_count
        or not (_is_string(found) or _is_binary(found))
        or _is_view(found)
    ):
        return _labels(entries, kind, used())
    width = 8 if pa.types.is_large_string(found) or pa.types.is_large_binary(found) else 4
    _, places, data = entries.buffers()
    offsets = np.frombuffer(places, f"<i{width}", rows + 1, entries.offset * width)
    first, last = int(offsets[0]), int(offsets[-1])
    if last - first > KEPT_BYTES:
        return _labels(entries, kind, used())
    raw = b"" if data is None else memoryview(data)[first:last].tobytes()
    key = (str(found), kind, (offsets - offsets[0]).tobytes(), raw)
    read = _kept.get(key)
    if read is None:
        read = _labels(entries, kind, np.arange(rows))
        read = read._replace(in_place=np.array_equal(read.codes, np.arange(rows)))
        if len(_kept) >= KEPT_DICTIONARIES:
            _kept.clear()
        _kept[key] = read
    return read


def _texts(array: Array, missing: Mask | None, which: Ints | None) -> StoredTexts:
    chosen = np.arange(len(array)) if which is None else which
    if missing is not None:
        chosen = chosen[~missing[chosen]]
    rows: list[int] = chosen.tolist()
    if not rows:
        return StoredTexts([], [], {})
    found = array.type
    if _is_view(found):
        return decoded(rows, [_viewed(array, row) for row in rows])
    large = pa.types.is_large_string(found) or pa.types.is_large_binary(found)
    width = 8 if large else 4
    _, places, data = array.buffers()
    offsets = np.frombuffer(places, f"<i{width}", len(array) + 1, array.offset * width).astype(np.int64)
    begin = int(offsets[rows[0]])
    raw = b"" if data is None else memoryview(data)[begin : int(offsets[rows[-1] + 1])].tobytes()
    starts = (offsets[chosen] - begin).tolist()
    ends = (offsets[chosen + 1] - begin).tolist()
    if raw.isascii():  # decoded at once, as bytes and characters are then counted alike
        text = raw.decode("ascii")
        return StoredTexts(rows, [text[start:end] for start, end in zip(starts, ends, strict=True)], {})
    return decoded(rows, [raw[start:end] for start, end in zip(starts, ends, strict=True)])


def _viewed(array: Array, row: int) -> bytes:
    """One value of a view array: up to 12 bytes lie in the view itself."""
    buffers = array.buffers()
    at = (array.offset + row) * 16
    view = memoryview(buffers[1])[at : at + 16].tobytes()
    size = int.from_bytes(view[:4], "little")
    if size <= 12:
        return view[4 : 4 + size]
    held, start = int.from_bytes(view[8:12], "little"), int.from_bytes(view[12:16], "little")
    return memoryview(buffers[2 + held])[start : start + size].tobytes()
