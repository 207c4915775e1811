"""The weights of groups: one value a group, and the first row of the inputs in which another one stands."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from losscli.measure.observers.observer import Observer
from losscli.numbers.fields import COUNT, LEAST
from losscli.numbers.row_count import NO_ROW
from losscli.table.block import NumberColumn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from losscli.measure.observers.observer import CutKey, MeasuredBlock
    from losscli.table.block import Floats, Ints, Place


class Stray(NamedTuple):
    """A row whose group has another weight: its number, its weight, and that of the group."""

    row: int
    value: float
    of_group: float


@dataclass(frozen=True, slots=True)
class FirstWeights:
    """By group its first row and the weight there, and the first row with another weight; `NO_ROW` for none."""

    first: Ints
    value: Floats
    stray: Ints
    other: Floats  # the weight in the stray row

    @classmethod
    def of(cls, rows: Ints, values: Floats, codes: Ints, groups: int) -> Self:
        """The weight in the first row of each of ``groups``, of rows (n,) with their numbers and groups."""
        order = np.argsort(rows, kind="stable")[::-1]
        rows, values, codes = rows[order], values[order], codes[order]
        found = cls.nothing(groups)
        # Of several rows of a group the last one stays, which has the lowest number.
        found.first[codes], found.value[codes] = rows, values
        apart = values != found.value[codes]
        found.stray[codes[apart]], found.other[codes[apart]] = rows[apart], values[apart]
        return found

    @classmethod
    def nothing(cls, groups: int) -> Self:
        """Groups without rows."""
        return cls(
            np.full(groups, NO_ROW), np.full(groups, np.nan), np.full(groups, NO_ROW), np.full(groups, np.nan)
        )

    def _wider(self, groups: int) -> Self:
        return self.regrouped(np.arange(len(self.first)), np.arange(len(self.first)), groups)

    def merge(self, other: Self) -> Self:
        """Of both the weight in the earlier row; rows with another weight than it are kept in mind."""
        groups = max(len(self.first), len(other.first))
        mine, theirs = self._wider(groups), other._wider(groups)
        earlier = mine.first <= theirs.first
        pairs = [(getattr(mine, one.name), getattr(theirs, one.name)) for one in fields(self)]
        first, value, stray, odd = (np.where(earlier, *pair) for pair in pairs)
        later, late_value, late_stray, late_odd = (np.where(earlier, *pair[::-1]) for pair in pairs)
        # The first row of the later side, where it has another weight, comes before all that is stray there.
        apart = late_value != value
        late_stray, late_odd = np.where(apart, later, late_stray), np.where(apart, late_value, late_odd)
        sooner = stray <= late_stray
        return type(self)(first, value, np.where(sooner, stray, late_stray), np.where(sooner, odd, late_odd))

    def at(self, group: int) -> Self:
        """Those of one group alone."""
        return self.regrouped(np.array([group]), np.zeros(1, np.int64), 1)

    def each(self, codes: Ints) -> Iterable[Self]:
        """Those of each of some groups alone."""
        return map(self.at, codes.tolist())

    def regrouped(self, codes: Ints, places: Ints, groups: int) -> Self:
        """Those of the groups ``codes`` at other places, of ``groups``, no two at one."""
        found = self.nothing(groups)
        inside = codes < len(self.first)
        for one in fields(self):
            getattr(found, one.name)[places[inside]] = getattr(self, one.name)[codes[inside]]
        return found

    def to_json(self) -> dict[str, Any]:
        """By group, for `from_json`."""
        return {name: kind.to_json(getattr(self, name)) for name, kind in KINDS.items()}

    @classmethod
    def from_json(cls, held: Mapping[str, Any], groups: int | None = None) -> Self:
        """What `to_json` wrote; a ValueError where the arrays are not of one length."""
        found = [kind.from_json(held[name], groups) for name, kind in KINDS.items()]
        if len({one.shape for one in found}) > 1:
            raise ValueError("these are not weights of groups")
        return cls(*found)

    def behind(self, rows: int) -> Self:
        """The same where so many rows come before."""
        first, stray = (np.where(one == NO_ROW, NO_ROW, one + rows) for one in (self.first, self.stray))
        return type(self)(first, self.value, stray, self.other)

    @property
    def found(self) -> tuple[Stray, int] | None:
        """The first stray row, and how many groups have one; None where each group has one weight."""
        rows = self.stray < NO_ROW
        if not rows.any():
            return None
        at = int(self.stray.argmin())
        return Stray(int(self.stray[at]), float(self.other[at]), float(self.value[at])), int(rows.sum())


KINDS = {"first": COUNT, "value": LEAST, "stray": COUNT, "other": LEAST}
"""What the fields of `FirstWeights` are."""


@dataclass(frozen=True, slots=True)
class GroupWeights(Observer):
    """The weight of each group."""

    column: Place
    slicing: int  # the place of the slicing by group

    def observe(self, block: MeasuredBlock, cut: CutKey) -> FirstWeights | None:
        if cut != self.slicing:
            return None
        used, side = block.used.block, self.column[0]
        column = used.column(self.column)
        assert isinstance(column, NumberColumn)
        codes, groups = block.used.cuts[cut]
        assert codes is not None
        rows, values = used.places_of(side) + (used.first_row + 1), column.values
        if column.missing is not None:
            held = ~column.missing
            rows, values, codes = rows[held], values[held], codes[held]
        return FirstWeights.of(rows, values, codes, groups)
