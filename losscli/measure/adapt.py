"""The columns of a block as the arrays that a kernel takes, checked against their domains.

One view is read once per block, however many losses share it.  A bad value becomes a fault; a kernel
sees only what passed.  The views themselves are in `number_views` and `class_views`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np

from losscli.table.block import Block, ClassColumn, Mask, Place
from losscli.table.violations import Violations

PAIRING, MISSING, WEIGHT, DOMAIN, SUM = range(5)  # the order of work

FirstSeen: TypeAlias = dict[tuple[Place, str], int]
"""First rows of things that are bad only together, by column and name."""

MISSING_SPELLINGS = frozenset(
    spelled for word in ("na", "n/a", "nan", "null", "none")
    for spelled in (word, word.upper(), word.capitalize(), "NaN")
)  # fmt: skip
"""Classes that would be missing in a column of numbers."""

TOGETHER = {
    ("-1", "below 1"): "labels of -1 and labels of 0, or between 0 and 1",
    ("text", "probability"): "text and probabilities",
}
"""What may not stand in one column, and its name for people."""

AS_PROBABILITY, AS_CLASS = "read as a probability", "read as a class"
"""How a prediction of 0 or 1 was read in a row where the other reading would say something else."""


class View(Protocol):
    """What is read of a block for a role; a value that can be a key."""

    @property
    def places(self) -> tuple[Place, ...]:
        """The columns that it reads."""

    @property
    def of_classes(self) -> bool:
        """Whether what stands in its columns are classes."""

    def read(self, block: Block, reading: AdaptedBlock) -> Any:
        """The array for a block; what is bad, or worth a word, is left in ``reading``."""


@dataclass(slots=True)
class AdaptedBlock:
    """What views leave behind besides their arrays.

    ``touched``: rows that a view's convention touched.  ``classes``: the classes that a view met, as the file
    has them.  ``names``: the classes that its codes stand
    for, where they are no classes themselves.  ``shared``: what was read once, for all who want it.
    """

    faults: Violations
    seen: FirstSeen
    touched: dict[View, dict[str, Mask]] = field(default_factory=dict)
    classes: dict[View, ClassColumn] = field(default_factory=dict)
    names: dict[View, tuple[int | str, ...]] = field(default_factory=dict)
    shared: dict[Any, Any] = field(default_factory=dict)


def read(view: View, block: Block, reading: AdaptedBlock) -> Any:
    """The view's array for this block, read once."""
    found = reading.shared.get(view)
    if found is None:
        reading.shared[view] = found = view.read(block, reading)
    return found


def mark_classes(block: Block, place: Place, seen: FirstSeen) -> None:
    """Note the first numeric class of a column, and the first that spells a missing number."""
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
        if any(table) and (where := np.array([*table, False])[column.codes]).any():
            note_first(seen, (place, mark), block, where)


def missing_among_numbers(places: Iterable[Place], seen: FirstSeen) -> int | None:
    """The first row where a class that spells a missing number stands in a column beside numeric ones."""
    rows = [seen[place, "NA"] for place in places if (place, "NA") in seen and (place, "number") in seen]
    return min(rows, default=None)


def note_first(seen: FirstSeen, key: tuple[Place, str], block: Block, where: Mask) -> None:
    """Keep the first row where something was seen that is bad only together with another."""
    _, row = block.first(where, key[0][0])
    seen[key] = min(seen.get(key, row), row)
