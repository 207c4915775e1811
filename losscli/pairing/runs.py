"""Rows of one side, ordered by the part that the hash of their key chooses: in memory, or in the spill file.

A run is made of one batch.  As its rows are ordered by their part, each part of it is one slice, or one
piece of the spill file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from losscli.pairing.match import KeyWords, hashed
from losscli.table.block import AnyColumn, ClassColumn, Ints, KeyColumn, NumberColumn, Words, take
from losscli.table.columns import compact, concatenated, nbytes
from losscli.table.keys import joined

if TYPE_CHECKING:
    from losscli.table.spill import Spill


@dataclass(frozen=True, slots=True)
class KeyedRows:
    """Some rows of one side: their keys, their numbers in the file from 0, their columns."""

    keys: tuple[Words, ...]
    numbers: NDArray[np.signedinteger]
    columns: tuple[AnyColumn, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def slice(self, start: int, stop: int) -> KeyedRows:
        """Some rows in a run."""
        return KeyedRows(
            tuple(words[:, start:stop] for words in self.keys),
            self.numbers[start:stop],
            tuple(column.slice(start, stop) for column in self.columns),
        )

    @property
    def nbytes(self) -> int:
        """About how many bytes of memory they take."""
        keys = sum(words.nbytes for words in self.keys)
        return keys + self.numbers.nbytes + sum(nbytes(column) for column in self.columns)


NO_ROWS = KeyedRows((), np.zeros(0, np.int64), ())


@dataclass(slots=True)
class Run:
    """The rows of a batch in the order of their parts; part p lies from ``cuts[p]`` to ``cuts[p + 1]``."""

    rows: KeyedRows
    cuts: list[int]
    first_row: int = 0

    def part(self, part: int) -> KeyedRows:
        """The rows whose keys are in a part."""
        return self.rows.slice(self.cuts[part], self.cuts[part + 1])

    def put_aside(self, spill: Spill) -> SpilledRun:
        """The same run, its rows written to the spill file."""
        pieces = [_packed(self.part(part)) for part in range(len(self.cuts) - 1)]
        ends = np.cumsum([0, *map(len, pieces)])
        places = (ends + spill.write(b"".join(pieces))).tolist()
        return SpilledRun(spill, places, np.diff(self.cuts).tolist(), self.rows.slice(0, 0), self.first_row)


def run_of(keys: KeyWords, numbers: Ints, columns: Sequence[AnyColumn], bits: int) -> Run:
    """Rows ordered by the ``bits`` upper bits of their hash."""
    count = len(numbers)
    if bits == 0:
        rows = KeyedRows(tuple(keys), numbers.astype(np.int32), tuple(columns))
        return Run(rows, [0, count])
    narrow = np.uint8 if bits <= 8 else np.uint16
    parts = (hashed(keys) >> np.uint64(64 - bits)).astype(narrow)
    # NumPy sorts integers of so few bits by counting them.
    order = np.argsort(parts, kind="stable")
    cuts = np.zeros((1 << bits) + 1, np.int64)
    np.cumsum(np.bincount(parts, minlength=1 << bits), out=cuts[1:])
    complete = not count or int(numbers[-1]) == count - 1  # every row of the batch has a key
    rows = KeyedRows(
        tuple(words.take(order, axis=1) for words in keys),
        (order if complete else numbers[order]).astype(np.int32),
        tuple(take(column, order) for column in columns),
    )
    return Run(rows, cuts.tolist())


def gathered(runs: Sequence[Run | SpilledRun], part: int) -> KeyedRows:
    """One part of all runs of a side, in the order of the file."""
    if not runs:
        return NO_ROWS
    pieces = [run.part(part) for run in runs]
    numbers = np.concatenate([rows.numbers for rows in pieces]).astype(np.int64)
    numbers += np.repeat([run.first_row for run in runs], [len(rows) for rows in pieces])
    pieces = [rows for rows in pieces if len(rows)] or pieces[:1]
    keys = tuple(joined(words) for words in zip(*(rows.keys for rows in pieces), strict=True))
    columns = zip(*(rows.columns for rows in pieces), strict=True)
    return KeyedRows(keys, numbers, tuple(concatenated(column) for column in columns))


# ---------------------------------------------------------------------- in the spill file


def _packed(rows: KeyedRows) -> bytes:
    """The bytes of all arrays, and of the classes of a class column behind their length."""
    pieces = [words.tobytes() for words in rows.keys]
    pieces.append(rows.numbers.tobytes())
    for column in rows.columns:
        if column.missing is not None:
            pieces.append(column.missing.tobytes())
        if isinstance(column, NumberColumn):
            pieces.append(column.values.tobytes())
        elif isinstance(column, KeyColumn):
            pieces.append(column.words.tobytes())
        else:
            column = compact(column)
            if column.values is not None:
                classes = json.dumps(column.values).encode()
                pieces += [np.int64(len(classes)).tobytes(), classes]
            pieces.append(column.codes.tobytes())
    return b"".join(pieces)


@dataclass(slots=True)
class SpilledRun:
    """A run in the spill file; part p lies from ``places[p]`` to ``places[p + 1]`` and has ``sizes[p]`` rows."""

    spill: Spill
    places: list[int]
    sizes: list[int]
    empty: KeyedRows  # keys and columns without rows: they tell types and widths
    first_row: int

    def part(self, part: int) -> KeyedRows:
        """The rows whose keys are in a part, read back."""
        place = self.places[part]
        reader = _Reader(self.spill.read(place, self.places[part + 1] - place), self.sizes[part])
        keys = tuple(reader.like(words) for words in self.empty.keys)
        numbers = reader.like(self.empty.numbers)
        return KeyedRows(keys, numbers, tuple(reader.column(column) for column in self.empty.columns))


class _Reader:
    """Reads the arrays of one piece in order."""

    def __init__(self, data: bytes, rows: int) -> None:
        self._data = data
        self._rows = rows
        self._at = 0

    def take(self, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        found = np.frombuffer(self._data, dtype, count, self._at)
        self._at += found.nbytes
        return found

    def like(self, empty: NDArray[Any]) -> NDArray[Any]:
        """The next array, of the type and shape of one that has no rows."""
        shape = [size or self._rows for size in empty.shape]
        return self.take(empty.dtype, math.prod(shape)).reshape(shape)

    def column(self, empty: AnyColumn) -> AnyColumn:
        missing = None if empty.missing is None else self.like(empty.missing)
        if isinstance(empty, NumberColumn):
            return NumberColumn(self.like(empty.values), missing, empty.finite)
        if isinstance(empty, KeyColumn):
            return KeyColumn(self.like(empty.words), missing)
        classes = None
        if empty.values is not None:
            (size,) = self.take(np.dtype(np.int64), 1).tolist()
            classes = tuple(json.loads(self.take(np.dtype(np.uint8), size).tobytes()))
        return ClassColumn(self.like(empty.codes), classes, missing)
