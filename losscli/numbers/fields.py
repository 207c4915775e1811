"""What states are made of: sums, counts and extremes, each with the way in which it is merged.

A state is of one group of rows, or of many side by side.  Of one group its fields are ints, floats and `ExactSum`;
of many they are arrays with a number for each group, which may end before the last one, and `GroupedSums`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

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
    with np.errstate(invalid="ignore"):  # NaN is a value that a column may have
        np.minimum.at(found, codes, column)
    return found


def greatest_of(column: Floats, codes: Ints | None, groups: int) -> PerGroup:
    """The greatest number of a column, or of each group's; minus infinity where there is none."""
    if codes is None:
        return float(column.max(initial=-np.inf))
    found = np.full(groups, -np.inf)
    with np.errstate(invalid="ignore"):
        np.maximum.at(found, codes, column)
    return found


class Numbers(NamedTuple):
    """Numbers of groups that are merged by adding them, or by taking the least or the greatest."""

    join: np.ufunc
    nothing: float = 0  # of a group without rows

    def merge(self, one: PerGroup, other: PerGroup) -> PerGroup:
        """The numbers of both; of arrays that end at different groups those behind the end stay."""
        if not isinstance(one, np.ndarray):
            return one + other if self.join is np.add else self.join(one, other).item()
        if len(one) < len(other):
            one, other = other, one
        found = one.copy()
        self.join(found[: len(other)], other, out=found[: len(other)])
        return found

    def at(self, numbers: PerGroup, group: int) -> Any:
        """The number of one group."""
        if not isinstance(numbers, np.ndarray):
            return numbers
        return numbers[group].item() if group < len(numbers) else self.nothing

    def split(self, numbers: Any, groups: int) -> list[Any]:
        """The number of each group, for ``groups`` of them."""
        if not isinstance(numbers, np.ndarray):
            return [numbers] * groups
        found: list[Any] = self.chosen(numbers, np.arange(groups)).tolist()
        return found

    def chosen(self, numbers: Any, codes: Ints) -> Any:
        """The numbers of some groups."""
        found = np.full(len(codes), self.nothing, dtype=numbers.dtype)
        inside = codes < len(numbers)
        found[inside] = numbers[codes[inside]]
        return found

    def regrouped(self, numbers: Any, codes: Ints, places: Ints, groups: int) -> Any:
        """The numbers of the groups ``codes`` at other places; those that share one are joined."""
        if not isinstance(numbers, np.ndarray):
            return numbers
        found = np.full(groups, self.nothing, dtype=numbers.dtype)
        self.join.at(found, places, self.chosen(numbers, codes))
        return found

    def resampled(self, numbers: Any, counts: Floats) -> Any:
        """The number of each resample, by how often it draws each group."""
        if self.join is np.add:
            return (counts @ numbers).astype(np.int64)
        return self.join.reduce(np.where(counts > 0.0, numbers, self.nothing), axis=1)

    def to_json(self, numbers: PerGroup) -> Any:
        """The number of one group, or the list of those of many."""
        # Doubles as text: JSON has no infinity, and hexadecimal digits keep every bit.
        listed = numbers.tolist() if isinstance(numbers, np.ndarray) else numbers
        if isinstance(self.nothing, int):
            return listed
        return [number.hex() for number in listed] if isinstance(listed, list) else listed.hex()

    def from_json(self, held: Any, groups: int | None = None) -> PerGroup:
        """What `to_json` wrote of one group (None) or of so many; a ValueError for what it cannot have written."""
        if groups is None:
            return self._number(held)
        if not isinstance(held, list) or len(held) > groups:
            raise ValueError("these are not numbers of groups")
        kind = np.int64 if isinstance(self.nothing, int) else np.float64
        return np.array([self._number(one) for one in held], dtype=kind)

    def _number(self, held: Any) -> float:
        if isinstance(self.nothing, int) and type(held) is int and abs(held) < 1 << 63:
            return held
        if isinstance(self.nothing, float) and isinstance(held, str):
            return float.fromhex(held)
        raise ValueError("this is not a number of a state")


class Nested(NamedTuple):
    """A sum, or a state within a state; None where there is none."""

    read: Callable[[Any, int | None], Any] | None = None  # what its `to_json` wrote of one group or of many
    always: bool = False  # whether there is one

    def merge(self, one: Any, other: Any) -> Any:
        """The state of both; None has no rows."""
        return other if one is None else one if other is None else one.merge(other)

    def at(self, state: Any, group: int) -> Any:
        """The state of one group."""
        return None if state is None else state.at(group)

    def split(self, state: Any, groups: int) -> Iterable[Any]:
        """The state of each group alone."""
        return repeat(None, groups) if state is None else state.split(groups)

    def regrouped(self, state: Any, codes: Ints, places: Ints, groups: int) -> Any:
        """The states of the groups ``codes`` at other places."""
        return None if state is None else state.regrouped(codes, places, groups)

    def resampled(self, state: Any, counts: Floats) -> Any:
        """The state of each resample."""
        return None if state is None else state.resampled(counts)

    def to_json(self, state: Any) -> Any:
        """What the state writes."""
        return None if state is None else state.to_json()

    def from_json(self, state: Any, groups: int | None = None) -> Any:
        """What `to_json` wrote."""
        if self.read is None or (state is None and not self.always):
            return None
        return self.read(state, groups)


class Several(NamedTuple):
    """A tuple of fields of one kind."""

    kind: Any

    def merge(self, one: Any, other: Any) -> Any:
        """The fields of both, one by one."""
        return tuple([self.kind.merge(*pair) for pair in zip(one, other, strict=True)])

    def at(self, held: Any, group: int) -> Any:
        """The fields of one group."""
        return tuple(self.kind.at(each, group) for each in held)

    def split(self, held: Any, groups: int) -> Iterable[Any]:
        """The fields of each group alone."""
        if not held:
            return repeat((), groups)
        return zip(*(self.kind.split(one, groups) for one in held), strict=True)

    def regrouped(self, held: Any, codes: Ints, places: Ints, groups: int) -> Any:
        """The fields of the groups ``codes`` at other places."""
        return tuple(self.kind.regrouped(each, codes, places, groups) for each in held)

    def resampled(self, held: Any, counts: Floats) -> Any:
        """The fields of each resample."""
        return tuple(self.kind.resampled(each, counts) for each in held)

    def to_json(self, held: Any) -> Any:
        """The list of what the fields write."""
        return [self.kind.to_json(each) for each in held]

    def from_json(self, held: Any, groups: int | None = None) -> Any:
        """What `to_json` wrote."""
        return tuple(self.kind.from_json(each, groups) for each in held)


STATE = Nested()
COUNT = Numbers(np.add)
LEAST = Numbers(np.minimum, np.inf)
GREATEST = Numbers(np.maximum, -np.inf)


class State:
    """A value whose fields are merged one by one; `FIELDS` gives the kind of each, in order."""

    __slots__ = ()
    FIELDS: ClassVar[Mapping[str, Any]]

    def _each(self, change: Callable[[Any, Any], Any]) -> Self:
        return type(self)(*(change(kind, getattr(self, name)) for name, kind in self.FIELDS.items()))

    def merge(self, other: Self) -> Self:
        """The state of the rows of both, to the bit that of all rows at once."""
        fields = self.FIELDS.items()
        return type(self)(*[kind.merge(getattr(self, name), getattr(other, name)) for name, kind in fields])

    def at(self, group: int) -> Self:
        """The state of one group alone."""
        return self._each(lambda kind, held: kind.at(held, group))

    def each(self, codes: Ints) -> Iterable[Self]:
        """The state of each of some groups alone."""
        return self.regrouped(codes, np.arange(len(codes)), len(codes)).split(len(codes))

    def split(self, groups: int) -> Iterable[Self]:
        """The state of each group alone, for ``groups`` of them."""
        return map(
            type(self), *(kind.split(getattr(self, name), groups) for name, kind in self.FIELDS.items())
        )

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        """The states of the groups ``codes`` at other places, of ``groups``; those that share a place are merged."""
        return self._each(lambda kind, held: kind.regrouped(held, codes, places, groups))

    def resampled(self, counts: Floats) -> Self:
        """The state of each resample: in row r of ``counts`` stands how often it draws each group."""
        return self._each(lambda kind, held: kind.resampled(held, counts))

    def to_json(self) -> dict[str, Any]:
        """The state of one group or of many, for `from_json`."""
        return {name: kind.to_json(getattr(self, name)) for name, kind in self.FIELDS.items()}

    @classmethod
    def from_json(cls, held: Mapping[str, Any], groups: int | None = None) -> Self:
        """The state of one group (None) or of so many; a ValueError, or what a type raises, where it is none."""
        return cls(*(kind.from_json(held[name], groups) for name, kind in cls.FIELDS.items()))
