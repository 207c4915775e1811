"""Arrays of numbers, booleans, dates, times and texts, as a file or the memory holds them, become columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.loss.domains import surely_finite
from losscli.reading.convert import decoded, read_texts
from losscli.reading.json_values import STORED_TEXTS, float_label, float_text
from losscli.reading.keys import keys_of_floats, keys_of_integers, keys_of_labels
from losscli.reading.read import Read, coded, without
from losscli.table.block import (
    INTEGER_KINDS,
    KEY_KINDS,
    ClassColumn,
    ColumnKind,
    ColumnRequest,
    Floats,
    Mask,
    NumberColumn,
)
from losscli.table.cells import EXACT, Unreadable, no_double


def read_stored(stored: NDArray[Any], missing: Mask | None, want: ColumnRequest) -> Read:
    """An array of NumPy as the column wanted; its type is one that can be read so (`array_layout.check_dtype`)."""
    stored = np.ascontiguousarray(stored, stored.dtype.newbyteorder("="))
    of = stored.dtype.kind
    if of == "S":
        return read_texts(decoded(stored.tolist()), want, STORED_TEXTS)
    if of == "U":
        # Code points that are no characters cannot be encoded, and are told apart as bytes are.
        raws = [text.encode("utf-8", "surrogatepass") for text in stored.tolist()]
        return read_texts(decoded(raws), want, STORED_TEXTS)
    if of == "b":
        # A byte of a damaged file may be neither 0 nor 1, which NumPy takes for granted.
        stored = stored.view(np.uint8) != 0
    if of == "M":
        unit = np.datetime_data(stored.dtype)[0]
        coarse = {"Y": "M8[D]", "M": "M8[D]", "W": "M8[D]", "h": "M8[s]", "m": "M8[s]"}
        stored = stored.astype(coarse.get(unit, stored.dtype))
    return read_array(stored, missing, want.kind)


def read_array(
    stored: NDArray[Any], missing: Mask | None, kind: ColumnKind, *, only_time: bool = False, zone: str = ""
) -> Read:
    """Booleans, integers or floats of any width; or moments, which are labels and text in their ISO form.

    ``only_time`` moments are of no day; ``zone`` is written behind each.
    """
    of = stored.dtype.kind
    if kind in KEY_KINDS:
        if of in "iu":
            return keys_of_integers(stored, missing, kind)
        if of == "f" and kind in INTEGER_KINDS:
            read = _floats(stored, missing)
            return keys_of_floats(read.values, read.missing)
        return keys_of_labels(read_array(stored, missing, "text", only_time=only_time, zone=zone), kind)
    if of == "M":
        return _moments(stored, missing, only_time, zone)
    if kind in ("number", "truth", "score"):
        numbers = _numbers(stored, missing)
        if kind != "score" or numbers.bad is None:
            return numbers
    return _labels(stored, missing, kind)


# ---------------------------------------------------------------------- numbers


def numbers_of(
    values: Floats,
    missing: Mask | None,
    bad: Mask | None,
    why: Callable[[int], Unreadable],
    *,
    finite: bool = False,
) -> Read:
    """Doubles as a column; those of missing rows are overwritten. ``finite``: all others are known to be."""
    if missing is not None:
        values[missing] = np.nan
    return Read(NumberColumn(values, missing, finite and missing is None), bad, why)


def _numbers(stored: NDArray[Any], missing: Mask | None) -> Read:
    if stored.dtype.kind == "f":
        return Read(_floats(stored, missing))
    values = stored.astype(np.float64)
    bad = None
    if stored.dtype.itemsize == 8 and len(stored) and not (stored.min() >= -EXACT and stored.max() <= EXACT):
        # The largest ones round to 2⁶³ or 2⁶⁴, which would not come back.
        fits = values < 2.0**63 if stored.dtype.kind == "i" else values < 2.0**64
        back = np.where(fits, values, 0.0).astype(stored.dtype)
        bad = without(~fits | (back != stored), missing)
    return numbers_of(values, missing, bad, lambda row: no_double(int(stored[row])), finite=True)


def _floats(stored: NDArray[Any], nulls: Mask | None) -> NumberColumn:
    if nulls is None:
        if surely_finite(stored):
            return NumberColumn(stored.astype(np.float64, copy=False), finite=True)
        # The least is NaN when any value is: one cheap pass, where a mask of all would be two.
        if not np.isnan(np.minimum.reduce(stored)):
            return NumberColumn(stored.astype(np.float64, copy=False))
    missing = np.isnan(stored)
    if nulls is not None:
        missing |= nulls
    values = stored.astype(np.float64)
    values[missing] = np.nan  # of one sign and payload, whatever was stored
    return NumberColumn(values, missing)


# ---------------------------------------------------------------------- labels and text


def spelled(
    stored: NDArray[Any], missing: Mask | None, spell: Callable[[NDArray[Any]], Sequence[int | str | None]]
) -> Read:
    """Each distinct value is spelled once, as values repeat and spelling is dear."""
    places = np.zeros(len(stored), np.int64)
    there = slice(None) if missing is None else ~missing
    distinct, places[there] = np.unique(stored[there], return_inverse=True)
    labels = coded(spell(distinct) if len(distinct) else [None])
    return Read(labels).picked(places, missing)


def _labels(stored: NDArray[Any], missing: Mask | None, kind: ColumnKind) -> Read:
    of = stored.dtype.kind
    if of == "f":
        return _float_labels(_floats(stored, missing), kind)
    if of == "b":
        return _codes(stored, missing, ("false", "true") if kind == "text" else None)
    if kind == "text":
        return spelled(stored, missing, lambda distinct: [str(value) for value in distinct.tolist()])
    if of == "u" and len(stored) and stored.max() > np.iinfo(np.int64).max:
        return spelled(stored, missing, lambda distinct: distinct.tolist())
    return _codes(stored, missing)


def _codes(stored: NDArray[Any], missing: Mask | None, values: tuple[str, ...] | None = None) -> Read:
    codes = stored.astype(np.int64)
    if missing is not None:
        codes[missing] = -1
    return Read(ClassColumn(codes, values, missing))


def _float_labels(read: NumberColumn, kind: ColumnKind) -> Read:
    if kind == "text":
        return spelled(read.values, read.missing, lambda distinct: [float_text(x) for x in distinct.tolist()])
    whole = np.trunc(read.values) == read.values
    whole &= np.abs(read.values) < 2.0**63
    if read.missing is not None:
        whole |= read.missing
    if whole.all():
        values = read.values if read.missing is None else np.where(read.missing, 0.0, read.values)
        return _codes(values, read.missing)
    return spelled(read.values, read.missing, lambda distinct: [float_label(x) for x in distinct.tolist()])


def _moments(stored: NDArray[Any], missing: Mask | None, only_time: bool, zone: str) -> Read:
    """Dates, times and timestamps in their ISO form, the same whatever the unit they are stored in."""
    cut = len("1970-01-01T") if only_time else 0

    def spell(distinct: NDArray[Any]) -> list[str | None]:
        texts = np.datetime_as_string(distinct).tolist()
        return [None if text == "NaT" else _without_zeros(text[cut:]) + zone for text in texts]

    return spelled(stored, missing, spell)


def _without_zeros(moment: str) -> str:
    return moment.rstrip("0").rstrip(".") if "." in moment else moment
