"""What the types of Arrow can be read as, and what a source of Parquet or Arrow says of its columns by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa

from losscli.errors import DataError
from losscli.reading.source import Source
from losscli.table.block import ColumnKind, ColumnRequest
from losscli.table.cells import shown

if TYPE_CHECKING:
    from losscli.table.keys import KeyType

DataType: TypeAlias = Any  # pyarrow has no types of its own
Array: TypeAlias = Any

SCALE_LIMIT = 400  # a double ends long before; a damaged file may ask for ten to the two-thousand-millionth

FLOATS = {pa.float16(): "<f2", pa.float32(): "<f4", pa.float64(): "<f8"}
INTEGERS = {
    pa.int8(): "<i1",
    pa.int16(): "<i2",
    pa.int32(): "<i4",
    pa.int64(): "<i8",
    pa.uint8(): "<u1",
    pa.uint16(): "<u2",
    pa.uint32(): "<u4",
    pa.uint64(): "<u8",
}


def refusal(found: DataType, kind: ColumnKind) -> str | None:
    """What was wanted, when no column of this type can be read as ``kind``; else None."""
    found = storage_type(found)
    if kind == "labels":
        return None if _is_label(_listed_type(found)) else "wanted lists of text or of whole numbers"
    if kind == "vector":
        inner = _listed_type(found)
        return "wanted lists of numbers" if inner is None else refusal(inner, "number")
    if kind == "list":
        inner = _listed_type(found)
        return "wanted lists of numbers or of text" if inner is None or pa.types.is_nested(inner) else None
    if pa.types.is_dictionary(found):
        return refusal(found.value_type, kind)
    if (
        found in FLOATS
        or found in INTEGERS
        or pa.types.is_boolean(found)
        or pa.types.is_null(found)
        or (pa.types.is_decimal(found) and abs(found.scale) <= SCALE_LIMIT)
        or is_string(found)
    ):
        return None
    if kind in ("number", "truth"):
        return "wanted numbers, booleans, decimals, or text that holds numbers"
    if pa.types.is_date(found) or pa.types.is_timestamp(found) or pa.types.is_time(found) or is_binary(found):
        return None
    return "wanted numbers, booleans, text, dates or times"


class TypedSource(Source):
    """A source whose columns have types of Arrow."""

    _schema: Any

    def key_type(self, index: int) -> KeyType | None:
        return key_type(self._schema.field(index).type)

    def rounding(self, index: int) -> float:
        return rounding(self._schema.field(index).type)

    def holds_lists(self, index: int) -> bool:
        return holds_lists(self._schema.field(index).type)

    def _check(self, wants: Sequence[ColumnRequest]) -> None:
        """DataError where a column cannot be read as the kind wanted."""
        for want in wants:
            check_type(self._schema.field(want.index).type, want.kind, self.path, self.columns[want.index])


def check_type(found: DataType, kind: ColumnKind, file: str, column: str) -> None:
    """DataError where a column of this type cannot be read as this kind."""
    wanted = refusal(found, kind)
    if wanted is not None:
        read_as = {
            "number": "numbers",
            "truth": "numbers",
            "text": "text",
            "int_key": "keys",
            "whole_key": "keys",
            "text_key": "keys",
            "text_cells": "keys",
            "labels": "lists of labels",
            "vector": "vectors of numbers",
            "list": "lists",
        }
        raise DataError(
            f"it is of type `{shown(str(found))}`, which cannot be read as {read_as.get(kind, 'labels')}",
            detail=wanted,
            file=file,
            column=column,
        )


def holds_lists(found: DataType) -> bool:
    """Whether a column of this type holds a list a row."""
    return _listed_type(found) is not None


def _listed_type(found: DataType) -> DataType | None:
    """The type of the members of a column's lists; None where it holds no lists."""
    if pa.types.is_list(found) or pa.types.is_large_list(found) or pa.types.is_fixed_size_list(found):
        return found.value_type
    return None


def _is_label(found: DataType | None) -> bool:
    """Whether the members of a list can be class labels."""
    if found is None:
        return False
    if pa.types.is_dictionary(found):
        return _is_label(found.value_type)
    return bool(
        is_string(found)
        or found in INTEGERS
        or found in FLOATS  # whole ones, as writers make of integers beside holes
        or pa.types.is_boolean(found)
        or pa.types.is_null(found)
    )


def key_type(found: DataType) -> KeyType | None:
    """What a column of this type holds as a key; None where it says nothing."""
    found = storage_type(found)
    if pa.types.is_dictionary(found):
        return key_type(found.value_type)
    if found in INTEGERS:
        return "wide int" if found == pa.uint64() else "int"
    if pa.types.is_decimal(found):
        return "wide int" if found.scale <= 0 else "decimal"
    if pa.types.is_boolean(found):
        return "bool"
    if pa.types.is_date(found) or pa.types.is_timestamp(found) or pa.types.is_time(found):
        return "moment"
    if pa.types.is_null(found):
        return None
    return "float" if found in FLOATS else "text"


def rounding(found: DataType) -> float:
    """The relative rounding of the numbers in a column or in its lists, where it is coarser than a double's; else 0."""
    listed = _listed_type(found)
    if listed is not None or pa.types.is_dictionary(found):
        return rounding(found.value_type)
    if found not in (pa.float16(), pa.float32()):
        return 0.0
    return float(np.finfo(FLOATS[found]).eps)


def is_string(found: DataType) -> bool:
    """Whether a type is text, however Arrow stores it."""
    return bool(
        pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)
    )


def is_binary(found: DataType) -> bool:
    """Bytes of any length: old writers put text there without saying so."""
    return bool(
        pa.types.is_binary(found) or pa.types.is_large_binary(found) or pa.types.is_binary_view(found)
    )


def is_view(found: DataType) -> bool:
    """Whether a type is text or bytes that Arrow stores as views."""
    return bool(pa.types.is_string_view(found) or pa.types.is_binary_view(found))


def storage_type(found: DataType) -> DataType:
    """The type as which values are stored, where an extension type means no more than that."""
    # Of the extension types only these two are what their storage says: text, and a boolean byte.
    if isinstance(found, pa.BaseExtensionType) and found.extension_name in ("arrow.json", "arrow.bool8"):
        return found.storage_type
    return found
