"""What the first lists of a column hold, which tells what all of them are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from losscli.errors import UsageError
from losscli.table.block import AnyColumn, ClassColumn, ColumnRequest

if TYPE_CHECKING:
    from losscli.reading.source import Source

LOOKED_AT = 64
"""Rows that are looked at."""


class FirstLists(NamedTuple):
    """What the first lists of a column hold."""

    width: int  # numbers, or labels, in the first one
    row: int  # of the first one, counted from 1; 0 where this is not known
    named: bool  # whether the first one holds texts alone
    text: bool  # whether one holds a text that is no number
    fraction: bool  # whether one holds a number that is not whole
    again: bool  # whether one holds a value twice
    floats: bool  # whether one holds a number that is written with a point, or stored as such
    even: bool  # whether all are of one length
    unit: bool  # whether all their numbers lie between 0 and 1

    @property
    def scores(self) -> bool:
        """Whether they can only be numbers: several in a row that are no set of labels."""
        return self.width > 1 and not self.text and (self.fraction or self.again)


def first_lists(source: Source, index: int) -> FirstLists | None:
    """What the first lists of a column hold; None where its first rows hold none.

    UsageError where the input can be read only once, and opening it has shown no list.
    """
    if not source.can_be_read_again:
        first = source.first_list(index)
        if first is None:
            raise UsageError(
                f"the lists of `{source.columns[index]}` must be looked at before {source.path} is measured, "
                "and it can be read only once",
                hint="save it to a file first",
            )
        return _summary([(0, first)])
    rows, lists = 0, list[tuple[int, list[Any]]]()
    for part in source.parts([ColumnRequest(index, "list")]):
        for batch in part.batches(LOOKED_AT):
            lists += _lists_of(batch.columns[0], rows)
            rows += batch.rows
            if batch.stop is not None and not lists:
                raise batch.stop if batch.stop.row is not None else batch.stop.with_row(rows + 1)
            # Where the first rows are missing, those behind them tell.
            if (lists and rows >= LOOKED_AT) or rows >= LOOKED_AT**2:
                return _summary(lists)
    return _summary(lists)


def _lists_of(column: AnyColumn, before: int) -> Iterator[tuple[int, list[Any]]]:
    """The lists of a piece of a column, with their rows; ``before`` rows come before the piece."""
    assert isinstance(column, ClassColumn)
    for row, code in enumerate(column.codes.tolist(), start=before + 1):
        found = json.loads(str((column.values or ())[code])) if code >= 0 else None
        if isinstance(found, list):
            yield row, found


def _summary(lists: Sequence[tuple[int, list[Any]]]) -> FirstLists | None:
    if not lists:
        return None
    row, first = lists[0]
    members = [member for _, one in lists for member in one]
    return FirstLists(
        len(first),
        row,
        bool(first) and all(map(_is_name, first)),
        any(map(_is_name, members)),
        any(isinstance(member, float) and not member.is_integer() for member in members),
        any(len({repr(member) for member in one}) < len(one) for _, one in lists),
        any(isinstance(member, float) for member in members),
        len({len(one) for _, one in lists}) == 1,
        all(isinstance(member, (int, float)) and 0 <= member <= 1 for member in members),
    )


def _is_name(member: Any) -> bool:
    """Whether a member of a list is a text that is no number."""
    if not isinstance(member, str):
        return False
    try:
        float(member)
    except ValueError:
        return True
    return False
