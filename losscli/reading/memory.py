"""What a caller of the Python functions has in memory: arrays, dicts of arrays, data frames and Arrow's tables.

A contiguous array of doubles is measured where it lies.  Arrow's tables are taken by the Arrow PyCapsule interface,
whoever made them (polars, DuckDB …), and pandas' columns as the arrays that they are.
"""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from losscli.errors import DataError, UsageError
from losscli.reading.array_layout import check_dtype, key_type, rounding
from losscli.reading.read import Read, batch_of
from losscli.reading.source import Part, Source, rows_at_once
from losscli.reading.stored import read_stored
from losscli.table.block import Batch, ColumnRequest, Mask
from losscli.text import noun, plural

if TYPE_CHECKING:
    from losscli.reading.known_texts import TextsOfColumns
    from losscli.table.block import ColumnKind
    from losscli.table.keys import KeyType

PART_ROWS = 1 << 18
"""Rows of a part, which a thread measures."""

NUMPY_KINDS = "biufMSU"
"""What NumPy itself holds as columns: all but Python's objects, complex numbers, durations and records."""

TAKEN = "wanted a path, an array, a list, a dict of arrays, a data frame or an Arrow table"


@runtime_checkable
class ArrowStream(Protocol):
    """A table or a chunked array that says so by the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@runtime_checkable
class ArrowArray(Protocol):
    """An array or a batch of rows that says so by the Arrow PyCapsule interface."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> Any: ...


@runtime_checkable
class SupportsArray(Protocol):
    """What NumPy can make an array of."""

    def __array__(self) -> NDArray[Any]: ...


Data: TypeAlias = (
    "str | bytes | os.PathLike[str] | SupportsArray | Sequence[Any] | Mapping[str, Any] | ArrowStream | ArrowArray"
    " | MemorySource"
)
"""An input of a Python function: a path, or an array (n,) or (n, C), a list, a dict of them, a data frame, a table."""


# ---------------------------------------------------------------------- columns


class Held(ABC):
    """A column in memory."""

    rows: int
    size: int  # bytes
    type: KeyType | None  # as a key
    rounding: float
    lists: bool = False

    @abstractmethod
    def check(self, kind: ColumnKind, file: str, column: str) -> None:
        """DataError where it cannot be read as a kind."""

    @abstractmethod
    def read(self, start: int, stop: int, want: ColumnRequest) -> Read:
        """Some of its rows."""


class Values(Held):
    """An array (n,) of NumPy."""

    def __init__(self, values: NDArray[Any], missing: Mask | None = None) -> None:
        self.values, self.missing = values, missing
        self.rows, self.size = len(values), values.nbytes
        self.type, self.rounding = key_type(values.dtype), rounding(values.dtype)

    def check(self, kind: ColumnKind, file: str, column: str) -> None:
        check_dtype(self.values.dtype, kind, file, column)

    def read(self, start: int, stop: int, want: ColumnRequest) -> Read:
        missing = None if self.missing is None else self.missing[start:stop]
        return read_stored(self.values[start:stop], missing, want)


class Chunks(Held):
    """A chunked array of Arrow."""

    def __init__(self, chunks: Any) -> None:
        # Imported here: what NumPy holds needs no Arrow.
        from losscli.reading import arrow_types

        self.chunks = chunks
        self._texts: TextsOfColumns = {}
        self.rows, self.size = len(chunks), chunks.nbytes
        self.type, self.rounding = arrow_types.key_type(chunks.type), arrow_types.rounding(chunks.type)
        self.lists = arrow_types.holds_lists(chunks.type)

    def check(self, kind: ColumnKind, file: str, column: str) -> None:
        from losscli.reading.arrow_types import check_type

        check_type(self.chunks.type, kind, file, column)

    def read(self, start: int, stop: int, want: ColumnRequest) -> Read:
        import pyarrow as pa

        from losscli.reading.arrow import read_column

        piece = self.chunks.slice(start, stop - start)
        array = piece.chunk(0) if piece.num_chunks == 1 else pa.concat_arrays(piece.chunks)
        return read_column(array, want, self._texts)


class MemorySource(Source):
    """One argument of a call, called by its name in messages; rows are counted from 1 in them, as in files."""

    format = "memory"
    noun = "it"
    in_memory = True

    def __init__(
        self, name: str, columns: Sequence[tuple[str, Held]], *, named: bool = True, together: bool = False
    ) -> None:
        self.path, self.named, self.together = name, named, together
        self.columns = tuple(column for column, _ in columns)
        self.held = [held for _, held in columns]
        if not self.held:
            raise DataError("it has no columns", detail="wanted a column of values", file=name)
        self.rows = rows = self.held[0].rows
        for column, held in columns:
            if held.rows != rows:
                raise DataError(
                    f"`{self.columns[0]}` has {rows} {noun(rows, 'row')}, and `{column}` has {held.rows}",
                    detail="wanted columns of equal length",
                    file=name,
                )
        self.size = sum(held.size for held in self.held)
        self.row_groups = tuple(min(PART_ROWS, rows - start) for start in range(0, rows, PART_ROWS))

    def key_type(self, index: int) -> KeyType | None:
        return self.held[index].type

    def rounding(self, index: int) -> float:
        return self.held[index].rounding

    def holds_lists(self, index: int) -> bool:
        return self.held[index].lists

    def part_rows(self) -> list[int]:
        return list(self.row_groups or ())

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        """Runs of rows in order."""
        self._check(wants)
        return (self._part(group, group, wants) for group in range(len(self.row_groups or ())))

    def part_of(self, first_group: int, last_group: int, wants: Sequence[ColumnRequest]) -> Part:
        self._check(wants)
        return self._part(first_group, last_group, wants)

    def _check(self, wants: Sequence[ColumnRequest]) -> None:
        for want in wants:
            self.held[want.index].check(want.kind, self.path, self.columns[want.index])

    def _part(self, first_group: int, last_group: int, wants: Sequence[ColumnRequest]) -> Part:
        assert self.rows is not None
        assert self.size is not None
        first, last = first_group * PART_ROWS, min((last_group + 1) * PART_ROWS, self.rows)
        size = self.size * (last - first) // max(1, self.rows)
        return Part(size, partial(self._batches, list(wants), first, last), last - first)

    def _batches(
        self, wants: Sequence[ColumnRequest], first: int, last: int, chunk_rows: int
    ) -> Iterator[Batch]:
        step = rows_at_once(chunk_rows, len(wants))
        for start in range(first, last, step):
            stop = min(start + step, last)
            reads = [self.held[want.index].read(start, stop, want) for want in wants]
            batch = batch_of(stop - start, wants, reads, self.columns, self.path, start)
            yield batch
            if batch.stop is not None:
                return

    def beside(self, argument: str, data: Any, *, unnamed: str | None = None) -> MemorySource:
        """The source with the values (n,) of an argument as one more column.

        The column has the name of the argument, or, where ``unnamed`` is given, its own name, and that if it has none.
        """
        found = _table(data, unnamed or argument, argument, "wanted an array (n,), with one value a row")
        if len(found.columns) != 1:
            columns = plural(len(found.columns), "column")
            raise UsageError(f"`{argument}` has {columns}", "wanted one value a row")
        ((name, held),) = found.columns
        if unnamed is None or not found.named:
            name = unnamed or argument
        if name in self.columns:
            raise UsageError(
                f"`{self.path}` has a column `{name}`, and `{argument}` holds values",
                "both would have one name",
                f"`{argument}` also takes the name of a column",
            )
        every = [*zip(self.columns, self.held, strict=True), (name, held)]
        source = MemorySource(self.path, every, named=self.named, together=self.together)
        source.later = (*self.later, name)
        return source


# ---------------------------------------------------------------------- from what a caller has


class _Table(NamedTuple):
    """The columns of a table, by name; or those of an array, which has no names."""

    columns: list[tuple[str, Held]]
    named: bool = True


def open_memory(data: Any, argument: str) -> MemorySource:
    """The argument of a call as a source.  UsageError or DataError where it is no table of columns.

    An array without names plays one role with all of its columns.
    """
    if isinstance(data, MemorySource):
        return data
    stem = "label" if argument.startswith("label") else "pred"
    found = _table(data, stem, argument)
    return MemorySource(argument, found.columns, named=found.named, together=not found.named)


def _table(data: Any, stem: str, argument: str, wanted: str = TAKEN) -> _Table:
    """What the columns of some data are; those without names are called by a stem."""
    try:
        if type(data) is np.ndarray and data.dtype.names is None:
            return _Table(_columns(data, stem), named=False)
        if (found := _of_pandas(data, stem)) is not None:
            return found
        if isinstance(data, Mapping):
            return _Table([pair for name, one in data.items() for pair in _columns(one, str(name))])
        if isinstance(data, np.ndarray) and data.dtype.names is not None:
            return _Table([pair for name in data.dtype.names for pair in _columns(data[name], name)])
        if isinstance(data, (ArrowStream, ArrowArray)):
            return _of_arrow(data, stem)
        return _Table(_columns(data, stem), named=False)
    except _Refused as error:
        raise UsageError(f"`{argument}` {error.found}", wanted, error.hint) from None


class _Refused(Exception):
    """Data that are no columns, and what to do."""

    def __init__(self, found: str, hint: str | None = None) -> None:
        super().__init__(found)
        self.found, self.hint = found, hint


def _columns(data: Any, name: str) -> list[tuple[str, Held]]:
    """One column, or those of an array (n, C), which are called `name_1`, `name_2`, …"""
    table = None
    if type(data) is not np.ndarray:
        table = _of_pandas(data, name)
        if table is None and isinstance(data, (ArrowStream, ArrowArray)):
            table = _of_arrow(data, name)
    if table is not None:
        if len(table.columns) != 1:
            raise _Refused(f"holds a table under the name `{name}`, which is one column")
        return [(name, table.columns[0][1])]
    values = _array(data)
    if values.ndim == 1:
        return [(name, _held(values, data))]
    if values.ndim == 2:
        return [(f"{name}_{at + 1}", _held(values[:, at], None)) for at in range(values.shape[1])]
    if values.ndim == 0:
        raise _Refused(f"is a single value, `{values}`")
    raise _Refused(f"is an array of {values.ndim} dimensions", "an array has rows, or rows and columns")


def _array(data: Any) -> NDArray[Any]:
    """Data as an array of NumPy, which is not copied where it is one."""
    if isinstance(data, np.ndarray):
        return data
    if not (isinstance(data, (SupportsArray, list, tuple, range)) or np.isscalar(data)):
        raise _Refused(f"is a `{type(data).__name__}`")
    try:
        return np.asarray(data)
    except (ValueError, TypeError, RuntimeError) as error:  # of a tensor on another device, too
        if not isinstance(data, (list, tuple)):
            raise _Refused(f"cannot be made an array: {error}") from None
        found = np.empty(len(data), np.dtype(object))  # of lists of different lengths
        found[:] = data
        return found


def _held(values: NDArray[Any], data: Any) -> Held:
    """An array (n,) as a column; one of Python's objects as Arrow understands them."""
    missing: Mask | None = None
    if isinstance(values, np.ma.MaskedArray):
        missing = np.ma.getmaskarray(values)
        values = values.data if values.dtype.kind in "biufM" else np.ma.filled(values.astype(object), None)
    if values.dtype.kind in NUMPY_KINDS or values.dtype.kind in "cm":
        return Values(values, missing)
    return Chunks(_converted(data if isinstance(data, (list, tuple)) else values))


def _converted(values: Any) -> Any:
    """Python's objects, or a column of pandas, as a chunked array of Arrow; NaN and None are missing."""
    import pyarrow as pa

    try:
        found = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        reason = str(error).partition("\n")[0]
        raise _Refused(
            f"holds objects that are no column: {reason}", "convert them: `astype(float)` or `astype(str)`"
        ) from None
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def _of_arrow(data: ArrowStream | ArrowArray, stem: str) -> _Table:
    """The columns of an Arrow table; or one column, which has no name."""
    import pyarrow as pa

    found = pa.chunked_array(data) if isinstance(data, ArrowStream) else pa.chunked_array([pa.array(data)])
    if not pa.types.is_struct(found.type):
        return _Table([(stem, Chunks(found))], named=False)
    table = pa.Table.from_struct_array(found)
    return _Table([(name, Chunks(table.column(at))) for at, name in enumerate(table.column_names)])


def _of_pandas(data: Any, stem: str) -> _Table | None:
    """The columns of a data frame or a series of pandas; None of anything else.

    An index of a frame that tells rows apart is a column as well, as in the files that pandas writes.
    """
    pandas = sys.modules.get("pandas")  # where nobody has imported it, there is nothing of it
    if pandas is None:
        return None
    if isinstance(data, pandas.Series):
        name = data.name
        return _Table([(stem if name is None else str(name), _of_series(data))], named=name is not None)
    if not isinstance(data, pandas.DataFrame):
        return None
    index = data.index
    columns = [(str(name), _of_series(data.iloc[:, at])) for at, name in enumerate(data.columns)]
    if not (isinstance(index, pandas.RangeIndex) and index.start == 0 and index.step == 1):
        for at, name in enumerate(index.names):
            values = index.get_level_values(at).to_series()
            columns.append((f"__index_level_{at}__" if name is None else str(name), _of_series(values)))
    return _Table(columns)


def _of_series(series: Any) -> Held:
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "biufM":
        return Values(series.to_numpy())
    return Chunks(_converted(series))
