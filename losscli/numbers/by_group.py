"""Numbers of one group of rows, or of many: an int or float alone, or an array with one for each group.

An array may end before the last group: whatever lies beyond is the number of a group without rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints

PerGroup: TypeAlias = Any
"""An int or float of one group, or an array of them."""


def rows_of(rows: int, codes: Ints | None, groups: int) -> PerGroup:
    """How many rows there are, or how many of each group."""
    return rows if codes is None else np.bincount(codes, minlength=groups)


def least_of(column: Floats, codes: Ints | None, groups: int) -> PerGroup:
    """The least number of a column, or of each group's; infinite where there is none."""
    if codes is None:
        return float(column.min(initial=np.inf))
    found = np.full(groups, np.inf)
    np.minimum.at(found, codes, column)
    return found


def greatest_of(column: Floats, codes: Ints | None, groups: int) -> PerGroup:
    """The greatest number of a column, or of each group's; minus infinity where there is none."""
    if codes is None:
        return float(column.max(initial=-np.inf))
    found = np.full(groups, -np.inf)
    np.maximum.at(found, codes, column)
    return found


def added(one: PerGroup, other: PerGroup) -> PerGroup:
    return _joined(np.add, one, other) if isinstance(one, np.ndarray) else one + other


def least(one: PerGroup, other: PerGroup) -> PerGroup:
    return _joined(np.minimum, one, other) if isinstance(one, np.ndarray) else min(one, other)


def greatest(one: PerGroup, other: PerGroup) -> PerGroup:
    return _joined(np.maximum, one, other) if isinstance(one, np.ndarray) else max(one, other)


def _joined(join: np.ufunc, one: Any, other: Any) -> Any:
    if len(one) < len(other):
        one, other = other, one
    found = one.copy()
    join(found[: len(other)], other, out=found[: len(other)])
    return found


def number_at(numbers: PerGroup, group: int, nothing: float = 0) -> Any:
    """The number of one group; ``nothing`` is that of a group without rows."""
    if not isinstance(numbers, np.ndarray):
        return numbers
    return numbers[group].item() if group < len(numbers) else nothing


def padded(numbers: Ints, codes: Ints) -> Ints:
    """The numbers of some groups, 0 of those without rows."""
    found = np.zeros(len(codes), dtype=numbers.dtype)
    inside = codes < len(numbers)
    found[inside] = numbers[codes[inside]]
    return found


def regrouped(
    numbers: Any, codes: Ints, places: Ints, groups: int, join: np.ufunc = np.add, nothing: float = 0
) -> Any:
    """The numbers of some groups at other places; those that share a place are joined."""
    found = np.full(groups, nothing, dtype=numbers.dtype)
    inside = codes < len(numbers)
    join.at(found, places[inside], numbers[codes[inside]])
    return found
