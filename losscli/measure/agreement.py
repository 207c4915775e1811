"""Columns of several files that must hold the same values, compared row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from losscli.measure.adapt import PAIRING
from losscli.measure.class_columns import as_classes, class_at
from losscli.table.block import (
    INTEGER_KINDS,
    AnyColumn,
    Block,
    ColumnKind,
    KeyColumn,
    Mask,
    NumberColumn,
    Place,
)
from losscli.table.columns import coded_alike
from losscli.table.violations import ViolationKind, Violations

if TYPE_CHECKING:
    from losscli.measure.plan import Plan
    from losscli.measure.slots import Slot
    from losscli.pairing.shared_ids import Agreement, SharedId


def agreement_of(plan: Plan, block: Block, shared: SharedId) -> Agreement:
    """How two columns that identify rows agree, over a block."""
    from losscli.pairing.shared_ids import Agreement, Difference

    one, other = block.column(shared.one), block.column(shared.other)
    kind, other_kind = plan.slot(shared.one).kind, plan.slot(shared.other).kind
    apart = _differ(one, other, kind)
    if shared.moments and isinstance(one, KeyColumn) and isinstance(other, KeyColumn) and apart.any():
        from losscli.table.keys import differ_as_moments

        apart = differ_as_moments(one.words, other.words, apart)
    first = None
    if apart.any():
        at, row = block.first(apart, shared.one[0])
        first = Difference(row, _cell(one, at, kind), _cell(other, at, other_kind))
    count = int(np.count_nonzero(apart))
    return Agreement.of((one, other), kind, block.first_row, count, first, shared.again)


def compare_columns(plan: Plan, block: Block, one: Place, other: Place, violations: Violations) -> None:
    """A row in which two columns that must hold the same values differ is a violation."""
    first, second = block.column(one), block.column(other)
    violations.add_rows(
        ViolationKind(PAIRING, one, "equal"), block, _differ(first, second, plan.slot(one).kind),
        lambda at: f"the value is {_cell(first, at)}, and {_cell(second, at)} in {plan.slot(other).file}",
        *_agreeing(plan.slot(one)),
    )  # fmt: skip


def _agreeing(slot: Slot) -> tuple[str, str, str]:
    """What an error says of a column that must be the same in several files: the demand, the fault and the hint."""
    if slot.purpose == "label":
        return "models are compared on the same labels", "differ", "give the labels as a file of their own"
    name = slot.name
    return (
        "a column that both files have must agree, or be chosen with `preds.` or `labels.`", "differ",
        f"write `labels.{name}` or `preds.{name}` to choose one side",
    )  # fmt: skip


def _differ(one: AnyColumn, other: AnyColumn, kind: ColumnKind) -> Mask:
    """The rows in which two columns differ; two missing values are equal."""
    if isinstance(one, NumberColumn) and isinstance(other, NumberColumn):
        apart: Mask = one.values != other.values
        if apart.ndim > 1:
            apart = np.logical_or.reduce(apart & ~(np.isnan(one.values) & np.isnan(other.values)), axis=1)
    elif isinstance(one, KeyColumn) and isinstance(other, KeyColumn):
        from losscli.pairing.text_cells import same_cells
        from losscli.table.keys import differ, differ_as_numbers

        if one.cells is not None and other.cells is not None and same_cells(one.cells, other.cells):
            apart = np.zeros(len(one), np.bool_)
        else:
            apart = differ(one.words, other.words)
        if kind not in INTEGER_KINDS and apart.any():
            apart = differ_as_numbers(one.words, other.words, apart)
    else:
        codes, _ = coded_alike([as_classes(one), as_classes(other)])
        apart = codes[0] != codes[1]
    if one.missing is not None or other.missing is not None:
        absent = [np.zeros(len(one), bool) if c.missing is None else c.missing for c in (one, other)]
        apart = np.where(absent[0] | absent[1], absent[0] != absent[1], apart)
    return apart


def _cell(column: AnyColumn, at: int, kind: ColumnKind = "text_key") -> str:
    if column.missing is not None and column.missing[at]:
        return "missing"
    if isinstance(column, KeyColumn):
        from losscli.table.keys import key_text

        return f"`{key_text(column.words[:, at], 'int' if kind in INTEGER_KINDS else 'text')}`"
    if isinstance(column, NumberColumn):
        return f"`{column.values[at].tolist()!r}`"
    return f"`{class_at(column, at)}`"
