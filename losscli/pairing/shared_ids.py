"""Columns that both files have and that identify rows, such as `id`, compared where rows are paired by position.

Each block tells how two columns agree, and all rows together are judged: a difference is an error, except in a
column that may mean another thing in each file, and in an index that one file kept from a split.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.reading.select import tells_rows
from losscli.table.block import AnyColumn, ClassColumn, ColumnKind, Ints, Mask, NumberColumn, Place
from losscli.table.text_integers import text_integers

if TYPE_CHECKING:
    from losscli.reading.source import Source

LARGEST = 1 << 63


class SharedId(NamedTuple):
    """A column of two files that identifies rows."""

    name: str
    one: Place
    other: Place
    strict: bool  # whether a difference is an error
    moments: bool  # whether a file says that it holds dates or times
    again: bool  # whether its numbering may be read when it turns out to matter


def shared_id_names(sources: Sequence[Source]) -> list[str]:
    """The names of the columns that identify rows in all files."""
    return [
        name for name in dict.fromkeys(sources[0].columns)
        if tells_rows(name) and all(source.columns.count(name) == 1 for source in sources)
    ]  # fmt: skip


def shared_id_columns(
    sources: Sequence[Source], taken: Collection[tuple[int, int]]
) -> list[tuple[str, tuple[int, ...], ColumnKind]]:
    """The name, the place in each file and the kind of each column that identifies rows in all files.

    Left out are those that are ``taken`` for a role, and those whose types cannot be compared as they stand.
    """
    found: list[tuple[str, tuple[int, ...], ColumnKind]] = []
    for name in shared_id_names(sources):
        places = tuple(source.columns.index(name) for source in sources)
        if any(place in taken for place in enumerate(places)):
            continue
        types = [source.key_type(place) for source, place in zip(sources, places, strict=True)]
        known = {kind for kind in types if kind is not None}
        kind: ColumnKind = "text_key"
        if len(known) == 1 and None not in types:
            kind = {"int": "int_key", "float": "number"}.get(types[0] or "", kind)  # type: ignore[assignment]
        elif not known:
            kind = "text_cells"
        elif not (known <= {"int", "wide int", "float", "text"} or known <= {"moment", "text"}):
            continue
        found.append((name, places, kind))
    return found


class Numbering(NamedTuple):
    """Whether a column counts rows, and the range of its integers."""

    starts: frozenset[int] = frozenset(
        (0, 1)
    )  # the possible numbers of the first row; none if it does not count
    low: int = LARGEST
    high: int = -LARGEST
    others: bool = False  # whether it has a value that is no integer

    @classmethod
    def of(cls, column: AnyColumn, kind: ColumnKind, first_row: int) -> Numbering:
        """The numbering of some rows; ``first_row`` rows of the file come before them."""
        if not len(column):
            return cls()
        values, bad = _integers(column, kind)
        present = np.ones(len(column), np.bool_) if column.missing is None else ~column.missing
        numbers = values[present & ~bad]
        offsets = values - np.arange(first_row, first_row + len(values))
        counts = len(numbers) == len(values) and offsets[0] in (0, 1) and (offsets == offsets[0]).all()
        starts = frozenset((int(offsets[0]),)) if counts else frozenset[int]()
        bounds = (int(numbers.min()), int(numbers.max())) if len(numbers) else (LARGEST, -LARGEST)
        return cls(starts, *bounds, bool((present & bad).any()))

    def merge(self, other: Numbering) -> Numbering:
        """What holds for the rows of both."""
        return Numbering(
            self.starts & other.starts, min(self.low, other.low), max(self.high, other.high),
            self.others or other.others,
        )  # fmt: skip

    def outside(self, start: int, rows: int) -> bool:
        """Whether a value is none of the ``rows`` integers from ``start`` on."""
        return self.others or self.low < start or self.high >= start + rows


def _integers(column: AnyColumn, kind: ColumnKind) -> tuple[Ints, Mask]:
    """The values of a column as integers, and where they are none."""
    if isinstance(column, ClassColumn):
        return np.zeros(len(column), np.int64), np.ones(len(column), np.bool_)
    if isinstance(column, NumberColumn):
        bad = ~((column.values == np.floor(column.values)) & (np.abs(column.values) < LARGEST))
        return np.where(bad, 0.0, column.values).astype(np.int64), bad
    if kind == "int_key":
        return column.words[0].view(np.int64), np.zeros(len(column), np.bool_)
    if column.cells is not None:
        return text_integers(*column.cells)
    raw = np.ascontiguousarray(column.words.T).view(np.uint8)
    starts = np.arange(len(raw), dtype=np.int64) * raw.shape[1]
    # The byte that closes a text is the last that is not zero.
    sizes = raw.shape[1] - 1 - (raw[:, ::-1] != 0).argmax(axis=1)
    return text_integers(raw.ravel(), starts, starts + sizes)


class Difference(NamedTuple):
    """A row in which two columns differ, and the cell of each."""

    row: int
    one: str
    other: str


class Agreement(NamedTuple):
    """In how many rows two columns differ, the first of them, and the numbering of each column."""

    count: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody calls here
    first: Difference | None
    sides: tuple[Numbering, Numbering]
    unread: bool = False  # whether rows that agree are left out of the numberings

    @classmethod
    def of(
        cls, columns: tuple[AnyColumn, AnyColumn], kind: ColumnKind, first_row: int, count: int,
        first: Difference | None, again: bool,
    ) -> Agreement:  # fmt: skip
        """The agreement of some rows, ``count`` of which differ; ``first_row`` rows come before them.

        How rows are numbered matters only if some differ: ``again`` says that it can be read then.
        """
        one, other = columns
        if count:
            return cls(
                count, first, (Numbering.of(one, kind, first_row), Numbering.of(other, kind, first_row))
            )
        if again:
            return cls(0, None, (Numbering(), Numbering()), unread=True)
        # Equal columns are read further only if their first row can be the start of a count.
        numbering = Numbering.of(one.slice(0, 1), kind, first_row)
        if numbering.starts and len(one) > 1:
            numbering = Numbering.of(one, kind, first_row)
        return cls(0, None, (numbering, numbering))

    def merge(self, other: Agreement) -> Agreement:
        """In how many rows of both the columns differ, and the first of these."""
        firsts = [first for first in (self.first, other.first) if first is not None]
        one, two = (mine.merge(theirs) for mine, theirs in zip(self.sides, other.sides, strict=True))
        return Agreement(
            self.count + other.count, min(firsts, default=None), (one, two), self.unread or other.unread
        )

    def counting(self, rows: int) -> int | None:
        """The side that only counts rows, where the other side has values outside that count."""
        for side, mine in enumerate(self.sides):
            if any(self.sides[1 - side].outside(start, rows) for start in mine.starts):
                return side
        return None
