"""Best constants in a plan: what they are, and views that give them in place of the predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from losscli.measure.adapt import AdaptedBlock, View, read
from losscli.table.block import Block, Floats, Ints, Place

if TYPE_CHECKING:
    from losscli.loss.elicits import Functional
    from losscli.measure.slices import SliceView, Value

RowGroup: TypeAlias = "tuple[Value, ...] | None"
"""The rows that have one constant: those of the slice with these values; None: all rows, or those of folded slices."""

ConstantKey: TypeAlias = "tuple[int, Functional | str, int | None]"
"""A unit, what the loss elicits, and a slicing: losses that share a unit may have other constants."""


@dataclass(frozen=True, eq=False, slots=True)
class BestConstants:
    """The best constants of a unit, of all rows or by the slices of a slicing."""

    shown: Mapping[RowGroup, Any]  # as results show them
    why: Mapping[RowGroup, str]  # there is none
    otherwise: str  # why there is none where nothing else is known
    unit: int | None = None  # which measures them; None: there is none


Constants: TypeAlias = Mapping[ConstantKey, BestConstants]


@dataclass(frozen=True, eq=False, slots=True)
class GroupView(View):
    """The number of each row's group."""

    slicing: SliceView | None
    numbers: Mapping[RowGroup, int]

    def read(self, block: Block, adapted: AdaptedBlock) -> Ints:
        if self.slicing is None:
            return np.zeros(block.rows, dtype=np.int64)
        # Rows without a constant are given any: nothing is made of their state.
        known, (codes, labels) = self.numbers.get, self.slicing.read(block)
        found: Ints = np.array([known(label, known(None, 0)) for label in labels], dtype=np.int64)[codes]
        return found


@dataclass(frozen=True, eq=False, slots=True)
class _ConstantView(View):
    """A constant for each group, in place of what another view reads."""

    groups: GroupView
    instead: View

    @property
    def places(self) -> tuple[Place, ...]:
        return self.instead.places


@dataclass(frozen=True, eq=False, slots=True)
class ConstantView(_ConstantView):
    """Constant numbers: an array (n,), or (n, C) for a role of several columns."""

    values: Floats  # (groups, C)
    several: bool  # whether the role is several columns

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        columns: Floats = self.values.T[:, read(self.groups, block, adapted)]
        return columns.T if self.several else columns[0]


@dataclass(frozen=True, eq=False, slots=True)
class ConstantClassView(_ConstantView):
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
        chosen: Ints = np.array(codes, dtype=np.int64)[read(self.groups, block, adapted)]
        return chosen
