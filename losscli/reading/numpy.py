"""NumPy's `.npy` and `.npz`: columns side by side in one array, or one array beside the other.

Arrays of Python objects are refused, since to read them is to run code of the file.  Files are read
in pieces and never mapped: a mapped file that shrinks ends the process.
"""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.errors import DataError
from losscli.reading.array_layout import ArrayLayout, check_type, key_type, read_layout, rounding
from losscli.reading.fingerprint import Fingerprint
from losscli.reading.read import batch_of
from losscli.reading.source import Part, Source, rows_at_once
from losscli.reading.stored import read_stored
from losscli.table.block import Batch, ColumnRequest
from losscli.table.cells import shown
from losscli.text import noun

if TYPE_CHECKING:
    from losscli.table.keys import KeyType

Loader: TypeAlias = Callable[[], Mapping[int, NDArray[Any]]]
"""Reads some rows of some columns, by the places of the columns."""

PIECE_BYTES = 4 << 20  # of the file in a part

# What reading a header or a compressed array raises over files that are not what they say.
READING_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    SyntaxError,
    tokenize.TokenError,  # from headers that may be of Python 2
    RuntimeError,  # NotImplementedError and RecursionError too
    ArithmeticError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


class _ArraySource(Source):
    """A file of arrays, whose headers are read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.stamp = Fingerprint.of(path)
        self.size = self.stamp.size

    @abstractmethod
    def _layout(self, index: int) -> ArrayLayout:
        """The layout of the array that holds a column."""

    def key_type(self, index: int) -> KeyType | None:
        return key_type(self._layout(index).dtype)

    def rounding(self, index: int) -> float:
        return rounding(self._layout(index).dtype)

    def _check(self, wants: Sequence[ColumnRequest]) -> None:
        for want in wants:
            check_type(self._layout(want.index), want.kind, self.path, self.columns[want.index])

    def _part(
        self, wants: Sequence[ColumnRequest], first_row: int, rows: int, size: int, load: Loader
    ) -> Part:
        return Part(size, partial(self._batches, list(wants), first_row, rows, load), rows)

    def _batches(
        self, wants: Sequence[ColumnRequest], first_row: int, rows: int, load: Loader, chunk_rows: int
    ) -> Iterator[Batch]:
        stored, step = load() if wants else {}, rows_at_once(chunk_rows, len(wants))
        for start in range(0, rows, step):
            cut = {place: values[start : start + step] for place, values in stored.items()}
            with _reading(self.stamp, "it cannot be decoded"):
                reads = [read_stored(cut[want.index], None, want) for want in wants]
            count = min(step, rows - start)
            batch = batch_of(count, wants, reads, self.columns, self.path, first_row + start)
            yield batch
            if batch.stop is not None:
                return


class NpySource(_ArraySource):
    """One `.npy` file; its columns are called 1, 2, …"""

    format = "npy"
    named = False

    def __init__(self, path: str) -> None:
        super().__init__(path)
        with _reading(self.stamp, "it is no NumPy file, or a damaged one"), _opened(path) as file:
            self._array = layout = read_layout(file)
        if layout.no_table is not None:
            raise DataError(layout.no_table, detail="wanted one or two dimensions", file=path)
        if layout.end != self.stamp.size and not layout.dtype.hasobject:
            raise self.stamp.damaged(
                f"its header says {layout.end} {noun(layout.end, 'byte')}, and it has {self.stamp.size}",
                "it is damaged",
            )
        self.columns = tuple(str(place + 1) for place in range(layout.width))
        self.rows = layout.rows

    def _layout(self, index: int) -> ArrayLayout:
        return self._array

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        """Runs of rows."""
        self._check(wants)
        return self._parts(wants)

    def _parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        places = sorted({want.index for want in wants})
        layout = self._array
        step = max(1, PIECE_BYTES // layout.row_bytes)
        for first in range(0, layout.rows, step):
            rows = min(step, layout.rows - first)
            load = partial(self._loaded, first, rows, places)
            yield self._part(wants, first, rows, rows * layout.row_bytes, load)
        self.stamp.check()

    def _loaded(self, first: int, rows: int, places: Sequence[int]) -> Mapping[int, NDArray[Any]]:
        """Some rows of some columns, read from their place in the file."""
        layout = self._array
        with _reading(self.stamp, "it cannot be read"), _opened(self.path) as file:
            if layout.by_column:
                size = layout.dtype.itemsize
                at = {place: layout.start + (place * layout.rows + first) * size for place in places}
                stored = {place: _values(file, at[place], layout.dtype, rows) for place in places}
            else:
                at_row = layout.start + first * layout.row_bytes
                table = _values(file, at_row, layout.dtype, rows * layout.width).reshape(rows, layout.width)
                stored = {place: table[:, place] for place in places}
        self.stamp.check()
        return stored


class _Member(NamedTuple):
    """One column of an archive: the array it is in, and its place there."""

    file: zipfile.ZipInfo
    layout: ArrayLayout
    place: int

    @property
    def row_bytes(self) -> int:
        """Bytes that are read for a row of the column."""
        return self.layout.dtype.itemsize if self.layout.by_column else self.layout.row_bytes


class NpzSource(_ArraySource):
    """One `.npz` file: a one-dimensional array is a column of its name, a table ``p`` is p_1, p_2, …"""

    format = "npz"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._members: list[_Member] = []
        columns: list[str] = []
        with (
            _reading(self.stamp, "it is no NumPy archive, or a damaged one"),
            zipfile.ZipFile(path) as archive,
        ):
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                with archive.open(info) as file:
                    layout = read_layout(file)
                if layout.end != info.file_size and not layout.dtype.hasobject:
                    raise ValueError(f"array `{shown(name)}` is not as long as its header says")
                for place in range(layout.width):
                    self._members.append(_Member(info, layout, place))
                    columns.append(f"{name}_{place + 1}" if len(layout.shape) == 2 else name)
        self.columns = tuple(columns)
        lengths = {member.layout.rows for member in self._members}
        self.rows = lengths.pop() if len(lengths) == 1 else None

    def _layout(self, index: int) -> ArrayLayout:
        return self._members[index].layout

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[Part]:
        """Runs of rows, read one after the other: what is compressed has no places to begin at."""
        self._check(wants)
        places = {want.index for want in wants} or set(range(min(1, len(self.columns))))
        rows = {self._layout(place).rows: place for place in sorted(places, reverse=True)}
        if len(rows) > 1:
            (one, column), (other, second) = sorted(rows.items())[:2]
            raise DataError(
                f"array `{self.columns[column]}` has {one} {noun(one, 'row')}, and `{self.columns[second]}` has {other}",
                detail="wanted arrays of equal length",
                file=self.path,
            )
        return self._parts(wants, min(rows, default=0))

    def _parts(self, wants: Sequence[ColumnRequest], rows: int) -> Iterator[Part]:
        members = {want.index: self._members[want.index] for want in wants}
        step = max(1, PIECE_BYTES // max(1, sum(member.row_bytes for member in members.values())))
        with ExitStack() as stack:
            with _reading(self.stamp, "it cannot be read"):
                archive = stack.enter_context(zipfile.ZipFile(self.path))
                files: dict[int, IO[bytes]] = {}
                for index, member in members.items():
                    layout = member.layout
                    files[index] = file = stack.enter_context(archive.open(member.file))
                    before = member.place * rows * layout.dtype.itemsize if layout.by_column else 0
                    _skip(file, layout.start + before)
            for first in range(0, rows, step):
                count = min(step, rows - first)
                with _reading(self.stamp, "it cannot be read"):
                    stored = {index: _column(file, members[index], count) for index, file in files.items()}
                size = self.stamp.size * count // max(1, rows)
                yield self._part(wants, first, count, size, partial(dict, stored))
            with _reading(self.stamp, "it cannot be read"):
                for file in files.values():
                    _skip(file, None)  # to its end, where the checksum is
        self.stamp.check()


# ---------------------------------------------------------------------- bytes


def _opened(path: str) -> IO[bytes]:
    return open(path, "rb", buffering=0)


@contextmanager
def _reading(stamp: Fingerprint, what: str) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except READING_ERRORS as error:
        raise stamp.damaged(error, what) from None


def _values(file: IO[bytes], at: int, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    file.seek(at)
    values = np.fromfile(file, dtype, count)
    if len(values) != count:
        raise EOFError("it ends before its last row")
    return values


def _column(file: IO[bytes], member: _Member, rows: int) -> NDArray[Any]:
    """The next rows of a column of an archive."""
    raw = file.read(rows * member.row_bytes)
    if len(raw) != rows * member.row_bytes:
        raise EOFError("it ends before its last row")
    layout = member.layout
    if layout.by_column:
        return np.frombuffer(raw, layout.dtype)
    return np.frombuffer(raw, layout.dtype).reshape(rows, layout.width)[:, member.place]


def _skip(file: IO[bytes], count: int | None) -> None:
    """Read and forget: to skip is to decompress.  None: all that is left."""
    while count is None or count > 0:
        piece = file.read(PIECE_BYTES if count is None else min(count, PIECE_BYTES))
        if not piece:
            return
        count = None if count is None else count - len(piece)


def open_npy(path: str) -> NpySource | NpzSource:
    """One array, or an archive of them, as the first bytes say."""
    stamp = Fingerprint.of(path)
    if stamp.size == 0:
        raise DataError("it is empty", detail="wanted a NumPy file", file=path)
    with _reading(stamp, "it cannot be opened"), _opened(path) as file:
        start = file.read(2)
    return NpzSource(path) if start == b"PK" else NpySource(path)
