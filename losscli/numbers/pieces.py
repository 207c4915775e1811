"""Rows that are kept: pieces of columns in which the rows of one group lie side by side, in memory or put aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from losscli.numbers.exact import ExactSum

if TYPE_CHECKING:
    from losscli.table.block import Floats, Ints, Mask
    from losscli.table.spill import Spill

SHORT = 1 << 16
"""Numbers below this are sorted by counting them, if they have 16 bits."""

AnyArray: TypeAlias = Any
"""An array, or a `StoredColumn`, of which slices are arrays."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredColumn:
    """An array in the spill file.  A slice of it is read."""

    spill: Spill
    place: int
    dtype: Any
    rows: int

    @classmethod
    def of(cls, column: Any, spill: Spill) -> StoredColumn:
        return cls(spill, spill.write(memoryview(column).cast("B")), column.dtype, len(column))

    def __len__(self) -> int:
        return self.rows

    def part(self, start: int, stop: int) -> StoredColumn:
        """Some rows of it, which are not read."""
        return StoredColumn(self.spill, self.place + start * self.dtype.itemsize, self.dtype, stop - start)

    def __getitem__(self, rows: slice) -> Any:
        start, stop, _ = rows.indices(self.rows)
        size = self.dtype.itemsize
        return np.frombuffer(self.spill.read(self.place + start * size, (stop - start) * size), self.dtype)


class Rows(NamedTuple):
    """Arrays of some rows: columns and weights, of which there are none where every row weighs 1."""

    columns: tuple[Any, ...]
    weight: Floats | None

    def take(self, rows: Ints) -> Rows:
        weight = None if self.weight is None else self.weight[rows]
        return Rows(tuple(column[rows] for column in self.columns), weight)

    def weight_of(self, chosen: Mask | None = None) -> Fraction:
        """What the rows weigh, or those chosen."""
        if self.weight is not None:
            return ExactSum.of(self.weight if chosen is None else self.weight[chosen]).fraction
        return Fraction(len(self.columns[0]) if chosen is None else int(np.count_nonzero(chosen)))


class Stretch(NamedTuple):
    """Rows of a piece that are of one group and kind, from ``start`` to ``stop``."""

    piece: Piece
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def rows(self) -> Rows:
        """The rows themselves."""
        here = slice(self.start, self.stop)
        weight = self.piece.weight
        columns = tuple(column[here] for column in self.piece.columns)
        return Rows(columns, None if weight is None else weight[here])

    def value(self, place: int) -> float:
        """The value of the first column at a place of the piece."""
        return float(self.piece.columns[0][place : place + 1][0])

    def places(self, values: Sequence[float]) -> list[int]:
        """Where the values above each of ``values`` begin, of a stretch whose values ascend."""
        column = self.piece.columns[0]
        if not isinstance(column, StoredColumn):
            found = column[self.start : self.stop].searchsorted(values, "right")
            return (found + self.start).tolist()  # type: ignore[no-any-return]
        return [self._place(value) for value in values]

    def _place(self, value: float) -> int:
        low, high = self.start, self.stop
        while low < high:
            middle = (low + high) // 2
            if self.value(middle) <= value:
                low = middle + 1
            else:
                high = middle
        return low


def part_of(column: AnyArray, start: int, stop: int) -> AnyArray:
    """Rows of an array or of a column that was put aside, without a copy."""
    return column.part(start, stop) if isinstance(column, StoredColumn) else column[start:stop]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some rows; stretch s, from ``starts[s]`` to ``starts[s + 1]``, is of the group ``codes[s]`` and of ``kinds[s]``."""

    columns: tuple[AnyArray, ...]
    weight: AnyArray | None
    codes: Ints
    kinds: Ints
    starts: Ints

    @property
    def bytes_held(self) -> int:
        """How many bytes of memory the rows take."""
        arrays = [column for column in self.columns if not isinstance(column, StoredColumn)]
        if self.weight is not None and not isinstance(self.weight, StoredColumn):
            arrays.append(self.weight)
        return sum(array.nbytes for array in arrays)

    @property
    def in_memory(self) -> bool:
        return not isinstance(self.columns[0], StoredColumn)

    def part(self, stretch: int) -> Piece:
        """One stretch as a piece of one group."""
        start, stop = self.starts[stretch : stretch + 2].tolist()
        columns = tuple(part_of(column, start, stop) for column in self.columns)
        weight = None if self.weight is None else part_of(self.weight, start, stop)
        kinds = self.kinds[stretch : stretch + 1]
        return Piece(columns, weight, np.zeros(1, np.int64), kinds, np.array([0, stop - start]))

    def of_kinds(self, low: int, high: int) -> Piece:
        """The stretches of kinds from ``low`` on and below ``high``, as kinds from 0 on, of a piece of one group."""
        first, last = self.kinds.searchsorted((low, high)).tolist()
        start, stop = self.starts[[first, last]].tolist()
        columns = tuple(part_of(column, start, stop) for column in self.columns)
        weight = None if self.weight is None else part_of(self.weight, start, stop)
        kinds = self.kinds[first:last] - low
        return Piece(columns, weight, self.codes[first:last], kinds, self.starts[first : last + 1] - start)

    def stretches(self) -> Iterator[tuple[int, Stretch]]:
        """Each stretch, with its kind."""
        ends = zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)
        for kind, (start, stop) in zip(self.kinds.tolist(), ends, strict=True):
            yield kind, Stretch(self, start, stop)

    def put_aside(self, spill: Spill) -> Piece:
        """The same piece, its rows in the spill file."""
        columns = tuple(StoredColumn.of(column, spill) for column in self.columns)
        weight = None if self.weight is None else StoredColumn.of(self.weight, spill)
        return Piece(columns, weight, self.codes, self.kinds, self.starts)


def piece_of(rows: Rows, codes: Ints | None, kinds: Ints | None, *, ascending: bool) -> Piece:
    """A piece of rows in any order; ``ascending``: in each stretch the values of the first column ascend."""
    count = len(rows.columns[0])
    if codes is None and kinds is None:
        zero = np.zeros(min(count, 1), np.int64)
        if ascending:
            rows = _by_value(rows, [slice(0, count)])
        return Piece(*rows, zero, zero, np.array([0, count] if count else [0]))
    most = 1 if kinds is None else int(kinds.max(initial=0)) + 1
    keys = codes if codes is not None else kinds
    if codes is not None and kinds is not None:
        keys = codes * most + kinds
    assert keys is not None
    if (keys[1:] < keys[:-1]).any():
        order = np.argsort(keys.astype(np.uint16) if keys.max() < SHORT else keys, kind="stable")
        rows, keys = rows.take(order), keys[order]
    starts = (
        np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1, [count]))
        if count
        else np.zeros(1, np.int64)
    )
    if ascending:
        rows = _by_value(
            rows, [slice(*ends) for ends in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)]
        )
    groups, of_kind = np.divmod(keys[starts[:-1]], most) if codes is not None else (None, keys[starts[:-1]])
    return Piece(*rows, np.zeros(len(of_kind), np.int64) if groups is None else groups, of_kind, starts)


def _by_value(rows: Rows, stretches: Sequence[slice]) -> Rows:
    """The rows with the values of each stretch in ascending order."""
    if len(rows.columns) == 1 and rows.weight is None:
        values = np.array(rows.columns[0])
        for here in stretches:
            values[here].sort()
        return Rows((values,), None)
    values = rows.columns[0]
    orders = [np.argsort(values[here], kind="stable") + here.start for here in stretches]
    return rows.take(np.concatenate(orders)) if orders else rows


def joined(pieces: Sequence[Piece], *, ascending: bool) -> Piece:
    """The rows of several pieces in one."""
    columns = zip(*(piece.columns for piece in pieces), strict=True)
    weights = [piece.weight for piece in pieces if piece.weight is not None]
    rows = Rows(
        tuple(np.concatenate(column) for column in columns), np.concatenate(weights) if weights else None
    )
    sizes = [np.diff(piece.starts) for piece in pieces]
    codes = np.concatenate([np.repeat(piece.codes, size) for piece, size in zip(pieces, sizes, strict=True)])
    kinds = np.concatenate([np.repeat(piece.kinds, size) for piece, size in zip(pieces, sizes, strict=True)])
    if (codes < 0).any():  # of groups that were left behind
        kept = np.flatnonzero(codes >= 0)
        rows, codes, kinds = rows.take(kept), codes[kept], kinds[kept]
    return piece_of(rows, codes, kinds, ascending=ascending)
