"""Columns of the inputs that are shown beside the losses of single rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.measure.lists import vector_text
from losscli.table.block import AnyColumn, Block, ClassColumn, Ints, KeyColumn, NumberColumn, Place
from losscli.table.infer_type import CellKinds, seen, value_of

if TYPE_CHECKING:
    from losscli.table.cells import CellReader


@dataclass(frozen=True, slots=True)
class Fact:
    """A column of the inputs that is shown beside the losses of a row."""

    name: str
    place: Place
    number: bool  # else it is text
    integer: bool  # text that is an integer in every row
    cells: CellReader | None = None  # reads from its cells of what type it is

    def cell(self, block: Block, at: int) -> Any:
        """The value of one row, as JSON has it; None where it is missing."""
        column = block.column(self.place)
        assert not isinstance(column, KeyColumn)
        if column.missing is not None and column.missing[at]:
            return None
        if isinstance(column, NumberColumn):
            if column.values.ndim > 1:
                return vector_text(column.values[at].tolist())
            return plain(float(column.values[at]))
        code = int(column.codes[at])
        value: int | str = code if column.values is None else column.values[code]
        return int(value) if self.integer else value

    def shown(self, cell: Any, kinds: CellKinds) -> Any:
        """A cell as the type that all cells of its column have."""
        if cell is None or self.cells is None:
            return cell
        return plain(value_of(cell, kinds.told, self.cells))

    def column(self, block: Block) -> AnyColumn:
        """The column of a block, vectors as text."""
        found = block.column(self.place)
        if isinstance(found, NumberColumn) and found.values.ndim > 1:
            texts = tuple(map(vector_text, found.values.tolist()))
            return ClassColumn(np.arange(len(texts)), texts, found.missing)
        return found


def kinds_of(facts: Sequence[Fact], block: Block) -> dict[int, CellKinds]:
    """What kinds of cells a block has, by the place of the fact, for those whose cells say of what type they are."""
    found = {}
    for at, fact in enumerate(facts):
        if fact.cells is not None:
            column = block.column(fact.place)
            assert isinstance(column, ClassColumn)
            found[at] = seen(column, fact.cells)
    return found


def joined_kinds(one: Mapping[int, CellKinds], other: Mapping[int, CellKinds]) -> dict[int, CellKinds]:
    """The kinds of cells of the rows of both."""
    return dict(one) | {at: one.get(at, CellKinds.NOTHING) | kinds for at, kinds in other.items()}


def places_of(numbers: Ints, rows: Ints) -> Ints:
    """Where the rows stand among the numbers, which are each there once, in any order."""
    order = np.argsort(numbers, kind="stable")
    found: Ints = order[np.searchsorted(numbers, rows, sorter=order)]
    return found


def plain(value: Any) -> Any:
    """A number as JSON has it, which has no infinity."""
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value
