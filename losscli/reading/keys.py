"""Values become keys: integers as they are, texts by their bytes, everything else by its text.

Shared by all formats; `losscli.table.keys` says what the words of a key are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from losscli.reading.read import Read, without
from losscli.table.block import INTEGER_KINDS, Cells, ClassColumn, ColumnKind, Ints, KeyColumn, Mask, Offsets
from losscli.table.cells import Unreadable, shown, shown_bytes
from losscli.table.keys import (
    Bytes,
    integer_key,
    is_canonical,
    not_utf8,
    replaced,
    text_words,
    whole,
    words_of_integers,
    words_of_texts,
)
from losscli.table.text_integers import text_integers

WHOLE = "wanted a whole number, such as `7`, `007` or `7.0`; `--key-type text` compares text"
PLAIN = "wanted an integer in its plain form, such as `7`; "
ANY = "`--key-type int` reads any whole number, and `--key-type text` compares text"


def _no_integer(text: str, kind: ColumnKind) -> Unreadable:
    """What is wrong with a key that is no integer."""
    if kind == "whole_key":
        return Unreadable(f"the key `{shown(text)}` is no whole number", WHOLE)
    said = ANY if whole(text) is not None else "`--key-type text` compares text"
    return Unreadable(f"the key `{shown(text)}` is no plain integer", PLAIN + said)


def _integer_of(text: str, kind: ColumnKind) -> str | None:
    """The integer that a text is as a key, in its plain form; None where it is none."""
    return whole(text) if kind == "whole_key" else text if is_canonical(text) else None


def keys_of_text(
    data: Bytes,
    starts: Offsets,
    ends: Offsets,
    missing: Mask | None,
    kind: ColumnKind,
    nulls: Iterable[bytes] = (),
) -> Read:
    """The texts ``data[start:end]`` as keys; an empty one is missing, and so is each that is in ``nulls``."""
    empty = starts == ends
    for null in nulls:
        if null:
            empty |= equal_cells(data, starts, ends, null)
    if empty.any():
        missing = empty if missing is None else missing | empty
    bad: Mask | None
    if kind in INTEGER_KINDS:
        values, bad = text_integers(data, starts, ends)
        column = integer_key(values, missing)
        odd = np.flatnonzero(bad if missing is None else bad & ~missing)
        if len(odd):
            column, bad = _with_others(column, odd, data, starts, ends, kind)
    else:
        bad = not_utf8(data, starts, ends)
        if kind == "text_cells":
            column = KeyColumn(text_words, missing, Cells(data, starts, ends))
        else:
            column = KeyColumn(text_words(data, starts, ends), missing)

    def why(row: int) -> Unreadable:
        cell = data[int(starts[row]) : int(ends[row])].tobytes()
        if kind in INTEGER_KINDS:
            return _no_integer(cell.decode("utf-8", "backslashreplace"), kind)
        return Unreadable(f"`{shown_bytes(cell)}` is not valid UTF-8", "wanted text")

    return Read(column, None if bad is None else without(bad, missing), why)


def _with_others(
    column: KeyColumn, odd: Ints, data: Bytes, starts: Offsets, ends: Offsets, kind: ColumnKind
) -> tuple[KeyColumn, Mask]:
    """The keys with those that are no integers of 64 bits in their plain form, and where they are none at all."""
    raw = data.tobytes()
    cells = [raw[start:end] for start, end in zip(starts[odd].tolist(), ends[odd].tolist(), strict=True)]
    places = {cell: at for at, cell in enumerate(dict.fromkeys(cells))}
    texts = [_integer_of(cell.decode("utf-8", "replace"), kind) for cell in places]
    codes = np.array([places[cell] for cell in cells])
    found = words_of_integers([text or "0" for text in texts])
    words = replaced(column.words, odd, found[:, codes])
    bad = np.zeros(len(starts), np.bool_)
    bad[odd] = np.array([text is None for text in texts])[codes]
    return KeyColumn(words, column.missing), bad


def equal_cells(data: Bytes, starts: Offsets, ends: Offsets, text: bytes) -> Mask:
    """Where the texts ``data[start:end]`` are this one."""
    found = np.zeros(len(starts), np.bool_)
    alike = np.flatnonzero(ends - starts == len(text))
    cells = data[starts[alike, None] + np.arange(len(text))]
    found[alike] = (cells == np.frombuffer(text, np.uint8)).all(axis=1)
    return found


def keys_of_integers(stored: NDArray[Any], missing: Mask | None, kind: ColumnKind) -> Read:
    """Stored integers as keys: of their text, unless keys of integers are wanted."""
    if kind not in INTEGER_KINDS:
        texts = stored.astype("S20")
        size = texts.dtype.itemsize
        data = np.frombuffer(texts.tobytes(), np.uint8)
        starts = np.arange(len(stored)) * size
        return Read(KeyColumn(text_words(data, starts, starts + np.strings.str_len(texts)), missing))
    wide = stored > np.iinfo(np.int64).max if stored.dtype == np.uint64 else None
    return Read(_integers(stored.astype(np.int64, copy=False), wide, stored, missing))


def keys_of_floats(values: NDArray[np.float64], missing: Mask | None) -> Read:
    """Doubles that are integers, as writers make them of integer columns with missing values."""
    values = np.where(missing, 0.0, values) if missing is not None else values
    bad = (np.trunc(values) != values) | ~np.isfinite(values)
    wide = ~bad & ~((values >= -(2.0**63)) & (values < 2.0**63))
    column = _integers(np.where(bad | wide, 0.0, values).astype(np.int64), wide, values, missing)
    detail = "wanted a whole number; `--key-type text` compares text"

    def why(row: int) -> Unreadable:
        return Unreadable(f"the key {float(values[row])!r} is no integer", detail)

    return Read(column, without(bad, missing), why)


def _integers(narrow: Ints, wide: Mask | None, values: NDArray[Any], missing: Mask | None) -> KeyColumn:
    """Integers of 64 bits, and where they are ``wide`` those of the values."""
    column = integer_key(narrow, missing)
    rows = np.zeros(0, np.int64) if wide is None else np.flatnonzero(wide)
    if not len(rows):
        return column
    found = words_of_integers([str(int(value)) for value in values[rows].tolist()])
    return KeyColumn(replaced(column.words, rows, found), missing)


def keys_of_labels(read: Read, kind: ColumnKind) -> Read:
    """Anything that was read as text."""
    labels = read.column
    assert isinstance(labels, ClassColumn)
    found = _keys_of_table([str(value) for value in labels.values or ()] or [""], kind)
    found = found.picked(labels.codes, labels.missing)
    if read.bad is None:
        return found
    ours, theirs = read.bad, found.bad
    bad = ours if theirs is None else ours | theirs
    return Read(found.column, bad, lambda row: read.why(row) if ours[row] else found.why(row))


def _keys_of_table(table: Sequence[str], kind: ColumnKind) -> Read:
    if kind not in INTEGER_KINDS:
        return Read(KeyColumn(words_of_texts(table)))
    integers = [_integer_of(text, kind) for text in table]
    bad = np.array([integer is None for integer in integers])
    column = KeyColumn(words_of_integers([integer or "0" for integer in integers]))
    return Read(column, without(bad, None), lambda place: _no_integer(table[place], kind))
