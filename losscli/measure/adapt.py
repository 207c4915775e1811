"""The columns of a block become the arrays that a kernel takes, checked against their domains.

A view says what is read for a role.  It is read once per block, however many losses share it.  A bad value
becomes a violation, so a kernel is given only what passed.  The views are in `number_views`, `class_views`
and `constant_views`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import numpy as np

from losscli.table.block import Block, ClassColumn, Mask, Place
from losscli.table.violations import Violations

PAIRING, MISSING, WEIGHT, DOMAIN, SUM = range(5)  # stages of the work, in their order

FirstSeen: TypeAlias = dict[tuple[Place, str], int]
"""The first row of each thing that is bad only together with another, by its column and name."""

MISSING_SPELLINGS = frozenset(
    spelled for word in ("na", "n/a", "nan", "null", "none")
    for spelled in (word, word.upper(), word.capitalize(), "NaN")
)  # fmt: skip
"""Classes that would be missing values in a column of numbers."""

SUGGEST = "`losscli suggest` names the losses that fit these columns"
"""The hint where a loss does not fit."""

TOGETHER = {
    ("-1", "below 1"): "labels of -1 and labels of 0, or between 0 and 1",
    ("text", "probability"): "text and probabilities",
    ("time: number", "time: date"): "numbers and dates",
    ("time: number", "time: date with offset"): "numbers and dates",
    ("time: date", "time: date with offset"): "dates with an offset from UTC and dates without one",
}
"""Pairs that one column may not contain, and how a message calls them."""

AS_PROBABILITY, AS_CLASS = "read as a probability", "read as a class"
"""How a prediction of 0 or 1 was read in a row where the other reading would give another result."""


class View:
    """What is read of a block for a role; a hashable value."""

    __slots__ = ()
    of_classes: ClassVar[bool] = False  # whether its columns contain classes

    @property
    def places(self) -> tuple[Place, ...]:
        """The columns that it reads."""
        raise NotImplementedError

    def read(self, block: Block, adapted: AdaptedBlock) -> Any:
        """The array for a block; violations, and rows that need a note, are left in ``adapted``."""
        raise NotImplementedError


@dataclass(slots=True, eq=False, repr=False)
class AdaptedBlock:
    """The arrays of a block, and what its views found.

    ``touched``: the rows whose values a convention of a view changed.  ``classes``: the classes that a view read,
    as the file has them.  ``names``: the classes that the codes of a view stand for, unless each code is
    its own class.  ``shared``: what was read once for all that use it.
    """

    faults: Violations
    seen: FirstSeen
    touched: dict[View, dict[str, Mask]] = field(default_factory=dict)
    classes: dict[View, ClassColumn] = field(default_factory=dict)
    names: dict[View, tuple[int | str, ...]] = field(default_factory=dict)
    shared: dict[Any, Any] = field(default_factory=dict)


def read(view: View, block: Block, adapted: AdaptedBlock) -> Any:
    """The view's array for this block, read once."""
    found = adapted.shared.get(view)
    if found is None:
        adapted.shared[view] = found = view.read(block, adapted)
    return found


def mark_classes(block: Block, place: Place, seen: FirstSeen) -> None:
    """Record the first integer among the classes of a column, and the first class that spells a missing number."""
    column = block.column(place)
    if not block.rows or (column.missing is not None and column.missing.all()):
        return
    if not isinstance(column, ClassColumn) or column.values is None:
        seen.setdefault((place, "number"), 0)
        return
    marks = [("number", [isinstance(value, int) for value in column.values])]
    if not MISSING_SPELLINGS.isdisjoint(column.values):
        marks.append(("NA", [value in MISSING_SPELLINGS for value in column.values]))
    for mark, table in marks:
        if any(table):
            note_first(seen, (place, mark), block, np.array([*table, False])[column.codes])


def missing_among_numbers(places: Iterable[Place], seen: FirstSeen) -> int | None:
    """The first row with a class that spells a missing number, in a column that has integers as well."""
    rows = [seen[place, "NA"] for place in places if (place, "NA") in seen and (place, "number") in seen]
    return min(rows, default=None)


def note_first(seen: FirstSeen, key: tuple[Place, str], block: Block, where: Mask) -> None:
    """Record the first row where something was seen that is bad only together with another."""
    if where.any():
        _, row = block.first(where, key[0][0])
        seen[key] = min(seen.get(key, row), row)
