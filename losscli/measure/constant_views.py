"""Views that give a constant in place of the predictions, to all rows or by groups of slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from losscli.measure.adapt import AdaptedBlock, View, read
from losscli.table.block import Block, Floats, Ints, Place

if TYPE_CHECKING:
    from losscli.measure.slices import Label, SliceView


@dataclass(frozen=True, eq=False, slots=True)
class _GroupConstants(View):
    """A constant for each group of slices, instead of what another view reads.

    ``groups``: the group of each slice, by its label; one group for all rows without ``slicing``.
    """

    groups: Mapping[Label, int]
    slicing: SliceView | None
    instead: View

    @property
    def places(self) -> tuple[Place, ...]:
        return self.instead.places

    def groups_of(self, block: Block) -> Ints:
        """The group of each row."""
        if self.slicing is None:
            return np.zeros(block.rows, dtype=np.int64)
        codes, labels = self.slicing.read(block)
        found: Ints = np.array([self.groups[label] for label in labels], dtype=np.int64)[codes]
        return found


@dataclass(frozen=True, eq=False, slots=True)
class ConstantView(_GroupConstants):
    """Constant numbers: an array (n,), or (n, C) for a role of several columns."""

    values: Floats  # (groups, C)
    several: bool  # whether the role is several columns

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        columns: Floats = self.values.T[:, self.groups_of(block)]
        return columns.T if self.several else columns[0]


@dataclass(frozen=True, eq=False, slots=True)
class ConstantClassView(_GroupConstants):
    """Constant classes, in the coding of the label; None for a group without one."""

    classes: Sequence[int | str | None]
    label: View

    def read(self, block: Block, adapted: AdaptedBlock) -> Ints:
        labels: Ints = read(self.label, block, adapted)
        names = adapted.names.get(self.label)
        if names is None:
            # Each code is its own class; a constant that is no integer is given a code that no label has.
            other = int(labels.max(initial=0)) + 1
            codes = [name if isinstance(name, int) else other for name in self.classes]
        else:
            places = {name: code for code, name in enumerate(dict.fromkeys((*names, *self.classes)))}
            codes = [places[name] for name in self.classes]
            adapted.names[self] = tuple("" if name is None else name for name in places)
        chosen: Ints = np.array(codes, dtype=np.int64)[self.groups_of(block)]
        return chosen
