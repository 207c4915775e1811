"""Columns of classes: which classes they have, and their rows as classes, numbers or text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.loss.domains import number
from losscli.table.block import AnyColumn, ClassColumn, Floats, Mask, NumberColumn
from losscli.table.labels import label_number

TextArray: TypeAlias = NDArray[np.str_]
Strings: TypeAlias = NDArray[np.object_]


def as_classes(column: AnyColumn) -> ClassColumn:
    """A column as classes: whole numbers are integers, and other numbers are text."""
    if isinstance(column, ClassColumn):
        return column
    assert isinstance(column, NumberColumn)
    values = column.values
    whole = (values == np.floor(values)) & (np.abs(values) < 2.0**63)
    if whole.all():
        return ClassColumn(values.astype(np.int64))
    found, codes = np.unique(values, return_inverse=True)
    named = tuple(int(v) if float(v).is_integer() else number(v) for v in found)
    return ClassColumn(codes.astype(np.int64), named)


def numbers_of(column: AnyColumn) -> Floats:
    """A column as numbers (n,); NaN where a class is no number."""
    if isinstance(column, NumberColumn):
        return column.values
    assert isinstance(column, ClassColumn)
    if column.values is None:
        return column.codes.astype(np.float64)
    table: Floats = np.array([label_number(value) for value in column.values] or [np.nan])
    return table[column.codes]


def class_at(column: ClassColumn, index: int) -> int | str:
    """The class of one row."""
    code = int(column.codes[index])
    return code if column.values is None else column.values[code]


def classes_in(column: ClassColumn, counted: Mask | None = None) -> set[int | str]:
    """The classes of the rows of a column, or of those that are ``counted``."""
    codes = column.codes if counted is None else column.codes[counted]
    if not len(codes):
        return set()
    low = int(codes.min())
    if int(codes.max()) - low < 4 * len(codes) + 1024:
        found = np.flatnonzero(np.bincount(codes - low)) + low
    else:
        found = np.unique(codes)
    names = column.values
    return set(found.tolist()) if names is None else {names[code] for code in found.tolist()}


def texts_of(column: AnyColumn) -> TextArray:
    """A column of text as an array (n,); a missing value is empty."""
    assert isinstance(column, ClassColumn)
    table = np.array([*(str(value) for value in column.values or ()), ""])
    return table[column.codes if column.missing is None else np.where(column.missing, -1, column.codes)]


def strings_of(column: AnyColumn) -> Strings:
    """A column of text as Python strings (n,); a missing value is empty."""
    assert isinstance(column, ClassColumn)
    # In an array of characters one long text makes every cell as long; it is compared twice as fast, though.
    table = np.array([*(str(value) for value in column.values or ()), ""], dtype=np.object_)
    return table[column.codes if column.missing is None else np.where(column.missing, -1, column.codes)]


def is_class(column: ClassColumn, wanted: int | str) -> Mask:
    """The rows of the wanted class."""
    if column.values is not None:
        return where_value(column, lambda value: value == wanted)
    return column.codes == wanted if isinstance(wanted, int) else np.zeros(len(column), np.bool_)


def where_value(column: ClassColumn, test: Callable[[int | str], bool]) -> Mask:
    """The rows whose class passes a test; the classes of the column are listed."""
    found: Mask = np.array([test(value) for value in column.values or ()] or [False])[column.codes]
    return found


def may_have(column: ClassColumn, name: int) -> bool:
    """Whether a column may have a row of a class; False only if it has none."""
    if column.values is not None:
        return name in column.values
    return len(column) > 0 and bool(column.codes.min() <= name)
