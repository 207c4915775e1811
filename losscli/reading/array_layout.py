"""The layout of a NumPy array in its file, by its header, and what its type can be read as."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from losscli.errors import DataError
from losscli.table.block import ColumnKind
from losscli.table.cells import shown

if TYPE_CHECKING:
    from losscli.table.keys import KeyType

HEADER_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ArrayLayout:
    """Type, shape and order of the values of one array, which follow its header."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    by_column: bool  # Fortran's order: one column after the other
    start: int  # bytes before the first value

    @property
    def rows(self) -> int:
        """How many rows there are; a single value is one."""
        return self.shape[0] if self.shape else 1

    @property
    def width(self) -> int:
        """Columns; an array that is no table counts as one that cannot be read."""
        return self.shape[1] if len(self.shape) == 2 else 1

    @property
    def row_bytes(self) -> int:
        """How many bytes a row takes."""
        return self.dtype.itemsize * self.width

    @property
    def end(self) -> int:
        """The place in the file behind the last byte."""
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


def read_layout(file: IO[bytes]) -> ArrayLayout:
    """Shape, order and type from the header of an array file."""
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


def check_type(layout: ArrayLayout, kind: ColumnKind, file: str, column: str) -> None:
    """Refuse what cannot be read as wanted, by its type."""
    detail = layout.no_table
    if detail is not None:
        raise DataError(detail, detail="wanted one or two dimensions", file=file, column=column)
    if layout.dtype.hasobject:
        raise DataError(
            "it holds Python objects",
            detail="to read them is to run code of the file; wanted numbers, booleans or text",
            hint="convert the array, e.g. with `astype(float)` or `astype(str)`, and save it again",
            file=file,
            column=column,
        )
    check_dtype(layout.dtype, kind, file, column)


def check_dtype(dtype: np.dtype[Any], kind: ColumnKind, file: str, column: str) -> None:
    """DataError where values of this type cannot be read as wanted."""
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


def key_type(dtype: np.dtype[Any]) -> KeyType:
    """What values of this type are as keys."""
    if dtype.kind in "iu":
        return "wide int" if dtype == np.uint64 else "int"
    found: dict[str, KeyType] = {"f": "float", "b": "bool", "M": "moment"}
    return found.get(dtype.kind, "text")


def rounding(dtype: np.dtype[Any]) -> float:
    """The relative rounding of floats shorter than doubles, else 0."""
    return float(np.finfo(dtype).eps) if dtype.kind == "f" and dtype.itemsize < 8 else 0.0
