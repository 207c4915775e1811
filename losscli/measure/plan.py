"""What to read and what to measure, decided before the data.

A plan is a value: paths, columns, losses by name, policies.  It pickles.  Measuring a block by it is the work
of `fold`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.measure.adapt import View
from losscli.measure.class_columns import as_classes, classes_in, texts_of
from losscli.measure.number_views import NumberView
from losscli.measure.observers.row_counts import LackingRows, SeenRows, SkippedRows, TouchedRows
from losscli.measure.observers.states import UnitState
from losscli.table.block import Block, ClassColumn, ColumnRequest, Floats, Mask, NumberColumn, Place

if TYPE_CHECKING:
    from losscli.loss.declare import Loss
    from losscli.loss.expression import Expression
    from losscli.loss.spec import ParamValue
    from losscli.measure.constant_views import Constants
    from losscli.measure.observers.observer import Observer
    from losscli.measure.options import NanPolicy
    from losscli.measure.slices import SliceView
    from losscli.measure.slots import Slot
    from losscli.pairing.keyplan import KeyPlan
    from losscli.pairing.shared_ids import SharedId
    from losscli.statistics.groups import GroupView
    from losscli.table.hashes import HashShare


class RowUnit(NamedTuple):
    """What is summed: the columns of one row function over some roles, kept in one state."""

    loss: Loss  # for its row function and its state
    params: tuple[tuple[str, Any], ...]  # those that the row function takes
    views: tuple[tuple[str, View], ...]


class ResultPart(NamedTuple):
    """One output or class of a measure, and the unit that holds its sums; a whole has no kind."""

    unit: int
    kind: str = ""
    name: str = ""
    pred: str = ""  # of an output the prediction column, where it has another name

    @property
    def shown(self) -> str:
        """The name in results, which is that of both columns."""
        return f"{self.pred} for {self.name}" if self.pred else self.name


SEEN = SeenRows()


@cache
def _of_unit(unit: int) -> tuple[Observer, ...]:
    """What is kept of every unit; they are asked for every block."""
    return UnitState(unit), LackingRows(unit), SkippedRows(unit), TouchedRows(unit)


class Measure(NamedTuple):
    """One loss for one prediction: the form chosen, all its parameters, and its parts."""

    loss: Loss
    params: tuple[tuple[str, ParamValue], ...]
    pred: str  # the column, or columns, as the user named them
    parts: tuple[ResultPart, ...]

    @property
    def values(self) -> dict[str, ParamValue]:
        """The values of its parameters, by their names."""
        return dict(self.params)

    @property
    def has_parts(self) -> bool:
        """Whether it is measured by class or by output."""
        return len(self.parts) > 1 or self.loss.per_class

    @property
    def ordered(self) -> bool:
        """Whether it looks at the times of the rows, or of those of a training file."""
        return "train" in self.values or any(role.shape == "Times" for role in self.loss.roles)


class ClassWeights(NamedTuple):
    """A weight for each class of the label; classes that are not named weigh one."""

    label: Place
    weights: tuple[tuple[int | str, float], ...]

    def read(self, block: Block, met: set[int | str]) -> Floats:
        """The weight of each row; the classes of the block are added to those ``met``."""
        column = as_classes(block.column(self.label))
        table = dict(self.weights)
        met |= classes_in(column) & table.keys()
        if column.values is None:
            weight = np.ones(len(column))
            for value, factor in table.items():
                if isinstance(value, int):
                    weight[column.codes == value] = factor
            return weight
        return np.array([table.get(value, 1.0) for value in column.values] or [1.0])[column.codes]


class Grouping(NamedTuple):
    """The groups over which results are means: by slicings that are not shown, the last ones of the plan.

    The first of them cuts the whole into groups, and the following ones each slice of each slicing that is shown.
    """

    column: str
    first: int  # the place of the first of these slicings
    place: Place
    weight: NumberView | None  # of the group that a row belongs to

    def share_of(self, block: Block, share: HashShare) -> Mask:
        """The rows of a block whose groups belong to a share."""
        from losscli.table.hashes import hashed_values

        column = block.column(self.place)
        assert isinstance(column, ClassColumn)
        hashes, places = hashed_values(column)
        found: Mask = share.holds(hashes)[places]
        return found


class Filter(NamedTuple):
    """The rows to keep: those for which an expression over columns is true."""

    expression: Expression
    columns: tuple[tuple[str, Place], ...]

    def read(self, block: Block) -> Mask:
        """The rows of a block that stay: those for which the expression is true."""
        values: dict[str, Any] = {}
        for name, place in self.columns:
            column = block.column(place)
            values[name] = column.values if isinstance(column, NumberColumn) else texts_of(column)
        return self.expression.holds(values, block.rows)


class Plan(NamedTuple):
    """Columns to read, units to sum, measures to finish, and what to do with missing values."""

    sides: tuple[tuple[Slot, ...], ...]
    units: tuple[RowUnit, ...]
    measures: tuple[Measure, ...]
    weight: NumberView | None
    class_weights: ClassWeights | None
    equal: tuple[tuple[Place, Place], ...]  # columns that must hold the same values
    nan: NanPolicy
    chunk_rows: int
    slicings: tuple[SliceView, ...]
    grouping: Grouping | None
    where: Filter | None
    keys: KeyPlan | None  # by which rows are paired; None: by position
    groups: GroupView | None  # into which rows are dealt, for the bootstrap
    times: Place | None  # the column of the time of each row, where models are compared over time
    observers: tuple[Observer, ...]  # what is kept beside the states of the units and counts of rows
    shared_ids: tuple[SharedId, ...]  # columns that say which row is which, by position
    notes: tuple[str, ...]  # what was understood of the columns, and is to be said
    constants: Constants | None = None  # of `--constant`, which further units measure
    rows: range | None = None  # those that are measured, by position and from 0 on; None: all
    reached: int = 0  # the rows before this one were measured by another call; by key, so many parts of them
    share: HashShare | None = None  # of the rows, by the hash of their key, or of their group; None: all

    def places(self) -> Iterator[tuple[Place, Slot]]:
        """The columns that are read, side by side, in the order in which blocks hold them."""
        for side, slots in enumerate(self.sides):
            for index, slot in enumerate(slots):
                yield (side, index), slot

    def slot(self, place: Place) -> Slot:
        """What is read at a place of a block."""
        side, index = place
        return self.sides[side][index]

    def wants(self, side: int) -> list[ColumnRequest]:
        """What is asked of the source of a side: its columns, in the order of the slots."""
        return [
            ColumnRequest(slot.index, slot.kind, slot.width) for slot in self.sides[side] if not slot.made
        ]

    def takes_classes(self, measure: Measure) -> bool:
        """Whether a measure reads columns of classes."""
        units = (self.units[part.unit] for part in measure.parts)
        return any(view.of_classes for unit in units for _, view in unit.views)

    def watched_by(self, observers: Iterable[Observer]) -> Plan:
        """The plan with further observers."""
        return self._replace(observers=(*self.observers, *observers))

    def all_observers(self) -> Iterator[Observer]:
        """What is kept of every plan, and what this one keeps beside it."""
        yield SEEN
        further = {one.unit for one in self.constants.values()} if self.constants is not None else set()
        for unit in range(len(self.units)):
            if unit not in further:
                yield from _of_unit(unit)
        yield from self.observers

    @property
    def shown_slicings(self) -> tuple[SliceView, ...]:
        """The slicings that have results of their own."""
        return self.slicings if self.grouping is None else self.slicings[: self.grouping.first]

    @property
    def rows_to_read(self) -> range | None:
        """The rows that are still to be measured by position; None: all."""
        if not self.reached:
            return self.rows
        return range(self.reached, self.rows.stop if self.rows is not None else sys.maxsize)

    @property
    def keeps_rows(self) -> bool:
        """Whether a state keeps every row."""
        return any(unit.loss.keeps_rows for unit in self.units)

    @property
    def of_part(self) -> bool:
        """Whether the rows are a part of all: what concerns all rows together is settled elsewhere."""
        return self.rows is not None or self.share is not None

    @property
    def weighted(self) -> bool:
        """Whether rows have weights, of their own or of their classes."""
        return self.weight is not None or self.class_weights is not None
