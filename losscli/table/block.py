"""Columns, batches and blocks: rows on their way from a file to a kernel.

A `Batch` is what a reader delivers of one file; a `Block` is a run of aligned rows of all files.  Nobody writes
to their arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from losscli.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Words: TypeAlias = NDArray[np.uint64]
Offsets: TypeAlias = NDArray[np.int64] | NDArray[np.int32]
ColumnKind: TypeAlias = Literal[
    "number", "truth", "class", "text", "score", "labels", "vector", "list",
    "int_key", "whole_key", "text_key", "text_cells",
]  # fmt: skip
"""What a column is read as: "number"; "truth", a number, or ``true`` or ``false`` as 1 or 0; "class", a class label;
"text"; "score", numbers if every cell of a batch is empty or a number that tells its class as well, else class
labels; "labels", a list of class labels (`cells.list_text`); "vector", a list of as many numbers in every row;
"list", the cell as JSON text.  Keys are "int_key", integers (text must be in canonical form), "whole_key",
any text of a whole number, "text_key", and "text_cells", text that is only compared row by row, so that its
words may never be needed."""

KEY_KINDS: tuple[ColumnKind, ...] = ("int_key", "whole_key", "text_key", "text_cells")
INTEGER_KINDS: tuple[ColumnKind, ...] = ("int_key", "whole_key")


class ColumnRequest(NamedTuple):
    """One column to read: its place in ``Source.columns``, its kind, and the length of its vectors."""

    index: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody calls here
    kind: ColumnKind
    width: int = 0


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Doubles (n,), or vectors (n, K) in which a missing number is NaN; NaN where ``missing`` is true."""

    values: Floats
    missing: Mask | None = None  # None: no row is missing
    finite: bool = False  # whether no value is known to be infinite or NaN

    def __len__(self) -> int:
        return len(self.values)

    def slice(self, start: int, stop: int) -> NumberColumn:
        """Some rows in a run, in the same memory."""
        missing = None if self.missing is None else self.missing[start:stop]
        return NumberColumn(self.values[start:stop], missing, self.finite)


@dataclass(frozen=True, slots=True)
class ClassColumn:
    """Class labels or text, coded.

    The label of a row is ``values[code]``; without ``values`` the code itself is the label, an integer.
    The values of kind "class" are int or str in canonical form (a text that is a plain whole number is that
    integer, ``true`` and ``false`` are 1 and 0), those of kind "text" are str, and those of kind "labels" the text
    of a list.  The code is -1 where ``missing`` is true.
    """

    codes: Ints
    values: tuple[int | str, ...] | None = None
    missing: Mask | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def slice(self, start: int, stop: int) -> ClassColumn:
        """Some rows in a run, in the same memory."""
        missing = None if self.missing is None else self.missing[start:stop]
        return ClassColumn(self.codes[start:stop], self.values, missing)


class Cells(NamedTuple):
    """Texts in the bytes of a block: ``data[start:end]``."""

    data: NDArray[np.uint8]
    starts: Offsets
    ends: Offsets

    def picked(self, rows: slice | Mask) -> Cells:
        """The texts of some rows, in the same bytes."""
        return Cells(self.data, self.starts[rows], self.ends[rows])


class KeyColumn:
    """Keys of a few words each, which are equal if their words are (`keys`).

    Words of zero may follow those of a key, so columns of different widths can be compared.  Instead of words, a
    function may be given that makes them of ``cells`` when they are first needed.
    """

    __slots__ = ("_words", "cells", "missing")

    def __init__(
        self, words: Words | Callable[..., Words], missing: Mask | None = None, cells: Cells | None = None
    ) -> None:
        self._words = words
        self.missing = missing
        self.cells = cells

    @property
    def words(self) -> Words:
        """(width, n): the first words of all keys, then the second …"""
        if callable(self._words):
            assert self.cells is not None
            self._words = self._words(*self.cells)
        return self._words

    def __len__(self) -> int:
        return len(self.cells.starts) if self.cells is not None else int(self.words.shape[1])

    def slice(self, start: int, stop: int) -> KeyColumn:
        """Some rows in a run; their words are still made when they are needed."""
        missing = None if self.missing is None else self.missing[start:stop]
        words = self._words if callable(self._words) else self._words[:, start:stop]
        return KeyColumn(
            words, missing, None if self.cells is None else self.cells.picked(slice(start, stop))
        )


AnyColumn: TypeAlias = NumberColumn | ClassColumn | KeyColumn


class Batch(NamedTuple):
    """Consecutive rows of one file, with one column for each `ColumnRequest`, in that order.

    ``stop``, when set, is the error in the row behind the last one of the batch, and no batch follows.  Its ``row``
    is None where the source does not know it; the code that counts rows fills it in.
    """

    rows: int
    columns: tuple[AnyColumn, ...]
    stop: DataError | None = None
    file: int = 0  # the place of the file, where a source is several files

    def slice(self, start: int, stop: int) -> Batch:
        """Rows ``start`` to ``stop``; ``Batch.stop`` stays with the last row."""
        kept = self.stop if stop == self.rows else None
        return Batch(stop - start, tuple(c.slice(start, stop) for c in self.columns), kept, self.file)

    def pieces(self, rows: int) -> Iterator[Batch]:
        """The same rows, at most so many at a time; without any, one piece."""
        for start in range(0, max(1, self.rows), max(1, rows)):
            yield self.slice(start, min(start + max(1, rows), self.rows))

    def stopped(self, error: DataError) -> Batch:
        """The same rows, behind which an error stands."""
        return self._replace(stop=error)


Place: TypeAlias = tuple[int, int]
"""The place of a column in a block: its side (0 is PREDS, 1 is LABELS), and its place among the columns there."""


class Block(NamedTuple):
    """Aligned rows: for each side the columns that the plan reads there.

    ``first_row`` rows come before this block.  ``places``, where rows were left out or paired by key, gives for each
    side the rows of the block, counted from ``first_row`` on, or a function that works them out.
    """

    first_row: int
    rows: int
    sides: tuple[tuple[AnyColumn, ...], ...]
    places: tuple[Ints | Callable[[], Ints], ...] | None = None

    def within(self, rows: range) -> Block | None:
        """Of a block paired by position the rows with these numbers, counted from 0; None where it has none."""
        start, stop = max(rows.start, self.first_row), min(rows.stop, self.first_row + self.rows)
        if start >= stop:
            return None
        cut = start - self.first_row, stop - self.first_row
        sides = tuple(tuple(column.slice(*cut) for column in side) for side in self.sides)
        return Block(start, stop - start, sides)

    def places_of(self, side: int) -> Ints:
        """The rows in the file of a side, counted from ``first_row`` on."""
        if self.places is None:
            return np.arange(self.rows)
        places = self.places[side]
        return places() if callable(places) else places

    def column(self, place: Place) -> AnyColumn:
        """The column at a place."""
        side, index = place
        return self.sides[side][index]

    def row_numbers(self) -> Ints:
        """The row numbers in the first file, counted from 1."""
        return self.places_of(0) + (self.first_row + 1)

    def first(self, where: Mask, side: int = 0) -> tuple[int, int]:
        """The index and the number of the row with the lowest number, of those where ``where`` is true."""
        if self.places is None:
            index = int(np.argmax(where))
            return index, self.first_row + index + 1
        found = np.flatnonzero(where)
        places = self.places_of(side)
        index = int(found[np.argmin(places[found])])
        return index, self.first_row + int(places[index]) + 1

    def take(self, kept: Mask) -> Block:
        """The rows where ``kept`` is true."""
        places = np.flatnonzero(kept)
        sides = tuple(tuple(take(column, kept) for column in side) for side in self.sides)
        kept_places = (self.places_of(side)[places] for side in range(len(self.sides)))
        return Block(self.first_row, len(places), sides, tuple(kept_places))


def picked(words: Words, kept: Mask | Ints) -> Words:
    """The words of some keys; `ndarray.take` is several times as fast here as an index."""
    places = np.flatnonzero(kept) if kept.dtype == np.bool_ else kept
    return words.take(places, axis=1)


def take(column: AnyColumn, kept: Mask | Ints) -> AnyColumn:
    """The rows where ``kept`` is true, or those at the places in it."""
    missing = None if column.missing is None else column.missing[kept]
    if isinstance(column, KeyColumn):
        return KeyColumn(picked(column.words, kept), missing)
    places = np.flatnonzero(kept) if kept.dtype == np.bool_ else kept
    if isinstance(column, NumberColumn):
        return NumberColumn(column.values.take(places, axis=0), missing, column.finite)
    return ClassColumn(column.codes.take(places), column.values, missing)
