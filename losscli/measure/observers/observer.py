"""What an observer is, and what it sees of a block.

An observer is a value: equal observers keep the same.  `Observer.observe` returns its state over a block.  States merge;
where they are kept by group, `at` gives the state of one group, and `regrouped` gives the groups new codes.  A new
observer is one class, and one line where a plan takes it in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from losscli.numbers.states import BlockStates

if TYPE_CHECKING:
    from losscli.loss.declare import Loss
    from losscli.numbers.sums import Names
    from losscli.statistics.groups import Dealing
    from losscli.table.block import Block, Floats, Ints, Mask

CutKey: TypeAlias = "int | Dealing | None"
"""How rows are cut: into the slices of a slicing, by its place; into groups of the bootstrap; or not at all."""

WHOLE = None


class Cut(NamedTuple):
    """The group of each row, by its code in the block, and how many groups there are.  The whole has no codes."""

    codes: Ints | None = None
    groups: int = 1

    def take(self, kept: Mask | None) -> Cut:
        """The cut of some of the rows, with the same groups."""
        return self if kept is None or self.codes is None else Cut(self.codes[kept], self.groups)


class CutBlock:
    """A block, and how its rows are cut."""

    def __init__(self, block: Block, cuts: Mapping[CutKey, Cut]) -> None:
        self.block = block
        self.cuts = cuts
        self._taken: dict[tuple[CutKey, int], tuple[Cut, Mask]] = {}

    def cut(self, key: CutKey, kept: Mask | None) -> Cut:
        """The cut of some of the rows; the same object for the same rows, so that their sums are shared."""
        cut = self.cuts[key]
        if kept is None or cut.codes is None:
            return cut
        if (key, id(kept)) not in self._taken:
            # The mask is kept too: the id of one that is freed may go to another.
            self._taken[key, id(kept)] = cut.take(kept), kept
        return self._taken[key, id(kept)][0]


@dataclass(eq=False, repr=False)
class UnitRows:
    """What a row function gave over the rows of a block that count for it."""

    loss: Loss
    params: Mapping[str, Any]
    rows: CutBlock
    kept: Mask | None  # which rows of the block they are; None: all
    roles: Mapping[str, Any]
    columns: Sequence[Floats]
    parts: Sequence[
        Any
    ]  # what is summed: the columns; of squares beyond the doubles their roots; of counts bins
    weight: Floats | None
    names: Names  # of classes, by their code
    skipped: Mapping[str, Mask]  # rows of the block that the loss leaves out, by why
    touched: Mapping[str, Mask]  # rows whose values a convention of the loss changes, by its name

    def cut(self, key: CutKey) -> Cut:
        """The group of each of these rows."""
        return self.rows.cut(key, self.kept)

    @cached_property
    def numbers(self) -> Ints:
        """The row numbers."""
        numbers = self.rows.block.row_numbers()
        return numbers if self.kept is None else numbers[self.kept]

    @cached_property
    def infinite(self) -> Mask:
        """The rows in which a column is infinite."""
        found: Mask = ~np.logical_and.reduce([np.isfinite(column) for column in self.columns])
        return found


class MeasuredBlock:
    """A block with what each unit gave over it."""

    def __init__(self, used: CutBlock, lost: Mapping[CutKey, Cut], lacks: Mapping[int, Mask]) -> None:
        self.used = used
        self.lost = lost  # the slices of rows that were dropped for a missing value
        self.lacks = lacks  # by unit: rows that lack a value it needs, where they are not left out
        self.units: dict[int, UnitRows] = {}
        self.states = BlockStates()


class Observer(ABC):
    """Keeps one thing of the rows."""

    __slots__ = ()

    by_slice: ClassVar[bool] = True
    by_group: ClassVar[bool] = False  # of the bootstrap
    adds_up: ClassVar[bool] = False  # whether the state of the whole is that of all slices merged
    streams: ClassVar[bool] = False  # whether its states are handed on in their order, and not merged

    @abstractmethod
    def observe(self, block: MeasuredBlock, cut: CutKey) -> Any | None:
        """The state over a block, by the groups of a cut; None where there is nothing to keep."""


@dataclass(frozen=True, slots=True)
class UnitObserver(Observer):
    """Keeps one thing of the rows of one unit."""

    unit: int
