"""Rows of one side, parted by the hash of their keys: in memory, or put aside in pieces.

A run is what one batch gave.  Its rows are ordered by their part, so that one part of it is one slice,
or one piece of the spill file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from losscli.pairing.match import Keys, hashed, joined
from losscli.table.block import AnyColumn, Batch, ClassColumn, Ints, KeyColumn, NumberColumn, Words, take

if TYPE_CHECKING:
    from losscli.pairing.spill import Spill


@dataclass(frozen=True, slots=True)
class KeyedRows:
    """Some rows of one side: their keys, their numbers in the file from 0, their columns."""

    keys: tuple[Words, ...]
    numbers: NDArray[np.signedinteger]
    columns: tuple[AnyColumn, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def slice(self, start: int, stop: int) -> KeyedRows:
        return KeyedRows(
            tuple(words[:, start:stop] for words in self.keys),
            self.numbers[start:stop],
            tuple(column.slice(start, stop) for column in self.columns),
        )

    @property
    def nbytes(self) -> int:
        held = sum(words.nbytes for words in self.keys) + self.numbers.nbytes
        return held + sum(nbytes(column) for column in self.columns)


def nbytes(column: AnyColumn) -> int:
    """About what a column takes in memory."""
    missing = 0 if column.missing is None else column.missing.nbytes
    if isinstance(column, KeyColumn):
        return column.words.nbytes + missing
    if isinstance(column, NumberColumn):
        return column.values.nbytes + missing
    # A text of Python's takes about so much, beside its characters.
    texts = sum(64 + len(value) for value in column.values or () if isinstance(value, str))
    return column.codes.nbytes + missing + texts


@dataclass(slots=True)
class Run:
    """The rows of a batch in the order of their parts; part p lies from ``cuts[p]`` to ``cuts[p + 1]``."""

    rows: KeyedRows
    cuts: list[int]
    first_row: int = 0

    def part(self, part: int) -> KeyedRows:
        return self.rows.slice(self.cuts[part], self.cuts[part + 1])

    def put_aside(self, spill: Spill) -> PutAside:
        pieces, places, heads = [], [0], []
        shape = _shape(self.rows)
        for part in range(len(self.cuts) - 1):
            head, piece = _packed(self.part(part))
            heads.append(head)
            pieces.append(piece)
            places.append(places[-1] + len(piece))
        start = spill.write(b"".join(pieces))
        sizes = np.diff(self.cuts).tolist()
        return PutAside(spill, start, places, sizes, heads, shape, self.first_row)


def run_of(keys: Keys, numbers: Ints, columns: Sequence[AnyColumn], bits: int) -> Run:
    """Rows ordered by the ``bits`` upper bits of their hash."""
    count = len(numbers)
    plain = not count or int(numbers[-1]) == count - 1  # no row was left out
    if bits == 0:
        rows = KeyedRows(tuple(keys), numbers.astype(np.int32), tuple(columns))
        return Run(rows, [0, count])
    narrow = np.uint8 if bits <= 8 else np.uint16
    parts = (hashed(keys) >> np.uint64(64 - bits)).astype(narrow)
    # On so few values NumPy counts instead of comparing.
    order = np.argsort(parts, kind="stable")
    cuts = np.zeros((1 << bits) + 1, np.int64)
    np.cumsum(np.bincount(parts, minlength=1 << bits), out=cuts[1:])
    rows = KeyedRows(
        tuple(words.take(order, axis=1) for words in keys),
        (order if plain else numbers[order]).astype(np.int32),
        tuple(take(column, order) for column in columns),
    )
    return Run(rows, cuts.tolist())


def grouped(batches: Iterable[Batch], rows: int) -> Iterator[Batch]:
    """Batches joined until they have so many rows: what is done to each part of a run is then done less often."""
    held: list[Batch] = []
    for batch in batches:
        held.append(batch)
        if sum(each.rows for each in held) >= rows:
            yield _one(held)
            held = []
    if held:
        yield _one(held)


def _one(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    columns = tuple(
        concatenated(pieces) for pieces in zip(*(batch.columns for batch in batches), strict=True)
    )
    return batches[-1]._replace(rows=sum(batch.rows for batch in batches), columns=columns)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the bytes of a piece are: words of each key, and of each column its kind and whether it has holes."""

    widths: tuple[int, ...]
    columns: tuple[tuple[str, bool], ...]


def _shape(rows: KeyedRows) -> _Shape:
    return _Shape(
        tuple(len(words) for words in rows.keys),
        tuple((_kind(column), column.missing is not None) for column in rows.columns),
    )


def _kind(column: AnyColumn) -> str:
    if isinstance(column, NumberColumn):
        return "number" if column.values.ndim == 1 else f"vec{column.values.shape[1]}"
    if isinstance(column, KeyColumn):
        return f"key{len(column.words)}"
    return "integer" if column.values is None else "label"


def _packed(rows: KeyedRows) -> tuple[tuple[int, ...], bytes]:
    """The bytes of some rows; in front of them, for each column of labels, how many bytes its labels take."""
    pieces: list[bytes] = [words.tobytes() for words in rows.keys]
    pieces.append(rows.numbers.tobytes())
    head = []
    for column in rows.columns:
        if isinstance(column, NumberColumn):
            pieces.append(column.values.tobytes())
        elif isinstance(column, KeyColumn):
            pieces.append(column.words.tobytes())
        else:
            if column.values is not None:
                column = compact(column)
                labels = json.dumps(column.values).encode()
                head.append(len(labels))
                pieces.append(labels)
            pieces.append(column.codes.tobytes())
        if column.missing is not None:
            pieces.append(column.missing.tobytes())
    return tuple(head), b"".join(pieces)


def compact(column: ClassColumn) -> ClassColumn:
    """The same column with those labels only that rows have."""
    if column.values is None or len(column.values) <= max(16, len(column) // 4):
        return column
    used, codes = np.unique(column.codes, return_inverse=True)
    skipped = int(np.count_nonzero(used < 0))  # -1 stands for a missing label
    values = tuple(column.values[code] for code in used[skipped:].tolist())
    return ClassColumn(codes.astype(np.int64) - skipped, values, column.missing)


@dataclass(slots=True)
class PutAside:
    """A run in the spill file."""

    spill: Spill
    start: int
    places: list[int]
    sizes: list[int]
    heads: list[tuple[int, ...]]
    shape: _Shape
    first_row: int

    def part(self, part: int) -> KeyedRows:
        count = self.sizes[part]
        reader = _Reader(
            self.spill.read(self.start + self.places[part], self.places[part + 1] - self.places[part])
        )
        keys = tuple(reader.take("<u8", count * width).reshape(width, count) for width in self.shape.widths)
        numbers = reader.take("<i4", count)
        heads = iter(self.heads[part])
        columns: list[AnyColumn] = []
        for kind, holes in self.shape.columns:
            labels: tuple[int | str, ...] | None = None
            if kind == "label":
                labels = tuple(json.loads(reader.take("u1", next(heads)).tobytes()))
            width = int(kind[3:]) if kind.startswith(("key", "vec")) else 1
            dtype = "<u8" if kind.startswith("key") else "<f8" if kind[:3] in ("num", "vec") else "<i8"
            values = reader.take(dtype, count * width)
            missing = reader.take("?", count) if holes else None
            if kind == "number":
                columns.append(NumberColumn(values, missing))
            elif kind.startswith("vec"):
                columns.append(NumberColumn(values.reshape(count, width), missing))
            elif kind.startswith("key"):
                columns.append(KeyColumn(values.reshape(width, count), missing))
            else:
                columns.append(ClassColumn(values, labels, missing))
        return KeyedRows(keys, numbers, tuple(columns))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, dtype: str, count: int) -> NDArray[Any]:
        found = np.frombuffer(self._data, dtype, count, self._at)
        self._at += found.nbytes
        return found


def gathered(runs: Sequence[Run | PutAside], part: int) -> KeyedRows:
    """One part of all runs of a side, in the order of the file."""
    found = [run.part(part) for run in runs]
    numbers = np.concatenate([rows.numbers for rows in found]).astype(np.int64)
    numbers += np.repeat([run.first_row for run in runs], [len(rows) for rows in found])
    found = [rows for rows in found if len(rows)] or found[:1]
    keys = tuple(joined(pieces) for pieces in zip(*(rows.keys for rows in found), strict=True))
    columns = zip(*(rows.columns for rows in found), strict=True)
    return KeyedRows(keys, numbers, tuple(concatenated(column) for column in columns))


def concatenated(pieces: Sequence[AnyColumn]) -> AnyColumn:
    """Columns of one kind one behind the other."""
    if len(pieces) == 1:
        return pieces[0]
    missing = None
    if any(piece.missing is not None for piece in pieces):
        missing = np.concatenate(
            [np.zeros(len(p), np.bool_) if p.missing is None else p.missing for p in pieces]
        )
    first = pieces[0]
    if isinstance(first, NumberColumn):
        return NumberColumn(
            np.concatenate([p.values for p in pieces if isinstance(p, NumberColumn)]), missing
        )
    if isinstance(first, KeyColumn):
        words = [p.words for p in pieces if isinstance(p, KeyColumn)]
        return KeyColumn(joined(words), missing)
    classes = [p for p in pieces if isinstance(p, ClassColumn)]
    if all(p.values is None for p in classes):
        return ClassColumn(np.concatenate([p.codes for p in classes]), None, missing)
    places: dict[int | str, int] = {}
    coded = []
    for piece in classes:
        if piece.values is None:
            used, codes = np.unique(piece.codes, return_inverse=True)
            piece = ClassColumn(codes, tuple(used.tolist()))
        piece = compact(piece)
        table = [places.setdefault(value, len(places)) for value in piece.values or ()]
        coded.append(np.array([*table, -1], np.int64)[piece.codes])
    return ClassColumn(np.concatenate(coded), tuple(places), missing)
