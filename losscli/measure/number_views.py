"""Views that read columns of numbers, and of text."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from losscli.loss.domains import Binary, Interval, Simplex, Vector, number
from losscli.measure.adapt import DOMAIN, SUGGEST, SUM, AdaptedBlock, View, note_first, read
from losscli.measure.class_columns import Strings, TextArray, strings_of, texts_of
from losscli.table.block import Block, ClassColumn, Floats, Ints, Mask, NumberColumn, Place
from losscli.table.times import read_time
from losscli.table.violations import ViolationKind
from losscli.text import visible

# How far from 1 the probabilities of a row may sum: by rounding, and before it is an error.
SUM_ROUNDING, SUM_ERROR = 1.5e-8, 1e-3
BOUND_ROUNDINGS = 8
"""By how many roundings of its type a probability may lie outside [0, 1]; it is then read as 0 or 1."""


@dataclass(frozen=True, slots=True)
class OneColumnView(View):
    """A view of one column."""

    column: Place

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.column,)


@dataclass(frozen=True, slots=True)
class NumberView(OneColumnView):
    """One column of numbers inside an interval.

    ``rounding``: the relative rounding of the file's type, where probabilities are floats of less than 64 bits.
    """

    domain: Interval
    asked_by: str = field(compare=False)
    stage: int = DOMAIN
    rounding: float = 0.0

    def __hash__(self) -> int:
        # Views are looked up for every block, and a hash of all fields would take as long as a pass over it.
        return hash(self.column)

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        column = block.column(self.column)
        assert isinstance(column, NumberColumn)
        values = column.values
        outside = self.domain.outside(values, finite=column.finite)
        if outside is not None and self.rounding:
            slack = BOUND_ROUNDINGS * self.rounding
            near = outside & (values >= self.domain.low - slack) & (values <= self.domain.high + slack)
            if near.any():
                adapted.touched[self] = {"rounded": near}
                values = np.where(near, np.clip(values, self.domain.low, self.domain.high), values)
                outside = self.domain.outside(values)
        if outside is not None:
            refuse_outside(self, self.stage, block, values, outside, adapted)
        return values


@dataclass(frozen=True, slots=True)
class NotBelowView(View):
    """One column of numbers that may not be below another, such as the upper end of an interval."""

    view: NumberView
    least: NumberView
    roles: tuple[str, str]  # of the other, and of this one
    option: str  # that names their columns

    @property
    def places(self) -> tuple[Place, ...]:
        return (self.view.column, self.least.column)

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        values: Floats = read(self.view, block, adapted)
        least: Floats = read(self.least, block, adapted)
        below = (values < least) & np.isfinite(values) & np.isfinite(least)
        low, high = self.roles
        adapted.faults.add_rows(
            ViolationKind(DOMAIN, self.view.column, f"{low} <= {high}"), block, below,
            lambda at: f"{number(values[at])} is below the {low} of the row, {number(least[at])}",
            f"`{self.view.asked_by}` needs {low} <= {high} in every row", "are the wrong way round",
            f"`{self.option} {low}=COLUMN,{high}=COLUMN` says which is which",
        )  # fmt: skip
        return values


class TextView(OneColumnView):
    """One column as text; a missing value is empty."""

    __slots__ = ()

    def read(self, block: Block, adapted: AdaptedBlock) -> TextArray:
        return texts_of(block.column(self.column))


class StringsView(OneColumnView):
    """One column as Python strings, which may be long."""

    __slots__ = ()

    def read(self, block: Block, adapted: AdaptedBlock) -> Strings:
        return strings_of(block.column(self.column))


@dataclass(frozen=True, slots=True)
class TimeView(OneColumnView):
    """The time of each row, as a number that is greater later."""

    asked_by: str = field(compare=False)

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        column = block.column(self.column)
        assert isinstance(column, ClassColumn)
        texts = [str(value) for value in column.values or ()]
        times = [read_time(text) for text in texts]
        found: Floats = np.array([*(np.nan if time is None else time.value for time in times), np.nan])[
            column.codes
        ]
        adapted.faults.add_rows(
            ViolationKind(DOMAIN, self.column, "time"), block, np.isnan(found),
            lambda at: f"the time `{visible(texts[column.codes[at]])}` is neither a number nor a date",
            f"`{self.asked_by}` needs the time of every row, such as `12` or `2024-05-31T12:00`", "are none", None,
        )  # fmt: skip
        for kind in {time.kind for time in times if time is not None}:
            of_kind = np.array([*(time is not None and time.kind == kind for time in times), False])
            note_first(adapted.seen, (self.column, f"time: {kind}"), block, of_kind[column.codes])
        return found


@dataclass(frozen=True, slots=True)
class ColumnsView(View):
    """Several columns of numbers as one array (n, C), in memory column by column."""

    columns: tuple[Place, ...]
    domain: Interval | Simplex
    asked_by: str = field(compare=False)
    rounding: float = 0.0

    @property
    def places(self) -> tuple[Place, ...]:
        return self.columns

    def read(self, block: Block, adapted: AdaptedBlock) -> Floats:
        values = np.empty((len(self.columns), block.rows))
        cell = Interval(0.0, 1.0) if isinstance(self.domain, Simplex) else self.domain
        touched: dict[str, Mask] = {}
        for place, column in enumerate(self.columns):
            part = NumberView(column, cell, self.asked_by, rounding=self.rounding)
            values[place] = part.read(block, adapted)
            for name, mask in adapted.touched.pop(part, {}).items():
                adapted.touched[self] = touched
                touched[name] = mask | touched.get(name, False)
        if isinstance(self.domain, Simplex) and block.rows:
            self._check_sums(block, values, adapted)
        if isinstance(self.domain, Vector):
            adapted.faults.add_rows(
                ViolationKind(DOMAIN, self.columns[0], "zeros"), block, (values == 0.0).all(axis=0),
                lambda at: "the vector of the row is 0 throughout", f"`{self.asked_by}` needs {self.domain}",
                "are 0 throughout", f"`{self.asked_by}:zero=skip` leaves such rows out and counts them",
            )  # fmt: skip
        return values.T

    def _check_sums(self, block: Block, values: Floats, adapted: AdaptedBlock) -> None:
        """Probabilities that do not sum to 1 are counted, and beyond rounding a violation."""
        total = values.sum(axis=0)
        off = np.abs(total - 1.0)
        rounding = max(SUM_ROUNDING, math.sqrt(self.rounding))
        if off.max() <= rounding:
            return
        adapted.touched.setdefault(self, {})["sum_not_one"] = off > rounding
        adapted.faults.add_rows(
            ViolationKind(SUM, self.columns[0], "sum"), block, off > max(SUM_ERROR, rounding),
            lambda at: f"the probabilities of the row sum to {float(total[at])!r}, not to 1",
            f"`{self.asked_by}` needs {self.domain}", "do not",
            "for raw scores add `--from-logits`; else name all class columns with `--pred`",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class GreatestView(View):
    """The place of the greatest of several class columns; of equal ones the first."""

    columns: ColumnsView

    @property
    def places(self) -> tuple[Place, ...]:
        return self.columns.places

    def read(self, block: Block, adapted: AdaptedBlock) -> Ints:
        values = read(self.columns, block, adapted).T
        codes: Ints = values.argmax(axis=0)
        tied = np.count_nonzero(values == values.max(axis=0, initial=-np.inf), axis=0) > 1
        if tied.any():
            adapted.touched[self] = {"tied": tied}
        return codes


class BoundedView(Protocol):
    """A view of one column of numbers inside a domain."""

    @property
    def column(self) -> Place:
        """The column that is read."""

    @property
    def domain(self) -> Interval | Binary:
        """The values that are not refused."""

    @property
    def asked_by(self) -> str:
        """The loss or option that sets the domain, for messages."""


def refuse_outside(
    view: BoundedView, stage: int, block: Block, values: Floats, outside: Mask, adapted: AdaptedBlock
) -> None:
    """Add values outside their domain as violations of a stage of the work."""
    first = float(values[block.first(outside, view.column[0])[0]])
    adapted.faults.add_rows(
        ViolationKind(stage, view.column, f"{view.domain}"), block, outside,
        lambda at: f"{number(first)} is not in {view.domain}",
        f"`{view.asked_by}` needs {view.domain}", "are outside", _advice(view, first),
    )  # fmt: skip


def of_probability(value: float) -> str:
    """What the user of a value beyond 0 and 1, where a probability is wanted, most likely has to do."""
    if 1.0 < value <= 100.0:
        return "if this is percent, divide by 100; if the column holds raw scores, add `--from-logits`"
    return "if the column holds raw scores (logits), add `--from-logits`"


def _advice(view: BoundedView, value: float) -> str | None:
    """What the user of such a value most likely has to do."""
    if view.domain == Interval(0.0, 1.0):
        return of_probability(value)
    if isinstance(view.domain, Binary):
        return SUGGEST
    if isinstance(view.domain, Interval) and view.domain.without == 0.0 == value:
        return f"`{view.asked_by}:zero=skip` leaves such rows out and counts them; `mae` needs no division"
    return None
