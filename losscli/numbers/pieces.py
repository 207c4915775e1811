"""Rows that are kept: pieces of columns in which the rows of one group lie side by side, in memory or put aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
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
        """A column (n,), written to the spill."""
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
        """The rows at some places, in that order."""
        weight = None if self.weight is None else self.weight[rows]
        return Rows(tuple(column[rows] for column in self.columns), weight)

    def weight_of(self, chosen: Mask | None = None) -> Fraction:
        """What the rows weigh, or those chosen."""
        if self.weight is not None:
            return ExactSum.of(self.weight if chosen is None else self.weight[chosen]).fraction
        return Fraction(len(self.columns[0]) if chosen is None else int(np.count_nonzero(chosen)))


def together(parts: Sequence[Rows]) -> Rows:
    """The rows of several parts in one, in their order."""
    columns = zip(*(rows.columns for rows in parts), strict=True)
    weights = [rows.weight for rows in parts if rows.weight is not None]
    return Rows(tuple(map(np.concatenate, columns)), np.concatenate(weights) if weights else None)


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

    def places(self, values: Floats | Sequence[float]) -> Ints:
        """Where the values above each of ``values`` begin, of a stretch whose values ascend."""
        column = self.piece.columns[0]
        if not isinstance(column, StoredColumn):
            found: Ints = column[self.start : self.stop].searchsorted(values, "right") + self.start
            return found
        return np.array([self._place(float(value)) for value in values], dtype=np.int64)

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
        """Whether its rows are held, and not put aside."""
        return not isinstance(self.columns[0], StoredColumn)

    def part(self, stretch: int) -> Piece:
        """One stretch as a piece of one group."""
        start, stop = self.starts[stretch : stretch + 2].tolist()
        columns = tuple(part_of(column, start, stop) for column in self.columns)
        weight = None if self.weight is None else part_of(self.weight, start, stop)
        kinds = self.kinds[stretch : stretch + 1]
        return Piece(columns, weight, np.zeros(1, np.int64), kinds, np.array([0, stop - start]))

    def of_kinds(self, low: int, high: int) -> Iterator[Piece]:
        """The stretches of kinds from ``low`` on and below ``high``, as kinds from 0 on, of one group each."""
        for stretch in np.flatnonzero((self.kinds >= low) & (self.kinds < high)).tolist():
            part = self.part(stretch)
            yield replace(part, kinds=part.kinds - low)

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
    """A piece of rows in any order, whose arrays are its own; ``ascending``: in each stretch the first column ascends."""
    count = len(rows.columns[0])
    zero = np.zeros(1, np.int64)
    if codes is None and kinds is None:
        starts, keys = np.array([0, count]), zero
    else:
        kinds = zero if kinds is None else kinds
        most = int(kinds.max(initial=0)) + 1
        keys = kinds if codes is None else codes * most + kinds
        if (keys[1:] < keys[:-1]).any():
            order = np.argsort(keys.astype(np.uint16) if keys.max() < SHORT else keys, kind="stable")
            rows, keys = rows.take(order), keys[order]
        starts = np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1, [count]))
        keys = keys[starts[:-1]]
    if ascending:
        _sort(rows, starts)
    groups, of_kind = (np.zeros_like(keys), keys) if codes is None else np.divmod(keys, most)
    return Piece(*rows, groups, of_kind, starts)


def _sort(rows: Rows, starts: Ints) -> None:
    """Put the rows of each stretch in the order of the first column, in place."""
    alone = len(rows.columns) == 1 and rows.weight is None
    columns = rows.columns if rows.weight is None else (*rows.columns, rows.weight)
    for start, stop in pairwise(starts.tolist()):
        here = slice(start, stop)
        if alone:
            columns[0][here].sort()
        else:
            order = np.argsort(columns[0][here], kind="stable")
            for column in columns:
                column[here] = column[here][order]


def joined(pieces: Sequence[Piece], *, ascending: bool) -> Piece:
    """The rows of several pieces in one.  Beside both, it takes memory for one piece at a time."""
    codes = np.concatenate([piece.codes for piece in pieces])
    kinds = np.concatenate([piece.kinds for piece in pieces])
    sizes = np.concatenate([np.diff(piece.starts) for piece in pieces])
    order = np.lexsort((kinds, codes))
    order = order[codes[order] >= 0]  # the others are of groups that were left behind
    ends = np.concatenate(([0], sizes[order].cumsum()))
    places = np.full(len(codes), -1)
    places[order] = ends[:-1]
    codes, kinds = codes[order], kinds[order]
    first = np.flatnonzero((np.diff(codes, prepend=-1) != 0) | (np.diff(kinds, prepend=-1) != 0))
    rows = _moved(pieces, places, int(ends[-1]))
    starts = np.append(ends[first], ends[-1])
    if ascending:
        _sort(rows, starts)
    return Piece(*rows, codes[first], kinds[first], starts)


def _moved(pieces: Sequence[Piece], places: Ints, count: int) -> Rows:
    """The rows of some pieces, each stretch moved to its place; those without one are left out."""
    one = pieces[0]
    columns = tuple(np.empty(count, column.dtype) for column in one.columns)
    weight = None if one.weight is None else np.empty(count)
    at = 0
    for piece in pieces:
        own, sizes = places[at : at + len(piece.codes)], np.diff(piece.starts)
        at += len(piece.codes)
        found = np.repeat(own - piece.starts[:-1], sizes) + np.arange(len(piece.columns[0]))
        kept = np.repeat(own >= 0, sizes)
        for target, source in zip((*columns, weight), (*piece.columns, piece.weight), strict=True):
            if target is not None and source is not None:
                target[found[kept]] = source[:][kept]
    return Rows(columns, weight)
