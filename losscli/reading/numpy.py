"""NumPy's `.npy` and `.npz`: columns side by side in one array, or one array beside the other.

Arrays of Python objects are refused, since to read them is to run code of the file.  Files are read
in pieces and never mapped: a mapped file that shrinks ends the process.
"""

from __future__ import annotations

import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from losscli.errors import DataError
from losscli.reading.fingerprint import Fingerprint
from losscli.reading.keys import keys_of_floats, keys_of_integers, keys_of_labels
from losscli.reading.source import Source
from losscli.reading.values import (
    BadRow,
    CodedRows,
    Numbers,
    StoredTexts,
    batch_of,
    decoded,
    float_numbers,
    moment_labels,
    stored_labels,
    stored_numbers,
    text_labels,
    text_numbers,
)
from losscli.table.block import INTEGER_KINDS, KEY_KINDS, AnyColumn, Batch, ColumnKind, ColumnRequest
from losscli.table.cells import shown
from losscli.text import noun

if TYPE_CHECKING:
    from losscli.table.keys import KeyType

PIECE_BYTES = 4 << 20  # of the file in a part
HEADER_BYTES = 1 << 16

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


@dataclass(frozen=True, slots=True)
class ArrayLayout:
    """How the values of one array lie behind its header."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    by_column: bool  # Fortran's order: one column after the other
    start: int  # bytes before the first value

    @property
    def rows(self) -> int:
        return self.shape[0] if self.shape else 1

    @property
    def width(self) -> int:
        """Columns; an array that is no table counts as one that cannot be read."""
        return self.shape[1] if len(self.shape) == 2 else 1

    @property
    def row_bytes(self) -> int:
        return self.dtype.itemsize * self.width

    @property
    def end(self) -> int:
        size = self.start + self.dtype.itemsize
        for length in self.shape:
            size = self.start + (size - self.start) * length
        return size

    @property
    def no_table(self) -> str | None:
        """Why this is no array of columns, or None."""
        if len(self.shape) not in (1, 2):
            return f"it is an array of {len(self.shape)} dimensions"
        if self.dtype.itemsize == 0 or self.width == 0:
            return "it is an array without values"
        return None


def _key_type(dtype: np.dtype[Any]) -> KeyType | None:
    """What an array of a type holds, as a key."""
    if dtype.kind in "iu":
        return "wide int" if dtype == np.uint64 else "int"
    found: dict[str, KeyType] = {"f": "float", "b": "bool", "M": "moment"}
    return found.get(dtype.kind, "text")


def _rounding(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).eps) if dtype.kind == "f" and dtype.itemsize < 8 else 0.0


class NpySource(Source):
    """One `.npy` file, its header read; its columns are called 1, 2, …"""

    format = "npy"
    named = False

    def __init__(self, path: str) -> None:
        self.path = path
        self.stamp = Fingerprint.of(path)
        self.size = self.stamp.size
        with _reading(self.stamp, "it is no NumPy file, or a damaged one"), _opened(path) as file:
            self._layout = _layout(file)
        if self._layout.no_table is not None:
            raise DataError(self._layout.no_table, detail="wanted one or two dimensions", file=path)
        if self._layout.end != self.stamp.size and not self._layout.dtype.hasobject:
            raise self.stamp.damaged(
                f"its header says {self._layout.end} {noun(self._layout.end, 'byte')}, and it has {self.stamp.size}",
                "it is damaged",
            )
        self.columns = tuple(str(place + 1) for place in range(self._layout.width))
        self.rows = self._layout.rows

    def key_type(self, index: int) -> KeyType | None:
        return _key_type(self._layout.dtype)

    def rounding(self, index: int) -> float:
        return _rounding(self._layout.dtype)

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[ArrayPart]:
        """Runs of rows."""
        for want in wants:
            _check(self._layout, want.kind, self.path, self.columns[want.index])
        return self._parts(list(wants))

    def _parts(self, wants: Sequence[ColumnRequest]) -> Iterator[ArrayPart]:
        places = sorted({want.index for want in wants})
        step = max(1, PIECE_BYTES // self._layout.row_bytes)
        for first in range(0, self._layout.rows, step):
            rows = min(step, self._layout.rows - first)
            loaded = partial(self._loaded, first, rows, places)
            yield ArrayPart(self, wants, first, rows, rows * self._layout.row_bytes, loaded)
        self.stamp.check()

    def _loaded(self, first: int, rows: int, places: Sequence[int]) -> Mapping[int, NDArray[Any]]:
        """Some rows of some columns, read from their place in the file."""
        layout = self._layout
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


class _Member:
    """One column of an archive: the array it is in, and its place there."""

    def __init__(self, file: zipfile.ZipInfo, layout: ArrayLayout, place: int) -> None:
        self.file = file
        self.layout = layout
        self.place = place


class NpzSource(Source):
    """One `.npz` file: a one-dimensional array is a column of its name, a table ``p`` is p_1, p_2, …"""

    format = "npz"

    def __init__(self, path: str) -> None:
        self.path = path
        self.stamp = Fingerprint.of(path)
        self.size = self.stamp.size
        self._members: list[_Member] = []
        columns: list[str] = []
        with (
            _reading(self.stamp, "it is no NumPy archive, or a damaged one"),
            zipfile.ZipFile(path) as archive,
        ):
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                with archive.open(info) as file:
                    layout = _layout(file)
                if layout.end != info.file_size and not layout.dtype.hasobject:
                    raise ValueError(f"array `{shown(name)}` is not as long as its header says")
                for place in range(layout.width):
                    self._members.append(_Member(info, layout, place))
                    columns.append(f"{name}_{place + 1}" if len(layout.shape) == 2 else name)
        self.columns = tuple(columns)
        lengths = {member.layout.rows for member in self._members}
        self.rows = lengths.pop() if len(lengths) == 1 else None

    def key_type(self, index: int) -> KeyType | None:
        return _key_type(self._members[index].layout.dtype)

    def rounding(self, index: int) -> float:
        return _rounding(self._members[index].layout.dtype)

    def parts(self, wants: Sequence[ColumnRequest]) -> Iterator[ArrayPart]:
        """Runs of rows, read one after the other: what is compressed has no places to begin at."""
        for want in wants:
            _check(self._members[want.index].layout, want.kind, self.path, self.columns[want.index])
        places = {want.index for want in wants} or set(range(min(1, len(self.columns))))
        rows = {self._members[place].layout.rows: place for place in sorted(places, reverse=True)}
        if len(rows) > 1:
            (one, column), (other, second) = sorted(rows.items())[:2]
            raise DataError(
                f"array `{self.columns[column]}` has {one} {noun(one, 'row')}, and `{self.columns[second]}` has {other}",
                detail="wanted arrays of equal length",
                file=self.path,
            )
        return self._parts(list(wants), min(rows, default=0))

    def _parts(self, wants: Sequence[ColumnRequest], rows: int) -> Iterator[ArrayPart]:
        members = {want.index: self._members[want.index] for want in wants}
        row_bytes = sum(
            member.layout.dtype.itemsize if member.layout.by_column else member.layout.row_bytes
            for member in members.values()
        )
        step = max(1, PIECE_BYTES // max(1, row_bytes))
        with ExitStack() as stack:
            with _reading(self.stamp, "it cannot be read"):
                archive = stack.enter_context(zipfile.ZipFile(self.path))
                files: dict[int, IO[bytes]] = {}
                for place, member in members.items():
                    file = stack.enter_context(archive.open(member.file))
                    before = (
                        member.place * rows * member.layout.dtype.itemsize if member.layout.by_column else 0
                    )
                    _skip(file, member.layout.start + before)
                    files[place] = file
            for first in range(0, rows, step):
                count = min(step, rows - first)
                stored: dict[int, NDArray[Any]] = {}
                with _reading(self.stamp, "it cannot be read"):
                    for place, file in files.items():
                        stored[place] = _column(file, members[place], count)
                size = self.stamp.size * count // max(1, rows)
                yield ArrayPart(self, wants, first, count, size, partial(dict, stored))
            with _reading(self.stamp, "it cannot be read"):
                for file in files.values():
                    _skip(file, None)  # to its end, where the checksum is
        self.stamp.check()


class ArrayPart:
    """A run of rows; its values are read when they are asked for, or were read before."""

    def __init__(
        self,
        source: NpySource | NpzSource,
        wants: Sequence[ColumnRequest],
        first_row: int,
        rows: int,
        size: int,
        loaded: Callable[[], Mapping[int, NDArray[Any]]],
    ) -> None:
        self._source = source
        self._wants = wants
        self._loaded = loaded
        self.first_row = first_row  # rows of the file before it
        self.rows: int | None = rows
        self.size = size

    def batches(self, chunk_rows: int) -> Iterator[Batch]:
        source, step, rows = self._source, max(1, chunk_rows), self.rows or 0
        stored = self._loaded() if self._wants else {}
        for start in range(0, rows, step):
            count = min(step, rows - start)
            cut = {place: values[start : start + count] for place, values in stored.items()}
            batch = _batch(cut, self._wants, source.columns, source.stamp, self.first_row + start, count)
            yield batch
            if batch.stop is not None:
                return


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


def _layout(file: IO[bytes]) -> ArrayLayout:
    header = _Header(file)
    version = npy.read_magic(header)
    with warnings.catch_warnings():  # of headers that Python 2 wrote, and of old names of types
        warnings.simplefilter("ignore")
        if version == (1, 0):
            shape, by_column, dtype = npy.read_array_header_1_0(header)
        elif version == (2, 0):
            shape, by_column, dtype = npy.read_array_header_2_0(header)
        else:  # version 3 is for records with names beyond ASCII
            raise ValueError(f"its header is of version {version[0]}, wanted 1 or 2")
    if any(length < 0 for length in shape):
        raise ValueError("a length in its header is negative")
    return ArrayLayout(dtype, tuple(shape), bool(by_column) and len(shape) == 2, file.tell())


class _Header:
    """The start of a file; a header that claims to be endless is not read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, count: int = -1, /) -> bytes:
        if not 0 <= count <= HEADER_BYTES:
            raise ValueError(f"its header is longer than {HEADER_BYTES} bytes")
        return self._file.read(count)


def _values(file: IO[bytes], at: int, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    file.seek(at)
    values = np.fromfile(file, dtype, count)
    if len(values) != count:
        raise EOFError("it ends before its last row")
    return values


def _column(file: IO[bytes], member: _Member, rows: int) -> NDArray[Any]:
    """The next rows of a column of an archive."""
    layout = member.layout
    width = 1 if layout.by_column else layout.width
    raw = file.read(rows * width * layout.dtype.itemsize)
    if len(raw) != rows * width * layout.dtype.itemsize:
        raise EOFError("it ends before its last row")
    return np.frombuffer(raw, layout.dtype).reshape(rows, width)[:, 0 if layout.by_column else member.place]


def _skip(file: IO[bytes], count: int | None) -> None:
    """Read and forget: to skip is to decompress.  None: all that is left."""
    while count is None or count > 0:
        piece = file.read(PIECE_BYTES if count is None else min(count, PIECE_BYTES))
        if not piece:
            return
        count = None if count is None else count - len(piece)


# ---------------------------------------------------------------------- values


def _check(layout: ArrayLayout, kind: ColumnKind, file: str, column: str) -> None:
    """Refuse what cannot be read as wanted, by its type."""
    detail = layout.no_table
    if detail is not None:
        raise DataError(detail, detail="wanted one or two dimensions", file=file, column=column)
    dtype = layout.dtype
    if dtype.hasobject:
        raise DataError(
            "it holds Python objects",
            detail="to read them is to run code of the file; wanted numbers, booleans or text",
            hint="convert the array, e.g. with `astype(float)` or `astype(str)`, and save it again",
            file=file,
            column=column,
        )
    moment = dtype.kind == "M" and np.datetime_data(dtype)[0] != "generic"
    if dtype.kind in "biuSU" or (dtype.kind == "f" and dtype.itemsize <= 8) or (moment and kind != "number"):
        return
    read_as = {"number": "numbers", "text": "text"}.get(kind, "labels")
    raise DataError(
        f"it is of type `{shown(str(dtype))}`, which cannot be read as {read_as}",
        detail="wanted numbers, booleans or text" + ("" if kind == "number" else ", dates or times"),
        file=file,
        column=column,
    )


def _batch(
    stored: Mapping[int, NDArray[Any]],
    wants: Sequence[ColumnRequest],
    columns: Sequence[str],
    stamp: Fingerprint,
    first_row: int,
    rows: int,
) -> Batch:
    if not wants:
        return Batch(rows, ())
    with _reading(stamp, "it cannot be decoded"):
        read = [_column_of(stored[want.index], want.kind) for want in wants]
    return batch_of(read, [columns[want.index] for want in wants], stamp.path, first_row)


def _column_of(stored: NDArray[Any], kind: ColumnKind) -> tuple[AnyColumn, BadRow | None]:
    stored = np.ascontiguousarray(stored, stored.dtype.newbyteorder("="))
    if stored.dtype.kind == "b":
        # A byte of a damaged file may be neither 0 nor 1, which NumPy takes for granted.
        stored = stored.view(np.uint8) != 0
    if kind in KEY_KINDS:
        if stored.dtype.kind in "iu":
            return keys_of_integers(stored, None, kind)
        if stored.dtype.kind == "f" and kind in INTEGER_KINDS:
            read = float_numbers(stored)
            return keys_of_floats(read.values, read.missing)
        return keys_of_labels(_labels(stored, "text"), kind)
    if kind in ("number", "truth") or (kind == "score" and stored.dtype.kind != "M"):
        numbers = _numbers(stored, kind)
        if kind != "score" or numbers.bad is None:
            return numbers.column()
    return _labels(stored, kind).column()


def _numbers(stored: NDArray[Any], kind: ColumnKind) -> Numbers:
    if stored.dtype.kind in "biuf":
        return stored_numbers(stored)
    return text_numbers(_texts(stored), len(stored), None, kind)


def _labels(stored: NDArray[Any], kind: ColumnKind) -> CodedRows:
    if stored.dtype.kind in "biuf":
        return stored_labels(stored, None, kind)
    if stored.dtype.kind == "M":
        unit = np.datetime_data(stored.dtype)[0]
        stored = stored.astype(
            {"Y": "M8[D]", "M": "M8[D]", "W": "M8[D]", "h": "M8[s]", "m": "M8[s]"}.get(unit, stored.dtype)
        )
        return moment_labels(stored, None, only_time=False, zone="")
    return text_labels(_texts(stored), len(stored), None, kind)


def _texts(stored: NDArray[Any]) -> StoredTexts:
    rows = list(range(len(stored)))
    if stored.dtype.kind == "S":
        return decoded(rows, stored.tolist())
    # Code points that are no characters cannot be encoded, and are told apart as bytes are.
    return decoded(rows, [text.encode("utf-8", "surrogatepass") for text in stored.tolist()])


def open_npy(path: str) -> NpySource | NpzSource:
    """One array, or an archive of them, as the first bytes say."""
    stamp = Fingerprint.of(path)
    if stamp.size == 0:
        raise DataError("it is empty", detail="wanted a NumPy file", file=path)
    with _reading(stamp, "it cannot be opened"), _opened(path) as file:
        start = file.read(2)
    return NpzSource(path) if start == b"PK" else NpySource(path)
