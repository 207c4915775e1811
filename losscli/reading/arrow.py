"""Arrow arrays become columns; shared by Parquet and the Arrow files, which open and decode them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from losscli.reading.arrow_buffers import (
    cells_of,
    indices,
    members_of,
    missing_rows,
    plain,
    stored_values,
    texts_of,
)
from losscli.reading.arrow_decimals import read_decimals
from losscli.reading.arrow_types import FLOATS, Array, is_binary, is_string, is_view
from losscli.reading.convert import read_cells, read_texts
from losscli.reading.json_values import STORED_TEXTS
from losscli.reading.keys import keys_of_labels, keys_of_text
from losscli.reading.lists import fraction, list_labels, vectors
from losscli.reading.read import Read, without
from losscli.reading.stored import read_array
from losscli.table.block import KEY_KINDS, ColumnRequest, Ints, Mask

if TYPE_CHECKING:
    from losscli.reading.known_texts import TextsOfColumns

ENCODED = 4096  # from so many texts on, importing Arrow's functions pays
KEPT_DICTIONARIES = 8  # whose labels are remembered
KEPT_ENTRIES, KEPT_BYTES = 1 << 14, 1 << 20  # of such a dictionary, at most

# What pyarrow raises over files that are not what they say; MemoryError when a length is absurd.
DECODING_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError, MemoryError)


def read_column(array: Array, want: ColumnRequest, known: TextsOfColumns | None = None) -> Read:
    """A whole array as the column wanted; its type is one that can be read so (`arrow_types.check_type`).

    ``known`` are the texts of the source of which the array is a part.
    """
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    found, kind = array.type, want.kind
    if kind in ("labels", "vector"):
        inner, starts, ends = members_of(array)
        if kind == "labels":
            return list_labels(_labels_in_lists(inner), starts, ends, missing_rows(array))
        numbers = read_column(inner, want._replace(kind="number"))
        return vectors(numbers, starts, ends, missing_rows(array), want.width)
    if kind == "list":
        return read_cells(array.to_pylist(), want, STORED_TEXTS)
    if pa.types.is_null(found):
        return _all_missing(np.zeros(len(array), np.int64), want)
    if pa.types.is_dictionary(found):
        return _read_dictionary(array, want)
    stored = stored_values(array)
    if stored is not None:
        only_time = bool(pa.types.is_time(found))
        zone = "Z" if pa.types.is_timestamp(found) and found.tz is not None else ""
        return read_array(stored, missing_rows(array), kind, only_time=only_time, zone=zone)
    if pa.types.is_decimal(found):
        if kind in KEY_KINDS:
            return keys_of_labels(read_decimals(array, "text"), kind)
        return read_decimals(array, kind)
    return _read_texts(array, want, known)


def _all_missing(places: Ints, want: ColumnRequest) -> Read:
    return read_cells([""], want, STORED_TEXTS).picked(places)


def _labels_in_lists(array: Array) -> Read:
    """The members of lists as class labels; a fraction is none."""
    read = read_column(array, ColumnRequest(0, "class"))
    if array.type not in FLOATS:
        return read
    values = plain(array, FLOATS[array.type])
    bad = without((np.trunc(values) != values) & ~np.isnan(values), missing_rows(array))
    return read._replace(bad=bad, why=lambda at: fraction(values[at]))


def _read_texts(array: Array, want: ColumnRequest, known: TextsOfColumns | None) -> Read:
    kind = want.kind
    if kind in KEY_KINDS and not is_view(array.type):
        return keys_of_text(*cells_of(array), missing_rows(array), kind)
    if kind in ("class", "text") and len(array) >= ENCODED and not is_view(array.type):
        if known is not None and kind == "text":
            # Imported here, as are Arrow's functions: many files have no such columns.
            from losscli.reading.known_texts import known_column

            if (column := known_column(known, array, want, STORED_TEXTS)) is not None:
                return Read(column)
        # Arrow finds the distinct texts eight times faster than Python does, once its functions are imported.
        return _read_dictionary(array.dictionary_encode(), want)
    return read_texts(texts_of(array), want, STORED_TEXTS)


# ---------------------------------------------------------------------- dictionaries


def _read_dictionary(array: Array, want: ColumnRequest) -> Read:
    places, missing = indices(array)
    entries = array.dictionary
    if len(entries) == 0:
        return _all_missing(places, want)
    if want.kind in KEY_KINDS or not (is_string(entries.type) or is_binary(entries.type)):
        return read_column(entries, want).picked(places, missing)
    kept = _kept_labels(entries, want)
    if kept is not None:
        return kept.picked(places, missing)
    # Only entries that rows point to are judged, since the others are no rows.
    used = _used(places, missing, len(entries))
    if len(used) == 0:
        return _all_missing(places, want)
    number_of = np.zeros(len(entries), np.int64)
    number_of[used] = np.arange(len(used))
    read = read_texts(texts_of(entries, used), want, STORED_TEXTS, in_order=False)
    return read.picked(number_of[places], missing)


def _used(places: Ints, missing: Mask | None, there: int) -> Ints:
    """The entries of a dictionary that rows point to."""
    if missing is not None:
        places = places[~missing]
    if there > 4 * len(places):
        return np.unique(places)
    used = np.zeros(there, np.bool_)
    used[places] = True
    return np.flatnonzero(used)


_kept: dict[tuple[Any, ...], Read] = {}
"""What the entries of some dictionaries are as labels, by their bytes."""


def _kept_labels(entries: Array, want: ColumnRequest) -> Read | None:
    """All entries of a small dictionary as labels: block after block has the same ones, which are read once."""
    if (
        want.kind not in ("class", "text")
        or len(entries) > KEPT_ENTRIES
        or entries.null_count
        or is_view(entries.type)
    ):
        return None
    data, _, ends = cells_of(entries)
    if len(data) > KEPT_BYTES:
        return None
    key = (want.kind, ends.tobytes(), data.tobytes())
    read = _kept.get(key)
    if read is None:
        read = read_texts(texts_of(entries), want, STORED_TEXTS, in_order=False)
        if len(_kept) >= KEPT_DICTIONARIES:
            _kept.clear()
        _kept[key] = read
    return read
