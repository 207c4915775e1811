"""Columns by whose names two files say which row is which, held against each other by position.

How they agree is kept of every block, and judged when all rows are read: a difference is an error, but for
a column that may be another thing in each file, and for an index that one of them kept from a split.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from losscli.errors import LosscliError
from losscli.pairing.keyplan import KeyPlan, as_key, choose_keys, telling_names
from losscli.table.block import (
    AnyColumn,
    ClassColumn,
    ColumnKind,
    Ints,
    KeyColumn,
    Mask,
    NumberColumn,
    Place,
    Words,
)
from losscli.table.keys import canonical_text, text_of, widened
from losscli.table.text_integers import text_integers

if TYPE_CHECKING:
    from losscli.reading.source import Source

LARGEST = 1 << 63


class Telling(NamedTuple):
    """One name in two files: whether a difference is an error, and whether a file says that it holds times."""

    name: str
    one: Place
    other: Place
    strict: bool
    moments: bool = False


class Numbering(NamedTuple):
    """What is known of a column as one that counts rows."""

    starts: frozenset[int] = frozenset((0, 1))  # what the first row may be called, if they are counted
    low: int = LARGEST
    high: int = -LARGEST
    others: bool = False  # whether it holds a value that is no integer

    @classmethod
    def of(cls, column: AnyColumn, kind: ColumnKind, first_row: int) -> Numbering:
        """That of some rows; ``first_row`` rows of the file come before them."""
        if not len(column):
            return cls()
        values, bad = _integers(column, kind)
        there = ~bad if column.missing is None else ~bad & ~column.missing
        others = bool(bad.any() if column.missing is None else (bad & ~column.missing).any())
        numbers = values[there]
        counted = numbers - np.arange(first_row, first_row + len(values))[there]
        steady = bool(there.all()) and counted[0] in (0, 1) and bool((counted == counted[0]).all())
        starts = frozenset((int(counted[0]),)) if steady else frozenset[int]()
        if not len(numbers):
            return cls(starts, others=others)
        return cls(starts, int(numbers.min()), int(numbers.max()), others)

    def merge(self, other: Numbering) -> Numbering:
        return Numbering(
            self.starts & other.starts, min(self.low, other.low), max(self.high, other.high),
            self.others or other.others,
        )  # fmt: skip

    def outside(self, start: int, rows: int) -> bool:
        """Whether a value is none of the numbers of so many rows."""
        return self.others or self.low < start or self.high >= start + rows


class Apart(NamedTuple):
    """A row in which two columns differ, and what each holds."""

    row: int
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two columns agree: in how many rows they differ, the first of those, and how each counts rows."""

    count: int
    first: Apart | None
    sides: tuple[Numbering, Numbering]

    @classmethod
    def of(
        cls,
        one: AnyColumn,
        other: AnyColumn,
        kind: ColumnKind,
        first_row: int,
        count: int,
        first: Apart | None,
    ) -> Agreement:
        if not count:
            # Equal columns are looked at further only where they may count the rows.
            numbering = Numbering.of(one.slice(0, 1), kind, first_row)
            if numbering.starts and len(one) > 1:
                numbering = Numbering.of(one, kind, first_row)
            return cls(0, None, (numbering, numbering))
        return cls(count, first, (Numbering.of(one, kind, first_row), Numbering.of(other, kind, first_row)))

    def merge(self, other: Agreement) -> Agreement:
        firsts = [first for first in (self.first, other.first) if first is not None]
        one, two = (mine.merge(theirs) for mine, theirs in zip(self.sides, other.sides, strict=True))
        return Agreement(self.count + other.count, min(firsts, default=None), (one, two))

    def counting(self, rows: int) -> int | None:
        """The side that only counts rows, where the other holds values that are not among the numbers."""
        for side, mine in enumerate(self.sides):
            if any(self.sides[1 - side].outside(start, rows) for start in mine.starts):
                return side
        return None


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


def apart_as_moments(one: AnyColumn, other: AnyColumn, apart: Mask) -> Mask:
    """Of the rows where two columns of text differ, those that are not the same date or time either."""
    if not (apart.any() and isinstance(one, KeyColumn) and isinstance(other, KeyColumn)):
        return apart
    found, read = apart.copy(), canonical_text("moment")
    for row in np.flatnonzero(apart).tolist():
        mine, theirs = (read(text_of(column.words[:, row])) for column in (one, other))
        found[row] = mine is None or mine != theirs
    return found


# ---------------------------------------------------------------------- hints


def offered(sources: Sequence[Source], names: Sequence[str], *, partly: bool = False) -> str | None:
    """``--on`` with the columns that are keys of all files: unique in each, and the same set in all.

    Each of the names is tried, then all columns together that tell rows.  ``partly``: what the files
    have in common need not be all.  None where there is none, or a file can be read only once.
    """
    if any(source.size is None for source in sources):
        return None
    together = [name for name in telling_names(sources) if name and "," not in name]
    for on in dict.fromkeys([*names, ",".join(together)] if len(together) > 1 else names):
        try:
            plan = choose_keys(sources, on)
            sides = [_keys(source, plan, side) for side, source in enumerate(sources)]
        except LosscliError:
            continue
        if _pair_all(sides, partly=partly):
            return f"--on {shlex.quote(on)}"
    return None


def _keys(source: Source, plan: KeyPlan, side: int) -> list[Words] | None:
    """The keys of a file, a few words for each of their columns; None where a row has none."""
    pieces: list[list[Words]] = []
    for part in source.parts([slot.want for slot in plan.sides[side]]):
        for batch in part.batches(1 << 16):
            keys = []
            for kind, column in zip(plan.types, batch.columns, strict=True):
                key, bad = as_key(column, kind)
                if bad is not None or (key.missing is not None and key.missing.any()):
                    return None
                keys.append(key.words)
            if batch.stop is not None:
                return None
            pieces.append(keys)
    found = []
    for column_pieces in zip(*pieces, strict=True):
        width = max(len(words) for words in column_pieces)
        found.append(np.hstack([widened(words, width) for words in column_pieces]))
    return found


def _pair_all(sides: Sequence[list[Words] | None], *, partly: bool) -> bool:
    known = [side for side in sides if side]
    if len(known) < len(sides):
        return False
    widths = [max(map(len, columns)) for columns in zip(*known, strict=True)]
    sets = list(_sorted(known, widths))
    if any((held[1:] == held[:-1]).any() for held in sets):
        return False
    first, *rest = sets
    if partly:
        return all(bool(np.isin(first, other).any()) for other in rest)
    return all(np.array_equal(first, other) for other in rest)


def _sorted(sides: Sequence[list[Words]], widths: Sequence[int]) -> Iterator[np.ndarray]:
    for side in sides:
        words = np.vstack([widened(held, width) for held, width in zip(side, widths, strict=True)])
        rows = np.ascontiguousarray(words.T)
        held = rows.view([(f"w{at}", "<u8") for at in range(rows.shape[1])]).ravel()
        held.sort()
        yield held
