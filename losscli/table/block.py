"""Columns, batches and blocks: rows as they travel from a file to a kernel.

A `Batch` is what a reader happened to deliver from one file; a `Block` is a run of aligned rows
from both.  Nothing here reads, checks or measures.  Arrays are not written to once they are here.
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
"""What a column is read as: a number; a number, or ``true`` or ``false`` as 1 or 0; a class label; text;
as "score", numbers where every cell of a batch is empty or a number that tells its class as well, else class
labels; as "labels", a list of class labels (`cells.list_text`); as "vector", a list of numbers, in every row as
many; as "list", what stands in the cell as JSON text; or keys, which are integers (of text only its canonical
form; as "whole_key", any that says a whole number) or text; as "text_cells", keys that are only to be compared
row by row, and whose words may never be needed."""

KEY_KINDS: tuple[ColumnKind, ...] = ("int_key", "whole_key", "text_key", "text_cells")
INTEGER_KINDS: tuple[ColumnKind, ...] = ("int_key", "whole_key")


class ColumnRequest(NamedTuple):
    """One column asked of a source: its place in ``Source.columns``, and what it is read as.

    ``width``: of vectors, how many numbers each has.
    """

    index: int  # type: ignore[assignment]  # a tuple has a method of that name, which nobody calls here
    kind: ColumnKind
    width: int = 0


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Doubles; where ``missing`` is true the value is NaN and means nothing.

    A column of kind "vector" has a row of ``values`` for each of its own; in it a number that is missing is NaN.
    """

    values: Floats
    missing: Mask | None = None  # None: no row is missing
    finite: bool = False  # whether it is known that no value is infinite or NaN

    def __len__(self) -> int:
        return len(self.values)

    def slice(self, start: int, stop: int) -> NumberColumn:
        missing = None if self.missing is None else self.missing[start:stop]
        return NumberColumn(self.values[start:stop], missing, self.finite)


@dataclass(frozen=True, slots=True)
class ClassColumn:
    """Class labels or text, coded.

    A row's label is ``values[code]``; without ``values`` the code itself is the label, an integer.
    In a column of kind "class" each value is a Python int or str in canonical form (a text that
    is a plain whole number is that integer, ``true``/``false`` are 1/0); of kind "text" always str, and
    of kind "labels" the text of a list.
    Where ``missing`` is true the code is -1 and means nothing.
    """

    codes: Ints
    values: tuple[int | str, ...] | None = None
    missing: Mask | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def slice(self, start: int, stop: int) -> ClassColumn:
        missing = None if self.missing is None else self.missing[start:stop]
        return ClassColumn(self.codes[start:stop], self.values, missing)


class Cells(NamedTuple):
    """Texts where they lie among the bytes of a block: ``data[start:end]``."""

    data: NDArray[np.uint8]
    starts: Offsets
    ends: Offsets

    def picked(self, rows: slice | Mask) -> Cells:
        return Cells(self.data, self.starts[rows], self.ends[rows])


class KeyColumn:
    """Keys, a few words each: equal words are equal keys (`keys`).

    Words of zero may follow those of a key, so that columns of different widths can be compared.  In
    place of words may stand what makes them of ``cells`` when they are asked for.
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
        missing = None if self.missing is None else self.missing[start:stop]
        words = self._words if callable(self._words) else self._words[:, start:stop]
        return KeyColumn(
            words, missing, None if self.cells is None else self.cells.picked(slice(start, stop))
        )


AnyColumn: TypeAlias = NumberColumn | ClassColumn | KeyColumn


class Batch(NamedTuple):
    """Consecutive rows of one file, one column for each `ColumnRequest`, in that order.

    ``stop``, when set, is what is wrong with the row right after the last one here: the rows before
    it are good and are delivered, and no batch follows.  Its ``row`` is None where the source cannot
    know it; whoever counts the rows fills it in.
    """

    rows: int
    columns: tuple[AnyColumn, ...]
    stop: DataError | None = None
    file: int = 0  # where a source is several files: which of them

    def slice(self, start: int, stop: int) -> Batch:
        """Rows ``start`` to ``stop``; ``Batch.stop`` stays with the last row."""
        kept = self.stop if stop == self.rows else None
        return Batch(stop - start, tuple(c.slice(start, stop) for c in self.columns), kept, self.file)

    def pieces(self, rows: int) -> Iterator[Batch]:
        """The same rows, at most so many at a time; without any, one piece."""
        for start in range(0, max(1, self.rows), max(1, rows)):
            yield self.slice(start, min(start + max(1, rows), self.rows))

    def stopped(self, error: DataError) -> Batch:
        return self._replace(stop=error)


Place: TypeAlias = tuple[int, int]
"""Where a column of a block lies: its side (0 is PREDS, 1 is LABELS), and its place among that side's."""


class Block(NamedTuple):
    """Aligned rows of all sides: for each side one column for each that the plan reads there.

    ``first_row`` rows come before this block.  ``places``, when set, says for each side which of the rows
    from there on these are (rows were left out, or paired by key), or is what works it out when it is asked for.
    """

    first_row: int
    rows: int
    sides: tuple[tuple[AnyColumn, ...], ...]
    places: tuple[Ints | Callable[[], Ints], ...] | None = None

    def places_of(self, side: int) -> Ints:
        """Which rows from ``first_row`` on these are, in the file of a side."""
        held = None if self.places is None else self.places[side]
        if held is None:
            return np.arange(self.rows)
        return held() if callable(held) else held

    def column(self, place: Place) -> AnyColumn:
        side, index = place
        return self.sides[side][index]

    def row_numbers(self, side: int = 0) -> Ints:
        """The number of each row in the file of a side, counted from 1."""
        return self.places_of(side) + (self.first_row + 1)

    def first(self, where: Mask, side: int = 0) -> tuple[int, int]:
        """Of the rows where ``where`` is true, the one with the lowest number: its index and its number."""
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
        held = (self.places_of(side)[places] for side in range(len(self.sides)))
        return Block(self.first_row, len(places), sides, tuple(held))


def picked(words: Words, kept: Mask | Ints) -> Words:
    """The words of some keys; `take` is several times as fast here as an index would be."""
    places = np.flatnonzero(kept) if kept.dtype == np.bool_ else kept
    return words.take(places, axis=1)


def take(column: AnyColumn, kept: Mask | Ints) -> AnyColumn:
    """The rows where ``kept`` is true, or at the places that it names."""
    missing = None if column.missing is None else column.missing[kept]
    if isinstance(column, KeyColumn):
        return KeyColumn(picked(column.words, kept), missing)
    places = np.flatnonzero(kept) if kept.dtype == np.bool_ else kept
    if isinstance(column, NumberColumn):
        return NumberColumn(column.values.take(places, axis=0), missing, column.finite)
    return ClassColumn(column.codes.take(places), column.values, missing)
