"""Lists in arrays: of each row the members from its start to its end become one text of labels, or a vector.

What can be wrong with a list is worded here for every format.
"""

from __future__ import annotations

import numpy as np

from losscli.reading.read import Read, without
from losscli.table.block import ClassColumn, Ints, Mask, NumberColumn
from losscli.table.cells import Unreadable, in_order, list_text, shown
from losscli.text import plural

INDICATORS = "a list names each label of its row once; of 0 and 1 for every class make a column each, such as `y_cat`, `y_dog`"


def twice(label: int | str) -> Unreadable:
    """What is wrong with a list that has a label twice."""
    message = f"`{shown(str(label))}` stands twice in the list"
    return Unreadable(message, "wanted the labels of the row, each once", INDICATORS)


def fraction(value: float) -> Unreadable:
    """What is wrong with a number in a list that is not whole."""
    return Unreadable(f"`{float(value)!r}` in the list is no label", "wanted text or a whole number")


def missing_label(place: int) -> Unreadable:
    """What is wrong with a list that has a hole, at a place counted from 1."""
    return Unreadable(f"label {place} of the list is missing", "wanted a label in every place of a list")


def unlike(found: int, width: int) -> Unreadable:
    """What is wrong with a vector of another length."""
    return Unreadable(
        f"the list has {plural(found, 'number')}",
        f"wanted {width}, as the first list of the column has",
        "lists of any length are sets of labels, for losses such as `hamming`",
    )


# ---------------------------------------------------------------------- vectors


def vectors(flat: Read, starts: Ints, ends: Ints, missing: Mask | None, width: int) -> Read:
    """Rows that are lists of ``width`` numbers: of each the numbers of ``flat`` from its start to its end."""
    assert isinstance(flat.column, NumberColumn)
    rows, numbers = len(starts), flat.column.values
    sizes = ends - starts
    there = np.ones(rows, np.bool_) if missing is None else ~missing
    wrong = there & (sizes != width)
    kept = there & ~wrong
    bads: Mask = np.zeros((rows, width), np.bool_)
    if kept.all() and rows and np.array_equal(starts, np.arange(rows) * width + starts[0]):
        # They are side by side: nothing is copied.
        held = slice(int(starts[0]), int(starts[0]) + rows * width)
        values = numbers[held].reshape(rows, width)
        if flat.bad is not None:
            bads = flat.bad[held].reshape(rows, width)
    else:
        places = starts[kept, None] + np.arange(width)
        values = np.full((rows, width), np.nan)
        values[kept] = numbers[places]
        if flat.bad is not None:
            bads[kept] = flat.bad[places]
    bad = wrong | bads.any(axis=1)

    def why(row: int) -> Unreadable:
        if wrong[row]:
            return unlike(int(sizes[row]), width)
        return flat.why(int(starts[row]) + int(bads[row].argmax()))

    column = NumberColumn(values, missing, flat.column.finite and missing is None)
    return Read(column, bad if bad.any() else None, why)


# ---------------------------------------------------------------------- lists of labels


def list_labels(inner: Read, starts: Ints, ends: Ints, missing: Mask | None) -> Read:
    """Rows that are lists: of each the labels of ``inner`` from its start to its end, as one text."""
    labels = inner.column
    assert isinstance(labels, ClassColumn)
    wrong = np.zeros(len(labels), np.bool_) if inner.bad is None else inner.bad.copy()
    if labels.missing is not None:
        wrong |= labels.missing
    before = np.concatenate(([0], np.cumsum(wrong)))
    bad = (before[ends] > before[starts]) | _repeating(labels.codes, starts, ends)

    def why(row: int) -> Unreadable:
        start, end = int(starts[row]), int(ends[row])
        if not wrong[start:end].any():
            codes = labels.codes[start:end].tolist()
            code = next(code for code in codes if codes.count(code) > 1)
            return twice(code if labels.values is None else labels.values[code])
        at = start + int(wrong[start:end].argmax())
        if labels.missing is not None and labels.missing[at]:
            return missing_label(at - start + 1)
        return inner.why(at)

    gone = bad if missing is None else bad | missing
    column = _as_texts(labels, starts, ends, ~gone)
    return Read(ClassColumn(column.codes, column.values, missing), without(bad, missing), why)


def _as_texts(labels: ClassColumn, starts: Ints, ends: Ints, rows: Mask) -> ClassColumn:
    """The lists of some rows, each as its text; the code of other rows is -1."""
    names: list[int | str] = (
        list(labels.values) if labels.values is not None else np.unique(labels.codes).tolist()
    )
    order = in_order(names)
    texts = [list_text((name,))[1:-1] for name in order]
    # The place of each label in their order, so that a list is sorted as whole numbers are.
    if labels.values is None:
        places = np.searchsorted(order, labels.codes).tolist()
    else:
        place_of = {name: at for at, name in enumerate(order)}
        places = np.array([*(place_of[name] for name in names), -1])[labels.codes].tolist()
    known: dict[tuple[int, ...], int] = {}
    table: dict[int | str, int] = {}
    codes = np.full(len(starts), -1, np.int64)
    for row, start, end in zip(
        np.flatnonzero(rows).tolist(), starts[rows].tolist(), ends[rows].tolist(), strict=True
    ):
        code = known.get(key := tuple(places[start:end]))
        if code is None:
            text = ", ".join([texts[at] for at in sorted(key)])
            code = known[key] = table.setdefault(f"[{text}]", len(table))
        codes[row] = code
    return ClassColumn(codes, tuple(table))


def _repeating(codes: Ints, starts: Ints, ends: Ints) -> Mask:
    """The lists that hold a code more than once."""
    found = np.zeros(len(starts), np.bool_)
    sizes = np.maximum(ends - starts, 0)
    if not len(codes) or sizes.max(initial=0) < 2:
        return found
    lists = np.repeat(np.arange(len(starts)), sizes)
    # The places of their members, list after list; those of a missing list count too, and are left out later.
    places = np.arange(len(lists)) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    held = codes[places]
    order = np.lexsort((held, lists))
    lists, held = lists[order], held[order]
    same = (lists[1:] == lists[:-1]) & (held[1:] == held[:-1])
    found[lists[1:][same]] = True
    return found
