"""The type of a column of text, inferred from its cells: integers, numbers, or text.

CSV has no types, so columns that are copied beside the losses of rows are read as text. A column holds numbers where
every cell of the measured rows is a number in a spelling that loses nothing: `007` and `+1` are text. `CellKinds`
says what some rows hold; `|` joins those of more rows, in any order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntFlag
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np

from losscli.table.block import ClassColumn
from losscli.table.cells import CellReader, Quoted, Unreadable

InferredType: TypeAlias = Literal["integer", "number", "text"]

MISSING = frozenset(("na", "n/a", "nan", "null", "none"))
"""Cells that are missing in a column of numbers, and text in one of text."""

SHORT = 15
"""Characters within which every integer is a double."""

LONGEST = 310
"""Characters beyond which no integer is one."""


class CellKinds(IntFlag):
    """What the cells of some rows hold."""

    NOTHING = 0
    INTEGER = 1
    NUMBER = 2
    TEXT = 4
    MISSING = 8  # in the spelling of a number that is missing
    WIDE = 16  # an integer that is no double

    @property
    def told(self) -> InferredType:
        """The type of a whole column."""
        if self & CellKinds.TEXT or (self & CellKinds.NUMBER and self & CellKinds.WIDE):
            return "text"
        return "number" if self & CellKinds.NUMBER else "integer" if self & CellKinds.INTEGER else "text"


@lru_cache
def _patterns(decimal: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Lines of integers, and lines of numbers."""
    point = re.escape(decimal)
    whole = r"(?:0|[1-9][0-9]*+)"
    number = rf"-?+(?:inf(?:inity)?+|(?={point}?[0-9]){whole}?+(?:{point}[0-9]*+)?+(?:e[+-]?+[0-9]++)?+)"
    return (
        re.compile(r"(?:[ \t]*+(?:0|-?+[1-9][0-9]{0,18}+)[ \t]*+\n)*+"),
        re.compile(rf"(?:[ \t]*+{number}[ \t]*+\n)*+", re.IGNORECASE),
    )


def seen(column: ClassColumn, cells: CellReader) -> CellKinds:
    """What the rows of a column of text hold, by the grammar of its file."""
    codes = column.codes if column.missing is None else column.codes[~column.missing]
    values = column.values or ()
    texts = [values[code] for code in np.unique(codes).tolist()]
    if not texts:
        return CellKinds.NOTHING
    if any(isinstance(text, Quoted) for text in texts):
        return CellKinds.TEXT
    return _seen([str(text) for text in texts], cells)


def _seen(texts: Sequence[str], cells: CellReader) -> CellKinds:
    integers, numbers = _patterns(cells.decimal)
    there = [text for text in texts if not _is_missing(text)]
    found = CellKinds.MISSING if len(there) < len(texts) else CellKinds.NOTHING
    if not there:
        return found
    # All cells in one match: one by one they would take longer than they took to be read.
    lines = "\n".join(there) + "\n"
    if lines.count("\n") != len(there):
        return CellKinds.TEXT
    if integers.fullmatch(lines):
        found |= CellKinds.INTEGER
    elif numbers.fullmatch(lines):
        found |= CellKinds.NUMBER
    else:
        return CellKinds.TEXT
    for text in there:
        if len(text) > SHORT or "e" in text or "E" in text:
            found |= _unsure(text, cells)
    return found


def _unsure(text: str, cells: CellReader) -> CellKinds:
    """Whether a number is too large for a double, or an integer that is no double."""
    plain = text.strip(" \t")
    if not plain.lstrip("-").isdigit():
        try:
            cells.number(text)
        except Unreadable:
            return CellKinds.TEXT
        return CellKinds.NOTHING
    if len(plain) > LONGEST:
        return CellKinds.TEXT
    whole = int(plain)
    try:
        exact = int(float(whole)) == whole
    except OverflowError:
        exact = False
    if not -(2**63) <= whole < 2**63:
        return CellKinds.NUMBER if exact else CellKinds.TEXT
    return CellKinds.NOTHING if exact else CellKinds.WIDE


def _is_missing(text: str) -> bool:
    return len(text) < 8 and text.strip(" \t").lower() in MISSING


def value_of(text: str, told: InferredType, cells: CellReader) -> int | float | str | None:
    """A cell of a column of this type as a value."""
    if told == "text":
        return text
    if _is_missing(text):
        return None
    return int(text) if told == "integer" else cells.number(text)
