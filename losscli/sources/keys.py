"""Stored values become key columns: integers as they are, text by its bytes, all else by its text.

Shared by all formats; what a key's words are is the business of `losscli.keys`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.block import Cells, Ints, KeyColumn, Kind, Mask, Offsets, picked
from losscli.keys import (
    Bytes,
    integer_key,
    is_canonical,
    not_utf8,
    text_integers,
    text_words,
    words_of_texts,
)
from losscli.sources.cells import shown, shown_bytes
from losscli.sources.values import EXACT, Bad, Labels, Why

WANTED = "wanted an integer of 64 bits, in its plain form such as `7`; `--key-type text` compares text"


def no_integer(text: str) -> tuple[str, str]:
    if is_canonical(text):
        return f"the key `{shown(text)}` is an integer beyond 64 bits", WANTED
    return f"the key `{shown(text)}` is no plain integer", WANTED


def keys_of_text(
    data: Bytes,
    starts: Offsets,
    ends: Offsets,
    missing: Mask | None,
    kind: Kind,
    nulls: Iterable[bytes] = (),
) -> tuple[KeyColumn, Bad | None]:
    """The texts ``data[start:end]`` as keys; an empty one is missing, and so is each that is in ``nulls``."""
    empty = starts == ends
    for null in nulls:
        if null:
            empty |= _equal(data, starts, ends, null)
    if empty.any():
        missing = empty if missing is None else missing | empty
    bad: Mask | None
    if kind == "int_key":
        values, bad = text_integers(data, starts, ends)
        column = integer_key(values, missing)
    else:
        bad = not_utf8(data, starts, ends)
        if kind == "text_cells":
            column = KeyColumn(text_words, missing, Cells(data, starts, ends))
        else:
            column = KeyColumn(text_words(data, starts, ends), missing)

    def why(row: int) -> tuple[str, str]:
        cell = data[int(starts[row]) : int(ends[row])].tobytes()
        if kind == "int_key":
            return no_integer(cell.decode("utf-8", "backslashreplace"))
        return f"`{shown_bytes(cell)}` is not valid UTF-8", "wanted text"

    return column, first_bad(bad, missing, why)


def _equal(data: Bytes, starts: Offsets, ends: Offsets, text: bytes) -> Mask:
    found = np.zeros(len(starts), np.bool_)
    alike = np.flatnonzero(ends - starts == len(text))
    cells = data[starts[alike, None] + np.arange(len(text))]
    found[alike] = (cells == np.frombuffer(text, np.uint8)).all(axis=1)
    return found


def first_bad(bad: Mask | None, missing: Mask | None, why: Why) -> Bad | None:
    if bad is not None and missing is not None:
        bad = bad & ~missing
    if bad is None or not bad.any():
        return None
    row = int(bad.argmax())
    return Bad(row, *why(row))


def keys_of_integers(stored: NDArray[Any], missing: Mask | None, kind: Kind) -> tuple[KeyColumn, Bad | None]:
    if kind != "int_key":
        texts = stored.astype("S20")
        size = texts.dtype.itemsize
        data = np.frombuffer(texts.tobytes(), np.uint8)
        starts = np.arange(len(stored)) * size
        return KeyColumn(text_words(data, starts, starts + np.strings.str_len(texts)), missing), None
    bad = None
    if stored.dtype.kind == "u" and stored.dtype.itemsize == 8:
        bad = stored > np.iinfo(np.int64).max
    column = integer_key(stored.astype(np.int64, copy=False), missing)
    return column, first_bad(bad, missing, lambda row: no_integer(str(int(stored[row]))))


def keys_of_floats(values: NDArray[np.float64], missing: Mask | None) -> tuple[KeyColumn, Bad | None]:
    """Doubles that stand for integers, as columns of integers with holes do."""
    values = np.where(missing, 0.0, values) if missing is not None else values
    bad = (np.trunc(values) != values) | ~(np.abs(values) <= EXACT)
    column = integer_key(np.where(bad, 0.0, values).astype(np.int64), missing)
    detail = "wanted a whole number of at most 2⁵³, up to which a double tells integers apart"
    return column, first_bad(
        bad, missing, lambda row: (f"the key {float(values[row])!r} is no integer", detail)
    )


def keys_of_labels(read: Labels, kind: Kind) -> tuple[KeyColumn, Bad | None]:
    """Anything that was read as text."""
    assert read.table is not None
    table = [str(value) for value in read.table]
    bad, why = read.bad, read.why
    if kind == "int_key":
        fits = [is_canonical(text) and -(2**63) <= int(text) < 2**63 for text in table]
        values = [int(text) if fit else 0 for text, fit in zip(table, fits, strict=True)]
        column = integer_key(np.array(values or [0], np.int64)[read.codes], read.missing)
        if not all(fits):
            unfit = ~np.array(fits)[read.codes]
            bad, why = (unfit if bad is None else bad | unfit), _either(bad, why, table, read.codes)
    else:
        column = KeyColumn(picked(words_of_texts(table or [""]), read.codes), read.missing)
    return column, first_bad(bad, read.missing, why)


def _either(bad: Mask | None, why: Why, table: list[str], codes: Ints) -> Callable[[int], Any]:
    return lambda row: why(row) if bad is not None and bad[row] else no_integer(table[int(codes[row])])
